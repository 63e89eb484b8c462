"""An agent's screen: told by a stream of events who is on the line, as soon as they are."""

import asyncio
from pathlib import Path

import httpx2

from dialer.simulation.people import Kind, World
from tests.campaigns.questionnaires import SURVEY
from tests.event_stream import EventStream, Heard, listening
from tests.journeys.stage import staged

PERSON = "+12025551000"
WORLD = World(ring_mean_s=0.4, talk_mean_s=600, patience_mean_s=600)


def is_talk(heard: Heard) -> bool:
    return heard.event == "agent.state" and heard.data["data"]["state"] == "talking"


async def hung_up(client: httpx2.AsyncClient, attempt: int, manager: EventStream) -> dict[str, object]:
    """Ends a call, and returns what the manager is told of it."""
    (await client.post(f"/api/v1/attempts/{attempt}/hangup")).raise_for_status()
    ended = await manager.next(
        lambda heard: heard.event == "call.event" and heard.data["data"]["kind"] == "ended"
    )
    return dict(ended.data["data"])


async def is_asked(client: httpx2.AsyncClient, path: str) -> None:
    """The person on the line is asked the campaign's script."""
    looked = (await client.get(path)).raise_for_status().json()
    assert (looked["id"], looked["page"]["name"], looked["attempt_id"]) == (None, "hello", 1)
    wrong = await client.post(path, json={"page": "hello", "answers": {"willing": "perhaps"}})
    assert (wrong.status_code, wrong.json()["code"]) == (422, "invalid-answers")
    assert wrong.json()["errors"] == {"willing": "Choose one of the answers."}
    said = await client.post(path, json={"page": "hello", "answers": {"willing": "yes"}})
    assert said.raise_for_status().json()["page"]["name"] == "score"
    assert (await client.get(path, params={"page": "hello"})).json()["answers"] == {"willing": "yes"}
    assert (await client.get(path, params={"page": "why"})).json()["code"] == "not-on-this-page"


async def test_an_agents_screen_follows_a_call(tmp_path: Path, sqlite_url: str) -> None:
    async with staged(tmp_path, sqlite_url, WORLD, {PERSON: Kind.PERSON}, 1) as stage:
        campaign = await stage.prepare([PERSON], script=SURVEY)
        await stage.dialer.serve()
        async with stage.dialer.client() as client:
            shift = {"agent_id": 1, "campaign_ids": [campaign]}
            shift_id = (
                (await client.post("/api/v1/agent-sessions", json=shift)).raise_for_status().json()["id"]
            )
            path = f"/api/v1/agent-sessions/{shift_id}"
            assert (await client.get(f"{path}/screen-pop")).json()["code"] == "no-conversation"
            assert (await client.get(f"{path}/questionnaire")).json()["code"] == "no-questionnaire"
            async with (
                listening(client, f"{path}/events") as screen,
                listening(client, f"/api/v1/events?campaign_id={campaign}") as manager,
            ):
                await screen.next(lambda heard: heard.data["data"]["state"] == "available")
                await stage.dialer.command("campaign", "start", str(campaign))

                pop = (await screen.next(lambda heard: heard.event == "screen-pop")).data
                assert (pop["phone"], pop["campaign"], pop["history"]) == (PERSON, "All", [])
                assert pop["lead"]["phones"][0]["phone"] == PERSON
                assert (await client.get(f"{path}/screen-pop")).json() == pop
                talk = await screen.next(is_talk) if not any(map(is_talk, screen.heard)) else screen.heard[-1]

                async with listening(client, f"{path}/events") as reloaded:
                    assert (await reloaded.next(lambda heard: heard.event == "screen-pop")).data == pop
                await is_asked(client, f"{path}/questionnaire")

                ended = await hung_up(client, pop["attempt_id"], manager)
                assert PERSON not in str([heard.data for heard in manager.heard])
                assert ended["lead_id"] == pop["lead"]["id"]
                answer = await client.post(f"{path}/end")
                assert answer.is_success
                rest = [heard for heard in await screen.rest() if heard.event == "agent.state"]
                assert [heard.data["data"]["state"] for heard in rest][-2:] == ["wrap_up", "logged_out"]
            assert (await client.get(f"{path}/events")).status_code == 404

            async with listening(client, "/api/v1/events", after=talk.id) as again:
                resumed = await again.next()
            assert resumed.data["seq"] == int(talk.id.rpartition("-")[2]) + 1
            async with listening(client, "/api/v1/events", after="gone-1") as lost:
                assert (await lost.next()).event == "missed"
                stage.dialer.signal(15)
                async with asyncio.timeout(30):
                    await lost.rest()
        assert await stage.dialer.ended() == 0
