"""Drivers against real peers: a mail server, a gateway, a message centre, a file."""

import asyncio
import json
import ssl
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.core import sms
from campaigns.errors import InvalidChannelError
from campaigns.messaging import smpp_pdu
from campaigns.messaging.drivers import Surroundings, make_driver
from campaigns.messaging.mime import compose
from campaigns.messaging.port import (
    Accepted,
    ChannelDown,
    Driver,
    FateUnknown,
    Outgoing,
    PermanentFailure,
    Receipt,
    Reply,
    SendError,
    TemporaryFailure,
)
from tests.gateway import Gateway, gateway
from tests.mail_server import mail_server
from tests.message_centre import BAD_ADDRESS, THROTTLED, MessageCentre, message_centre, receipt, text
from tests.servers import certificate_in
from tests.support import eventually

NOW = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
TOKEN = "abcdefghijklmnopqrstuvwxyz012345"  # noqa: S105
MAIL = Outgoing(
    to_address="ada@example.com",
    sender="Acme Ltd <news@acme.example>",
    token=TOKEN,
    subject="Your offer, Ada",
    body_text="Hello Ada,\nthis is it.\n.\nBye\n",
    body_html="<p>Hello Ada</p>",
    unsubscribe_url="https://acme.example/u/" + "x" * 120,
)
TEXT = Outgoing(
    to_address="+12025550123", sender="+12025550100", token=TOKEN, body_text="Hello Ada & Eva {secret}"
)


class Ears:
    """Keeps what comes back; `deaf` refuses it."""

    def __init__(self) -> None:
        self.receipts: list[Receipt] = []
        self.replies: list[Reply] = []
        self.deaf = False

    async def received(self, receipt: Receipt) -> None:
        if self.deaf:
            raise RuntimeError("the database is away")
        self.receipts.append(receipt)

    async def replied(self, reply: Reply) -> None:
        self.replies.append(reply)


def driver(name: str, ears: Ears | None = None, kept: str = "secret", **options: Any) -> Driver:
    return make_driver(name, options, Surroundings({"key": kept}, ears or Ears(), lambda: NOW))


def smtp(port: int, kept: str = "secret", **options: Any) -> Driver:
    given = {"host": "127.0.0.1", "port": port, "security": "none", "own_name": "dialer.example"}
    return driver("smtp", None, kept, **given | options)


async def failure(sending: Driver, outgoing: Outgoing) -> SendError:
    with pytest.raises(SendError) as failed:
        await sending.send(outgoing)
    return failed.value


# Mail


async def test_a_mail_arrives_as_it_was_written() -> None:
    async with mail_server() as server:
        sending = smtp(server.port)
        accepted = await sending.send(MAIL)
        await sending.close()
    [mail] = server.mails()
    assert accepted.provider_id.endswith("queued as 1")
    assert (server.senders, server.recipients) == (["news@acme.example"], ["ada@example.com"])
    assert mail["From"] == "Acme Ltd <news@acme.example>"
    assert mail["Message-ID"] == f"<{TOKEN}@acme.example>"
    assert mail["Subject"] == "Your offer, Ada"
    assert mail["List-Unsubscribe"] == f"<{MAIL.unsubscribe_url}>"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    plain, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert plain is not None
    assert html is not None
    assert plain.get_content().splitlines() == MAIL.body_text.splitlines()
    assert html.get_content().strip() == MAIL.body_html


async def test_an_invitation_is_one() -> None:
    calendar = "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nEND:VCALENDAR\r\n"
    async with mail_server() as server:
        sending = smtp(server.port)
        await sending.send(Outgoing(**_fields(MAIL) | {"calendar": calendar}))
        await sending.close()
    [part] = [each for each in server.mails()[0].walk() if each.get_content_type() == "text/calendar"]
    assert part.get_param("method") == "REQUEST"
    assert "METHOD:REQUEST" in part.get_content()


