"""An agent calls whom they choose, over HTTP: a number, then another of its lead, and nobody forbidden."""

from datetime import UTC, datetime
from pathlib import Path

import httpx2

from campaigns import service as campaigns
from dialer.bootstrap import Service
from tests.campaigns.seeds import suppress
from tests.journeys.small import campaign_in_draft
from tests.journeys.test_preview import LISTED, PERSON, SILENT, SLOW, Desk, preview_service


async def on_pause(service: Service, client: httpx2.AsyncClient, softphone: str) -> Desk:
    """The desktop of an agent who pauses, in a campaign with two leads."""
    sessions, now = service.database.sessions, datetime.now(UTC)
    rows = ["phone,phone2,priority", f"{PERSON},{SLOW},2", f"{LISTED},,1"]
    campaign = await campaign_in_draft(service, rows, dial_mode="preview")
    await campaigns.start_campaign(sessions, campaign, now)
    agent = await campaigns.add_agent(sessions, "acme", "Ann", softphone, now)
    shift = {"agent_id": agent, "campaign_ids": [campaign]}
    desk = Desk(client, (await client.post("/api/v1/agent-sessions", json=shift)).json()["id"])
    await desk.sees(PERSON)
    assert (await desk.does("pause", {"reason": "lunch"})).json()["state"] == "paused"
    return desk


async def refused(desk: Desk, body: object) -> tuple[int, str, str]:
    """Status, code and what else is said of a call that is not made."""
    answer = await desk.does("calls", body)
    return answer.status_code, answer.json()["code"], answer.json()["detail"]


async def test_a_number_is_called_and_after_the_talk_another_of_the_lead(tmp_path: Path) -> None:
    async with preview_service(tmp_path) as (service, carrier, softphone):
        headers = {"Authorization": f"Bearer {service.api_key}"}
        async with httpx2.AsyncClient(base_url=service.api_url, headers=headers, timeout=30) as client:
            desk = await on_pause(service, client, softphone)
            await suppress(service.database.sessions, LISTED)
            status, code, detail = await refused(desk, {"phone": LISTED})
            assert (status, code) == (409, "call-denied")
            assert "do-not-call" in detail
            assert (await refused(desk, {"phone": SILENT}))[:2] == (404, "lead-not-in-campaign")
            assert (await desk.now())["state"] == "paused"
            assert carrier.events_of("invite") == []

            assert (await desk.does("calls", {"phone": PERSON})).json()["state"] == "reserved"
            talk = (await desk.once(lambda told: told["state"] == "talking"))["attempt_id"]
            assert (await refused(desk, {"phone": SLOW}))[1] == "agent-not-free"
            lead = (await client.get(f"/api/v1/agent-sessions/{(await desk.now())['id']}/lead")).json()
            await client.post(f"/api/v1/attempts/{talk}/hangup")
            await desk.once(lambda told: told["state"] == "wrap_up")

            (other,) = [each["id"] for each in lead["phones"] if each["phone"] == SLOW]
            alternate = {"lead_id": lead["id"], "phone_id": other}
            assert (await refused(desk, alternate))[1] == "disposition-missing"
            again = await desk.does("calls", alternate | {"disposition": "not_available"})
            assert again.json()["state"] == "reserved", again.json()
            await desk.ends_its_talk()
            back = await desk.once(lambda told: told["state"] == "paused")
            assert back["reason"] == "lunch"
        assert [each["number"] for each in carrier.events_of("invite")] == [PERSON, SLOW]
        found = await campaigns.list_attempts(service.database.sessions, None, 0, 10)
        assert [(each.e164, each.disposition) for each in found] == [
            (PERSON, "not_available"),
            (SLOW, "sale"),
        ]
