"""What the engine and the switch say to each other, over a local stream socket.

Each message is a tagged MessagePack map behind a four-byte big-endian length. The engine sends
commands, the switch sends events. A leg is one SIP call; its name is the engine's choice and unique
for as long as the switch runs. Instants are Unix seconds (UTC); durations are seconds.

The switch numbers its events from 1 and keeps each until the engine has acknowledged it, so an engine
that comes back after a crash is told again what it may have missed. Events may therefore repeat.
"""

import struct
from collections.abc import Iterator
from typing import Literal

import msgspec

LegRole = Literal["customer", "agent", "guest"]
"""A guest is who is called into a conversation: a third party, or a supervisor's phone."""
LegState = Literal["dialing", "ringing", "answered", "prompted", "bridged", "parked", "leaving"]
"""Bridged: in company with others, also while it is on hold; parked: alone, with a sound."""
Detect = Literal["off", "beside", "first"]
"""Whether the switch tells who answered: while all else goes on, or before the leg has to be claimed."""
EndedBy = Literal["far_end", "engine", "switch"]

MAX_MESSAGE_BYTES = 4 * 1024 * 1024
_LENGTH = struct.Struct(">I")


class Command(msgspec.Struct, frozen=True, tag_field="command", tag=True):
    """What the engine asks of the switch."""


class Route(msgspec.Struct, frozen=True):
    """A way to the far end: its SIP address, and through which trunk; through none, as to a softphone."""

    uri: str
    trunk: str = ""
    reply_within_s: float = 0.0
    """A far end that says nothing for so long, not even 100, is taken for dead; 0: as long as it may ring."""


class PlaceLeg(Command, frozen=True):
    """Send an INVITE. `LegEnded` follows in every case, at once where the switch cannot send it.

    Where the way to `uri` fails before anything rang, the `others` are tried in turn: `LegRerouted`.

    A customer leg that is answered and not bridged within `claim_within_s` (0: at once) hears `message` (a
    path to a WAV file) and is ended `stay_s` after it, whether or not an engine is there; `end_key`, pressed
    meanwhile, ends it at once.

    With `detect`, `LegJudged` follows the answer. Where detection comes first, `claim_within_s` counts from
    the end of the greeting, and the verdict of a machine gives the engine a moment to say what becomes of it.
    """

    leg: str
    role: LegRole
    uri: str
    caller_id: str
    ring_timeout_s: float
    claim_within_s: float = 2.0
    message: str = ""
    end_key: str = ""
    stay_s: float = 0.3
    ring_at_least_s: float = 0.0
    """Once it rings it is not given up sooner, whoever asks for it."""
    display_name: str = ""
    """Beside the caller ID; without quotes, brackets and control characters."""
    trunk: str = ""
    reply_within_s: float = 0.0
    others: tuple[Route, ...] = ()
    detect: Detect = "off"
    auto_answer: bool = False
    """Ask the far end to answer by itself, at once."""
    waiting_sound: str = ""
    """What an agent hears, over and over, while in no conversation: a WAV file's path; empty: nothing."""
    beep: str = ""
    """What an agent alone hears as a conversation begins: a WAV file's path; empty: nothing."""
    silence_limit_s: float = 0.0
    """An agent's leg that sends no audio for so long is taken for dead and ended at once; 0: never."""

    @property
    def routes(self) -> tuple[Route, ...]:
        """Every way to the far end, in the order in which they are tried."""
        return (Route(self.uri, self.trunk, self.reply_within_s), *self.others)


class TakeLeg(Command, frozen=True):
    """Answer a call that has come: it is a customer's leg of this name from now on; `LegAnswered` follows.

    It has to be claimed, by a bridge or a prompt, as a leg that was placed; else, or where a prompt ends and
    nobody goes on, it hears `message` (the path of a WAV file) and is ended.
    """

    arrived: str
    """Its name as `LegArrived` tells it."""
    leg: str
    claim_within_s: float
    message: str
    stay_s: float = 0.3


