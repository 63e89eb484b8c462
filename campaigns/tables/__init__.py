"""Tables of the campaigns room."""

from campaigns.tables.agent import Agent, AgentInterval, AgentSession, PauseReason
from campaigns.tables.appointment import Appointment, AppointmentCalendar
from campaigns.tables.attempt import (
    Attempt,
    AttemptAnswer,
    DispositionChange,
    Recording,
    RecordingAccess,
    SaleLine,
)
from campaigns.tables.callback import Callback
from campaigns.tables.caller_id import CallerId, CallerIdDay, CallerIdGroup, CallerIdMember, CallerIdRest
from campaigns.tables.campaign import (
    Campaign,
    CampaignLead,
    CampaignList,
    CampaignLoad,
    CampaignQueue,
    LeadSkip,
)
from campaigns.tables.compliance import ClientLimit, ClosedDay, DenialTally, Exemption, RuleSet
from campaigns.tables.conversation import CallGuest, CallStep
from campaigns.tables.figures import (
    AnswerTally,
    CallTally,
    CallTotal,
    DialTally,
    LeadTotal,
    PacingNow,
    TrunkNow,
)
from campaigns.tables.message import Message, MessageChannel, UnusableAddress
from campaigns.tables.prompt import AbandonedMessage, Prompt, PromptSound
from campaigns.tables.questionnaire import (
    QuestionnaireAnswer,
    QuestionnaireDocument,
    QuestionnaireRun,
    QuestionnaireSegment,
    QuotaCount,
)
from campaigns.tables.reply import MessageLink, MessageReply
from campaigns.tables.webhook import LeadHook, LeadHookDelivery, Webhook, WebhookDelivery

__all__ = [
    "AbandonedMessage",
    "Agent",
    "AgentInterval",
    "AgentSession",
    "AnswerTally",
    "Appointment",
    "AppointmentCalendar",
    "Attempt",
    "AttemptAnswer",
    "CallGuest",
    "CallStep",
    "CallTally",
    "CallTotal",
    "Callback",
    "CallerId",
    "CallerIdDay",
    "CallerIdGroup",
    "CallerIdMember",
    "CallerIdRest",
    "Campaign",
    "CampaignLead",
    "CampaignList",
    "CampaignLoad",
    "CampaignQueue",
    "ClientLimit",
    "ClosedDay",
    "DenialTally",
    "DialTally",
    "DispositionChange",
    "Exemption",
    "LeadHook",
    "LeadHookDelivery",
    "LeadSkip",
    "LeadTotal",
    "Message",
    "MessageChannel",
    "MessageLink",
    "MessageReply",
    "PacingNow",
    "PauseReason",
    "Prompt",
    "PromptSound",
    "QuestionnaireAnswer",
    "QuestionnaireDocument",
    "QuestionnaireRun",
    "QuestionnaireSegment",
    "QuotaCount",
    "Recording",
    "RecordingAccess",
    "RuleSet",
    "SaleLine",
    "TrunkNow",
    "UnusableAddress",
    "Webhook",
    "WebhookDelivery",
]
