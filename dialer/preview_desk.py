"""Has the leads dialed that agents look at: when the agent says so, or when the time for it is over.

Each call is asked for again and its attempt committed before the INVITE leaves, as every call's is.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass

import structlog

from campaigns import manual
from campaigns.compliance.rulebook import Rulebook
from campaigns.core.attempt import PermittedLead, StartedAttempt
from campaigns.errors import CampaignsError, PreviewDeniedError, PreviewLostError
from campaigns.previewing import start_previewed
from campaigns.stores.live import RunningCampaign
from dialer.core.effects import Effect
from dialer.core.floor import Floor
from dialer.core.preview import NoPreview, NotFreeToCall, Preview
from dialer.errors import DialerError
from dialer.records import instant
from leads.core.phone import ParsedPhone
from leads.stores.shared import Sessions

_ASKED_AGAIN_AFTER_S = 0.05

log = structlog.get_logger("previews")


class CannotDialNow(DialerError):
    """The switch or the database is away, or the service is about to stop."""

    code = "cannot-dial-now"
    retry_after_s = 1


@dataclass(frozen=True)
class Hands:
    """What the engine does for the desk."""

    clock: Callable[[], float]
    can_place: Callable[[str], bool]
    """Whether switch, database and a trunk are there for a call to that number (empty: to any), and calls
    may still be placed."""
    place: Callable[[RunningCampaign, StartedAttempt, Preview], None]
    carry_out: Callable[[Sequence[Effect]], None]
    written: Callable[[], Awaitable[None]]


class PreviewDesk:
    """What agents do with the leads that they look at."""

    def __init__(
        self,
        floor: Floor,
        sessions: Sessions,
        rules: Rulebook,
        running: Mapping[int, RunningCampaign],
        hands: Hands,
    ) -> None:
        """`running`: the campaigns that dial, at any time."""
        self._previews = floor.previews
        self._agents = floor.agents
        self._sessions = sessions
        self._rules = rules
        self._running = running
        self._hands = hands
        self._one_by_one: defaultdict[int, asyncio.Lock] = defaultdict(asyncio.Lock)
        """By campaign: each has a limit of calls a second of its own."""
        self.tasks: set[asyncio.Task[None]] = set()
        """Leads that are being dialed; none is to be cut off, since its attempt may be on record."""

    async def dial(self, session: int, phone_id: int | None = None) -> None:
        """Dials the lead that the agent looks at; returns when the call is about to be placed.

        `phone_id`: at another of its numbers, which compliance is asked about first; where that is denied
        (CallDeniedError), or the lead has no such number, the agent keeps the lead.

        Until its turn has come by the campaign's limit of calls a second, the agent may still skip it, pause
        and log out. Raises NoPreview, CannotDialNow, and PreviewDeniedError or PreviewLostError, after which
        the agent is free for the next lead.
        """
        preview = self._previews.of(session)
        dialing = self._begin(preview)
        preview.phone = phone_id
        await asyncio.shield(dialing)

    async def call(
        self, session: int, campaign_id: int, whom: int | ParsedPhone, phone_id: int | None = None
    ) -> None:
        """Dials a lead of the agent's choice, or whoever has a number, as `dial` does.

        Raises NotFreeToCall, NoPreview, CannotDialNow, and what `manual.claim_chosen` does, after which the
        agent is as before.
        """
        await asyncio.shield(self._keep(self._call(session, campaign_id, whom, phone_id), session))

    def skip(self, session: int, reason: str) -> None:
        """Lets the lead go by that the agent looks at. Raises NoPreview."""
        self._hands.carry_out(self._previews.skip(session, reason, self._hands.clock()))

    def dial_due(self) -> None:
        """Dials every lead whose time is over."""
        while self._hands.can_place("") and (preview := self._previews.due(self._hands.clock())):
            self._begin(preview)

    def _begin(self, preview: Preview) -> asyncio.Task[None]:
        self._previews.ask(preview)
        return self._keep(self._dial(preview), preview.session)

    def _keep(self, dialing: Coroutine[None, None, None], session: int) -> asyncio.Task[None]:
        task = asyncio.create_task(dialing, name=f"dial-preview-{session}")
        self.tasks.add(task)
        task.add_done_callback(self._is_over)
        return task

    async def _call(
        self, session: int, campaign_id: int, whom: int | ParsedPhone, phone_id: int | None
    ) -> None:
        if campaign_id not in self._running:
            raise NoPreview("The campaign does not dial now; start it first.")
        if not self._hands.can_place(""):
            raise _cannot_dial()
        self._hands.carry_out(self._previews.choose(session, self._hands.clock()))
        try:
            permitted = await self._claim(self._agents[session].agent, campaign_id, whom, phone_id)
        except BaseException:
            self._hands.carry_out(self._previews.not_chosen(session, self._hands.clock()))
            raise
        shown = self._previews.chosen(session, campaign_id, permitted, self._hands.clock())
        self._hands.carry_out(shown)
        preview = self._previews.of(session)
        self._previews.ask(preview)
        await self._dial(preview)

    async def _claim(
        self, agent: int, campaign_id: int, whom: int | ParsedPhone, phone_id: int | None
    ) -> PermittedLead:
        await self._hands.written()
        now = instant(self._hands.clock())
        at_desk = self._sessions, self._rules, campaign_id
        if isinstance(whom, ParsedPhone):
            return await manual.claim_number(*at_desk, whom, agent, now)
        return await manual.claim_chosen(*at_desk, whom, phone_id, agent, now)

    def _is_over(self, task: asyncio.Task[None]) -> None:
        self.tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if isinstance(error, CampaignsError | NoPreview | NotFreeToCall | CannotDialNow):
            log.info("a lead that was looked at is not called", reason=error.code)
        elif error is not None:
            log.error("a lead that was looked at could not be called", exc_info=error)

    async def _dial(self, preview: Preview) -> None:
        try:
            async with self._one_by_one[preview.campaign]:
                campaign = await self._turn_of(preview)
                self._previews.begin(preview)
                if preview.phone not in (None, preview.permitted.lead.phone_id):
                    await self._redirect(preview, preview.phone)
                started = await start_previewed(
                    self._sessions,
                    self._rules,
                    campaign.id,
                    preview.permitted,
                    instant(self._hands.clock()),
                )
                self._hands.place(campaign, started, preview)
        except (PreviewDeniedError, PreviewLostError):
            self._hands.carry_out(self._previews.refused(preview, self._hands.clock()))
            raise
        except BaseException:
            self._hands.carry_out(self._previews.not_dialed(preview, self._hands.clock()))
            raise

    async def _redirect(self, preview: Preview, phone_id: int) -> None:
        """Has the lead dialed at another of its numbers."""
        preview.phone = None
        now, claim = instant(self._hands.clock()), preview.permitted.lead
        preview.permitted = await manual.redirect(
            self._sessions, self._rules, preview.campaign, claim, phone_id, now
        )
        if not self._hands.can_place(preview.permitted.lead.e164):
            raise _cannot_dial()

    async def _turn_of(self, preview: Preview) -> RunningCampaign:
        """Waits for the limit of calls a second, and until what happened before is on record.

        Raises NoPreview where the lead is not to be called any more, and CannotDialNow.
        """
        while not self._previews.may_dial(self._wanted(preview).id, self._hands.clock()):
            await asyncio.sleep(_ASKED_AGAIN_AFTER_S)
        on_record = None
        while on_record is not preview.permitted:  # the claim may be kept while we wait
            on_record = preview.permitted
            await self._hands.written()
        return self._wanted(preview)

    def _wanted(self, preview: Preview) -> RunningCampaign:
        """The campaign of a lead that still is to be called."""
        campaign = self._running.get(preview.campaign)
        if campaign is None:
            raise NoPreview("The campaign dials no more; the lead goes back.")
        if not self._previews.is_looked_at(preview):
            raise NoPreview("The agent looks at the lead no more; it is not called.")
        if not self._hands.can_place(preview.permitted.lead.e164):
            raise _cannot_dial()
        return campaign


def _cannot_dial() -> CannotDialNow:
    return CannotDialNow("No call can be placed at the moment; try again in a moment.")
