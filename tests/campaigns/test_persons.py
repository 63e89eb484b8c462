"""A person's data by phone: handed out, and erased, across everything."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Coroutine
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import httpx2
import msgspec
import pytest
from fastapi import FastAPI
from sqlmodel import select
from typer.testing import CliRunner

from campaigns import service
from campaigns.commands.persons import person_app
from campaigns.core.attempt import Ending
from campaigns.persons import erase_person, export_person
from campaigns.recordings.folder import RecordingFolder
from campaigns.routes import persons as routes
from campaigns.stores.shared import Sessions
from campaigns.tables import Attempt
from dialer.api import problems
from dialer.database import opened
from leads.consents import Whose, give_consent, withdraw_consent
from leads.errors import PersonNotFoundError, PersonOnCallError, PhoneRejectedError, UnknownClientError
from leads.stores.dnc import DncStore
from leads.stores.persons import phones_of_lead
from leads.tables import Client, Consent, Lead, LeadList, Phone
from tests.campaigns.lawless import NO_LAW
from tests.campaigns.seeds import NOW, Person, lead_rows, seed_campaign, seed_leads
from tests.open_access import open_to_all

T = TypeVar("T")
ANN, ANN_AT_WORK, BEN = "+14155550101", "+14155550102", "+14155550103"
LATER = NOW + timedelta(hours=1)
PERSONAL = (ANN, ANN_AT_WORK, "Ada", "ann@example.com", "customer 17", "likes tea", "0101", "wants it blue")


async def _seed(sessions: Sessions) -> int:
    """Ann, with two phones, and Ben, in a campaign of acme; Ann again at beta. The campaign's id."""
    ann, _ben = await seed_leads(sessions, [Person([ANN, ANN_AT_WORK]), Person([BEN])])
    await seed_leads(sessions, [Person([ANN])], slug="beta")
    async with sessions() as session, session.begin():
        lead = (await session.exec(select(Lead).where(Lead.id == ann))).one()
        lead.external_id, lead.email = "customer 17", "ann@example.com"
        lead.custom = {"note": "likes tea"}
        session.add(lead)
    whose = Whose(phone=ANN, email="ann@example.com")
    given = {"basis": "express", "source": "form of 0101", "given_at": NOW, "now": NOW}
    for client, channel in (("acme", "call"), ("acme", "email"), ("beta", "call")):
        await give_consent(sessions, client, whose, channel=channel, **given)
    await withdraw_consent(sessions, "acme", whose, channel="email", source="mail of 0101", at=NOW, now=NOW)
    return await seed_campaign(sessions)


async def _call(sessions: Sessions, campaign_id: int) -> int:
    """Calls Ann, who is first in line; the attempt's id."""
    permitted = await service.claim_permitted(sessions, NO_LAW, campaign_id, 1, NOW)
    (started,) = await service.start_attempts(sessions, NO_LAW, campaign_id, permitted, NOW)
    assert started.e164 == ANN
    return started.attempt_id


async def _talk(sessions: Sessions, campaign_id: int) -> int:
    attempt_id = await _call(sessions, campaign_id)
    await service.finish_attempt(sessions, attempt_id, Ending("human"), LATER)
    await service.set_disposition(sessions, attempt_id, "sale", "wants it blue", LATER)
    return attempt_id


async def _opt_out(sessions: Sessions, slug: str = "acme") -> None:
    async with sessions() as session, session.begin():
        client = (await session.exec(select(Client).where(Client.slug == slug))).one()
        await DncStore(session).add_number(ANN, "client", client.id, reason="", source="test", now=NOW)


async def test_an_export_holds_everything_that_is_kept(sessions: Sessions) -> None:
    campaign_id = await _seed(sessions)
    await _talk(sessions, campaign_id)
    await _opt_out(sessions)
    found = await export_person(sessions, "415-555-0101")
    assert [(each.client, each.list_name) for each in found.person.leads] == [
        ("acme", "autumn"),
        ("beta", "autumn"),
    ]
    assert [each.phone for each in found.person.leads[0].lead.phones] == [ANN, ANN_AT_WORK]
    assert [each.source for each in found.person.imports] == ["autumn.csv"] * 2
    assert [each.channel for each in found.person.consents] == ["call", "email", "call"]
    assert [(each.phone, each.level) for each in found.person.dnc_entries] == [(ANN, "client")]
    assert [(each.campaign_id, each.attempts, each.state) for each in found.campaigns] == [
        (campaign_id, 1, "final")
    ]
    assert [(each.phone, each.disposition, each.notes) for each in found.attempts] == [
        (ANN, "sale", "wants it blue")
    ]
    text = msgspec.json.encode(found).decode()
    assert all(each in text for each in PERSONAL)
    assert BEN not in text


