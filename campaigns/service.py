"""What people and the engine do with campaigns. Each function is one transaction, or a few short ones."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any

from campaigns import dispositions, effects, promises
from campaigns.agents import check_ranks
from campaigns.caller_id_figures import CallerIdFigures, figures_of
from campaigns.caller_ids import check_caller_id
from campaigns.checks import MAX_NAME, checked_name
from campaigns.compliance.rulebook import Rulebook
from campaigns.core.agent_profile import ANYONE, AgentProfile, checked_sip_uri
from campaigns.core.agent_work import AgentWork
from campaigns.core.attempt import EVERY_CALL, CallsWanted, Ending, PermittedLead, StartedAttempt
from campaigns.core.callback import CAMPAIGN_STOPPED
from campaigns.core.campaign import (
    SURVEY_SETTINGS,
    CampaignSettings,
    Progress,
    change_state,
    check_weight,
)
from campaigns.core.disposition_set import DISPOSITION_SETTINGS, DispositionSet
from campaigns.core.inbound import INBOUND_SETTINGS
from campaigns.core.message_composing import read_templates
from campaigns.core.retry import RetryAt
from campaigns.core.softphone import LEGS
from campaigns.dispositions import Words
from campaigns.errors import (
    CampaignNotFoundError,
    InvalidSettingsError,
    LeadListNotFoundError,
    PromptNotFoundError,
)
from campaigns.messaging.starting import check_sequence
from campaigns.promises import CallbackWish
from campaigns.quota_counts import recount
from campaigns.reports.campaign import CampaignReport, build_report
from campaigns.reports.messages import report_of_messages
from campaigns.reports.sales import sales_of
from campaigns.reports.store import ReportStore
from campaigns.softphones import checked_leg
from campaigns.sound_file import check_message
from campaigns.stores.agents import AgentStore
from campaigns.stores.attempts import AttemptStore
from campaigns.stores.calendars import CalendarStore
from campaigns.stores.callbacks import CallbackStore
from campaigns.stores.caller_ids import CallerIdStore
from campaigns.stores.campaigns import CampaignStore, settings_of
from campaigns.stores.filling import FillStore
from campaigns.stores.pacing import PacingStore
from campaigns.stores.prompts import PromptStore
from campaigns.stores.queue import QueueStore
from campaigns.stores.shared import Session
from campaigns.stores.trunks import TrunkStore
from campaigns.tables import Agent, Attempt, Campaign, TrunkNow
from leads.errors import UnknownClientError
from leads.stores.leads import LeadStore
from leads.stores.shared import Sessions
from leads.stores.versions import Versions, require_version
from leads.tables import Client

_ROUNDS = 10
_LOOK_AT = 100
_ALL = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class NodePacing:
    """What a node's pacer knew and decided at `at`, by name."""

    node: str
    at: datetime
    state: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignStatus:
    """What a campaign is meant to be doing, and where its leads are."""

    id: int
    client: str
    name: str
    state: str
    state_since: datetime
    leads: Progress
    pacing: list[NodePacing]
    """By node; empty before the campaign was ever dialed."""
    callbacks_missed: int
    """Calls that were promised, and that nobody has placed in time."""
    caller_ids: list[CallerIdFigures]
    """How its numbers fare; told only where one campaign is asked about."""


@dataclass(frozen=True, slots=True)
class CallerIdChange:
    """What a campaign's calls are to show: a number or a group in its place, and by which rule."""

    caller_id: str | None = None
    group: str | None = None
    rule: str | None = None

    def given(self) -> dict[str, str]:
        """The settings that are given."""
        named = {"caller_id": self.caller_id, "caller_id_group": self.group, "caller_id_rule": self.rule}
        return {name: value for name, value in named.items() if value is not None}

    def settings(self) -> dict[str, str]:
        """The settings that change: a number takes the place of a group, and a group that of a number."""
        given = self.given()
        if "caller_id" in given:
            return {"caller_id_group": ""} | given
        return ({"caller_id": ""} | given) if "caller_id_group" in given else given


@dataclass(frozen=True, slots=True)
class DialedList:
    """A list that a campaign dials, with its weight in the mix (0: none of its own)."""

    list_id: int
    name: str
    weight: int


