"""Errors of the running service."""


class DialerError(Exception):
    """Root of the errors of the running service; `code` is stable, the message tells what to do."""

    code = "dialer-error"
