"""Takes the first leads of several queues, each for exactly one caller, without looking at the rest.

Both databases read only the heads of the queues in the index `ix_campaign_lead_ready`, so that the length of
the queues does not matter. PostgreSQL counts first, without locks, how many of the first leads each queue
gives, and then takes so many from each, past the rows that others are just taking. SQLite, which has one
writer, merges the queues in one statement: a recursive query whose ORDER BY makes it hand out the lowest lead
of all heads, and put that queue's next lead in its place.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import count
from math import isqrt
from typing import Any

from sqlalchemy import ARRAY, BigInteger, bindparam, text

from campaigns.core.selection import OpenQueue, rotation, shares, turns
from campaigns.stores.shared import Session
from leads.stores.shared import on_postgresql
from leads.tables import UtcDateTime

_claims = count(1)
"""The claims of this process with a mix of lists, so that each begins at another point of the mix."""

_IDS = bindparam("ids", type_=ARRAY(BigInteger))
_COUNTS = bindparam("counts", type_=ARRAY(BigInteger))
_PLACES = bindparam("places", type_=ARRAY(BigInteger))
_DEEP_IDS = bindparam("deep_ids", type_=ARRAY(BigInteger))
_DEEP_PLACES = bindparam("deep_places", type_=ARRAY(BigInteger))
_UNTIL = bindparam("until", type_=UtcDateTime())

# In both, each LIMIT and ARRAY keeps the planner from taking the queues for long, and the leads for scanned.
_COUNT_HEADS = text("""
    SELECT head.queue_id, count(*) AS count
    FROM (
        SELECT line.queue_id, line.place, lead.sort_key, lead.lead_id
        FROM unnest(:ids, :places) AS line (queue_id, place)
        CROSS JOIN LATERAL (
            SELECT sort_key, lead_id FROM campaign_lead
            WHERE queue_id = line.queue_id AND state = 'ready'
            ORDER BY sort_key, lead_id
            LIMIT :at_first
        ) AS lead
        UNION ALL
        SELECT line.queue_id, line.place, lead.sort_key, lead.lead_id
        FROM unnest(:deep_ids, :deep_places) AS line (queue_id, place)
        CROSS JOIN LATERAL (
            SELECT sort_key, lead_id FROM campaign_lead
            WHERE queue_id = line.queue_id AND state = 'ready'
            ORDER BY sort_key, lead_id
            LIMIT :n
        ) AS lead
        ORDER BY 2, 3, 4
        LIMIT :n
    ) AS head
    GROUP BY head.queue_id
""").bindparams(_IDS, _PLACES, _DEEP_IDS, _DEEP_PLACES)

_TAKE_FROM_EACH = text("""
    UPDATE campaign_lead SET state = 'claimed', claimed_until = :until
    WHERE campaign_id = :campaign AND lead_id = ANY (ARRAY (
        SELECT lead.lead_id
        FROM unnest(:ids, :counts) AS line (queue_id, count)
        CROSS JOIN LATERAL (
            SELECT lead_id FROM campaign_lead
            WHERE queue_id = line.queue_id AND state = 'ready'
            ORDER BY sort_key, lead_id
            LIMIT line.count
            FOR UPDATE SKIP LOCKED
        ) AS lead
        LIMIT :n
    ))
    RETURNING queue_id, sort_key, lead_id
""").bindparams(_IDS, _COUNTS, _UNTIL)

_TAKE_FIRST = text("""
    UPDATE campaign_lead SET state = 'claimed', claimed_until = :until
    WHERE campaign_id = :campaign AND lead_id IN (
        WITH RECURSIVE head (queue_id, place, sort_key, lead_id) AS (
            SELECT lead.queue_id, line.place, lead.sort_key, lead.lead_id
            FROM (
                SELECT json_extract(value, '$[0]') AS queue_id, json_extract(value, '$[1]') AS place
                FROM json_each(:queues)
            ) AS line
            CROSS JOIN campaign_lead AS lead ON lead.rowid = (
                SELECT rowid FROM campaign_lead
                WHERE queue_id = line.queue_id AND state = 'ready'
                ORDER BY sort_key, lead_id
                LIMIT 1
            )
            UNION ALL
            SELECT lead.queue_id, head.place, lead.sort_key, lead.lead_id
            FROM head CROSS JOIN campaign_lead AS lead ON lead.rowid = (
                SELECT rowid FROM campaign_lead
                WHERE queue_id = head.queue_id AND state = 'ready'
                    AND (sort_key, lead_id) > (head.sort_key, head.lead_id)
                ORDER BY sort_key, lead_id
                LIMIT 1
            )
            ORDER BY 2, 3, 4
            LIMIT :n
        )
        SELECT lead_id FROM head
    )
    RETURNING queue_id, sort_key, lead_id
