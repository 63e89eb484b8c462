"""The engine's part of keeping promises: agents are told, and shown the lead, once, also after a crash."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from campaigns.stores.callbacks import CallbackNews
from campaigns.stores.shared import Sessions
from dialer.callback_desk import CallbackDesk, CallbackHands
from dialer.campaign_watch import CampaignWatch
from dialer.core.agent import AgentState
from dialer.core.effects import Effect, LeadWasShown
from dialer.core.floor import Floor
from dialer.notices import Notices
from dialer.prompt_files import PromptFiles
from dialer.records import write
from tests.campaigns.lawless import NO_LAW
from tests.campaigns.promised import DUE, MISSED, only, promised
from tests.campaigns.seeds import lead_rows, seed_campaign
from tests.dialer.preview_stage import Deaf

ANN = 1
MINUTE = 60.0


@dataclass
class Node:
    """A floor with its desk, and what it says and does."""

    sessions: Sessions
    now: float
    floor: Floor = field(default_factory=Floor)
    effects: list[Effect] = field(default_factory=list)
    told: list[CallbackNews] = field(default_factory=list)
    may_offer: bool = True

    def __post_init__(self) -> None:
        files = PromptFiles(Path("no-such-folder"), self.sessions)
        self.watch = CampaignWatch(self.sessions, NO_LAW, self.floor, Notices(), Deaf(), files)  # type: ignore[arg-type]
        hands = CallbackHands(lambda: self.now, lambda: self.may_offer, self._carry_out, self.told.append)
        self.desk = CallbackDesk(self.floor, self.sessions, self.sessions, NO_LAW, self.watch.running, hands)

    def _carry_out(self, effects: Sequence[Effect]) -> None:
        self.effects += effects

    async def begin(self, agent: int, *campaigns: int) -> None:
        await self.watch.look(DUE)
        self.floor.shifts.log_in(ANN, agent, campaigns, self.now)
        self.floor.shifts.line_up(ANN, self.now)

    async def at(self, now: float) -> None:
        """The desk looks then."""
        self.now = now
        await self.desk.look()

    @property
    def shown(self) -> list[int]:
        return [each.lead for each in self.effects if isinstance(each, LeadWasShown)]

    @property
    def kinds(self) -> list[str]:
        return [each.kind for each in self.told]


async def node_of(sessions: Sessions, agent: int, *campaigns: int) -> Node:
    node = Node(sessions, DUE.timestamp() - 10 * MINUTE)
    await node.begin(agent, *campaigns)
    return node


@pytest.mark.parametrize("mode", ["preview", "progressive", "predictive"])
async def test_the_agent_is_reminded_and_then_shown_the_lead(sessions: Sessions, mode: str) -> None:
    campaign, agent, callback = await promised(sessions, dial_mode=mode)
    node = await node_of(sessions, agent, campaign)
    await node.at(DUE.timestamp() - 6 * MINUTE)
    assert (node.kinds, node.shown) == ([], [])
    await node.at(DUE.timestamp() - 4 * MINUTE)
    assert (node.kinds, node.shown) == (["reminded"], [])
    await node.at(DUE.timestamp())
    assert node.shown == [callback.lead_id]
    assert node.floor.previews.of(ANN).permitted.lead.callback_id == callback.id
    await node.at(DUE.timestamp() + 2)
    assert (node.kinds, node.shown) == (["reminded", "offered"], [callback.lead_id])
    assert (node.told[0].client_slug, node.told[0].agent_id) == ("acme", agent)


async def test_it_is_shown_to_an_agent_who_works_for_another_campaign_now(sessions: Sessions) -> None:
    _, agent, callback = await promised(sessions)
    other = await seed_campaign(sessions, "Other", dial_mode="power")
    node = await node_of(sessions, agent, other)
    await node.at(DUE.timestamp())
    assert node.shown == [callback.lead_id]


async def test_who_is_busy_sees_it_when_free_and_until_then_nothing_is_lost(sessions: Sessions) -> None:
    campaign, agent, callback = await promised(sessions)
    node = await node_of(sessions, agent, campaign)
    node.floor.shifts.pause(ANN, "lunch", node.now)
    await node.at(DUE.timestamp())
    assert (node.shown, node.desk.hurries) == ([], True)
    assert (await lead_rows(sessions, campaign))[callback.lead_id].state == "waiting"
    node.floor.shifts.ready(ANN, node.now + 1)
    await node.at(DUE.timestamp() + 1.25)
    assert node.shown == [callback.lead_id]


async def test_an_engine_that_died_after_the_reminder_offers_it_all_the_same(sessions: Sessions) -> None:
    campaign, agent, callback = await promised(sessions)
    dead = await node_of(sessions, agent, campaign)
    await dead.at(DUE.timestamp() - MINUTE)
    assert dead.kinds == ["reminded"]
    again = await node_of(sessions, agent, campaign)
    await again.at(DUE.timestamp())
    assert (again.shown, again.kinds) == ([callback.lead_id], [])


async def test_what_a_dead_engine_showed_comes_back_when_its_claim_ends(sessions: Sessions) -> None:
    campaign, agent, callback = await promised(sessions)
    dead = await node_of(sessions, agent, campaign)
    await dead.at(DUE.timestamp())
    assert dead.shown == [callback.lead_id]
    again = await node_of(sessions, agent, campaign)
    await again.at(DUE.timestamp() + 30)
    assert again.shown == []
    await again.at(DUE.timestamp() + 62)
    assert again.shown == [callback.lead_id]


async def test_a_node_that_stops_offers_nothing(sessions: Sessions) -> None:
    campaign, agent, _ = await promised(sessions)
    node = await node_of(sessions, agent, campaign)
    node.may_offer = False
    await node.at(DUE.timestamp())
    assert node.shown == []
    assert node.floor.agents[ANN].state == AgentState.AVAILABLE


async def test_one_that_is_missed_keeps_nobody_free_any_more(sessions: Sessions) -> None:
    campaign, agent, _ = await promised(sessions)
    node = await node_of(sessions, agent, campaign)
    node.may_offer = False
    await node.at(DUE.timestamp())
    assert node.floor.agents[ANN].callback_due
    await node.at(MISSED.timestamp() + 1)
    assert not node.floor.agents[ANN].callback_due
    assert (await only(sessions)).state == "missed"


async def test_what_an_agent_lets_go_by_pausing_is_offered_again(sessions: Sessions) -> None:
    campaign, agent, callback = await promised(sessions)
    node = await node_of(sessions, agent, campaign)
    await node.at(DUE.timestamp())
    back = node.floor.shifts.pause(ANN, "lunch", node.now)
    await write(sessions, [each for each in back if type(each).__name__ != "AgentChanged"])
    node.floor.shifts.ready(ANN, node.now + 2)
    await node.at(DUE.timestamp() + 3)
    await node.at(DUE.timestamp() + 4)
    assert node.shown == [callback.lead_id] * 2
