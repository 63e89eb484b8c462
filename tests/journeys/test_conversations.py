"""What agents and supervisors do on calls, over HTTP and real SIP: who hears whom, what is on record."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import numpy as np

from campaigns import service as campaigns
from campaigns.stores.agents import AgentStore
from campaigns.stores.conversations import ConversationStore
from campaigns.stores.live import LiveStore
from campaigns.tables import CallGuest
from dialer.bootstrap import Service, running
from tests.dialer.switch.conftest import exchange
from tests.dialer.switch.far_end import FarEnd, called
from tests.journeys.service import Dialer
from tests.journeys.small import campaign_of_one_agent, small_settings
from tests.journeys.stage import ALL_DAY
from tests.recordings import heard
from tests.support import eventually
from tests.telephone import heard_among, tone

PERSON, CLOSER_NUMBER = "+12025551000", "+12025550177"
BOSS_HZ = 3200
HZ = {"customer": 400, "ann": 1000, "bob": 1600, "closer": 2500}
API = "/api/v1"

Phones = Mapping[str, FarEnd]


def heard_by(phone: FarEnd) -> set[str]:
    """Whose tones somebody hears now."""
    found = heard_among(HZ.values(), phone.hears_now())
    return {who for who, hz in HZ.items() if hz in found}


async def all_hear(phones: Phones, **wanted: str) -> None:
    """Waits until each hears just those: a for Ann, b for Bob, c for the customer."""
    for who, others in wanted.items():
        names = {name for name in HZ if name[0] in others and name != "closer"}
        await eventually(lambda who=who, names=names: heard_by(phones[who]) == names, 15)


class Desk:
    """An agent's desktop."""

    def __init__(self, client: httpx2.AsyncClient, shift: int) -> None:
        self._client = client
        self.shift = shift

    async def asks(self, what: str, **body: object) -> httpx2.Response:
        return await self._client.post(f"{API}/agent-sessions/{self.shift}/{what}", json=body or None)

    async def does(self, what: str, **body: object) -> dict[str, Any]:
        answer = await self.asks(what, **body)
        assert answer.is_success, answer.text
        return dict(answer.json()) if answer.content not in (b"", b"null") else {}

    async def now(self) -> dict[str, Any]:
        answer = await self._client.get(f"{API}/agent-sessions/{self.shift}")
        return dict(answer.raise_for_status().json())

    async def is_in(self, state: str) -> dict[str, Any]:
        async with asyncio.timeout(30):
            while (now := await self.now())["state"] != state:
                await asyncio.sleep(0.02)
        return now


@asynccontextmanager
async def phones_up() -> AsyncIterator[tuple[Phones, str]]:
    """Everybody's phone, each with a tone of its own; and the trunk's address."""
    phones = {who: FarEnd(tone([hz], 1.0), key_events=True, again=True) for who, hz in HZ.items()}
    async with (
        called(*phones.values()),
        exchange({PERSON: phones["customer"], CLOSER_NUMBER: phones["closer"]}) as trunk,
    ):
        yield phones, trunk


@asynccontextmanager
async def talk(
    folder: Path, bobs_leg: str = "persistent", **settings: object
) -> AsyncIterator[tuple[Service, Phones, Desk, Desk, httpx2.AsyncClient]]:
    """A service where Ann talks with a customer, and Bob is free, whose softphone is called so."""
    async with phones_up() as (phones, trunk), running(small_settings(folder, trunk)) as service:
        headers = {"Authorization": f"Bearer {service.api_key}"}
        async with httpx2.AsyncClient(base_url=service.api_url, headers=headers, timeout=30) as client:
            campaign = await campaign_of_one_agent(service, phones["ann"].uri, [PERSON], **settings)
            (ann,) = service.engine.floor.agents
            await campaigns.start_campaign(service.database.sessions, campaign, service.engine.now())
            service.engine.look_now()
            desk = Desk(client, ann)
            await desk.is_in("talking")
            bob = await logged_in(service, campaign, phones["bob"].uri, bobs_leg)
            yield service, phones, desk, Desk(client, bob), client
            await service.stop(drain_s=0)


