"""The sample files that ship with the program."""

import csv
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

from sqlmodel import select

from leads import samples
from leads.core.columns import map_columns
from leads.core.intake import LeadDraft, read_row
from leads.core.phone import PhoneRejectionCode
from leads.dnc import DncListRef, import_dnc
from leads.importing.load import import_list
from leads.reading import open_rows
from leads.stores.shared import Sessions
from leads.tables import Lead, Phone, ZoneGroup

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
GENERATOR = Path(__file__).parents[2] / "bench" / "make_demo_leads.py"


def test_the_files_are_what_their_generator_writes(tmp_path: Path) -> None:
    subprocess.run([sys.executable, str(GENERATOR), str(tmp_path)], check=True)
    for sample in (samples.DEMO_LEADS, samples.DEMO_DNC):
        assert (tmp_path / sample.name).read_bytes() == sample.read_bytes()


async def test_the_sample_is_a_believable_mess(sessions: Sessions) -> None:
    report = await import_list(
        sessions,
        client_slug="demo",
        list_name="demo",
        default_country="US",
        source=samples.DEMO_LEADS,
        now=NOW,
    )
    assert report.rows >= 600
    assert 0.70 < report.accepted / report.rows < 0.80
    assert 0.04 < report.merged / report.rows < 0.08
    row_reasons = {
        "row-empty",
        "row-too-many-cells",
        "country-unknown",
        "timezone-unknown",
        "not-before-unreadable",
    }
    assert set(report.reasons) == set(get_args(PhoneRejectionCode)) | row_reasons
    async with sessions() as session, session.begin():
        found = await session.exec(select(Phone, ZoneGroup).join(ZoneGroup))
        phones = [(phone, group.zones) for phone, group in found]
        leads = (await session.exec(select(Lead))).all()
    assert len({phone.region for phone, _ in phones}) >= 20
    assert len({zone for _, zones in phones for zone in zones}) >= 40
    assert any(phone.kind == "toll_free" and not zones for phone, zones in phones)
    assert any(phone.region == "US" and len(zones) > 1 for phone, zones in phones)
    assert sum(not lead.first_name.isascii() for lead in leads) > 100
    assert any("\n" in value for lead in leads for value in lead.custom.values())


async def test_the_do_not_call_sample_names_leads_of_the_sample(sessions: Sessions) -> None:
    await import_list(
        sessions,
        client_slug="demo",
        list_name="demo",
        default_country="US",
        source=samples.DEMO_LEADS,
        now=NOW,
    )
    report = await import_dnc(sessions, DncListRef(), source=samples.DEMO_DNC, default_country="US", now=NOW)
    assert (report.added, report.rejected) == (12, 0)
    with samples.DEMO_DNC.open(newline="") as file:
        numbers = {row["phone"] for row in csv.DictReader(file)}
    async with sessions() as session, session.begin():
        known = set((await session.exec(select(Phone.e164))).all())
    assert numbers <= known


def test_american_sample_numbers_are_fictional() -> None:
    with samples.DEMO_LEADS.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        if row["phone"].startswith("+1") and row["phone"][1:].isdigit() and len(row["phone"]) == 12:
            assert row["phone"][5:10] == "55501"


def test_every_row_of_the_template_is_a_lead_that_nobody_can_reach() -> None:
    with open_rows(samples.TEMPLATE, "the template") as rows:
        (_, header), *records = rows.records()
    columns = map_columns(header)
    drafts = [read_row(cells, columns, "US") for _, cells in records]
    assert len(drafts) == 2
    for draft in drafts:
        assert isinstance(draft, LeadDraft)
        assert draft.notes == ()
        assert all(phone.e164[5:10] == "55501" for phone in draft.phones)
    assert isinstance(drafts[0], LeadDraft)
    assert len(drafts[0].consents) == 1
    assert samples.template_text().splitlines()[0].split(",") == header
