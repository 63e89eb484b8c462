"""A campaign's messages are checked before any is sent, and each follows what it is said to follow."""

from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.core.campaign import CampaignSettings
from campaigns.core.disposition import STANDARD, Flag
from campaigns.core.sequence import (
    REACHED,
    WHEN,
    WITHOUT_CONTACT,
    MessageSequence,
    after_attempt,
    after_disposition,
    after_step,
    before_appointment,
    has_reached,
    warm_up,
)
from campaigns.errors import InvalidSequenceError

NOW = datetime(2026, 11, 23, 15, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)

DOCUMENT: dict[str, Any] = {
    "holdout_share": 0.1,
    "links_at": "https://go.acme.example",
    "help_text": "Acme: reply STOP to end messages.",
    "steps": {
        "letter": {
            "when": "before_first_call",
            "before_s": 3 * 86400,
            "channel": "email",
            "subject": "Your offer, {{ first_name }}",
            "text": "See https://acme.example/offer",
            "html": "<p>See <a href='https://acme.example/offer'>it</a></p>",
        },
        "hello": {
            "when": "before_first_call",
            "before_s": 3600,
            "call_waits_s": 7200,
            "channel": "sms",
            "text": "Acme calls you in an hour. STOP ends this.",
        },
        "missed-you": {
            "when": "after_attempt",
            "outcomes": ["no_answer", "machine"],
            "attempts": [1, 3],
            "delay_s": 600,
            "channel": "sms",
            "text": "We called.",
            "only_if": {"step": "hello", "reached": "delivered"},
        },
        "brochure": {
            "when": "after_disposition",
            "dispositions": ["callback"],
            "flags": ["conversion"],
            "channel": "email",
            "subject": "Brochure",
            "text": "Here it is.",
            "held_out_too": True,
        },
        "nudge": {
            "when": "after_step",
            "step": "brochure",
            "reached": "opened",
            "delay_s": 86400,
            "channel": "sms",
            "text": "Any questions?",
        },
        "reminder": {
            "when": "before_appointment",
            "before_s": 86400,
            "channel": "sms",
            "text": "Tomorrow: {{ appointment.starts_at }}",
        },
    },
}
SEQUENCE = MessageSequence.parse(DOCUMENT)


def changed(of: str, /, **values: Any) -> dict[str, Any]:
    """The document with a step changed; None takes a field out."""
    document = deepcopy(DOCUMENT)
    fields = document["steps"][of] | values
    document["steps"][of] = {name: each for name, each in fields.items() if each is not None}
    return document


def test_a_sequence_is_read_and_written_without_a_change() -> None:
    assert MessageSequence.parse(SEQUENCE.to_json()) == SEQUENCE
    settings = CampaignSettings.parse({"caller_id": "+12025550199", "sequence": DOCUMENT})
    assert settings.sequence == SEQUENCE
    assert CampaignSettings.parse(settings.to_json()) == settings
    assert SEQUENCE.channels == {"sms", "email"}


@pytest.mark.parametrize(
    ("document", "says"),
    [
        ([], "steps by name"),
        ({"steps": {}}, "1 to 50 steps"),
        (DOCUMENT | {"share": 1}, "'share' is not a part"),
        (DOCUMENT | {"holdout_share": 1}, "holdout_share"),
        (DOCUMENT | {"holdout_share": True}, "holdout_share"),
        (DOCUMENT | {"links_at": "acme.example"}, "links_at"),
        (DOCUMENT | {"links_at": "https://acme.example/?to="}, "links_at"),
        ({"steps": {"No": {}}}, "not a step's name"),
        (changed("hello", when="now"), "Step hello: when is one of before_first_call"),
        (changed("hello", channel="fax"), "Step hello: channel"),
        (changed("hello", delay_s=5), "'delay_s' is nothing that before_first_call has"),
        (changed("hello", before_s=-1), "before_s is a number from 0"),
        (changed("hello", call_waits_s=1e9), "call_waits_s is a number from 0"),
        (changed("hello", text=" "), "Step hello: text"),
        (changed("hello", text="x" * 1601), "1,600 characters"),
        (changed("hello", subject="Hi"), "a text message has no subject"),
        (changed("letter", subject=None), "an e-mail has a subject"),
        (changed("letter", subject="a\nBcc: b@c"), "an e-mail has a subject"),
        (changed("missed-you", outcomes=["human"]), "'human' is no outcome without contact"),
        (changed("missed-you", outcomes="busy"), "outcomes is a list"),
        (changed("missed-you", attempts=["1"]), "list of numbers"),
        (changed("missed-you", attempts=[0]), "counted from 1"),
        (changed("missed-you", only_if={"step": "hello"}), "only_if names a step"),
        (changed("missed-you", only_if={"step": "hello", "reached": "read"}), "reached is one of"),
        (changed("missed-you", only_if={"step": "no", "reached": "sent"}), "looks at 'no'"),
        (changed("brochure", flags=None, dispositions=None), "name dispositions or flags"),
        (changed("brochure", flags=["dnc"]), "'dnc' is no flag that a message may follow"),
        (changed("nudge", step="nudge"), "looks at itself"),
        (changed("nudge", step=None), "step names the one"),
        (changed("nudge", reached="delivered "), "reached is one of"),
        (changed("reminder", before_s=0), "how long before the appointment"),
        (changed("brochure", held_out_too="yes"), "true or false"),
    ],
)
def test_what_makes_no_sense_is_refused_with_its_place(document: Any, says: str) -> None:
    with pytest.raises(InvalidSequenceError) as refused:
        MessageSequence.parse(document)
    assert says in str(refused.value)


