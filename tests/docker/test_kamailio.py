"""The registrar of docker/kamailio, as it is: who may register, and who may call whom."""

import asyncio
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import httpx2
import psutil
import psycopg
import pytest

from campaigns.softphones import new_secret
from campaigns.stores.live import OpenShift
from dialer.database import opened
from dialer.registrar import QUESTION, RegistrarWatch, registered_in
from dialer.simulation.options import SoftphonesOptions
from dialer.simulation.processes import SimulatedSoftphones
from dialer.softphones import SoftphoneOptions, Softphones
from dialer.switch.messages import HangUpLeg
from tests.dialer.core.test_floor_per_call import floor_per_call
from tests.dialer.switch.conftest import switch_options
from tests.docker.dialing import Dialer, dialing
from tests.docker.registrar import (
    DIALER,
    START,
    Registrar,
    accounts,
    environment_with,
    phone,
    running_registrar,
)
from tests.servers import certificate_in
from tests.softphones import baresip
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
def agents(tmp_path: Path, migrated_sqlite: Path) -> str:
    """A SQLite database's URL, as one with the dialer on one machine has it."""
    return f"sqlite+aiosqlite:///{shutil.copy(migrated_sqlite, tmp_path / 'dialer.db')}"


@pytest.fixture
async def registrar(tmp_path: Path, agents: str) -> AsyncIterator[Registrar]:
    """A registrar that is reached where it listens."""
    async with running_registrar(tmp_path, agents, await accounts(agents)) as started:
        yield started


# --- who may register -----------------------------------------------------------------------------------


async def test_only_who_knows_the_agents_secret_registers(tmp_path: Path, database_url: str) -> None:
    known = await accounts(database_url)
    async with (
        running_registrar(tmp_path, database_url, known) as registrar,
        phone(registrar, FAR_AWAY) as softphone,
    ):
        unknown = await softphone.register("agent1", None)
        assert unknown.status == 401
        assert unknown.header("WWW-Authenticate").startswith("Digest ")
        for wrong in ("guessed", "", known["agent2"]):
            assert (await softphone.register("agent1", wrong)).status == 401
        # One that has no account here has no empty one either.
        assert (await softphone.register("agent3", "")).status == 401
        assert (await softphone.register("", "")).status in (400, 401)
        registered = await softphone.register("agent1", known["agent1"])
        assert registered.status == 200
        assert softphone.address in registered.header("Contact")

        async with opened(database_url) as database:
            new = await new_secret(database.sessions, 1)
        assert (await softphone.register("agent1", known["agent1"])).status == 401
        assert (await softphone.register("agent1", new.secret)).status == 200


