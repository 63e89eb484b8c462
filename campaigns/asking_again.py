"""Running campaigns ask again about leads that were refused, once what refused them may have changed.

That is a consent that was given, an exemption that was granted, a day that was opened, or other limits,
settings and rules. Whoever records those need not know which leads wait for them.
"""

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from campaigns.compliance.rulebook import Rulebook
from campaigns.stores.asking_again import AskAgainStore
from campaigns.stores.campaigns import CampaignStore, settings_of
from campaigns.stores.client_rules import ClientRulesStore
from campaigns.stores.shared import Session, Sessions
from campaigns.tables import Campaign, ClosedDay

_STEPS = 8
"""Steps that one look takes for each campaign and cause, so that a big campaign follows little by little."""

_ASKED_CHARS = 16

_BETWEEN_PASSES = timedelta(minutes=1)


@dataclass(slots=True)
class _Pass:
    """How far a campaign's leads are asked again: in the first pass or the second, through which lead."""

    began_at: datetime
    number: int = 1
    through: int = 0


@dataclass(frozen=True, slots=True)
class _Own:
    """What a client asks for itself."""

    exempt_from: Sequence[str]
    closed_days: Sequence[ClosedDay]
    limits: Mapping[str, Any]


class AskingAgain:
    """Looks for causes to ask again. Its memory is how far in which campaign it is.

    A campaign keeps what its leads were asked under, and through which consent it has looked.
    """

    def __init__(self, sessions: Sessions, rules: Rulebook) -> None:
        self._sessions = sessions
        self._rules = rules
        self._passes: dict[tuple[int, str], _Pass] = {}
        """Campaign and what its leads are to be asked under to how far that is."""
        self._young: dict[int, frozenset[int]] = {}
        """Campaign to the newest consents that were looked at, and are to be passed later."""

    async def look(self, campaign_ids: Collection[int], now: datetime) -> int:
        """Put leads of these campaigns, the ones that run, in line to be asked again; how many."""
        if not campaign_ids:
            return 0
        async with self._sessions() as session:
            store = AskAgainStore(session)
            campaigns = await store.campaigns(campaign_ids)
            newest = await store.newest_consent()
            clients = {each.client_id: await _own_of(session, each.client_id) for each in campaigns}
            under = {each.id: self._under(each, clients[each.client_id]) for each in campaigns}
        current = set(under.items())
        self._passes = {place: each for place, each in self._passes.items() if place in current}
        asked = 0
        for campaign in campaigns:
            if campaign.asked_under != under[campaign.id]:
                asked += await self._by_rules(campaign.id, under[campaign.id], now)
            if campaign.consents_through < newest:
                asked += await self._by_consents(campaign, now)
        return asked

    async def _by_rules(self, campaign_id: int, under: str, now: datetime) -> int:
        """Two passes, a while apart: somebody may just be writing down what the old rules said."""
        begun = self._passes.setdefault((campaign_id, under), _Pass(now))
        if begun.number == 2 and now < begun.began_at + _BETWEEN_PASSES:
            return 0
        asked = 0
        for _ in range(_STEPS):
            async with self._sessions() as session, session.begin():
                step = await AskAgainStore(session).by_rules(campaign_id, begun.through, now)
                if step.last and begun.number == 2:
                    (await CampaignStore(session).get(campaign_id)).asked_under = under
            begun.through = step.through
            asked += step.leads
            if step.last:
                begun.number, begun.through = 2, 0
                break
        return asked

    async def _by_consents(self, campaign: Campaign, now: datetime) -> int:
        asked, through = 0, campaign.consents_through
        for _ in range(_STEPS):
            async with self._sessions() as session, session.begin():
                known = self._young.get(campaign.id, frozenset())
                step = await AskAgainStore(session).by_consents(campaign.id, through, known, now)
                if step.through != through:
                    (await CampaignStore(session).get(campaign.id)).consents_through = step.through
            through, self._young[campaign.id] = step.through, step.young
            asked += step.leads
            if step.last:
                break
        return asked

    def _under(self, campaign: Campaign, own: _Own) -> str:
        """The beginning of a SHA-256 over the rules, the client's own and the campaign's settings."""
        asked = [
            self._rules.version,
            own.exempt_from,
            sorted(each.day for each in own.closed_days if each.campaign_id in (None, campaign.id)),
            own.limits,
            settings_of(campaign).to_json(),
        ]
        digest = hashlib.sha256(json.dumps(asked, sort_keys=True, default=str).encode())
        return digest.hexdigest()[:_ASKED_CHARS]


async def _own_of(session: Session, client_id: int) -> _Own:
    store = ClientRulesStore(session)
    return _Own(
        exempt_from=sorted(each.rule_id for each in await store.exempt_from(client_id)),
        closed_days=await store.closed_days(client_id),
        limits=(await store.limits(client_id)).to_json(),
    )
