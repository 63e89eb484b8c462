"""The pacers hear of the laws' budget and of chances of an answer, and managers of the pacers."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import pytest

from campaigns import service
from campaigns.compliance.rulebook import load_rulebook
from campaigns.core.attempt import Ending
from campaigns.stores.attempts import AttemptStore
from campaigns.stores.shared import Sessions
from campaigns.tables import DialTally
from dialer.bus.mqtt import Publisher
from dialer.campaign_watch import CampaignWatch
from dialer.core.floor import Floor
from dialer.database import opened
from dialer.notices import Notices
from dialer.prompt_files import PromptFiles
from tests.campaigns.seeds import NOW, Person, people, seed_campaign, seed_leads
from tests.dialer.call_seeds import seed_calls
from tests.sounds import sound

LAW = load_rulebook()


def no_files(sessions: Sessions) -> PromptFiles:
    """For campaigns that play no prompts."""
    return PromptFiles(Path("no-such-folder"), sessions)


class Heard:
    """What would be published."""

    def __init__(self) -> None:
        self.messages: list[Any] = []

    def publish(self, message: Any) -> None:
        self.messages.append(message)


@pytest.fixture
async def sessions(database_url: str) -> AsyncIterator[Sessions]:
    async with opened(database_url) as database:
        yield database.sessions


async def calls(sessions: Sessions, campaign: int, outcomes: list[str]) -> None:
    permitted = await service.claim_permitted(sessions, LAW, campaign, len(outcomes), NOW)
    started = await service.start_attempts(sessions, LAW, campaign, permitted, NOW)
    for each, outcome in zip(started, outcomes, strict=True):
        if outcome in ("human", "abandoned"):
            async with sessions() as session, session.begin():
                await AttemptStore(session).update_attempt(each.attempt_id, answered_at=NOW)
        await service.finish_attempt(sessions, each.attempt_id, Ending(outcome), NOW)


async def test_a_power_campaign_at_its_legal_limit_goes_on_progressively(sessions: Sessions) -> None:
    await seed_leads(sessions, [Person([f"+1212555{number:04}"]) for number in range(100, 160)])
    campaign = await seed_campaign(sessions, dial_mode="power", lines_per_agent=3)
    publisher = cast(Publisher, Heard())
    floor = Floor()
    watch = CampaignWatch(sessions, LAW, floor, Notices(), publisher, no_files(sessions))
    await watch.look(NOW)
    pacer = floor.campaigns[campaign].pacer
    await watch.learn(NOW)
    assert pacer.explain(NOW.timestamp()).mode == "power"

    await calls(sessions, campaign, ["abandoned"] + ["human"] * 20)
    await watch.learn(NOW)
    assert pacer.explain(NOW.timestamp()).mode == "progressive"
    pacer.calls_to_place(NOW.timestamp())
    assert pacer.explain(NOW.timestamp()).reason.startswith("The limit of abandoned calls is reached (us-")

    await calls(sessions, campaign, ["human"] * 20)
    await watch.learn(NOW)
    assert pacer.explain(NOW.timestamp()).mode == "power"

    await watch.keep(sessions, "node-1", NOW)
    (status,) = await service.campaign_statuses(sessions, campaign, NOW)
    assert [(each.node, each.state["mode"]) for each in status.pacing] == [("node-1", "power")]


async def test_a_predictive_campaign_is_paced_so_and_says_what_it_believes(sessions: Sessions) -> None:
    await seed_leads(sessions, [Person([f"+1212555{number:04}"]) for number in range(100, 160)])
    campaign = await seed_campaign(sessions, dial_mode="predictive", ring_timeout_s=20)
    floor = Floor()
    watch = CampaignWatch(sessions, LAW, floor, Notices(), cast(Publisher, Heard()), no_files(sessions))
    await watch.look(NOW)
    floor.shifts.log_in(1, 1, [campaign], NOW.timestamp())
    floor.shifts.line_up(1, NOW.timestamp())
    assert floor.calls_to_place(campaign, NOW.timestamp()) == 1
    await watch.keep(sessions, "node-1", NOW)
    (status,) = await service.campaign_statuses(sessions, campaign, NOW)
    (pacing,) = status.pacing
    assert pacing.state["mode"] == "predictive"
    assert "agents free soon" in pacing.state["reason"]
    assert (pacing.state["agents_available"], pacing.state["budget_left"]) == (1, 0.0)
    assert 0 < pacing.state["answer_rate"] < 1

    await calls(sessions, campaign, ["abandoned"] + ["human"] * 20)
    await watch.learn(NOW)
    floor.calls_to_place(campaign, NOW.timestamp())
    told = floor.campaigns[campaign].pacer.explain(NOW.timestamp())
    assert told.mode == "progressive"
    assert told.reason.startswith("The limit of abandoned calls is reached (us-")


async def test_an_agentless_campaign_dials_while_its_message_can_be_played(
    sessions: Sessions, tmp_path: Path
) -> None:
    await seed_leads(sessions, [Person(["+12125550100"])])
    message = sound(tmp_path / "message.wav")
    chosen = {"kind": "survey", "dial_mode": "agentless", "message": str(message), "max_lines": 4}
    campaign = await seed_campaign(sessions, **chosen)
    floor = Floor()
    watch = CampaignWatch(sessions, LAW, floor, Notices(), cast(Publisher, Heard()), no_files(sessions))
    await watch.look(NOW)
    assert floor.calls_to_place(campaign, NOW.timestamp()) == 4
    message.rename(tmp_path / "gone.wav")
    await watch.look(NOW)
    assert (floor.calls_to_place(campaign, NOW.timestamp()), watch.running) == (0, {})
    (tmp_path / "gone.wav").rename(message)
    await watch.look(NOW)
    assert floor.calls_to_place(campaign, NOW.timestamp()) == 4


async def test_chances_of_an_answer_are_learnt_from_the_campaigns_calls(sessions: Sessions) -> None:
    await seed_leads(sessions, [Person([f"+1212555{number:04}"]) for number in range(100, 160)])
    campaign = await seed_campaign(sessions)
    watch = CampaignWatch(sessions, LAW, Floor(), Notices(), cast(Publisher, Heard()), no_files(sessions))
    await watch.look(NOW)
    permitted = await service.claim_permitted(sessions, LAW, campaign, 1, NOW)
    (started,) = await service.start_attempts(sessions, LAW, campaign, permitted, NOW)
    assert watch.answer_chance(started, campaign) is None

    async def chance_after(hour: int, calls: int, answers: int) -> float | None:
        keys = {"campaign_id": campaign, "list_id": started.list_id, "hour": hour, "attempt": 1}
        async with sessions() as session, session.begin():
            session.add(DialTally(**keys, calls=calls, answers=answers))
        await watch.learn(NOW)
        return watch.answer_chance(started, campaign)

    assert await chance_after(started.local_hour, 190, 95) is None, "few calls tell too little"
    before = await chance_after((started.local_hour + 1) % 24, 200, 40)
    after = await chance_after((started.local_hour + 2) % 24, 2000, 1900)
    assert before is not None
    assert after is not None
    assert 0.4 < before < after < 0.6


async def test_a_campaign_that_has_dialed_is_paced_by_its_calls_from_the_first_on(sessions: Sessions) -> None:
    await seed_leads(sessions, people(50))
    campaign = await seed_campaign(sessions, dial_mode="predictive")
    await seed_calls(sessions, campaign)
    floor = Floor()
    watch = CampaignWatch(sessions, LAW, floor, Notices(), cast(Publisher, Heard()), no_files(sessions))
    await watch.look(NOW)
    told = floor.campaigns[campaign].pacer.explain(NOW.timestamp())
    assert told.answer_rate == pytest.approx((0.5 * 10 + 66 / 200 * 50) / 60)
    assert told.mean_talk_s == pytest.approx((25 * 100 + 10 * 5 + 30 * 15) / 65)
    assert told.mean_wrap_s == pytest.approx((5 * 60 + 60 * 12) / 65)