async def create_campaign(
    sessions: Sessions,
    client_slug: str,
    name: str,
    settings: CampaignSettings,
    lists: Sequence[str] | Mapping[str, int],
    now: datetime,
) -> int:
    """A new campaign, in draft, that dials lists of its client, by name or with their weights; its id.

    Raises UnknownClientError, LeadListNotFoundError, InvalidSettingsError, UnplayableMessageError,
    CallerIdGroupNotFoundError, CallerIdNotInUseError, PromptNotFoundError, CalendarNotFoundError and
    CampaignExistsError.
    """
    await check_message(settings)
    if not lists:
        raise InvalidSettingsError("A campaign dials at least one list; name it.")
    weights = lists if isinstance(lists, Mapping) else dict.fromkeys(lists, 0)
    async with sessions() as session, session.begin():
        client = await _client(session, client_slug)
        await _check_prompts(session, client.id, settings)
        if settings.sequence is not None:
            read_templates(settings.sequence)
        if settings.calendar:
            await CalendarStore(session).named(client.id, settings.calendar)
        await _check_moves(session, client.id, settings)
        campaign = await CampaignStore(session).create(client.id, checked_name(name), settings, now)
        await check_caller_id(session, campaign, now, starts=False)
        await _attach(session, campaign, weights)
    await take_up(sessions, campaign.id, now)
    return campaign.id


async def change_campaign(
    sessions: Sessions,
    campaign_id: int,
    now: datetime,
    *,
    lead_order: str | None = None,
    weights: Mapping[str, int] | None = None,
    shown: CallerIdChange | None = None,
    work: Mapping[str, Any] | None = None,
    inbound: Mapping[str, Any] | None = None,
    said: Mapping[str, Any] | None = None,
    survey: Mapping[str, Any] | None = None,
    if_match: Versions | None = None,
) -> Campaign:
    """Change what a campaign dials by, how its lists are mixed, what its calls show, how agents work for it,
    what they may say, and what becomes of calls to it, also while it runs.

    None changes nothing; `work`, `inbound`, `said` and `survey`: settings of AgentWork, INBOUND_SETTINGS,
    DISPOSITION_SETTINGS and SURVEY_SETTINGS by name. A list that it did not dial yet is added. The leads are
    put in order some at a time; if that is cut off, the same change again completes it. Raises
    CampaignNotFoundError, LeadListNotFoundError, InvalidSettingsError, CallerIdGroupNotFoundError,
    CallerIdNotInUseError, PromptNotFoundError and ChangedMeanwhileError.
    """
    async with sessions() as session, session.begin():
        store = CampaignStore(session)
        campaign = await store.get(campaign_id)
        await require_version(session, campaign, if_match)
        for names, given in (
            (INBOUND_SETTINGS, inbound),
            (DISPOSITION_SETTINGS, said),
            (SURVEY_SETTINGS, survey),
        ):
            if given:
                await _change_settings(session, campaign, names, given)
        if survey:
            await recount(session, campaign)
        if lead_order is not None:
            settings = settings_of(campaign).to_json() | {"lead_order": lead_order}
            await store.set_order(campaign, CampaignSettings.parse(settings).lead_order)
        if shown is not None:
            settings = settings_of(campaign).to_json() | shown.settings()
            await store.set_caller_id(campaign, CampaignSettings.parse(settings))
            await check_caller_id(session, campaign, now, starts=campaign.state == "running")
            await CallerIdStore(session).wake_campaign(campaign_id, now)
        if work:
            await store.set_work(campaign, _with_work(settings_of(campaign), work))
        await _attach(session, campaign, weights or {})
    after: int | None = 0
    while lead_order is not None and after is not None:
        async with sessions() as session, session.begin():
            after = await FillStore(session).reorder(campaign, after)
    if weights:
        await take_up(sessions, campaign_id, now)
    return campaign


async def _change_settings(
    session: Session, campaign: Campaign, names: Collection[str], given: Mapping[str, Any]
) -> None:
    if others := sorted(given.keys() - set(names)):
        may = ", ".join(names)
        raise InvalidSettingsError(f"{others[0][:40]!r} stays as it is; {may} may change.")
    changed = CampaignSettings.parse(settings_of(campaign).to_json() | dict(given))
    await _check_prompts(session, campaign.client_id, changed)
    await _check_moves(session, campaign.client_id, changed)
    await CampaignStore(session).set_settings(campaign, changed, names)


