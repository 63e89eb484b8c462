"""Errors of the campaigns room. Three families tell an edge what kind of failure it is."""

from collections.abc import Mapping, Sequence
from datetime import datetime


class CampaignsError(Exception):
    """Root of the errors of the campaigns room; `code` is stable, the message tells what to do."""

    code = "campaigns-error"


class InvalidInputError(CampaignsError):
    """What was given makes no sense, whatever the state of things (HTTP 422)."""

    code = "invalid-input"


class NotFoundError(CampaignsError):
    """What was named does not exist (HTTP 404)."""

    code = "not-found"


class ConflictError(CampaignsError):
    """What was asked does not fit the present state (HTTP 409)."""

    code = "conflict"


class InvalidLimitError(InvalidInputError):
    """A limit of a client is unknown, of the wrong type or out of range."""

    code = "invalid-client-limit"


class InvalidSettingsError(InvalidInputError):
    """A setting of a campaign is missing, of the wrong type or out of range."""

    code = "invalid-campaign-settings"


class InvalidCallableTimesError(InvalidSettingsError):
    """Callable times that are not weekdays with windows."""

    code = "invalid-callable-times"


class InvalidRetryRulesError(InvalidSettingsError):
    """Retry rules that name nothing known or have no sensible figures."""

    code = "invalid-retry-rules"


class InvalidDispositionsError(InvalidSettingsError):
    """A campaign's dispositions that contradict themselves or name what is not there."""

    code = "invalid-dispositions"


class UnplayableMessageError(InvalidSettingsError):
    """A campaign's message that is not there, or not in a form that can be played."""

    code = "message-unplayable"


class InvalidMenuError(InvalidSettingsError):
    """A menu that leads nowhere, goes round in circles, or names what is not there."""

    code = "invalid-menu"


class InvalidSequenceError(InvalidSettingsError):
    """A sequence of messages that asks for what cannot be, or whose templates ask for what a lead lacks."""

    code = "invalid-sequence"


class InvalidTemplateError(InvalidSettingsError):
    """A template that cannot be used, or not with these values; the message says where and why."""

    code = "invalid-template"


class InvalidWebhookError(InvalidInputError):
    """A web hook, or a hook for leads, that makes no sense."""

    code = "invalid-webhook"


class WebhookNotFoundError(NotFoundError):
    """No such web hook, or it has no such delivery."""

    code = "webhook-not-found"


class LeadHookNotFoundError(NotFoundError):
    """No hook for leads has this number or this address."""

    code = "lead-hook-not-found"


class LeadHookExistsError(ConflictError):
    """The client has a hook for leads of that name."""

    code = "lead-hook-exists"


class UnsignedRequestError(InvalidInputError):
    """A request to a hook that its secret has not signed, or too long ago."""

    code = "signature-invalid"


class InvalidScreenPopUrlError(InvalidSettingsError):
    """A screen-pop address that makes no sense."""

    code = "invalid-screen-pop-url"


class InvalidChannelError(InvalidInputError):
    """A message channel's settings that make no sense."""

    code = "invalid-message-channel"


class ChannelNotFoundError(NotFoundError):
    """No such message channel."""

    code = "message-channel-not-found"


class ChannelExistsError(ConflictError):
    """The client has a message channel of that name."""

    code = "message-channel-exists"


class MessageNotFoundError(NotFoundError):
    """No such message."""

    code = "message-not-found"


class MessageStateError(ConflictError):
    """What was asked of a message does not fit its state."""

    code = "message-state"


class InvalidQuestionnaireError(InvalidSettingsError):
    """A script whose pages, questions, branches or quotas make no sense."""

    code = "invalid-questionnaire"


class UnfitAnswerError(InvalidInputError):
    """An answer that does not fit its question; the message is for whoever answers."""

    code = "unfit-answer"


class InvalidAnswersError(InvalidInputError):
    """Answers that do not fit their questions; `errors` has a sentence for each, by question."""

    code = "invalid-answers"

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__("Some answers do not fit; see errors.")
        self.errors = dict(errors)
        self.fields = {"errors": self.errors}


class UnusableSoundError(InvalidInputError):
    """A sound file that cannot become a prompt; `code` says why."""

    code = "sound-unusable"

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class InvalidPromptError(InvalidInputError):
    """A prompt's name, language or text that makes no sense."""

    code = "invalid-prompt"


class PromptUnspokenError(InvalidPromptError):
    """No voice speaks the language, or the text could not be spoken."""

    code = "prompt-unspoken"


class UnknownOutcomeError(InvalidInputError):
    """A call outcome that is not one of the fixed names."""

    code = "unknown-outcome"