async def logged_in(service: Service, campaign: int, softphone: str, leg: str) -> int:
    """Bob's shift."""
    sessions, now = service.database.sessions, service.engine.now()
    agent = await campaigns.add_agent(sessions, "acme", "Bob", softphone, now, leg=leg)
    async with sessions() as session, session.begin():
        shift = await AgentStore(session).open_session(agent, [campaign], "unavailable", now)
        (begun,) = await LiveStore(session).open_shifts(shift)
    service.engine.log_in(begun)
    await eventually(lambda: service.engine.agent(shift).is_free)
    return shift


async def test_hold_consult_join_and_hand_over_to_a_closer(tmp_path: Path) -> None:
    async with talk(tmp_path / "data") as (service, phones, ann, _, client):
        attempt = (await ann.now())["attempt_id"]
        await all_hear(phones, customer="a", ann="c")
        assert (await ann.asks("resume")).json()["code"] == "not-on-hold"
        assert (await ann.does("hold"))["conversation"]["customer"] == "held"
        await all_hear(phones, customer="", ann="")
        await ann.does("resume")
        await ann.does("mute")
        await all_hear(phones, customer="", ann="c")
        await ann.does("unmute")
        await ann.does("dtmf", digits="42")
        await eventually(lambda: phones["customer"].keys == ["4", "2"])
        dear = await ann.asks("consult", number="+881 6 123 456")
        assert (dear.status_code, dear.json()["code"]) == (422, "number-not-allowed")
        await ann.does("consult", number="+1 202 555 0177", notes="wants gold")
        closer = {who: phones[who] for who in ("customer", "ann", "closer")}
        await eventually(lambda: phones["closer"].answered)
        await eventually(lambda: heard_by(phones["ann"]) == {"closer"}, 15)
        await all_hear(phones, customer="")
        await ann.does("consult/join")
        await eventually(lambda: all(heard_by(each) == closer.keys() - {who} for who, each in closer.items()))
        await ann.does("consult/complete")
        await eventually(lambda: heard_by(phones["customer"]) == {"closer"}, 15)
        await eventually(lambda: heard_by(phones["closer"]) == {"customer"}, 15)
        assert (await ann.now())["state"] == "wrap_up"
        given = await client.post(f"{API}/attempts/{attempt}/disposition", json={"disposition": "sale"})
        assert given.is_success
        await ann.is_in("available")
        phones["closer"].hang_up()
        await eventually(lambda: phones["customer"].over)
        await eventually(lambda: attempt not in service.engine.floor.calls)
        await service.engine.written()
        done = (await client.get(f"{API}/attempts/{attempt}/steps")).json()
        kinds = ["hold", "resume", "mute", "unmute", "consult", "join", "complete"]
        assert [each["kind"] for each in done] == kinds
        assert done[4]["notes"] == "wants gold"
        (guest,) = await guests_of(service, attempt)
        assert (guest.to, guest.outcome) == (CLOSER_NUMBER, "answered")
        assert guest.answered_at is not None
        assert guest.left_at is not None


async def guests_of(service: Service, attempt: int) -> list[CallGuest]:
    async with service.database.readings() as session:
        return list(await ConversationStore(session).guests(attempt))


