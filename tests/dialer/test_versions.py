"""Versions of what is edited: the same after a write as after a reading, and safe where two edit at once."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from campaigns import agents, caller_ids, service
from campaigns.compliance import client_rules
from campaigns.core.client_limits import ClientLimits
from campaigns.core.pauses import Pause
from campaigns.lead_editing import edit_lead
from dialer.access import users
from leads.core.lead_changes import FIELDS, parse_changes
from leads.errors import ChangedMeanwhileError
from leads.stores.shared import Sessions
from leads.stores.versions import Versions, version_of
from leads.viewing import get_lead
from tests.dialer.api.two_clients import NOW, Things, seed_client

Read = Callable[[Sessions, Things], Awaitable[Any]]
Edit = Callable[[Sessions, Things, int, Versions | None], Awaitable[Any]]
LATER = NOW + timedelta(microseconds=1_234_567)


async def set_limits(sessions: Sessions, of: Things, number: int, if_match: Versions | None) -> Any:
    limits = ClientLimits.parse({"most_attempts_a_day": number})
    await client_rules.set_limits(sessions, of.client, limits, NOW, if_match=if_match)
    return limits.to_json()


async def limits(sessions: Sessions, of: Things) -> Any:
    return (await client_rules.limits_of(sessions, of.client)).to_json()


async def change_number(sessions: Sessions, of: Things, number: int, if_match: Versions | None) -> Any:
    changed = await caller_ids.change_caller_id(
        sessions, of.client, of.number, {"daily_cap": number}, NOW, if_match=if_match
    )
    return changed.on_record()


THINGS: dict[str, tuple[Read, Edit]] = {
    "campaign": (
        lambda s, of: service.get_campaign(s, of.campaign_id),
        lambda s, of, n, match: service.change_campaign(
            s, of.campaign_id, NOW, work={"wrap_up_extension_s": n}, if_match=match
        ),
    ),
    "agent": (
        lambda s, of: agents.get_agent(s, of.agent_id),
        lambda s, of, n, match: agents.change_agent(s, of.agent_id, {"name": f"Anna {n}"}, if_match=match),
    ),
    "pause reasons": (
        lambda s, of: agents.pause_reasons(s, of.client),
        lambda s, of, n, match: agents.set_pause_reasons(
            s, of.client, [Pause("lunch", f"Lunch {n}")], if_match=match
        ),
    ),
    "caller ID": (lambda s, of: caller_ids.get_caller_id(s, of.client, of.number), change_number),
    "limits": (limits, set_limits),
    "lead": (
        lambda s, of: get_lead(s, of.lead_id),
        lambda s, of, n, match: edit_lead(
            s, of.lead_id, parse_changes({"rank": str(n)}, {}, FIELDS), NOW, if_match=match
        ),
    ),
    "user": (
        lambda s, of: users.get_user(s, of.user_id),
        lambda s, of, n, match: users.disable_user(s, of.user_id, LATER, if_match=match),
    ),
}


@pytest.fixture
async def things(sessions: Sessions) -> Things:
    return await seed_client(sessions, "acme", "mark", "+1202555")


async def test_a_version_is_the_same_after_a_write_as_after_a_reading(
    sessions: Sessions, things: Things
) -> None:
    for name, (read, edit) in THINGS.items():
        before = version_of(await read(sessions, things))
        written = version_of(await edit(sessions, things, 7, [before]))
        assert written == version_of(await read(sessions, things)) != before, name


async def test_of_two_edits_of_one_version_one_is_made(sessions: Sessions, things: Things) -> None:
    for name, (read, edit) in THINGS.items():
        seen = version_of(await read(sessions, things))
        edits = [edit(sessions, things, number, [seen]) for number in (3, 4, 5)]
        made = await asyncio.gather(*edits, return_exceptions=True)
        refused = [each for each in made if isinstance(each, ChangedMeanwhileError)]
        assert len(refused) == 2, (name, made)
        (won,) = (each for each in made if not isinstance(each, BaseException))
        assert version_of(won) == version_of(await read(sessions, things)), name
        await edit(sessions, things, 6, None)


async def test_what_is_gone_was_changed(sessions: Sessions, things: Things) -> None:
    read, edit = THINGS["agent"]
    with pytest.raises(ChangedMeanwhileError, match="read it again"):
        await edit(sessions, things, 1, [])
    assert version_of(await read(sessions, things)) == version_of(await read(sessions, things))
