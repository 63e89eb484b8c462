"""Trunks over real SIP: who we are there, what we offer, and what happens where one fails."""

import contextlib
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from dialer.simulation.options import CarrierOptions, SoftphonesOptions
from dialer.simulation.people import Kind, World
from dialer.simulation.processes import SimulatedCarrier, SimulatedSoftphones
from dialer.switch.audio_watch import AudioLimits
from dialer.switch.messages import (
    BridgeLegs,
    HangUpLeg,
    LegAnswered,
    LegEnded,
    LegRerouted,
    LegRinging,
    PlaceLeg,
    Route,
    TrunkReachable,
)
from dialer.switch.options import EndpointOptions, Srtp, TlsOptions, TrunkOptions
from tests.dialer.switch.conftest import Sipp, StartSipp, Switch, look, worker_number
from tests.dialer.switch.far_end import FarEnd, called
from tests.dialer.switch.nameserver import DOMAIN, nameserver
from tests.dialer.switch.registrar import registrar
from tests.servers import certificate_in
from tests.support import eventually
from tests.telephone import silence

CALLER_ID, NUMBER = "+12025550199", "+12025551000"
PASSWORD = "secret"  # noqa: S105 - the one that the scenarios ask for
VERIFIED = '<verifyauth assign_to="known" username="acme" password="secret"/>'
NAMED = '<ereg regexp="acme" search_in="hdr" header="Proxy-Authorization:" assign_to="known"/>'


class TrunkSwitch(Switch):
    """A switch with trunks."""

    def __init__(self, folder: Path, *trunks: TrunkOptions, **more: object) -> None:
        super().__init__(folder)
        endpoint = replace(self.options.endpoint, trunks=trunks, **more)  # type: ignore[arg-type]
        self.options = replace(self.options, endpoint=endpoint)
        self.link._options = self.options  # noqa: SLF001 - it has not started yet

    def call(self, *routes: Route, ring_timeout_s: float = 10.0) -> None:
        """Calls a customer over these trunks."""
        first, *others = routes
        asked = PlaceLeg(
            "call",
            "customer",
            first.uri,
            CALLER_ID,
            ring_timeout_s,
            claim_within_s=30.0,
            display_name="Acme, autumn",
            trunk=first.trunk,
            reply_within_s=first.reply_within_s,
            others=tuple(others),
        )
        assert self.link.send(asked)

    async def hung_up(self) -> LegEnded:
        """Ends the call."""
        self.link.send(HangUpLeg("call"))
        return await self.said(LegEnded, "call")


@asynccontextmanager
async def switch_with(folder: Path, *trunks: TrunkOptions, **more: object) -> AsyncIterator[TrunkSwitch]:
    """It is up, and is stopped at the end."""
    started = TrunkSwitch(folder, *trunks, **more)
    await started.link.start()
    try:
        yield started
    finally:
        await started.stop()


def trunk(name: str, sipp: Sipp, **settings: object) -> TrunkOptions:
    return TrunkOptions(name=name, uri=f"sip:127.0.0.1:{sipp.port}", **settings)  # type: ignore[arg-type]


def route(name: str, sipp: Sipp, reply_within_s: float = 4.0) -> Route:
    return Route(sipp.uri(NUMBER), name, reply_within_s)


# --- failover -----------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["503 Service Unavailable", "500 Server Error", "302 Moved Temporarily"])
async def test_a_trunk_that_refuses_makes_way_for_the_next(
    switch: Switch, sipp: StartSipp, status: str
) -> None:
    bad, good = await sipp("refuses", status=status), await sipp("answers")
    place = PlaceLeg("call", "customer", bad.uri(NUMBER), CALLER_ID, 10, 30.0, trunk="a")
    switch.link.send(msgspec.structs.replace(place, others=(route("b", good),)))
    await switch.said(LegAnswered, "call")
    (moved,) = switch.of(LegRerouted, "call")
    assert (moved.trunk, moved.to, moved.status) == ("a", "b", int(status[:3]))
    await bad.content()
    switch.link.send(HangUpLeg("call"))
    assert (await switch.said(LegEnded, "call")).trunk == "b"
    await good.content()


