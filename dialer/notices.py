"""What the bus is told of what happened: effects in, messages out."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from campaigns.reports.campaign import CampaignReport
from campaigns.stores.callbacks import CallbackNews
from campaigns.stores.live import RunningCampaign
from campaigns.stores.replies import ReplyNews
from campaigns.tables import Attempt
from dialer.bus.messages import (
    AgentCall,
    AgentCallback,
    AgentMessage,
    AgentPreview,
    AgentState,
    CallEvent,
    CallsInFlight,
    CampaignState,
    CampaignStats,
    Message,
    Pacing,
    ReplyEvent,
)
from dialer.core.call import CallState
from dialer.core.effects import (
    AgentChanged,
    CallHasEnded,
    CallRang,
    CallStepped,
    CallWasAbandoned,
    CallWasAnswered,
    CallWasConnected,
    Effect,
    LeadWasShown,
    MessageBegan,
    MessageOver,
    PersonOptedOut,
)
from dialer.core.floor import Floor
from dialer.core.outcome import Outcome
from dialer.records import message_code

_FIELDS = {
    CallState.PLACED: "dialing",
    CallState.RINGING: "ringing",
    CallState.ANSWERED: "answered",
    CallState.CONNECTED: "connected",
    CallState.PLAYING: "playing",
}


@dataclass
class _Call:
    campaign: int
    lead: int
    agent: int | None
    """Who was connected with it last."""


class Notices:
    """Knows whose the calls, campaigns and agents are, so that every message finds its topic."""

    def __init__(self) -> None:
        self._client_of_campaign: dict[int, str] = {}
        self._client_of_session: dict[int, str] = {}
        self._calls: dict[int, _Call] = {}

    def campaign_is(self, campaign: int, client: str) -> None:
        """The campaign belongs to the client."""
        self._client_of_campaign[campaign] = client

    def agent_is(self, session: int, client: str) -> None:
        """The agent on this shift belongs to the client."""
        self._client_of_session[session] = client

    def call_is(self, attempt: int, campaign: int, lead: int, agent: int | None = None) -> None:
        """The attempt calls this lead for this campaign; the agent has been connected with it."""
        self._calls[attempt] = _Call(campaign, lead, agent)

    def client_of_shift(self, session: int) -> str | None:
        """Whose agent works this shift."""
        return self._client_of_session.get(session)

    def client_of_call(self, attempt: int) -> str | None:
        """For whom this call is made; None where it is over, or unknown."""
        call = self._calls.get(attempt)
        return None if call is None else self._client_of_campaign.get(call.campaign)

    def of_placed(self, attempt: int) -> Iterator[Message]:
        """A call was placed."""
        return self._call(attempt, "placed")

    def of_arrived(self, attempt: int) -> Iterator[Message]:
        """Somebody calls us."""
        return self._call(attempt, "arrived")

    def of_disposition(self, attempt: Attempt, code: str) -> Iterator[Message]:
        """An agent said how a call went, which may be over long since."""
        if client := self._client_of_campaign.get(attempt.campaign_id):
            yield CallEvent(
                client=client,
                attempt_id=attempt.id,
                campaign_id=attempt.campaign_id,
                lead_id=attempt.lead_id,
                kind="dispositioned",
                agent_id=attempt.agent_id,
                disposition=code,
            )

    def of_message(self, session: int, agent: int, text: str) -> Iterator[Message]:
        """Somebody writes to an agent."""
        if client := self._client_of_session.get(session):
            yield AgentMessage(client=client, agent_id=agent, session_id=session, text=text)

    def of(self, effect: Effect) -> Iterator[Message]:
        """The messages of an effect; many have none."""
        match effect:
            case CallRang(attempt=attempt):
                yield from self._call(attempt, "ringing")
            case CallWasAnswered(attempt=attempt):
                yield from self._call(attempt, "answered")
            case CallWasConnected(attempt=attempt, session=session, agent=agent):
                if call := self._calls.get(attempt):
                    call.agent = agent
                yield from self._call(attempt, "connected")
                yield from self._agent_call(attempt, session, agent)
            case CallWasAbandoned(attempt=attempt):
                yield from self._call(attempt, "abandoned")
            case MessageBegan(attempt=attempt):
                yield from self._call(attempt, "playing")
            case PersonOptedOut(attempt=attempt) | MessageOver(attempt=attempt):
                yield from self._call(attempt, "dispositioned", disposition=message_code(effect))
            case CallStepped(to_session=session, to_agent=agent) if session is not None and agent is not None:
                yield from self._agent_call(effect.attempt, session, agent)
            case CallHasEnded(attempt=attempt, outcome=outcome):
                yield from self._call(attempt, "ended", outcome=outcome)
                self._calls.pop(attempt, None)
            case AgentChanged(session=session, agent=agent, state=state, reason=reason, at=at):
                if client := self._client_of_session.get(session):
                    since = datetime.fromtimestamp(at, UTC)
                    yield AgentState(
                        client=client, agent_id=agent, state=state.value, reason=reason[:40], since=since
                    )

            case LeadWasShown():
                yield from self._agent_preview(effect)

    def of_callback(self, told: CallbackNews) -> AgentCallback:
        """What an agent is told of a call that they have promised."""
        return AgentCallback(
            client=told.client_slug,
            agent_id=told.agent_id,
            callback_id=told.callback_id,
            campaign_id=told.campaign_id,
            lead_id=told.lead_id,
            kind=told.kind,
            due_at=told.due_at,
            reason=told.reason,
        )

    def of_reply(self, told: ReplyNews) -> ReplyEvent:
        """That somebody has answered a message."""
        return ReplyEvent(
            client=told.client_slug,
            reply_id=told.reply_id,
            channel=told.channel,  # type: ignore[arg-type]
            kind=told.kind,  # type: ignore[arg-type]
            lead_id=told.lead_id,
            campaign_id=told.campaign_id,
            agent_id=told.agent_id,
        )

    def of_campaign(self, campaign: RunningCampaign, state: str, since: datetime) -> CampaignState:
        """What the campaign is meant to be doing."""
        return CampaignState(
            client=campaign.client_slug,
            campaign_id=campaign.id,
            state=state,  # type: ignore[arg-type]
            dial_mode=campaign.dial_mode,  # type: ignore[arg-type]
            since=since,
        )

    def of_stats(
        self, campaign: RunningCampaign, report: CampaignReport, floor: Floor, now: float
    ) -> CampaignStats:
        """The campaign's figures now."""
        states = Counter(call.state for call in floor.calls.values() if call.campaign == campaign.id)
        agents = Counter(
            agent.state.value for agent in floor.agents.values() if campaign.id in agent.campaigns
        )
        in_flight = CallsInFlight(**{name: states[state] for state, name in _FIELDS.items()})
        counts = report.counts
        explained = floor.campaigns[campaign.id].pacer.explain(now)
        return CampaignStats(
            client=campaign.client_slug,
            campaign_id=campaign.id,
            calls_in_flight=in_flight,
            agents=dict(agents),
            attempts=counts.attempts,
            people_answered=counts.people,
            abandoned=counts.abandoned,
            contacts=counts.contacts,
            conversions=counts.conversions,
            abandon_rate=report.figures.abandon_rate.value or 0.0,
            callbacks_missed=report.callbacks_missed,
            leads_ready=sum(group.count for group in report.leads if group.state == "ready"),
            pacing=Pacing(mode=explained.mode, reason=explained.reason),
        )

    def _call(
        self, attempt: int, kind: str, outcome: Outcome | str = "", disposition: str = ""
    ) -> Iterator[Message]:
        call = self._calls.get(attempt)
        client = self._client_of_campaign.get(call.campaign) if call else None
        if call is not None and client is not None:
            yield CallEvent(
                client=client,
                attempt_id=attempt,
                campaign_id=call.campaign,
                lead_id=call.lead,
                kind=kind,  # type: ignore[arg-type]
                agent_id=call.agent,
                outcome=str(outcome),
                disposition=disposition,
            )

    def _agent_preview(self, shown: LeadWasShown) -> Iterator[Message]:
        if client := self._client_of_session.get(shown.session):
            until = None if shown.until is None else datetime.fromtimestamp(shown.until, UTC)
            yield AgentPreview(
                client=client,
                agent_id=shown.agent,
                session_id=shown.session,
                campaign_id=shown.campaign,
                lead_id=shown.lead,
                until=until,
            )

    def _agent_call(self, attempt: int, session: int, agent: int) -> Iterator[Message]:
        call = self._calls.get(attempt)
        client = self._client_of_session.get(session)
        if call is not None and client is not None:
            yield AgentCall(
                client=client,
                agent_id=agent,
                attempt_id=attempt,
                campaign_id=call.campaign,
                lead_id=call.lead,
            )
