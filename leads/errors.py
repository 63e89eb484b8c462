"""Errors of the leads room."""


class LeadsError(Exception):
    """Root of the errors of the leads room; `code` is stable, the message tells what to do."""

    code = "leads-error"


class NotALeadFileError(LeadsError):
    """The file cannot be a list of leads (or of numbers); nothing of it was loaded."""

    code = "not-a-lead-file"


class LeadFileUnreadableError(LeadsError):
    """The file is not there, or may not be read."""

    code = "lead-file-unreadable"


class RejectsFileError(LeadsError):
    """The rows that were rejected cannot be written where they were wanted."""

    code = "rejects-file-unwritable"


class UnknownCountryError(LeadsError):
    """A default country that no telephone numbering plan knows."""

    code = "unknown-country"


class UnknownClientError(LeadsError):
    """A client that nobody has created."""

    code = "unknown-client"


class BadNameError(LeadsError):
    """A client's slug or a list's name that cannot be used."""

    code = "bad-name"


class PhoneRejectedError(LeadsError):
    """A phone number that was given alone and cannot be dialed; the message says why."""

    code = "phone-rejected"
