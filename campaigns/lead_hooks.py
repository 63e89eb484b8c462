"""Leads that other programs bring: over the API, and through hooks, which are addresses of their own.

A hook is known by its address, which holds a secret token, and by the signature of each request (Standard
Webhooks), so that neither an address that was seen in a log nor a request that was changed brings a lead.
"""

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from standardwebhooks import Webhook as Signer
from standardwebhooks import WebhookVerificationError

from campaigns import announcing
from campaigns.checks import checked_name
from campaigns.core.message_answers import at_path, document_of, text_at
from campaigns.errors import (
    InvalidWebhookError,
    LeadHookExistsError,
    LeadHookNotFoundError,
    UnsignedRequestError,
)
from campaigns.lead_editing import follow_merges
from campaigns.stores.lead_hooks import LeadHookStore
from campaigns.stores.shared import Session, Sessions
from campaigns.tables import LeadHook
from campaigns.webhooks import new_secret
from leads.checks import checked_country, checked_list_name, client_id_of
from leads.errors import BadMappingError
from leads.receiving import MOST_AT_A_TIME, GivenLead, ReceivedLead, check_field, receive_leads
from leads.stores.leads import LeadStore
from leads.tables import LeadList

CUSTOM = "custom."
"""Begins the names of a mapping that are custom fields, as in custom.plan."""
_LONGEST_PATH = 200
_MOST_FIELDS = 100
_TOKEN_BYTES = 32
_REMEMBERED = timedelta(days=7)
"""So long a request is known when it comes again."""
_SOURCE = "API"


@dataclass(frozen=True, slots=True, kw_only=True)
class HookWish:
    """A hook as somebody describes it; `mapping` is field of a lead, or custom.NAME, to a place in the JSON.

    `items` is where in the JSON the leads are, in one object or an array; empty for the whole.
    """

    client: str
    name: str
    list_name: str
    mapping: Mapping[str, str] = field(default_factory=dict)
    items: str = ""
    default_country: str = "US"


@dataclass(frozen=True, slots=True, kw_only=True)
class HookMade:
    """A hook; its path, below the address of this service, and its secret are told only now."""

    hook: LeadHook
    path: str
    secret: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HookTaken:
    """What a request to a hook came to; `repeated` where it had come before, and nothing was done."""

    leads: list[ReceivedLead]
    repeated: bool = False


async def bring_leads(
    sessions: Sessions, list_id: int, given: Sequence[GivenLead], now: datetime
) -> list[ReceivedLead]:
    """Puts leads into a list, and tells what became of each. Raises UnknownListError and BadMappingError."""
    async with sessions() as session, session.begin():
        lead_list = await LeadStore(session).get_list(list_id)
        return await _take_in(session, lead_list, given, lead_list.default_country, _SOURCE, now)


async def add_hook(sessions: Sessions, wish: HookWish, now: datetime) -> HookMade:
    """Opens an address for leads. Raises UnknownClientError, InvalidWebhookError and LeadHookExistsError, and
    for what the wish has in it BadMappingError, BadNameError and UnknownCountryError."""
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    _check_mapping(wish)
    hook = LeadHook(
        name=checked_name(wish.name),
        list_name=checked_list_name(wish.list_name),
        default_country=checked_country(wish.default_country),
        mapping=dict(wish.mapping),
        items=wish.items,
        token_hash=_hash(token),
        secret=new_secret(),
        created_at=now,
    )
    async with sessions() as session, session.begin():
        hook.client_id = await client_id_of(session, wish.client)
        store = LeadHookStore(session)
        if await store.named(hook.client_id, hook.name) is not None:
            raise LeadHookExistsError("The client has a hook for leads of that name; choose another.")
        made = await store.add(hook)
    return HookMade(hook=made, path=f"/api/v1/hooks/{token}", secret=made.secret)


async def list_hooks(sessions: Sessions, client: str | None, after: int, limit: int) -> Sequence[LeadHook]:
    """The `limit` hooks of a client, or of all, that follow number `after`. Raises UnknownClientError."""
    async with sessions() as session:
        client_id = None if client is None else await client_id_of(session, client)
        return await LeadHookStore(session).page(client_id, after, limit)


