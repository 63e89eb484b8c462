"""What the identity provider's word about somebody makes of them here. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from dialer.access.core.roles import Role


@dataclass(frozen=True, slots=True)
class Standing:
    """A role, and the client that it is for; none for an operator."""

    role: Role
    client: str | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """`operator`, or a client's slug and a role, as in `acme/manager`. Raises ValueError."""
        client, slash, role = text.strip().rpartition("/")
        known = role in {each.value for each in Role}
        if not known or (role == Role.OPERATOR) == bool(slash) or (slash and not client):
            raise ValueError(f"{text!r} is neither operator nor CLIENT/ROLE, as in acme/manager")
        return cls(Role(role), client or None)


def standing_of(claims: Mapping[str, Any], claim: str, roles: Mapping[str, Standing]) -> Standing | None:
    """The first of `roles` that the claim, a text or a list of texts, has; None where it has none."""
    given = claims.get(claim)
    values = given if isinstance(given, list) else [given]
    return next((standing for value, standing in roles.items() if value in values), None)


def name_of(claims: Mapping[str, Any]) -> str:
    """What to call them: the user name, else the address, else the subject."""
    names = (claims.get(each) for each in ("preferred_username", "email", "sub"))
    return next((each for each in names if isinstance(each, str) and each.strip()), "?")
