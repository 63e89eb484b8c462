"""How a broker's address is read, and what is left of an attempt that fails."""

import asyncio
from itertools import islice

import aiomqtt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.bus.connection import BadMqttUrl, connected, retry_delays
from dialer.bus.mqtt import MqttOptions, Subscriber
from tests.support import eventually


def test_an_address_gives_all_options():
    options = MqttOptions.from_url("mqtt://me%3A:p%40ss%2Fw@broker.example:1884")
    assert (options.host, options.port) == ("broker.example", 1884)
    assert (options.username, options.password) == ("me:", "p@ss/w")
    assert (options.tls, options.version) == (False, "5")
    assert MqttOptions.from_url("mqtts://broker") == MqttOptions(host="broker", port=8883, tls=True)
    assert MqttOptions.from_url("mqtt://[::1]", version="3.1.1") == MqttOptions(host="::1", version="3.1.1")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "broker",
        "broker:1883",
        "http://broker",
        "mqtt://",
        "mqtt://:1883",
        "mqtt://broker:0",
        "mqtt://broker:65536",
        "mqtt://broker:many",
        "mqtt://[::1",
        "mqtt://a..b",
        "mqtt://broker/topic",
        "mqtt://broker?x=1",
        "mqtt://broker#x",
    ],
)
def test_an_address_that_makes_no_sense_is_refused_with_advice(url):
    with pytest.raises(BadMqttUrl, match="mqtt://user:password@host:1883"):
        MqttOptions.from_url(url)


@given(url=st.text() | st.from_regex(r"mqtts?://[^/]*", fullmatch=True))
def test_any_text_is_an_address_or_a_bad_address(url):
    try:
        options = MqttOptions.from_url(url)
    except BadMqttUrl:
        return
    assert options.host
    assert 0 < options.port < 65536


def test_a_password_is_never_shown():
    assert "secret" not in repr(MqttOptions.from_url("mqtt://me:secret@broker"))
    with pytest.raises(BadMqttUrl) as error:
        MqttOptions.from_url("mqtt://me:secret@broker:many")
    assert "secret" not in str(error.value)


def test_attempts_to_connect_become_rarer_and_stay_at_two_seconds():
    delays = list(islice(retry_delays(), 20))
    assert delays == sorted(delays)
    assert (delays[0], delays[-1]) == (0.1, 2.0)


@pytest.fixture
async def silent_broker():
    """Something that takes connections and never answers: its port, and how many are open."""
    open_now = set()

    async def serve(reader, writer):
        open_now.add(writer)
        await reader.read(-1)
        open_now.discard(writer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1], open_now
    server.close()


async def test_a_broker_that_never_answers_is_given_up_and_nothing_stays_open(
    silent_broker, tools, monkeypatch
):
    monkeypatch.setattr("dialer.bus.connection._ANSWER_LIMIT_S", 0.2)
    port, open_now = silent_broker
    with pytest.raises(aiomqtt.MqttError):
        async with connected(MqttOptions("127.0.0.1", port)):
            pass
    await eventually(lambda: not open_now)


async def test_an_attempt_that_is_cancelled_leaves_nothing_open(silent_broker, tools, monkeypatch):
    monkeypatch.setattr("dialer.bus.connection._ANSWER_LIMIT_S", 0.5)
    port, open_now = silent_broker
    subscriber = Subscriber(MqttOptions("127.0.0.1", port), "dialer/v1/#")
    entering = asyncio.create_task(subscriber.__aenter__())
    await eventually(lambda: open_now)
    entering.cancel()
    with pytest.raises(asyncio.CancelledError):
        await entering
    await eventually(lambda: not open_now)
    await eventually(lambda: asyncio.all_tasks() == {asyncio.current_task()})