class UnknownDispositionError(InvalidInputError):
    """A disposition code outside the campaign's set."""

    code = "unknown-disposition"


class IncompleteDispositionError(InvalidInputError):
    """The campaign asks for more with this disposition; `missing` is what."""

    code = "disposition-incomplete"

    def __init__(self, message: str, missing: Sequence[str]) -> None:
        super().__init__(message)
        self.fields = {"missing": list(missing)}


class InvalidAmountError(InvalidInputError):
    """An amount of money that is none, or not of the currency."""

    code = "invalid-amount"


class InvalidSaleError(InvalidInputError):
    """A sale with lines that make no sense, or where nothing was sold."""

    code = "invalid-sale"


class InvalidCallerIdError(InvalidInputError):
    """What is to be recorded of a caller ID is missing or out of range."""

    code = "invalid-caller-id"


class InvalidAgentError(InvalidInputError):
    """An agent's skill, language, rank or address that makes no sense."""

    code = "invalid-agent"


class InvalidPauseReasonsError(InvalidInputError):
    """A client's list of pause reasons that makes no sense."""

    code = "invalid-pause-reasons"


class UnknownPauseReasonError(InvalidInputError):
    """A reason for a pause that is not on the client's list."""

    code = "unknown-pause-reason"


class LeadListNotFoundError(NotFoundError):
    """The client has no lead list of this name."""

    code = "lead-list-not-found"


class CampaignNotFoundError(NotFoundError):
    """No campaign has this number or name."""

    code = "campaign-not-found"


class AbandonedMessageNotFoundError(NotFoundError):
    """The client has no such message for people who get no agent."""

    code = "abandoned-message-not-found"


class AttemptNotFoundError(NotFoundError):
    """No attempt has this number."""

    code = "attempt-not-found"


class AgentNotFoundError(NotFoundError):
    """No agent has this number."""

    code = "agent-not-found"


class CallerIdNotFoundError(NotFoundError):
    """The client has no caller ID of this number."""

    code = "caller-id-not-found"


class CallerIdGroupNotFoundError(NotFoundError):
    """The client has no group of caller IDs of this name."""

    code = "caller-id-group-not-found"


class CallerIdExistsError(ConflictError):
    """The number is on record already, as this client's or as another's."""

    code = "caller-id-exists"


class CallerIdNotInUseError(ConflictError):
    """A campaign has no number that its client has and uses."""

    code = "caller-id-not-in-use"


class PromptNotFoundError(NotFoundError):
    """The client has no prompt of this name or number."""

    code = "prompt-not-found"


class PromptExistsError(ConflictError):
    """The client has a prompt of this name already."""

    code = "prompt-exists"


class PromptInUseError(ConflictError):
    """A campaign that is not over plays the prompt."""

    code = "prompt-in-use"


class AbandonedMessageMissingError(ConflictError):
    """A law asks that who is abandoned hears the seller's name, and the client has no such message."""

    code = "abandoned-message-missing"


class SpeechUnavailableError(ConflictError):
    """There is nothing here that speaks a text."""

    code = "speech-unavailable"


class CampaignExistsError(ConflictError):
    """The client has a campaign of this name already."""

    code = "campaign-exists"


class AgentExistsError(ConflictError):
    """The client has an agent of this name already."""

    code = "agent-exists"


class CampaignStateError(ConflictError):
    """The campaign cannot change this way from the state it is in."""

    code = "illegal-campaign-change"


class AttemptNotTalkedError(ConflictError):
    """Nobody talked in this attempt, so that there is nothing to disposition."""

    code = "attempt-without-conversation"


class PreviewDeniedError(ConflictError):
    """Compliance does not allow the call to a lead that an agent looked at; the message has its reasons."""

    code = "preview-denied"


class PreviewLostError(ConflictError):
    """A lead that an agent looked at was taken, erased or finished meanwhile."""

    code = "preview-lost"


class AgentSessionError(ConflictError):
    """The agent's shift is open already, or is over."""

    code = "agent-session-conflict"


class AgentLoggedInError(AgentSessionError):
    """The agent's shift is under way; `session_id` is its number."""

    code = "agent-logged-in"

    def __init__(self, message: str, session_id: int) -> None:
        super().__init__(message)
        self.session_id = session_id


class AgentDisabledError(ConflictError):
    """An agent who is disabled begins no shift."""

    code = "agent-disabled"


class AgentLacksSkillsError(ConflictError):
    """The agent does not have the skills that the campaign asks for."""

    code = "agent-lacks-skills"


