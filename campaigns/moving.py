"""A lead that goes on in another campaign of its client, since a disposition says so."""

from datetime import datetime

from campaigns.core.disposition import SaidDisposition
from campaigns.stores.campaigns import CampaignStore
from campaigns.stores.moved import MovedStore
from campaigns.stores.shared import Session


async def follow(session: Session, said: SaidDisposition, now: datetime) -> None:
    """Have the lead called in the campaign that the disposition names; it has its number there for good.

    What was said before and holds no more is taken back, unless the lead was called there meanwhile. A lead
    that the other campaign had anyway is left to it. Where the lead was called again since, or no campaign of
    the client has the name, nothing happens.
    """
    before = said.before.campaign if said.before is not None else ""
    if not said.latest or before == said.disposition.campaign:
        return
    store = MovedStore(session)
    if before and (left := await CampaignStore(session).of_client(said.client_id, before)):
        await store.take_back(left.id, said.lead_id)
    target = said.disposition.campaign
    if target and (found := await CampaignStore(session).of_client(said.client_id, target)):
        await store.put(found, said.lead_id, now)
