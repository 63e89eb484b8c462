"""What is announced reaches whoever listens, in order, once, and only where it is their business."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.bus.messages import AgentState, CallEvent, CampaignState, Message
from dialer.event_feed import EVERYTHING, EventFeed, Listener, Subject, subjects_of

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def state(agent: int, reason: str = "", client: str = "acme") -> AgentState:
    return AgentState(client=client, agent_id=agent, state="paused", reason=reason, since=NOON)


def call(attempt: int, agent: int | None = None) -> CallEvent:
    return CallEvent(
        client="acme", attempt_id=attempt, campaign_id=5, lead_id=9, kind="connected", agent_id=agent
    )


MESSAGES = [
    state(1),
    state(2),
    state(1, "lunch"),
    state(3, client="globex"),
    call(1),
    call(2, agent=1),
    CampaignState(client="globex", campaign_id=5, state="running", dial_mode="power", since=NOON),
]
SUBJECTS: list[Subject] = [
    EVERYTHING,
    ("client", "acme"),
    ("client", "globex"),
    ("agent", 1),
    ("campaign", 5),
]


def feed(**options: int) -> EventFeed:
    return EventFeed("run", lambda: NOON, **options)


async def taken(listener: Listener) -> list[Message]:
    listener.close()
    return [told.message async for told in listener]


@pytest.mark.parametrize("subject", SUBJECTS)
async def test_a_listener_hears_what_is_its_business_and_nothing_else(subject: Subject) -> None:
    told = feed()
    with told.listen(subject) as listener:
        for message in MESSAGES:
            told.tell(message)
        heard = await taken(listener)
    assert heard == [each for each in MESSAGES if subject in subjects_of(each)]


async def test_who_begins_to_listen_hears_what_holds_now() -> None:
    told = feed()
    for message in (state(1), call(1, agent=1), state(2), state(1, "lunch")):
        told.tell(message)
    with told.listen(("agent", 1)) as listener:
        assert await taken(listener) == [state(1, "lunch")]


@given(
    said=st.lists(st.sampled_from(MESSAGES), max_size=30),
    more=st.lists(st.sampled_from(MESSAGES), max_size=30),
    heard=st.integers(1, 30),
    kept=st.integers(1, 20),
    subject=st.sampled_from(SUBJECTS),
)
def test_who_comes_back_hears_each_message_once_or_that_some_were_missed(
    said: list[Message], more: list[Message], heard: int, kept: int, subject: Subject
) -> None:
    async def scene() -> None:
        told = feed(kept=kept)
        for message in said:
            told.tell(message)
        with told.listen(subject, f"run-{heard}") as listener:
            for message in more:
                told.tell(message)
            got = await taken(listener)
        new = [each for each in said[heard:] + more if subject in subjects_of(each)]
        known = max(0, len(said) - kept) <= heard <= len(said)
        assert listener.missed is not known
        if known:
            assert got == new
        else:
            assert got[len(got) - len([each for each in more if subject in subjects_of(each)]) :] == [
                each for each in more if subject in subjects_of(each)
            ]

    asyncio.run(scene())


@pytest.mark.parametrize("after", ["other-1", "run-", "run-x", "run-²", "-1", "run--1", "run-99", "💥"])
async def test_who_names_what_was_never_said_is_told_so(after: str) -> None:
    told = feed()
    told.tell(state(1))
    with told.listen(EVERYTHING, after) as listener:
        assert listener.missed
        assert await taken(listener) == [state(1)]


async def test_who_takes_nothing_for_too_long_is_let_go_and_the_others_hear_on() -> None:
    told = feed()
    with told.listen(EVERYTHING) as asleep, told.listen(EVERYTHING) as awake:
        for attempt in range(1, 3000):
            told.tell(call(attempt))
            assert (await anext(awake)).message == call(attempt)
        left = [each async for each in asleep]
    assert 0 < len(left) < 3000


async def test_listeners_hear_the_end_of_the_feed() -> None:
    told = feed()

    def ended() -> Iterator[asyncio.Task[list[Message]]]:
        for subject in SUBJECTS:
            yield asyncio.create_task(listen(subject))

    async def listen(subject: Subject) -> list[Message]:
        with told.listen(subject) as listener:
            return [each.message async for each in listener]

    tasks = list(ended())
    await asyncio.sleep(0)
    told.tell(state(1))
    told.close()
    assert [len(await each) for each in tasks] == [1, 1, 0, 1, 0]
