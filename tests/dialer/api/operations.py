"""How each operation of the API is called: with what query and body, naming whose things."""

from collections.abc import Callable, Mapping, Sequence
from itertools import count
from typing import Any

from tests.dialer.api.two_clients import PASSWORD, Things

Call = Mapping[str, Any]
"""What httpx2 takes: params, json, content, headers."""
Variants = Callable[[Things, Things], Sequence[Call]]
"""Given the things that are named, and the caller's own."""

_new = count(1)
_CSV = b"phone\n+12025550177\n"
_BEGINS = {"starts_at": "2026-11-30T15:00:00Z"}
_A_WEEK = {"since": "2026-11-24T00:00:00Z", "until": "2026-12-01T00:00:00Z"}
_SHIFT = {"agents": 1, "hours": 0.1, "seeds": 1}


def _plain(_t: Things, _own: Things) -> Sequence[Call]:
    return [{}]


def _client(t: Things, _own: Things) -> Sequence[Call]:
    return [{}, {"params": {"client": t.client}}]


def _needs_client(t: Things, _own: Things) -> Sequence[Call]:
    return [{"params": {"client": t.client}}]


def _json(**body: Any) -> Variants:
    return lambda _t, _own: [{"json": body}]


def _promise(t: Things, own: Things) -> Sequence[Call]:
    at = {"at": "2027-03-02T12:00"}
    return [
        {"json": at | {"campaign_id": own.campaign_id, "lead_id": t.lead_id}},
        {"json": at | {"campaign_id": own.campaign_id, "lead_id": own.lead_id, "agent_id": t.agent_id}},
        {"json": at | {"campaign_id": t.campaign_id, "lead_id": t.lead_id}},
    ]


def _leads(t: Things, _own: Things) -> Sequence[Call]:
    of_list, of_load = {"list": str(t.lead_list_id)}, {"import_id": t.import_id}
    wanted = ({}, {"client": t.client}, {"phone": t.phone}, of_list, of_load)
    return [{"params": each} for each in wanted]


def _change_leads(t: Things, own: Things) -> Sequence[Call]:
    calls = [each for each in _leads(t, own) if each["params"]]
    return [
        {"params": each["params"] | {"dry_run": dry}, "json": {"rank": 3}}
        for each in calls
        for dry in ("true", "false")
    ]


def _import(t: Things, own: Things) -> Sequence[Call]:
    into = {"client": own.client, "list": "new"}
    return [
        {"params": {"client": t.client, "list": "new"}, "content": _CSV},
        {"params": into | {"scope": "campaign", "campaign": str(t.campaign_id)}, "content": _CSV},
    ]


def _phone(t: Things, _own: Things) -> Sequence[Call]:
    return [{"params": {"phone": t.phone}}, {"params": {"phone": t.phone, "client": t.client}}]


def _somebody(t: Things, _own: Things) -> Sequence[Call]:
    return [{"json": {"agent_id": t.agent_id}}, {"json": {"number": "+12025550177"}}]


def _log_in(t: Things, own: Things) -> Sequence[Call]:
    return [
        {"json": {"agent_id": t.agent_id, "campaign_ids": [own.campaign_id]}},
        {"json": {"agent_id": own.agent_id, "campaign_ids": [t.campaign_id]}},
    ]


