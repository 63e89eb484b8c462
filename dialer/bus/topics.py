"""The topics, and nothing that could turn one topic into another.

A topic is a template whose `{parameters}` are filled with numbers and slugs; a filter has `+` for those
that are left open.
"""

import re

from dialer.errors import DialerError

CAMPAIGN_STATE = "dialer/v1/{client}/campaign/{campaign_id}/state"
CAMPAIGN_STATS = "dialer/v1/{client}/campaign/{campaign_id}/stats"
AGENT_STATE = "dialer/v1/{client}/agent/{agent_id}/state"
AGENT_CALL = "dialer/v1/{client}/agent/{agent_id}/call"
AGENT_PREVIEW = "dialer/v1/{client}/agent/{agent_id}/preview"
AGENT_MESSAGE = "dialer/v1/{client}/agent/{agent_id}/message"
AGENT_CALLBACK = "dialer/v1/{client}/agent/{agent_id}/callback"
REPLY_EVENT = "dialer/v1/{client}/reply/{reply_id}/event"
CALL_EVENT = "dialer/v1/{client}/call/{attempt_id}/event"
NODE_STATUS = "dialer/v1/node/{node}/status"

SLUG_PATTERN = "^[a-z0-9-]+$"
SLUG_MAX_LENGTH = 64

_PARAMETER = re.compile(r"\{(\w+)\}")
_SLUG = re.compile("[a-z0-9-]+")


class BadTopicPart(DialerError):
    """A value that must not stand in a topic."""

    code = "bad-topic-part"


def parameters(template: str) -> tuple[str, ...]:
    """The names of a template's parameters, in order."""
    return tuple(_PARAMETER.findall(template))


def fill(template: str, **parts: str | int) -> str:
    """The topic of one subject. Raises BadTopicPart, and KeyError where a part is missing."""
    return _PARAMETER.sub(lambda match: _part(match[1], parts[match[1]]), template)


def topic_filter(template: str, **parts: str | int) -> str:
    """The filter for every subject that has the given parts. Raises BadTopicPart."""
    return _PARAMETER.sub(
        lambda match: _part(match[1], parts[match[1]]) if match[1] in parts else "+", template
    )


def campaign_state(client: str, campaign_id: int) -> str:
    """Where `CampaignState` is kept."""
    return fill(CAMPAIGN_STATE, client=client, campaign_id=campaign_id)


def campaign_stats(client: str, campaign_id: int) -> str:
    """Where `CampaignStats` are kept."""
    return fill(CAMPAIGN_STATS, client=client, campaign_id=campaign_id)


def agent_state(client: str, agent_id: int) -> str:
    """Where `AgentState` is kept."""
    return fill(AGENT_STATE, client=client, agent_id=agent_id)


def agent_call(client: str, agent_id: int) -> str:
    """Where an agent hears of their calls, `AgentCall`."""
    return fill(AGENT_CALL, client=client, agent_id=agent_id)


def agent_preview(client: str, agent_id: int) -> str:
    """Where an agent hears of the leads to look at, `AgentPreview`."""
    return fill(AGENT_PREVIEW, client=client, agent_id=agent_id)


def agent_message(client: str, agent_id: int) -> str:
    """Where an agent is written to, `AgentMessage`."""
    return fill(AGENT_MESSAGE, client=client, agent_id=agent_id)


def agent_callback(client: str, agent_id: int) -> str:
    """Where an agent hears of the calls that they have promised, `AgentCallback`."""
    return fill(AGENT_CALLBACK, client=client, agent_id=agent_id)


def call_event(client: str, attempt_id: int) -> str:
    """Where a call's events are told, `CallEvent`."""
    return fill(CALL_EVENT, client=client, attempt_id=attempt_id)


def reply_event(client: str, reply_id: int) -> str:
    """Where it is told that somebody has answered a message, `ReplyEvent`."""
    return fill(REPLY_EVENT, client=client, reply_id=reply_id)


def node_status(node: str) -> str:
    """Where `NodeStatus` is kept."""
    return fill(NODE_STATUS, node=node)


def _part(name: str, value: str | int) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise BadTopicPart(f"{name} is {value!r}; give a slug or a whole number.")
    if isinstance(value, int):
        if value < 0:
            raise BadTopicPart(f"{name} is {value}; give the number that the database gave it.")
        return str(value)
    if len(value) > SLUG_MAX_LENGTH or not _SLUG.fullmatch(value):
        raise BadTopicPart(
            f"{name} is {value!r}; use small letters, digits and hyphens, {SLUG_MAX_LENGTH} at most."
        )
    return value
