"""What a campaign's messages came to: how far they got, and what they brought against a hold-out."""

from dataclasses import dataclass

from campaigns.core.message_effect import MessageEffect, effect
from campaigns.stores.campaigns import sequence_of
from campaigns.stores.message_figures import MessageFiguresStore, StepFigures
from campaigns.stores.shared import Session
from campaigns.tables import Campaign


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageReport:
    """`effect` is None where nobody is held out, so that nothing can be told."""

    steps: list[StepFigures]
    effect: MessageEffect | None


async def report_of_messages(session: Session, campaign: Campaign) -> MessageReport | None:
    """The figures of a campaign's messages; None for a campaign without."""
    sequence = sequence_of(campaign)
    if sequence is None:
        return None
    share = sequence.holdout_share
    store = MessageFiguresStore(session)
    found = None
    if share:
        found = effect(share, *await store.arms(campaign.id, share))
    return MessageReport(steps=await store.steps(campaign.id), effect=found)
