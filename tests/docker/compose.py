"""docker/compose.yaml as it is read, and what of it runs without containers: its secrets and its broker."""

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from tests.docker.scripts import DOCKER
from tests.servers import free_port

COMPOSE: dict[str, Any] = yaml.safe_load((DOCKER / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]


def environment(service: str) -> dict[str, str | None]:
    """What compose sets for a service; None where it passes on what the shell has."""
    found = SERVICES[service].get("environment", {})
    return {name: value if value is None else str(value) for name, value in found.items()}


def make_secrets(folder: Path) -> Path:
    """Runs a copy of docker/secrets there; returns the folder it fills."""
    (folder / "docker").mkdir(parents=True, exist_ok=True)
    shutil.copy(DOCKER / "secrets", folder / "docker")
    subprocess.run([folder / "docker" / "secrets"], check=True, capture_output=True)
    return folder / "docker" / "secrets.d"


PLACES = {"/tmp": "tmp", "/run/secrets": "secrets", "/mosquitto/config": "config", "/mosquitto/data": "data"}  # noqa: S108
"""Where the broker's files are in its container, and in the folder of a test."""


@contextlib.contextmanager
def broker(password: str) -> Iterator[int]:
    """docker/mosquitto as it is, with other paths and a port of its own; yields the port."""
    port = free_port()
    folder = Path(tempfile.mkdtemp(prefix="dialer-mosquitto-"))
    for name in PLACES.values():
        (folder / name).mkdir()
    (folder / "secrets" / "mqtt_password").write_text(password + "\n")
    for source in (DOCKER / "mosquitto").iterdir():
        text = source.read_text().replace("listener 1883", f"listener {port} 127.0.0.1")
        for place, name in PLACES.items():
            text = text.replace(place, f"{folder}/{name}")
        (folder / "config" / source.name).write_text(text)
    # As in compose: a user who is not root.
    user = "mosquitto" if os.geteuid() == 0 else None
    if user:
        for each in (folder, *folder.rglob("*")):
            shutil.chown(each, user)
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            ["sh", folder / "config" / "start"],
            user=user,
            env=os.environ | {"PATH": os.environ["PATH"] + ":/usr/sbin"},
            cwd=folder,
            stderr=log,
        )
    try:
        yield port
    finally:
        process.terminate()
        process.wait(timeout=60)
        shutil.rmtree(folder)


def answers(port: int) -> bool:
    """Whether somebody listens there."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
