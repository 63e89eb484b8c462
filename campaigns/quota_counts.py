"""How full a survey's quotas are; each a step in a transaction that the caller owns."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from campaigns.core.questionnaire import read_script
from campaigns.core.quotas import Quota, full_for, parse_quotas, segments_of
from campaigns.stores.questionnaires import QuestionnaireStore
from campaigns.stores.shared import Session
from campaigns.tables import Campaign

_RUNS_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class QuotaFull:
    """How many of a quota there are: completed, of its target."""

    quota: str
    target: int
    completed: int


def quotas_of(campaign: Campaign) -> tuple[Quota, ...]:
    """The quotas in a campaign's row."""
    if not campaign.quotas:
        return ()
    return parse_quotas(campaign.quotas, read_script(campaign.script))


async def quotas_now(session: Session, campaign: Campaign) -> list[QuotaFull]:
    """Each quota of a campaign, in order."""
    counts = await QuestionnaireStore(session).counts(campaign.id) if campaign.quotas else {}
    return [QuotaFull(each.name, each.target, counts.get(each.name, 0)) for each in quotas_of(campaign)]


async def held_back(session: Session, campaign: Campaign, lead_ids: Collection[int]) -> Mapping[int, str]:
    """Why leads are not called: those whose kind, by their data alone, is needed no more; a sentence each."""
    quotas = quotas_of(campaign)
    if not quotas:
        return {}
    store = QuestionnaireStore(session)
    counts = await store.counts(campaign.id)
    if not any(counts.get(each.name, 0) >= each.target for each in quotas):
        return {}
    found = {}
    for lead_id, fields in (await store.fields(lead_ids)).items():
        if (full := full_for(quotas, counts, fields, {})) is not None:
            found[lead_id] = (
                f"The quota {full.name} is full: {counts.get(full.name, 0)} of {full.target} are completed."
            )
    return found


async def recount(session: Session, campaign: Campaign) -> None:
    """Counts every completed run for the quotas that the campaign has now. Nobody finishes one meanwhile."""
    quotas = quotas_of(campaign)
    store = QuestionnaireStore(session)
    await store.lock_counts(campaign, [each.name for each in quotas])
    after = 0
    while runs := await store.page(campaign.id, after, _RUNS_AT_ONCE, completed=True):
        answers = await store.answers([each.id for each in runs])
        fields = await store.fields({each.lead_id for each in runs})
        for run in runs:
            new = segments_of(quotas, fields.get(run.lead_id, {}), answers[run.id])
            await store.count_for(campaign.id, run.id, await store.segments(run.id), new)
        after = runs[-1].id