def _with_work(settings: CampaignSettings, work: Mapping[str, Any]) -> AgentWork:
    known = [each.name for each in fields(AgentWork)]
    if others := sorted(set(work) - set(known)):
        raise InvalidSettingsError(
            f"{others[0][:40]!r} does not change in a run; these do: {', '.join(known)}."
        )
    return AgentWork.of(CampaignSettings.parse(settings.to_json() | dict(work)))


async def take_up(sessions: Sessions, campaign_id: int, now: datetime) -> int:
    """Make every lead of the campaign's lists one of its own, some at a time; how many were new.

    Those of a load that is not over stay out: it may be taken back. Raises CampaignNotFoundError.
    """
    async with sessions() as session:
        await CampaignStore(session).get(campaign_id)
        loads = (await FillStore(session).new_loads([campaign_id])).get(campaign_id, ())
    new = 0
    for load_id in loads:
        after, last = 0, False
        while not last:
            async with sessions() as session, session.begin():
                step = await FillStore(session).step(campaign_id, load_id, after, now)
            new, after, last = new + step.new, step.through, step.last
    return new


async def dialed_lists(sessions: Sessions, campaign_id: int) -> list[DialedList]:
    """The lists that a campaign dials. Raises CampaignNotFoundError."""
    async with sessions() as session:
        store = CampaignStore(session)
        await store.get(campaign_id)
        return [DialedList(each.list_id, name, each.weight) for each, name in await store.lists(campaign_id)]


async def find_campaign(sessions: Sessions, reference: str) -> int:
    """The id of a campaign that is given by id or by name. Raises CampaignNotFoundError."""
    async with sessions() as session:
        store = CampaignStore(session)
        if reference.isascii() and reference.isdigit() and len(reference) <= 18:
            return (await store.get(int(reference))).id
        named = await store.named(reference) if reference.isprintable() else []
        if len(named) == 1:
            return named[0].id
        hint = "several clients have it, use its id" if named else "campaign status lists them"
        raise CampaignNotFoundError(f"No one campaign is named {reference[:MAX_NAME]!r}; {hint}.")


async def dispositions_of(sessions: Sessions, campaign_id: int) -> DispositionSet:
    """What a campaign's calls may come to. Raises CampaignNotFoundError."""
    async with sessions() as session:
        return settings_of(await CampaignStore(session).get(campaign_id)).dispositions


async def get_campaign(sessions: Sessions, campaign_id: int) -> Campaign:
    """A campaign. Raises CampaignNotFoundError."""
    async with sessions() as session:
        return await CampaignStore(session).get(campaign_id)


async def list_campaigns(sessions: Sessions, after: int, limit: int) -> Sequence[Campaign]:
    """The `limit` campaigns that follow number `after`."""
    async with sessions() as session:
        return await CampaignStore(session).page(after, limit)


async def list_attempts(
    sessions: Sessions,
    campaign_id: int | None,
    after: int,
    limit: int,
    *,
    client: str | None = None,
    wanted: CallsWanted = EVERY_CALL,
) -> Sequence[Attempt]:
    """The `limit` attempts, of one campaign, of a client's or of all, that follow number `after`.

    Raises UnknownClientError.
    """
    async with sessions() as session:
        if client is not None:
            ids = await CampaignStore(session).ids_of((await _client(session, client)).id)
            wanted = replace(wanted, campaign_ids=tuple(ids))
        return await AttemptStore(session).attempts_page(campaign_id, after, limit, wanted)


async def campaign_statuses(
    sessions: Sessions, campaign_id: int | None, now: datetime
) -> list[CampaignStatus]:
    """One campaign, or all by id, with where its leads are. Raises CampaignNotFoundError."""
    async with sessions() as session:
        store, clients = CampaignStore(session), ReportStore(session)
        found = [await store.get(campaign_id)] if campaign_id is not None else await store.page(0, _ALL)
        missed = await CallbackStore(session).missed([each.id for each in found])
        return [
            CampaignStatus(
                id=each.id,
                client=await clients.client_slug(each.client_id),
                name=each.name,
                state=each.state,
                state_since=each.state_since,
                leads=await QueueStore(session).progress(each.id, now),
                pacing=[
                    NodePacing(node=row.node, at=row.at, state=row.state)
                    for row in await PacingStore(session).of(each.id)
                ],
                callbacks_missed=missed.get(each.id, 0),
                caller_ids=await figures_of(session, each, now) if campaign_id is not None else [],
            )
            for each in found
        ]


