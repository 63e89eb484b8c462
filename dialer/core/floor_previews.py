"""The leads that agents look at: who sees which, until when, and what becomes of it without a call."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from math import inf

from campaigns.core.attempt import PermittedLead
from dialer.core.agent import AgentEvent, AgentState
from dialer.core.effects import ClaimWasKept, Effect, LeadWasPutBack, LeadWasShown, LeadWasSkipped
from dialer.core.floor_agent import FloorAgent
from dialer.core.floor_call import FloorCall
from dialer.core.floor_pacing import FloorPacing
from dialer.core.pacing_events import AgentPaused, AgentPreviewing, AgentReady, AgentTalking, AgentWillPause
from dialer.core.preview import NoPreview, NotFreeToCall, Preview, PreviewThen
from dialer.core.preview_pacer import PreviewPacer
from dialer.core.routing import choose

TIME_LIMIT = "time_limit"
"""Why a lead was skipped that nobody dialed in time."""
_KEPT_BEFORE_S = 30.0
_KEPT_FOR_S = 120.0
"""A claim that would end soon is made to last so long: a lead whose engine died is free again after that."""
_KEPT_BEFORE_WHILE_DIALING_S = 15.0
"""Later than otherwise: a dial asks for the claim as it was when it began, and is mostly over by then."""

_TRIED_AGAIN_AFTER_S = 1.0
_MAY_CHOOSE = (AgentState.AVAILABLE, AgentState.PAUSED, AgentState.WRAP_UP)
"""Who may call a lead of their own choice."""

SetFree = Callable[[FloorAgent, float], list[Effect]]
"""Makes an agent available again, or paused where that was asked for."""


@dataclass(frozen=True)
class _Shown:
    """A lead as routing sees it; who had the last talk with it is not looked up before the call."""

    campaign: int
    language: str
    last_agent: int | None = None


class FloorPreviews:
    """Shows each free agent a lead, and takes it back; it is dialed for that agent alone."""

    def __init__(
        self,
        agents: Mapping[int, FloorAgent],
        calls: Mapping[int, FloorCall],
        pacing: FloorPacing,
        set_free: SetFree,
    ) -> None:
        """Agents by session and calls by attempt, as they are on the floor at any time."""
        self._agents = agents
        self._calls = calls
        self._pacing = pacing
        self._set_free = set_free

    def shown(self) -> Iterator[Preview]:
        """Every lead that an agent looks at."""
        return (each.preview for each in self._agents.values() if each.preview is not None)

    def of(self, session: int) -> Preview:
        """The lead that the agent may skip now, and dial unless it has been asked for. Raises NoPreview."""
        each = self._agents.get(session)
        if each is None or each.preview is None:
            raise NoPreview("The agent looks at no lead now; the next one is shown once it is their turn.")
        if each.preview.dialing:
            raise _dialed_already()
        return each.preview

    def show(self, campaign: int, leads: Sequence[PermittedLead], at: float) -> list[Effect]:
        """Gives each of the claimed leads to the agent whose turn it is; puts back what nobody gets."""
        free = [
            each
            for each in self._agents.values()
            if each.is_free and not each.callback_due and campaign in each.campaigns
        ]
        work = self._pacing.work(campaign)
        effects: list[Effect] = []
        for permitted in leads:
            each = choose(work, _Shown(campaign, permitted.lead.language), free, inf)
            if each is None:
                effects.append(LeadWasPutBack(campaign, permitted.lead, at))
            else:
                free.remove(each)
                effects += self._show(each, campaign, permitted, at)
        return effects

    def expect(self, session: int, at: float, *, due: bool) -> list[Effect]:
        """A call that this agent has promised is due, or none is: its lead is shown before anything else."""
        each = self._agents.get(session)
        if each is None or each.callback_due == due:
            return []
        each.callback_due = due
        if each.state == AgentState.AVAILABLE:
            return self._set_free(each, at)
        if each.pause_asked is None:
            self._pacing.tell_all(each, AgentWillPause(at, session, will=due))
        return []

    def expected(self) -> list[int]:
        """The shifts of free agents whom a promised call waits for, the longest waiting first."""
        free = [each for each in self._agents.values() if each.is_free and each.callback_due]
        return [each.session for each in sorted(free, key=lambda each: each.since)]

    def show_callback(self, session: int, campaign: int, lead: PermittedLead, at: float) -> list[Effect]:
        """Shows an agent the lead to whom they promised a call, of whatever campaign; else it goes back."""
        each, known = self._agents.get(session), self._pacing.campaigns.get(campaign)
        if each is None or known is None or not each.is_free:
            return [LeadWasPutBack(campaign, lead.lead, at)]
        each.callback_due = False
        return self._show(each, campaign, lead, at)

    # --- leads that agents choose themselves --------------------------------------------------------

    def choose(self, session: int, at: float) -> list[Effect]:
        """The agent names whom to call, and is given nobody else while that lead is claimed.

        One who was paused is paused again afterwards. A wrap-up ends with it, whose disposition is on record.
        Raises NotFreeToCall.
        """
        each = self._agents.get(session)
        if each is None or each.state not in _MAY_CHOOSE or not each.can_be_connected:
            raise NotFreeToCall(
                "The agent has somebody already, or no softphone on the line; end that first."
            )
        if each.state == AgentState.PAUSED:
            each.pause_asked = each.reason
        each.attempt = each.wrap_up_ends_at = None
        each.chooses = True
        self._pacing.tell_all(each, AgentPaused(at, session))
        if each.pause_asked is not None:
            self._pacing.tell_all(each, AgentWillPause(at, session))
        return each.move(AgentEvent.PREVIEW, at)

    def chosen(self, session: int, campaign: int, lead: PermittedLead, at: float) -> list[Effect]:
        """Shows the agent the lead of their choice; it goes back where they or the campaign are gone."""
        each = self._agents.get(session)
        if each is None or not each.chooses or not self._pacing.runs(campaign):
            return [LeadWasPutBack(campaign, lead.lead, at), *self.not_chosen(session, at)]
        each.chooses = False
        return self._show(each, campaign, lead, at)

    def not_chosen(self, session: int, at: float) -> list[Effect]:
        """The lead cannot be called: the agent is free again, or paused as before."""
        each = self._agents.get(session)
        if each is None or not each.chooses:
            return []
        each.chooses = False
        return self._set_free(each, at)

    # --- what becomes of them ---------------------------------------------------------------------

    def skip(self, session: int, reason: str, at: float) -> list[Effect]:
        """The agent does not call this lead now, and sees the next one. Raises NoPreview."""
        return self._skip(self.of(session), reason, at)

    def may_dial(self, campaign: int, now: float) -> bool:
        """Whether the campaign's limit of calls a second allows one more."""
        known = self._pacing.campaigns.get(campaign)
        return known is None or not isinstance(known.pacer, PreviewPacer) or known.pacer.may_dial(now)

    def due(self, now: float) -> Preview | None:
        """The lead whose time was over first and that is to be dialed now; None where there is none."""
        over = [each for each in self.shown() if _is_over(each, now, "dial")]
        over = [each for each in over if self.may_dial(each.campaign, now)]
        return min(over, key=lambda each: each.until or now, default=None)

    def ask(self, preview: Preview) -> None:
        """The lead is to be dialed once it is its turn; until then it can be skipped and goes back as before.

        Raises NoPreview where that has been asked for already.
        """
        if preview.asked or preview.dialing:
            raise _dialed_already()
        preview.asked = True

    def begin(self, preview: Preview) -> None:
        """The lead is dialed: nobody else takes it until that is done, refused or failed."""
        preview.asked, preview.dialing = False, True

    def is_looked_at(self, preview: Preview) -> bool:
        """Whether the agent is still there and waits for this lead."""
        each = self._agents.get(preview.session)
        return each is not None and each.preview is preview

    def not_dialed(self, preview: Preview, at: float) -> list[Effect]:
        """Nobody could say whether the lead may be called: it stays with the agent, or goes back without one.

        It goes back, too, where the agent has asked for a pause meanwhile. A lead whose time is over is tried
        again a moment later.
        """
        was_dialing, preview.asked, preview.dialing = preview.dialing, False, False
        preview.phone = None
        each = self._agents.get(preview.session)
        if each is None or not self.is_looked_at(preview):
            # One that still waited for its turn was skipped or put back when the agent left it.
            return [_put_back(preview, at)] if was_dialing else []
        if each.pause_asked is not None:
            return self._set_free(each, at)
        if preview.until is not None:
            preview.until = max(preview.until, at + _TRIED_AGAIN_AFTER_S)
        return []

    def dialed(self, preview: Preview, attempt: int, at: float) -> list[Effect]:
        """The call is about to be placed, for this agent; nothing where the agent is gone."""
        each, call = self._agents.get(preview.session), self._calls.get(attempt)
        if each is None or call is None or not self.is_looked_at(preview):
            return []
        each.preview, each.attempt, call.session = None, attempt, each.session
        call.agentless, call.menu = False, None
        if preview.campaign in each.campaigns:
            # A pacer of one call for each agent counts the call as pending, and the agent as free for it; any
            # other would dial for the agent as well.
            one_each = self._pacing.is_one_for_each(preview.campaign, at)
            event = AgentReady(at, each.session) if one_each else AgentTalking(at, each.session)
            self._pacing.tell(preview.campaign, event)
        return each.move(AgentEvent.DIAL, at)

    def refused(self, preview: Preview, at: float) -> list[Effect]:
        """The lead may not be called any more, which is on record: the agent is free for the next one."""
        each = self._agents.get(preview.session)
        if each is None or not self.is_looked_at(preview):
            return []
        each.preview = None
        return self._set_free(each, at)

    def tick(self, now: float) -> list[Effect]:
        """Skips what was looked at too long, takes back what is not to be called, keeps the other claims.

        Claims are kept while a lead is dialed, too, so that nobody else is shown it.
        """
        effects: list[Effect] = []
        for each in list(self._agents.values()):
            preview = each.preview
            if each.state != AgentState.PREVIEW or each.chooses:
                continue
            if preview is not None and preview.dialing:
                effects += _keep(preview, now, _KEPT_BEFORE_WHILE_DIALING_S)
            elif preview is None or not self._pacing.runs(preview.campaign):
                effects += self._set_free(each, now)
            elif _is_over(preview, now, "skip"):
                effects += self._skip(preview, TIME_LIMIT, now)
            else:
                effects += _keep(preview, now, _KEPT_BEFORE_S)
        return effects

    def put_all_back(self, now: float) -> list[Effect]:
        """No lead is shown any more, but for those that are being dialed."""
        seen = [self._agents[each.session] for each in list(self.shown()) if not each.dialing]
        return [effect for each in seen for effect in self._set_free(each, now)]

    def _show(self, each: FloorAgent, campaign: int, permitted: PermittedLead, at: float) -> list[Effect]:
        rule = self._pacing.campaigns[campaign].preview
        until = None if rule.limit_s is None else at + rule.limit_s
        each.preview = Preview(each.session, campaign, permitted, at, until, rule.then)
        changed = each.move(AgentEvent.PREVIEW, at)
        if campaign in each.campaigns:
            self._pacing.tell(campaign, AgentPreviewing(at, each.session))
        self._pacing.tell_all(each, AgentPaused(at, each.session), besides=campaign)
        shown = LeadWasShown(each.session, each.agent, campaign, permitted.lead.lead_id, at, until)
        return [*changed, shown]

    def _skip(self, preview: Preview, reason: str, at: float) -> list[Effect]:
        each = self._agents[preview.session]
        each.preview = None
        skipped = LeadWasSkipped(preview.campaign, preview.permitted.lead, each.agent, reason, at)
        return [skipped, *self._set_free(each, at)]


def _dialed_already() -> NoPreview:
    return NoPreview("The lead that the agent looks at is being dialed already.")


def _is_over(preview: Preview, now: float, then: PreviewThen) -> bool:
    """Whether its time is over and this is to be done, and nobody has asked for it to be dialed before."""
    asked = preview.asked or preview.dialing
    return preview.until is not None and preview.until <= now and preview.then == then and not asked


def _put_back(preview: Preview, at: float) -> LeadWasPutBack:
    return LeadWasPutBack(preview.campaign, preview.permitted.lead, at)


def _keep(preview: Preview, now: float, before_s: float) -> list[Effect]:
    lead = preview.permitted.lead
    if lead.claimed_until.timestamp() > now + before_s:
        return []
    until = datetime.fromtimestamp(now + _KEPT_FOR_S, UTC)
    preview.permitted = replace(preview.permitted, lead=replace(lead, claimed_until=until))
    return [ClaimWasKept(preview.campaign, lead, until, now)]