async def test_the_registrars_role_reads_who_agents_are_and_nothing_else(
    tmp_path: Path, migrated_postgresql: str
) -> None:
    plain = migrated_postgresql.replace("+psycopg", "")
    with psycopg.connect(f"{plain}/postgres", autocommit=True) as connection:
        connection.execute("CREATE DATABASE roles TEMPLATE template_dialer STRATEGY file_copy")
    known = await accounts(f"{migrated_postgresql}/roles")
    (tmp_path / "url").write_text(f"{plain}/roles\n")
    (tmp_path / "password").write_text("a5a5\n")
    files = {
        "DATABASE_URL_FILE": str(tmp_path / "url"),
        "REGISTRAR_PASSWORD_FILE": str(tmp_path / "password"),
    }
    for _ in range(2):
        await asyncio.to_thread(
            subprocess.run, [START.with_name("role")], env=environment_with(**files), check=True, timeout=60
        )
    role = f"postgresql://registrar:a5a5@{plain.partition('@')[2]}/roles"
    with psycopg.connect(role) as connection:
        for refused in ("SELECT name FROM agent", "SELECT slug FROM client", "UPDATE agent SET sip_ha1 = ''"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(refused)
            connection.rollback()
    async with running_registrar(tmp_path, role, known) as registrar, phone(registrar, FAR_AWAY) as softphone:
        assert (await softphone.register("agent1", known["agent1"])).status == 200


async def test_an_agent_of_another_client_registers_no_address_but_its_own(
    registrar: Registrar, dialer: Dialer
) -> None:
    async with phone(registrar, FAR_AWAY) as softphone:
        reply = await softphone.register("agent1", registrar.secrets["agent2"], login="agent2")
        assert reply.status == 403
        assert (await dialer.ended(dialer.call(registrar.uri("agent1")))).status == 480


async def test_who_guesses_is_not_answered_any_more_and_everybody_else_is(registrar: Registrar) -> None:
    async with phone(registrar, STRANGER) as guesser, phone(registrar, FAR_AWAY) as softphone:
        for number in range(5):
            assert (await guesser.register("agent1", f"guess {number}")).status == 401
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await guesser.register("agent1", registrar.password)
        assert (await guesser.register("agent2", registrar.secrets["agent2"])).status == 200
        assert (await softphone.register("agent1", registrar.password)).status == 200


async def test_a_challenge_is_good_for_the_address_alone_that_it_was_sent_to(registrar: Registrar) -> None:
    async with phone(registrar, STRANGER) as stranger, phone(registrar, FAR_AWAY) as softphone:
        challenged = await stranger.register("agent1", None)
        for _ in range(6):
            reply = await softphone.register("agent1", "guessed", challenged=challenged)
            assert reply.status == 401
        assert (await softphone.register("agent1", registrar.password)).status == 200


async def test_a_flood_is_left_unanswered_and_the_dialer_is_not(registrar: Registrar, dialer: Dialer) -> None:
    async with phone(registrar, STRANGER) as flooder, phone(registrar, FAR_AWAY) as softphone:
        assert (await softphone.register("agent1", registrar.password)).status == 200
        for _ in range(600):
            flooder.send("OPTIONS sip:127.0.0.1 SIP/2.0", *flooder.head("OPTIONS", "<sip:127.0.0.1>"))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await flooder.register("agent2", None)
        leg = dialer.call(registrar.uri("agent1"))
        softphone.answer(await softphone.next("INVITE"), softphone.address)
        await dialer.answered(leg)


async def test_registrations_outlive_the_registrar(tmp_path: Path, agents: str, dialer: Dialer) -> None:
    known = await accounts(agents)
    async with (
        running_registrar(tmp_path, agents, known) as registrar,
        phone(registrar, FAR_AWAY) as softphone,
    ):
        assert (await softphone.register("agent1", registrar.password)).status == 200
        os.killpg(registrar.process.pid, signal.SIGKILL)
        await registrar.process.wait()
        async with running_registrar(tmp_path, agents, known, registrar):
            leg = dialer.call(registrar.uri("agent1"))
            softphone.answer(await softphone.next("INVITE"), softphone.address)
            await dialer.answered(leg)


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


async def test_a_softphone_registers_over_tls_and_is_called_over_its_connection(
    tmp_path: Path, agents: str, dialer: Dialer
) -> None:
    certificate, key = certificate_in(tmp_path)
    tls = {"REGISTRAR_TLS_CERTIFICATE_FILE": certificate, "REGISTRAR_TLS_KEY_FILE": key}
    async with running_registrar(tmp_path, agents, await accounts(agents), **tls) as registrar:
        server = f"127.0.0.1:{registrar.tls_port};transport=tls"
        trusts = f"sip_cafile {certificate}\n"
        async with baresip(
            tmp_path / "b", server, "agent1", registrar.password, 500, settings=trusts
        ) as softphone:
            await eventually(softphone.is_registered)
            leg = dialer.call(registrar.uri("agent1"))
            await dialer.answered(leg)
            await eventually(lambda: len(softphone.heard()) > 0)
            assert await registered(registrar) == {"agent1"}
            await softphone.kill()
            async with asyncio.timeout(30):
                while await registered(registrar):
                    await asyncio.sleep(0.1)


async def registered(registrar: Registrar, asker: str = DIALER) -> set[str]:
    """Whom the registrar knows, as it tells an address of this machine. Raises httpx2.HTTPStatusError."""
    way = httpx2.AsyncHTTPTransport(local_address=asker)
    async with httpx2.AsyncClient(transport=way) as client:
        answer = await client.post(f"http://127.0.0.1:{registrar.port}/registered", content=QUESTION)
    return registered_in(answer.raise_for_status().content)


async def test_the_dialer_alone_is_told_who_is_registered_and_agents_who_are_not_get_nobody(
    registrar: Registrar,
) -> None:
    floor, softphones = floor_per_call(1), Softphones(SoftphoneOptions(), lambda _: True)
    softphones.add(
        OpenShift(
            1, 101, "acme", "", "agent1", "per_call", False, (7,), "available", "", datetime.now(UTC), None
        )
    )
    watch = RegistrarWatch(f"127.0.0.1:{registrar.port}", floor, softphones, time.time, lambda _: None)
    states = []
    async with phone(registrar, FAR_AWAY) as softphone:
        for expires in (60, 0, 60):
            await softphone.register("agent1", registrar.password, expires=expires)
            await watch.look()
            states.append(floor.agents[1].state.value)
        with pytest.raises(httpx2.HTTPStatusError, match="403"):
            await registered(registrar, STRANGER)
    assert states == ["available", "unavailable", "available"]


async def test_a_page_of_our_own_desktop_may_use_a_websocket_and_no_other_page(
    tmp_path: Path, agents: str
) -> None:
    ours = "https://dialer.example"
    async with running_registrar(
        tmp_path, agents, await accounts(agents), REGISTRAR_WEBSOCKET_ORIGIN=ours
    ) as registrar:
        for origin, status in ((ours, "101"), ("https://elsewhere.example", "403"), (ours + ".evil", "403")):
            reader, writer = await asyncio.open_connection("127.0.0.1", registrar.public_port)
            lines = [
                "GET / HTTP/1.1",
                f"Host: 127.0.0.1:{registrar.public_port}",
                "Upgrade: websocket",
                "Connection: Upgrade",
                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
                "Sec-WebSocket-Protocol: sip",
                "Sec-WebSocket-Version: 13",
                f"Origin: {origin}",
            ]
            writer.write("\r\n".join([*lines, "", ""]).encode())
            async with asyncio.timeout(10):
                assert (await reader.readline()).decode().split()[1] == status
            writer.close()


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
    tmp_path: Path, agents: str, dialer: Dialer
) -> None:
    advertised = "203.0.113.7:5070"
    known = await accounts(agents)
    async with (
        running_registrar(tmp_path, agents, known, REGISTRAR_ADVERTISE=advertised) as registrar,
        phone(registrar, FAR_AWAY) as softphone,
    ):
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


@pytest.mark.parametrize(
    "wrong",
    [
        {"REGISTRAR_CALLER": ""},
        {"REGISTRAR_DATABASE": ""},
        {"REGISTRAR_DATABASE": "mysql://somewhere"},
        {"REGISTRAR_DATABASE": "/nowhere/dialer.db"},
        {"REGISTRAR_DATABASE_FILE": "/nowhere/url"},
        {"REGISTRAR_STATE_DIR": "/nowhere"},
        {"REGISTRAR_TLS_CERTIFICATE_FILE": "/nowhere/certificate.pem"},
    ],
)
def test_a_registrar_without_its_settings_says_so_and_ends(tmp_path: Path, wrong: dict[str, str]) -> None:
    (tmp_path / "dialer.db").touch()
    settings = {
        "REGISTRAR_CALLER": DIALER,
        "REGISTRAR_DATABASE": str(tmp_path / "dialer.db"),
        "REGISTRAR_STATE_DIR": str(tmp_path),
    }
    result = subprocess.run(
        [START], env=environment_with(**settings | wrong), capture_output=True, text=True, timeout=60
    )
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.splitlines()[-1].startswith("registrar: error: ")
