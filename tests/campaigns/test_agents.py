"""Agents: what they can do, who may begin a shift, pause reasons and time, in code and over HTTP."""

from collections.abc import AsyncIterator
from datetime import timedelta

import httpx2
import pytest
from fastapi import FastAPI

from campaigns import agents, dispositions, service
from campaigns.core.agent_profile import AgentProfile
from campaigns.core.disposition import BY_NOBODY
from campaigns.core.pauses import DEFAULT_PAUSES, Pause
from campaigns.core.softphone import ha1_of
from campaigns.dispositions import Words
from campaigns.errors import (
    AgentDisabledError,
    AgentExistsError,
    AgentLacksSkillsError,
    AgentLoggedInError,
    AgentNotFoundError,
    CampaignNotFoundError,
    InvalidAgentError,
    InvalidInputError,
    InvalidPauseReasonsError,
    UnknownPauseReasonError,
)
from campaigns.routes import router
from campaigns.stores.agents import AgentStore
from campaigns.stores.attempts import AttemptStore
from campaigns.stores.shared import Sessions
from tests.campaigns.lawless import NO_LAW
from tests.campaigns.seeds import NOW, people, seed_campaign, seed_leads
from tests.open_access import open_to_all

MINUTE = timedelta(minutes=1)


@pytest.fixture
async def campaign_id(sessions: Sessions) -> int:
    await seed_leads(sessions, people(3))
    return await seed_campaign(sessions, skills=["mortgages"], routing="past_contact")


@pytest.fixture
async def client(sessions: Sessions) -> AsyncIterator[httpx2.AsyncClient]:
    app = FastAPI()
    open_to_all(app)
    app.state.sessions = app.state.readings = sessions
    app.state.now = lambda: NOW + 60 * MINUTE
    app.include_router(router)
    transport = httpx2.ASGITransport(app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://dialer") as opened:
        yield opened


async def ann(sessions: Sessions, **profile: object) -> int:
    known = {"skills": {}, "languages": [], "ranks": {}} | profile
    made = AgentProfile.parse(**known)  # type: ignore[arg-type]
    return await service.add_agent(sessions, "acme", "Ann", "sip:ann@pbx.example", NOW, made)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("skills", {"Mortgages": 3}),
        ("skills", {"mortgages": 11}),
        ("skills", {"mortgages": True}),
        ("skills", {str(number): 1 for number in range(51)}),
        ("languages", ["spanish please"]),
        ("languages", [7]),
        ("ranks", {"first": 1}),
        ("ranks", {"1": 0}),
    ],
)
def test_what_no_agent_can_be_is_refused(field: str, value: object) -> None:
    known = {"skills": {}, "languages": [], "ranks": {}} | {field: value}
    with pytest.raises(InvalidAgentError):
        AgentProfile.parse(**known)  # type: ignore[arg-type]


async def test_only_what_is_given_changes(sessions: Sessions, campaign_id: int) -> None:
    agent_id = await ann(sessions, skills={"mortgages": 3}, languages=["EN", "pt-br", "en"])
    changed = await agents.change_agent(sessions, agent_id, {"ranks": {str(campaign_id): 2}, "name": "Anna"})
    assert (changed.name, changed.sip_uri, changed.disabled) == ("Anna", "sip:ann@pbx.example", False)
    assert (changed.skills, changed.languages) == ({"mortgages": 3}, ["en", "pt-BR"])
    assert changed.ranks == {str(campaign_id): 2}
    assert (await agents.find_agent(sessions, "Anna")).id == agent_id
    assert (await agents.find_agent(sessions, str(agent_id))).id == agent_id


async def test_what_does_not_fit_changes_nothing(sessions: Sessions, campaign_id: int) -> None:
    agent_id = await ann(sessions)
    await service.add_agent(sessions, "acme", "Bob", "sip:bob@pbx.example", NOW)
    for changes, error in (
        ({"name": "Bob"}, AgentExistsError),
        ({"name": ""}, InvalidInputError),
        ({"sip_uri": "pbx"}, InvalidAgentError),
        ({"ranks": {"999": 1}}, CampaignNotFoundError),
        ({"client_id": 2}, InvalidInputError),
    ):
        with pytest.raises(error):
            await agents.change_agent(sessions, agent_id, changes)
    assert (await agents.get_agent(sessions, agent_id)).name == "Ann"
    for reference in ("Nobody", "999", "\n"):
        with pytest.raises(AgentNotFoundError):
            await agents.find_agent(sessions, reference)


