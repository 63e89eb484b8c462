"""Leads that agents look at: kept while they do, called, skipped or put back; on both databases."""

from dataclasses import replace
from datetime import timedelta

import pytest

from campaigns import effects, previewing, service
from campaigns.core.attempt import ClaimedLead, PermittedLead
from campaigns.errors import PreviewDeniedError, PreviewLostError
from campaigns.explaining import explain, why
from campaigns.persons import PersonSkip, export_person
from campaigns.stores.shared import Sessions
from tests.campaigns.lawless import NO_LAW
from tests.campaigns.seeds import NOW, Person, lead_rows, seed_campaign, seed_leads, suppress

PHONE, OTHER = "+12025550101", "+12025550102"
LATER = NOW + timedelta(seconds=20)


async def looked_at(sessions: Sessions, *phones: str, **settings: object) -> tuple[int, PermittedLead]:
    """A preview campaign, and its one lead as an agent looks at it."""
    await seed_leads(sessions, [Person(phones or [PHONE])])
    campaign = await seed_campaign(sessions, dial_mode="preview", **settings)
    (permitted,) = await service.claim_permitted(sessions, NO_LAW, campaign, 1, NOW)
    return campaign, permitted


async def skip(sessions: Sessions, campaign: int, claim: ClaimedLead, reason: str = "wrong_time") -> int:
    """An agent skips the lead; the agent's id."""
    agent = await service.add_agent(sessions, "acme", "Ann", "sip:ann@pbx.example", NOW)
    async with sessions() as session, session.begin():
        await previewing.skip(session, campaign, claim, agent, reason, LATER)
    return agent


async def only_row(sessions: Sessions, campaign: int):  # type: ignore[no-untyped-def]
    (row,) = (await lead_rows(sessions, campaign)).values()
    return row


async def test_a_lead_that_is_dialed_has_its_attempt_on_record(sessions: Sessions) -> None:
    campaign, permitted = await looked_at(sessions)
    started = await previewing.start_previewed(sessions, NO_LAW, campaign, permitted, LATER)
    (attempt,) = await service.list_attempts(sessions, campaign, 0, 10)
    assert (started.attempt_id, started.e164, attempt.placed_at) == (attempt.id, PHONE, LATER)
    assert (await only_row(sessions, campaign)).state == "calling"


async def test_a_lead_that_may_not_be_called_any_more_is_refused_with_the_reason(sessions: Sessions) -> None:
    campaign, permitted = await looked_at(sessions)
    await suppress(sessions, PHONE)
    with pytest.raises(PreviewDeniedError, match=r"may not be called now.*do-not-call"):
        await previewing.start_previewed(sessions, NO_LAW, campaign, permitted, LATER)
    row = await only_row(sessions, campaign)
    assert (row.state, row.reason, row.attempts) == ("final", "on_dnc_list", 0)


async def test_where_only_the_number_is_refused_the_lead_comes_again_with_its_next_one(
    sessions: Sessions,
) -> None:
    campaign, permitted = await looked_at(sessions, PHONE, OTHER)
    await suppress(sessions, PHONE)
    with pytest.raises(PreviewDeniedError, match="next one takes its place"):
        await previewing.start_previewed(sessions, NO_LAW, campaign, permitted, LATER)
    (again,) = await service.claim_permitted(sessions, NO_LAW, campaign, 1, LATER)
    assert again.lead.e164 == OTHER


async def test_a_campaign_that_was_paused_meanwhile_calls_nobody(sessions: Sessions) -> None:
    campaign, permitted = await looked_at(sessions)
    await service.pause_campaign(sessions, campaign, LATER)
    with pytest.raises(PreviewDeniedError, match="not running"):
        await previewing.start_previewed(sessions, NO_LAW, campaign, permitted, LATER)