async def test_a_connection_is_kept_and_one_that_broke_is_no_failure() -> None:
    async with mail_server() as server:
        sending = smtp(server.port, connections=1)
        for _ in range(3):
            await sending.send(MAIL)
        assert server.connections == 1
        for refused in ("gone", "full", "spam"):
            await failure(sending, Outgoing(**_fields(MAIL) | {"to_address": f"{refused}@example.com"}))
        await sending.send(MAIL)
        assert server.connections == 1
        await failure(sending, Outgoing(**_fields(MAIL) | {"to_address": "closing@example.com"}))
        await sending.send(MAIL)
        assert len(server.content) == 5
        await sending.close()


@pytest.mark.parametrize(
    ("who", "kind", "reason", "unusable"),
    [
        ("gone", PermanentFailure, "5.1.1", True),
        ("nobody", PermanentFailure, "550", True),
        ("spam", PermanentFailure, "5.7.1", False),
        ("full", TemporaryFailure, "4.2.2", False),
        ("later", TemporaryFailure, "450", False),
        ("closing", ChannelDown, "4.3.2", False),
    ],
)
async def test_what_a_mail_server_refuses_is_told_apart(
    who: str, kind: type[SendError], reason: str, unusable: bool
) -> None:
    async with mail_server() as server:
        sending = smtp(server.port)
        failed = await failure(sending, Outgoing(**_fields(MAIL) | {"to_address": f"{who}@example.com"}))
        assert (type(failed), failed.reason) == (kind, reason)
        assert getattr(failed, "unusable", False) is unusable
        await sending.close()


async def test_a_connection_that_breaks_after_the_mail_leaves_its_fate_unknown() -> None:
    async with mail_server() as server:
        sending = smtp(server.port)
        assert isinstance(
            await failure(sending, Outgoing(**_fields(MAIL) | {"to_address": "drop@example.com"})),
            FateUnknown,
        )
        await sending.close()
    assert len(server.content) == 1


async def test_a_server_that_is_not_there_is_no_fault_of_the_message() -> None:
    async with mail_server() as server:
        pass
    sending = smtp(server.port)
    assert isinstance(await failure(sending, MAIL), ChannelDown)
    with pytest.raises(ChannelDown):
        await sending.check()


