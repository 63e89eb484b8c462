"""What the campaigns room puts on the command line."""

from campaigns.commands.agents import agent_app
from campaigns.commands.attempts import attempt_app
from campaigns.commands.calendars import calendar_app
from campaigns.commands.callbacks import callbacks_app
from campaigns.commands.caller_ids import caller_id_app
from campaigns.commands.campaigns import campaign_app, report_app
from campaigns.commands.compliance import compliance_app
from campaigns.commands.explain import explain_app, why_app
from campaigns.commands.lead_editing import app as lead_editing_app
from campaigns.commands.messages import channel_app, messages_app
from campaigns.commands.persons import person_app
from campaigns.commands.prompts import prompts_app
from campaigns.commands.recordings import recordings_app
from campaigns.commands.reports import add_reports
from campaigns.commands.surveys import survey_app
from campaigns.commands.trunks import trunks_app
from campaigns.commands.webhooks import lead_hook_app, webhook_app

add_reports(report_app)

__all__ = [
    "agent_app",
    "attempt_app",
    "calendar_app",
    "callbacks_app",
    "caller_id_app",
    "campaign_app",
    "channel_app",
    "compliance_app",
    "explain_app",
    "lead_editing_app",
    "lead_hook_app",
    "messages_app",
    "person_app",
    "prompts_app",
    "recordings_app",
    "report_app",
    "survey_app",
    "trunks_app",
    "webhook_app",
    "why_app",
]
