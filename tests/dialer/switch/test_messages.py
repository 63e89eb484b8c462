"""What goes over the socket comes out as it went in, however it is cut; anything else is refused."""

import struct
from contextlib import suppress
from typing import get_args

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dialer.switch.messages import (
    MAX_MESSAGE_BYTES,
    AnyCommand,
    AnyEvent,
    FrameReader,
    HangUpLeg,
    LegAnswered,
    MalformedMessage,
    decode_command,
    decode_event,
    frame,
)

COMMANDS, EVENTS = get_args(AnyCommand), get_args(AnyEvent)
KINDS = [(decode_command, kind) for kind in COMMANDS] + [(decode_event, kind) for kind in EVENTS]

text = st.text(st.characters(exclude_categories=["Cs"]))
whole = st.integers(-(2**63), 2**64 - 1)
seconds = st.floats(allow_nan=False)


def messages_of(kind):
    return st.builds(
        kind,
        **{field.name: values_of(field.type) for field in msgspec.structs.fields(kind)},
    )


def values_of(declared):
    simple = {str: text, int: whole, float: seconds, bool: st.booleans()}
    if declared in simple:
        return simple[declared]
    if isinstance(declared, type) and issubclass(declared, msgspec.Struct):
        return messages_of(declared)
    if getattr(declared, "__origin__", None) is list:
        return st.lists(values_of(*get_args(declared)), max_size=4)
    if getattr(declared, "__origin__", None) is tuple:
        return st.lists(values_of(get_args(declared)[0]), max_size=4).map(tuple)
    if getattr(declared, "__origin__", None) is dict:
        keys, values = get_args(declared)
        return st.dictionaries(values_of(keys), values_of(values), max_size=4)
    if type(None) in get_args(declared):
        return st.none() | st.one_of(values_of(each) for each in get_args(declared) if each is not type(None))
    return st.sampled_from(get_args(declared))


anything_we_say = st.one_of(messages_of(kind) for _, kind in KINDS)


@pytest.mark.parametrize(("decode", "kind"), KINDS)
def test_each_message_comes_out_as_it_went_in(decode, kind):
    @given(messages_of(kind))
    def check(message):
        (body,) = FrameReader().feed(frame(message))
        assert decode(body) == message

    check()


@given(st.lists(anything_we_say, max_size=5), st.lists(st.integers(1, 40)))
def test_a_stream_cut_anywhere_holds_the_same_messages(messages, sizes):
    stream, reader, bodies = b"".join(map(frame, messages)), FrameReader(), []
    for size in sizes:
        bodies += reader.feed(stream[:size])
        stream = stream[size:]
    bodies += reader.feed(stream)
    assert bodies == [frame(message)[4:] for message in messages]


def test_a_stream_that_comes_byte_by_byte_holds_the_same_messages():
    first, second = HangUpLeg("call-1"), HangUpLeg("call-2")
    reader, came = FrameReader(), []
    for number, byte in enumerate(frame(first) + frame(second), start=1):
        came += [(number, decode_command(body)) for body in reader.feed(bytes([byte]))]
    assert came == [(len(frame(first)), first), (len(frame(first) + frame(second)), second)]


def test_a_message_longer_than_any_of_ours_is_refused_before_it_comes():
    reader = FrameReader()
    announced = struct.pack(">I", MAX_MESSAGE_BYTES + 1)
    received = reader.feed(frame(HangUpLeg("call-1")) + announced)
    assert decode_command(next(received)) == HangUpLeg("call-1")
    with pytest.raises(MalformedMessage, match=f"{MAX_MESSAGE_BYTES + 1} bytes"):
        next(received)


def test_the_longest_message_is_not_refused():
    reader = FrameReader()
    assert list(reader.feed(struct.pack(">I", MAX_MESSAGE_BYTES))) == []
    assert list(reader.feed(b"\x00" * MAX_MESSAGE_BYTES)) == [b"\x00" * MAX_MESSAGE_BYTES]


@pytest.mark.parametrize("decode", [decode_command, decode_event])
@given(body=st.binary(max_size=200))
@example(body=b"")
@example(body=b"\xc1")
@example(body=b"\x82\xa7command\xa4Nope\xa3leg\xa11")
@example(body=b"\x81\xa7command\xaaHangUpLeg")
@example(body=b"\x82\xa7command\xa9HangUpLeg\xa3leg\xa2\xff\xff")
@example(body=b"\x82\xa5event\xabLegAnswered\xa2at\xa3now")
@example(body=b"\x81\xa1x" * 100_000)
@example(body=b"\x82\xa7command\xa9HangUpLeg\xa1x" + b"\x91" * 100_000)
def test_what_is_not_a_message_is_malformed_and_nothing_else(decode, body):
    with pytest.raises(MalformedMessage):
        decode(body)


@given(anything_we_say, st.data())
def test_a_message_that_was_damaged_is_malformed_or_another_message(message, data):
    body = bytearray(frame(message)[4:])
    position = data.draw(st.integers(0, len(body) - 1))
    body[position] = data.draw(st.integers(0, 255))
    decode, kinds = (decode_event, EVENTS) if isinstance(message, EVENTS) else (decode_command, COMMANDS)
    with suppress(MalformedMessage):
        assert isinstance(decode(bytes(body)), kinds)


@given(anything_we_say, st.integers(0, 1000))
def test_a_message_that_was_cut_short_is_malformed(message, cut):
    body = frame(message)[4:]
    decode = decode_event if isinstance(message, EVENTS) else decode_command
    with pytest.raises(MalformedMessage):
        decode(body[: cut % len(body)])


def test_a_command_is_no_event_and_an_event_no_command():
    with pytest.raises(MalformedMessage):
        decode_event(frame(HangUpLeg("call-1"))[4:])
    with pytest.raises(MalformedMessage):
        decode_command(frame(LegAnswered(at=0.0, leg="call-1"))[4:])


def test_a_later_versions_additions_are_passed_over():
    body = msgspec.msgpack.encode({"command": "HangUpLeg", "leg": "call-1", "gently": True})
    assert decode_command(body) == HangUpLeg("call-1")
