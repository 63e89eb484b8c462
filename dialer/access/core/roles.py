"""Roles and what each may do: one table, which the routes ask and `docs/permissions.md` shows. Pure."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class Role(StrEnum):
    """What somebody is; all but the operator are bound to one client."""

    OPERATOR = "operator"
    CLIENT_ADMIN = "client-admin"
    MANAGER = "manager"
    SUPERVISOR = "supervisor"
    AGENT = "agent"
    REPORTER = "reporter"
    AUDITOR = "auditor"


class Permission(StrEnum):
    """What a route may need. The words are stable: settings, documents and logs name them."""

    CAMPAIGNS_READ = "campaigns.read"
    CAMPAIGNS_WRITE = "campaigns.write"
    CAMPAIGNS_RUN = "campaigns.run"
    ATTEMPTS_READ = "attempts.read"
    LEADS_READ = "leads.read"
    LEADS_WRITE = "leads.write"
    LEADS_IMPORT = "leads.import"
    LEADS_EXPORT = "leads.export"
    PERSONS_READ = "persons.read"
    PERSONS_ERASE = "persons.erase"
    DNC_READ = "dnc.read"
    DNC_WRITE = "dnc.write"
    DNC_EVERYONE = "dnc.everyone"
    CONSENTS_READ = "consents.read"
    CONSENTS_WRITE = "consents.write"
    COMPLIANCE_READ = "compliance.read"
    COMPLIANCE_WRITE = "compliance.write"
    COMPLIANCE_EXEMPT = "compliance.exempt"
    COMPLIANCE_PURGE = "compliance.purge"
    CALLER_IDS_READ = "caller-ids.read"
    CALLER_IDS_WRITE = "caller-ids.write"
    PROMPTS_READ = "prompts.read"
    PROMPTS_WRITE = "prompts.write"
    RECORDINGS_READ = "recordings.read"
    RECORDINGS_LISTEN = "recordings.listen"
    RECORDINGS_DELETE = "recordings.delete"
    CALLBACKS_READ = "callbacks.read"
    CALLBACKS_WRITE = "callbacks.write"
    APPOINTMENTS_READ = "appointments.read"
    APPOINTMENTS_WRITE = "appointments.write"
    CALENDARS_WRITE = "calendars.write"
    MESSAGES_READ = "messages.read"
    MESSAGES_WRITE = "messages.write"
    MESSAGE_CHANNELS_WRITE = "message-channels.write"
    WEBHOOKS_READ = "webhooks.read"
    WEBHOOKS_WRITE = "webhooks.write"
    REPORTS_READ = "reports.read"
    FORECASTS_RUN = "forecasts.run"
    DESK_WORK = "desk.work"
    AGENTS_SUPERVISE = "agents.supervise"
    AGENTS_READ = "agents.read"
    AGENTS_WRITE = "agents.write"
    TRUNKS_READ = "trunks.read"
    USERS_READ = "users.read"
    USERS_WRITE = "users.write"
    API_KEYS_READ = "api-keys.read"
    API_KEYS_WRITE = "api-keys.write"
    AUDIT_READ = "audit.read"
    ACCOUNT_OWN = "account.own"


MEANING: Mapping[Permission, str] = MappingProxyType(
    {
        Permission.CAMPAIGNS_READ: "see campaigns and the lists they dial",
        Permission.CAMPAIGNS_WRITE: "change a campaign's settings",
        Permission.CAMPAIGNS_RUN: "start, pause and stop campaigns",
        Permission.ATTEMPTS_READ: "see calls, with numbers and notes",
        Permission.LEADS_READ: "search leads and lists, and why a lead is or is not called",
        Permission.LEADS_WRITE: "change leads",
        Permission.LEADS_IMPORT: "load lead files, and follow the loads",
        Permission.LEADS_EXPORT: "take leads and answers away as a file",
        Permission.PERSONS_READ: "hand out all that is kept about a person",
        Permission.PERSONS_ERASE: "erase a person",
        Permission.DNC_READ: "see do-not-call lists",
        Permission.DNC_WRITE: "make do-not-call lists, and put numbers on them",
        Permission.DNC_EVERYONE: "see what is on the lists for everyone, and add to them",
        Permission.CONSENTS_READ: "see consents",
        Permission.CONSENTS_WRITE: "record and withdraw consents",
        Permission.COMPLIANCE_READ: "see calling rules, limits and closed days, and how they were kept",
        Permission.COMPLIANCE_WRITE: "change limits and closed days, release caller IDs that rest",
        Permission.COMPLIANCE_EXEMPT: "record that a law's rule does not hold for the client",
        Permission.COMPLIANCE_PURGE: "empty the personal data of old calls",
        Permission.CALLER_IDS_READ: "see caller IDs and how they fare",
        Permission.CALLER_IDS_WRITE: "record, change, group and retire caller IDs",
        Permission.PROMPTS_READ: "see and hear prompts",
        Permission.PROMPTS_WRITE: "add and remove prompts, and choose what abandoned callers hear",
        Permission.RECORDINGS_READ: "find recordings, and see who heard them",
        Permission.RECORDINGS_LISTEN: "hear and check recordings",
        Permission.RECORDINGS_DELETE: "delete recordings",
        Permission.CALLBACKS_READ: "see the calls that were promised, with notes",
        Permission.CALLBACKS_WRITE: "promise calls, move and cancel them, and renew agents' calendars",
        Permission.APPOINTMENTS_READ: "see calendars and appointments, with notes",
        Permission.APPOINTMENTS_WRITE: "book, move and cancel appointments, and say who came",
        Permission.CALENDARS_WRITE: "make and change calendars, and renew the addresses of their feeds",
        Permission.MESSAGES_READ: "see messages to people, and the ways they are sent",
        Permission.MESSAGES_WRITE: "cancel messages, and send again what failed",
        Permission.MESSAGE_CHANNELS_WRITE: "add the ways in which messages are sent, start and stop them",
        Permission.WEBHOOKS_READ: "see web hooks and hooks for leads, and what web hooks were told",
        Permission.WEBHOOKS_WRITE: "add, change, try and remove web hooks and hooks for leads",
        Permission.REPORTS_READ: "read reports",
        Permission.FORECASTS_RUN: "simulate shifts",
        Permission.DESK_WORK: "work a shift: one's own session and calls, and the lead on the line",
        Permission.AGENTS_SUPERVISE: "act on any agent's session and calls",
        Permission.AGENTS_READ: "see agents and what their time was spent on",
        Permission.AGENTS_WRITE: "add and change agents, and the reasons for which they pause",
        Permission.TRUNKS_READ: "see how the trunks are",
        Permission.USERS_READ: "see users",
        Permission.USERS_WRITE: "add and disable users, and set their passwords",
        Permission.API_KEYS_READ: "see API keys, without the keys themselves",
        Permission.API_KEYS_WRITE: "make and revoke API keys",
        Permission.AUDIT_READ: "read the audit log",
        Permission.ACCOUNT_OWN: "see who one is, change one's password, sign out",
    }
)

_P = Permission
_OPERATOR_ONLY = frozenset({_P.TRUNKS_READ, _P.DNC_EVERYONE, _P.MESSAGE_CHANNELS_WRITE})
_CLIENT_ADMIN = frozenset(_P) - _OPERATOR_ONLY
_MANAGER = _CLIENT_ADMIN - {
    _P.PERSONS_READ,
    _P.PERSONS_ERASE,
    _P.COMPLIANCE_EXEMPT,
    _P.COMPLIANCE_PURGE,
    _P.RECORDINGS_DELETE,
    _P.USERS_READ,
    _P.USERS_WRITE,
    _P.API_KEYS_READ,
    _P.API_KEYS_WRITE,
    _P.AUDIT_READ,
}
_SUPERVISOR = _MANAGER - {
    _P.AGENTS_WRITE,
    _P.CAMPAIGNS_WRITE,
    _P.LEADS_WRITE,
    _P.LEADS_IMPORT,
    _P.LEADS_EXPORT,
    _P.COMPLIANCE_WRITE,
    _P.CALLER_IDS_WRITE,
    _P.PROMPTS_WRITE,
    _P.CALENDARS_WRITE,
    _P.WEBHOOKS_WRITE,
}

PERMISSIONS: Mapping[Role, frozenset[Permission]] = MappingProxyType(
    {
        Role.OPERATOR: frozenset(_P),
        Role.CLIENT_ADMIN: _CLIENT_ADMIN,
        Role.MANAGER: _MANAGER,
        Role.SUPERVISOR: _SUPERVISOR,
        Role.AGENT: frozenset({_P.DESK_WORK, _P.ACCOUNT_OWN}),
        Role.REPORTER: frozenset({_P.CAMPAIGNS_READ, _P.REPORTS_READ, _P.FORECASTS_RUN, _P.ACCOUNT_OWN}),
        Role.AUDITOR: frozenset(
            {
                _P.CAMPAIGNS_READ,
                _P.ATTEMPTS_READ,
                _P.LEADS_READ,
                _P.PERSONS_READ,
                _P.DNC_READ,
                _P.CONSENTS_READ,
                _P.COMPLIANCE_READ,
                _P.CALLER_IDS_READ,
                _P.PROMPTS_READ,
                _P.RECORDINGS_READ,
                _P.RECORDINGS_LISTEN,
                _P.CALLBACKS_READ,
                _P.APPOINTMENTS_READ,
                _P.MESSAGES_READ,
                _P.REPORTS_READ,
                _P.USERS_READ,
                _P.API_KEYS_READ,
                _P.AUDIT_READ,
                _P.ACCOUNT_OWN,
            }
        ),
    }
)
"""The table of who may do what."""

JOB_ROLES = frozenset(Role) - {Role.OPERATOR, Role.AGENT}
"""What an API key may be bound to a client as: an agent is a person at a phone."""


def may(role: Role, permission: Permission) -> bool:
    """Whether somebody of that role may do that, to what their client has."""
    return permission in PERMISSIONS[role]
