"""A campaign's messages: what each step says, when it is sent, and how calls wait for it. Checked before.

Read from TOML or JSON. A sequence has `steps` by name, a `holdout_share`, a `help_text`, and `links_at`, our
address as people see it, without which links stay as they are. What a step is sent on is in `when`:

- before_first_call: the first call is made `before_s` after it at the earliest; with `call_waits_s` the call
  also waits until the step was delivered, for at most so long
- after_attempt: `delay_s` after a call that reached nobody, by `outcomes` (all such where it names none) and
  `attempts` (the how-manieth of the lead; any where it names none)
- after_disposition: `delay_s` after a call came to one of `dispositions`, to one with one of `flags`, or to
  one that names the step as its message
- before_appointment: `before_s` before it begins; not at all where that has passed
- after_step: `delay_s` after another `step` `reached` so far: sent, delivered, opened or clicked

`only_if = { step = "hello", reached = "delivered" }` has a step sent only where another had come so far by
then. `channel` is sms (`text`) or email (`subject`, `text`, and `html` where wanted).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Self

from campaigns.core.disposition import Disposition, Flag
from campaigns.core.disposition_set import STANDARD_SET, DispositionSet
from campaigns.core.outcomes import OUTCOMES
from campaigns.errors import InvalidSequenceError

BEFORE_FIRST_CALL = "before_first_call"
AFTER_ATTEMPT = "after_attempt"
AFTER_DISPOSITION = "after_disposition"
BEFORE_APPOINTMENT = "before_appointment"
AFTER_STEP = "after_step"
SMS, EMAIL = "sms", "email"
CHANNELS = (SMS, EMAIL)

SENT, DELIVERED, OPENED, CLICKED = "sent", "delivered", "opened", "clicked"
REACHED = (SENT, DELIVERED, OPENED, CLICKED)
"""How far a message has come, the farthest last; each says that the ones before it were so too."""

WITHOUT_CONTACT = tuple(each for each in OUTCOMES if each not in ("human", "unknown", "lost"))
"""Outcomes of calls in which nobody was talked to; those of which nobody knows are none."""

_FIELDS: Mapping[str, frozenset[str]] = {
    BEFORE_FIRST_CALL: frozenset({"before_s", "call_waits_s"}),
    AFTER_ATTEMPT: frozenset({"outcomes", "attempts", "delay_s", "only_if"}),
    AFTER_DISPOSITION: frozenset({"dispositions", "flags", "delay_s", "only_if"}),
    BEFORE_APPOINTMENT: frozenset({"before_s", "only_if"}),
    AFTER_STEP: frozenset({"step", "reached", "delay_s"}),
}
WHEN = tuple(_FIELDS)
_PARTS = ("steps", "holdout_share", "links_at", "help_text")
_OF_ALL = frozenset({"when", "channel", "subject", "text", "html", "held_out_too"})

_MOST_STEPS = 50
_LONGEST_S = 366 * 24 * 3600.0
_LONGEST_WAIT_S = 30 * 24 * 3600.0
_LONGEST_SMS = 1_600
_LONGEST_SUBJECT = 300
_LONGEST_BODY = 200_000
_MOST_ATTEMPT = 100
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
_ADDRESS = re.compile(r"https?://[A-Za-z0-9.-]{1,200}(:[0-9]{1,5})?(/[A-Za-z0-9._~-]{1,100}){0,5}/?")

Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Condition:
    """That a step's newest message to the lead has `reached` so far."""

    step: str
    reached: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step; empty where what it is sent on has no such thing. Times in seconds."""

    name: str
    when: str
    channel: str
    text: str
    subject: str = ""
    html: str = ""
    held_out_too: bool = False
    """Whether leads that are held out get it all the same, as a reminder of what they have agreed to."""
    before_s: float = 0.0
    call_waits_s: float = 0.0
    delay_s: float = 0.0
    outcomes: tuple[str, ...] = ()
    attempts: tuple[int, ...] = ()
    dispositions: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    step: str = ""
    reached: str = ""
    only_if: Condition | None = None

    @property
    def looks_at(self) -> tuple[str, ...]:
        """The steps that it depends on."""
        named = (self.step, self.only_if.step if self.only_if else "")
        return tuple(each for each in named if each)

    def to_json(self) -> dict[str, Any]:
        """The form that `Sequence.parse` reads."""
        values: dict[str, Any] = {"when": self.when, "channel": self.channel, "text": self.text}
        for name in ("subject", "html", "held_out_too"):
            if value := getattr(self, name):
                values[name] = value
        for name in sorted(_FIELDS[self.when] - {"only_if"}):
            value = getattr(self, name)
            if value:
                values[name] = list(value) if isinstance(value, tuple) else value
        if self.only_if is not None:
            values["only_if"] = {"step": self.only_if.step, "reached": self.only_if.reached}
        return values


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageSequence:
    """A campaign's steps by name, and who gets none. Raises InvalidSequenceError."""

    steps: Mapping[str, Step] = field(default_factory=dict)
    holdout_share: float = 0.0
    """Of the leads, from 0 to 1, who get no message, so that its effect can be told."""
    links_at: str = ""
    """Where links in messages lead first, as in https://go.example.org; empty: nothing is counted, and no
    link opts out."""
    help_text: str = ""
    """What who asks for help by text message is answered; empty: the client's name and how to opt out."""

    def __post_init__(self) -> None:
        for step in self.steps.values():
            for other in step.looks_at:
                if other not in self.steps:
                    raise InvalidSequenceError(f"Step {step.name} looks at {other[:40]!r}, which is no step.")
                if other == step.name:
                    raise InvalidSequenceError(f"Step {step.name} looks at itself.")
        for step in self.steps.values():
            self._check_ends(step)

    @property
    def warm_up(self) -> tuple[Step, ...]:
        """The steps before the first call, the one that is sent first first."""
        found = (each for each in self.steps.values() if each.when == BEFORE_FIRST_CALL)
        return tuple(sorted(found, key=lambda each: -each.before_s))

    @property
    def channels(self) -> frozenset[str]:
        """The channels that it uses."""
        return frozenset(each.channel for each in self.steps.values())

    def following(self, name: str) -> tuple[Step, ...]:
        """The steps that are sent after a step."""
        return tuple(each for each in self.steps.values() if each.when == AFTER_STEP and each.step == name)

    def _check_dispositions(self, said: DispositionSet) -> None:
        """Whether each disposition that a step names is the campaign's, and each step follows something."""
        codes = ", ".join(said.dispositions)
        named = {each.message for each in said.dispositions.values()}
        for step in self.steps.values():
            for code in step.dispositions:
                if code not in said.dispositions:
                    raise InvalidSequenceError(
                        f"Step {step.name}: {code[:40]!r} is not a disposition; use {codes}."
                    )
            follows = step.dispositions or step.flags or step.name in named
            if step.when == AFTER_DISPOSITION and not follows:
                raise InvalidSequenceError(f"Step {step.name}: name dispositions or flags that it follows.")

    @classmethod
    def parse(cls, document: object, said: DispositionSet = STANDARD_SET) -> Self:
        """A sequence from its document, for a campaign with these dispositions.

        Raises InvalidSequenceError.
        """
        if not isinstance(document, Mapping) or not isinstance(document.get("steps"), Mapping):
            raise InvalidSequenceError("A sequence has steps by name.")
        if unknown := sorted(str(each)[:40] for each in document.keys() - set(_PARTS)):
            raise InvalidSequenceError(
                f"{unknown[0]!r} is not a part of a sequence; it has {', '.join(_PARTS)}."
            )
        steps = document["steps"]
        if not 0 < len(steps) <= _MOST_STEPS:
            raise InvalidSequenceError(f"A sequence has 1 to {_MOST_STEPS} steps.")
        share = document.get("holdout_share", 0.0)
        if not _is_number(share) or not 0 <= share < 1:
            raise InvalidSequenceError("holdout_share is a share of the leads, from 0 to less than 1.")
        help_text, links_at = document.get("help_text", ""), document.get("links_at", "")
        if not isinstance(help_text, str) or len(help_text) > _LONGEST_SMS:
            raise InvalidSequenceError(f"help_text is a text of at most {_LONGEST_SMS} characters.")
        if not isinstance(links_at, str) or (links_at and not _ADDRESS.fullmatch(links_at)):
            raise InvalidSequenceError("links_at is our address as people see it: https://go.example.org.")
        found = cls(
            steps={str(name): _step(str(name), steps[name]) for name in steps},
            holdout_share=float(share),
            links_at=links_at.rstrip("/"),
            help_text=help_text,
        )
        found._check_dispositions(said)
        return found

    def to_json(self) -> dict[str, Any]:
        """The form that `parse` reads."""
        values = {name: getattr(self, name) for name in _PARTS if name != "steps"}
        return {"steps": {name: step.to_json() for name, step in self.steps.items()}, **values}

    def _check_ends(self, step: Step) -> None:
        """A step that is sent after itself, by way of others, would be sent for ever."""
        seen = {step.name}
        following = step
        while following.when == AFTER_STEP:
            following = self.steps[following.step]
            if following.name in seen:
                raise InvalidSequenceError(f"Step {step.name} comes after itself; let one step begin.")
            seen.add(following.name)


