"""A campaign warms up its calls: an e-mail goes out, is read and answered, and its reader is called first."""

import asyncio
from pathlib import Path
from typing import Any

import httpx2
from sqlmodel import col, select

from campaigns import service as campaigns
from campaigns.core.campaign import CampaignSettings
from campaigns.messaging.channels import ChannelWish, add_channel
from campaigns.messaging.replies import read_replies
from campaigns.stores.shared import Sessions
from dialer.bootstrap import Service, running
from dialer.settings import load_settings
from leads.tables import Lead
from tests.campaigns.lawless import NO_LAW_DIR
from tests.campaigns.messages import consent, messages
from tests.campaigns.seeds import ALL_DAY, lead_rows, people, seed_leads
from tests.campaigns.test_incoming_email import mail
from tests.mail_server import mail_server

WITHIN_S = 60
LETTER = {
    "when": "before_first_call",
    "before_s": 7200,
    "channel": "email",
    "subject": "Your offer",
    "text": "See https://acme.example/offer, or end this: {{ unsubscribe_url }}",
}


async def until(ask: Any) -> Any:
    """What is asked for, once it is there."""
    async with asyncio.timeout(WITHIN_S):
        while not (found := await ask()):
            await asyncio.sleep(0.05)
    return found


async def prepared(sessions: Sessions, service: Service, mail_port: int) -> tuple[int, list[int]]:
    """A campaign that runs, and its leads, who have consented to e-mail."""
    now = service.engine.now()
    ids = await seed_leads(sessions, people(3))
    async with sessions() as session, session.begin():
        for lead in (await session.exec(select(Lead).order_by(col(Lead.id)))).all():
            lead.email = f"reader{lead.id}@example.org"
            session.add(lead)
    for each in ids:
        await consent(sessions, each, "email")
    options = {"host": "127.0.0.1", "port": mail_port, "security": "none"}
    wish = ChannelWish(
        client="acme", name="mail", driver="smtp", sender="Acme <sales@acme.example>", options=options
    )
    await add_channel(sessions, wish, {}, now)
    settings = CampaignSettings.parse(
        {
            "caller_id": "+12025550199",
            "callable_times": ALL_DAY,
            "sequence": {"steps": {"letter": LETTER}, "links_at": service.api_url},
        }
    )
    campaign_id = await campaigns.create_campaign(sessions, "acme", "Spring", settings, ["autumn"], now)
    await campaigns.start_campaign(sessions, campaign_id, now)
    return campaign_id, ids


async def test_a_message_goes_out_is_read_and_answered_and_its_reader_comes_first(tmp_path: Path) -> None:
    settings = load_settings(
        data_dir=tmp_path / "data",
        rules_dir=NO_LAW_DIR,
        mqtt={"port": 0},
        api={"port": 0},
        sip={"port": 0, "lines": 10},
    )
    async with mail_server() as server, running(settings) as service:
        sessions = service.database.sessions
        campaign_id, (first, second, third) = await prepared(sessions, service, server.port)

        async def all_came() -> bool:
            return len(server.content) == 3

        await until(all_came)
        sent = {each.lead_id: each for each in await messages(sessions)}
        by_reader = {str(each["To"]): each for each in server.mails()}
        letter = by_reader[f"reader{third}@example.org"]
        assert f"{service.api_url}/m/{sent[third].token}/1," in letter.get_content()
        assert letter["List-Unsubscribe"] == f"<{service.api_url}/m/{sent[third].token}/unsubscribe>"

        headers = {"Authorization": f"Bearer {service.api_key}"}
        async with httpx2.AsyncClient(base_url=service.api_url, timeout=30, headers=headers) as http:
            followed = await http.get(f"/m/{sent[third].token}/1")
            assert followed.headers["location"] == "https://acme.example/offer"
            await http.post(f"/m/{sent[second].token}/unsubscribe", data={"List-Unsubscribe": "One-Click"})
            answer = mail(
                "Call me after five.",
                From=f"reader{first}@example.org",
                In_Reply_To=str(by_reader[f"reader{first}@example.org"]["Message-ID"]),
            )
            read = await read_replies(sessions, [answer], service.engine.now())
            assert (read.kept, read.opted_out) == (1, 0)

            history = (await http.get(f"/api/v1/leads/{first}/history")).json()["items"]
            assert [(each["kind"], each["channel"]) for each in history] == [
                ("reply", "email"),
                ("message", "email"),
            ]
            whose = {"client": "acme", "email": f"reader{second}@example.org"}
            consents = (await http.get("/api/v1/consents/check", params=whose)).json()
            assert consents["holds"]["email"] is False
            report = (await http.get(f"/api/v1/campaigns/{campaign_id}/report")).json()
            (step,) = report["messages"]["steps"]
            assert (step["messages"], step["sent"], step["clicked"], step["replies"]) == (3, 3, 1, 1)
        rows = await lead_rows(sessions, campaign_id)
        assert rows[third].sort_key < rows[first].sort_key == rows[second].sort_key
        assert {each.reason for each in rows.values()} == {"waiting_for_message"}