class CampaignWithoutAgentsError(ConflictError):
    """An agent cannot work for a campaign that plays a message to whoever answers."""

    code = "campaign-without-agents"


class CallbackTimeError(InvalidInputError):
    """A time for which no call can be promised; `earlier` and `later` are the nearest that can be (UTC)."""

    code = "callback-time-not-allowed"

    def __init__(self, message: str, earlier: datetime | None = None, later: datetime | None = None) -> None:
        super().__init__(message)
        self.later = later
        self.fields = {"earlier": _text(earlier), "later": _text(later)}


class NoQuestionnaireError(ConflictError):
    """The campaign has no script, or the agent no call in which it could be asked."""

    code = "no-questionnaire"


class NotOnThisPageError(ConflictError):
    """The run is not at this page and has not passed it; `page` is where it is."""

    code = "not-on-this-page"


class QuestionnaireLinkError(NotFoundError):
    """No questionnaire is at this address, or it is over."""

    code = "questionnaire-link-not-found"


class CallbackDeniedError(ConflictError):
    """The lead may not be called at any time, so that no callback can be promised."""

    code = "callback-denied"


class CallbackStateError(ConflictError):
    """The callback is over, or its lead is just being called."""

    code = "illegal-callback-change"


class CallbackNotFoundError(NotFoundError):
    """No callback has this number, or the campaign does not have the lead."""

    code = "callback-not-found"


class CalendarNotFoundError(NotFoundError):
    """No calendar has this number, this name or this address, or no longer."""

    code = "calendar-not-found"


class InvalidCalendarError(InvalidSettingsError):
    """A calendar of appointments with hours, seats or times that make no sense."""

    code = "invalid-calendar"


class CalendarExistsError(ConflictError):
    """The client has a calendar of this name already."""

    code = "calendar-exists"


class CalendarInUseError(ConflictError):
    """There are appointments in the calendar, or a campaign books in it."""

    code = "calendar-in-use"


class SlotTakenError(ConflictError):
    """There is no slot then, or somebody else has it."""

    code = "slot-taken"


class AppointmentStateError(ConflictError):
    """The appointment cannot change this way from the state it is in."""

    code = "illegal-appointment-change"


class AppointmentMissingError(ConflictError):
    """An appointment is said to be set, and none is held or booked."""

    code = "appointment-missing"


class AppointmentNotFoundError(NotFoundError):
    """No appointment has this number, or the call holds none."""

    code = "appointment-not-found"


class RecordingRefusedError(ConflictError):
    """The campaign's settings do not let an agent do this to a recording."""

    code = "recording-not-allowed"


class RecordingConsentError(ConflictError):
    """The person has not agreed to being recorded, or has said no."""

    code = "recording-without-consent"


class RecordingNotFoundError(NotFoundError):
    """No recording has this number."""

    code = "recording-not-found"


class RecordingGoneError(ConflictError):
    """The recording has no sound: it goes on, failed, was refused or deleted, or is on another node."""

    code = "recording-without-sound"


class LeadNotInCampaignError(NotFoundError):
    """The campaign does not have this lead, or the lead not this number."""

    code = "lead-not-in-campaign"


class LeadNotFreeError(ConflictError):
    """Somebody else has the lead, or the campaign is done with it."""

    code = "lead-not-free"


class CallDeniedError(ConflictError):
    """Compliance does not allow the call that an agent wants; the message has its reasons."""

    code = "call-denied"


class NothingToCorrectError(ConflictError):
    """Nothing was said of this call yet."""

    code = "nothing-to-correct"


class CorrectionTooLateError(ConflictError):
    """The time is over in which an agent may correct what they have said of a call."""

    code = "correction-too-late"


class DispositionMissingError(ConflictError):
    """The agent wraps up a call of which nobody has said how it went."""

    code = "disposition-missing"


class InvalidRuleError(InvalidInputError):
    """A rule that makes no sense. `rule` is its place in the document, from 0 on; `key` is what is wrong."""

    code = "invalid-rule"

    def __init__(self, message: str, rule: int | None = None, key: str | None = None) -> None:
        super().__init__(message)
        self.rule = rule
        self.key = key


class InvalidRuleFileError(InvalidInputError):
    """A file of calling rules that cannot be used; the message names file, line and what is wrong."""

    code = "invalid-rule-file"


class ExemptionNotFoundError(NotFoundError):
    """There is no exemption with this id."""

    code = "exemption-not-found"


class InvalidExemptionError(InvalidInputError):
    """An exemption from a rule that does not say from which, or by whom it was granted."""

    code = "invalid-exemption"


def _text(at: datetime | None) -> str | None:
    return at.isoformat() if at is not None else None