@dataclass(frozen=True, slots=True)
class Planned:
    """A step that is to be sent at `due_at` for a cause; of no use any more at `expires_at`."""

    step: Step
    due_at: datetime
    cause: str
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class WarmUp:
    """What comes before a lead's first call: its messages, and when the call keeps its distance to them."""

    messages: tuple[Planned, ...]
    first_call_at: datetime

    def waits_for(self, name: str) -> datetime:
        """Until when the call waits for the delivery of a step, at most."""
        found = next((each for each in self.messages if each.step.name == name), None)
        waits_s = found.step.call_waits_s if found else 0.0
        if found is None or not waits_s:
            return self.first_call_at
        return max(self.first_call_at, found.due_at + timedelta(seconds=waits_s))


def warm_up(sequence: MessageSequence, not_before: datetime | None, now: datetime) -> WarmUp:
    """The warm-up of a lead that is not to be called before `not_before`, begun now."""
    steps = sequence.warm_up
    longest = timedelta(seconds=max((each.before_s for each in steps), default=0.0))
    first_call_at = max([now + longest, *([not_before] if not_before else [])])
    messages = tuple(
        Planned(
            each,
            first_call_at - timedelta(seconds=each.before_s),
            BEFORE_FIRST_CALL,
        )
        for each in steps
    )
    return WarmUp(messages, first_call_at)


