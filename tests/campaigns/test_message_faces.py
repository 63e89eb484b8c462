"""Message channels and messages over HTTP and on the command line, and the sender in the service."""

import json
import shutil
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from pathlib import Path

import httpx2
import pytest
from fastapi import APIRouter, FastAPI
from typer.testing import CliRunner

from campaigns.commands import channel_app, messages_app
from campaigns.errors import ChannelExistsError, InvalidChannelError, MessageStateError
from campaigns.messaging.port import Reply
from campaigns.routes import messages
from campaigns.stores.shared import Sessions
from dialer.api import message_receipts, problems
from dialer.api.guessers import Guessers
from dialer.database import Database
from dialer.message_sender import MessageSender
from tests.campaigns.lawful import LAW
from tests.campaigns.outgoing import add_channel, change, mail, outbox, queue, rows, text
from tests.campaigns.seeds import NOW
from tests.campaigns.test_bounces import report
from tests.campaigns.test_explain_commands import AtUrl
from tests.message_centre import message_centre, receipt
from tests.message_centre import text as answer
from tests.open_access import open_to_all
from tests.support import eventually

CHANNEL = """
client = "acme"
name = "mail"
driver = "smtp"
sender = "Acme <news@acme.example>"

[options]
host = "127.0.0.1"
port = 1
security = "none"
password_secret = "acme_mail"
"""


class AtUrlWithSecrets(AtUrl):
    @property
    def message_secrets(self) -> Mapping[str, str]:
        return {"acme_mail": "s3cret"}


