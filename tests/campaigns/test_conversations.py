"""What agents did on calls, and who was called into them, on record."""

from datetime import timedelta

from sqlmodel import select

from campaigns import service
from campaigns.agents import time_of_agent
from campaigns.core.attempt import Ending
from campaigns.lead_history import screen_pop
from campaigns.persons import erase_person
from campaigns.stores.agents import AgentStore
from campaigns.stores.conversations import ConversationStore
from campaigns.stores.lead_history import HandedOver
from campaigns.stores.shared import Sessions
from dialer.core.agent import AgentState
from dialer.core.effects import AgentChanged, CallHasEnded, CallStepped, GuestAnswered, GuestLeft
from dialer.core.outcome import CallEnd, Outcome
from dialer.records import write
from leads.tables import Client, LeadList
from tests.campaigns.lawless import NO_LAW
from tests.campaigns.seeds import NOW, people, seed_campaign, seed_leads

CLOSER = "+12025550177"


async def a_call(sessions: Sessions) -> tuple[int, int, str]:
    """An attempt, an agent, and the number that was called."""
    await seed_leads(sessions, people(1))
    campaign = await seed_campaign(sessions)
    permitted = await service.claim_permitted(sessions, NO_LAW, campaign, 1, NOW)
    (started,) = await service.start_attempts(sessions, NO_LAW, campaign, permitted, NOW)
    async with sessions() as session, session.begin():
        agent = await AgentStore(session).add(1, "Ann", "sip:ann@example.org", NOW)
        return started.attempt_id, agent.id, started.e164


async def test_time_on_hold_is_part_of_the_talk_in_an_agents_time_and_in_the_report(
    sessions: Sessions,
) -> None:
    attempt, ann, _ = await a_call(sessions)
    async with sessions() as session, session.begin():
        guest = await ConversationStore(session).call_guest(attempt, CLOSER, NOW)
        shift = await AgentStore(session).open_session(ann, [1], "available", NOW)
    at = NOW.timestamp()
    await write(
        sessions,
        [
            AgentChanged(shift, ann, AgentState.TALKING, "", attempt, at + 1),
            CallStepped(attempt, at + 2.5, "hold", agent=ann),
            CallStepped(attempt, at + 4.25, "resume", agent=ann),
            CallStepped(attempt, at + 5, "consult", agent=ann, guest=guest),
            GuestAnswered(guest, at + 6),
            GuestLeft(guest, at + 8.001, "answered"),
            AgentChanged(shift, ann, AgentState.WRAP_UP, "", attempt, at + 10),
            AgentChanged(shift, ann, AgentState.LOGGED_OUT, "", None, at + 12),
        ],
    )
    until = NOW + timedelta(minutes=1)
    time = await time_of_agent(sessions, ann, NOW, until, until)
    held = 1750 + 3001
    assert time.states_ms == {"available": 1000, "talking": 9000 - held, "on_hold": held, "wrap_up": 2000}
    assert (time.logged_in_ms, time.unaccounted_ms) == (12_000, 0)
    (report,) = (await service.report(sessions, 1, until)).agents
    assert (report.figures.hold_ms, report.figures.talk_ms) == (held, 9000 - held)
    assert report.figures.logged_in_ms == 12_000


async def test_who_was_on_a_call_that_was_lost_has_left_it(sessions: Sessions) -> None:
    attempt, _, _ = await a_call(sessions)
    async with sessions() as session, session.begin():
        guest = await ConversationStore(session).call_guest(attempt, CLOSER, NOW)
    end = CallEnd(0, by_far_end=False)
    at = NOW.timestamp()
    await write(sessions, [GuestAnswered(guest, at + 1), CallHasEnded(attempt, 1, at + 9, Outcome.LOST, end)])
    async with sessions() as session:
        (called,) = await ConversationStore(session).guests(attempt)
    assert (called.left_at, called.outcome) == (NOW + timedelta(seconds=9), "lost")


async def test_what_was_done_is_told_in_order_with_who_and_to_whom(sessions: Sessions) -> None:
    attempt, ann, _ = await a_call(sessions)
    async with sessions() as session, session.begin():
        guest = await ConversationStore(session).call_guest(attempt, CLOSER, NOW)
    at = NOW.timestamp()
    await write(
        sessions,
        [
            CallStepped(attempt, at, "consult", agent=ann, guest=guest, notes="wants\0 gold"),
            GuestAnswered(guest, at + 2),
            CallStepped(attempt, at + 5, "complete", agent=ann, guest=guest),
            GuestLeft(guest, at + 9, "answered"),
            GuestLeft(guest, at + 10, "canceled"),
        ],
    )
    async with sessions() as session:
        store = ConversationStore(session)
        steps, (called,) = await store.steps(attempt), await store.guests(attempt)
    assert [(each.kind, each.agent_id, each.guest_id) for each in steps] == [
        ("consult", ann, guest),
        ("complete", ann, guest),
    ]
    assert steps[0].notes == "wants gold"
    assert (called.to, called.outcome) == (CLOSER, "answered")
    assert (called.answered_at, called.left_at) == (NOW + timedelta(seconds=2), NOW + timedelta(seconds=9))


async def test_notes_are_gone_with_the_person(sessions: Sessions) -> None:
    attempt, ann, e164 = await a_call(sessions)
    await write(sessions, [CallStepped(attempt, NOW.timestamp(), "park", agent=ann, notes="is ill")])
    await service.finish_attempt(sessions, attempt, Ending("busy"), NOW)
    await erase_person(sessions, e164, now=NOW + timedelta(days=1))
    async with sessions() as session:
        (step,) = await ConversationStore(session).steps(attempt)
    assert (step.kind, step.notes) == ("park", "")


async def test_the_countries_that_a_client_calls_are_those_of_its_lists_and_of_the_number_on_the_line(
    sessions: Sessions,
) -> None:
    attempt, _, _ = await a_call(sessions)
    await seed_leads(sessions, people(1, 7), slug="other", list_name="theirs")
    async with sessions() as session, session.begin():
        for slug, country in (("acme", "CA"), ("other", "FR")):
            client = (await session.exec(select(Client).where(Client.slug == slug))).one()
            session.add(LeadList(client_id=client.id, name=country, default_country=country, created_at=NOW))
    async with sessions() as session:
        assert await ConversationStore(session).countries_of(attempt) == {"US", "CA"}


async def test_who_gets_a_call_sees_what_was_noted_for_them(sessions: Sessions) -> None:
    attempt, ann, _ = await a_call(sessions)
    at = NOW.timestamp()
    await write(sessions, [CallStepped(attempt, at, "hold", agent=ann, notes="")])
    assert (await screen_pop(sessions, attempt)).handed_over is None
    noted = CallStepped(attempt, at + 1, "hand_up", agent=ann, notes="wants gold")
    await write(sessions, [noted, CallStepped(attempt, at + 2, "complete", agent=ann)])
    told = (await screen_pop(sessions, attempt)).handed_over
    assert told == HandedOver(by="Ann", at=NOW + timedelta(seconds=1), notes="wants gold")
    await write(sessions, [CallStepped(attempt, at + 9, "park", agent=ann, notes="now silver")])
    again = (await screen_pop(sessions, attempt)).handed_over
    assert again is not None
    assert again.notes == "now silver"
