"""Asks compliance about messages that are due, with all that is known at this very moment."""

from collections.abc import Sequence
from datetime import datetime
from typing import cast

from campaigns.compliance.rulebook import Rulebook
from campaigns.core.calendar import Calendar
from campaigns.core.jurisdiction import place_of
from campaigns.core.message_permit import Answer, MessageFacts, may_send
from campaigns.core.policy import OwnRules, own_calendar
from campaigns.core.whereabouts import zones_of_lead
from campaigns.stores.client_rules import ClientRulesStore
from campaigns.stores.messages import MessagePerson, MessageStore
from campaigns.stores.shared import Session
from campaigns.tables import Message
from leads.core.consent import Channel
from leads.stores.consents import ConsentStore, records_of
from leads.stores.dnc import DncStore
from leads.tables import Consent

_KIND, _DIAL_MODE = "appointment", "preview"
"""What a message of no campaign is taken for: one that the person waits for."""


class MessagePermits:
    """What may be sent for one client now; its rules are read once, for as long as a transaction lasts."""

    def __init__(self, session: Session, rules: Rulebook, client_id: int) -> None:
        self._session = session
        self._rules = rules
        self._client_id = client_id
        self._own: dict[int | None, OwnRules] = {}

    async def ask(self, messages: Sequence[Message], now: datetime) -> list[tuple[Message, Answer]]:
        """Compliance's answer for each message, all of them of the client."""
        if not messages:
            return []
        store = MessageStore(self._session)
        people = await store.people(messages, now)
        unusable = await store.unusable(self._client_id, {each.to_address for each in messages})
        suppressed = await self._suppressed(messages)
        consents = await self._consents(messages)
        answers: list[tuple[Message, Answer]] = []
        for message in messages:
            person = people.get(message.id)
            facts = MessageFacts(
                channel=cast(Channel, message.channel),
                address=message.to_address,
                erased=person is None or person.erased,
                expires_at=message.expires_at,
                suppressed=message.id in suppressed,
                unusable=(message.channel, message.to_address.lower()) in unusable,
                awaited=bool(message.calendar),
                consents=records_of(consents.get(message.to_address.lower(), ())),
                zones=() if person is None else zones_of_lead(person.lead, person.kind or _KIND),
                calendar=await self._calendar(message, person),
            )
            answers.append((message, may_send(facts, now)))
        return answers

    async def _suppressed(self, messages: Sequence[Message]) -> set[int]:
        """The text messages whose number is on a do-not-call list."""
        found: set[int] = set()
        texts = [each for each in messages if each.channel == "sms"]
        for campaign_id in {each.campaign_id for each in texts}:
            of_campaign = [each for each in texts if each.campaign_id == campaign_id]
            numbers = {each.to_address for each in of_campaign if each.to_address}
            hits = await DncStore(self._session).suppressed(numbers, self._client_id, campaign_id)
            found |= {each.id for each in of_campaign if each.to_address in hits}
        return found

    async def _consents(self, messages: Sequence[Message]) -> dict[str, list[Consent]]:
        store = ConsentStore(self._session)
        numbers = {each.to_address for each in messages if each.channel == "sms"}
        addresses = {each.to_address for each in messages if each.channel == "email"}
        return await store.by_number(self._client_id, numbers) | await store.by_email(
            self._client_id, addresses
        )

    async def _calendar(self, message: Message, person: MessagePerson | None) -> Calendar:
        if person is None:
            return Calendar()
        lead = person.lead
        place = place_of(lead.e164, lead.phone_region, lead.country, lead.region)
        own = await self._own_rules(message.campaign_id)
        kind, mode = person.kind or _KIND, person.dial_mode or _DIAL_MODE
        return self._rules.policy(place, kind, mode, own).calendar

    async def _own_rules(self, campaign_id: int | None) -> OwnRules:
        """The client's hours, the closed days of both, and the rules that the client is exempt from."""
        if campaign_id not in self._own:
            store = ClientRulesStore(self._session)
            limits = await store.limits(self._client_id)
            closed = await store.closed_on(self._client_id, campaign_id or 0)
            exempt = self._rules.known(await store.exempt_from(self._client_id))
            self._own[campaign_id] = OwnRules(
                own_calendar([limits.callable_times], closed), exemptions=exempt
            )
        return self._own[campaign_id]
