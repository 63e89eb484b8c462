"""No far end moves its call elsewhere: what it asks for is refused, and the call goes on."""

from pathlib import Path
from socket import SOCK_DGRAM

import pytest

from dialer.switch.messages import BridgeLegs, LegAnswered, LegEnded
from dialer.switch.options import TrunkOptions
from tests.dialer.switch.far_end import FarEnd, called
from tests.dialer.switch.test_trunks import TrunkSwitch, switch_with
from tests.journeys.callers import callers
from tests.servers import free_port
from tests.support import eventually
from tests.telephone import silence, tone

_DECLINE = 603
_TOLD = "wants to move its call elsewhere"
_HZ, _LOUD = 700, 1000


async def talk(switch: TrunkSwitch, customer: FarEnd, agent: FarEnd) -> None:
    """The customer is on the line with the agent."""
    for leg, far_end in (("agent-1", agent), ("call-1", customer)):
        switch.place(leg, far_end.uri, claim_within_s=30.0)
        await switch.said(LegAnswered, leg)
    assert switch.link.send(BridgeLegs("call-1", "agent-1"))


async def hears(listener: FarEnd, speaker: FarEnd) -> None:
    """What the one says from now on is heard by the other."""
    speaker.say(tone([_HZ], 1.0))
    await eventually(lambda: abs(listener.hears_now()).max() > _LOUD)


@pytest.mark.parametrize("asks", ["customer", "agent"])
async def test_whoever_asks_us_to_call_somebody_else_is_refused_and_nobody_is_called(
    tmp_path: Path, asks: str
) -> None:
    customer, agent, premium = FarEnd(silence(0)), FarEnd(silence(0)), FarEnd()
    async with called(customer, agent, premium), switch_with(tmp_path) as switch:
        await talk(switch, customer, agent)
        asker = customer if asks == "customer" else agent
        for times in (1, 2):
            asker.refer(premium.uri)
            await eventually(lambda times=times: len(asker.refused) >= times)  # type: ignore[misc]
        assert set(asker.refused) == {_DECLINE}
        await hears(agent, customer)
        await hears(customer, agent)
        assert not premium.answered
        assert not switch.of(LegEnded, "call-1")
        assert switch.options.log_file.read_text().count(_TOLD) == 1


async def test_whoever_asks_for_a_call_of_ours_does_not_get_it(tmp_path: Path) -> None:
    port = free_port(SOCK_DGRAM)
    customer, agent = FarEnd(silence(0)), FarEnd(silence(0))
    own = TrunkOptions(name="main", uri="sip:127.0.0.1:9")
    async with called(customer, agent), switch_with(tmp_path, own, port=port) as switch:
        await talk(switch, customer, agent)
        with callers(port) as people:
            for far_end in (customer, agent):
                thief = await people.call("+12025551000", "dialer", more=far_end.replaces())
                assert await thief.refused() == _DECLINE
        await hears(agent, customer)
        assert (customer.over, agent.over) == (False, False)
        assert switch.options.log_file.read_text().count(_TOLD) == 2
