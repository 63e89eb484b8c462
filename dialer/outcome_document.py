"""The document that says how each outcome is told, and what follows; made from the code that decides it."""

from collections.abc import Mapping

from campaigns.core.inbound import NO_AGENT
from campaigns.core.retry import DEAD_PHONE, DEFAULTS, RESTS_CALLER_ID, RetryRule
from dialer.core.outcome import (
    BY_CAUSE,
    BY_TONE,
    CallEnd,
    Outcome,
    outcome_of_answered,
    outcome_of_unanswered,
)
from dialer.core.trunks import is_a_refusal, may_try_another

_STATUSES = {
    300: "Multiple Choices",
    302: "Moved Temporarily",
    400: "Bad Request",
    401: "Unauthorized",
    402: "Payment Required",
    403: "Forbidden",
    404: "Not Found",
    407: "Proxy Authentication Required",
    408: "Request Timeout, before anything rang",
    410: "Gone",
    415: "Unsupported Media Type",
    420: "Bad Extension",
    480: "Temporarily Unavailable",
    484: "Address Incomplete",
    486: "Busy Here",
    487: "Request Terminated",
    488: "Not Acceptable Here",
    500: "Server Internal Error",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Server Time-out",
    600: "Busy Everywhere",
    603: "Decline",
    604: "Does Not Exist Anywhere",
    606: "Not Acceptable",
    607: "Unwanted",
    608: "Rejected",
}
_OTHERWISE = {
    "4xx or 6xx with the Reason of a carrier's analytics": CallEnd(480, reason_header="text=v=analytics1"),
    "603 Network Blocked, in the phrase or the Reason header": CallEnd(603, "Network Blocked"),
    "408 after it rang": CallEnd(408, provisional=True),
    "it rang for the whole ring time": CallEnd(487, by_far_end=False, timed_out=True, provisional=True),
    "nothing rang for the whole ring time": CallEnd(487, by_far_end=False, timed_out=True),
    "it was answered, and no audio could be agreed on": CallEnd(415, by_far_end=False, no_audio=True),
    "we gave it up": CallEnd(487, by_far_end=False),
}
_TEXT = """# Call outcomes

Generated from `dialer/core/outcome.py`, `dialer/core/trunks.py` and `campaigns/core/retry.py` by
`python -m dialer.documents docs`; edit those, not this file.

Every attempt has one outcome. Beside it are kept its SIP status and words, its Q.850 cause, its Reason
headers, the tone that was heard, the trunk, and how detection judged it, so that nothing is only "other".

## What follows

The lead's part is the default; a campaign's own retry rules come before it. A disposition of an agent comes
before the outcome.
A 607 puts the lead's numbers on the client's do-not-call list.

| outcome | the lead | the caller ID | the trunk |
|---|---|---|---|
{follows}
## Calls that nobody answered

A network's block counts first, then what is heard, then how we ended it, then a Q.850 cause, then the
status. Another trunk is tried only while nothing has rung.

### By the final SIP answer

| answer | outcome | another trunk is tried |
|---|---|---|
{statuses}
Any other answer is `{other}`.

### By timing, and by what comes with the answer

| what happened | outcome |
|---|---|
{otherwise}
### By the telephone network's own cause (Q.850, in a Reason header)

Not beside {exact}, which say more.

| cause | outcome | another trunk is tried |
|---|---|---|
{causes}
### By the tone that is heard, before the answer or in place of a person

| tone | outcome |
|---|---|
{tones}
## Calls that were answered

| who or what was there | outcome |
|---|---|
{answered}"""
_HOUR = 60
_EXACT = (408, 487, 600, 607, 608)


def call_outcomes() -> str:
    """The document's text."""
    again = {cause: may_try_another(503, cause) for cause in BY_CAUSE}
    return _TEXT.format(
        follows="".join(_follows(each) for each in Outcome),
        statuses="".join(_status(status) for status in _STATUSES),
        other=outcome_of_unanswered(CallEnd(499)),
        otherwise=_rows({what: outcome_of_unanswered(end) for what, end in _OTHERWISE.items()}),
        exact=", ".join(str(each) for each in _EXACT),
        causes="".join(f"| {each} | `{BY_CAUSE[each]}` | {_yes(again[each])} |\n" for each in BY_CAUSE),
        tones=_rows({str(tone).replace("_", " "): outcome for tone, outcome in BY_TONE.items()}),
        answered=_rows(_answered()),
    )


def _rows(outcomes: Mapping[str, Outcome]) -> str:
    return "".join(f"| {what} | `{outcome}` |\n" for what, outcome in outcomes.items())


def _answered() -> dict[str, Outcome]:
    return {
        "an agent talked, or was just being connected": outcome_of_answered(had_agent=True),
        "the same, and not one packet of audio came": outcome_of_answered(had_agent=True, no_audio=True),
        "no agent, within the law's time": outcome_of_answered(had_agent=False),
        "somebody, just as the call was given up": Outcome.ABANDONED,
        "a machine, by detection, in a campaign that acts on it": Outcome.MACHINE,
        "a fax, by its tone": Outcome.FAX,
        "anybody, in a campaign without agents": Outcome.ANSWERED,
        "nobody, for not one packet of audio came, in such a campaign": Outcome.NETWORK_FAILURE,
        "who has called us, and hung up while they waited": Outcome.GAVE_UP,
        "who has called us, and heard that nobody is free": Outcome.TOLD,
        "who has called us, and asked to be called back": Outcome.ASKED_BACK,
    }


def _status(status: int) -> str:
    outcome = outcome_of_unanswered(CallEnd(status))
    again = may_try_another(status, None)
    return f"| {status} {_STATUSES[status]} | `{outcome}` | {_yes(again)} |\n"


def _follows(outcome: Outcome) -> str:
    if outcome in NO_AGENT:
        return f"| `{outcome}` | where it was | - | - |\n"
    lead = _lead(DEFAULTS[outcome])
    if outcome in DEAD_PHONE:
        lead = "its next phone at once; without one, never again"
    caller_id = "rests" if outcome in RESTS_CALLER_ID else "-"
    return f"| `{outcome}` | {lead} | {caller_id} | {_trunk(outcome)} |\n"


def _lead(rule: RetryRule) -> str:
    if rule.delay_s is None:
        return "never again"
    minutes = rule.delay_s / 60
    if minutes == _HOUR:
        return "again after an hour"
    return f"again after {minutes:g} minutes" if minutes < _HOUR else f"again after {minutes / _HOUR:g} hours"


def _trunk(outcome: Outcome) -> str:
    failing = {outcome_of_unanswered(CallEnd(each)) for each in _STATUSES if is_a_refusal(each, None)}
    if outcome in failing:
        return "a failure, where nothing had rung or no audio came"
    unknown = outcome in (Outcome.LOST, Outcome.UNKNOWN, Outcome.CANCELED)
    return "-" if unknown else "it worked"


def _yes(value: bool) -> str:
    return "yes" if value else "no"
