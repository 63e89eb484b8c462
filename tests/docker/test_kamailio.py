"""The registrar of docker/kamailio, as it is: who may register, and who may call whom."""

import asyncio
import re
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest

from dialer.simulation.options import SoftphonesOptions
from dialer.simulation.processes import SimulatedSoftphones
from dialer.switch.messages import HangUpLeg
from tests.dialer.switch.conftest import switch_options
from tests.docker.dialing import Dialer, dialing
from tests.docker.registrar import DIALER, START, Registrar, environment_with, phone, running_registrar
from tests.support import eventually

STRANGER, FAR_AWAY = "127.0.0.2", "127.0.0.3"
NOWHERE = "10.255.255.1:5060"
"""What a softphone behind NAT takes for its address."""


# --- the dialer and the registrar ---------------------------------------------------------------------


@pytest.fixture
async def dialer(tmp_path: Path) -> AsyncIterator[Dialer]:
    """A dialer at 127.0.0.1."""
    async with dialing(switch_options(tmp_path)) as started:
        yield started


@pytest.fixture
async def registrar(tmp_path: Path) -> AsyncIterator[Registrar]:
    """A registrar that is reached where it listens."""
    async with running_registrar(tmp_path) as started:
        yield started


# --- who may register -----------------------------------------------------------------------------------


async def test_only_who_knows_the_password_registers(registrar: Registrar) -> None:
    async with phone(registrar, FAR_AWAY) as softphone:
        unknown = await softphone.register("agent1", None)
        assert unknown.status == 401
        assert unknown.header("WWW-Authenticate").startswith("Digest ")
        assert (await softphone.register("agent1", "guessed")).status == 401
        assert (await softphone.register("agent1", "")).status == 401
        registered = await softphone.register("agent1", registrar.password)
        assert registered.status == 200
        assert softphone.address in registered.header("Contact")


async def test_nobody_registers_the_address_of_somebody_else(registrar: Registrar, dialer: Dialer) -> None:
    async with phone(registrar, FAR_AWAY) as softphone:
        reply = await softphone.register("agent1", registrar.password, login="agent2")
        assert reply.status == 403
        assert (await dialer.ended(dialer.call(registrar.uri("agent1")))).status == 480


async def test_a_softphone_that_was_started_again_takes_its_own_place(
    registrar: Registrar, dialer: Dialer
) -> None:
    async with phone(registrar, FAR_AWAY) as before, phone(registrar, FAR_AWAY) as after:
        for softphone in (before, after):
            assert (await softphone.register("agent1", registrar.password)).status == 200
        leg = dialer.call(registrar.uri("agent1"))
        after.answer(await after.next("INVITE"), after.address)
        await dialer.answered(leg)
        with pytest.raises(TimeoutError):
            await before.next("INVITE", within_s=0.1)


# --- who may call -----------------------------------------------------------------------------------------


async def test_the_dialer_calls_a_registered_softphone_and_no_other(
    registrar: Registrar, dialer: Dialer
) -> None:
    async with (
        SimulatedSoftphones(SoftphonesOptions(1)) as softphones,
        phone(registrar, FAR_AWAY) as desk,
    ):
        contact = f"127.0.0.1:{softphones.port}"
        assert (await dialer.ended(dialer.call(registrar.uri("agent1")))).status == 480
        assert (await desk.register("agent1", registrar.password, contact=contact)).status == 200
        first = dialer.call(registrar.uri("agent1"))
        await dialer.answered(first)
        dialer.link.send(HangUpLeg(first))
        await eventually(lambda: softphones.events_of("ended"))
        assert (await dialer.ended(first)).ended_by == "engine"

        second = dialer.call(registrar.uri("agent1"))
        await dialer.answered(second)
        assert (await dialer.ended(dialer.call(registrar.uri("agent1")))).status == 486
        await softphones.close()
        assert (await dialer.ended(second)).ended_by == "far_end"

        assert (await desk.register("agent1", registrar.password, contact=contact, expires=0)).status == 200
        assert (await dialer.ended(dialer.call(registrar.uri("agent1")))).status == 480