class RefuseLeg(Command, frozen=True):
    """Refuse a call that has come, with a final SIP status, and with when to call again, if that is told."""

    arrived: str
    status: int
    retry_after_s: int = 0


class PlayPrompt(Command, frozen=True):
    """Play a WAV file to an answered customer who has no agent, in place of what plays; then `PromptEnded`.

    That claims the leg: keys are told of from now on, and it is ended `stay_s` after the prompt unless a
    command comes, whether or not an engine is there. With `stop_on_key` a key ends the prompt at once. An
    empty path plays nothing. Nothing happens to a leg that has an agent, or is being left.
    """

    leg: str
    number: int
    """Of the prompt, the engine's choice."""
    path: str
    stay_s: float
    stop_on_key: bool = False


class BridgeLegs(Command, frozen=True):
    """Let two answered legs hear each other: `LegsBridged`, or `BridgeFailed` where one has gone."""

    leg: str
    other: str


class MixLegs(Command, frozen=True):
    """From now on each of these legs hears just those: `LegsMixed`, or `MixFailed` where one has gone.

    The legs are a company, in the order in which they are named, with one customer among them. Who was in
    the company and is not named any more is parted from all, and so is whoever comes from another company:
    then, as where a leg of a company ends, a customer who is left alone has to be claimed, an agent waits for
    work, a guest is ended. A failed mix changes nothing.
    """

    company: str
    """Its name, the engine's choice; a mix of the same name takes the place of the one before."""
    hears: dict[str, list[str]]
    sounds: dict[str, str] = {}
    """A WAV file that a leg hears over and over, by leg."""
    note: str = ""
    """The engine's own; told again to an engine that connects, and never read here."""


class PressKeys(Command, frozen=True):
    """Press keys for the far end (RFC 4733). They are neither kept nor logged."""

    leg: str
    digits: str
    """Of 0 to 9, *, #, A to D."""


class HangUpLeg(Command, frozen=True):
    """End a leg, whatever its state; `LegEnded` follows. Its partner stays up.

    One that rings rings on for as long as it has to; if it is answered meanwhile, it is not ended. So it is
    with `unless_answered` where the answer has come before this command.
    """

    leg: str
    unless_answered: bool = False


class StartRecording(Command, frozen=True):
    """Write a bridged customer's conversation into a folder: `RecordingStarted` or `RecordingFailed`.

    Nothing happens where the leg is in no conversation, or is being recorded. The recording ends with the
    conversation, whoever ends it; another conversation of the leg is not recorded unless it is asked again.
    """

    leg: str
    folder: str


class StopRecording(Command, frozen=True):
    """Write no more; `RecordingEnded` follows where something was being written."""

    leg: str


class LeaveLeg(Command, frozen=True):
    """End an answered leg on which no person is; whom it talks with can be bridged again at once.

    With `message` (the path of a WAV file) it is left that first, after the beep: `LegMessage`.
    """

    leg: str
    message: str = ""


class AcknowledgeEvents(Command, frozen=True):
    """Every event up to and including this number is safely recorded."""

    seq: int


class StopSwitch(Command, frozen=True):
    """End every leg, report each, and exit."""


class Event(msgspec.Struct, frozen=True, tag_field="event", tag=True, kw_only=True):
    """What the switch reports; `seq` counts from 1, `at` is when it happened."""

    seq: int = 0
    at: float


class LiveLeg(msgspec.Struct, frozen=True):
    """A leg that is up, as told to an engine that connects."""

    leg: str
    role: LegRole
    state: LegState
    partner: str | None = None
    answered_at: float | None = None
    trunk: str = ""
    recorded: bool = False
    company: str = ""
    hears: tuple[str, ...] = ()
    note: str = ""
    """Of its company."""