async def test_by_another_of_their_numbers_the_same_person_is_found(sessions: Sessions) -> None:
    campaign_id = await _seed(sessions)
    await _talk(sessions, campaign_id)
    found = await export_person(sessions, ANN_AT_WORK, client="acme")
    assert len(found.person.leads) == len(found.attempts) == 1
    assert len(found.person.consents) == 2


async def test_a_client_is_told_nothing_of_another(sessions: Sessions) -> None:
    await _seed(sessions)
    await _opt_out(sessions)
    found = await export_person(sessions, ANN, client="beta")
    assert [each.client for each in found.person.leads] == ["beta"]
    assert len(found.person.consents) == 1
    assert (found.person.dnc_entries, found.campaigns, found.attempts) == ([], [], [])


async def _everything(sessions: Sessions) -> str:
    """All rows that could hold something personal, as one text."""
    async with sessions() as session:
        tables = (Lead, Phone, Consent, Attempt)
        rows = [
            str(row.model_dump()) for table in tables for row in (await session.exec(select(table))).all()
        ]
    return "\n".join(rows)


async def test_an_erasure_leaves_nothing_personal_and_all_figures(sessions: Sessions) -> None:
    campaign_id = await _seed(sessions)
    attempt_id = await _talk(sessions, campaign_id)
    before = await service.report(sessions, campaign_id, LATER)
    erased = await erase_person(sessions, ANN, now=LATER)
    assert (erased.leads, erased.phones, erased.consents, erased.withdrawn_consents) == (2, 3, 3, 1)
    assert (erased.campaign_leads, erased.attempts, erased.dnc_entries) == (0, 1, [])
    assert any("backups" in sentence.lower() for sentence in erased.remains)
    left = await _everything(sessions)
    assert not [each for each in PERSONAL if each != "Ada" and each in left]
    assert left.count("Ada") == 1, "Ben's name is his"
    assert BEN in left
    assert msgspec.json.encode(await service.report(sessions, campaign_id, LATER)) == msgspec.json.encode(
        before
    )
    async with sessions() as session:
        attempt = (await session.exec(select(Attempt).where(Attempt.id == attempt_id))).one()
        assert (attempt.e164, attempt.notes, attempt.disposition) == ("", "", "sale")
        lead = (await session.exec(select(Lead).where(Lead.id == attempt.lead_id))).one()
        assert (lead.erased_at, lead.external_id, lead.custom) == (LATER, None, {})
        assert await phones_of_lead(session, lead.id) == []


async def test_an_erased_lead_is_not_dialed_any_more(sessions: Sessions) -> None:
    campaign_id = await _seed(sessions)
    permitted = await service.claim_permitted(sessions, NO_LAW, campaign_id, 1, NOW)
    assert [each.lead.e164 for each in permitted] == [ANN]
    await erase_person(sessions, ANN, now=NOW)
    assert await service.start_attempts(sessions, NO_LAW, campaign_id, permitted, NOW) == []
    (row,) = [each for each in (await lead_rows(sessions, campaign_id)).values() if each.state == "final"]
    assert (row.reason, row.claimed_until) == ("erased", None)
    other = await seed_campaign(sessions, "Winter sale")
    assert [each.lead.e164 for each in await service.claim_permitted(sessions, NO_LAW, other, 5, NOW)] == [
        BEN
    ]


async def test_a_later_disposition_does_not_bring_an_erased_lead_back(sessions: Sessions) -> None:
    campaign_id = await _seed(sessions)
    attempt_id = await _talk(sessions, campaign_id)
    await erase_person(sessions, ANN, now=LATER)
    await service.set_disposition(sessions, attempt_id, "callback", "", LATER)
    rows = await lead_rows(sessions, campaign_id)
    assert [each.state for each in rows.values()] == ["final", "ready"]


async def test_the_do_not_call_entry_stays_and_is_named(sessions: Sessions) -> None:
    await _seed(sessions)
    await _opt_out(sessions)
    erased = await erase_person(sessions, ANN, now=NOW, client="acme")
    assert [(each.phone, each.list_name) for each in erased.dnc_entries] == [(ANN, "internal")]
    async with sessions() as session:
        assert await DncStore(session).entries_of(ANN)


async def test_at_one_client_the_others_keep_what_they_have(sessions: Sessions) -> None:
    await _seed(sessions)
    assert (await erase_person(sessions, ANN, now=NOW, client="acme")).leads == 1
    found = await export_person(sessions, ANN)
    assert [each.client for each in found.person.leads] == ["beta"]
    assert len(found.person.consents) == 1


async def test_while_a_call_lives_nothing_is_erased(sessions: Sessions) -> None:
    campaign_id = await _seed(sessions)
    attempt_id = await _call(sessions, campaign_id)
    with pytest.raises(PersonOnCallError):
        await erase_person(sessions, ANN_AT_WORK, now=NOW)
    assert len((await export_person(sessions, ANN)).attempts) == 1
    await service.finish_attempt(sessions, attempt_id, Ending("busy"), LATER)
    assert (await erase_person(sessions, ANN_AT_WORK, now=LATER)).attempts == 1