async def test_who_begins_a_shift_is_enabled_has_the_skills_and_works_for_the_own_client(
    sessions: Sessions, campaign_id: int
) -> None:
    agent_id = await ann(sessions)
    await seed_leads(sessions, people(1, first=9), slug="other", list_name="theirs")
    stranger = await service.add_agent(sessions, "other", "Cleo", "sip:cleo@pbx.example", NOW)

    async def admitted(agent: int) -> AgentProfile:
        async with sessions() as session:
            return await agents.admit(session, await AgentStore(session).get(agent), [campaign_id])

    with pytest.raises(AgentLacksSkillsError, match="asks for mortgages"):
        await admitted(agent_id)
    await agents.change_agent(sessions, agent_id, {"skills": {"mortgages": 1}})
    assert (await admitted(agent_id)).skills == {"mortgages": 1}
    with pytest.raises(CampaignNotFoundError):
        await admitted(stranger)
    await agents.change_agent(sessions, agent_id, {"disabled": True})
    with pytest.raises(AgentDisabledError):
        await admitted(agent_id)


async def test_who_is_logged_in_already_is_told_where(sessions: Sessions, campaign_id: int) -> None:
    agent_id = await ann(sessions)
    async with sessions() as session, session.begin():
        shift = await AgentStore(session).open_session(agent_id, [campaign_id], "unavailable", NOW)
    async with sessions() as session, session.begin():
        with pytest.raises(AgentLoggedInError) as raised:
            await AgentStore(session).open_session(agent_id, [campaign_id], "unavailable", NOW)
    assert raised.value.session_id == shift


async def test_the_agent_of_the_last_talk_is_known_to_the_next_call(
    sessions: Sessions, campaign_id: int
) -> None:
    agent_id = await ann(sessions)
    (first, *_) = await service.claim_permitted(sessions, NO_LAW, campaign_id, 1, NOW)
    (started,) = await service.start_attempts(sessions, NO_LAW, campaign_id, [first], NOW)
    assert started.last_agent is None
    async with sessions() as session, session.begin():
        await AttemptStore(session).update_attempt(started.attempt_id, connected_at=NOW, agent_id=agent_id)
        found = await AttemptStore(session).last_agents([started.lead_id, started.lead_id + 1])
    assert found == {started.lead_id: agent_id}


async def test_what_nobody_said_replaces_nothing_and_gives_way_to_what_is_said(
    sessions: Sessions, campaign_id: int
) -> None:
    agent_id = await ann(sessions)
    permitted = await service.claim_permitted(sessions, NO_LAW, campaign_id, 1, NOW)
    (started,) = await service.start_attempts(sessions, NO_LAW, campaign_id, permitted, NOW)
    async with sessions() as session, session.begin():
        await AttemptStore(session).update_attempt(started.attempt_id, connected_at=NOW, agent_id=agent_id)

    async def said(code: str, by: str) -> tuple[str, str]:
        async with sessions() as session, session.begin():
            await dispositions.say(session, started.attempt_id, Words(code=code, by=by), NOW)
            attempt = await AttemptStore(session).get_attempt(started.attempt_id)
            return attempt.disposition, attempt.disposition_by

    assert await said("hung_up", BY_NOBODY) == ("hung_up", "nobody")
    assert await said("sale", "agent") == ("sale", "agent")
    assert await said("hung_up", BY_NOBODY) == ("sale", "agent")


# --- pause reasons ------------------------------------------------------------------------------


async def test_a_client_has_the_default_pause_reasons_until_it_has_its_own(sessions: Sessions) -> None:
    await seed_leads(sessions, people(1))
    agent_id = await ann(sessions)
    assert await agents.pause_reasons(sessions, "acme") == list(DEFAULT_PAUSES)
    own = [Pause("tea", "Tea", limit_minutes=10), Pause("prayer", "Prayer", paid=False)]
    assert await agents.set_pause_reasons(sessions, "acme", own) == own
    await agents.check_pause_reason(sessions, agent_id, "tea")
    with pytest.raises(UnknownPauseReasonError, match="use tea, prayer"):
        await agents.check_pause_reason(sessions, agent_id, "lunch")
    assert await agents.set_pause_reasons(sessions, "acme", []) == list(DEFAULT_PAUSES)
    with pytest.raises(InvalidPauseReasonsError, match="one code"):
        await agents.set_pause_reasons(sessions, "acme", [own[0], own[0]])


@pytest.mark.parametrize(
    ("code", "name", "limit"), [("A b", "x", None), ("tea", " ", None), ("tea", "Tea", 0)]
)
def test_a_pause_reason_that_makes_no_sense_is_refused(code: str, name: str, limit: int | None) -> None:
    with pytest.raises(InvalidPauseReasonsError):
        Pause(code, name, limit_minutes=limit)


# --- over HTTP ----------------------------------------------------------------------------------


