"""Errors of the campaigns room."""


class CampaignsError(Exception):
    """Root of the errors of the campaigns room; `code` is stable, the message tells what to do."""

    code = "campaigns-error"
