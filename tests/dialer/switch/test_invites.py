"""Who calls whom, by INVITEs of every kind; and from which addresses trunks call."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.switch.invites import Invite, read_invite
from dialer.switch.names import Names
from dialer.switch.options import TrunkOptions
from dialer.switch.trunk_sources import TrunkSources


def invite(*headers: str, to: str = "sip:+12025550199@dialer.example") -> bytes:
    return "\r\n".join([f"INVITE {to} SIP/2.0", *headers, "", "v=0"]).encode()


@pytest.mark.parametrize(
    ("headers", "caller"),
    [
        (["From: <sip:+12025551000@carrier.example>;tag=1"], "+12025551000"),
        (['f: "Ann" <sip:12025551000@carrier.example>'], "12025551000"),
        (["From: sip:0012025551000@carrier.example"], "0012025551000"),
        (["From: <sip:%2B1202555-1000;phone-context=x@c.example;user=phone>"], "+12025551000"),
        (["From: <tel:+1-202-555-1000>"], "+12025551000"),
        (["From:\r\n <sip:+12025551000@c.example>"], "+12025551000"),
        (["From: <sip:anonymous@anonymous.invalid>"], ""),
        (["From: <sip:ann@carrier.example>"], ""),
        (["From: <sip:+12025551000@c.example>", "P-Asserted-Identity: <sip:+12025552000@c>"], "+12025552000"),
        (
            ["From: <sip:anonymous@anonymous.invalid>", "P-Asserted-Identity: <tel:+12025552000>"],
            "+12025552000",
        ),
        (["From: <sip:+12025551000@c.example>", "Privacy: id;critical"], ""),
        (["From: <sip:+12025551000@c.example>", "Privacy: none"], "+12025551000"),
        ([], ""),
    ],
)
def test_the_caller(headers: list[str], caller: str) -> None:
    assert read_invite("192.0.2.7:5060", invite(*headers)) == Invite("192.0.2.7", caller, "+12025550199")


@pytest.mark.parametrize(
    ("request_uri", "to", "called"),
    [
        ("sip:+12025550199@dialer.example", "sip:+12025550100@dialer.example", "+12025550199"),
        ("sip:account@dialer.example", "<sip:+12025550100@dialer.example>", "+12025550100"),
        ("sip:dialer.example", "<sip:dialer.example>", ""),
        ("tel:+12025550199", "", "+12025550199"),
    ],
)
def test_the_number_that_is_called(request_uri: str, to: str, called: str) -> None:
    assert read_invite("[2001:db8::1]:5060", invite(f"To: {to}", to=request_uri)).called == called


@given(st.binary(max_size=400), st.text(max_size=40))
def test_whatever_comes_is_read(junk: bytes, source: str) -> None:
    found = read_invite(source, b"INVITE " + junk)
    assert set(found.caller + found.called) <= set("+0123456789")


def test_a_trunk_is_told_by_the_address_that_its_call_comes_from() -> None:
    names = Names(lambda host: ["192.0.2.9", "junk"] if host == "carrier.example" else [])
    trunks = [
        TrunkOptions(name="a", uri="sip:192.0.2.1:5060", callers_from=("198.51.100.0/24", "2001:db8::/32")),
        TrunkOptions(name="b", uri="sip:carrier.example"),
    ]
    sources = TrunkSources(trunks, names)
    assert sources.hosts == ("192.0.2.1", "carrier.example")
    try:
        names.wait(sources.hosts, 10)
        callers = ["192.0.2.1", "198.51.100.77", "2001:db8::5", "192.0.2.9", "203.0.113.1", "", "junk"]
        assert [sources.trunk_of(each) for each in callers] == ["a", "a", "a", "b", None, None, None]
    finally:
        names.close()


@pytest.mark.parametrize(
    ("uri", "is_number"),
    [
        ("sip:+12025550100@192.0.2.1", True),
        ("sip:+12025550100@192.0.2.1:5080", True),
        ("sip:%2B1%32025550100@carrier.example", True),
        ("sips:12025550100;isub=abc@carrier.example;transport=tls", True),
        ("sip:0012025550100@198.51.100.9", True),
        ("sip:+12025550100@203.0.113.7;maddr=192.0.2.1", True),
        ("sip:+12025550100@nobody-knows.example", True),
        ("sip:1001@192.0.2.1", False),
        ("sip:anna@192.0.2.1", False),
        ("sip:agent1234567@carrier.example", False),
        ("sip:+12025550100@203.0.113.7", False),
    ],
)
def test_a_softphones_address_is_no_telephone_number_at_a_trunk(uri: str, is_number: bool) -> None:
    names = Names(lambda host: ["192.0.2.9"] if host == "carrier.example" else [])
    trunks = [
        TrunkOptions(name="a", uri="sip:192.0.2.1:5060", callers_from=("198.51.100.0/24",)),
        TrunkOptions(name="b", uri="sip:carrier.example"),
    ]
    sources = TrunkSources(trunks, names)
    try:
        names.wait(sources.hosts, 10)
        assert sources.is_number_at_trunk(uri) is is_number
    finally:
        names.close()
