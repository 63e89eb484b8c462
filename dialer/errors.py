"""Errors of the running service."""

WRONG_CALL = 2
"""The exit code of a command, and of an error, where the call was wrong."""


class DialerError(Exception):
    """Root of the errors of the running service; `code` is stable, the message tells what to do."""

    code = "dialer-error"
    exit_code = 1
    """Of the command line: 1 the work failed, 2 the call was wrong."""


class SwitchNotTold(DialerError):
    """The switch is away: whatever it was to be told is as before."""

    code = "switch-not-told"
    retry_after_s = 1
