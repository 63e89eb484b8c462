"""What the set-up has, and what is missing."""

import asyncio
import os
import sys
from dataclasses import dataclass

from dialer.bootstrap import require_message, unclaimed_message
from dialer.bus.connection import MqttOptions, connected
from dialer.database import opened
from dialer.errors import DialerError
from dialer.settings import Settings
from dialer.switch.capacity import BindingMissing, ask_binding
from dialer.version import VERSION


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    subject: str
    good: bool
    detail: str


async def examine(settings: Settings) -> list[Finding]:
    """Looks at everything that a start needs; nothing is changed."""
    return [
        Finding("dialer", True, f"version {VERSION} on Python {sys.version.split()[0]}"),
        await asyncio.to_thread(_data_folder, settings),
        await asyncio.to_thread(_message, settings),
        *await _binding(settings),
        await _database(settings),
        await _broker(settings),
    ]


def _data_folder(settings: Settings) -> Finding:
    folder = settings.data_dir
    if folder.exists():
        good = folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)
        return Finding("data folder", good, f"{folder} {'can' if good else 'cannot'} be written")
    parent = next(each for each in folder.absolute().parents if each.exists())
    good = os.access(parent, os.W_OK | os.X_OK)
    return Finding(
        "data folder", good, f"{folder} {'is made' if good else 'cannot be made'} at the first start"
    )


def _message(settings: Settings) -> Finding:
    path = unclaimed_message(settings)
    try:
        require_message(path)
    except DialerError as error:
        return Finding("message", False, str(error))
    return Finding("message", True, f"{path.name}, for people who find no agent")


async def _binding(settings: Settings) -> list[Finding]:
    try:
        capacity = await ask_binding()
    except BindingMissing as error:
        return [Finding("pjsua2", False, str(error))]
    lines = settings.sip.lines
    enough = capacity.max_calls >= lines
    advice = "" if enough else f"; {lines} lines are set, build the larger one with docker/pjsua2/build"
    return [
        Finding("pjsua2", True, f"PJSIP {capacity.version}"),
        Finding("lines", enough, f"the binding holds {capacity.max_calls} calls{advice}"),
        Finding("TLS", capacity.tls, "SIP over TLS is there" if capacity.tls else "the binding has no TLS"),
        Finding("SRTP", capacity.srtp, "SRTP is there" if capacity.srtp else "the binding has no SRTP"),
    ]


async def _database(settings: Settings) -> Finding:
    if settings.database.url is None:
        path = settings.data_dir / "dialer.db"
        there = "is there" if path.exists() else "is made at the first start"
        return Finding("database", True, f"SQLite, {path} {there}")
    try:
        async with opened(settings.database_url) as database:
            current = await database.is_current()
    except DialerError as error:
        return Finding("database", False, str(error))
    return Finding("database", current, "of this version" if current else "run `dialer db upgrade`")


async def _broker(settings: Settings) -> Finding:
    if settings.mqtt.url is None:
        return Finding("broker", True, "embedded in the engine")
    try:
        options = MqttOptions.from_url(settings.mqtt.url.get_secret_value())
        async with connected(options):
            return Finding("broker", True, f"{options.host}:{options.port} answers")
    except Exception as error:  # noqa: BLE001 - whatever keeps the broker from answering is the finding
        return Finding("broker", False, f"the broker does not answer: {error}")
