"""What the embedded broker promises beyond what every broker does."""

import asyncio
import struct

import pytest

from dialer.bus.broker import BadBrokerAddress, EmbeddedBroker
from dialer.bus.connection import connected


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "broker.example", ""])  # noqa: S104
def test_it_listens_on_loopback_only(host):
    with pytest.raises(BadBrokerAddress):
        EmbeddedBroker(host)


async def test_a_port_that_is_taken_is_an_error_with_advice():
    async with EmbeddedBroker() as first:
        with pytest.raises(BadBrokerAddress, match="choose another port"):
            await EmbeddedBroker(port=first.options.port).start()


async def test_it_keeps_its_port_and_forgets_all_else_over_a_restart():
    broker = EmbeddedBroker()
    await broker.start()
    before = broker.options
    async with connected(before) as client:
        await client.publish("kept", b"x", qos=1, retain=True)
    await broker.stop()
    await broker.start()
    assert broker.options == before
    async with connected(before) as client:
        await client.subscribe("#")
        await client.publish("marker", b"x")
        assert (await anext(client.messages)).topic.value == "marker"
    await broker.stop()


async def test_without_a_password_everyone_on_the_machine_may_come_in():
    async with EmbeddedBroker() as broker, connected(broker.options) as client:
        await client.publish("a", b"x", qos=1)


async def test_who_subscribes_to_nothing_hears_nothing(embedded):
    async with connected(embedded.options) as client:
        await client.publish("kept", b"x", qos=1, retain=True)
    async with connected(embedded.options) as one:
        await one.subscribe("#")
        assert (await anext(one.messages)).retain
        async with connected(embedded.options) as other:
            await other.publish("a", b"x", qos=1)
            assert len(other.messages) == 0


async def test_many_may_come_at_once_while_others_subscribe(embedded):
    async with connected(embedded.options) as client:
        for number in range(50):
            await client.publish(f"kept/{number}", b"x", qos=1, retain=True)

    async def hear(number):
        await asyncio.sleep(number * 0.005)
        async with connected(embedded.options) as client:
            await client.subscribe(f"kept/{number}", qos=1)
            return (await anext(client.messages)).topic.value

    async with asyncio.timeout(60):
        heard = await asyncio.gather(*(hear(number) for number in range(40)))
    assert heard == [f"kept/{number}" for number in range(40)]


@pytest.mark.parametrize("qos", [0, 1])
async def test_what_was_said_before_a_goodbye_is_passed_on(embedded, monkeypatch, qos):
    # As Python 3.12 waits: without giving way to other tasks where there is something to read.
    monkeypatch.setattr("amqtt.mqtt.protocol.handler.asyncio.wait_for", _wait_at_once)
    async with connected(embedded.options) as listener:
        await listener.subscribe("said", qos=1)
        await _say_and_leave(embedded.options, [b"%d" % number for number in range(200)], qos)
        async with asyncio.timeout(60):
            heard = [(await anext(listener.messages)).payload for _ in range(200)]
    assert heard == [b"%d" % number for number in range(200)]


async def test_connections_that_say_nothing_or_nonsense_hinder_nobody(embedded):
    port = embedded.options.port
    _, silent = await asyncio.open_connection("127.0.0.1", port)
    _, talker = await asyncio.open_connection("127.0.0.1", port)
    talker.write(b"GET / HTTP/1.1\r\n\r\n" + b"\xff" * 1000)
    _, leaver = await asyncio.open_connection("127.0.0.1", port)
    leaver.close()
    async with connected(embedded.options) as client:
        await client.publish("a", b"x", qos=1)
    async with asyncio.timeout(60):
        await embedded.stop()
    for writer in (silent, talker):
        writer.close()


async def _wait_at_once(awaitable, timeout=None):  # noqa: ASYNC109
    async with asyncio.timeout(timeout):
        return await awaitable


async def _say_and_leave(options, payloads, qos):
    """CONNECT, every PUBLISH and DISCONNECT (MQTT 3.1.1, section 3) in one go."""
    reader, writer = await asyncio.open_connection(options.host, options.port)
    name, password = options.username.encode(), options.password.encode()
    connect = _text(b"MQTT") + b"\x04\xc2\x00\x3c" + _text(b"hasty") + _text(name) + _text(password)
    packets = [_packet(0x10, connect)]
    for number, payload in enumerate(payloads, start=1):
        identifier = struct.pack("!H", number) if qos else b""
        packets.append(_packet(0x30 | qos << 1, _text(b"said") + identifier + payload))
    writer.write(b"".join([*packets, b"\xe0\x00"]))
    await reader.read()
    writer.close()
    await writer.wait_closed()


def _text(value):
    return struct.pack("!H", len(value)) + value


def _packet(kind, body):
    assert len(body) < 128
    return bytes([kind, len(body)]) + body
