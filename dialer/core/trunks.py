"""Which trunk a call takes: which serve the number, have room and are well, and in what order they are tried.

Pure: `now` is in seconds and only grows. A trunk fails a call where it refuses it or says nothing before
anything rang; what the person, or the telephone network behind the trunk, does to it is no failure.
"""

from collections import deque
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field

from dialer.core.breaker import Breaker, BreakerState, Fault
from dialer.core.trunk_room import TrunkRoom

MOST_TRIES = 4
"""Trunks that one call is offered to: a person waits for a ring no longer than that."""
SHORT_CALL_S = 6.0
"""A conversation that is shorter is a short call; carriers look at their share."""
_LATEST_CALLS = 200

_REFUSES_THE_DIALER = frozenset({401, 402, 403, 407, 408, 415, 420, 488, 606})
"""A trunk's own answers beside 5xx: it does not know us, it takes no such call, nothing came in time."""
_FINDS_US_WRONG = frozenset({400})
"""The trunk's refusal, too, but another would find the same."""
_OF_THE_NUMBER = frozenset({1, 3, 17, 18, 19, 20, 21, 22, 27, 28})
"""Causes of ITU-T Q.850 that tell of who is called, whatever status a gateway makes of them."""


def may_try_another(status: int, q850_cause: int | None) -> bool:
    """Whether a final answer, before anything rang, is the trunk's fault and another may be tried.

    `status` is SIP's; 408 stands for silence, too. 5xx is a failure of the server (RFC 3261,
    21.5), unless its cause says that the number is the matter. A redirection is not followed: a trunk
    could send calls anywhere.
    """
    if q850_cause in _OF_THE_NUMBER:
        return False
    return 300 <= status < 400 or status in _REFUSES_THE_DIALER or 500 <= status < 600


def is_a_refusal(status: int, q850_cause: int | None) -> bool:
    """Whether a final answer, before anything rang, counts as the trunk's failure."""
    finds_us_wrong = status in _FINDS_US_WRONG and q850_cause not in _OF_THE_NUMBER
    return finds_us_wrong or may_try_another(status, q850_cause)


@dataclass(frozen=True, slots=True)
class Trunk:
    """A way to the telephone network. See `dialer.trunk_settings` for what each setting means."""

    name: str
    uri: str
    """A SIP address with {number}."""
    prefixes: tuple[str, ...] = ()
    """Of numbers in E.164 that it serves; none: all."""
    strip: str = ""
    """Cut off the front of a number that begins with it."""
    lines: int | None = None
    calls_per_second: float | None = None
    priority: int = 1
    """Those of the lowest are tried first."""
    weight: int = 1
    """Its share of the calls among those of its priority."""
    attestation: str = ""
    """How the carrier signs our calls (STIR/SHAKEN: A, B or C); empty where nobody said."""
    reply_within_s: float = 4.0
    country: str = ""
    """Whose numbers it writes without a country's code in calls to us, ISO 3166-1; empty: nobody's."""

    def serves(self, e164: str) -> bool:
        """Whether it takes calls to that number."""
        return not self.prefixes or e164.startswith(self.prefixes)

    def address(self, e164: str) -> str:
        """Where the INVITE for that number goes."""
        return self.uri.replace("{number}", e164.removeprefix(self.strip))


@dataclass(frozen=True, slots=True, kw_only=True)
class TrunkStanding:
    """A trunk as it is now. Ratios are of the latest calls that are over, None where there are none."""

    name: str
    state: BreakerState
    reason: str
    """Why no calls are placed; empty while they are."""
    opens_again_in_s: float | None
    calls: int
    lines: int | None
    reachable: bool | None
    """By its keep-alive or registration; None where it has neither."""
    answer_seizure_ratio: float | None
    """Answered calls over all calls (ITU-T E.411)."""
    short_call_ratio: float | None
    """Answered calls shorter than SHORT_CALL_S over all answered calls."""


_UNREACHABLE = "it does not answer its keep-alive or registration"