async def test_starttls_and_a_password(tmp_path: Path) -> None:
    certificate, key = certificate_in(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    async with mail_server(tls=context, login=True) as server:
        options = {"security": "starttls", "ca_file": certificate, "user": "ada"}
        sending = smtp(server.port, **options, password_secret="key")  # noqa: S106
        await sending.check()
        await sending.send(MAIL)
        await sending.close()
        wrong = smtp(server.port, "wrong", password_secret="key", **options)  # noqa: S106
        assert isinstance(await failure(wrong, MAIL), ChannelDown)
        # Whose certificate nobody vouches for gets no password.
        logins = len(server.logins)
        stranger = smtp(server.port, security="starttls", user="ada", password_secret="key")  # noqa: S106
        assert isinstance(await failure(stranger, MAIL), ChannelDown)
        assert len(server.logins) == logins
    assert len(server.content) == 1


async def test_delivery_reports_are_asked_for_where_they_are_offered() -> None:
    said: list[str] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mx\r\n")
        while line := (await reader.readline()).decode().strip():
            said.append(line)
            word = line[:4].upper()
            answers = {"EHLO": "250-mx\r\n250 DSN", "DATA": "354 go", "QUIT": "221 bye"}
            writer.write((answers.get(word, "250 OK") + "\r\n").encode())
            if word == "DATA":
                while (await reader.readline()).strip() != b".":
                    pass
                writer.write(b"250 OK\r\n")
            if word == "QUIT":
                writer.close()
                return

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        sending = smtp(server.sockets[0].getsockname()[1], bounce_address="bounces+{token}@acme.example")
        await sending.send(Outgoing(**_fields(MAIL) | {"to_address": "a+b@example.com"}))
        await sending.close()
    assert f"MAIL FROM:<bounces+{TOKEN}@acme.example> RET=HDRS ENVID={TOKEN}" in said
    assert "RCPT TO:<a+b@example.com> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;a+2Bb@example.com" in said


@given(st.text(), st.text(), st.text(), st.text(), st.text())
def test_no_value_adds_a_header_or_ends_one(name: str, subject: str, body: str, to: str, url: str) -> None:
    outgoing = Outgoing(
        to_address=f"{to}@example.com",
        sender=f'"{name}" <news@acme.example>',
        token=TOKEN,
        subject=f"{subject}\r\nBcc: eve@example.com\r\n\r\n{subject}",
        body_text=body,
        body_html=body,
        unsubscribe_url=f"https://acme.example/{url}",
    )
    try:
        content = compose(outgoing, NOW)
    except PermanentFailure:
        return
    head = content.partition(b"\r\n\r\n")[0].replace(b"\r\n ", b" ").replace(b"\r\n\t", b" ")
    names = [line.partition(b":")[0].decode() for line in head.split(b"\r\n")]
    known = ["Message-ID", "List-Unsubscribe", "List-Unsubscribe-Post", "From", "To", "Subject", "Date"]
    known += ["Auto-Submitted", "MIME-Version", "Content-Type", "Content-Transfer-Encoding"]
    assert set(names) <= set(known)
    assert len(names) == len(set(names))


# A gateway


def http(kept: Gateway, **options: Any) -> Driver:
    given = {"url": f"{kept.url}/send", "body": {"to": "{to}", "text": "{text}"}, "id_path": "id"}
    return driver("http", None, "s3cret", **given | options)


async def test_a_gateway_gets_what_its_template_says() -> None:
    with gateway() as kept:
        sending = http(
            kept,
            url=f"{kept.url}/send?ref={{id}}&n={{to}}",
            headers={"X-Ref": "{id}"},
            body={
                "messages": [{"to": "{to}", "from": "{sender}", "text": "{text}", "n": 1, "key": "{secret}"}]
            },
            auth="bearer",
            secret="key",  # noqa: S106
            number_format="digits",
            id_path="messages.0.id",
        )
        kept.answers = [(202, {"messages": [{"id": 77}]})]
        assert await sending.send(TEXT) == Accepted("77")
        await sending.close()
    [request] = kept.requests
    assert request.path == f"/send?ref={TOKEN}&n=12025550123"
    assert request.headers["X-Ref"] == TOKEN
    assert request.headers["Authorization"] == "Bearer s3cret"
    # What a message says is put in once, and never looked at again.
    wanted = {"to": "12025550123", "from": "+12025550100", "text": TEXT.body_text, "n": 1, "key": "s3cret"}
    assert json.loads(request.body) == {"messages": [wanted]}


async def test_a_gateway_may_want_a_form_and_a_name_with_a_password() -> None:
    with gateway() as kept:
        sending = http(kept, body_format="form", auth="basic", user="ada", secret="key")  # noqa: S106
        await sending.send(TEXT)
        await sending.close()
    [request] = kept.requests
    assert parse_qs(request.body.decode()) == {"to": ["+12025550123"], "text": [TEXT.body_text]}
    assert request.headers["Authorization"] == "Basic YWRhOnMzY3JldA=="


@pytest.mark.parametrize(
    ("answer", "kind", "wait_s"),
    [
        ((429, {}), TemporaryFailure, 120),
        ((503, {}), TemporaryFailure, 120),
        ((400, {}), PermanentFailure, None),
        ((302, {}), PermanentFailure, None),
        ((200, {"status": "busy"}), TemporaryFailure, 0),
        ((200, {"status": "rejected"}), PermanentFailure, None),
        ((200, {}), PermanentFailure, None),
        (None, FateUnknown, None),
    ],
)
async def test_what_a_gateway_answers_is_told_apart(
    answer: Any, kind: type[SendError], wait_s: float | None
) -> None:
    with gateway() as kept:
        kept.headers = {"Retry-After": "120", "Location": f"{kept.url}/elsewhere"}
        kept.answers = [answer]
        sending = http(kept, status_path="status", accepted_values=["queued"], temporary_values=["busy"])
        failed = await failure(sending, TEXT)
        assert type(failed) is kind
        assert getattr(failed, "wait_s", None) == wait_s
        kept.answers = [(200, {"status": "queued", "id": "x"})]
        assert await sending.send(TEXT) == Accepted("x")
        await sending.close()


async def test_a_gateway_that_knows_repeats_is_asked_again() -> None:
    with gateway() as kept:
        kept.answers = [None]
        sending = http(kept, deduplicates=True)
        assert sending.deduplicates
        assert type(await failure(sending, TEXT)) is TemporaryFailure
        await sending.close()
        port = kept.port
    gone = driver("http", url=f"http://127.0.0.1:{port}/")
    assert isinstance(await failure(gone, TEXT), ChannelDown)
    await gone.close()


# A message centre


def smpp(centre: MessageCentre, ears: Ears | None = None, **options: Any) -> Driver:
    given = {"host": "127.0.0.1", "port": centre.port, "system_id": "dialer", "password_secret": "key"}
    return driver("smpp", ears, **given | {"timeout_s": 5.0} | options)


async def test_a_message_centre_gets_texts_short_and_long() -> None:
    async with message_centre() as centre:
        sending = smpp(centre)
        assert await sending.send(TEXT) == Accepted("id-1")
        long = "é[" * 200
        assert await sending.send(Outgoing(**_fields(TEXT) | {"body_text": long})) == Accepted("id-5")
        wide = "я😀" * 40
        assert await sending.send(
            Outgoing(**_fields(TEXT) | {"body_text": wide, "sender": "Acme"})
        ) == Accepted("id-7")
        await sending.close()
    first, parts, wides = centre.submitted[0], centre.submitted[1:5], centre.submitted[5:]
    assert first.short_message == TEXT.body_text
    assert (first.destination.number, first.destination.ton, first.registered_delivery) == (
        "12025550123",
        1,
        1,
    )
    assert [each.registered_delivery for each in parts] == [0, 0, 0, 1]
    assert "".join(each.short_message for each in parts) == long
    assert [each.get_segmentation_data()[1] for each in parts] in ([1, 2, 3, 4], [4, 4, 4, 4])
    assert "".join(each.short_message for each in wides) == wide
    assert (wides[0].source.number, wides[0].source.ton) == ("Acme", 5)
    assert centre.binds == 1


async def test_a_long_text_may_go_whole() -> None:
    async with message_centre() as centre:
        sending = smpp(centre, long_messages="payload")
        await sending.send(Outgoing(**_fields(TEXT) | {"body_text": "a" * 400}))
        await sending.close()
    [only] = centre.submitted
    assert only.message_payload == "a" * 400


async def test_what_a_message_centre_refuses_is_told_apart() -> None:
    async with message_centre() as centre:
        sending = smpp(centre)
        centre.statuses = [THROTTLED, BAD_ADDRESS, 0x0A, 0, THROTTLED, None]
        assert type(await failure(sending, TEXT)) is TemporaryFailure
        bad, other = await failure(sending, TEXT), await failure(sending, TEXT)
        assert isinstance(bad, PermanentFailure)
        assert bad.unusable
        assert isinstance(other, PermanentFailure)
        assert not other.unusable
        # Of two parts the first is on its way: the whole is not tried again.
        assert (
            type(await failure(sending, Outgoing(**_fields(TEXT) | {"body_text": "a" * 200})))
            is PermanentFailure
        )
        assert type(await failure(sending, TEXT)) is FateUnknown
        # The connection is made again.
        await sending.send(TEXT)
        assert centre.binds == 2
        await sending.close()


async def test_a_message_centre_that_does_not_let_us_in_is_down() -> None:
    async with message_centre() as centre:
        centre.password = "other"  # noqa: S105
        sending = smpp(centre)
        failed = await failure(sending, TEXT)
        assert isinstance(failed, ChannelDown)
        assert "bind" in failed.reason
        await sending.close()


async def test_receipts_and_answers_come_back_and_are_taken_once_they_are_kept() -> None:
    ears = Ears()
    async with message_centre() as centre:
        sending = smpp(centre, ears, enquire_link_s=0.1)
        await sending.keep()
        ears.deaf = True
        await centre.deliver(receipt("id-1", "DELIVRD", 1))
        await eventually(lambda: centre.answers)
        ears.deaf = False
        for number, state in enumerate(("DELIVRD", "UNDELIV", "ACCEPTD"), 2):
            await centre.deliver(receipt("id-1", state, number))
        await centre.deliver(text("STOP", 9))
        await eventually(lambda: len(centre.answers) == 5)
        await eventually(lambda: centre.links_enquired)
        await sending.close()
    assert sorted(centre.answers)[0] == (1, 0x64)
    assert [status for number, status in centre.answers if number > 1] == [0, 0, 0, 0]
    assert {(each.verdict, each.provider_id) for each in ears.receipts} == {
        ("delivered", "id-1"),
        ("failed", "id-1"),
    }
    assert ears.replies == [Reply("+12025550123", "+12025550100", "STOP")]


@given(st.binary(max_size=80))
def test_no_packet_is_too_strange(body: bytes) -> None:
    try:
        smpp_pdu.delivery(body)
    except smpp_pdu.MalformedPdu:
        return


@given(st.text(max_size=400), st.booleans())
def test_packets_carry_all_of_a_text(content: str, payload: bool) -> None:
    message = sms.encode(content)
    to = smpp_pdu.Address.of("+12025550123")
    bodies = smpp_pdu.submit(to, to, message, payload=payload, receipt=True, reference=7)
    assert b"".join(each for each in message.parts) in b"".join(bodies) or len(bodies) == message.segments


# A file, and options


async def test_a_file_gets_a_line_for_each_message(tmp_path: Path) -> None:
    sending = driver("file", path=str(tmp_path / "sent.jsonl"))
    await sending.send(TEXT)
    await sending.send(MAIL)
    lines = [json.loads(each) for each in (tmp_path / "sent.jsonl").read_text("utf-8").splitlines()]
    assert [each["to_address"] for each in lines] == [TEXT.to_address, MAIL.to_address]
    nowhere = driver("file", path=str(tmp_path / "none" / "sent.jsonl"))
    assert isinstance(await failure(nowhere, TEXT), ChannelDown)


@pytest.mark.parametrize(
    ("name", "options", "named"),
    [
        ("pigeon", {}, "pigeon"),
        ("smtp", {}, "host"),
        ("smtp", {"host": "mx", "password": "secret"}, "password"),
        ("smtp", {"host": "mx\r\nEHLO"}, "host"),
        ("smtp", {"host": "mx", "connections": 1000}, "connections"),
        ("http", {"url": "file:///etc/passwd"}, "url"),
        ("smpp", {"host": "centre", "system_id": "x" * 16}, "system_id"),
        ("file", {"path": "relative"}, "path"),
        ("http", {"url": "https://x", "secret": "unknown"}, "unknown"),
    ],
)
def test_options_that_make_no_sense_are_named(name: str, options: dict[str, Any], named: str) -> None:
    with pytest.raises(InvalidChannelError, match=named):
        driver(name, **options)


def _fields(outgoing: Outgoing) -> dict[str, Any]:
    return {name: getattr(outgoing, name) for name in outgoing.__slots__}
