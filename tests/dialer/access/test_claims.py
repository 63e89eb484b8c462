"""What the identity provider's word makes of somebody."""

import pytest

from dialer.access.core.claims import Standing, name_of, standing_of
from dialer.access.core.roles import MEANING, PERMISSIONS, Permission, Role, may

ROLES = {"boss": Standing(Role.OPERATOR), "sellers": Standing(Role.AGENT, "acme")}


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        ({"groups": ["sellers", "boss"]}, ROLES["boss"]),
        ({"groups": ["cooks", "sellers"]}, ROLES["sellers"]),
        ({"groups": "sellers"}, ROLES["sellers"]),
        ({"groups": ["Sellers"]}, None),
        ({"groups": []}, None),
        ({"groups": {"boss": 1}}, None),
        ({"groups": None}, None),
        ({}, None),
    ],
)
def test_the_first_role_that_the_claim_has(claims: dict[str, object], expected: Standing | None) -> None:
    assert standing_of(claims, "groups", ROLES) == expected


@pytest.mark.parametrize(
    "text", ["", "manager", "acme/", "/manager", "acme/operator", "acme/king", "operator/x"]
)
def test_what_is_no_standing(text: str) -> None:
    with pytest.raises(ValueError, match="neither operator nor CLIENT/ROLE"):
        Standing.parse(text)


def test_what_they_are_called() -> None:
    assert name_of({"sub": "17", "email": "a@b.example", "preferred_username": " "}) == "a@b.example"
    assert name_of({"sub": "17"}) == "17"


def test_the_table_is_whole() -> None:
    assert set(PERMISSIONS) == set(Role)
    assert set(MEANING) == set(Permission)
    assert all(may(Role.OPERATOR, each) for each in Permission)
    assert all(may(role, Permission.ACCOUNT_OWN) for role in Role)
    read_only = (Role.REPORTER, Role.AUDITOR)
    assert not any(may(role, each) for role in read_only for each in Permission if each.endswith(".write"))
    assert [role for role in Role if may(role, Permission.USERS_WRITE)] == [Role.OPERATOR, Role.CLIENT_ADMIN]