class SwitchReady(Event, frozen=True, kw_only=True):
    """The first message on every connection; its `seq` is 0 and needs no acknowledgement."""

    switch: str
    """Names this run of the switch; another name means that the legs of the former run are gone."""
    pid: int
    version: str
    max_legs: int
    live: list[LiveLeg]
    replays_through: int
    """The events that no engine has acknowledged follow now; the number of the last of them, 0 for none."""
    trunks: dict[str, bool] = {}
    """Whether each trunk that has a keep-alive or a registration answers, as far as that is known."""


class TrunkReachable(Event, frozen=True, kw_only=True):
    """A trunk answers its keep-alive or registration from now on, or does not any more."""

    trunk: str
    up: bool
    reason: str


class LegArrived(Event, frozen=True, kw_only=True):
    """Somebody calls us over a trunk, and rings: `TakeLeg` or `RefuseLeg` has to come within 5 s.

    `leg` is the switch's own name for it. The numbers are digits, maybe with a plus, as the trunk writes
    them; the caller's is empty where it is withheld.
    """

    leg: str
    caller: str
    called: str
    trunk: str


class LegRerouted(Event, frozen=True, kw_only=True):
    """A trunk failed the leg before anything rang, and the next is tried. The fields are as in `LegEnded`."""

    leg: str
    trunk: str
    to: str
    """The trunk that is tried now."""
    status: int
    reason: str


class LegRinging(Event, frozen=True, kw_only=True):
    """A provisional answer of 180 or above came."""

    leg: str
    status: int


class LegAnswered(Event, frozen=True, kw_only=True):
    """The far end answered and its audio can be bridged."""

    leg: str


class LegAudio(Event, frozen=True, kw_only=True):
    """The first audio has come from the far end of a leg that goes over a trunk. Once a leg."""

    leg: str


class LegsBridged(Event, frozen=True, kw_only=True):
    """Both legs hear each other from now on."""

    leg: str
    other: str


class BridgeFailed(Event, frozen=True, kw_only=True):
    """A bridge was asked for and one of the legs was not there to be bridged."""

    leg: str
    other: str
    reason: str


class LegsMixed(Event, frozen=True, kw_only=True):
    """Each leg of the company hears whom it was to hear."""

    company: str


class MixFailed(Event, frozen=True, kw_only=True):
    """A mix was asked for and one of the legs was not there; everybody hears whom they heard before."""

    company: str
    reason: str


class LegUnclaimed(Event, frozen=True, kw_only=True):
    """Nobody claimed an answered customer leg in time; it hears the message now and is then ended."""

    leg: str


class LegJudged(Event, frozen=True, kw_only=True):
    """Who answered, as it sounds: `verdict` is human, machine, fax or unsure. Once a leg, where it was asked.

    `took_s` counts from the answer, `greeting_s` from the first word to the last; `why` is a stable code.
    """

    leg: str
    verdict: str
    confidence: float
    took_s: float
    greeting_s: float
    words: int
    why: str


class LegMessage(Event, frozen=True, kw_only=True):
    """A machine is being left its message."""

    leg: str


class LegHeard(Event, frozen=True, kw_only=True):
    """One of the network's tones was heard in the sound of a leg that is answered."""

    leg: str
    tone: str
    """As in `dialer.core.tones`: busy, congestion, fax, sit_vacant, …"""


class PromptEnded(Event, frozen=True, kw_only=True):
    """The prompt of that number was heard to its end, ended by a key, or could not be played."""

    leg: str
    number: int


class LegKey(Event, frozen=True, kw_only=True):
    """A key was pressed while the message or a prompt played, or just after it.

    By RFC 4733, SIP INFO or in the sound.
    """

    leg: str
    digit: str
    """One of 0 to 9, *, #, A to D."""


class RecordingStarted(Event, frozen=True, kw_only=True):
    """What both sides say is written from now on."""

    leg: str


class RecordingEnded(Event, frozen=True, kw_only=True):
    """Nothing of a conversation is written any more."""

    leg: str