def after_attempt(
    sequence: MessageSequence, attempt_id: int, outcome: str, number: int, now: datetime
) -> tuple[Planned, ...]:
    """The steps that follow the `number`th call to a lead, which ended in `outcome` without contact."""
    if outcome not in WITHOUT_CONTACT:
        return ()
    return tuple(
        Planned(each, now + timedelta(seconds=each.delay_s), of_attempt(attempt_id))
        for each in sequence.steps.values()
        if each.when == AFTER_ATTEMPT
        and (not each.outcomes or outcome in each.outcomes)
        and (not each.attempts or number in each.attempts)
    )


def after_disposition(
    sequence: MessageSequence, attempt_id: int, said: Disposition, now: datetime
) -> tuple[Planned, ...]:
    """The steps that follow what a call came to. An opt-out is followed by none."""
    if Flag.DNC in said.flags:
        return ()
    return tuple(
        Planned(each, now + timedelta(seconds=each.delay_s), of_attempt(attempt_id))
        for each in sequence.steps.values()
        if each.when == AFTER_DISPOSITION
        and (said.code in each.dispositions or said.message == each.name or said.flags & set(each.flags))
    )


def before_appointment(
    sequence: MessageSequence, cause: str, starts_at: datetime, now: datetime
) -> tuple[Planned, ...]:
    """The steps that remind of an appointment, for a cause of its own at each time that it is moved to."""
    planned = (
        Planned(each, starts_at - timedelta(seconds=each.before_s), cause, starts_at)
        for each in sequence.steps.values()
        if each.when == BEFORE_APPOINTMENT
    )
    return tuple(each for each in planned if each.due_at >= now)


def after_step(
    sequence: MessageSequence, name: str, reached: str, cause: str, now: datetime
) -> tuple[Planned, ...]:
    """The steps that follow a message of step `name`, for its own cause, which has just `reached` so far."""
    return tuple(
        Planned(each, now + timedelta(seconds=each.delay_s), cause)
        for each in sequence.following(name)
        if has_reached(reached, each.reached)
    )


def has_reached(reached: str, wanted: str) -> bool:
    """Whether a message that came so far (empty: it was not sent) has come as far as is wanted."""
    return bool(reached) and REACHED.index(reached) >= REACHED.index(wanted)


def of_attempt(attempt_id: int) -> str:
    """The cause of what follows a call."""
    return f"attempt:{attempt_id}"


def check_sequence(settings: Any) -> None:
    """Whether each message that a campaign's dispositions name is a step of its sequence, where it has one.

    Raises InvalidSequenceError.
    """
    if settings.sequence is None:
        return
    steps: Mapping[str, Step] = settings.sequence.steps
    for each in settings.dispositions.dispositions.values():
        if each.message and (each.message not in steps or steps[each.message].when != AFTER_DISPOSITION):
            raise InvalidSequenceError(
                f"Disposition {each.code}: the sequence has no step {each.message!r} that is sent after a "
                "disposition."
            )


def _step(name: str, given: object) -> Step:
    if not _NAME.fullmatch(name):
        raise InvalidSequenceError(
            f"{name[:40]!r} is not a step's name: 1 to 40 small letters, digits, - and _."
        )
    if not isinstance(given, Mapping) or given.get("when") not in WHEN:
        raise InvalidSequenceError(f"Step {name}: when is one of {', '.join(WHEN)}.")
    when = str(given["when"])
    if unknown := sorted(str(each)[:40] for each in given.keys() - _FIELDS[when] - _OF_ALL):
        raise InvalidSequenceError(f"Step {name}: {unknown[0]!r} is nothing that {when} has.")
    values = {str(key): given[key] for key in given.keys() - {"only_if"}}
    for key in ("outcomes", "dispositions", "flags", "attempts"):
        if key in values:
            values[key] = _listed(name, key, values[key])
    step = Step(name=name, only_if=_condition(name, given), **_with_texts(name, values))
    _check_times(step)
    _check_what(step)
    return step


