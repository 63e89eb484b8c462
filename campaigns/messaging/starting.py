"""Whether a campaign's messages can be sent, looked at before it starts."""

from campaigns.core.message_composing import check_templates
from campaigns.errors import InvalidSequenceError
from campaigns.stores.campaigns import sequence_of
from campaigns.stores.message_channels import MessageChannelStore
from campaigns.stores.sequences import SequenceStore
from campaigns.stores.shared import Session
from campaigns.tables import Campaign


async def check_sequence(session: Session, campaign: Campaign) -> None:
    """Whether the templates name only what the leads of its lists have, and the client has a way for each.

    Raises InvalidTemplateError and InvalidSequenceError.
    """
    sequence = sequence_of(campaign)
    if sequence is None:
        return
    check_templates(sequence, await SequenceStore(session).custom_names(campaign.id))
    ways = await MessageChannelStore(session).all(campaign.client_id)
    if missing := sorted(sequence.channels - {each.channel for each in ways if each.active}):
        raise InvalidSequenceError(
            f"The client has no way to send {missing[0]}; `dialer channel add` makes one."
        )
