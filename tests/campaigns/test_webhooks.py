"""What happens is told to web hooks once it has happened: signed, in order, and to nobody else."""

import asyncio
import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import col, select
from standardwebhooks import Webhook as Signer

from campaigns import announcing, appointments, service, webhooks
from campaigns.announcing import News, announce
from campaigns.core.attempt import Ending
from campaigns.core.webhook import MOST_TRIES, parse_networks
from campaigns.errors import InvalidWebhookError, WebhookNotFoundError
from campaigns.persons import erase_person
from campaigns.promises import CallbackWish
from campaigns.stores.shared import Sessions
from campaigns.tables import Webhook, WebhookDelivery
from campaigns.webhook_delivery import FAILING_REASON, GONE_REASON, deliver, forget_old, send_test
from campaigns.webhook_posting import Posted, Poster
from campaigns.webhooks import WebhookChange, WebhookMade
from dialer.webhook_sender import WebhookSender
from tests.campaigns.booked import TOMORROW, booking
from tests.campaigns.lawless import NO_LAW
from tests.campaigns.promised import DUE, talked
from tests.campaigns.seeds import NOW, people, seed_campaign, seed_leads
from tests.gateway import Gateway, gateway
from tests.servers import certificate_in, free_port
from tests.support import eventually

HOST = "crm.example.test"
HERE = parse_networks(["127.0.0.0/8"])

