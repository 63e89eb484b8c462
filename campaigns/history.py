"""What happened to a lead, as events in sentences."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from campaigns.core.attempt import IN
from campaigns.core.callback import OPEN, OWNERS, CallbackState
from campaigns.core.sales import Sold
from campaigns.stores.explain import DncHit, FoundLead
from campaigns.tables import Attempt, Callback, DispositionChange, LeadSkip
from leads.tables import Consent


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened; `what` is loaded, dnc, consent, consent_withdrawn, attempt, disposition,
    correction, sale, skipped, callback, callback_over, denied, or now."""

    at: datetime
    what: str
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OwedCallback:
    """A call that is promised to a lead."""

    id: int
    agent: str
    """Whose it is; empty for anyone's."""
    by_owner: bool
    """Whether its owner alone is offered it now."""
    due_at: datetime
    zone: str
    state: str
    sentence: str


def loaded(found: FoundLead) -> Event:
    """How the lead came."""
    return Event(
        at=found.lead.created_at,
        what="loaded",
        sentence=f"The lead was loaded from {found.load.source} into the list {found.list_name}.",
    )


def listed(hit: DncHit) -> Event:
    """How a number came on a do-not-call list."""
    which = f"Every number that begins with {hit.prefix}" if hit.prefix else "The number"
    why_listed = f": {hit.reason}" if hit.reason else ""
    return Event(
        at=hit.since,
        what="dnc",
        sentence=f"{which} was put on the do-not-call list {hit.dnc_list} ({hit.level}){why_listed}.",
    )


def consented(consent: Consent) -> list[Event]:
    """A consent given, and withdrawn."""
    events = []
    if consent.withdrawn_at is None or consent.withdrawn_at > consent.given_at:
        told = ", ".join(part for part in (consent.basis, consent.source) if part)
        given = f"Consent to {consent.channel} was given ({told})."
        events.append(Event(at=consent.given_at, what="consent", sentence=given))
    if consent.withdrawn_at is not None:
        where = f" ({consent.withdrawn_source})" if consent.withdrawn_source else ""
        withdrawn = f"Consent to {consent.channel} was withdrawn{where}."
        events.append(Event(at=consent.withdrawn_at, what="consent_withdrawn", sentence=withdrawn))
    return events


def called(attempt: Attempt, agent: str | None) -> list[Event]:
    """An attempt, or a call of the person to us, and what its agent said it came to."""
    result = attempt.outcome.replace("_", " ") or "it goes on"
    whom = attempt.e164 or "a number that is no longer kept"
    came = attempt.direction == IN
    name = "The person's call" if came else f"Call {attempt.number}"
    parts = [f"{name} {'from' if came else 'to'} {whom}: {result}"]
    parts += [f"SIP {attempt.sip_status}"] if attempt.sip_status else []
    parts += [f"Q.850 cause {attempt.q850_cause}"] if attempt.q850_cause is not None else []
    parts += [f"{attempt.heard.replace('_', ' ')} tone heard"] if attempt.heard else []
    parts += [f"over {attempt.trunk}"] if attempt.trunk else []
    parts += [f"after {failed}" for failed in attempt.rerouted]
    parts += [f"with {agent}"] if agent else []
    events = [Event(at=attempt.placed_at, what="attempt", sentence=f"{', '.join(parts)}.")]
    if attempt.disposition and attempt.disposition_at:
        said = f"{name} came to {attempt.disposition.replace('_', ' ')}."
        events.append(Event(at=attempt.disposition_at, what="disposition", sentence=said))
    return events


def corrected(change: DispositionChange) -> Event:
    """What was said of a call was taken back for something else."""
    before, after = (each.replace("_", " ") for each in (change.disposition, change.becomes))
    what = f"from {before} to {after}" if before != after else f"but it stays {after}"
    why = f": {change.reason}" if change.reason else ""
    sentence = f"{change.who} corrected what a call came to, {what}{why}."
    return Event(at=change.changed_at, what="correction", sentence=sentence)


def sold(attempt: Attempt, sale: Sequence[Sold]) -> list[Event]:
    """What was sold in a call; nothing where nothing was."""
    if not sale:
        return []
    lines = ", ".join(f"{each.quantity} x {each.product or 'something'} for {each.price}" for each in sale)
    at = attempt.disposition_at or attempt.placed_at
    return [Event(at=at, what="sale", sentence=f"Sold: {lines}.")]


def skipped(skip: LeadSkip, agent: str) -> Event:
    """An agent saw the lead and did not have it called."""
    why = f": {skip.reason.replace('_', ' ')}" if skip.reason else ""
    return Event(at=skip.skipped_at, what="skipped", sentence=f"{agent} skipped the lead{why}.")


def owed(promises: Sequence[tuple[Callback, str | None]]) -> OwedCallback | None:
    """The call that is still owed, of all that were promised with their owners' names."""
    found = next((each for each in promises if each[0].state in OPEN), None)
    if found is None:
        return None
    callback, owner = found
    when = f"{callback.due_at.astimezone(ZoneInfo(callback.zone)):%Y-%m-%d %H:%M} ({callback.zone})"
    sentence = f"{owner or 'Whoever is free then'} is to call back at {when}."
    if callback.state == CallbackState.MISSED:
        sentence = f"A call was promised for {when} and missed; whoever is free next makes it."
    return OwedCallback(
        id=callback.id,
        agent=owner or "",
        by_owner=owner is not None and callback.state in OWNERS,
        due_at=callback.due_at,
        zone=callback.zone,
        state=callback.state,
        sentence=sentence,
    )


def promised(callback: Callback, owner: str | None) -> list[Event]:
    """A call that was promised, and what became of it."""
    by = f" by {owner}" if owner else ""
    first = Event(at=callback.created_at, what="callback", sentence=f"A call back was promised{by}.")
    if callback.state in OPEN:
        return [first]
    why = f": {callback.reason.replace('_', ' ')}" if callback.reason else ""
    over = f"The call back was {callback.state}{why}."
    return [first, Event(at=callback.changed_at, what="callback_over", sentence=over)]


def denied(denial: dict[str, object]) -> list[Event]:
    """What compliance answered when it last denied a call."""
    reasons = denial.get("reasons")
    if not isinstance(reasons, list):
        return []
    sentences = " ".join(str(each["sentence"]) for each in reasons)
    at = datetime.fromisoformat(str(denial["at"]))
    return [Event(at=at, what="denied", sentence=f"A call was not allowed. {sentences}")]