@pytest.fixture
async def client(sessions: Sessions) -> AsyncIterator[httpx2.AsyncClient]:
    app = FastAPI()
    app.state.sessions = app.state.readings = sessions
    app.state.now = lambda: NOW
    app.state.guessers = Guessers()
    open_to_all(app)
    problems.install(app)
    api = APIRouter(prefix="/api/v1")
    api.include_router(messages.router)
    api.include_router(message_receipts.router)
    app.include_router(api)
    transport = httpx2.ASGITransport(app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://dialer/api/v1/") as opened_client:
        yield opened_client


async def test_a_gateway_is_added_and_reports_at_its_address(
    sessions: Sessions, client: httpx2.AsyncClient
) -> None:
    of = await outbox(sessions)
    wanted = {"client": "acme", "name": "texts", "driver": "http", "sender": "+12025550100"}
    options = {
        "url": "https://gateway.example/send",
        "headers": {"X-Key": "written by mistake"},
        "receipt_id_path": "id",
        "receipt_status_path": "state",
        "receipt_delivered": ["DELIVERED"],
    }
    made = await client.post("message-channels", json=wanted | {"options": options})
    assert made.status_code == 201
    told = made.json()
    assert "written by mistake" not in made.text
    assert (await client.post("message-channels", json=wanted | {"options": options})).status_code == 409
    wrong = await client.post(
        "message-channels", json=wanted | {"name": "x", "options": {"url": "gopher://x"}}
    )
    assert (wrong.status_code, wrong.json()["code"]) == (422, "invalid-message-channel")
    await queue(sessions, [text(of)])
    [message] = await rows(sessions)
    channel_id = told["channel"]["id"]
    await change(sessions, message.id, state="sent", provider_id="gw-1", message_channel_id=channel_id)
    path = told["receipt_path"].removeprefix("/api/v1/")
    said = {"id": "gw-1", "state": "Delivered"}
    assert (await client.post(path, json=said)).status_code == 204
    assert (await client.get(path, params=said)).status_code == 204
    assert (await client.get(f"messages/{message.id}")).json()["state"] == "delivered"
    # A wrong key and an unknown message are answered alike.
    unknown = await client.post(path, json=said | {"id": "gw-2"})
    guess = await client.post(f"message-receipts/{channel_id}/{'x' * 32}", json=said)
    assert (guess.status_code, guess.json()) == (404, unknown.json())
    assert "token" not in (await client.get("messages")).text
    stopped = await client.post(f"message-channels/{channel_id}/stop")
    assert stopped.json()["active"] is False


async def test_what_nobody_knows_is_listed_and_sent_by_hand(
    sessions: Sessions, client: httpx2.AsyncClient
) -> None:
    of = await outbox(sessions, 2)
    await queue(sessions, [mail(of, 0), mail(of, 1)])
    first, second = await rows(sessions)
    await change(sessions, first.id, state="unknown", reason="crash", tries=3)
    await change(sessions, second.id, state="delivered")
    found = (await client.get("messages", params={"state": "unknown"})).json()["items"]
    assert [each["id"] for each in found] == [first.id]
    again = (await client.post(f"messages/{first.id}/send-again")).json()
    assert (again["state"], again["tries"]) == ("waiting", 0)
    assert (await client.post(f"messages/{first.id}/cancel")).json()["state"] == "canceled"
    assert (await client.post(f"messages/{second.id}/send-again")).status_code == 409
    assert (await client.get("messages", params={"state": "lost"})).status_code == 422
    assert (await client.get("messages/999")).status_code == 404


def test_the_command_line(migrated_sqlite: Path, tmp_path: Path) -> None:
    shutil.copy(migrated_sqlite, tmp_path / "test.db")
    url = f"sqlite+aiosqlite:///{tmp_path / 'test.db'}"
    known, runner = AtUrlWithSecrets(url), CliRunner()

    async def seeded(sessions: Sessions) -> str:
        of = await outbox(sessions)
        await queue(sessions, [mail(of)])
        [message] = await rows(sessions)
        await change(sessions, message.id, state="sent", tries=1)
        return message.token

    token = known.run(seeded)
    file = tmp_path / "mail.toml"
    file.write_text(CHANNEL)
    assert "sends email" in runner.invoke(channel_app, ["add", str(file)], obj=known).output
    assert isinstance(runner.invoke(channel_app, ["add", str(file)], obj=known).exception, ChannelExistsError)
    for broken in ("name = 1", "driver = [", CHANNEL + "colour = 1", CHANNEL.replace("acme_mail", "other")):
        file.write_text(broken.replace('name = "mail"', 'name = "more"'))
        wrong = runner.invoke(channel_app, ["add", str(file)], obj=known)
        assert isinstance(wrong.exception, InvalidChannelError), broken
    listed = runner.invoke(channel_app, ["list", "--json"], obj=known).output
    assert json.loads(listed)[0]["messages"] == {"sent": 1}
    assert "s3cret" not in listed
    checked = runner.invoke(channel_app, ["check", "mail", "--client", "acme"], obj=known)
    assert checked.exit_code == 1
    assert "no more" in runner.invoke(channel_app, ["stop", "mail", "--client", "acme"], obj=known).output
    bounce = tmp_path / "bounce.eml"
    bounce.write_bytes(report("failed", "5.1.1", envelope_id=token))
    box = tmp_path / "box"
    box.write_bytes(
        b"From MAILER-DAEMON Mon Nov 23 15:00:00 2026\n" + report("delivered", "2.0.0", envelope_id=token)
    )
    words = ["bounces", str(bounce), str(box), "--json"]
    read = json.loads(runner.invoke(channel_app, words, obj=known).output)
    assert (read["mails"], read["bounced"], read["delivered"]) == (2, 1, 1)
    [shown] = json.loads(runner.invoke(messages_app, ["list", "--json"], obj=known).output)
    assert (shown["state"], "token" in shown) == ("bounced", False)
    again = runner.invoke(messages_app, ["send-again", str(shown["id"])], obj=known)
    assert isinstance(again.exception, MessageStateError)


async def test_the_sender_sends_hears_and_goes_on(database: Database) -> None:
    of = await outbox(database.sessions, 2)
    heard: list[Reply] = []

    async def hear(channel_id: int, reply: Reply) -> None:
        heard.append(reply)

    async with message_centre() as centre:
        options = {"host": "127.0.0.1", "port": centre.port, "system_id": "dialer"}
        await add_channel(database.sessions, of.client_id, "smpp", password_secret="key", **options)  # noqa: S106
        sender = MessageSender(
            database.sessions, database.readings, LAW, {"key": "secret"}, lambda: NOW, hear
        )
        sender.start()
        # Before anything is sent there is a connection, since receipts for what went before come over it.
        await eventually(lambda: centre.binds)
        await queue(database.sessions, [text(of, 0), text(of, 1, due_at=NOW + timedelta(days=1))])
        await eventually(lambda: centre.submitted)
        await centre.deliver(receipt("id-1", "DELIVRD", 1))
        await centre.deliver(answer("STOP", 2))
        await eventually(lambda: len(centre.answers) == 2)
        await sender.stop()
    assert [each.state for each in await rows(database.sessions)] == ["delivered", "waiting"]
    assert [each.text for each in heard] == ["STOP"]
    assert {status for _, status in centre.answers} == {0}
