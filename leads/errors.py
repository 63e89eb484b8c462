"""Errors of the leads room. Three families tell an edge what kind of failure it is."""


class LeadsError(Exception):
    """Root of the errors of the leads room; `code` is stable, the message tells what to do."""

    code = "leads-error"


class InvalidInputError(LeadsError):
    """What was given makes no sense, whatever the state of things (HTTP 422)."""

    code = "invalid-leads-input"


class NotFoundError(LeadsError):
    """What was named does not exist (HTTP 404)."""

    code = "leads-not-found"


class ConflictError(LeadsError):
    """What was asked does not fit the present state (HTTP 409)."""

    code = "leads-conflict"


class NotALeadFileError(InvalidInputError):
    """The file cannot be a list of leads (or of numbers); nothing of it was loaded."""

    code = "not-a-lead-file"


class FormulasWithoutValuesError(NotALeadFileError):
    """The file's phones are formulas that nobody has calculated; nothing of it was loaded."""

    code = "formulas-without-values"


class UnknownSheetError(InvalidInputError):
    """The workbook has no sheet of this name, or the file is no workbook."""

    code = "unknown-sheet"


class LeadFileUnreadableError(LeadsError):
    """The file is not there, or may not be read."""

    code = "lead-file-unreadable"


class RejectsFileError(LeadsError):
    """The rows that were rejected cannot be written where they were wanted."""

    code = "rejects-file-unwritable"


class UnknownCountryError(InvalidInputError):
    """A default country that no telephone numbering plan knows."""

    code = "unknown-country"


class UnknownClientError(NotFoundError):
    """A client that nobody has created."""

    code = "unknown-client"


class BadNameError(InvalidInputError):
    """A client's slug or a list's name that cannot be used."""

    code = "bad-name"


class PhoneRejectedError(InvalidInputError):
    """A phone number that was given alone and cannot be dialed; the message says why."""

    code = "phone-rejected"


class UnknownLeadError(NotFoundError):
    """No lead has this number."""

    code = "unknown-lead"


class UnknownListError(NotFoundError):
    """No lead list has this number or name."""

    code = "unknown-list"


class BadLeadFilterError(InvalidInputError):
    """A choice of leads that cannot be read; the message says which part."""

    code = "bad-lead-filter"


class BadLeadChangesError(InvalidInputError):
    """Changes of leads that cannot be made; the message says which."""

    code = "bad-lead-changes"


class ExportError(InvalidInputError):
    """The leads cannot be written where, or in the form that, they were wanted."""

    code = "leads-not-exportable"


class BadDncEntryError(InvalidInputError):
    """A do-not-call entry, or whom its list binds, that makes no sense."""

    code = "bad-dnc-entry"


class DncListNotFoundError(NotFoundError):
    """No do-not-call list has this number or name."""

    code = "dnc-list-not-found"


class DncListChangedError(ConflictError):
    """Another load replaced the do-not-call list meanwhile."""

    code = "dnc-list-changed"


class OptOutStaysError(ConflictError):
    """What would take away an opt-out."""

    code = "opt-out-stays"


class BadConsentError(InvalidInputError):
    """A consent without a channel, a basis, a source or a sensible time."""

    code = "bad-consent"


class PersonNotFoundError(NotFoundError):
    """Nothing is kept about this number."""

    code = "person-not-found"


class PersonOnCallError(ConflictError):
    """A call with the person lives."""

    code = "person-on-call"


class BadMappingError(InvalidInputError):
    """A choice of columns that does not fit the file, or names no field or preset."""

    code = "bad-mapping"


class ChangedMeanwhileError(LeadsError):
    """What is to be changed is not any more what was read (HTTP 412)."""

    code = "precondition-failed"


class RowWorkerError(LeadsError):
    """A process that reads rows for a load has failed; what was loaded so far stays."""

    code = "row-worker-failed"


class ImportTakenOverError(ConflictError):
    """Another load has taken up this one."""

    code = "import-taken-over"


class ImportCutOffError(ConflictError):
    """An earlier load of another file was cut off, and going on might make doubles."""

    code = "import-cut-off"


class RowsReadOtherwiseError(ConflictError):
    """The same file was loaded before, but its rows can no longer be told to be those of then."""

    code = "rows-read-otherwise"


class ImportNotFoundError(NotFoundError):
    """No load has this number."""

    code = "import-not-found"


class ImportFileMissingError(NotFoundError):
    """A load has no such file: none was kept, or it was loaded elsewhere."""

    code = "import-file-missing"


class ImportTooLargeError(InvalidInputError):
    """A file that is sent is larger than is taken."""

    code = "import-too-large"


class BadImportChoiceError(InvalidInputError):
    """Choices of a load that do not go together."""

    code = "bad-import-choice"


class UnknownMappingError(NotFoundError):
    """The client has no saved mapping of this name."""

    code = "unknown-mapping"


class ImportsBusyError(ConflictError):
    """As many loads are under way as this machine takes."""

    code = "imports-busy"
