"""Where agents' softphones are, what they log in to our registrar with, and how they are called."""

import secrets
from dataclasses import dataclass, field
from typing import Any

from campaigns.core.agent_profile import checked_sip_uri
from campaigns.core.softphone import AT_OUR_REGISTRAR, LEGS, ha1_of, sip_user
from campaigns.errors import InvalidInputError
from campaigns.stores.agents import AgentStore
from campaigns.tables import Agent
from leads.stores.shared import Sessions

_SECRET_BYTES = 16


@dataclass(frozen=True, slots=True)
class SipAccount:
    """What a softphone logs in with. The secret is kept nowhere."""

    agent_id: int
    user: str
    secret: str = field(repr=False)


def check_leg(leg: str | None) -> None:
    """Raises InvalidInputError for what is no way to call a softphone."""
    if leg is not None and leg not in LEGS:
        raise InvalidInputError(f"A softphone is called in one of two ways: {' or '.join(LEGS)}.")


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


async def change_softphone(
    sessions: Sessions,
    agent_id: int,
    *,
    sip_uri: str | None = None,
    leg: str | None = None,
    auto_answer: bool | None = None,
) -> Agent:
    """Changes where a softphone is and how it is called, from the agent's next shift on.

    None leaves as it is. An account at our registrar ends with a move to another one.

    Raises AgentNotFoundError and InvalidInputError.
    """
    given = {"sip_uri": sip_uri, "leg": leg, "auto_answer": auto_answer}
    changes: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    check_leg(leg)
    if sip_uri is not None:
        checked_sip_uri(sip_uri)
        changes |= {} if sip_uri == AT_OUR_REGISTRAR else {"sip_user": None, "sip_ha1": None}
    async with sessions() as session, session.begin():
        agents = AgentStore(session)
        if changes:
            await agents.change(agent_id, changes)
        return await agents.get(agent_id)