""").bindparams(_UNTIL)


async def take_first(
    session: Session, campaign_id: int, queues: Sequence[OpenQueue], n: int, until: datetime
) -> list[int]:
    """Claim the first `n` leads of all these queues until `until`; their numbers in order.

    There are fewer only where there are no more, or others are just taking them.
    """
    if n <= 0 or not queues:
        return []
    if not on_postgresql(session):
        lines = json.dumps([[queue.id, queue.place] for queue in queues])
        values = {"campaign": campaign_id, "queues": lines, "n": n, "until": until}
        return _in_order(queues, await _rows(session, _TAKE_FIRST, values))
    taken: list[Any] = []
    left = queues
    while (missing := n - len(taken)) and (counts := await _count_heads(session, left, missing)):
        values = {
            "campaign": campaign_id,
            "ids": list(counts),
            "counts": list(counts.values()),
            "n": missing,
            "until": until,
        }
        rows = await _rows(session, _TAKE_FROM_EACH, values)
        taken += rows
        got = Counter(row.queue_id for row in rows)
        if len(rows) == missing or sum(counts.values()) < missing:
            break
        # Others are taking the rest of these queues.
        left = [queue for queue in left if got[queue.id] == counts.get(queue.id, 0)]
    return _in_order(queues, taken)


async def take_mixed(
    session: Session,
    campaign_id: int,
    queues: Sequence[OpenQueue],
    weights: Mapping[int, int],
    n: int,
    until: datetime,
) -> list[int]:
    """Claim `n` leads as the lists' weights share them; what a list lacks comes from the others.

    Lists of weight 0 give only what all others together lack. The leads come as the lists take turns, so that
    the first few are a fair mix as well.
    """
    offset = rotation(next(_claims))
    taken: dict[int, list[int]] = {}
    left = {each: weights[each] for each in sorted({queue.list_id for queue in queues}) if weights[each]}
    rest = [queue for queue in queues if not weights[queue.list_id]]
    missing = n
    while missing and left:
        for list_id, share in shares(left, missing, offset).items():
            own = [queue for queue in queues if queue.list_id == list_id]
            got = await take_first(session, campaign_id, own, share, until)
            taken.setdefault(list_id, []).extend(got)
            missing -= len(got)
            if len(got) < share:
                del left[list_id]
    taken[0] = await take_first(session, campaign_id, rest, missing, until)
    each_list = {list_id: iter(lead_ids) for list_id, lead_ids in taken.items()}
    counts = {list_id: len(lead_ids) for list_id, lead_ids in taken.items()}
    return [next(each_list[list_id]) for list_id in turns(counts, offset)]


async def _count_heads(session: Session, queues: Sequence[OpenQueue], n: int) -> Mapping[int, int]:
    """How many of the first `n` leads of all queues each queue has.

    Few queues have more than the root of n of them, so that it looks no deeper at first, and then only there.
    """
    at_first = isqrt(n - 1) + 1
    counts = await _count(session, queues, [], n, at_first)
    deep = [queue for queue in queues if counts.get(queue.id) == at_first]
    if deep and at_first < n:
        rest = [queue for queue in queues if 0 < counts.get(queue.id, 0) < at_first]
        counts = await _count(session, rest, deep, n, at_first)
    return counts


async def _count(
    session: Session, queues: Sequence[OpenQueue], deep: Sequence[OpenQueue], n: int, at_first: int
) -> dict[int, int]:
    values = {
        "ids": [queue.id for queue in queues],
        "places": [queue.place for queue in queues],
        "deep_ids": [queue.id for queue in deep],
        "deep_places": [queue.place for queue in deep],
        "n": n,
        "at_first": at_first,
    }
    return {row.queue_id: row.count for row in await _rows(session, _COUNT_HEADS, values)}


async def _rows(session: Session, statement: Any, values: Mapping[str, Any]) -> list[Any]:
    connection = await session.connection()
    return list(await connection.execute(statement, values))


def _in_order(queues: Sequence[OpenQueue], rows: Sequence[Any]) -> list[int]:
    places = {queue.id: queue.place for queue in queues}
    ordered = sorted(rows, key=lambda row: (places[row.queue_id], row.sort_key, row.lead_id))
    return [row.lead_id for row in ordered]
