"""Softphones that Debian ships, registered at our registrar, talk with customers through the whole dialer."""

import contextlib
import os
import signal
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx2
import numpy as np

from campaigns import service as campaigns
from campaigns.agents import change_agent
from campaigns.core.softphone import AT_OUR_REGISTRAR
from campaigns.softphones import new_secret
from campaigns.stores.agents import AgentStore
from campaigns.stores.live import LiveStore
from dialer.bootstrap import Service, running
from dialer.core.agent import AgentState
from dialer.core.agent_sounds import beep
from dialer.core.floor_agent import FloorAgent
from dialer.core.floor_shifts import NO_ANSWER
from tests.dialer.switch.conftest import switch_options
from tests.docker.registrar import Registrar, running_registrar
from tests.journeys.agreeing import all_agree
from tests.journeys.small import campaign_in_draft, small_settings
from tests.journeys.tone_phones import TonePhones, tone_phones
from tests.servers import free_port
from tests.softphones import Softphone, baresip, linphone
from tests.support import eventually
from tests.telephone import FRAME, RATE_HZ, Samples, tones

NUMBERS = ("+12025551000", "+12025551001")
BARESIP_HZ, LINPHONE_HZ, BEEP_HZ = 500, 800, 1400
CUSTOMERS_HZ = dict(zip(NUMBERS, (1000, 1200), strict=True))


@dataclass
class Floor:
    """A dialer with its registrar, its customers, and the agents that a test logs in."""

    service: Service
    registrar: Registrar
    customers: TonePhones
    campaign: int
    url: str
    """Of the database."""

    @property
    def server(self) -> str:
        """Where softphones register."""
        return f"127.0.0.1:{self.registrar.public_port}"

    async def agent(self, name: str, leg: str = "persistent") -> tuple[int, str, str]:
        """A new agent at our registrar: the id, and the user and secret of the softphone."""
        sessions = self.service.database.sessions
        agent = await campaigns.add_agent(sessions, "acme", name, AT_OUR_REGISTRAR, _now())
        await change_agent(sessions, agent, {"leg": leg})
        account = await new_secret(sessions, agent)
        return agent, account.user, account.secret

    async def log_in(self, agent: int) -> FloorAgent:
        """A shift of an agent begins."""
        sessions = self.service.database.sessions
        async with sessions() as session, session.begin():
            number = await AgentStore(session).open_session(agent, [self.campaign], "unavailable", _now())
            (shift,) = await LiveStore(session).open_shifts(number)
        self.service.engine.log_in(shift)
        return self.service.engine.agent(number)

    async def on_the_line(self, agent: int) -> FloorAgent:
        """A shift of an agent whose softphone is registered, or will be in a moment."""
        each = await self.log_in(agent)

        def is_there() -> bool:
            if each.state == AgentState.UNAVAILABLE:
                self.service.engine.ready(each.session)
            return each.state == AgentState.AVAILABLE

        await eventually(is_there)
        return each

    async def all_agree(self, *states: str, after: str) -> None:
        """Waits until the API and the record say that of the agents, in order of the alphabet."""
        service = self.service
        key = {"Authorization": f"Bearer {service.api_key}"}
        async with httpx2.AsyncClient(base_url=service.api_url, headers=key) as client:

            async def by_api() -> list[str]:
                paths = [f"/api/v1/agent-sessions/{each}" for each in service.engine.floor.agents]
                return sorted([(await client.get(path)).json()["state"] for path in paths])

            async def on_record() -> list[str]:
                async with service.database.sessions() as session:
                    return sorted(each.state for each in await LiveStore(session).open_shifts())

            await all_agree(client, states, by_api, on_record, after=after)

    async def start(self) -> None:
        """Customers are called from now on."""
        await campaigns.start_campaign(self.service.database.sessions, self.campaign, _now())
        self.service.engine.look_now()


@contextlib.asynccontextmanager
async def opened_floor(folder: Path, numbers: int, **sip: object) -> AsyncIterator[Floor]:
    """A campaign in draft for the first so many numbers."""
    folder = folder / "d"
    folder.mkdir()
    port = free_port()
    endpoint = switch_options(folder).endpoint
    async with tone_phones(dict(CUSTOMERS_HZ)) as customers:
        settings = small_settings(
            folder,
            customers.uri("{number}"),
            rtp_port=endpoint.rtp_port,
            rtp_port_count=endpoint.rtp_port_count,
            registrar=f"127.0.0.1:{port}",
            **sip,
        )
        async with running(settings) as service:
            former = Registrar(None, port, free_port(), free_port(), {})  # type: ignore[arg-type]
            url = settings.database_url
            async with running_registrar(folder, url, {}, former) as registrar:
                campaign = await campaign_in_draft(service, ["phone", *NUMBERS[:numbers]])
                yield Floor(service, registrar, customers, campaign, url)