class RecordingFailed(Event, frozen=True, kw_only=True):
    """A conversation could not be written, or is not at the moment; it goes on."""

    leg: str
    reason: str


class LegEnded(Event, frozen=True, kw_only=True):
    """A leg is over. The last event of a leg.

    `status` is the final SIP status, 0 where none came; `reason` is the reason phrase or what the
    switch has to say; `timed_out` tells that it was given up after its ring time; `provisional` tells
    whether the far side ever sent a provisional answer. `q850_cause` and `reason_header` are what its Reason
    headers say (RFC 3326). `heard_s` is how much of the message was heard, None where none was played, and
    `heard_all` whether that was all of it. `heard` is the network's tone that said most of what was heard.
    `trunk` had it last, and `trunk_failed` tells that it ended so by the trunk's fault; `no_audio`: it was
    answered and not one packet of audio came, or none could be agreed on, and then no `LegAnswered` came.
    """

    leg: str
    status: int
    reason: str
    ended_by: EndedBy
    timed_out: bool = False
    provisional: bool = False
    q850_cause: int | None = None
    reason_header: str = ""
    heard_s: float | None = None
    heard_all: bool = False
    heard: str = ""
    trunk: str = ""
    rerouted: list[str] = []
    """The trunks that failed it before, each with what it said."""
    trunk_failed: bool = False
    no_audio: bool = False
    answered_late: bool = False
    """The answer crossed our giving up of the leg or of a route, and whoever answered was let go at once; no
    `LegAnswered` came."""
    audio: bool = False
    """Audio came from the far end, as far as anybody has counted."""


AnyCommand = (
    PlaceLeg
    | TakeLeg
    | RefuseLeg
    | PlayPrompt
    | BridgeLegs
    | MixLegs
    | PressKeys
    | HangUpLeg
    | LeaveLeg
    | StartRecording
    | StopRecording
    | AcknowledgeEvents
    | StopSwitch
)
AnyEvent = (
    SwitchReady
    | TrunkReachable
    | LegArrived
    | LegRerouted
    | LegRinging
    | LegAnswered
    | LegAudio
    | LegsBridged
    | BridgeFailed
    | LegsMixed
    | MixFailed
    | LegUnclaimed
    | LegJudged
    | LegMessage
    | LegHeard
    | PromptEnded
    | LegKey
    | RecordingStarted
    | RecordingEnded
    | RecordingFailed
    | LegEnded
)

_encoder = msgspec.msgpack.Encoder()
_command_decoder: msgspec.msgpack.Decoder[AnyCommand] = msgspec.msgpack.Decoder(AnyCommand)
_event_decoder: msgspec.msgpack.Decoder[AnyEvent] = msgspec.msgpack.Decoder(AnyEvent)

_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class MalformedMessage(ValueError):
    """The peer sent what is not one of our messages; the connection cannot be used further."""


def frame(message: AnyCommand | AnyEvent) -> bytes:
    """The message as it goes over the socket."""
    body = _encoder.encode(message)
    return _LENGTH.pack(len(body)) + body


class FrameReader:
    """Cuts a byte stream into message bodies."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yields each body that is complete now. Raises MalformedMessage for an impossible length."""
        self._buffer += data
        while len(self._buffer) >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(self._buffer)
            if length > MAX_MESSAGE_BYTES:
                raise MalformedMessage(f"a message of {length} bytes was announced")
            end = _LENGTH.size + length
            if len(self._buffer) < end:
                return
            body = bytes(self._buffer[_LENGTH.size : end])
            del self._buffer[:end]
            yield body


def decode_command(body: bytes) -> AnyCommand:
    """Raises MalformedMessage."""
    try:
        return _command_decoder.decode(body)
    except _UNREADABLE as error:
        raise MalformedMessage(str(error)) from error


def decode_event(body: bytes) -> AnyEvent:
    """Raises MalformedMessage."""
    try:
        return _event_decoder.decode(body)
    except _UNREADABLE as error:
        raise MalformedMessage(str(error)) from error
