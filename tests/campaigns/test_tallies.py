"""What is counted as calls end and change is at any time what a recount of all attempts gives."""

import random
from collections import Counter
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import select

from campaigns import corrections, effects, service
from campaigns.core.attempt import Ending
from campaigns.core.disposition import STANDARD, Flag, flags_of
from campaigns.core.retry import OUTCOMES
from campaigns.core.tally import Counts, Reach, hour_of, reach_counts, together
from campaigns.dispositions import Words
from campaigns.errors import AttemptNotTalkedError, InvalidInputError
from campaigns.inbound import TakenCall, take_call
from campaigns.persons import erase_person
from campaigns.reports.verifying import set_client_zone, verify
from campaigns.stores.attempts import AttemptStore
from campaigns.stores.shared import Sessions
from campaigns.tables import Attempt, CallTally, LeadTotal
from leads.errors import PersonNotFoundError, PersonOnCallError
from tests.campaigns.lawless import NO_LAW
from tests.campaigns.seeds import NOW, people, seed_campaign, seed_leads

DAY, QUARTER = timedelta(days=1), timedelta(minutes=15)
_YEARS = (datetime(2020, 1, 1), datetime(2035, 1, 1))  # noqa: DTZ001 - hypothesis wants them so
INSTANTS = st.datetimes(*_YEARS).map(lambda each: each.replace(tzinfo=UTC))
ZONES = st.sampled_from(["UTC", "Europe/Berlin", "Asia/Kolkata", "Asia/Kathmandu", "America/Havana"])


@given(INSTANTS, ZONES)
def test_an_hour_begins_with_a_full_hour_of_the_clients_clock(at: datetime, zone: str) -> None:
    clock = ZoneInfo(zone)
    hour = hour_of(at, clock)
    assert timedelta(0) <= at - hour < timedelta(hours=1)
    local = hour.astimezone(clock)
    assert (local.minute, local.second, local.microsecond) == (0, 0, 0)
    assert hour_of(hour, clock) == hour


