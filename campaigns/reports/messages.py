"""What a campaign's messages came to: how far they got, and what they brought against a hold-out."""

from collections.abc import Sequence
from dataclasses import dataclass

from campaigns.core.message_effect import MessageEffect, effect
from campaigns.core.sequence import MessageSequence
from campaigns.stores.message_figures import MessageFiguresStore, StepFigures
from campaigns.stores.shared import Session
from campaigns.tables import Campaign


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageReport:
    """`effect` is None where nobody is held out, so that nothing can be told."""

    steps: list[StepFigures]
    effect: MessageEffect | None


async def report_of_messages(
    session: Session, campaign: Campaign, contacts: Sequence[str], conversions: Sequence[str]
) -> MessageReport | None:
    """The figures of a campaign's messages; None for a campaign without. The dispositions of `contacts` and
    `conversions` are those that count as such."""
    if campaign.sequence is None:
        return None
    share = MessageSequence.parse(campaign.sequence).holdout_share
    store = MessageFiguresStore(session)
    found = None
    if share:
        found = effect(share, *await store.arms(campaign.id, share, contacts, conversions))
    return MessageReport(steps=await store.steps(campaign.id), effect=found)