async def test_a_trunk_that_says_nothing_makes_way_for_the_next_and_is_left_for_good(
    tmp_path: Path, sipp: StartSipp
) -> None:
    silent, good = await sipp("silent"), await sipp("answers")
    async with switch_with(tmp_path) as switch:
        switch.call(route("a", silent, reply_within_s=1.0), route("b", good))
        await switch.said(LegAnswered, "call")
        (moved,) = switch.of(LegRerouted, "call")
        assert (moved.trunk, moved.status) == ("a", 408)
        assert (await switch.hung_up()).rerouted == ["a: 408 no reply"]
        await good.content()


async def test_a_trunk_that_answers_after_it_was_left_is_asked_once_and_let_go_and_the_answer_counts(
    tmp_path: Path,
) -> None:
    late, rings = FarEnd(answers_after_s=2.5), FarEnd(silence(0), early=silence(1.0), answers_after_s=None)
    async with called(late, rings), switch_with(tmp_path) as switch:
        switch.call(Route(late.uri, "a", 0.2), Route(rings.uri, "b", 4.0))
        await switch.said(LegRinging, "call")
        await eventually(lambda: late.over)
        # It would have been sent again 0.5 and 1.5 s after it left.
        assert late.invites == 1
        assert (await switch.hung_up()).answered_late


async def test_where_every_trunk_is_silent_the_call_is_over_soon(tmp_path: Path, sipp: StartSipp) -> None:
    silent = await sipp("silent", calls=2)
    async with switch_with(tmp_path) as switch:
        switch.call(route("a", silent, 1.0), route("b", silent, 1.0))
        ended = await switch.said(LegEnded, "call")
        assert (ended.trunk, ended.status, ended.trunk_failed) == ("b", 408, True)


@pytest.mark.parametrize("status", ["486 Busy Here", "404 Not Found", "603 Decline"])
async def test_what_the_callee_says_is_asked_of_no_other_trunk(
    tmp_path: Path, sipp: StartSipp, status: str
) -> None:
    busy, other = await sipp("refuses", status=status), await sipp("answers")
    async with switch_with(tmp_path) as switch:
        switch.call(route("a", busy), route("b", other))
        ended = await switch.said(LegEnded, "call")
        assert (ended.status, ended.trunk, ended.rerouted) == (int(status[:3]), "a", [])


async def test_nobody_is_called_twice_once_it_rang(tmp_path: Path, sipp: StartSipp) -> None:
    rang = await sipp("early_media_then_refuses", status="503 Service Unavailable")
    other = await sipp("answers")
    async with switch_with(tmp_path) as switch:
        switch.call(route("a", rang), route("b", other))
        assert not (await switch.said(LegEnded, "call")).trunk_failed
        assert not switch.of(LegRerouted, "call")


async def test_a_phone_that_rang_without_a_tag_is_called_once_too(tmp_path: Path, sipp: StartSipp) -> None:
    rang = await sipp("rings_without_a_tag_then_refuses", status="503 Service Unavailable")
    other = await sipp("answers")
    async with switch_with(tmp_path) as switch:
        switch.call(route("a", rang), route("b", other))
        ended = await switch.said(LegEnded, "call")
        assert ended.provisional
        assert (ended.trunk, ended.rerouted) == ("a", [])


async def test_calls_leave_a_silent_trunk_although_each_takes_half_a_minute_to_end(
    tmp_path: Path, sipp: StartSipp
) -> None:
    lines = 2
    silent, good = await sipp("silent", calls=9), await sipp("answers", calls=lines)
    async with switch_with(tmp_path, max_calls=2 * lines) as switch:
        for name in ("call", "call-2"):
            place = PlaceLeg(name, "customer", silent.uri(NUMBER), CALLER_ID, 10.0, 30.0, trunk="a")
            others = (route("b", good),)
            switch.link.send(msgspec.structs.replace(place, reply_within_s=1.0, others=others))
        await switch.said(LegAnswered, "call")
        await switch.said(LegAnswered, "call-2")


async def test_a_user_may_come_with_its_realm(tmp_path: Path, sipp: StartSipp) -> None:
    carrier = await sipp("answers")
    known = trunk("a", carrier, user="acme@carrier.example", password=PASSWORD)
    async with switch_with(tmp_path, known) as switch:
        switch.call(route("a", carrier))
        await switch.said(LegAnswered, "call")
        await switch.hung_up()


CANNOT_BE_SENT_TO = [
    "sip:{}@no-such-host.invalid:5070",
    "sip:{}@240.0.0.1:5070",
    "sip:{}@[::1]:5070",
    "sip:{}@127.0.0.1:5070;transport=tcp",
    "sips:{}@127.0.0.1:5071",
]


