"""What is made of a key."""

import pytest
from cryptography.exceptions import InvalidTag

from dialer.access.request_key import RequestKey

KEY = "5f1d7a7c-5a3a-4c3e-9d53-3c2f64ab1c55"


def test_what_is_sealed_is_read_with_the_same_key_alone() -> None:
    sealed = RequestKey("1 user anna", KEY).seal(b"a secret that is told once")
    assert b"secret" not in sealed
    assert RequestKey("1 user anna", KEY).unseal(sealed) == b"a secret that is told once"
    for other in (RequestKey("1 user bob", KEY), RequestKey("1 user anna", KEY + "0")):
        with pytest.raises(InvalidTag):
            other.unseal(sealed)


def test_a_key_is_its_askers_and_a_fingerprint_its_requests() -> None:
    anna, bob = RequestKey("1 user anna", KEY), RequestKey("1 user bob", KEY)
    assert anna.id != bob.id
    asked = ("POST", "/api/v1/dnc-lists?", b"body")
    assert anna.fingerprint(*asked) == RequestKey("1 user anna", KEY).fingerprint(*asked)
    others = [
        bob.fingerprint(*asked),
        anna.fingerprint("POST", "/api/v1/dnc-lists?x=1", b"body"),
        anna.fingerprint("POST", "/api/v1/dnc-lists?", b"another"),
    ]
    assert len({anna.fingerprint(*asked), *others, anna.id, bob.id}) == 6