def _now() -> datetime:
    return datetime.now(UTC)


def frames_with(hz: int, samples: Samples) -> int:
    """In how many frames of 20 ms a tone is heard, whatever else is."""
    frames = samples[: len(samples) // FRAME * FRAME].reshape(-1, FRAME)
    strength = np.abs(np.fft.rfft(frames * np.hanning(FRAME), axis=1))[:, hz * FRAME // RATE_HZ]
    return int((strength / (FRAME / 4) > 500).sum())


def hears(softphone: Softphone, hz: int) -> bool:
    """Whether a tone has been heard for a tenth of a second in all."""
    return bool((tones(softphone.heard()) == hz).sum() >= 5)


def hears_a_customer(softphone: Softphone) -> bool:
    """Whether any of them has been heard."""
    return any(hears(softphone, hz) for hz in CUSTOMERS_HZ.values())


async def test_two_softphones_that_debian_ships_talk_with_customers(tmp_path: Path) -> None:
    async with opened_floor(tmp_path, 2) as floor:
        ann, bob = await floor.agent("Ann"), await floor.agent("Bob")
        async with (
            baresip(tmp_path / "b", floor.server, *ann[1:], BARESIP_HZ) as anns,
            linphone(tmp_path / "l", floor.server, *bob[1:], LINPHONE_HZ) as bobs,
        ):
            for agent in (ann, bob):
                await floor.on_the_line(agent[0])
            # The line does not seem dead to who waits, and is quiet.
            await eventually(lambda: np.abs(anns.heard()[-800:]).max(initial=0) > 0)
            assert np.abs(anns.heard()).max() < 300
            await floor.start()
            customers = [await floor.customers.called(number) for number in NUMBERS]
            await eventually(lambda: {each.pitch() for each in customers} == {BARESIP_HZ, LINPHONE_HZ})
            for softphone in (anns, bobs):
                await eventually(
                    lambda phone=softphone: any(hears(phone, hz) for hz in CUSTOMERS_HZ.values())
                )
                # One beep, as long as it is made, over the customer's voice; and no customer hears it.
                assert 5 <= frames_with(BEEP_HZ, softphone.heard()) <= len(beep()) / FRAME + 2
            assert [frames_with(BEEP_HZ, each.sound()) for each in customers] == [0, 0]
            os.killpg(floor.registrar.process.pid, signal.SIGKILL)
            await floor.registrar.process.wait()
            async with running_registrar(tmp_path / "d", floor.url, {}, floor.registrar):
                await floor.all_agree("talking", "talking", after="the registrar restarted")
                await customers[0].hears(customers[0].pitch())


async def test_a_softphone_that_is_killed_in_a_talk_loses_no_customer(tmp_path: Path) -> None:
    async with opened_floor(tmp_path, 1, softphone_silence_limit_s=2) as floor:
        ann, bob = await floor.agent("Ann"), await floor.agent("Bob")
        async with (
            baresip(tmp_path / "b", floor.server, *ann[1:], BARESIP_HZ) as anns,
            linphone(tmp_path / "l", floor.server, *bob[1:], LINPHONE_HZ),
        ):
            first, second = [await floor.on_the_line(agent[0]) for agent in (ann, bob)]
            await floor.start()
            customer = await floor.customers.called(NUMBERS[0])
            await customer.hears(BARESIP_HZ)
            await anns.kill()
            await floor.all_agree("talking", "unavailable", after="a softphone vanished")
            await customer.hears(LINPHONE_HZ, within_s=15)
            assert (first.state, first.reason) == (AgentState.UNAVAILABLE, "softphone_gone")
            assert second.state == AgentState.TALKING


async def test_a_softphone_is_rung_for_its_customer_and_one_that_does_not_answer_pauses_its_agent(
    tmp_path: Path,
) -> None:
    async with opened_floor(tmp_path, 2, connect_beep=False) as floor:
        ann = await floor.agent("Ann", leg="per_call")
        async with baresip(tmp_path / "b", floor.server, *ann[1:], BARESIP_HZ) as anns:
            await eventually(anns.is_registered)
            each = await floor.log_in(ann[0])
            assert each.state == AgentState.AVAILABLE
            await floor.start()
            number = await eventually(lambda: next(iter(floor.customers.phones), ""))
            customer = floor.customers.phones[number]
            await customer.hears(BARESIP_HZ)
            await eventually(lambda: hears(anns, CUSTOMERS_HZ[number]))
            # While nobody takes a call of it, the softphone is hung: it rings and is not answered.
            floor.service.engine.hang_up(each.attempt or 0)
            await eventually(lambda: each.state == AgentState.WRAP_UP)
            await eventually(lambda: not each.line_ending)
            anns.process.send_signal(signal.SIGSTOP)
            floor.service.engine.ready(each.session)
            await eventually(lambda: (each.state, each.reason) == (AgentState.PAUSED, NO_ANSWER))