@pytest.mark.parametrize("uri", CANNOT_BE_SENT_TO)
async def test_a_trunk_that_cannot_be_sent_to_makes_way_for_the_next_and_nobody_is_called_twice(
    tmp_path: Path, uri: str
) -> None:
    good = FarEnd()
    async with called(good), switch_with(tmp_path) as switch:
        switch.call(Route(uri.format(NUMBER), "a", 4.0), Route(good.uri, "b", 4.0))
        await switch.said(LegAnswered, "call")
        (moved,) = switch.of(LegRerouted, "call")
        assert (moved.trunk, moved.to) == ("a", "b")
        assert moved.status in (502, 503)
        # A call that nobody knows of would be no leg's, and stay.
        await switch.hung_up()
        await eventually(lambda: good.over)
        assert good.invited == 1
        assert len(switch.of(LegEnded, "call")) == 1


async def test_where_no_trunk_can_be_sent_to_the_call_is_over_once_and_at_once(tmp_path: Path) -> None:
    first, second, *_ = (uri.format(NUMBER) for uri in CANNOT_BE_SENT_TO[1:])
    async with switch_with(tmp_path) as switch:
        switch.call(Route(first, "a", 4.0), Route(second, "b", 4.0))
        ended = await switch.said(LegEnded, "call")
        assert (ended.trunk, ended.status, ended.trunk_failed) == ("b", 503, True)
        assert not (await look(switch.options.socket)).live
        assert len(switch.of(LegEnded, "call")) == 1


async def test_that_every_line_of_ours_is_in_use_is_no_fault_of_a_trunk(tmp_path: Path) -> None:
    good = FarEnd()
    async with called(good), switch_with(tmp_path, max_calls=1) as switch:
        switch.place("guest-1", good.uri)
        await switch.said(LegAnswered, "guest-1")
        switch.call(Route(good.uri, "a", 4.0), Route(good.uri, "b", 4.0))
        ended = await switch.said(LegEnded, "call")
        assert (ended.trunk, ended.status, ended.trunk_failed) == ("a", 0, False)
        assert "every line is in use" in ended.reason


# --- who we are ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "header", "check"),
    [
        ("407 Proxy Authentication Required", "Proxy-Authenticate", NAMED),
        ("401 Unauthorized", "WWW-Authenticate", VERIFIED),
    ],
)
async def test_a_trunk_that_asks_for_a_password_gets_it(
    tmp_path: Path, sipp: StartSipp, status: str, header: str, check: str
) -> None:
    carrier = await sipp("asks_who_we_are", status=status, header=header, check=check)
    known = trunk("a", carrier, user="acme", password=PASSWORD)
    async with switch_with(tmp_path, known) as switch:
        switch.call(route("a", carrier))
        await switch.said(LegAnswered, "call")
        await switch.hung_up()
        await carrier.content()


async def test_a_trunk_that_does_not_know_us_makes_way_for_the_next(tmp_path: Path, sipp: StartSipp) -> None:
    values = {"status": "401 Unauthorized", "header": "WWW-Authenticate", "check": VERIFIED}
    carrier, other = await sipp("asks_who_we_are", **values), await sipp("answers")
    stranger = trunk("a", carrier, user="acme", password=PASSWORD[::-1])
    async with switch_with(tmp_path, stranger, trunk("b", other)) as switch:
        switch.call(route("a", carrier), route("b", other))
        await switch.said(LegAnswered, "call")
        (moved,) = switch.of(LegRerouted, "call")
        assert moved.status == 403
        await switch.hung_up()


async def test_we_register_with_a_trunk_that_wants_it(tmp_path: Path, sipp: StartSipp) -> None:
    carrier = await sipp("is_a_registrar")
    known = trunk("a", carrier, user="acme", password=PASSWORD, register=True)
    async with switch_with(tmp_path, known) as switch:
        (news,) = await eventually(lambda: _news(switch))
        assert (news.trunk, news.up) == ("a", True)
        assert (await look(switch.options.socket)).trunks == {"a": True}
        await carrier.content()


