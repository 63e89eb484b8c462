"""Sessions that see one client's rows, and of another client's nothing at all.

Every statement of such a session gets a condition for each table it reads or changes: that the row is the
client's. So a list holds the client's rows only, and a row of another client is one that does not exist,
whatever asks for it. How a table's rows belong to a client is read from its foreign keys; a table that
belongs to nobody is named in `SHARED`, and a test holds that there is no third kind.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Table, and_, event, inspect, or_, select
from sqlalchemy.orm import Mapper, ORMExecuteState, with_loader_criteria
from sqlalchemy.orm.util import LoaderCriteriaOption

from campaigns.tables import (
    Agent,
    AgentSession,
    Attempt,
    Campaign,
    Message,
    PromptSound,
    QuestionnaireDocument,
    QuestionnaireRun,
    Recording,
    RuleSet,
    TrunkNow,
)
from dialer.access.tables import IdempotentAnswer, User
from leads.stores.shared import Session, Sessions
from leads.tables import Client, DncList, LeadList, ZoneGroup

SHARED = frozenset({IdempotentAnswer, PromptSound, QuestionnaireDocument, RuleSet, TrunkNow, ZoneGroup})
"""Of no client: answers, which only a secret key opens; sounds, questionnaires and rules by their content,
places, and the installation's trunks."""

Condition = Callable[[Any], ColumnElement[bool]]
"""Given a table, or an alias of it: its rows are the client's."""


def for_client(sessions: Sessions, client_id: int) -> Sessions:
    """The same sessions, each of which sees the rows of one client only."""

    def opened() -> Session:
        session = sessions()
        event.listen(session.sync_session, "do_orm_execute", narrow)
        return session

    def narrow(state: ORMExecuteState) -> None:
        if not state.is_column_load:
            state.statement = state.statement.options(*_options(client_id))

    return opened


def owned_tables() -> Mapping[type[Any], str]:
    """Each table that belongs to clients, with the column by which it does; `own` where none says it."""
    found: dict[type[Any], str] = {Client: "own", DncList: "own"}
    for mapper in inspect(Client).registry.mappers:
        if mapper.class_ not in found and (column := _owner(mapper)) is not None:
            found[mapper.class_] = column
    return found


_TARGETS: Mapping[str, str] = {
    "client.id": "client_id",
    "campaign.id": "campaign_id",
    "lead_list.id": "list_id",
    "agent.id": "agent_id",
    "agent_session.id": "session_id",
    "attempt.id": "attempt_id",
    "recording.id": "recording_id",
    "message.id": "message_id",
    "questionnaire_run.id": "run_id",
    "user_account.id": "user_id",
    "dnc_list.id": "dnc_list_id",
}
"""What a row may belong to, the nearest to a client first, and what a column that refers to it is called."""


def _owner(mapper: Mapper[Any]) -> str | None:
    table = mapper.local_table
    assert isinstance(table, Table)  # noqa: S101 - every class of ours is a table
    if "client_id" in table.c:
        return "client_id"
    # What may be empty tells of no owner.
    targets = {each.target_fullname for each in table.foreign_keys if not each.parent.nullable}
    return next((name for target, name in _TARGETS.items() if target in targets), None)


@lru_cache(maxsize=256)
def _options(client_id: int) -> tuple[LoaderCriteriaOption, ...]:
    conditions = _conditions(client_id)
    own: dict[type[Any], Condition] = {
        Client: lambda t: t.id == client_id,
        DncList: lambda t: or_(
            t.level == "everyone",
            and_(t.level == "client", t.owner_id == client_id),
            and_(
                t.level == "campaign",
                t.owner_id.in_(select(_CAMPAIGN.c.id).where(_CAMPAIGN.c.client_id == client_id)),
            ),
        ),
    }
    return tuple(
        with_loader_criteria(table, own.get(table) or conditions[column], include_aliases=True)
        for table, column in owned_tables().items()
    )


def _table(entity: type[Any]) -> Any:
    return inspect(entity).local_table


# Tables and no classes: a condition must not get conditions of its own.
_CAMPAIGN, _LIST, _AGENT = _table(Campaign), _table(LeadList), _table(Agent)
_SESSION, _ATTEMPT, _RECORDING = _table(AgentSession), _table(Attempt), _table(Recording)
_USER, _DNC_LIST, _RUN = _table(User), _table(DncList), _table(QuestionnaireRun)
_MESSAGE = _table(Message)


def _conditions(client_id: int) -> dict[str, Condition]:
    """By the column through which a row belongs to a client. Each is a lambda that holds the number alone:
    SQLAlchemy keeps what it makes of a lambda, and looks the number up each time."""
    return {
        "client_id": lambda t: t.client_id == client_id,
        "campaign_id": lambda t: t.campaign_id.in_(
            select(_CAMPAIGN.c.id).where(_CAMPAIGN.c.client_id == client_id)
        ),
        "list_id": lambda t: t.list_id.in_(select(_LIST.c.id).where(_LIST.c.client_id == client_id)),
        "agent_id": lambda t: t.agent_id.in_(select(_AGENT.c.id).where(_AGENT.c.client_id == client_id)),
        "session_id": lambda t: t.session_id.in_(
            select(_SESSION.c.id)
            .join(_AGENT, _AGENT.c.id == _SESSION.c.agent_id)
            .where(_AGENT.c.client_id == client_id)
        ),
        "attempt_id": lambda t: t.attempt_id.in_(
            select(_ATTEMPT.c.id)
            .join(_CAMPAIGN, _CAMPAIGN.c.id == _ATTEMPT.c.campaign_id)
            .where(_CAMPAIGN.c.client_id == client_id)
        ),
        "recording_id": lambda t: t.recording_id.in_(
            select(_RECORDING.c.id).where(_RECORDING.c.client_id == client_id)
        ),
        "message_id": lambda t: t.message_id.in_(
            select(_MESSAGE.c.id).where(_MESSAGE.c.client_id == client_id)
        ),
        "run_id": lambda t: t.run_id.in_(select(_RUN.c.id).where(_RUN.c.client_id == client_id)),
        "user_id": lambda t: t.user_id.in_(select(_USER.c.id).where(_USER.c.client_id == client_id)),
        "dnc_list_id": lambda t: t.list_id.in_(
            select(_DNC_LIST.c.id).where(
                or_(
                    _DNC_LIST.c.level == "everyone",
                    and_(_DNC_LIST.c.level == "client", _DNC_LIST.c.owner_id == client_id),
                    and_(
                        _DNC_LIST.c.level == "campaign",
                        _DNC_LIST.c.owner_id.in_(
                            select(_CAMPAIGN.c.id).where(_CAMPAIGN.c.client_id == client_id)
                        ),
                    ),
                )
            )
        ),
    }
