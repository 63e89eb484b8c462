"""The groups of numbers that may be called at the same times, in the database."""

from collections.abc import Collection
from typing import Any

from sqlmodel import col, select

from leads.stores.bulk import among
from leads.stores.shared import Session, insert_missing
from leads.tables import ZoneGroup


async def ensure_zone_groups(session: Session, codes: Collection[str]) -> dict[str, int]:
    """The zone group of each code (see `core.rows.zone_group_code`); created where there is none yet."""
    if not codes:
        return {}
    wanted = sorted(codes)
    await insert_missing(session, ZoneGroup, [_row(code) for code in wanted])
    query = select(ZoneGroup.code, ZoneGroup.id).where(among(session, col(ZoneGroup.code), wanted))
    return dict((await session.exec(query)).all())


def _row(code: str) -> dict[str, Any]:
    region, _, zones = code.partition(":")
    return {"code": code, "region": region, "zones": zones.split(",") if zones else []}