@dataclass(slots=True)
class _State:
    trunk: Trunk
    room: TrunkRoom
    breaker: Breaker = field(default_factory=Breaker)
    calls: dict[Hashable, bool] = field(default_factory=dict)
    """Whether each has shown, by ringing or an answer, that it could be placed."""
    unheard: set[Hashable] = field(default_factory=set)
    """The calls that were answered, and of which no audio has come yet."""
    why_unreachable: str = ""
    """What its keep-alive or registration said last, where that is known."""
    credit: float = 0.0
    latest: deque[tuple[bool, bool]] = field(default_factory=lambda: deque(maxlen=_LATEST_CALLS))
    """Of calls that are over: whether answered, and whether short."""

    def free(self, now: float) -> int:
        """How many calls it takes now."""
        return int(min(self.room.free(len(self.calls), now), self.breaker.allows(now)))

    def take(self, call: Hashable, now: float) -> None:
        self.room.taken(now)
        self.calls[call] = False
        self.breaker.tried(call, now)

    def works(self, call: Hashable) -> None:
        if not self.calls[call]:
            self.calls[call] = True
            self.breaker.worked(call, Fault.SETUP)

    def leave(self, call: Hashable) -> None:
        del self.calls[call]
        self.unheard.discard(call)


class TrunkBook:
    """Every trunk of a node with its calls, its capacity and its health."""

    def __init__(self, trunks: Sequence[Trunk]) -> None:
        """Raises ValueError for two trunks of one name, or none at all."""
        self._states = {
            each.name: _State(each, TrunkRoom(each.lines, each.calls_per_second)) for each in trunks
        }
        if not trunks or len(self._states) < len(trunks):
            raise ValueError("a node needs trunks, each with a name of its own")
        self._of_call: dict[Hashable, str] = {}

    def serves(self, e164: str) -> bool:
        """Whether any trunk takes calls to that number, now or later."""
        return any(state.trunk.serves(e164) for state in self._states.values())

    def room(self, now: float) -> int:
        """How many calls all trunks together take now."""
        return sum(state.free(now) for state in self._states.values())

    def routes(self, e164: str, now: float) -> list[Trunk]:
        """The trunks to try for a call to that number, in order; none where none has room.

        Of one priority, the first is chosen so that all get calls by their weights, evenly mixed (smooth
        weighted round robin, as in nginx); the others follow by theirs.
        """
        rooms = {state.trunk.name: state.free(now) for state in self._states.values()}
        credits_now = {state.trunk.name: state.credit for state in self._states.values()}
        able = self._in_order(e164, rooms, credits_now)
        for state in self._states.values():
            state.credit = credits_now[state.trunk.name]
        return able[:MOST_TRIES]

    def fitting(self, numbers: Sequence[str], now: float) -> list[bool]:
        """Of calls to all these numbers, placed one after the other, which get a route."""
        rooms = {state.trunk.name: state.free(now) for state in self._states.values()}
        credits_then = {state.trunk.name: state.credit for state in self._states.values()}
        fits = []
        for e164 in numbers:
            able = self._in_order(e164, rooms, credits_then)
            fits.append(bool(able))
            if able:
                rooms[able[0].name] -= 1
        return fits

    def _in_order(self, e164: str, rooms: Mapping[str, int], credit: dict[str, float]) -> list[Trunk]:
        """The trunks with room that serve the number, the first by its turn; `credit` is moved on."""
        trunks = [state.trunk for state in self._states.values()]
        able = [each for each in trunks if rooms[each.name] > 0 and each.serves(e164)]
        able.sort(key=lambda each: (each.priority, -credit[each.name] - each.weight, each.name))
        if able:
            peers = [each for each in able if each.priority == able[0].priority]
            for each in peers:
                credit[each.name] += each.weight
            credit[able[0].name] -= sum(each.weight for each in peers)
        return able

    def serves_now(self, e164: str, now: float) -> bool:
        """Whether a trunk that serves the number takes calls at all at the moment, busy as it may be."""
        serving = [state for state in self._states.values() if state.trunk.serves(e164)]
        return any(state.room.up is not False and state.breaker.allows(now) for state in serving)

    def attestation(self, name: str) -> str:
        """How the trunk of that name signs our calls; empty where nobody said, or there is none."""
        return self._states[name].trunk.attestation if name in self._states else ""

    def country(self, name: str) -> str:
        """Whose numbers the trunk of that name writes without a country's code; empty for nobody's."""
        return self._states[name].trunk.country if name in self._states else ""

    def calls(self) -> set[Hashable]:
        """Every call that some trunk has."""
        return set(self._of_call)

    def placed(self, call: Hashable, name: str, now: float) -> None:
        """A call is offered to that trunk, first or after another failed it."""
        self._leave(call)
        if state := self._states.get(name):
            self._of_call[call] = name
            state.take(call, now)

    def came(self, call: Hashable, name: str) -> None:
        """A call has come over that trunk: it has one of its lines, and tells nothing of how it does ours."""
        if state := self._states.get(name):
            self._of_call[call] = name
            state.calls[call] = True

    def failed(self, call: Hashable, now: float, why: str) -> None:
        """Its trunk could not place the call."""
        if state := self._leave(call):
            state.latest.append((False, False))
            state.breaker.failed(call, Fault.SETUP, now, why)

    def silent(self, call: Hashable, now: float) -> None:
        """The call was answered, and no audio ever came."""
        if state := self._leave(call):
            state.latest.append((True, True))
            state.breaker.failed(call, Fault.AUDIO, now, "answered calls have no audio")

    def rang(self, call: Hashable) -> None:
        """The call rings."""
        if state := self._of(call):
            state.works(call)

    def answered(self, call: Hashable) -> None:
        """The call was answered."""
        if state := self._of(call):
            state.works(call)
            state.unheard.add(call)

    def heard(self, call: Hashable) -> None:
        """The first audio has come from who answered the call: nothing else shows that it works."""
        state = self._of(call)
        if state is not None and call in state.unheard:
            state.unheard.discard(call)
            state.breaker.worked(call, Fault.AUDIO)

    def ended(self, call: Hashable, now: float, talked_s: float | None, *, audio: bool = False) -> None:
        """The call went as calls go; `talked_s`: from the answer to the end, None where nobody answered.

        `audio`: some came from the far end.
        """
        if state := self._of(call):
            state.latest.append((talked_s is not None, talked_s is not None and talked_s < SHORT_CALL_S))
            state.works(call)
            if audio and (call in state.unheard or state.breaker.state(now) != BreakerState.CLOSED):
                state.breaker.worked(call, Fault.AUDIO)
            state.breaker.forget(call)
        self._leave(call)

    def gone(self, call: Hashable) -> None:
        """Nothing is known of the call any more, so that nothing is learned from it."""
        if state := self._leave(call):
            state.breaker.forget(call)

    def reachable(self, name: str, *, up: bool, why: str = "") -> None:
        """What a keep-alive or a registration says."""
        if state := self._states.get(name):
            state.room.up, state.why_unreachable = up, why

    def trunk_of(self, call: Hashable) -> Trunk | None:
        """The trunk that has the call now."""
        state = self._of(call)
        return None if state is None else state.trunk

    def standings(self, now: float) -> Sequence[TrunkStanding]:
        """Every trunk as it is now, in the order of the settings."""
        return [_standing(state, now) for state in self._states.values()]

    def _leave(self, call: Hashable) -> _State | None:
        name = self._of_call.pop(call, None)
        if name is None:
            return None
        state = self._states[name]
        state.leave(call)
        return state

    def _of(self, call: Hashable) -> _State | None:
        name = self._of_call.get(call)
        return None if name is None else self._states[name]


def _standing(state: _State, now: float) -> TrunkStanding:
    breaker = state.breaker.state(now)
    answered = [short for was_answered, short in state.latest if was_answered]
    reason = "" if state.room.up is not False else state.why_unreachable or _UNREACHABLE
    if breaker != BreakerState.CLOSED:
        reason = state.breaker.reason
    waits = state.breaker.waits_s(now)
    return TrunkStanding(
        name=state.trunk.name,
        state=breaker,
        reason=reason,
        opens_again_in_s=waits if waits > 0 else None,
        calls=len(state.calls),
        lines=state.trunk.lines,
        reachable=state.room.up,
        answer_seizure_ratio=len(answered) / len(state.latest) if state.latest else None,
        short_call_ratio=sum(answered) / len(answered) if answered else None,
    )