async def test_park_take_supervise_and_give_to_another_agent(tmp_path: Path) -> None:
    async with talk(tmp_path / "data") as (service, phones, ann, bob, client):
        attempt = (await ann.now())["attempt_id"]
        await ann.does("park", notes="asks for Bob")
        await ann.is_in("available")
        (parked,) = (await client.get(f"{API}/parked-calls")).json()
        (seen,) = (await client.get(f"{API}/calls")).json()
        assert (seen["attempt_id"], seen["state"], seen["parked"], seen["session_id"]) == (
            attempt,
            "answered",
            True,
            None,
        )
        (queue,) = (await client.get(f"{API}/queues")).json()
        assert (queue["waiting"], queue["parked"], queue["agents"]) == (0, 1, {"available": 2})
        assert (parked["attempt_id"], parked["parked_by_session_id"]) == (attempt, ann.shift)
        await all_hear(phones, customer="", ann="")
        taken = await client.post(f"{API}/parked-calls/{attempt}/take", json={"session_id": bob.shift})
        assert taken.is_success, taken.text
        await bob.is_in("talking")
        await all_hear(phones, customer="b", bob="c")
        gone = await client.post(f"{API}/parked-calls/{attempt}/take", json={"session_id": ann.shift})
        assert (gone.status_code, gone.json()["code"]) == (409, "not-parked")
        # Ann supervises Bob from her own shift, and gives nothing away until she whispers.
        await bob.does("supervise", mode="listen", agent_id=service.engine.agent(ann.shift).agent)
        await all_hear(phones, customer="b", bob="c", ann="bc")
        shifts = (await client.get(f"{API}/agent-sessions")).json()
        assert [(each["id"], each["state"], each["attempt_id"]) for each in shifts] == [
            (ann.shift, "talking", attempt),
            (bob.shift, "talking", attempt),
        ]
        assert (await client.get(f"{API}/calls")).json()[0]["supervised"]
        await bob.does("supervise/mode", mode="whisper")
        await eventually(lambda: heard_by(phones["bob"]) == {"customer", "ann"}, 15)
        await all_hear(phones, customer="b")
        await bob.does("supervise/take-over")
        await all_hear(phones, customer="a", ann="c", bob="")
        assert (await bob.is_in("available"))["conversation"] is None
        await service.engine.written()
        done = (await client.get(f"{API}/attempts/{attempt}/steps")).json()
        watched = [each for each in done if each["kind"] in ("listens", "whispers", "take_over")]
        assert len(watched) == 3
        assert all(each["notes"] for each in watched), "who supervised is on record"
        await ann.does("transfer", anyone=True)
        await bob.is_in("talking")
        await all_hear(phones, customer="b", bob="c", ann="")
        nobody = await bob.asks("transfer", agent_id=9)
        assert (nobody.status_code, nobody.json()["code"]) == (409, "agent-not-free")


async def test_a_call_is_watched_handed_up_given_away_outside_and_recorded(tmp_path: Path) -> None:
    boss = FarEnd(tone([BOSS_HZ], 1.0), again=True)
    async with (
        called(boss),
        talk(tmp_path / "data", "per_call", recording="always") as (service, phones, ann, bob, client),
    ):
        attempt, campaign = (await ann.now())["attempt_id"], (await ann.now())["campaign_ids"][0]
        tiers = [{"name": "second", "agents": [service.engine.agent(bob.shift).agent]}]
        changed = await client.patch(f"{API}/campaigns/{campaign}", json={"tiers": tiers})
        assert changed.is_success, changed.text
        # Somebody at a SIP address listens, and then talks with both.
        await ann.does("supervise", mode="listen", sip_uri=boss.uri)
        await eventually(lambda: {400, 1000} <= heard_among([400, 1000], boss.hears_now()), 15)
        await all_hear(phones, customer="a", ann="c")
        await ann.does("supervise/mode", mode="barge")
        await ann.does("mute")
        customer = phones["customer"]
        voices = [HZ["ann"], BOSS_HZ]
        await eventually(lambda: heard_among(voices, customer.hears_now()) == {BOSS_HZ}, 15)
        await ann.does("supervise/end")
        # Bob, whose softphone is rung for each call, has the second level.
        await eventually(lambda: service.engine.floor.campaigns[campaign].work.tier("second"))
        await ann.does("hand-up", tier="second", notes="wants gold")
        await ann.is_in("available")
        await bob.is_in("talking")
        await all_hear(phones, customer="b", bob="c", ann="")
        pop = (await client.get(f"{API}/agent-sessions/{bob.shift}/screen-pop")).json()
        assert pop["handed_over"]["notes"] == "wants gold"
        await bob.does("transfer", number=CLOSER_NUMBER)
        await bob.is_in("wrap_up")
        await eventually(lambda: heard_by(customer) == {"closer"}, 15)
        phones["closer"].hang_up()
        await eventually(lambda: customer.over)
        left = await recorded_agents(client, attempt, tmp_path)
        assert {1000, 1600, BOSS_HZ} <= left, "whoever the customer heard, but whom they were given away to"
        assert HZ["closer"] not in left
        time = {"from": "2020-01-01T00:00:00Z", "to": "2100-01-01T00:00:00Z"}
        bobs = service.engine.agent(bob.shift).agent
        spent = (await client.get(f"{API}/agents/{bobs}/time", params=time)).json()
        assert spent["states_ms"]["on_hold"] > 0, "while the closer was called"
        assert spent["unaccounted_ms"] == 0