async def test_of_whom_nothing_is_kept_nothing_is_told(sessions: Sessions) -> None:
    await _seed(sessions)
    for phone, client in (("+14155550199", None), (BEN, "beta")):
        with pytest.raises(PersonNotFoundError):
            await export_person(sessions, phone, client=client)
        with pytest.raises(PersonNotFoundError):
            await erase_person(sessions, phone, now=NOW, client=client)
    with pytest.raises(PhoneRejectedError):
        await erase_person(sessions, "", now=NOW)
    with pytest.raises(UnknownClientError):
        await export_person(sessions, ANN, client="nobody")
    assert ANN in await _everything(sessions)


async def test_an_erased_person_may_be_loaded_again_as_somebody_new(sessions: Sessions) -> None:
    await _seed(sessions)
    await erase_person(sessions, ANN, now=NOW)
    await seed_leads(sessions, [Person([ANN])])
    found = await export_person(sessions, ANN)
    assert [each.lead.erased_at for each in found.person.leads] == [None]
    assert found.person.consents == []
    async with sessions() as session:
        assert len((await session.exec(select(LeadList))).all()) == 2


class _Context:
    recordings = RecordingFolder(Path("no-such-folder"), "node-1")

    def __init__(self, url: str) -> None:
        self._url = url

    def run(self, work: Callable[[Sessions], Coroutine[Any, Any, T]]) -> T:
        async def main() -> T:
            async with opened(self._url) as database:
                return await work(database.sessions)

        return asyncio.run(main())


def test_on_the_command_line_erasing_has_to_be_meant(database_url: str) -> None:
    def run(*arguments: str) -> Any:
        return CliRunner().invoke(person_app, list(arguments), obj=_Context(database_url))

    _Context(database_url).run(_seed)
    assert json.loads(run("export", ANN).stdout)["phone"] == ANN
    assert run("erase", ANN).exit_code == 2
    said = run("erase", ANN, "--client", "acme", "--yes").stdout
    assert (
        "Emptied: 1 leads with 2 phones, 2 consents (1 of them withdrawn before), 0 calls, 0 recordings."
        in said
    )
    assert "Do-not-call entries stay" in said
    assert json.loads(run("erase", ANN, "--yes", "--json").stdout)["leads"] == 1
    assert isinstance(run("export", ANN).exception, PersonNotFoundError)


@pytest.fixture
async def http(sessions: Sessions) -> AsyncIterator[httpx2.AsyncClient]:
    await _seed(sessions)
    app = FastAPI()
    open_to_all(app)
    problems.install(app)
    app.state.sessions = app.state.readings = sessions
    app.state.now = lambda: NOW
    app.state.recordings = _Context.recordings
    app.include_router(routes.router)
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://dialer") as client:
        yield client


async def test_over_http_a_person_is_exported_and_erased(http: httpx2.AsyncClient) -> None:
    assert len((await http.get(f"/persons/{ANN}/export")).json()["person"]["leads"]) == 2
    erased = (await http.post(f"/persons/{ANN}/erase")).json()
    assert (erased["leads"], len(erased["remains"]) > 0) == (2, True)
    for answer, status, code in (
        (await http.get(f"/persons/{ANN}/export"), 404, "person-not-found"),
        (await http.post("/persons/%00/erase"), 422, "phone-rejected"),
        (await http.get(f"/persons/{BEN}/export?client=%00"), 404, "unknown-client"),
        (await http.get(f"/persons/{'1' * 251}/export"), 422, "invalid-request"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_a_withdrawn_consent_to_calls_outlives_its_erasure_as_a_do_not_call_entry(
    sessions: Sessions,
) -> None:
    await _seed(sessions)
    whose = Whose(phone=ANN)
    await withdraw_consent(sessions, "acme", whose, channel="call", source="phone", at=NOW, now=NOW)
    erased = await erase_person(sessions, ANN, now=LATER)
    assert [(each.phone, each.level, each.reason) for each in erased.dnc_entries] == [
        (ANN, "client", "consent withdrawn")
    ]
    async with sessions() as session:
        acme, beta = [
            (await session.exec(select(Client.id).where(Client.slug == slug))).one()
            for slug in ("acme", "beta")
        ]
        assert await DncStore(session).suppressed([ANN], acme, None)
        assert not await DncStore(session).suppressed([ANN], beta, None)


async def test_a_consent_that_was_given_again_leaves_no_do_not_call_entry(sessions: Sessions) -> None:
    await _seed(sessions)
    whose = Whose(phone=ANN)
    await withdraw_consent(sessions, "acme", whose, channel="call", source="phone", at=NOW, now=NOW)
    given = {"basis": "express", "source": "form", "given_at": LATER, "now": LATER}
    await give_consent(sessions, "acme", whose, channel="call", **given)
    assert (await erase_person(sessions, ANN, now=LATER)).dnc_entries == []
