"""An agent's calendar says when to call back, and no more of the person than it has to."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from icalendar import Calendar

from campaigns import callbacks, service
from campaigns.callback_calendar import Feed, calendar_of, calendar_text, end_address, new_address
from campaigns.callbacks import CallbackChange
from campaigns.errors import AgentNotFoundError, CalendarNotFoundError
from campaigns.stores.callbacks import CalendarRow
from campaigns.stores.shared import Sessions
from campaigns.tables import Callback
from tests.campaigns.lawless import NO_LAW
from tests.campaigns.promised import DUE, promised
from tests.campaigns.seeds import NOW


def row(zone: str, due: datetime, **changes: Any) -> CalendarRow:
    values = {"state": "waiting", "created_at": NOW, "changed_at": NOW, "lead_id": 7, "id": 3} | changes
    return CalendarRow(Callback(zone=zone, due_at=due, **values), "Autumn, sale; now", "Ada Byron")


def events(text: bytes) -> Sequence[Any]:
    return Calendar.from_ical(text).events  # type: ignore[no-any-return]


@pytest.mark.parametrize("zone", ["America/New_York", "Europe/London", "Australia/Lord_Howe", "Asia/Kolkata"])
@pytest.mark.parametrize("due", [datetime(2026, month, 25, 20, 30, tzinfo=UTC) for month in (1, 7, 11)])
def test_the_rules_of_its_zone_are_in_it_and_give_the_right_instant(zone: str, due: datetime) -> None:
    text = calendar_text(Feed("Ann", [row(zone, due)]), names=False)
    calendar: Any = Calendar.from_ical(text)
    (timezone,) = calendar.timezones
    (event,) = calendar.events
    assert timezone.tz_name == zone
    assert event["DTSTART"].params["TZID"] == zone
    local = due.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    assert event.start.replace(tzinfo=None) == local
    by_its_own_rules = timezone.to_tz(lookup_tzid=False)
    assert event.start.replace(tzinfo=by_its_own_rules).astimezone(UTC) == due
    assert text.count(b"\r\n") == text.count(b"\n")


def test_it_holds_the_name_only_where_that_is_wanted_and_what_is_over_or_canceled_says_so() -> None:
    rows = [row("Europe/London", DUE), row("Europe/London", DUE, id=4, state="canceled", sequence=2)]
    first, second = events(calendar_text(Feed("Ann", rows), names=False))
    assert first["SUMMARY"] == "Call back lead 7 (Autumn, sale; now)"
    assert (first["STATUS"], second["STATUS"], second["SEQUENCE"]) == ("CONFIRMED", "CANCELLED", 2)
    assert [len(each.alarms.times) for each in (first, second)] == [1, 0]
    assert first["UID"] != second["UID"]
    assert events(calendar_text(Feed("Ann", rows), names=True))[0]["SUMMARY"].startswith(
        "Call back Ada Byron"
    )


def test_a_calendar_without_callbacks_is_one() -> None:
    assert events(calendar_text(Feed("Ann", []), names=False)) == []


async def test_an_address_is_a_secret_that_can_be_renewed_and_ended(sessions: Sessions) -> None:
    _, agent, _ = await promised(sessions)
    old, new = [token_of(await new_address(sessions, agent)) for _ in range(2)]
    assert len(old) > 40
    assert len(events(await calendar_of(sessions, new, NOW, names=False))) == 1
    for wrong in (old, "", "x" * 100, "../" + new):
        with pytest.raises(CalendarNotFoundError):
            await calendar_of(sessions, wrong, NOW, names=False)
    await end_address(sessions, agent)
    with pytest.raises(CalendarNotFoundError):
        await calendar_of(sessions, new, NOW, names=False)
    with pytest.raises(AgentNotFoundError):
        await new_address(sessions, agent + 1)


async def test_it_follows_the_callback_and_never_has_its_number_or_notes(sessions: Sessions) -> None:
    _, agent, callback = await promised(sessions)
    token = token_of(await new_address(sessions, agent))
    other = await service.add_agent(sessions, "acme", "Bob", "sip:bob@pbx.example", NOW)
    bobs = token_of(await new_address(sessions, other))
    text = await calendar_of(sessions, token, NOW, names=True)
    (before,) = events(text)
    assert b"5550101" not in text
    assert b"blue" not in text
    moved = CallbackChange(at=DUE + timedelta(hours=3))
    await callbacks.change_callback(sessions, NO_LAW, callback.id, moved, NOW + timedelta(minutes=9))
    (after,) = events(await calendar_of(sessions, token, NOW, names=True))
    assert (after["UID"], after.start) == (before["UID"], before.start + timedelta(hours=3))
    assert after["SEQUENCE"] > before["SEQUENCE"]
    assert after.stamp > before.stamp
    assert events(await calendar_of(sessions, bobs, NOW, names=True)) == []
    await callbacks.cancel_callback(sessions, callback.id, "", NOW)
    (gone,) = events(await calendar_of(sessions, token, NOW, names=True))
    assert (gone["UID"], gone["STATUS"]) == (before["UID"], "CANCELLED")
    assert events(await calendar_of(sessions, token, NOW + timedelta(days=40), names=True)) == []


def token_of(path: str) -> str:
    return path.removeprefix("/calendars/").removesuffix(".ics")