async def remove_hook(sessions: Sessions, hook_id: int) -> None:
    """Closes an address; what came through it stays. Raises LeadHookNotFoundError."""
    async with sessions() as session, session.begin():
        store = LeadHookStore(session)
        await store.remove(await store.get(hook_id))


async def take_request(
    sessions: Sessions, token: str, body: bytes, headers: Mapping[str, str], now: datetime
) -> HookTaken:
    """Takes the leads of a request to a hook, once for each webhook-id.

    Raises LeadHookNotFoundError for an address that nobody has, UnsignedRequestError, InvalidWebhookError for
    JSON without leads, and BadMappingError.
    """
    async with sessions() as session, session.begin():
        store = LeadHookStore(session)
        hook = await store.of_token(_hash(token))
        if hook is None:
            raise LeadHookNotFoundError("There is no hook at this address.")
        _verify(hook, body, headers)
        if not await store.is_new(hook, _hash(headers.get("webhook-id", "")), now):
            return HookTaken(leads=[], repeated=True)
        given = _read(hook, body)
        country = hook.default_country
        lead_list = await LeadStore(session).ensure_list(hook.client_id, hook.list_name, country, now)
        source = f"hook {hook.name}"
        return HookTaken(leads=await _take_in(session, lead_list, given, country, source, now))


async def forget_old_requests(sessions: Sessions, now: datetime) -> None:
    """Forgets which requests came long ago."""
    async with sessions() as session, session.begin():
        await LeadHookStore(session).forget(now - _REMEMBERED)


async def _take_in(
    session: Session,
    lead_list: LeadList,
    given: Sequence[GivenLead],
    country: str,
    source: str,
    now: datetime,
) -> list[ReceivedLead]:
    taken = await receive_leads(session, lead_list, given, country, source, now)
    if taken.moved:
        await follow_merges(session, taken.moved, now)
    await announcing.leads_created(session, lead_list.client_id, lead_list.id, taken.created, source, now)
    return taken.leads


def _verify(hook: LeadHook, body: bytes, headers: Mapping[str, str]) -> None:
    try:
        Signer(hook.secret).verify(body, dict(headers), json_parse=False)
    except (WebhookVerificationError, ValueError) as error:
        raise UnsignedRequestError(
            "The request is not signed with the hook's secret, or more than five minutes ago; sign it as "
            "Standard Webhooks says, with webhook-id, webhook-timestamp and webhook-signature."
        ) from error


def _read(hook: LeadHook, body: bytes) -> list[GivenLead]:
    document = document_of(body)
    found = at_path(document, hook.items) if hook.items else document
    items = found if isinstance(found, list) else [found]
    if not items or not all(isinstance(each, Mapping) for each in items):
        raise InvalidWebhookError(f"The JSON has no lead {(hook.items and 'at ' + hook.items) or 'object'}.")
    if len(items) > MOST_AT_A_TIME:
        raise InvalidWebhookError(f"A request brings {MOST_AT_A_TIME} leads at most.")
    return [_lead(hook.mapping, each) for each in items]


def _lead(mapping: Mapping[str, str], item: Any) -> GivenLead:
    said = {name: text_at(item, path) for name, path in mapping.items()}
    own = {name.removeprefix(CUSTOM): text for name, text in said.items() if name.startswith(CUSTOM)}
    return GivenLead({name: text for name, text in said.items() if not name.startswith(CUSTOM)}, own)


def _check_mapping(wish: HookWish) -> None:
    if len(wish.mapping) > _MOST_FIELDS:
        raise BadMappingError(f"A mapping has {_MOST_FIELDS} fields at most.")
    for name in wish.mapping:
        if name.startswith(CUSTOM) and 0 < len(name.removeprefix(CUSTOM)) <= _LONGEST_PATH:
            continue
        check_field(name)
    paths = [wish.items, *wish.mapping.values()]
    if any(len(each) > _LONGEST_PATH for each in paths) or not all(wish.mapping.values()):
        raise BadMappingError(f"A place in the JSON has 1 to {_LONGEST_PATH} characters, as in data.phone.")
    if "phone" not in wish.mapping:
        raise BadMappingError("The mapping says where the phone is, as in phone=data.phone.")


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