OPERATIONS: Mapping[tuple[str, str], Variants] = {
    ("POST", "sign-out"): _plain,
    ("GET", "me"): _plain,
    ("POST", "me/password"): _json(old="not the old one", new=PASSWORD),
    ("GET", "users"): _client,
    ("POST", "users"): lambda t, own: [
        {
            "json": {
                "client": t.client,
                "name": f"new {next(_new)}",
                "role": "reporter",
                "password": PASSWORD,
            }
        },
        {
            "json": {
                "client": own.client,
                "name": f"new {next(_new)}",
                "role": "agent",
                "agent_id": t.agent_id,
                "password": PASSWORD,
            }
        },
    ],
    ("GET", "users/{user_id}"): _plain,
    ("POST", "users/{user_id}/password"): _json(password=PASSWORD),
    ("POST", "users/{user_id}/disable"): _plain,
    ("POST", "users/{user_id}/enable"): _plain,
    ("GET", "api-keys"): _client,
    ("POST", "api-keys"): lambda t, _: [{"json": {"client": t.client, "name": "job", "role": "reporter"}}],
    ("POST", "api-keys/{key_id}/revoke"): _plain,
    ("GET", "audit-log"): _client,
    ("GET", "leads"): _leads,
    ("GET", "leads/export"): _leads,
    ("GET", "leads/{lead_id}"): _plain,
    ("PATCH", "leads/{lead_id}"): lambda _t, _own: [{"json": {"rank": 1}, "headers": {"If-Match": "*"}}],
    ("PATCH", "leads"): _change_leads,
    ("GET", "leads/{lead_id}/calls"): _plain,
    ("GET", "leads/{lead_id}/history"): _plain,
    ("GET", "leads/explain"): lambda t, _: [
        {"params": {"phone": t.phone}},
        {"params": {"phone": t.phone, "campaign": str(t.campaign_id)}},
        {"params": {"phone": t.phone, "campaign": t.campaign}},
    ],
    ("GET", "lead-lists"): _client,
    ("GET", "dnc-lists"): _plain,
    ("POST", "dnc-lists"): lambda t, _: [
        {"json": {"client": t.client, "name": "more"}},
        {"json": {"campaign_id": t.campaign_id, "name": "more"}},
    ],
    ("GET", "dnc-lists/{list_id}/entries"): _plain,
    ("GET", "dnc-lists/{list_id}/prefixes"): _plain,
    ("POST", "dnc-lists/{list_id}/entries"): _json(phone="+12025550177", reason="asked"),
    ("GET", "dnc-check"): lambda t, _: [
        {"params": {"phone": t.phone}},
        {"params": {"phone": t.phone, "client": t.client}},
        {"params": {"phone": t.phone, "campaign_id": t.campaign_id}},
    ],
    ("GET", "message-channels"): _client,
    ("POST", "message-channels"): lambda t, _: [
        {
            "json": {
                "client": t.client,
                "name": f"more-{next(_new)}",
                "driver": "smtp",
                "sender": "news@example.com",
                "options": {"host": "127.0.0.1", "port": 9},
            }
        }
    ],
    ("POST", "message-channels/{channel_id}/start"): _plain,
    ("POST", "message-channels/{channel_id}/stop"): _plain,
    ("GET", "messages"): lambda t, _: [
        {},
        {"params": {"campaign_id": t.campaign_id}},
        {"params": {"lead_id": t.lead_id, "state": "unknown"}},
    ],
    ("GET", "messages/{message_id}"): _plain,
    ("GET", "message-replies"): lambda t, _: [
        {},
        {"params": {"campaign_id": t.campaign_id}},
        {"params": {"lead_id": t.lead_id}},
    ],
    ("GET", "agent-sessions/{session_id}/replies"): _plain,
    ("POST", "messages/{message_id}/cancel"): _plain,
    ("POST", "messages/{message_id}/send-again"): _plain,
    ("GET", "webhooks"): _client,
    ("POST", "webhooks"): lambda t, _: [
        {"json": {"client": t.client, "url": "https://crm.example.com/", "events": ["message.*"]}}
    ],
    ("GET", "webhooks/{webhook_id}"): _plain,
    ("PATCH", "webhooks/{webhook_id}"): _json(events=["appointment.*"]),
    ("DELETE", "webhooks/{webhook_id}"): _plain,
    ("POST", "webhooks/{webhook_id}/rotate-secret"): _plain,
    ("POST", "webhooks/{webhook_id}/test"): _plain,
    ("GET", "webhooks/{webhook_id}/deliveries"): _plain,
    ("POST", "webhooks/{webhook_id}/deliveries/{delivery_id}/redeliver"): _plain,
    ("POST", "lead-lists/{lead_list_id}/leads"): _json(leads=[{"phone": "+12025550177"}]),
    ("GET", "lead-hooks"): _client,
    ("POST", "lead-hooks"): lambda t, _: [
        {"json": {"client": t.client, "name": f"hook {next(_new)}", "list": "l", "mapping": {"phone": "p"}}}
    ],
    ("DELETE", "lead-hooks/{lead_hook_id}"): _plain,
    ("POST", "campaigns/{campaign_id}/screen-pop"): _json(url="https://crm.example.com/{lead_id}"),
    ("GET", "consents"): _phone,
    ("POST", "consents"): lambda t, _: [
        {
            "json": {
                "client": t.client,
                "phone": t.phone,
                "channel": "sms",
                "basis": "express",
                "source": "form",
            }
        }
    ],
    ("POST", "consents/withdraw"): lambda t, _: [{"json": {"client": t.client, "phone": t.phone}}],
    ("GET", "consents/check"): lambda t, _: [{"params": {"client": t.client, "phone": t.phone}}],
    ("POST", "imports"): _import,
    ("GET", "imports"): lambda t, _: [{}, {"params": {"list_id": t.lead_list_id}}],
    ("GET", "imports/{import_id}"): _plain,
    ("GET", "imports/{import_id}/rejects"): _plain,
    ("GET", "imports/{import_id}/id-map"): _plain,
    ("GET", "campaigns"): _plain,
    ("GET", "campaigns/{campaign_id}"): _plain,
    ("PATCH", "campaigns/{campaign_id}"): _json(lead_order="newest"),
    ("GET", "campaigns/{campaign_id}/lists"): _plain,
    ("POST", "campaigns/{campaign_id}/start"): _plain,
    ("POST", "campaigns/{campaign_id}/pause"): _plain,
    ("POST", "campaigns/{campaign_id}/stop"): _plain,
    ("GET", "campaigns/{campaign_id}/report"): _plain,
    ("GET", "campaigns/{campaign_id}/answers"): _plain,
    ("GET", "campaigns/{campaign_id}/answers/export"): _plain,
    ("GET", "campaigns/{campaign_id}/caller-ids"): _plain,
    ("GET", "campaigns/{campaign_id}/why"): _plain,
    ("GET", "campaigns/{campaign_id}/compliance-report"): _plain,
    ("POST", "campaigns/{campaign_id}/forecast"): _json(**_SHIFT),
    ("POST", "forecasts"): _json(assumptions={}, **_SHIFT),
    ("GET", "events"): lambda t, _: [{}, {"params": {"campaign_id": t.campaign_id}}],
    ("GET", "agent-sessions/{session_id}/events"): _plain,
    ("GET", "agent-sessions/{session_id}/screen-pop"): _plain,
    ("GET", "attempts"): lambda t, _: [
        {},
        {"params": {"campaign_id": t.campaign_id}},
        {"params": {"client": t.client}},
        {"params": {"agent_id": t.agent_id, "placed_from": "2020-01-01T00:00:00Z"}},
    ],
    ("GET", "reports/calls"): lambda t, _: [
        {"params": {"group_by": "campaign", "campaign_id": t.campaign_id}},
        {"params": {"group_by": "agent", "client": t.client}},
    ],
    ("GET", "client-timezone"): _needs_client,
    ("PUT", "client-timezone"): lambda t, _: [{"json": {"client": t.client, "timezone": "Asia/Kolkata"}}],
    ("GET", "attempts/{attempt_id}"): _plain,
    ("PATCH", "attempts/{attempt_id}"): _json(disposition="sale"),
    ("GET", "campaigns/{campaign_id}/dispositions"): _plain,
    ("GET", "caller-ids"): _needs_client,
    ("POST", "caller-ids"): lambda t, _: [
        {
            "json": {
                "client": t.client,
                "caller_id": f"+1303555{next(_new):04}",
                "owner": "o",
                "document": "d",
                "recorded_by": "r",
            }
        }
    ],
    ("POST", "caller-ids/import"): lambda t, _: [
        {"params": {"client": t.client, "owner": "o"}, "content": b"caller_id\n+13035550199\n"}
    ],
    ("GET", "caller-ids/{number}"): lambda t, own: [{"params": {"client": each.client}} for each in (t, own)],
    ("PATCH", "caller-ids/{number}"): lambda t, own: [
        {"params": {"client": each.client}, "json": {"daily_cap": 5}} for each in (t, own)
    ],
    ("POST", "caller-ids/{number}/retire"): lambda t, own: [
        {"params": {"client": each.client}} for each in (t, own)
    ],
    ("GET", "caller-id-groups"): _needs_client,
    ("POST", "caller-id-groups/{name}"): lambda t, own: [
        {"params": {"client": t.client}, "json": {"add": []}},
        {"params": {"client": own.client}, "json": {"add": [t.number]}},
    ],
    ("GET", "persons/{phone}/export"): _client,
    ("POST", "persons/{phone}/erase"): _client,
    ("POST", "prompts"): lambda t, _: [{"params": {"client": t.client, "name": "p"}, "content": b"no sound"}],
    ("POST", "prompts/spoken"): lambda t, _: [{"json": {"client": t.client, "name": "p", "text": ""}}],
    ("GET", "prompts"): _client,
    ("GET", "prompts/{prompt_id}"): _plain,
    ("GET", "prompts/{prompt_id}/audio"): _plain,
    ("DELETE", "prompts/{prompt_id}"): _plain,
    ("GET", "clients/{client}/abandoned-messages"): _plain,
    ("POST", "clients/{client}/abandoned-messages"): _json(prompt="p"),
    ("DELETE", "clients/{client}/abandoned-messages"): lambda _t, _own: [{"params": {"country": "FR"}}],
    ("GET", "compliance/rules"): _plain,
    ("GET", "compliance/explain"): lambda t, _: [
        {"params": {"phone": t.phone, "campaign": str(t.campaign_id)}},
        {"params": {"phone": t.phone, "campaign": t.campaign}},
    ],
    ("POST", "compliance/purge"): lambda t, _: [
        {"json": {"dry_run": True}},
        {"json": {"client": t.client, "dry_run": True}},
    ],
    ("GET", "exemptions"): _needs_client,
    ("POST", "exemptions"): lambda t, _: [
        {"json": {"client": t.client, "rule": "none", "granted_by": "g", "reference": "r"}}
    ],
    ("POST", "exemptions/{exemption_id}/end"): _plain,
    ("GET", "client-limits"): _needs_client,
    ("PUT", "client-limits"): lambda t, _: [{"json": {"client": t.client, "most_attempts_a_day": 3}}],
    ("GET", "closed-days"): _needs_client,
    ("POST", "closed-days"): lambda t, own: [
        {"json": {"client": t.client, "day": "2026-12-31", "name": "n"}},
        {"json": {"client": own.client, "campaign_id": t.campaign_id, "day": "2026-12-30", "name": "n"}},
    ],
    ("POST", "closed-days/open"): lambda t, own: [
        {"json": {"client": t.client, "day": "2026-12-31"}},
        {"json": {"client": own.client, "campaign_id": t.campaign_id, "day": "2026-12-30"}},
    ],
    ("GET", "caller-id-rests"): _plain,
    ("POST", "caller-id-rests/{number}/release"): _plain,
    ("GET", "callbacks"): lambda t, _: [
        {"params": each} for each in ({}, {"campaign_id": t.campaign_id}, {"agent_id": t.agent_id})
    ],
    ("POST", "callbacks"): _promise,
    ("GET", "callbacks/{callback_id}"): _plain,
    ("PATCH", "callbacks/{callback_id}"): lambda t, _: [{"json": {"agent_id": t.agent_id, "notes": "n"}}],
    ("POST", "callbacks/{callback_id}/cancel"): _plain,
    ("GET", "calendars"): _client,
    ("POST", "calendars"): lambda t, _: [
        {
            "json": {
                "client": t.client,
                "name": f"new {next(_new)}",
                "zone": "Europe/Berlin",
                "hours": {"mon": [["09:00", "17:00"]]},
            }
        }
    ],
    ("GET", "calendars/{calendar_id}"): _plain,
    ("PATCH", "calendars/{calendar_id}"): _json(capacity=2),
    ("DELETE", "calendars/{calendar_id}"): _plain,
    ("GET", "calendars/{calendar_id}/slots"): lambda t, _: [
        {"params": _A_WEEK},
        {"params": _A_WEEK | {"lead_id": t.lead_id}},
    ],
    ("POST", "calendars/{calendar_id}/feed"): _plain,
    ("DELETE", "calendars/{calendar_id}/feed"): _plain,
    ("GET", "appointments"): lambda t, _: [
        {"params": each}
        for each in (
            *({}, {"calendar_id": t.calendar_id}, {"campaign_id": t.campaign_id}),
            {"lead_id": t.lead_id, "since": "2026-11-24T00:00:00Z"},
        )
    ],
    ("POST", "appointments"): lambda t, own: [
        {"json": _BEGINS | {"campaign_id": own.campaign_id, "lead_id": t.lead_id}},
        {"json": _BEGINS | {"campaign_id": t.campaign_id, "lead_id": t.lead_id}},
    ],
    ("GET", "appointments/{appointment_id}"): _plain,
    ("POST", "appointments/{appointment_id}/reschedule"): _json(**_BEGINS),
    ("POST", "appointments/{appointment_id}/cancel"): _plain,
    ("POST", "appointments/{appointment_id}/kept"): _plain,
    ("POST", "appointments/{appointment_id}/no-show"): _plain,
    ("GET", "attempts/{attempt_id}/appointment-slots"): lambda _t, _own: [{"params": _A_WEEK}],
    ("POST", "attempts/{attempt_id}/appointment"): _json(**_BEGINS),
    ("DELETE", "attempts/{attempt_id}/appointment"): _plain,
    ("POST", "agents/{agent_id}/calendar"): _plain,
    ("DELETE", "agents/{agent_id}/calendar"): _plain,
    ("GET", "recordings"): lambda t, _: [
        {},
        {"params": {"client": t.client}},
        {"params": {"campaign_id": t.campaign_id}},
        {"params": {"attempt_id": t.attempt_id}},
    ],
    ("GET", "recordings/{recording_id}"): _plain,
    ("GET", "recordings/{recording_id}/audio"): _plain,
    ("GET", "recordings/{recording_id}/accesses"): _plain,
    ("POST", "recordings/{recording_id}/verify"): _plain,
    ("DELETE", "recordings/{recording_id}"): lambda _t, _own: [{"params": {"reason": "because"}}],
    ("GET", "trunks"): _plain,
    ("GET", "agents"): _client,
    ("POST", "agents"): lambda t, _: [
        {"json": {"client": t.client, "name": f"New {next(_new)}", "sip_uri": "sip:new@pbx.example"}}
    ],
    ("GET", "agents/{agent_id}"): _plain,
    ("PATCH", "agents/{agent_id}"): _json(languages=["es"]),
    ("POST", "agents/{agent_id}/sip-secret"): _plain,
    ("GET", "agents/{agent_id}/time"): lambda _t, _own: [
        {"params": {"from": "2026-11-23T00:00:00Z", "to": "2026-11-24T00:00:00Z"}}
    ],
    ("GET", "pause-reasons"): _needs_client,
    ("PUT", "pause-reasons"): lambda t, _: [
        {"json": {"client": t.client, "reasons": [{"code": "lunch", "name": "Lunch"}]}}
    ],
    ("POST", "agent-sessions"): _log_in,
    ("GET", "agent-sessions"): _plain,
    ("GET", "calls"): _plain,
    ("GET", "queues"): _plain,
    ("GET", "agent-sessions/{session_id}"): _plain,
    ("GET", "agent-sessions/{session_id}/lead"): _plain,
    ("GET", "agent-sessions/{session_id}/callbacks"): _plain,
    ("POST", "agent-sessions/{session_id}/calendar"): _plain,
    ("GET", "agent-sessions/{session_id}/questionnaire"): _plain,
    ("POST", "agent-sessions/{session_id}/questionnaire"): _json(page="hello", answers={"willing": "yes"}),
    ("GET", "campaigns/{campaign_id}/survey-results"): _plain,
    ("GET", "campaigns/{campaign_id}/answers.csv"): _plain,
    ("GET", "campaigns/{campaign_id}/answers.json"): _plain,
    ("POST", "campaigns/{campaign_id}/questionnaire-links"): lambda t, own: [
        {"json": {"lead_id": t.lead_id}},
        {"json": {"lead_id": own.lead_id}},
    ],
    ("POST", "agent-sessions/{session_id}/ready"): _plain,
    ("POST", "agent-sessions/{session_id}/pause"): _json(reason="lunch"),
    ("POST", "agent-sessions/{session_id}/wrap-up/extend"): _plain,
    ("POST", "agent-sessions/{session_id}/preview/dial"): _plain,
    ("POST", "agent-sessions/{session_id}/preview/skip"): _plain,
    ("POST", "agent-sessions/{session_id}/calls"): lambda t, own: [
        {"json": {"lead_id": t.lead_id, "campaign_id": t.campaign_id}},
        {"json": {"lead_id": t.lead_id, "campaign_id": own.campaign_id}},
        {"json": {"phone": "+12025550177"}},
    ],
    ("POST", "agent-sessions/{session_id}/end"): _plain,
    ("GET", "agent-sessions/{session_id}/recording"): _plain,
    ("POST", "agent-sessions/{session_id}/recording/start"): _plain,
    ("POST", "agent-sessions/{session_id}/recording/stop"): _plain,
    ("POST", "agent-sessions/{session_id}/recording/pause"): _plain,
    ("POST", "agent-sessions/{session_id}/recording/resume"): _plain,
    ("POST", "agent-sessions/{session_id}/recording/consent"): _json(agreed=True),
    **{
        ("POST", f"agent-sessions/{{session_id}}/{what}"): _plain
        for what in (
            *("hold", "resume", "mute", "unmute", "park"),
            *("consult/join", "consult/complete", "consult/end"),
            *("supervise/take-over", "supervise/end"),
        )
    },
    ("POST", "agent-sessions/{session_id}/dtmf"): _json(digits="1#"),
    ("POST", "agent-sessions/{session_id}/consult"): _somebody,
    ("POST", "agent-sessions/{session_id}/transfer"): _somebody,
    ("POST", "agent-sessions/{session_id}/hand-up"): _json(tier="second"),
    ("POST", "agent-sessions/{session_id}/supervise"): lambda t, _: [
        {"json": {"mode": "listen", "agent_id": t.agent_id}},
        {"json": {"mode": "listen", "sip_uri": "sip:boss@127.0.0.1"}},
    ],
    ("POST", "agent-sessions/{session_id}/supervise/mode"): _json(mode="whisper"),
    ("POST", "agent-sessions/{session_id}/messages"): _json(text="Well done."),
    ("GET", "parked-calls"): _plain,
    ("POST", "parked-calls/{attempt_id}/take"): lambda t, own: [
        {"json": {"session_id": t.session_id}},
        {"json": {"session_id": own.session_id}},
    ],
    ("GET", "attempts/{attempt_id}/steps"): _plain,
    ("POST", "attempts/{attempt_id}/disposition"): _json(disposition="sale"),
    ("POST", "attempts/{attempt_id}/hangup"): _plain,
}
