"""A campaign's dispositions: what may be said, and what is refused with a word that helps."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.core import vicidial
from campaigns.core.campaign import CampaignSettings
from campaigns.core.disposition import BY_THE_DIALER, STANDARD, Flag, bits_of, flags_of
from campaigns.core.disposition_set import STANDARD_SET, DispositionSet
from campaigns.core.outcomes import OUTCOMES
from campaigns.core.retry import Final, RetryAt, RetryRules, decide
from campaigns.core.retry_rule import RetryRule
from campaigns.errors import InvalidDispositionsError, InvalidSettingsError, UnknownDispositionError
from tests.campaigns.seeds import NOW

OWN = {
    "leave_out": ["promise_to_pay"],
    "sale": {"label": "Ordered", "key": "1", "needs": ["amount", "product"], "aliases": ["ORDER"]},
    "thinks_it_over": {
        "label": "Wants to think it over",
        "flags": ["right_party"],
        "key": "4",
        "retry": {"delay_s": 172800, "other_time": True},
        "message": "offer",
    },
    "for_another_team": {
        "label": "Wants something else",
        "flags": ["customer_contact"],
        "campaign": "Winter",
    },
    "never_mind": {"label": "Never mind", "final": True},
}
SETTINGS = {"caller_id": "+12025550199", "currency": "EUR"}


def test_a_set_begins_with_the_standard_one_and_leaves_out_relabels_and_adds() -> None:
    said = DispositionSet.parse(OWN)
    assert said.get("sale").label == "Ordered"
    assert said.get("sale").flags == STANDARD["sale"].flags
    assert said.get("not_interested") == STANDARD["not_interested"]
    with pytest.raises(UnknownDispositionError, match="thinks_it_over"):
        said.get("promise_to_pay")
    assert said.get("thinks_it_over").flags == {Flag.RIGHT_PARTY, Flag.CUSTOMER_CONTACT, Flag.HUMAN_ANSWERED}
    assert not {each.code for each in said.for_agents} & set(BY_THE_DIALER)
    assert set(BY_THE_DIALER) <= set(said.dispositions)


def test_a_set_is_the_same_after_it_was_written_and_read() -> None:
    said = DispositionSet.parse(OWN)
    assert DispositionSet.parse(said.to_json()) == said
    assert STANDARD_SET.to_json() == {}


@pytest.mark.parametrize(
    ("given", "means"),
    [
        *(("SALE", "sale"), ("NI", "not_interested"), ("DNC", "do_not_call"), ("CALLBK", "callback")),
        *(("A", "answering_machine"), ("AA", "answering_machine"), ("ORDER", "sale"), ("sale", "sale")),
    ],
)
def test_aliases_say_what_they_say_elsewhere(given: str, means: str) -> None:
    assert DispositionSet.parse(OWN).get(given).code == means


def test_every_alias_of_vicidial_says_something_that_there_is() -> None:
    assert set(vicidial.DISPOSITIONS.values()) <= set(STANDARD)
    assert set(vicidial.OUTCOMES.values()) <= set(OUTCOMES)
    rules = RetryRules.parse({"B": {"delay_s": 60}, "NI": {"delay_s": 90}})
    assert set(rules.own) == {"busy", "not_interested"}


@pytest.mark.parametrize(
    ("document", "why"),
    [
        ([], "by code"),
        ({"Sale": {"label": "x"}}, "Sale: a code"),
        ({"busy": {"label": "x"}}, "busy: a code"),
        ({"mine": "x"}, "mine: each"),
        ({"mine": {}}, "mine: label"),
        ({"mine": {"label": "x", "colour": "red"}}, "mine: 'colour'"),
        ({"mine": {"label": "x", "flags": ["rich"]}}, "mine: flags are of"),
        ({"mine": {"label": "x", "flags": ["machine", "conversion"]}}, "machine cannot be human_answered"),
        ({"mine": {"label": "x", "flags": ["dnc", "callback"]}}, "dnc cannot be callback"),
        ({"sale": {"flags": ["dnc"]}}, "sale: the flags"),
        ({"sale": {"key": "F1"}}, "sale: key"),
        ({"sale": {"key": "1"}, "callback": {"key": "1"}}, "key 1 is that of sale"),
        ({"sale": {"needs": ["blood"]}}, "sale: 'blood'"),
        ({"hung_up": {"needs": ["amount"]}}, "amount is needed only"),
        ({"sale": {"needs": ["callback"]}}, "callback is needed only"),
        ({"no_disposition": {"key": "0"}}, "the dialer says it"),
        ({"sale": {"retry": {"delay_s": 0}}}, "dispositions.sale.retry: delay_s"),
        ({"sale": {"final": True, "retry": {"delay_s": 60}}}, "sale: what is final"),
        ({"sale": {"final": "yes"}}, "sale: final is true or false"),
        ({"do_not_call": {"retry": {"delay_s": 60}}}, "an opt-out is never called again"),
        ({"callback": {"campaign": "Winter"}}, "goes on in another campaign"),
        ({"sale": {"message": "Two words"}}, "sale: message"),
        ({"sale": {"aliases": ["callback"]}}, "alias 'callback'"),
        ({"sale": {"aliases": "SOLD"}}, "sale: aliases is a list"),
        ({"leave_out": ["sold"]}, "'sold' is no standard"),
        ({"leave_out": ["no_disposition"]}, "the dialer itself"),
        ({"leave_out": ["sale"], "sale": {"label": "x"}}, "sale: it is in leave_out"),
        ({"leave_out": ["do_not_call"]}, "not to be called again"),
        ({f"own_{each}": {"label": "x"} for each in range(100)}, "at most 100"),
    ],
)
def test_a_set_that_makes_no_sense_is_refused_by_its_place(document: object, why: str) -> None:
    with pytest.raises(InvalidDispositionsError, match=why):
        DispositionSet.parse(document)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda more: (
            st.lists(more, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    [
                        "sale",
                        "mine",
                        "label",
                        "key",
                        "flags",
                        "needs",
                        "retry",
                        "delay_s",
                        "leave_out",
                        "aliases",
                        "final",
                        "campaign",
                    ]
                ),
                more,
                max_size=4,
            )
        ),
        max_leaves=12,
    )
)
def test_no_document_gets_another_error(document: object) -> None:
    try:
        said = DispositionSet.parse(document)
    except InvalidDispositionsError:
        return
    assert DispositionSet.parse(said.to_json()) == said


@given(st.frozensets(st.sampled_from(list(Flag))))
def test_flags_come_back_from_their_number(flags: frozenset[Flag]) -> None:
    assert flags_of(bits_of(flags)) == flags


def test_what_a_campaign_says_elsewhere_has_to_fit_its_set() -> None:
    settings = CampaignSettings.parse(
        SETTINGS | {"dispositions": OWN, "retry_rules": {"hung_up": {"delay_s": 9}}}
    )
    assert CampaignSettings.parse(settings.to_json()) == settings
    for wrong, why in (
        ({"retry_rules": {"promise_to_pay": {"delay_s": 60}}}, "promise_to_pay"),
        ({"retry_rules": {"thinks_it_over": {"delay_s": 60}}}, "in one place"),
        ({"retry_rules": {"B": {"delay_s": 60}, "busy": {"delay_s": 90}}}, "two rules"),
        ({"default_disposition": "sale"}, "conversion"),
        ({"default_disposition": "promise_to_pay"}, "not a disposition"),
        ({"currency": ""}, "which currency"),
        ({"currency": "Euro"}, "no currency"),
        ({"correction_limit_s": -1}, "correction_limit_s"),
        (
            {
                "dial_mode": "agentless",
                "menu": {"start": "a", "steps": {"a": {"do": "hang_up", "disposition": "sale"}}},
            },
            "needs amount",
        ),
    ):
        with pytest.raises(InvalidSettingsError, match=why):
            CampaignSettings.parse(SETTINGS | {"dispositions": OWN} | wrong)


def test_what_a_disposition_says_of_its_lead_goes_before_its_flags() -> None:
    said, rules = DispositionSet.parse(OWN), RetryRules.parse({})
    assert decide(said.get("never_mind"), 1, 5, rules, NOW) == Final("never_mind")
    assert decide(said.get("for_another_team"), 1, 5, rules, NOW) == Final("for_another_team")
    later = decide(said.get("thinks_it_over"), 1, 5, rules, NOW)
    assert isinstance(later, RetryAt)
    assert (later.at - NOW).total_seconds() == 172800
    assert said.get("thinks_it_over").retry == RetryRule(172800.0, other_time=True)
