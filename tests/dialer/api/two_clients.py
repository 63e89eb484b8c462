"""A client with one of everything, put straight into the tables; every text of it has the client's mark."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from campaigns import service as campaigns
from campaigns.core.appointment_calendar import CalendarSettings
from campaigns.core.campaign import CampaignSettings
from campaigns.stores.shared import Sessions
from campaigns.tables import (
    AbandonedMessage,
    Appointment,
    AppointmentCalendar,
    Attempt,
    Callback,
    CallerId,
    CallerIdGroup,
    CallerIdRest,
    ClosedDay,
    DispositionChange,
    Exemption,
    LeadHook,
    LeadHookDelivery,
    Message,
    MessageChannel,
    Prompt,
    PromptSound,
    QuestionnaireAnswer,
    QuestionnaireDocument,
    QuestionnaireRun,
    Recording,
    RecordingAccess,
    SaleLine,
    Webhook,
    WebhookDelivery,
)
from dialer.access.api_keys import add_api_key
from dialer.access.core.roles import Role
from dialer.access.tables import AuditEntry
from dialer.access.users import NewUser, add_user
from leads.stores.dnc import DncStore
from leads.tables import Client, ColumnMapping, Consent, Lead, LeadImport, LeadList, Phone
from tests.campaigns.questionnaires import SURVEY
from tests.campaigns.seeds import ALL_DAY, zone_group

NOW = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
_HOURS = {"zone": "America/New_York", "hours": {"mon": [["09:00", "17:00"]]}}
PASSWORD = "a long enough sentence"  # noqa: S105 - of nobody


@dataclass(frozen=True)
class Things:
    """What addresses, queries and bodies name; of a client's, or of nobody's."""

    client: str
    phone: str
    number: str
    name: str = "east"
    campaign: str = "?"
    campaign_id: int = 900_001
    lead_id: int = 900_002
    list_id: int = 900_003
    lead_list_id: int = 900_004
    import_id: int = 900_005
    prompt_id: int = 900_006
    recording_id: int = 900_007
    attempt_id: int = 900_008
    exemption_id: int = 900_009
    agent_id: int = 900_010
    user_id: int = 900_011
    key_id: int = 900_012
    session_id: int = 900_013
    callback_id: int = 900_014
    channel_id: int = 900_015
    message_id: int = 900_016
    calendar_id: int = 900_017
    appointment_id: int = 900_018
    webhook_id: int = 900_030
    delivery_id: int = 900_031
    lead_hook_id: int = 900_032


NOBODYS = Things(client="nobody", phone="+12025550998", number="+12025550999", campaign="nothing")


async def seed_client(sessions: Sessions, slug: str, mark: str, area: str) -> Things:
    """A client and its things; `area` begins its numbers, as in +1202555."""
    phone, number = f"{area}0101", f"{area}0150"
    async with sessions() as session, session.begin():
        client = Client(slug=slug, name=mark)
        session.add(client)
        await session.flush()
        leads = LeadList(client_id=client.id, name=f"list {mark}", default_country="US", created_at=NOW)
        session.add(leads)
        await session.flush()
        load = LeadImport(
            list_id=leads.id, source=f"{mark}.csv", state="done", options={}, started_at=NOW, updated_at=NOW
        )
        session.add_all(
            [
                load,
                ColumnMapping(client_id=client.id, name=f"map {mark}", columns={}, created_at=NOW),
                Consent(
                    client_id=client.id,
                    e164=phone,
                    channel="call",
                    basis="express",
                    source=mark,
                    given_at=NOW,
                    recorded_at=NOW,
                ),
            ]
        )
        await session.flush()
        lead = Lead(
            list_id=leads.id,
            import_id=load.id,
            first_name=mark,
            owner=mark,
            custom={"note": mark},
            created_at=NOW,
        )
        session.add(lead)
        await session.flush()
        session.add(
            Phone(
                lead_id=lead.id,
                list_id=leads.id,
                position=0,
                e164=phone,
                kind="mobile",
                region="US",
                zone_group_id=await zone_group(session, ["America/New_York"]),
            )
        )
        dnc = await DncStore(session).ensure_list("client", client.id, f"dnc {mark}", NOW)
        await DncStore(session).add_number(
            f"{area}0120", "client", client.id, list_name=dnc.name, reason=mark, source=mark, now=NOW
        )
    settings = CampaignSettings.parse(
        {"caller_id": number, "callable_times": ALL_DAY, "script": SURVEY | {"title": mark}}
    )
    campaign_id = await campaigns.create_campaign(
        sessions, slug, f"campaign {mark}", settings, [leads.name], NOW
    )
    agent_id = await campaigns.add_agent(sessions, slug, f"agent {mark}", "sip:anna@127.0.0.1:9", NOW)
    base = Things(client=slug, phone=phone, number=number, campaign=f"campaign {mark}")
    found = await _seed_calls(sessions, client.id, campaign_id, lead.id, leads.id, agent_id, base, mark)
    spare = NewUser(f"spare {mark}", Role.REPORTER, slug)
    user = await add_user(sessions, spare, PASSWORD, NOW)
    made = await add_api_key(sessions, slug, f"key {mark}", Role.REPORTER, mark, NOW)
    return Things(
        client=slug,
        phone=phone,
        number=number,
        campaign=f"campaign {mark}",
        campaign_id=campaign_id,
        lead_id=lead.id,
        list_id=dnc.id,
        lead_list_id=leads.id,
        import_id=load.id,
        agent_id=agent_id,
        user_id=user.id,
        key_id=made.row.id,
        **found,
    )


async def _seed_calls(
    sessions: Sessions,
    client_id: int,
    campaign_id: int,
    lead_id: int,
    list_id: int,
    agent_id: int,
    base: Things,
    mark: str,
) -> dict[str, int]:
    """A call with its recording, and what calls need: a number, a prompt, an exemption, a closed day."""
    async with sessions() as session, session.begin():
        attempt = Attempt(
            campaign_id=campaign_id,
            lead_id=lead_id,
            phone_id=1,
            list_id=list_id,
            e164=base.phone,
            number=1,
            country="US",
            caller_id=base.number,
            permit={"why": mark},
            placed_at=NOW,
            ended_at=NOW + timedelta(seconds=30),
            outcome="human",
            sip_reason=mark,
            notes=mark,
            agent_id=agent_id,
        )
        sound = PromptSound(sha256=mark.ljust(64, "0"), wav=mark.encode())
        document = QuestionnaireDocument(sha256=mark.ljust(64, "1"), body=SURVEY | {"title": mark})
        session.add_all([attempt, sound, document])
        await session.flush()
        run = QuestionnaireRun(
            client_id=client_id,
            campaign_id=campaign_id,
            lead_id=lead_id,
            attempt_id=attempt.id,
            document=document.sha256,
            channel="agent",
            page="hello",
            started_at=NOW,
            changed_at=NOW,
        )
        session.add(run)
        await session.flush()
        session.add(QuestionnaireAnswer(run_id=run.id, question="reason", value=f'"{mark}"', answered_at=NOW))
        prompt = Prompt(
            client_id=client_id,
            name=f"prompt-{mark}",
            language="en",
            source="spoken",
            text=mark,
            length_s=1.0,
            warnings=[],
            sha256=sound.sha256,
            created_at=NOW,
        )
        callback = Callback(
            client_id=client_id,
            campaign_id=campaign_id,
            lead_id=lead_id,
            phone_id=attempt.phone_id,
            agent_id=agent_id,
            due_at=NOW + timedelta(days=300),
            next_at=NOW + timedelta(days=300),
            zone="America/New_York",
            state="waiting",
            notes=mark,
            attempt_id=attempt.id,
            created_at=NOW,
            changed_at=NOW,
        )
        recording = Recording(
            attempt_id=attempt.id,
            campaign_id=campaign_id,
            client_id=client_id,
            node="node-1",
            state="kept",
            path=f"2026/11/23/{attempt.id}.wav",
            sha256=mark,
            started_at=NOW,
        )
        exemption = Exemption(
            client_id=client_id, rule_id="us-hours", granted_by=mark, reference=mark, recorded_at=NOW
        )
        channel = MessageChannel(
            client_id=client_id,
            name=f"channel-{mark.lower()}"[:40],
            channel="email",
            driver="smtp",
            sender=f"{mark} <news@example.com>",
            options={"host": "127.0.0.1", "port": 9},
            rate_per_s=1.0,
            active=False,
            created_at=NOW,
        )
        message = Message(
            client_id=client_id,
            campaign_id=campaign_id,
            lead_id=lead_id,
            channel="email",
            cause=f"attempt:{mark}",
            to_address=f"{mark}@example.com",
            subject=mark,
            body_text=mark,
            state="unknown",
            due_at=NOW,
            token=mark.ljust(32, "0"),
            created_at=NOW,
        )
        calendar = AppointmentCalendar(
            client_id=client_id,
            name=f"calendar {mark}",
            settings=CalendarSettings.parse(_HOURS | {"location": mark}).to_json(),
            created_at=NOW,
        )
        session.add_all([prompt, recording, callback, exemption, channel, message, calendar])
        await session.flush()
        begins = NOW + timedelta(days=300)
        appointment = Appointment(
            client_id=client_id,
            calendar_id=calendar.id,
            campaign_id=campaign_id,
            lead_id=lead_id,
            attempt_id=attempt.id,
            agent_id=agent_id,
            state="booked",
            starts_at=begins,
            ends_at=begins + timedelta(minutes=30),
            busy_from=begins,
            busy_until=begins + timedelta(minutes=30),
            seat=1,
            zone="America/New_York",
            notes=mark,
            created_at=NOW,
            changed_at=NOW,
        )
        session.add(appointment)
        webhook = Webhook(
            client_id=client_id,
            url=f"https://127.0.0.1/{mark}",
            events=["message.*"],
            secret=f"whsec_{mark}",
            state="disabled",
            reason=mark,
            created_at=NOW,
        )
        hook = LeadHook(
            client_id=client_id,
            name=f"hook {mark}",
            list_name=mark,
            default_country="US",
            mapping={"phone": mark},
            token_hash=mark.ljust(64, "0"),
            secret=f"whsec_{mark}",
            created_at=NOW,
        )
        session.add_all([webhook, hook])
        await session.flush()
        delivery = WebhookDelivery(
            client_id=client_id,
            webhook_id=webhook.id,
            lead_id=lead_id,
            event_id=f"evt_{mark}",
            type="message.replied",
            body=mark,
            state="delivered",
            next_at=NOW,
            created_at=NOW,
            done_at=datetime.now(UTC),
        )
        session.add(delivery)
        received = LeadHookDelivery(
            client_id=client_id, lead_hook_id=hook.id, event_id=mark, received_at=datetime.now(UTC)
        )
        session.add(received)
        await session.flush()
        session.add_all(
            [
                RecordingAccess(recording_id=recording.id, at=NOW, who=mark, what="heard"),
                SaleLine(attempt_id=attempt.id, number=1, product=mark, currency="EUR", amount_minor=1990),
                DispositionChange(
                    attempt_id=attempt.id,
                    changed_at=NOW,
                    who=mark,
                    disposition="sale",
                    notes=mark,
                    becomes="hung_up",
                ),
                AbandonedMessage(client_id=client_id, country="US", language="", prompt_id=prompt.id),
                ClosedDay(client_id=client_id, day="2026-12-25", name=mark),
                CallerIdGroup(client_id=client_id, name="east"),
                CallerIdRest(caller_id=base.number, until=NOW + timedelta(days=900), attempt_id=attempt.id),
                CallerId(
                    client_id=client_id,
                    e164=base.number,
                    display_name=mark,
                    timezone="America/New_York",
                    owner=mark,
                    document=mark,
                    owned_from="2026-01-01",
                    recorded_by=mark,
                    recorded_at=NOW,
                ),
                AuditEntry(
                    at=NOW,
                    actor=f"user {mark}",
                    role="manager",
                    client_id=client_id,
                    action="start-campaign",
                    subject=mark,
                    status=200,
                    details={},
                    address="127.0.0.1",
                ),
            ]
        )
    return {
        "attempt_id": attempt.id,
        "prompt_id": prompt.id,
        "recording_id": recording.id,
        "callback_id": callback.id,
        "exemption_id": exemption.id,
        "channel_id": channel.id,
        "message_id": message.id,
        "calendar_id": calendar.id,
        "appointment_id": appointment.id,
        "webhook_id": webhook.id,
        "delivery_id": delivery.id,
        "lead_hook_id": hook.id,
    }
