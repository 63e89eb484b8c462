"""What web hooks promise, by pure rules: whom they reach, what they are told, when it is told again."""

from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.core.webhook import (
    EVENTS,
    FAILING_LIMIT,
    MOST_TRIES,
    TEST_EVENT,
    checked_url,
    is_given_up,
    is_in,
    judge,
    may_reach,
    next_try,
    parse_events,
    parse_networks,
    rest_s,
    wait_s,
    wants,
)
from campaigns.errors import InvalidWebhookError

NOW = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
OWN = parse_networks(["10.20.0.0/16", "fd00:1::/32"])

NOT_PUBLIC = [
    "0.0.0.0",  # noqa: S104 - an address that is refused
    "10.0.0.1",
    "100.64.0.1",
    "127.0.0.1",
    "127.8.8.8",
    "169.254.169.254",
    "172.31.255.255",
    "192.0.0.1",
    "192.168.1.1",
    "198.18.0.1",
    "224.0.0.1",
    "255.255.255.255",
    "168.63.129.16",
    "::",
    "::1",
    "fe80::1",
    "fe80::1%eth0",
    "fc00::1",
    "fd00:ec2::254",
    "ff02::1",
    "2001:db8::1",
    "2001::1",
    "2002:7f00:1::",
    "3fff::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::1",
    "100::1",
    "localhost",
    "",
    "1",
    "0x7f.1",
]


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_nothing_that_is_not_of_the_public_internet_is_reached(address: str) -> None:
    assert not may_reach(address)


@pytest.mark.parametrize(
    "address",
    ["8.8.8.8", "93.184.216.34", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808", "172.32.0.1"],
)
def test_what_is_public_is_reached(address: str) -> None:
    assert may_reach(address)


@given(st.ip_addresses())
def test_nothing_is_reached_that_python_knows_as_private(address: IPv4Address | IPv6Address) -> None:
    inner = address
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        inner = address.ipv4_mapped
    closed = inner.is_private or inner.is_loopback or inner.is_link_local
    if (closed or inner.is_multicast or inner.is_reserved) and not str(address).startswith("64:ff9b::"):
        assert not may_reach(str(address))


@given(st.ip_addresses(v=4))
def test_an_address_is_the_same_however_it_is_written(address: IPv4Address) -> None:
    """So that none gets by in the clothes of another family."""
    mapped, nat64 = f"::ffff:{address}", str(IPv6Address((0x64FF9B << 96) | int(address)))
    assert may_reach(mapped) == may_reach(nat64) == may_reach(str(address))


@given(st.ip_addresses(network="10.20.0.0/16") | st.ip_addresses(network="fd00:1::/32"))
def test_networks_of_ones_own_are_reached_where_they_are_allowed(address: IPv4Address | IPv6Address) -> None:
    assert may_reach(str(address), OWN)
    assert is_in(str(address), OWN)
    assert not may_reach(str(address))
    assert not may_reach(str(ip_address("10.21.0.1")), OWN)


@given(st.floats(0, 1), st.integers(1, MOST_TRIES - 1))
def test_waits_grow_and_vary_by_a_quarter(chance: float, tries: int) -> None:
    assert 7.5 <= wait_s(tries, chance) <= 27_000
    assert wait_s(tries, 0.5) <= wait_s(tries + 1, 0.5)
    assert abs(wait_s(tries, chance) - wait_s(tries, 0.5)) <= wait_s(tries, 0.5) / 4 + 1e-6
    again = next_try(tries, NOW, chance)
    assert again is not None
    assert again == NOW + timedelta(seconds=wait_s(tries, chance))


@given(st.lists(st.floats(0, 1), min_size=MOST_TRIES, max_size=MOST_TRIES))
def test_tries_go_on_for_about_a_day(chances: list[float]) -> None:
    at = NOW
    for tries, chance in enumerate(chances, 1):
        again = next_try(tries, at, chance)
        at = again or at
    assert again is None
    assert timedelta(hours=15) < at - NOW < timedelta(hours=30)


def test_the_receiver_may_ask_for_more_time_but_not_for_ever() -> None:
    asked, far = next_try(1, NOW, 0.5, 3600.0), next_try(1, NOW, 0.5, 1e9)
    assert asked == NOW + timedelta(hours=1)
    assert far == NOW + timedelta(hours=6)


@given(st.integers(1, 1000), st.floats(0, 1), st.floats(0, 1e9))
def test_a_web_hook_rests_for_a_minute_at_most_unless_it_wishes_for_more(
    failures: int, chance: float, wished: float
) -> None:
    assert 7.5 <= rest_s(failures, chance) <= 60
    assert min(wished, 21_600) <= rest_s(failures, chance, wished) <= max(60, min(wished, 21_600))


def test_answers_mean_what_standard_webhooks_says() -> None:
    assert {judge(each) for each in range(200, 300)} == {"delivered"}
    assert judge(410) == "gone"
    assert {judge(each) for each in (100, 301, 302, 307, 400, 404, 429, 500, 503)} == {"failed"}


def test_a_web_hook_that_fails_for_days_is_given_up() -> None:
    assert not is_given_up(None, NOW)
    assert not is_given_up(NOW - FAILING_LIMIT + timedelta(seconds=1), NOW)
    assert is_given_up(NOW - FAILING_LIMIT, NOW)


@given(st.sampled_from(sorted(EVENTS)))
def test_events_are_wanted_by_name_by_group_and_all(event: str) -> None:
    group = f"{event.split('.')[0]}.*"
    assert wants([event], event)
    assert wants([group], event)
    assert wants(["*"], event)
    assert not wants([each for each in EVENTS if each != event], event)
    assert wants(["call.ended"], TEST_EVENT)
    assert parse_events([event, group, event]) == (event, group)


@pytest.mark.parametrize("given_events", [[], ["call"], ["call.started"], ["*.*"], ["call.ended", "x" * 99]])
def test_what_is_no_event_is_refused(given_events: list[str]) -> None:
    with pytest.raises(InvalidWebhookError):
        parse_events(given_events)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "crm.example.com",
        "http://crm.example.com/",
        "ftp://crm.example.com/",
        "https:///hooks",
        "https://user:secret@crm.example.com/",
        "https://crm.example.com/#x",
        "https://crm.example.com:99999/",
        "https://[::1/",
        "https://127.0.0.1/",
        "https://[::ffff:10.0.0.1]/",
        "https://169.254.169.254/latest",
        "https://crm.example.com\\@127.0.0.1/",
        "https://crm.example.com/a b",
        "https://crm.example.com/\n",
        "https://exämple.com/",
        "https://crm.example.com/" + "x" * 2000,
    ],
)
def test_an_address_that_could_lead_astray_is_refused(url: str) -> None:
    with pytest.raises(InvalidWebhookError):
        checked_url(url)


def test_addresses_without_tls_are_for_networks_of_ones_own() -> None:
    assert checked_url("https://crm.example.com/hooks?x=1")
    assert checked_url("http://crm.internal/hooks", OWN)
    assert checked_url("https://10.20.1.1:8443/", OWN)


@given(st.text(max_size=60))
def test_any_text_is_an_address_or_refused_with_a_sentence(text: str) -> None:
    try:
        checked_url(text)
    except InvalidWebhookError:
        return
    assert text.startswith("https://")
