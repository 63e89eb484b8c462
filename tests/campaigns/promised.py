"""Callbacks for tests: a talk in which one is promised, and what is on record of it."""

from datetime import datetime, timedelta

from sqlalchemy import text
from sqlmodel import select

from campaigns import callbacks, service
from campaigns.callbacks import CallbackWish
from campaigns.core.attempt import Ending, PermittedLead
from campaigns.stores.callbacks import CallbackNews
from campaigns.stores.shared import Sessions
from campaigns.tables import Callback
from tests.campaigns.lawless import NO_LAW
from tests.campaigns.seeds import NOW, Person, people, seed_campaign, seed_leads

DUE = NOW + timedelta(hours=2)
MISSED = DUE + timedelta(minutes=15)


async def talked(sessions: Sessions, campaign: int, agent: int, now: datetime = NOW) -> int:
    """A call to the next lead that this agent has taken, and that goes on; the attempt."""
    permitted = await service.claim_permitted(sessions, NO_LAW, campaign, 1, now)
    (started,) = await service.start_attempts(sessions, NO_LAW, campaign, permitted, now)
    async with sessions() as session, session.begin():
        where = {"agent": agent, "id": started.attempt_id}
        query = text("UPDATE attempt SET connected_at = placed_at, agent_id = :agent WHERE id = :id")
        await session.exec(query.bindparams(**where))  # type: ignore[call-overload]
    return started.attempt_id


async def promised(
    sessions: Sessions, *, mine: bool = True, leads: int = 1, due: datetime = DUE, **settings: object
) -> tuple[int, int, Callback]:
    """A campaign, an agent, and the callback that its first lead was promised in a talk with the agent."""
    await seed_leads(sessions, [Person(["+12025550101"], priority=-9), *people(leads - 1)])
    campaign = await seed_campaign(sessions, **{"lead_order": "oldest"} | settings)
    agent = await service.add_agent(sessions, "acme", "Ann", "sip:ann@pbx.example", NOW)
    attempt = await talked(sessions, campaign, agent)
    wish = CallbackWish(due, agent_id=agent if mine else None, notes="wants the blue one")
    await service.set_disposition(sessions, attempt, "callback", "", NOW, rules=NO_LAW, wish=wish)
    await service.finish_attempt(sessions, attempt, Ending("human"), NOW + timedelta(minutes=3))
    return campaign, agent, await only(sessions)


async def only(sessions: Sessions) -> Callback:
    """The one callback there is."""
    async with sessions() as session:
        return (await session.exec(select(Callback))).one()


async def offered(sessions: Sessions, agent: int, now: datetime = DUE) -> list[PermittedLead]:
    """What the agent is shown now."""
    due = await callbacks.due_for(sessions, [agent], now)
    shown = [await callbacks.claim_for_owner(sessions, NO_LAW, each, now) for each in due]
    return [each for each in shown if each is not None]


async def told(sessions: Sessions) -> list[str]:
    """What owners have been told since this was last asked."""
    said: list[CallbackNews] = []
    await callbacks.tell(sessions, said.append)
    return [each.kind for each in said]
