"""Whether a conversation is recorded: the campaign's setting, the callee's law, and what agents say."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from campaigns.core.address import country_of
from campaigns.core.campaign import ALWAYS, ANNOUNCED, ASK_ALL, NEVER
from campaigns.core.jurisdiction import Place
from campaigns.core.recording_laws import ConsentLaw, consent_laws
from campaigns.errors import RecordingConsentError, RecordingRefusedError

GIVEN, REFUSED = "given", "refused"
"""What a person said, or that they were told; beside "announced", and "" where nothing had to be said."""

STATES = ("none", "recording", "kept", "failed", "refused", "deleting", "deleted")
"""Of a recording: nothing was recorded (yet); it goes on, or waits to be put together; the file is there;
something went wrong; the person said no, and nothing is kept; the file is about to go, or gone."""

_COLLECTIONS_DAYS = 3 * 366
"""12 CFR 1006.100(b): a debt collector keeps recordings for three years after the call."""


@dataclass(frozen=True, slots=True)
class RecordingPolicy:
    """What holds for one conversation."""

    recording: str
    """One of campaign.RECORDING."""
    consent: str
    """One of campaign.RECORDING_CONSENT."""
    laws: tuple[ConsentLaw, ...] = ()
    """Those that ask for the person's consent."""

    @property
    def asks(self) -> bool:
        """Whether the person has to say yes, or to be told, before anything is recorded."""
        return self.consent == ASK_ALL or bool(self.laws)


def policy_for(recording: str, consent: str, place: Place) -> RecordingPolicy:
    """What holds for a conversation with a person who may be at a place."""
    return RecordingPolicy(recording, consent, consent_laws(place))


@dataclass(frozen=True, slots=True)
class TalkRecording:
    """Where the recording of one call stands. Each change gives another value."""

    policy: RecordingPolicy
    wanted: bool
    """Whether the campaign or the agent wants it recorded."""
    consent: str = ""
    paused: bool = False

    @property
    def runs(self) -> bool:
        """Whether what is said now is recorded."""
        return self.wanted and not self.paused and not self.lacks_consent

    @property
    def lacks_consent(self) -> bool:
        """Whether the person has not said yes, or was not told, and has to."""
        return self.consent == REFUSED or (self.policy.asks and self.consent != GIVEN)

    def started(self) -> "TalkRecording":
        """The agent wants it. Raises RecordingRefusedError and RecordingConsentError."""
        self._require_allowed()
        if self.consent == REFUSED:
            raise RecordingConsentError("The person said no; what they say is not recorded.")
        if self.lacks_consent:
            names = ", ".join(law.name for law in self.policy.laws) or "the campaign"
            first = "Ask the person first and record what they say as their consent"
            if self.policy.consent == ANNOUNCED:
                first = "Say first that the call is recorded, and confirm that as the person's consent"
            raise RecordingConsentError(f"{first}: {names} wants that.")
        return replace(self, wanted=True, paused=False)

    def stopped(self) -> "TalkRecording":
        """The agent has enough. Raises RecordingRefusedError."""
        self._require_allowed()
        if self.policy.recording == ALWAYS:
            raise RecordingRefusedError(
                "This campaign records every conversation; pause it for card numbers."
            )
        return replace(self, wanted=False, paused=False)

    def after_pause(self, *, paused: bool) -> "TalkRecording":
        """Nothing is recorded for a while, or again. Raises RecordingRefusedError."""
        self._require_allowed()
        return replace(self, paused=paused)

    def asked(self, *, agreed: bool) -> "TalkRecording":
        """What the person said; a no is for good. A yes stands for the agent's word that it was announced,
        too, and that the person stayed. Raises RecordingRefusedError and RecordingConsentError.
        """
        self._require_allowed()
        if agreed and self.consent == REFUSED:
            raise RecordingConsentError("The person said no before, and that holds for this call.")
        return replace(self, consent=GIVEN if agreed else REFUSED)

    def _require_allowed(self) -> None:
        if self.policy.recording == NEVER:
            raise RecordingRefusedError("This campaign records nothing; its setting is recording.")


def begin_talk(policy: RecordingPolicy) -> TalkRecording:
    """Where it stands when a person and an agent begin to talk.

    That it is announced is taken for granted only where nobody's law asks for it.
    """
    announced = policy.consent == ANNOUNCED and not policy.asks and policy.recording != NEVER
    consent = ANNOUNCED if announced else ""
    return TalkRecording(policy, wanted=policy.recording == ALWAYS, consent=consent)


def keep_days(kind: str, countries: Collection[str], chosen: int) -> int:
    """For how many days a recording is kept: as chosen, or as long as the law on debt collectors asks.

    `countries` are ISO 3166-1 codes of where the person may be, Puerto Rico's and Guam's own among them; who
    may be anywhere may be in the United States.
    """
    american = not countries or any(country_of(each)[0] == "US" for each in countries)
    return max(chosen, _COLLECTIONS_DAYS) if kind == "collections" and american else chosen


def delete_after(ended_at: datetime, days: int) -> datetime:
    """From when on a recording is deleted by itself."""
    return ended_at + timedelta(days=days)