CHALLENGE = '401 Unauthorized\r\nWWW-Authenticate: Digest realm="carrier", nonce="47ebe028cda119c3"'


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        (["403 Forbidden"] * 2, "403 Forbidden"),
        (["503 Service Unavailable"] * 2, "503 Service Unavailable"),
        ([CHALLENGE] * 4, "401 Unauthorized"),
    ],
    ids=["403", "503", "wrong password"],
)
async def test_a_registration_that_is_refused_is_tried_again_until_it_is_taken(
    tmp_path: Path, answers: list[str], said: str
) -> None:
    async with registrar(*answers) as carrier:
        known = TrunkOptions(
            name="a",
            uri=f"sip:127.0.0.1:{carrier.port}",
            user="acme",
            password=PASSWORD,
            register=True,
            register_again_s=0.2,
        )
        async with switch_with(tmp_path, known) as switch:
            await eventually(lambda: len(_news(switch)) == 2, within_s=10)
            refused, taken = _news(switch)
            assert (refused.up, refused.reason) == (False, f"registration: {said}")
            assert (taken.up, taken.reason) == (True, "registration: 200 OK")
            assert carrier.asked == len(answers) + 1


async def test_a_trunk_is_up_while_it_answers_options_and_down_when_it_does_not(
    tmp_path: Path, sipp: StartSipp
) -> None:
    carrier = await sipp("is_there")
    async with switch_with(tmp_path, trunk("a", carrier, keep_alive_s=0.5)) as switch:
        await eventually(lambda: len(_news(switch)) == 2, within_s=30)
        news = _news(switch)
    assert [each.up for each in news] == [True, False]


def _news(switch: Switch) -> list[TrunkReachable]:
    return [each for each in switch.events if isinstance(each, TrunkReachable)]


@pytest.mark.parametrize(
    ("header", "pattern"),
    [
        ("From:", "sip:\\+12025550199@127"),
        ("P-Asserted-Identity:", "sip:\\+12025550199@127"),
        ("Privacy:", "none"),
        ("From:", "&quot;Acme, autumn&quot;"),
        ("Supported:", "timer"),
        ("Session-Expires:", "1800"),
        ("Min-SE:", "90"),
    ],
)
async def test_a_trunk_is_told_who_calls(tmp_path: Path, sipp: StartSipp, header: str, pattern: str) -> None:
    carrier = await sipp("checks_and_answers", where="hdr", header=f'header="{header}"', pattern=pattern)
    known = trunk("a", carrier, user="acme", password=PASSWORD, asserted_identity=True)
    async with switch_with(tmp_path, known) as switch:
        switch.call(route("a", carrier))
        await switch.said(LegAnswered, "call")
        await switch.hung_up()
        await carrier.content()


async def test_a_trunk_is_offered_its_codecs_alone(tmp_path: Path, sipp: StartSipp) -> None:
    pattern = r"m=audio [0-9]+ RTP/AVP 0 1[0-9][0-9][^0-9 ]"
    carrier = await sipp("checks_and_answers", where="body", header="", pattern=pattern)
    async with switch_with(tmp_path, trunk("a", carrier, codecs=("PCMU",))) as switch:
        switch.call(route("a", carrier))
        await switch.said(LegAnswered, "call")
        await switch.hung_up()
        await carrier.content()


# --- hygiene ------------------------------------------------------------------------------------


async def test_of_two_phones_that_ring_the_one_that_answers_counts(switch: Switch, sipp: StartSipp) -> None:
    carrier = await sipp("forks")
    switch.place("call", carrier.uri(NUMBER), claim_within_s=30.0)
    await switch.said(LegAnswered, "call")
    assert len(switch.of(LegRinging, "call")) == 1
    switch.link.send(HangUpLeg("call"))
    await carrier.content()


async def test_a_trunk_that_wants_longer_sessions_gets_them(switch: Switch, sipp: StartSipp) -> None:
    carrier = await sipp("wants_longer_sessions")
    switch.place("call", carrier.uri(NUMBER), claim_within_s=30.0)
    await switch.said(LegAnswered, "call")
    assert not switch.of(LegRerouted, "call")
    switch.link.send(HangUpLeg("call"))
    await carrier.content()


async def test_a_far_end_may_hold_the_call_and_come_back(switch: Switch, sipp: StartSipp) -> None:
    carrier = await sipp("puts_us_on_hold")
    switch.place("call", carrier.uri(NUMBER), claim_within_s=30.0)
    await switch.said(LegAnswered, "call")
    await carrier.content()
    assert not (await switch.said(LegEnded, "call")).no_audio


