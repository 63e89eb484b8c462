"""Debian's mosquitto, for tests."""

import asyncio
import getpass
import os
import secrets
import shutil
import signal
import socket
from pathlib import Path

import pytest

from dialer.bus.mqtt import MqttOptions
from tests.servers import free_port
from tests.support import eventually


class Mosquitto:
    """A mosquitto of our own on loopback, with one user and no memory."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: asyncio.subprocess.Process | None = None
        self._port = 0
        self._password = secrets.token_urlsafe(12)

    @property
    def options(self) -> MqttOptions:
        return MqttOptions("127.0.0.1", self._port, username="tester", password=self._password, version="5")

    async def start(self) -> None:
        self._port = self._port or free_port()
        password_file = self._folder / "passwords"
        making = await asyncio.create_subprocess_exec(
            _program("mosquitto_passwd"), "-c", "-b", str(password_file), "tester", self._password
        )
        assert await making.wait() == 0
        settings = self._folder / "mosquitto.conf"
        settings.write_text(
            f"listener {self._port} 127.0.0.1\nallow_anonymous false\npassword_file {password_file}\n"
            f"user {getpass.getuser()}\n"
        )
        with (self._folder / "mosquitto.log").open("ab") as output:
            self._process = await asyncio.create_subprocess_exec(
                _program("mosquitto"), "-c", str(settings), stdout=output, stderr=output
            )
        await eventually(self._listens)

    async def stop(self) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(signal.SIGCONT)
            self._process.terminate()
            await self._process.wait()

    def freeze(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def _listens(self) -> bool:
        assert self._process is not None
        assert self._process.returncode is None, (self._folder / "mosquitto.log").read_text()
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self._port)) == 0


def _program(name: str) -> str:
    found = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/usr/bin")
    if found is None:
        pytest.fail(f"{name} is missing; install Debian's mosquitto")
    return found
