"""The document of who may do what, from the table of roles."""

from dialer.access.core.roles import MEANING, PERMISSIONS, Permission, Role

_TEXT = """# Who may do what

Generated from the table in `dialer/access/core/roles.py` by `python -m dialer.documents docs`; edit the
table, not this file. Each operation of the API says in its description (`x-permissions`) which of these it
needs.

The operator works for all clients; everybody else for one, and sees nothing of another. An agent's
`desk.work` is for their own shift and calls; who has `agents.supervise` as well acts on those of every agent
of the client.

| permission | to | {roles} |
|---|---|{rule}|
{rows}"""


def permissions_document() -> str:
    """Every permission, what it is for, and which roles have it."""
    rows = "".join(f"| `{each}` | {MEANING[each]} | {_marks(each)} |\n" for each in Permission)
    return _TEXT.format(roles=" | ".join(Role), rule="|".join(":-:" for _ in Role), rows=rows)


def _marks(permission: Permission) -> str:
    return " | ".join("x" if permission in PERMISSIONS[role] else "" for role in Role)