async def test_an_answer_without_audio_is_ended_and_told_of(tmp_path: Path, sipp: StartSipp) -> None:
    carrier = await sipp("answers")
    switch = Switch(tmp_path, audio=AudioLimits(begins_within_s=3.5))
    await switch.link.start()
    try:
        switch.place("call", carrier.uri(NUMBER), claim_within_s=60.0)
        ended = await switch.said(LegEnded, "call")
        assert (ended.no_audio, ended.reason) == (True, "no audio within 3.5 s")
        await carrier.content()
    finally:
        await switch.stop()


def may_serve_names() -> bool:
    """Whether we get port 53, where the library asks: root does, and anybody if the kernel is told so."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe, contextlib.suppress(PermissionError):
        probe.bind(("127.9.9.1", 53))
        return True
    return False


@pytest.mark.skipif(
    not may_serve_names(),
    reason="Port 53 is root's, unless net.ipv4.ip_unprivileged_port_start is 53 or less.",
)
async def test_a_host_name_without_a_port_is_looked_up_by_its_srv_record(
    tmp_path: Path, sipp: StartSipp
) -> None:
    carrier = await sipp("answers")
    address = f"127.9.9.{10 + worker_number()}"
    async with (
        nameserver(address, carrier.port) as asked,
        switch_with(tmp_path, TrunkOptions(name="a", uri=f"sip:{DOMAIN}"), nameservers=(address,)) as switch,
    ):
        switch.call(Route(f"sip:{NUMBER}@{DOMAIN}", "a", 4.0))
        await switch.said(LegAnswered, "call")
        await switch.hung_up()
        await carrier.content()
    assert asked.asked[0][0] == f"_sip._udp.{DOMAIN}"


# --- transports ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> TlsOptions:
    """Of a carrier on loopback, which is its own authority."""
    certificate, key = certificate_in(tmp_path_factory.mktemp("tls"))
    return TlsOptions(certificate, certificate, key)


@pytest.mark.parametrize("srtp", ["off", "optional", "required"])
async def test_calls_go_over_tls_with_audio_both_ways(
    tmp_path: Path, certificate: TlsOptions, srtp: Srtp
) -> None:
    theirs = EndpointOptions(
        max_calls=4, rtp_port=12000, rtp_port_count=200, tls=certificate, srtp="optional", user="carrier"
    )
    world = World(shares={Kind.PERSON: 1.0}, ring_mean_s=0.1, talk_mean_s=60.0)
    async with (
        SimulatedCarrier(CarrierOptions(world=world, endpoint=theirs)) as carrier,
        SimulatedSoftphones(SoftphonesOptions()) as softphones,
    ):
        port = carrier.events_of("listening")[0]["tls_port"]
        place = f"127.0.0.1:{port};transport=tls"
        ours = TrunkOptions(name="a", uri=f"sip:{place}", srtp=srtp)
        trust = TlsOptions(ca_file=certificate.ca_file)
        async with switch_with(tmp_path, ours, tls=trust) as switch:
            switch.place("agent-1", softphones.uri("agent1"))
            switch.call(Route(f"sip:{NUMBER}@{place}", "a", 4.0))
            await switch.said(LegAnswered, "agent-1")
            await switch.said(LegAnswered, "call")
            switch.link.send(BridgeLegs("call", "agent-1"))
            await eventually(lambda: softphones.events_of("heard"))
            await eventually(lambda: carrier.events_of("heard"))
            await switch.hung_up()


async def test_a_carrier_that_nobody_vouches_for_is_not_called(
    tmp_path: Path, certificate: TlsOptions
) -> None:
    theirs = EndpointOptions(max_calls=4, rtp_port=12000, rtp_port_count=200, tls=certificate, user="carrier")
    async with SimulatedCarrier(CarrierOptions(endpoint=theirs)) as carrier:
        place = f"127.0.0.1:{carrier.events_of('listening')[0]['tls_port']};transport=tls"
        async with switch_with(
            tmp_path, TrunkOptions(name="a", uri=f"sip:{place}"), tls=TlsOptions()
        ) as switch:
            switch.call(Route(f"sip:{NUMBER}@{place}", "a", 4.0))
            ended = await switch.said(LegEnded, "call")
            assert ended.trunk_failed
        assert not carrier.events_of("invite")