async def start_campaign(sessions: Sessions, campaign_id: int, now: datetime) -> Campaign:
    """Start a campaign, or go on with it, with the leads its lists have now.

    Raises CampaignNotFoundError, CampaignStateError, UnplayableMessageError, PromptNotFoundError,
    InvalidSequenceError, InvalidTemplateError, CallerIdGroupNotFoundError and CallerIdNotInUseError.
    """
    campaign = await get_campaign(sessions, campaign_id)
    change_state(campaign.state, "start")
    settings = settings_of(campaign)
    await check_message(settings)
    async with sessions() as session:
        await _check_prompts(session, campaign.client_id, settings)
        await check_sequence(session, campaign)
    await take_up(sessions, campaign_id, now)
    async with sessions() as session, session.begin():
        campaign = await CampaignStore(session).get(campaign_id)
        await check_caller_id(session, campaign, now, starts=True)
        return await _change_campaign(session, campaign_id, "start", now)


async def pause_campaign(sessions: Sessions, campaign_id: int, now: datetime) -> Campaign:
    """Place no more calls for now. Raises CampaignNotFoundError and CampaignStateError."""
    async with sessions() as session, session.begin():
        return await _change_campaign(session, campaign_id, "pause", now)


async def stop_campaign(sessions: Sessions, campaign_id: int, now: datetime) -> Campaign:
    """End a campaign for good. Raises CampaignNotFoundError and CampaignStateError."""
    async with sessions() as session, session.begin():
        campaign = await _change_campaign(session, campaign_id, "stop", now)
        owed = await CallbackStore(session).of_campaign(campaign_id)
        await promises.end_all(session, owed, CAMPAIGN_STOPPED, now)
        return campaign


async def add_agent(
    sessions: Sessions,
    client_slug: str,
    name: str,
    sip_uri: str,
    now: datetime,
    profile: AgentProfile = ANYONE,
    *,
    leg: str = LEGS[0],
    auto_answer: bool = False,
) -> int:
    """A new agent of a client; the id. Raises UnknownClientError, InvalidInputError and AgentExistsError.

    `leg` is how the softphone is called, `auto_answer` whether it is asked to answer by itself.
    """
    async with sessions() as session, session.begin():
        client = await _client(session, client_slug)
        await check_ranks(session, client.id, profile)
        checked = checked_name(name), checked_sip_uri(sip_uri)
        agent = await AgentStore(session).add(client.id, *checked, now, profile)
        agent.leg, agent.auto_answer = checked_leg(leg), auto_answer
        return agent.id


async def list_agents(sessions: Sessions, client_slug: str | None, after: int, limit: int) -> Sequence[Agent]:
    """The `limit` agents, of one client or of all, that follow number `after`. Raises UnknownClientError."""
    async with sessions() as session:
        client_id = (await _client(session, client_slug)).id if client_slug is not None else None
        return await AgentStore(session).page(client_id, after, limit)


async def claim_permitted(
    sessions: Sessions, rules: Rulebook, campaign_id: int, n: int, now: datetime, claim_s: float = 60.0
) -> list[PermittedLead]:
    """Up to `n` leads that may be called now, kept from others for `claim_s` seconds.

    A lead that may not be called is put off to its next time or made final, with the reason.
    It looks at a bounded number of leads, so that fewer than `n` does not mean that none is left.
    """
    permitted: list[PermittedLead] = []
    for round_number in range(_ROUNDS):
        missing = n - len(permitted)
        if missing <= 0:
            break
        look_at = missing if round_number == 0 else _LOOK_AT
        async with sessions() as session, session.begin():
            more, go_on = await effects.claim_permitted(
                session, rules, campaign_id, missing, now, look_at=look_at, claim_s=claim_s
            )
        permitted += more
        if not go_on:
            break
    return permitted


async def release(sessions: Sessions, campaign_id: int, permitted: Sequence[PermittedLead]) -> None:
    """See `effects.release`."""
    async with sessions() as session, session.begin():
        await effects.release(session, campaign_id, [each.lead for each in permitted])