async def test_agents_over_http(sessions: Sessions, campaign_id: int, client: httpx2.AsyncClient) -> None:
    wanted = {"client": "acme", "name": "Ann", "sip_uri": "sip:ann@pbx.example", "languages": ["es"]}
    made = await client.post("/agents", json=wanted | {"ranks": {str(campaign_id): 1}})
    assert made.status_code == 201
    path = f"/agents/{made.json()['id']}"
    assert (await client.get(path)).json() == made.json()
    changed = (await client.patch(path, json={"skills": {"cars": 7}, "disabled": True})).json()
    assert (changed["skills"], changed["languages"], changed["disabled"]) == ({"cars": 7}, ["es"], True)
    await service.add_agent(sessions, "acme", "Bob", "sip:bob@pbx.example", NOW)
    page = (await client.get("/agents", params={"client": "acme", "limit": 1})).json()
    assert [each["name"] for each in page["items"]] == ["Ann"]
    rest = (await client.get("/agents", params={"after": page["next"], "limit": 2})).json()
    assert ([each["name"] for each in rest["items"]], rest["next"]) == (["Bob"], None)
    for wrong in ({"skills": {"cars": 11}}, {"colour": "red"}, {"ranks": {"1": 0}}):
        assert (await client.patch(path, json=wrong)).status_code == 422


async def test_an_agents_softphone_over_http(sessions: Sessions, client: httpx2.AsyncClient) -> None:
    await seed_leads(sessions, people(1))
    wanted = {"client": "acme", "name": "Ann", "leg": "per_call"}
    made = (await client.post("/agents", json=wanted)).json()
    assert (made["sip_uri"], made["leg"], made["auto_answer"]) == ("", "per_call", False)
    path = f"/agents/{made['id']}"
    told = await client.post(f"{path}/sip-secret")
    assert (told.status_code, told.headers["Cache-Control"]) == (201, "no-store")
    account = told.json()
    assert (account["agent_id"], account["user"]) == (made["id"], f"agent{made['id']}")
    known = await agents.get_agent(sessions, made["id"])
    assert known.sip_ha1 == ha1_of(account["user"], account["secret"])
    read = await client.get(path)
    assert account["secret"] not in read.text
    assert known.sip_ha1 not in read.text
    moved = (await client.patch(path, json={"sip_uri": "sip:ann@pbx.example", "auto_answer": True})).json()
    assert (moved["sip_user"], moved["leg"], moved["auto_answer"]) == (None, "per_call", True)
    assert (await agents.get_agent(sessions, made["id"])).sip_ha1 is None
    with pytest.raises(InvalidInputError, match="whose registrar knows the secret"):
        await client.post(f"{path}/sip-secret")
    assert (await client.patch(path, json={"leg": "sometimes"})).status_code == 422


async def test_pause_reasons_over_http(sessions: Sessions, client: httpx2.AsyncClient) -> None:
    await seed_leads(sessions, people(1))
    first = (await client.get("/pause-reasons", params={"client": "acme"})).json()
    assert first[1] == {"code": "lunch", "name": "Lunch", "paid": False, "limit_minutes": 60}
    reasons = [{"code": "tea", "name": "Tea", "paid": True, "limit_minutes": None}]
    put = await client.put("/pause-reasons", json={"client": "acme", "reasons": reasons})
    assert put.json() == reasons
    too_long = [reasons[0] | {"limit_minutes": 1441}]
    refused = await client.put("/pause-reasons", json={"client": "acme", "reasons": too_long})
    assert refused.status_code == 422


async def test_an_agents_time_over_http_adds_up(
    sessions: Sessions, campaign_id: int, client: httpx2.AsyncClient
) -> None:
    agent_id = await ann(sessions)
    async with sessions() as session, session.begin():
        store = AgentStore(session)
        shift = await store.open_session(agent_id, [campaign_id], "unavailable", NOW)
        await store.change_state(shift, "available", NOW + timedelta(seconds=1.234))
        await store.change_state(shift, "paused", NOW + 20 * MINUTE, reason="lunch")
        await store.close_session(shift, NOW + 50 * MINUTE, "taken_over")
    asked = {"from": NOW.isoformat(), "to": (NOW + 40 * MINUTE).isoformat()}
    time = (await client.get(f"/agents/{agent_id}/time", params=asked)).json()
    assert time["states_ms"] == {"unavailable": 1234, "available": 1_198_766, "paused": 1_200_000}
    assert (time["logged_in_ms"], time["unaccounted_ms"]) == (2_400_000, 0)
    assert [(each["reason"], each["ms"]) for each in time["pauses"]] == [("lunch", 1_200_000)]
    assert time["shifts"][0]["end_reason"] == "taken_over"
    naive = {"from": "2026-11-23T00:00:00", "to": asked["to"]}
    assert (await client.get(f"/agents/{agent_id}/time", params=naive)).status_code == 422
    with pytest.raises(InvalidInputError, match="ends before it begins"):
        await client.get(f"/agents/{agent_id}/time", params={"from": asked["to"], "to": asked["from"]})