async def recorded_agents(client: httpx2.AsyncClient, attempt: int, folder: Path) -> set[int]:
    """The tones on the agents' side of the call's recording, each for a tenth of a second at least."""
    async with asyncio.timeout(60):
        while True:
            found = (await client.get(f"{API}/recordings?attempt_id={attempt}")).json()["items"]
            if found and found[0]["state"] == "kept":
                break
            await asyncio.sleep(0.05)
    file = folder / "heard.wav"
    file.write_bytes(
        (await client.get(f"{API}/recordings/{found[0]['id']}/audio")).raise_for_status().content
    )
    hz, frames = np.unique(heard(file).left, return_counts=True)
    return {int(each) for each, count in zip(hz, frames, strict=True) if count >= 5}


async def test_an_engine_that_is_killed_knows_hold_and_three_way_again(
    tmp_path: Path, migrated_sqlite: Path
) -> None:
    database, folder = tmp_path / "dialer.db", tmp_path / "data"
    folder.mkdir()
    shutil.copy(migrated_sqlite, database)
    async with phones_up() as (phones, trunk):
        dialer = Dialer(folder, trunk, f"sqlite+aiosqlite:///{database}")
        try:
            await _prepare(dialer, phones["ann"].uri)
            async with dialer.client() as client:
                ann = Desk(client, await _log_in(client))
                await ann.is_in("talking")
                await ann.does("consult", number=CLOSER_NUMBER)
                await eventually(lambda: heard_by(phones["ann"]) == {"closer"}, 15)
                await dialer.kill()
                assert heard_by(phones["ann"]) == {"closer"}
                await dialer.serve()
                now = await ann.is_in("talking")
                assert now["conversation"]["customer"] == "held"
                assert [each["there"] for each in now["conversation"]["guests"]] == [True]
                await ann.does("consult/join")
                everybody = {"customer", "ann", "closer"}
                await eventually(
                    lambda: all(heard_by(phones[each]) == everybody - {each} for each in everybody), 15
                )
        finally:
            await dialer.close()


async def _prepare(dialer: Dialer, softphone: str) -> None:
    leads = dialer.folder / "leads.csv"
    leads.write_text(f"phone\n{PERSON}\n")
    await dialer.command("leads", "import", str(leads), "--list", "all", "--client", "acme")
    await dialer.command(
        *("campaign", "create", "--client", "acme", "--name", "All", "--list", "all"),
        *("--caller-id", "+12025550199", "--set", f"callable_times={str(ALL_DAY).replace(chr(39), chr(34))}"),
    )
    await dialer.command("agent", "add", "--client", "acme", "--name", "Ann", "--sip-uri", softphone)
    await dialer.serve()


async def _log_in(client: httpx2.AsyncClient) -> int:
    shift = {"agent_id": 1, "campaign_ids": [1]}
    begun = (await client.post(f"{API}/agent-sessions", json=shift)).raise_for_status()
    (await client.post(f"{API}/campaigns/1/start")).raise_for_status()
    return int(begun.json()["id"])
