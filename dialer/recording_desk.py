"""Has conversations recorded: as their campaigns say, as agents ask, and never without the consent it takes.

What is recorded is the switch's doing, and goes on without an engine; here it is decided (by
`campaigns.core.recording`) and asked for.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from campaigns.core.campaign import ALWAYS, NEVER
from campaigns.core.jurisdiction import Place
from campaigns.core.recording import RecordingPolicy, TalkRecording, begin_talk, policy_for
from campaigns.recordings.folder import RecordingFolder
from campaigns.stores.live import OpenAttempt, RunningCampaign
from dialer.core.agent import AgentState
from dialer.core.effects import (
    CallHasEnded,
    CallWasConnected,
    ConsentWasSaid,
    Effect,
    RecordingBegan,
    RecordingDidFail,
)
from dialer.core.floor import Floor
from dialer.errors import SwitchNotTold
from dialer.legs import attempt_of, call_leg, session_of
from dialer.mixing import is_on_hold
from dialer.switch.messages import (
    AnyCommand,
    AnyEvent,
    LiveLeg,
    RecordingEnded,
    RecordingFailed,
    RecordingStarted,
    StartRecording,
    StopRecording,
)

_UNKNOWN = RecordingPolicy(NEVER, "ask")


class NoConversation(LookupError):
    """The agent talks with nobody now."""

    code = "no-conversation"


@dataclass
class _Talk:
    """A call, and whether its switch writes what is said."""

    wish: TalkRecording
    session: int | None = None
    """Of the agent in it, once there is one."""
    on_disk: bool = False
    told: bool = True
    """Whether the switch has heard the wish."""
    failure: str = ""

    @property
    def state(self) -> str:
        """on, paused or off, by the wish; before the switch has heard it, by what it does still."""
        if not self.told:
            return "on" if self.on_disk else "off"
        return "paused" if self.wish.wanted and self.wish.paused else "on" if self.wish.runs else "off"


@dataclass(frozen=True)
class RecordingNow:
    """How the recording of an agent's conversation stands."""

    attempt_id: int
    recording: str
    """The campaign's setting."""
    state: str
    """on, paused or off."""
    consent: str
    """given, refused or announced; empty where nothing was said."""
    consent_needed: bool
    """Whether the person has to be asked before anything is recorded, and has not said yes."""
    laws: tuple[str, ...]
    """Whose laws ask for consent, as in US-CA; ? where nobody knows where the person is."""
    failure: str
    """What is wrong, where it cannot be recorded; the conversation goes on."""