of_requests = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""What is about requests is asked on one database."""


async def at_home(_host: str, _port: int) -> Sequence[str]:
    """A resolver that knows one address."""
    return ["127.0.0.1"]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    return certificate_in(tmp_path_factory.mktemp("tls"), HOST)


@pytest.fixture
def crm(certificate: tuple[str, str]) -> Iterator[Gateway]:
    with gateway(certificate) as opened:
        yield opened


@pytest.fixture
def poster(certificate: tuple[str, str]) -> Poster:
    return Poster(HERE, Path(certificate[0]), at_home)


@pytest.fixture
async def made(sessions: Sessions, crm: Gateway) -> WebhookMade:
    """A web hook that wants everything; of acme, which has three leads and a campaign."""
    await seed_leads(sessions, people(3))
    return await webhooks.add_webhook(sessions, "acme", url_of(crm), ["*"], NOW, allowed=HERE)


def url_of(crm: Gateway) -> str:
    return f"https://{HOST}:{crm.port}/hooks?from=dialer"


async def happen(sessions: Sessions, *numbers: int, now: datetime = NOW) -> None:
    """Events that bear numbers."""
    for number in numbers:
        async with sessions() as session, session.begin():
            await announce(session, News(client_id=1, type="call.ended", data={"number": number}), now)


async def told(sessions: Sessions) -> list[WebhookDelivery]:
    async with sessions() as session:
        return list((await session.exec(select(WebhookDelivery).order_by(col(WebhookDelivery.id)))).all())


async def turn(sessions: Sessions, poster: Poster, now: datetime = NOW, webhook_id: int = 1) -> str:
    return await deliver(sessions, poster, webhook_id, lambda: now, lambda: 0.5)


def numbers_at(crm: Gateway) -> list[int]:
    return [json.loads(each.body)["data"]["number"] for each in crm.requests]


async def test_what_happens_in_a_call_is_on_record_with_it(sessions: Sessions, made: WebhookMade) -> None:
    campaign = await seed_campaign(sessions, lead_order="oldest")
    agent = await service.add_agent(sessions, "acme", "Ann", "sip:ann@pbx.example", NOW)
    first, second = await talked(sessions, campaign, agent), await talked(sessions, campaign, agent)
    wish = CallbackWish(DUE, agent_id=agent)
    await service.set_disposition(sessions, first, "callback", "", NOW, rules=NO_LAW, wish=wish)
    await service.finish_attempt(sessions, first, Ending("human"), NOW + timedelta(minutes=1))
    await service.finish_attempt(sessions, second, Ending("human"), NOW + timedelta(minutes=2))
    await service.set_disposition(sessions, second, "not_interested", "", NOW + timedelta(minutes=3))
    await service.set_disposition(sessions, second, "do_not_call", "", NOW + timedelta(minutes=4))
    events = await told(sessions)
    assert [each.type for each in events] == [
        *("callback.made", "disposition.set", "call.ended", "call.ended", "disposition.set"),
        *("lead.opted_out", "disposition.corrected"),
    ]
    bodies = [json.loads(each.body) for each in events]
    assert all(set(each) == {"type", "timestamp", "data"} for each in bodies)
    ended = bodies[2]["data"]
    assert (ended["attempt_id"], ended["outcome"], ended["disposition"]) == (first, "human", "callback")
    assert (ended["agent_id"], ended["phone"], ended["direction"]) == (agent, "+12025550000", "out")
    assert ended["ended_at"].startswith("2026-11-23T15:01:00")
    assert (bodies[-1]["data"]["disposition"], bodies[-1]["data"]["before"]) == (
        "do_not_call",
        "not_interested",
    )
    assert len({each.event_id for each in events}) == len(events)
    assert all(
        each.lead_id == each_body["data"]["lead_id"] for each, each_body in zip(events, bodies, strict=True)
    )


async def test_what_did_not_happen_is_not_told_and_other_clients_are_told_nothing(
    sessions: Sessions, made: WebhookMade
) -> None:
    async with sessions() as session, session.begin() as transaction:
        await announce(session, News(client_id=1, type="call.ended", data={}), NOW)
        await transaction.rollback()
    await seed_leads(sessions, people(1, first=50), slug="globex")
    async with sessions() as session, session.begin():
        await announce(session, News(client_id=2, type="call.ended", data={}), NOW)
    assert await told(sessions) == []


@of_requests
async def test_events_come_signed_in_order_to_the_name_that_was_meant(
    sessions: Sessions, made: WebhookMade, crm: Gateway, poster: Poster
) -> None:
    now = datetime.now(UTC)
    await happen(sessions, *range(5), now=now)
    await turn(sessions, poster, now)
    assert numbers_at(crm) == list(range(5))
    events = await told(sessions)
    assert [(each.state, each.tries, each.last_status) for each in events] == [("delivered", 1, 200)] * 5
    for request, event in zip(crm.requests, events, strict=True):
        assert request.path == "/hooks?from=dialer"
        assert request.headers["Host"] == f"{HOST}:{crm.port}"
        assert request.headers["webhook-id"] == event.event_id
        assert Signer(made.secret).verify(request.body, request.headers)["type"] == "call.ended"
    await turn(sessions, poster, now)
    assert len(crm.requests) == 5


@of_requests
async def test_while_a_secret_is_replaced_both_sign(
    sessions: Sessions, made: WebhookMade, crm: Gateway, poster: Poster
) -> None:
    now = datetime.now(UTC)
    new = await webhooks.rotate_secret(sessions, 1, now, overlap_s=60)
    assert new.secret != made.secret
    await happen(sessions, 1, now=now)
    await turn(sessions, poster, now)
    await happen(sessions, 2, now=now)
    await turn(sessions, poster, now + timedelta(seconds=61))
    both, one = crm.requests
    for secret in (made.secret, new.secret):
        Signer(secret).verify(both.body, both.headers)
    assert len(both.headers["webhook-signature"].split()) == 2
    assert len(one.headers["webhook-signature"].split()) == 1
    with pytest.raises(InvalidWebhookError):
        await webhooks.rotate_secret(sessions, 1, now, overlap_s=1e9)


@of_requests
async def test_what_fails_comes_again_under_its_name_and_later_events_need_not_wait_for_ever(
    sessions: Sessions, made: WebhookMade, crm: Gateway, poster: Poster
) -> None:
    await happen(sessions, 1, 2)
    crm.answers = [(503, {}), None]
    await turn(sessions, poster)
    first, second = await told(sessions)
    assert (first.state, first.tries, first.last_status, first.problem) == ("waiting", 1, 503, "HTTP 503")
    assert (second.tries, second.next_at) == (0, NOW)
    await turn(sessions, poster, NOW + timedelta(seconds=9))
    assert len(crm.requests) == 1
    await turn(sessions, poster, NOW + timedelta(seconds=10))
    _, view = await webhooks.get_webhook(sessions, 1)
    assert view.failing_since == NOW
    crm.answers = []
    await turn(sessions, poster, NOW + timedelta(minutes=5))
    assert {each.state for each in await told(sessions)} == {"delivered"}
    names = [each.headers["webhook-id"] for each in crm.requests]
    assert names.count(first.event_id) >= 2
    assert (await webhooks.get_webhook(sessions, 1))[1].failing_since is None


@of_requests
async def test_an_event_that_is_never_taken_is_given_up_and_can_be_sent_again(
    sessions: Sessions, made: WebhookMade, crm: Gateway, poster: Poster
) -> None:
    await happen(sessions, 1)
    crm.answers = [(400, {})] * MOST_TRIES
    now = NOW
    for _ in range(MOST_TRIES):
        await turn(sessions, poster, now)
        now = max((await told(sessions))[0].next_at, now + timedelta(minutes=1))
    (given_up,) = await told(sessions)
    assert (given_up.state, given_up.tries, len(crm.requests)) == ("failed", MOST_TRIES, MOST_TRIES)
    await webhooks.redeliver(sessions, 1, given_up.id, now)
    await turn(sessions, poster, now + timedelta(minutes=2))
    (again,) = await told(sessions)
    assert (again.state, again.event_id) == ("delivered", given_up.event_id)
    with pytest.raises(WebhookNotFoundError):
        await webhooks.redeliver(sessions, 1, 999, now)


@of_requests
async def test_gone_and_failing_for_days_disable_and_somebody_can_have_it_go_on(
    sessions: Sessions, made: WebhookMade, crm: Gateway, poster: Poster
) -> None:
    await happen(sessions, 1)
    crm.answers = [(410, {}), (500, {}), (500, {})]
    assert await turn(sessions, poster) == GONE_REASON
    _, view = await webhooks.get_webhook(sessions, 1)
    assert (view.state, view.reason) == ("disabled", GONE_REASON)
    await happen(sessions, 2)
    await turn(sessions, poster, NOW + timedelta(days=1))
    assert (len(crm.requests), len(await told(sessions))) == (1, 1)
    await webhooks.change_webhook(sessions, 1, WebhookChange(active=True))
    await turn(sessions, poster, NOW + timedelta(days=1))
    assert await turn(sessions, poster, NOW + timedelta(days=4)) == FAILING_REASON


async def test_two_nodes_tell_an_event_once_and_a_crash_tells_it_again(
    sessions: Sessions, made: WebhookMade, crm: Gateway, poster: Poster
) -> None:
    await happen(sessions, *range(20))
    await asyncio.gather(*(turn(sessions, poster) for _ in range(4)))
    assert numbers_at(crm) == list(range(20))
    await happen(sessions, 20)
    crm.answers = []
    sending = asyncio.create_task(turn(sessions, poster))
    await eventually(lambda: len(crm.requests) == 21)
    sending.cancel()
    await asyncio.gather(sending, return_exceptions=True)
    await turn(sessions, poster, NOW + timedelta(seconds=61))
    names = [each.headers["webhook-id"] for each in crm.requests]
    assert len(set(names)) == 21
    assert (await told(sessions))[-1].state == "delivered"


async def test_a_node_sends_by_itself_and_one_web_hook_that_hangs_keeps_no_other(
    sessions: Sessions, made: WebhookMade, crm: Gateway, poster: Poster
) -> None:
    dead = f"https://{HOST}:{free_port()}/"
    await webhooks.add_webhook(sessions, "acme", dead, ["*"], NOW, allowed=HERE)
    sender = WebhookSender(sessions, sessions, poster, lambda: datetime.now(UTC))
    sender.start()
    try:
        await happen(sessions, 1, 2, 3, now=datetime.now(UTC))
        await eventually(lambda: len(crm.requests) == 3)
    finally:
        await sender.stop()
    states = {(each.webhook_id, each.state) for each in await told(sessions)}
    assert states == {(1, "delivered"), (2, "waiting")}


@of_requests
async def test_a_test_is_sent_at_once_and_nothing_is_kept_of_it(
    sessions: Sessions, made: WebhookMade, crm: Gateway, poster: Poster
) -> None:
    now = datetime.now(UTC)
    assert (await send_test(sessions, poster, 1, now)).status == 200
    assert Signer(made.secret).verify(crm.requests[0].body, crm.requests[0].headers)["type"] == "webhook.test"
    assert await told(sessions) == []


async def test_a_person_who_is_erased_and_what_is_old_is_forgotten(
    sessions: Sessions, made: WebhookMade, poster: Poster
) -> None:
    async with sessions() as session, session.begin():
        await announcing.leads_created(session, 1, 1, [1, 2], "API", NOW)
    await erase_person(sessions, "+12025550000", now=NOW)
    assert [each.lead_id for each in await told(sessions)] == [2]
    await turn(sessions, poster)
    assert await forget_old(sessions, NOW + timedelta(days=29)) == 0
    assert await forget_old(sessions, NOW + timedelta(days=31)) == 1


async def test_a_web_hook_that_is_removed_takes_its_events_along(
    sessions: Sessions, made: WebhookMade
) -> None:
    await happen(sessions, 1)
    await webhooks.remove_webhook(sessions, 1)
    async with sessions() as session:
        assert (await session.exec(select(Webhook))).all() == []
    assert await told(sessions) == []


async def post(poster: Poster, url: str) -> Posted:
    async with poster.line() as line:
        return await line.post(url, b"{}", {})


async def test_names_that_lead_inside_are_not_followed(crm: Gateway, certificate: tuple[str, str]) -> None:
    async def inside(_host: str, _port: int) -> Sequence[str]:
        return ["10.0.0.1", "::ffff:127.0.0.1", "169.254.169.254"]

    for url in (url_of(crm), f"http://127.0.0.1:{crm.port}/", "https://localhost/"):
        posted = await post(Poster((), Path(certificate[0]), inside), url)
        assert posted.status is None
        assert "not of the public internet" in posted.problem
    assert crm.requests == []


async def test_a_name_is_looked_up_once_for_a_request_and_only_what_was_checked_is_reached(
    crm: Gateway, certificate: tuple[str, str]
) -> None:
    """A name that has another address each time it is asked (DNS rebinding)."""
    asked: list[str] = []
    addresses = [["127.0.0.1"], ["10.0.0.1"]]

    async def rebinding(host: str, _port: int) -> Sequence[str]:
        asked.append(host)
        return addresses[(len(asked) - 1) % 2]

    changing = Poster(HERE, Path(certificate[0]), rebinding)
    assert (await post(changing, url_of(crm))).status == 200
    assert asked == [HOST]
    assert (await post(changing, url_of(crm))).status is None
    assert len(crm.requests) == 1


async def test_a_certificate_is_for_the_name_and_from_somebody_known(
    crm: Gateway, poster: Poster, certificate: tuple[str, str]
) -> None:
    other = f"https://other.example.test:{crm.port}/"
    assert "certificate" in (await post(poster, other)).problem.lower()
    assert "certificate" in (await post(Poster(HERE, None, at_home), url_of(crm))).problem.lower()
    assert crm.requests == []


async def test_redirects_are_not_followed(crm: Gateway, poster: Poster) -> None:
    with gateway() as elsewhere:
        crm.answers, crm.headers = [(302, {}), (307, {})], {"Location": f"{elsewhere.url}/"}
        for status in (302, 307):
            assert (await post(poster, url_of(crm))).status == status
        assert elsewhere.requests == []


async def test_plain_http_is_for_networks_of_ones_own(poster: Poster) -> None:
    with gateway() as plain:
        assert (await post(poster, f"http://{HOST}:{plain.port}/")).status == 200

        async def public(_host: str, _port: int) -> Sequence[str]:
            return ["93.184.216.34"]

        refused = await post(Poster(HERE, None, public), f"http://{HOST}:{plain.port}/")
        assert refused.status is None
        assert len(plain.requests) == 1


async def test_an_answer_without_an_end_is_not_read_to_it(poster: Poster) -> None:
    async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n")
        try:
            while True:
                writer.write(b"x" * 65536)
                await writer.drain()
        except ConnectionError:
            writer.close()

    server = await asyncio.start_server(endless, "127.0.0.1", 0)
    async with server:
        port: Any = server.sockets[0].getsockname()[1]
        assert (await post(poster, f"http://{HOST}:{port}/")).status == 200


@of_requests
async def test_an_appointment_is_told_when_it_is_booked_and_when_it_is_moved(
    sessions: Sessions, crm: Gateway
) -> None:
    campaign, _, _ = await booking(sessions)
    await webhooks.add_webhook(sessions, "acme", url_of(crm), ["appointment.*"], NOW, allowed=HERE)
    made = await appointments.book(sessions, campaign, 1, TOMORROW, NOW)
    await appointments.reschedule(sessions, made.id, TOMORROW + timedelta(minutes=30), NOW)
    bodies = [json.loads(each.body)["data"] for each in await told(sessions)]
    assert [each["appointment_id"] for each in bodies] == [made.id, made.id]
    assert [each["starts_at"][11:16] for each in bodies] == ["15:00", "15:30"]
