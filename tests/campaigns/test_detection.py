"""How often answering-machine detection was wrong, as agents say, and which verdicts are checked."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns import service
from campaigns.core.attempt import Ending
from campaigns.core.detection import (
    FEWEST_CHECKED,
    MACHINE_VERDICTS,
    PERSON_VERDICTS,
    PRESUMED_FALSE_POSITIVES,
    VerdictGroup,
    detection_figures,
    error_rate,
    false_positive_rate,
    sampled_for_review,
)
from campaigns.core.disposition import STANDARD, Flag
from campaigns.core.intervals import wilson
from campaigns.reports.text import detection_tables, plain
from campaigns.stores.attempts import AttemptStore
from campaigns.stores.shared import Sessions
from tests.campaigns.lawless import NO_LAW
from tests.campaigns.seeds import NOW, people, seed_campaign, seed_leads


def said(code: str) -> frozenset[Flag]:
    """The flags of what an agent said; none where nothing was said."""
    return STANDARD[code].flags if code else frozenset()


GROUPS = st.lists(
    st.builds(
        VerdictGroup,
        st.sampled_from([*PERSON_VERDICTS, *MACHINE_VERDICTS, ""]),
        st.frozensets(st.sampled_from(list(Flag))),
        st.integers(1, 1000),
    ),
    max_size=20,
)


@given(st.integers(1, 10**12), st.floats(0, 1), st.floats(0, 1))
def test_what_is_checked_at_one_share_is_checked_at_every_higher_one(
    attempt: int, one: float, other: float
) -> None:
    low, high = sorted((one, other))
    assert sampled_for_review(attempt, low) <= sampled_for_review(attempt, high)
    assert not sampled_for_review(attempt, 0.0)
    assert sampled_for_review(attempt, 1.0)


@pytest.mark.parametrize("step", [1, 2, 7, 64])
def test_the_share_is_held_whatever_the_numbers_of_attempts(step: int) -> None:
    checked = sum(sampled_for_review(number * step, 0.05) for number in range(1, 20_001))
    assert checked / 20_000 == pytest.approx(0.05, abs=0.005)


def test_what_the_agent_heard_corrects_the_verdict() -> None:
    found = detection_figures(
        [
            VerdictGroup("human", said("sale"), 90),
            VerdictGroup("unsure", said("answering_machine"), 9),
            VerdictGroup("unsure", said("hung_up"), 1),
            VerdictGroup("human", said("no_disposition"), 40),
            VerdictGroup("machine", said("answering_machine"), 18),
            VerdictGroup("fax", said("fax_or_modem"), 1),
            VerdictGroup("machine", said("not_interested"), 1),
            VerdictGroup("machine", said(""), 500),
            VerdictGroup("", said("answering_machine"), 7),
        ]
    )
    assert (found.said_person, found.said_machine) == (140, 520)
    assert (found.machines_among_people.wrong, found.machines_among_people.checked) == (9, 100)
    assert found.machines_among_people.value == 0.09
    assert (found.people_among_machines.wrong, found.people_among_machines.checked) == (1, 20)
    assert (found.people_among_machines.low, found.people_among_machines.high) == pytest.approx(
        (0.0089, 0.2361), abs=1e-4
    )


@given(GROUPS)
def test_whatever_was_said_the_parts_add_up(groups: list[VerdictGroup]) -> None:
    found = detection_figures(groups)
    assert found.said_person + found.said_machine == sum(each.count for each in groups if each.verdict)
    for rate, said in (
        (found.people_among_machines, found.said_machine),
        (found.machines_among_people, found.said_person),
    ):
        assert 0 <= rate.wrong <= rate.checked <= said
        assert 0 <= rate.low <= (rate.low if rate.value is None else rate.value) <= rate.high <= 1


def test_the_interval_is_wilsons() -> None:
    assert wilson(0, 0) == (0.0, 1.0)
    assert wilson(0, 10) == pytest.approx((0.0, 0.2775), abs=1e-4)
    assert wilson(5, 10) == pytest.approx((0.2366, 0.7634), abs=1e-4)


async def test_the_report_shows_the_error_of_detection(sessions: Sessions) -> None:
    await seed_leads(sessions, people(4))
    campaign_id = await seed_campaign(sessions, amd_mode="flag")
    agent_id = await service.add_agent(sessions, "acme", "anna", "sip:anna@pbx.example", NOW)
    report = await service.report(sessions, campaign_id, NOW)
    assert detection_tables(report) == []
    permitted = await service.claim_permitted(sessions, NO_LAW, campaign_id, 4, NOW)
    started = await service.start_attempts(sessions, NO_LAW, campaign_id, permitted, NOW)
    said = (("machine", "sale"), ("machine", "answering_machine"), ("human", "sale"), ("", "sale"))
    for each, (verdict, disposition) in zip(started, said, strict=True):
        async with sessions() as session, session.begin():
            store = AttemptStore(session)
            await store.update_attempt(each.attempt_id, answered_at=NOW, connected_at=NOW, agent_id=agent_id)
            if verdict:
                await store.update_attempt(
                    each.attempt_id, amd_verdict=verdict, amd_confidence=0.9, amd_took_s=1.5
                )
        await service.finish_attempt(sessions, each.attempt_id, Ending("human"), NOW)
        await service.set_disposition(sessions, each.attempt_id, disposition, "", NOW)
    report = await service.report(sessions, campaign_id, NOW)
    assert (report.detection.said_machine, report.detection.said_person) == (2, 1)
    assert report.detection.people_among_machines.value == 0.5
    assert report.detection.machines_among_people.value == 0.0
    (table,) = detection_tables(report)
    assert "50.00%" in plain(table)


def test_a_law_is_answered_with_what_is_presumed_until_enough_was_checked() -> None:
    for checked in range(FEWEST_CHECKED):
        assert false_positive_rate(error_rate(0, checked)) == PRESUMED_FALSE_POSITIVES
    assert false_positive_rate(error_rate(0, FEWEST_CHECKED)) <= PRESUMED_FALSE_POSITIVES
    found = error_rate(10, 1000)
    assert false_positive_rate(found) == found.high > 0.01


def test_what_is_surely_worse_than_presumed_counts_at_once() -> None:
    found = error_rate(8, 20)
    assert false_positive_rate(found) == found.high