def _with_texts(name: str, values: dict[str, Any]) -> dict[str, Any]:
    channel = values.get("channel")
    if channel not in CHANNELS:
        raise InvalidSequenceError(f"Step {name}: channel is sms or email.")
    for key in ("text", "subject", "html", "step", "reached"):
        if key in values and not isinstance(values[key], str):
            raise InvalidSequenceError(f"Step {name}: {key} is a text.")
    if not isinstance(values.get("held_out_too", False), bool):
        raise InvalidSequenceError(f"Step {name}: held_out_too is true or false.")
    longest = _LONGEST_SMS if channel == SMS else _LONGEST_BODY
    if not 0 < len(values.get("text", "").strip()) <= longest or len(values["text"]) > longest:
        raise InvalidSequenceError(f"Step {name}: text is what it says, {longest:,} characters at most.")
    if channel == SMS:
        if wrong := sorted({"subject", "html"} & values.keys()):
            raise InvalidSequenceError(f"Step {name}: a text message has no {wrong[0]}.")
        return values
    subject = values.get("subject", "")
    if not subject.strip() or len(subject) > _LONGEST_SUBJECT or not subject.isprintable():
        raise InvalidSequenceError(
            f"Step {name}: an e-mail has a subject, on one line of at most {_LONGEST_SUBJECT} characters."
        )
    if len(values.get("html", "")) > _LONGEST_BODY:
        raise InvalidSequenceError(f"Step {name}: html has at most {_LONGEST_BODY:,} characters.")
    return values


def _listed(name: str, key: str, value: object) -> tuple[Any, ...]:
    kind: type = int if key == "attempts" else str
    if not isinstance(value, Sequence) or isinstance(value, str) or not value:
        raise InvalidSequenceError(f"Step {name}: {key} is a list that names at least one; or leave it out.")
    if any(not isinstance(each, kind) or isinstance(each, bool) for each in value):
        words = "numbers" if kind is int else "words"
        raise InvalidSequenceError(f"Step {name}: {key} is a list of {words}.")
    return tuple(value)


def _condition(name: str, given: Document) -> Condition | None:
    value = given.get("only_if")
    if value is None:
        return None
    if not isinstance(value, Mapping) or set(value) != {"step", "reached"}:
        raise InvalidSequenceError(
            f'Step {name}: only_if names a step, and how far: {{ step = "hello", reached = "opened" }}.'
        )
    _check_reached(name, value["reached"])
    return Condition(str(value["step"]), str(value["reached"]))


def _check_reached(name: str, value: object) -> None:
    if value not in REACHED:
        raise InvalidSequenceError(f"Step {name}: reached is one of {', '.join(REACHED)}.")


def _check_times(step: Step) -> None:
    limits = {"before_s": _LONGEST_S, "delay_s": _LONGEST_S, "call_waits_s": _LONGEST_WAIT_S}
    for key, most in limits.items():
        value = getattr(step, key)
        if not _is_number(value) or not 0 <= value <= most:
            raise InvalidSequenceError(f"Step {step.name}: {key} is a number from 0 to {most:.0f} (seconds).")


def _check_what(step: Step) -> None:
    match step.when:
        case "after_attempt":
            if wrong := [each for each in step.outcomes if each not in WITHOUT_CONTACT]:
                raise InvalidSequenceError(
                    f"Step {step.name}: {wrong[0][:40]!r} is no outcome without contact; use "
                    f"{', '.join(WITHOUT_CONTACT)}."
                )
            if any(not 1 <= each <= _MOST_ATTEMPT for each in step.attempts):
                raise InvalidSequenceError(
                    f"Step {step.name}: attempts are counted from 1 to {_MOST_ATTEMPT}."
                )
        case "after_disposition":
            known = [each.value for each in Flag if each is not Flag.DNC]
            if wrong := [each for each in step.flags if each not in known]:
                raise InvalidSequenceError(
                    f"Step {step.name}: {wrong[0][:40]!r} is no flag that a message may follow; use "
                    f"{', '.join(known)}."
                )
        case "before_appointment" if step.before_s <= 0:
            raise InvalidSequenceError(f"Step {step.name}: before_s says how long before the appointment.")
        case "after_step":
            _check_reached(step.name, step.reached)
            if not step.step:
                raise InvalidSequenceError(f"Step {step.name}: step names the one that it follows.")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value == value
