"""Who may do what, on the command line."""

from dialer.access.commands.api_keys import api_key_app
from dialer.access.commands.audit import audit_app
from dialer.access.commands.users import user_app

__all__ = ["api_key_app", "audit_app", "user_app"]