async def test_a_claim_that_has_passed_to_somebody_else_calls_nobody(sessions: Sessions) -> None:
    campaign, permitted = await looked_at(sessions)
    expired = NOW + timedelta(minutes=5)
    (theirs,) = await service.claim_permitted(sessions, NO_LAW, campaign, 1, expired)
    assert theirs.lead.lead_id == permitted.lead.lead_id
    with pytest.raises(PreviewLostError):
        await previewing.start_previewed(sessions, NO_LAW, campaign, permitted, expired)
    async with sessions() as session, session.begin():
        assert not await previewing.keep(session, campaign, permitted.lead, expired)
        await effects.release(session, campaign, [permitted.lead])
    await skip(sessions, campaign, permitted.lead)
    row = await only_row(sessions, campaign)
    assert (row.state, row.claimed_until) == ("claimed", theirs.lead.claimed_until)


async def test_a_skip_is_no_attempt_and_the_lead_comes_again_after_an_hour(sessions: Sessions) -> None:
    campaign, permitted = await looked_at(sessions)
    await skip(sessions, campaign, permitted.lead)
    row = await only_row(sessions, campaign)
    assert (row.state, row.reason, row.attempts) == ("waiting", "retry_skipped", 0)
    assert row.due_at == LATER + timedelta(hours=1)
    assert (
        await service.claim_permitted(sessions, NO_LAW, campaign, 1, row.due_at - timedelta(seconds=1)) == []
    )
    (again,) = await service.claim_permitted(sessions, NO_LAW, campaign, 1, row.due_at)
    assert again.lead.attempts == 0


@pytest.mark.parametrize(
    ("rule", "state", "reason"),
    [({"delay_s": 60}, "waiting", "retry_skipped"), ({"delay_s": None}, "final", "skipped")],
)
async def test_the_campaign_says_when_a_skipped_lead_comes_again(
    sessions: Sessions, rule: dict[str, object], state: str, reason: str
) -> None:
    campaign, permitted = await looked_at(sessions, retry_rules={"skipped": rule})
    await skip(sessions, campaign, permitted.lead)
    row = await only_row(sessions, campaign)
    assert (row.state, row.reason) == (state, reason)
    assert state == "final" or row.due_at == LATER + timedelta(minutes=1)


async def test_who_skipped_a_lead_and_why_is_explained_and_handed_out(sessions: Sessions) -> None:
    campaign, permitted = await looked_at(sessions)
    agent = await skip(sessions, campaign, permitted.lead)
    (facts,) = (await explain(sessions, NO_LAW, PHONE, campaign, LATER)).campaigns
    assert [(each.at, each.sentence) for each in facts.history if each.what == "skipped"] == [
        (LATER, "Ann skipped the lead: wrong time.")
    ]
    assert "retry skipped" in facts.sentence
    lines = (await why(sessions, campaign, LATER)).waiting_for
    assert [(line.kind, line.detail) for line in lines] == [("retry", "skipped")]
    told = PersonSkip(
        campaign_id=campaign,
        lead_id=permitted.lead.lead_id,
        agent_id=agent,
        reason="wrong_time",
        skipped_at=LATER,
    )
    assert (await export_person(sessions, PHONE)).skips == [told]


async def test_a_lead_that_is_put_back_is_the_next_to_be_shown(sessions: Sessions) -> None:
    campaign, permitted = await looked_at(sessions)
    async with sessions() as session, session.begin():
        await effects.release(session, campaign, [permitted.lead])
    (again,) = await service.claim_permitted(sessions, NO_LAW, campaign, 1, NOW)
    assert again.lead.lead_id == permitted.lead.lead_id


async def test_a_claim_that_is_kept_lasts_and_can_still_be_called(sessions: Sessions) -> None:
    campaign, permitted = await looked_at(sessions)
    until = NOW + timedelta(minutes=10)
    async with sessions() as session, session.begin():
        assert await previewing.keep(session, campaign, permitted.lead, until)
    later = NOW + timedelta(minutes=9)
    assert await service.claim_permitted(sessions, NO_LAW, campaign, 1, later) == []
    kept = replace(permitted, lead=replace(permitted.lead, claimed_until=until))
    assert (await previewing.start_previewed(sessions, NO_LAW, campaign, kept, later)).e164 == PHONE
