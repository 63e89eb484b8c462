"""The campaigns room over HTTP. Errors pass through to the API, which maps them."""

from fastapi import APIRouter

from campaigns.routes import (
    agents,
    appointments,
    attempts,
    calendars,
    callbacks,
    caller_ids,
    campaigns,
    client_rules,
    compliance,
    explain,
    lead_editing,
    lead_history,
    lead_intake,
    messages,
    persons,
    prompts,
    recordings,
    replies,
    reports,
    screen_pops,
    surveys,
    trunks,
    webhooks,
)
from leads.routes.shared import KnownQuery

router = APIRouter(dependencies=[KnownQuery])
router.include_router(campaigns.router)
router.include_router(attempts.router)
router.include_router(agents.router)
router.include_router(callbacks.router)
router.include_router(calendars.router)
router.include_router(appointments.router)
router.include_router(caller_ids.router)
router.include_router(persons.router)
router.include_router(prompts.router)
router.include_router(explain.router)
router.include_router(lead_editing.router)
router.include_router(lead_history.router)
router.include_router(messages.router)
router.include_router(compliance.router)
router.include_router(client_rules.router)
router.include_router(recordings.router)
router.include_router(replies.router)
router.include_router(surveys.router)
router.include_router(reports.router)
router.include_router(trunks.router)
router.include_router(lead_intake.router)
router.include_router(screen_pops.router)
router.include_router(webhooks.router)