async def put_off(
    sessions: Sessions, campaign_id: int, waits: Sequence[tuple[PermittedLead, RetryAt]]
) -> None:
    """Have claimed leads wait, without an attempt; a claim that is no longer ours is left alone."""
    async with sessions() as session, session.begin():
        for permitted, until in waits:
            await QueueStore(session).put_off(campaign_id, permitted.lead, until)


async def start_attempts(
    sessions: Sessions, rules: Rulebook, campaign_id: int, permitted: Sequence[PermittedLead], now: datetime
) -> list[StartedAttempt]:
    """See `effects.start_attempts`; the attempts are committed when it returns."""
    async with sessions() as session, session.begin():
        return await effects.start_attempts(session, rules, campaign_id, permitted, now)


async def trunks(sessions: Sessions) -> Sequence[TrunkNow]:
    """How each node's trunks were when it looked last."""
    async with sessions() as session:
        return await TrunkStore(session).standings()


async def finish_attempt(sessions: Sessions, attempt_id: int, ending: Ending, now: datetime) -> bool:
    """See `effects.finish_attempt`."""
    async with sessions() as session, session.begin():
        return await effects.finish_attempt(session, attempt_id, ending, now)


async def set_disposition(
    sessions: Sessions,
    attempt_id: int,
    code: str,
    notes: str,
    now: datetime,
    *,
    rules: Rulebook | None = None,
    wish: CallbackWish | None = None,
    sale: Sequence[object] | None = None,
    who: str = "agent",
    limited: bool = False,
) -> str:
    """See `dispositions.say`."""
    words = Words(code=code, notes=notes, wish=wish, sale=sale, who=who, limited=limited)
    async with sessions() as session, session.begin():
        return await dispositions.say(session, attempt_id, words, now, rules)


async def report(
    sessions: Sessions, campaign_id: int, now: datetime, *, whole: bool = True
) -> CampaignReport:
    """Every figure of a campaign from its beginning to `now`; its sales and messages only if it is `whole`.

    Raises CampaignNotFoundError.
    """
    async with sessions() as session:
        campaign = await CampaignStore(session).get(campaign_id)
        progress = await QueueStore(session).progress(campaign_id, now)
        missed = (await CallbackStore(session).missed([campaign_id])).get(campaign_id, 0)
        built = await build_report(session, campaign, progress, missed, now)
        if not whole:
            return built
        sales, messages = await sales_of(session, campaign), await report_of_messages(session, campaign)
        return replace(built, sales=sales, messages=messages)


async def _change_campaign(session: Session, campaign_id: int, action: str, now: datetime) -> Campaign:
    store = CampaignStore(session)
    campaign = await store.get(campaign_id)
    await store.set_state(campaign, change_state(campaign.state, action), now)
    return campaign


async def _check_prompts(session: Session, client_id: int, settings: CampaignSettings) -> None:
    there = {name for _, name in await PromptStore(session).sounds_of([client_id])}
    if missing := sorted(settings.prompts - there):
        raise PromptNotFoundError(
            f"The client has no prompt {missing[0]}; `dialer prompts add` or `say` makes it."
        )


async def _check_moves(session: Session, client_id: int, settings: CampaignSettings) -> None:
    """Whether each campaign in which leads are to go on is there."""
    for each in settings.dispositions.for_agents:
        if each.campaign and await CampaignStore(session).of_client(client_id, each.campaign) is None:
            raise InvalidSettingsError(
                f"dispositions.{each.code}: the client has no campaign {each.campaign!r}; create it first."
            )


async def _attach(session: Session, campaign: Campaign, weights: Mapping[str, int]) -> None:
    store = CampaignStore(session)
    for list_name, weight in weights.items():
        check_weight(weight)
        lead_list = await LeadStore(session).lead_list(campaign.client_id, list_name)
        if lead_list is None:
            raise LeadListNotFoundError(f"The client has no list {list_name[:100]!r}; import it first.")
        await store.attach_list(campaign.id, lead_list.id, weight)


async def _client(session: Session, slug: str) -> Client:
    client = await LeadStore(session).client(slug)
    if client is None:
        raise UnknownClientError(f"There is no client {slug[:64]!r}; importing leads for it creates it.")
    return client