async def test_a_softphone_behind_nat_is_reached_and_heard(registrar: Registrar, dialer: Dialer) -> None:
    async with phone(registrar, FAR_AWAY) as softphone:
        assert (await softphone.register("agent1", registrar.password, contact=NOWHERE)).status == 200
        for leaves in ("softphone", "dialer"):
            leg = dialer.call(registrar.uri("agent1"))
            invite = await softphone.next("INVITE")
            softphone.answer(invite, NOWHERE)
            await softphone.next("ACK")
            await dialer.answered(leg)
            if leaves == "softphone":
                softphone.leave(invite)
                assert (await softphone.next("SIP/2.0")).status == 200
                assert (await dialer.ended(leg)).ended_by == "far_end"
            else:
                dialer.link.send(HangUpLeg(leg))
                await softphone.next("BYE")


async def test_each_end_of_a_call_is_told_the_address_that_it_can_reach(
    tmp_path: Path, dialer: Dialer
) -> None:
    advertised = "203.0.113.7:5070"
    async with running_registrar(tmp_path, advertised) as registrar, phone(registrar, FAR_AWAY) as softphone:
        assert (await softphone.register("agent1", registrar.password)).status == 200
        leg = dialer.call(registrar.uri("agent1"))
        invite = await softphone.next("INVITE")
        nearest, next_to_dialer = re.findall(r"<sip:([^;>]+)", ",".join(invite.headers("Record-Route")))
        assert (nearest, next_to_dialer) == (advertised, f"127.0.0.1:{registrar.port}")
        assert advertised in invite.headers("Via")[0]
        softphone.answer(invite, softphone.address)
        await softphone.next("ACK")
        softphone.leave(invite)
        assert (await dialer.ended(leg)).ended_by == "far_end"


async def test_nobody_but_the_dialer_calls_a_softphone(registrar: Registrar) -> None:
    async with phone(registrar, FAR_AWAY) as softphone, phone(registrar, STRANGER) as stranger:
        assert (await softphone.register("agent1", registrar.password)).status == 200
        uri = "sip:agent1@127.0.0.1"
        contact = f"Contact: <sip:stranger@{stranger.address}>"
        assert (await stranger.ask("INVITE", uri, f"<{uri}>", contact)).status == 403
        with pytest.raises(TimeoutError):
            await softphone.next("INVITE", within_s=0.1)


async def test_the_registrar_relays_for_no_stranger(registrar: Registrar) -> None:
    async with phone(registrar, FAR_AWAY) as target, phone(registrar, STRANGER) as stranger:
        uri, to = f"sip:agent1@{target.address}", "<sip:agent1@127.0.0.1>;tag=known"
        us = f"Route: <sip:127.0.0.1:{registrar.public_port};lr>"
        on = f"Route: <sip:{target.address};lr>"
        for method in ("INVITE", "BYE", "MESSAGE"):
            assert (await stranger.ask(method, uri, to, us)).status == 403
            assert (await stranger.ask(method, uri, to, us, on)).status == 404
            assert (await stranger.ask(method, uri, to)).status == 404
        assert (await stranger.ask("MESSAGE", uri, f"<{uri}>")).status == 405
        with pytest.raises(TimeoutError):
            await target.next("", within_s=0.1)


# --- the process ------------------------------------------------------------------------------------------


async def test_the_registrar_ends_with_its_children(registrar: Registrar) -> None:
    processes = registrar.processes()
    assert len(processes) > 1
    registrar.process.terminate()
    # Docker's own patience is ten seconds.
    await asyncio.wait_for(registrar.process.wait(), 9)
    await eventually(lambda: not any(_lives(each) for each in processes))


def _lives(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.mark.parametrize("missing", ["REGISTRAR_PASSWORD_FILE", "REGISTRAR_CALLER"])
def test_a_registrar_without_its_settings_says_so_and_ends(tmp_path: Path, missing: str) -> None:
    (tmp_path / "password").write_text("secret")
    (tmp_path / "empty").touch()
    settings = {"REGISTRAR_CALLER": DIALER, "REGISTRAR_PASSWORD_FILE": str(tmp_path / "password")}
    settings[missing] = str(tmp_path / "empty") if missing.endswith("FILE") else ""
    result = subprocess.run(
        [START], env=environment_with(**settings), capture_output=True, text=True, timeout=60
    )
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.count("\n") == 1
    assert result.stderr.startswith("registrar: error: ")