def hours_of_day(day: date, zone: str) -> list[str]:
    """When each hour of a day begins, on the zone's clock."""
    clock = ZoneInfo(zone)
    start, end = (datetime.combine(each, time(), clock).astimezone(UTC) for each in (day, day + DAY))
    quarters = range((end - start) // QUARTER)
    found = {hour_of(start + number * QUARTER, clock) for number in quarters}
    return [each.astimezone(clock).strftime("%H:%M") for each in sorted(found)]


def test_a_day_in_spring_has_23_hours_and_one_in_autumn_25() -> None:
    spring = hours_of_day(date(2026, 3, 29), "Europe/Berlin")
    assert len(spring) == 23
    assert "02:00" not in spring
    autumn = hours_of_day(date(2026, 10, 25), "Europe/Berlin")
    assert len(autumn) == 25
    assert autumn.count("02:00") == 2
    assert len(hours_of_day(date(2026, 3, 29), "Asia/Kolkata")) == 24


@given(st.lists(st.sampled_from(list(Reach)), max_size=5), st.lists(st.sampled_from(list(Reach)), max_size=5))
def test_leads_count_once_for_whatever_their_calls_have_reached(
    before: list[Reach], after: list[Reach]
) -> None:
    changes = Counter(reach_counts(Reach(0), together(before)))
    changes.update(reach_counts(together(before), together(after)))
    assert {name: n for name, n in changes.items() if n} == reach_counts(Reach(0), together(after))


def test_counts_take_each_other_back() -> None:
    some = Counts(calls=2, people=1, talk_ms=1500)
    assert some + -some == Counts()


class Work:
    """What may happen to calls, by chance, as the engine, the API and people do it."""

    def __init__(self, sessions: Sessions, campaigns: list[int], agents: list[int], seed: int) -> None:
        self.sessions = sessions
        self.campaigns = campaigns
        self.agents = agents
        self.chance = random.Random(seed)
        self.now = NOW
        self.living: list[int] = []
        self.over: list[int] = []

    async def step(self) -> None:
        """One thing, a while after the one before."""
        self.now += timedelta(seconds=self.chance.randrange(1, 7200), milliseconds=self.chance.randrange(999))
        acts = [
            self.place,
            self.call_in,
            self.learn,
            self.learn,
            self.end,
            self.end,
            self.say,
            self.say,
            self.say,
            self.erase,
        ]
        await self.chance.choice(acts)()

    async def place(self) -> None:
        campaign = self.chance.choice(self.campaigns)
        permitted = await service.claim_permitted(self.sessions, NO_LAW, campaign, 3, self.now)
        started = await service.start_attempts(self.sessions, NO_LAW, campaign, permitted, self.now)
        self.living += [each.attempt_id for each in started]

    async def call_in(self) -> None:
        caller = f"+1202{5_550_000 + self.chance.randrange(12)}"
        taken = await take_call(self.sessions, self.campaigns, caller, "+12025550199", "main", self.now)
        if isinstance(taken, TakenCall):
            self.living.append(taken.attempt_id)

    async def learn(self) -> None:
        """Several facts at once, also of calls that are over."""
        for attempt in self.some(self.living + self.over[-3:]):
            async with self.sessions() as session, session.begin():
                store = AttemptStore(session)
                await store.update_attempt(attempt, ringing_at=self.now)
                if self.chance.random() < 0.8:
                    await store.update_attempt(attempt, answered_at=self.now + timedelta(milliseconds=1300))
                    await store.update_attempt(attempt, amd_verdict=self.chance.choice(["human", "machine"]))
                if self.chance.random() < 0.7:
                    agent = self.chance.choice(self.agents)
                    await store.update_attempt(attempt, connected_at=self.now + DAY / 43210, agent_id=agent)

    async def end(self) -> None:
        """Several calls in one transaction, as a batch of the journal; some more than once."""
        async with self.sessions() as session, session.begin():
            for attempt in self.some(self.living + self.over[-1:]):
                outcome = self.chance.choice([*OUTCOMES, *["human"] * 8])
                await effects.finish_attempt(session, attempt, Ending(outcome), self.now)
                if attempt in self.living:
                    self.living.remove(attempt)
                    self.over.append(attempt)

    async def say(self) -> None:
        """Of calls that go on and of calls that are over; what was said before is corrected."""
        for attempt in self.some(self.living + self.over):
            code = self.chance.choice(list(STANDARD))
            words = Words(code=code, reason="heard again")
            try:
                async with self.sessions() as session:
                    said = (await AttemptStore(session).read_attempt(attempt)).disposition
                if said and code in ("sale", "not_interested", "answering_machine", "do_not_call"):
                    await corrections.correct(self.sessions, attempt, words, self.now)
                else:
                    await service.set_disposition(self.sessions, attempt, code, "", self.now)
            except (AttemptNotTalkedError, InvalidInputError):
                continue

    async def erase(self) -> None:
        """A person is forgotten, unless somebody talks to them; their calls count on."""
        if self.chance.random() < 0.3:
            with suppress(PersonNotFoundError, PersonOnCallError):
                await erase_person(
                    self.sessions, f"+1202{5_550_000 + self.chance.randrange(16)}", now=self.now
                )

    def some(self, attempts: list[int]) -> list[int]:
        return self.chance.sample(attempts, min(len(attempts), self.chance.randrange(1, 5)))


@pytest.fixture
async def work(sessions: Sessions) -> Work:
    """Two campaigns of one client, which are called back."""
    await seed_leads(sessions, people(8))
    await seed_leads(sessions, people(8, first=8), list_name="spring")
    settings = {"inbound": "on", "max_attempts_per_lead": 20}
    campaigns = [
        await seed_campaign(sessions, "One", ("autumn", "spring"), **settings),
        await seed_campaign(sessions, "Two", ("autumn",), **settings),
    ]
    agents = [
        await service.add_agent(sessions, "acme", name, f"sip:{name}@pbx.example", NOW)
        for name in ("anna", "bea")
    ]
    return Work(sessions, campaigns, agents, 11)


async def agree(sessions: Sessions) -> None:
    """No tally differs from its recount."""
    found = await verify(sessions, None)
    assert list(found.differences) == []


async def test_whatever_happens_to_calls_the_tallies_are_what_a_recount_gives(
    work: Work, sessions: Sessions
) -> None:
    for number in range(120):
        await work.step()
        if number % 15 == 0:
            await agree(sessions)
    await agree(sessions)
    await plainly_recounted(sessions, work.campaigns[0])
    assert len(work.over) > 30
    await set_client_zone(sessions, "acme", "Asia/Kolkata")
    for _ in range(20):
        await work.step()
    await agree(sessions)


async def plainly_recounted(sessions: Sessions, campaign_id: int) -> None:
    """In plain Python, from the rows."""
    async with sessions() as session:
        attempts = (await session.exec(select(Attempt).where(Attempt.campaign_id == campaign_id))).all()
        kept = (await session.exec(select(CallTally).where(CallTally.campaign_id == campaign_id))).all()
        leads = (await session.exec(select(LeadTotal).where(LeadTotal.campaign_id == campaign_id))).all()
    over = [each for each in attempts if each.ended_at is not None]

    def flagged(flag: Flag, rows: list[Attempt]) -> list[Attempt]:
        return [each for each in rows if flag in flags_of(each.disposition_flags)]

    calls: Counter[object] = Counter()
    for each in over:
        hour = each.placed_at.replace(minute=0, second=0, microsecond=0)
        calls[hour, each.direction, each.list_id, each.agent_id or 0, each.outcome, each.disposition] += 1
    assert calls == Counter(
        {
            (row.hour, row.direction, row.list_id, row.agent_id, row.outcome, row.disposition): row.calls
            for row in kept
            if row.calls
        }
    )
    talks = [each for each in over if each.connected_at is not None]
    assert sum(row.talks for row in kept) == len(talks)
    assert sum(row.contacts for row in kept) == len(flagged(Flag.CUSTOMER_CONTACT, over))
    assert sum(row.conversions for row in kept) == len(flagged(Flag.CONVERSION, over))
    lengths = [(each.ended_at, each.connected_at) for each in talks]
    milliseconds = timedelta(milliseconds=1)
    assert sum(row.talk_ms for row in kept) == sum(
        max(0, (end - start) // milliseconds) for end, start in lengths if end and start
    )
    ours = [each for each in over if each.direction == "out"]
    assert sum(row.attempted for row in leads) == len({each.lead_id for each in ours})
    contacted = {each.lead_id for each in flagged(Flag.CUSTOMER_CONTACT, ours)}
    assert sum(row.contacted for row in leads) == len(contacted)
