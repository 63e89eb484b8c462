"""What is said can be read again, and nothing else can be read."""

import json
from datetime import UTC, datetime, timedelta, timezone

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.bus import messages, topics
from dialer.bus.messages import (
    MESSAGES,
    AgentState,
    BadMessage,
    CampaignState,
    Message,
    NodeStatus,
    decode,
    encode,
)
from dialer.core.agent import AgentState as AgentStateName

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
RETAINED = {
    "campaign.state": True,
    "campaign.stats": True,
    "agent.state": True,
    "agent.call": False,
    "agent.preview": False,
    "agent.message": False,
    "agent.callback": False,
    "call.event": False,
    "reply.event": False,
    "node.status": True,
}

slugs = st.from_regex(topics.SLUG_PATTERN, fullmatch=True).filter(
    lambda slug: len(slug) <= 64 and "\n" not in slug
)
instants = st.datetimes(timezones=st.just(UTC))


@st.composite
def said(draw):
    """A message of any kind, with any values it may hold."""
    counts = st.integers(0, 2**63 - 1)
    kind = draw(st.sampled_from(MESSAGES))
    text = st.text(max_size=20)
    values = {
        "client": slugs,
        "node": slugs,
        "since": instants,
        "until": st.none() | instants,
        "due_at": instants,
        "dial_mode": st.sampled_from(["preview", "progressive", "power", "predictive", "agentless"]),
        "calls_in_flight": st.builds(messages.CallsInFlight, dialing=counts, ringing=counts),
        "agents": st.dictionaries(st.sampled_from([state.value for state in AgentStateName]), counts),
        "abandon_rate": st.floats(0, 1),
        "pacing": st.builds(messages.Pacing, mode=st.just("power"), reason=text),
        "agent_id": counts if kind is not messages.CallEvent else st.none() | counts,
        "channel": st.sampled_from(["sms", "email"]),
        "kind": st.sampled_from(
            ["stop", "help", "start", "other"]
            if kind is messages.ReplyEvent
            else ["placed", "ringing", "answered", "connected", "abandoned", "ended", "dispositioned"]
        ),
        "reason": text,
        "outcome": st.sampled_from(["", "human", "busy"]),
        "disposition": text,
        "text": st.text(min_size=1, max_size=20),
        "version": text,
        "state": st.sampled_from(["draft", "running"] if kind is CampaignState else ["online", "offline"]),
    }
    return kind(**{field: draw(values.get(field, counts)) for field in kind.__struct_fields__})


@given(message=said(), time=instants, seq=st.integers(0, 2**63 - 1))
def test_a_message_is_read_as_it_was_said(message, time, seq):
    envelope = decode(encode(message, id="1f", time=time, seq=seq))
    assert envelope.data == message
    assert (envelope.id, envelope.type, envelope.time, envelope.seq) == ("1f", message.type_name, time, seq)


def test_the_envelope_is_as_agreed():
    message = NodeStatus(node="north", state="online", version="1", capacity_calls=4)
    berlin = NOON.astimezone(timezone(timedelta(hours=1)))
    assert json.loads(encode(message, id="1f", time=berlin, seq=3)) == {
        "id": "1f",
        "type": "node.status",
        "time": "2026-03-02T12:00:00Z",
        "seq": 3,
        "data": {"node": "north", "state": "online", "version": "1", "capacity_calls": 4},
    }


def test_states_are_kept_by_the_broker_and_events_are_not():
    assert {message.type_name: message.retained for message in MESSAGES} == RETAINED
    assert messages.CallEvent.qos == 1


def test_a_time_without_a_zone_is_refused():
    naive = NOON.replace(tzinfo=None)
    with pytest.raises(ValueError, match="no time zone"):
        encode(
            NodeStatus(node="n", state="online", version="1", capacity_calls=4), id="1f", time=naive, seq=3
        )
    with pytest.raises(ValueError, match="no time zone"):
        AgentState(client="acme", agent_id=3, state="paused", since=naive)


def test_no_message_has_a_field_for_a_phone_number_or_a_name():
    fields = {field for message in MESSAGES for field in message.__struct_fields__}
    assert not {field for field in fields if "phone" in field or "name" in field or "e164" in field}


def test_a_subject_that_is_no_slug_cannot_be_given_a_topic():
    with pytest.raises(topics.BadTopicPart):
        _ = NodeStatus(node="north/+", state="online", version="1", capacity_calls=4).topic


def test_fields_that_a_later_version_adds_are_passed_over():
    message = NodeStatus(node="north", state="online", version="1", capacity_calls=4)
    later = json.loads(encode(message, id="1f", time=NOON, seq=3))
    later["later"] = later["data"]["later"] = 1
    assert decode(json.dumps(later).encode()).data == message


@given(payload=st.binary())
def test_any_bytes_are_a_message_or_a_bad_message(payload):
    with pytest.raises(BadMessage):
        decode(payload)


GOOD = {"id": "1f", "type": "node.status", "time": "2026-03-02T12:00:00Z", "seq": 3}
NODE = {"node": "north", "state": "online", "version": "1", "capacity_calls": 4}


@pytest.mark.parametrize(
    "broken",
    [
        {**GOOD},
        {**GOOD, "data": None},
        {**GOOD, "data": {**NODE, "node": "a/b"}},
        {**GOOD, "data": {**NODE, "state": "asleep"}},
        {**GOOD, "data": {**NODE, "capacity_calls": -1}},
        {**GOOD, "data": {**NODE, "capacity_calls": 10**30}},
        {**GOOD, "data": NODE, "time": "2026-03-02T12:00:00"},
        {**GOOD, "data": NODE, "time": "0001-01-01T00:00:00+14:00"},
        {**GOOD, "data": NODE, "time": "noon"},
        {**GOOD, "data": NODE, "seq": "3"},
        {**GOOD, "data": NODE, "id": ""},
        {**GOOD, "data": NODE, "id": "x" * 65},
        {**GOOD, "data": NODE, "type": "node.statu"},
        {**GOOD, "data": NODE, "type": "call.event"},
    ],
)
def test_a_message_with_a_part_missing_or_wrong_is_refused(broken):
    with pytest.raises(BadMessage):
        decode(json.dumps(broken).encode())


def test_deeply_nested_payloads_do_no_harm():
    for payload in (b"[" * 10**6, b'{"data":' * 10**5):
        with pytest.raises(BadMessage):
            decode(payload)


def test_messages_cannot_be_changed():
    message: Message = NodeStatus(node="north", state="online", version="1", capacity_calls=4)
    with pytest.raises(AttributeError):
        message.node = "south"  # type: ignore[attr-defined]
    assert msgspec.structs.replace(message, state="offline").state == "offline"
