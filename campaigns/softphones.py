"""What agents' softphones log in to our registrar with, and how they are called."""

import secrets
from dataclasses import dataclass, field

from campaigns.core.softphone import AT_OUR_REGISTRAR, LEGS, ha1_of, sip_user
from campaigns.errors import InvalidInputError
from campaigns.stores.agents import AgentStore
from leads.stores.shared import Sessions

_SECRET_BYTES = 16


@dataclass(frozen=True, slots=True)
class SipAccount:
    """What a softphone logs in with. The secret is kept nowhere."""

    agent_id: int
    user: str
    secret: str = field(repr=False)


def checked_leg(leg: str) -> str:
    """Raises InvalidInputError for what is no way to call a softphone."""
    if leg not in LEGS:
        raise InvalidInputError(f"A softphone is called in one of two ways: {' or '.join(LEGS)}.")
    return leg


async def new_secret(sessions: Sessions, agent_id: int) -> SipAccount:
    """A new secret for our registrar; an earlier one holds no longer.

    Raises AgentNotFoundError, and InvalidInputError for an agent whose softphone is at another registrar.
    """
    account = SipAccount(agent_id, sip_user(agent_id), secrets.token_hex(_SECRET_BYTES))
    async with sessions() as session, session.begin():
        agents = AgentStore(session)
        agent = await agents.get(agent_id)
        if agent.sip_uri != AT_OUR_REGISTRAR:
            raise InvalidInputError(
                f"Agent {agent_id} is called at {agent.sip_uri}, whose registrar knows the secret; "
                f"to move the softphone to ours: dialer agent set {agent_id} --our-registrar."
            )
        await agents.give_account(agent_id, account.user, ha1_of(account.user, account.secret))
    return account