def test_steps_that_follow_each_other_in_a_circle_are_refused() -> None:
    document = changed("brochure", when="after_step", step="nudge", reached="sent", flags=None)
    document["steps"]["brochure"].pop("dispositions")
    with pytest.raises(InvalidSequenceError, match="comes after itself"):
        MessageSequence.parse(document)


def test_a_disposition_that_the_campaign_does_not_have_is_refused() -> None:
    document = changed("brochure", dispositions=["bought_it"])
    with pytest.raises(InvalidSequenceError, match="'bought_it' is not a disposition"):
        CampaignSettings.parse({"caller_id": "+12025550199", "sequence": document})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.sampled_from(WHEN),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=10,
)


@given(
    st.sampled_from(sorted(DOCUMENT["steps"])),
    st.sampled_from(
        [
            *(
                "when",
                "channel",
                "text",
                "subject",
                "html",
                "before_s",
                "call_waits_s",
                "delay_s",
                "outcomes",
            ),
            *("attempts", "dispositions", "flags", "step", "reached", "only_if", "held_out_too"),
        ]
    ),
    JSON,
)
def test_whatever_a_field_holds_a_sequence_is_refused_in_words_or_good(
    step: str, name: str, value: Any
) -> None:
    document = deepcopy(DOCUMENT)
    document["steps"][step][name] = value
    try:
        read = MessageSequence.parse(document)
    except InvalidSequenceError:
        return
    assert MessageSequence.parse(read.to_json()) == read


def test_the_first_call_keeps_its_distance_to_the_messages() -> None:
    warming = warm_up(SEQUENCE, None, NOW)
    assert [(each.step.name, each.due_at) for each in warming.messages] == [
        ("letter", NOW),
        ("hello", NOW + 3 * DAY - HOUR),
    ]
    assert warming.first_call_at == NOW + 3 * DAY
    assert warming.waits_for("letter") == NOW + 3 * DAY
    assert warming.waits_for("hello") == NOW + 3 * DAY + HOUR
    assert warming.waits_for("none") == NOW + 3 * DAY


def test_what_is_due_later_is_written_to_later() -> None:
    warming = warm_up(SEQUENCE, NOW + 10 * DAY, NOW)
    assert [each.due_at for each in warming.messages] == [NOW + 7 * DAY, NOW + 10 * DAY - HOUR]
    assert warming.first_call_at == NOW + 10 * DAY


@given(st.sampled_from(WITHOUT_CONTACT), st.integers(1, 5))
def test_an_attempt_without_contact_is_followed_by_what_names_it(outcome: str, number: int) -> None:
    planned = after_attempt(SEQUENCE, 7, outcome, number, NOW)
    meant = outcome in ("no_answer", "machine") and number in (1, 3)
    assert [(each.step.name, each.due_at, each.cause) for each in planned] == (
        [("missed-you", NOW + timedelta(minutes=10), "attempt:7")] if meant else []
    )


def test_a_talk_or_a_call_that_nobody_knows_of_is_no_attempt_without_contact() -> None:
    for outcome in ("human", "unknown", "lost", "sale", "not_interested"):
        assert after_attempt(SEQUENCE, 7, outcome, 1, NOW) == ()


@pytest.mark.parametrize("code", STANDARD)
def test_a_disposition_is_followed_by_what_names_it_or_its_flag_but_never_an_opt_out(code: str) -> None:
    flags = STANDARD[code].flags
    planned = after_disposition(SEQUENCE, 7, STANDARD[code], NOW)
    meant = (code == "callback" or Flag.CONVERSION in flags) and Flag.DNC not in flags
    assert [each.step.name for each in planned] == (["brochure"] if meant else [])


def test_a_disposition_may_name_the_step_that_follows_it() -> None:
    said = {"thinks": {"label": "Thinks it over", "flags": ["right_party"], "message": "offer"}}
    offer = {"when": "after_disposition", "channel": "sms", "text": "Our offer."}
    values = {"caller_id": "+12025550199", "dispositions": said}
    settings = CampaignSettings.parse(values | {"sequence": {"steps": {"offer": offer}}})
    assert settings.sequence is not None
    thinks = settings.dispositions.get("thinks")
    assert [each.step.name for each in after_disposition(settings.sequence, 7, thinks, NOW)] == ["offer"]
    assert after_disposition(settings.sequence, 7, STANDARD["sale"], NOW) == ()
    assert CampaignSettings.parse(values).sequence is None
    with pytest.raises(InvalidSequenceError, match="has no step 'offer'"):
        CampaignSettings.parse(values | {"sequence": {"steps": {"hello": DOCUMENT["steps"]["hello"]}}})


def test_a_reminder_whose_time_has_passed_is_not_sent() -> None:
    (planned,) = before_appointment(SEQUENCE, "appointment:3:0", NOW + 2 * DAY, NOW)
    assert (planned.due_at, planned.expires_at, planned.cause) == (
        NOW + DAY,
        NOW + 2 * DAY,
        "appointment:3:0",
    )
    assert before_appointment(SEQUENCE, "appointment:3:1", NOW + HOUR, NOW) == ()


def test_a_step_follows_another_once_that_came_far_enough() -> None:
    for reached in REACHED:
        planned = after_step(SEQUENCE, "brochure", reached, "attempt:7", NOW)
        assert [(each.step.name, each.cause) for each in planned] == (
            [("nudge", "attempt:7")] if reached in ("opened", "clicked") else []
        )
    assert after_step(SEQUENCE, "hello", "clicked", "attempt:7", NOW) == ()
    assert not has_reached("", "sent")
