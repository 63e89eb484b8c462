"""How often answering-machine detection is wrong in a campaign, by what agents say of its calls."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from campaigns.core.disposition import Flag
from campaigns.core.intervals import wilson
from campaigns.core.setting_checks import among, sound, within
from campaigns.errors import InvalidSettingsError

AMD_MODES = ("off", "flag", "act")
AMD_ACTIONS = ("hang_up", "message", "agent")
REVIEW_SHARE = 0.05
"""Of the verdicts that nobody says otherwise of, so many are checked."""

PERSON_VERDICTS = ("human", "unsure")
MACHINE_VERDICTS = ("machine", "fax")
PRESUMED_FALSE_POSITIVES = 0.03
"""The share of people among calls taken for machines, while hardly any was checked: of the 283 in the
measurement that docs/performance.md tells of, 2 were people, at most 2.5 % by Wilson's interval; and more,
since its voices are synthetic."""
FEWEST_CHECKED = 125
"""So many without a mistake have an upper bound that is as low as what is presumed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectionSettings:
    """What a campaign wants of detection, as it is stored; see `campaigns.core.campaign`."""

    amd_mode: str
    amd_action: str
    amd_optimistic: bool
    voicemail_message: str
    amd_review_share: float


@dataclass(frozen=True, slots=True)
class VerdictGroup:
    """Attempts with one verdict and the flags of what their agents said; none where nothing was."""

    verdict: str
    flags: frozenset[Flag]
    count: int


@dataclass(frozen=True, slots=True)
class Checks:
    """Calls of which detection said one thing, how many agents checked, and how often it was wrong."""

    said: int = 0
    checked: int = 0
    wrong: int = 0

    def __add__(self, other: "Checks") -> "Checks":
        return Checks(self.said + other.said, self.checked + other.checked, self.wrong + other.wrong)


@dataclass(frozen=True, slots=True)
class ErrorRate:
    """`wrong` of `checked`, with Wilson's interval of 95 %; `value` is None where nothing was checked."""

    value: float | None
    wrong: int
    checked: int
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectionFigures:
    """Verdicts, and how many were wrong of those that an agent checked by a disposition."""

    said_person: int
    """Verdicts human and unsure."""
    said_machine: int
    """Verdicts machine and fax."""
    people_among_machines: ErrorRate
    """Of those that were called machines; the false positives of Ofcom's formula."""
    machines_among_people: ErrorRate
    """Of those that were called people."""


def sampled_for_review(attempt_id: int, share: float) -> bool:
    """Whether this attempt is among the share that is checked: always the same answer for one attempt.

    What is checked goes to an agent, whatever the verdict, since only who hears the call can say who it was.
    """
    digest = hashlib.blake2b(str(attempt_id).encode(), digest_size=8).digest()
    return int.from_bytes(digest) / 2**64 < share


def detection_figures(groups: Iterable[VerdictGroup]) -> DetectionFigures:
    """The figures of calls by verdict and disposition."""
    person, machine = Checks(), Checks()
    for group in groups:
        if group.verdict in PERSON_VERDICTS + MACHINE_VERDICTS:
            found = checks_of(group.verdict, group.flags, group.count)
            if group.verdict in MACHINE_VERDICTS:
                machine += found
            else:
                person += found
    return figures_of_checks(person, machine)


def checks_of(verdict: str, flags: frozenset[Flag], count: int = 1) -> Checks:
    """How calls with one verdict count. A disposition that tells neither a person nor a machine checks
    nothing."""
    machine_answered = _was_machine(flags)
    checked = count if machine_answered is not None else 0
    return Checks(count, checked, checked if machine_answered != (verdict in MACHINE_VERDICTS) else 0)


def figures_of_checks(person: Checks, machine: Checks) -> DetectionFigures:
    """The figures of the calls that were taken for people's, and of those taken for machines'."""
    return DetectionFigures(
        said_person=person.said,
        said_machine=machine.said,
        people_among_machines=error_rate(machine.wrong, machine.checked),
        machines_among_people=error_rate(person.wrong, person.checked),
    )


def error_rate(wrong: int, checked: int) -> ErrorRate:
    """A rate with its interval."""
    low, high = wilson(wrong, checked)
    return ErrorRate(wrong / checked if checked else None, wrong, checked, low, high)


def false_positive_rate(people_among_machines: ErrorRate) -> float:
    """The share of people among calls taken for machines that laws are answered with, rather too high.

    The upper bound of what agents have found, once that is enough to tell, or worse than what is presumed.
    """
    found = people_among_machines
    tells = found.checked >= FEWEST_CHECKED or (found.checked and found.low > PRESUMED_FALSE_POSITIVES)
    return found.high if tells else PRESUMED_FALSE_POSITIVES


def _was_machine(flags: frozenset[Flag]) -> bool | None:
    """What the agent heard; None where the disposition does not tell."""
    if Flag.MACHINE in flags:
        return True
    return False if Flag.HUMAN_ANSWERED in flags else None


def check_detection(settings: Any) -> None:
    """What a campaign wants of detection. Raises InvalidSettingsError."""
    among("amd_mode", settings.amd_mode, AMD_MODES)
    among("amd_action", settings.amd_action, AMD_ACTIONS)
    if not isinstance(settings.amd_optimistic, bool):
        raise InvalidSettingsError("amd_optimistic is true or false.")
    sound("voicemail_message", settings.voicemail_message)
    within("amd_review_share", settings.amd_review_share, 0, 1)
    if settings.voicemail_message and settings.amd_action != "message":
        raise InvalidSettingsError(
            "voicemail_message is what a machine is left: leave it out, or set amd_action to message."
        )
    if settings.amd_mode == "act" and settings.amd_action == "message" and not settings.voicemail_message:
        raise InvalidSettingsError(
            "To leave machines a message, set voicemail_message to a prompt's name or a WAV file's path."
        )
    if settings.amd_mode == "act" and settings.amd_action == "agent" and settings.agentless:
        raise InvalidSettingsError(
            "An agentless campaign has no agent to hand a machine to; use amd_action hang_up or message."
        )
    if settings.agentless and settings.amd_review_share not in (0, REVIEW_SHARE):
        raise InvalidSettingsError(
            "Nobody hears who answers an agentless campaign, so that no verdict is checked; leave "
            "amd_review_share out."
        )
