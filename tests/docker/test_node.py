"""The services of docker/compose.yaml as processes of this machine, in order and as compose sets them up."""

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

from dialer.doctor import examine_ports
from dialer.settings import load_settings
from tests.docker.compose import broker, environment, make_secrets
from tests.servers import free_port, postgresql
from tests.support import eventually

DIALER = Path(sys.executable).with_name("dialer")


@pytest.fixture
def node(tmp_path: Path) -> Iterator[dict[str, str]]:
    """PostgreSQL and the broker; yields what the dialer's service finds in its environment."""
    secrets = make_secrets(tmp_path)
    password = (secrets / "mqtt_password").read_text().strip()
    with postgresql() as server, broker(password) as port:
        addresses = {
            "database_url": f"{server.replace('+psycopg', '')}/postgres",
            "mqtt_url": (secrets / "mqtt_url").read_text().replace("mosquitto:1883", f"127.0.0.1:{port}"),
        }
        for name, value in addresses.items():
            (secrets / name).unlink()
            (secrets / name).write_text(value)
        given = {
            name: value.replace("/run/secrets", str(secrets))
            for name, value in environment("dialer").items()
            if value is not None
        }
        ours = {name: value for name, value in os.environ.items() if not name.startswith("DIALER_")}
        places = {
            "DIALER_API__PORT": str(free_port()),
            "DIALER_SIP__PORT": "0",
            "DIALER_SIP__RTP_PORT": "36000",
            "DIALER_DATA_DIR": str(tmp_path / "data"),
        }
        yield ours | given | places | {"KEY": (secrets / "api_key").read_text().strip()}


def command(node: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([DIALER, *arguments], env=node, capture_output=True, text=True)


@contextmanager
def serving(node: dict[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as output:
        process = subprocess.Popen([DIALER, "serve"], env=node, stdout=output, stderr=output)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def healthy(node: dict[str, str]) -> bool:
    """What the image's health check says."""
    return subprocess.run([sys.executable, "-m", "dialer.api.probe"], env=node).returncode == 0


def ready(node: dict[str, str]) -> bool:
    """Whether the service says so."""
    with contextlib.suppress(OSError):
        return bool(ask(node, "/readyz")["ready"])
    return False


def ask(node: dict[str, str], path: str, key: str = "") -> Any:
    request = Request(f"http://127.0.0.1:{node['DIALER_API__PORT']}{path}")
    if key:
        request.add_header("Authorization", f"Bearer {key}")
    with urlopen(request, timeout=5) as reply:  # noqa: S310
        return json.load(reply)


async def test_a_node_starts_in_order_serves_and_ends(
    node: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    too_early = command(node, "serve")
    assert too_early.returncode == 1
    assert "dialer db upgrade" in too_early.stderr
    assert "Traceback" not in too_early.stderr

    migrated = command(node, "db", "upgrade")
    assert migrated.returncode == 0, migrated.stderr

    log = tmp_path / "log"
    with serving(node, log) as process:
        await eventually(lambda: process.poll() is not None or ready(node), within_s=90)
        assert process.poll() is None, log.read_text()
        assert healthy(node)
        assert "items" in ask(node, "/api/v1/campaigns", node["KEY"])
        for name, value in node.items():
            monkeypatch.setenv(name, value)
        # The doctor knows its own dialer's ports from a stranger's.
        ports = {finding.subject: finding for finding in examine_ports(load_settings())}
        assert ports["HTTP port"].good
        assert "taken, it seems by the dialer that runs" in ports["HTTP port"].detail
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0, log.read_text()
    said = log.read_text()
    assert "Traceback" not in said
    assert node["KEY"] not in said
