"""Errors of the leads room."""


class LeadsError(Exception):
    """Root of the errors of the leads room; `code` is stable, the message tells what to do."""

    code = "leads-error"