class RecordingDesk:
    """The recordings of the calls that live."""

    def __init__(
        self,
        folder: RecordingFolder,
        floor: Floor,
        clock: Callable[[], float],
        send: Callable[[AnyCommand], bool],
        carry_out: Callable[[Sequence[Effect]], None],
    ) -> None:
        self._folder = folder
        self._floor = floor
        self._clock = clock
        self._send = send
        self._carry_out = carry_out
        self._talks: dict[int, _Talk] = {}

    @property
    def active(self) -> int:
        """How many conversations are being written now."""
        return sum(talk.on_disk for talk in self._talks.values())

    # --- what happens to calls ------------------------------------------------------------------

    def dialed(self, attempt: int, campaign: RunningCampaign, place: Place) -> None:
        """A call was placed to a person who may be there."""
        policy = policy_for(campaign.recording, campaign.recording_consent, place)
        self._talks[attempt] = _Talk(begin_talk(policy))

    def restore(self, attempts: Sequence[OpenAttempt], live: Sequence[LiveLeg]) -> None:
        """Takes up the calls of a former engine; what was paused stays paused."""
        bridged = {attempt_of(leg.leg): leg for leg in live if leg.state == "bridged"}
        for each in attempts:
            policy = each.recording or _UNKNOWN
            wish = begin_talk(policy)
            wanted = policy.recording == ALWAYS or each.recording_wanted
            wish = replace(wish, wanted=wanted, consent=each.recording_consent or wish.consent)
            leg = bridged.get(each.attempt_id)
            paused = leg is not None and wish.runs and not leg.recorded and not is_on_hold(leg)
            session = session_of(leg.partner) if leg is not None and leg.partner is not None else None
            self._talks[each.attempt_id] = _Talk(replace(wish, paused=paused), session)

    def reconcile(self, live: Sequence[LiveLeg]) -> None:
        """The connection to the switch is new: what was asked for meanwhile is asked for again."""
        for leg in live:
            talk = self._talks.get(attempt_of(leg.leg))
            if talk is not None and leg.state in ("bridged", "parked"):
                talk.on_disk, talk.told = leg.recorded, True
                if talk.wish.runs != leg.recorded:
                    self._ask(attempt_of(leg.leg), talk)

    def observe(self, effect: Effect) -> None:
        """A conversation begins, also one that goes on with another agent; or the call is over.

        It is said again of one that goes on with the same agent, when it was not yet on record: a pause that
        the agent made stays.
        """
        match effect:
            case CallWasConnected(attempt=attempt, session=session):
                talk = self._talks.setdefault(attempt, _Talk(begin_talk(_UNKNOWN)))
                talk.wish = replace(talk.wish, paused=talk.wish.paused and talk.session == session)
                talk.session = session
                if talk.wish.runs:
                    self._ask(attempt, talk)
            case CallHasEnded(attempt=attempt):
                self._talks.pop(attempt, None)

    def mixed(self, attempt: int) -> None:
        """Somebody else hears, or nobody: what was not recorded on hold is recorded again."""
        talk = self._talks.get(attempt)
        if talk is not None and talk.wish.runs:
            self._ask(attempt, talk)

    def heard(self, event: AnyEvent) -> list[Effect]:
        """What the switch says of recordings, and what is to be written of it."""
        if not isinstance(event, RecordingStarted | RecordingEnded | RecordingFailed):
            return []
        attempt = attempt_of(event.leg)
        talk = self._talks.get(attempt)
        if talk is not None:
            talk.on_disk = not isinstance(event, RecordingEnded) and (
                talk.on_disk or isinstance(event, RecordingStarted)
            )
        match event:
            case RecordingStarted() if talk is not None:
                policy = talk.wish.policy
                talk.failure = ""
                return [
                    RecordingBegan(attempt, self._folder.node, talk.wish.consent, _names(policy), event.at)
                ]
            case RecordingFailed(reason=reason):
                if talk is not None:
                    talk.failure = reason
                return [RecordingDidFail(attempt, self._folder.node, reason, event.at)]
        return []

    # --- what agents do -------------------------------------------------------------------------

    def now(self, session: int) -> RecordingNow:
        """How it stands. Raises UnknownSession and NoConversation."""
        attempt, talk = self._of(session)
        wish = talk.wish
        return RecordingNow(
            attempt_id=attempt,
            recording=wish.policy.recording,
            state=talk.state,
            consent=wish.consent,
            consent_needed=wish.lacks_consent and wish.policy.recording != NEVER,
            laws=_names(wish.policy),
            failure=talk.failure,
        )

    def start(self, session: int) -> None:
        """Record from now on, or go on. Raises UnknownSession, NoConversation, RecordingRefusedError,
        RecordingConsentError and SwitchNotTold; what the switch was not told it is told when it is back."""
        self._change(session, TalkRecording.started)
        self._require_told(session)

    def stop(self, session: int) -> None:
        """Record no more; raises the same as `start`."""
        self._change(session, TalkRecording.stopped)
        self._require_told(session)

    def pause(self, session: int, *, paused: bool) -> None:
        """Record nothing for a while, as for card numbers, or again; raises the same as `start`."""
        self._change(session, lambda wish: wish.after_pause(paused=paused))
        self._require_told(session)

    def consent(self, session: int, *, agreed: bool) -> None:
        """What the person said; after a no nothing is kept. Raises the same as `start`.

        It is written down also where the switch cannot be told.
        """
        attempt, talk = self._of(session)
        self._change(session, lambda wish: wish.asked(agreed=agreed))
        agent, at = self._floor.shifts.agent(session).agent, self._clock()
        laws = _names(talk.wish.policy)
        self._carry_out([ConsentWasSaid(attempt, self._folder.node, agent, laws, at, agreed=agreed)])
        self._require_told(session)

    def _change(self, session: int, change: Callable[[TalkRecording], TalkRecording]) -> None:
        attempt, talk = self._of(session)
        ran, talk.wish = talk.wish.runs, change(talk.wish)
        if ran != talk.wish.runs or (talk.wish.runs and not talk.on_disk) or not talk.told:
            self._ask(attempt, talk)

    def _ask(self, attempt: int, talk: _Talk) -> None:
        leg = call_leg(attempt)
        start = StartRecording(leg, str(self._folder.spool_of(attempt)))
        talk.told = self._send(start if talk.wish.runs else StopRecording(leg))

    def _require_told(self, session: int) -> None:
        _, talk = self._of(session)
        if not talk.told:
            goes_on = "goes on being recorded" if talk.on_disk else "is not recorded"
            raise SwitchNotTold(
                f"The switch is away, and the conversation {goes_on}. It is told as soon as it is back; "
                "ask how the recording stands before you rely on it."
            )

    def _of(self, session: int) -> tuple[int, _Talk]:
        agent = self._floor.shifts.agent(session)
        if agent.state != AgentState.TALKING or agent.attempt is None:
            raise NoConversation("The agent talks with nobody now, so that nothing is recorded.")
        return agent.attempt, self._talks.setdefault(agent.attempt, _Talk(begin_talk(_UNKNOWN)))


def _names(policy: RecordingPolicy) -> tuple[str, ...]:
    return tuple(law.name for law in policy.laws)
