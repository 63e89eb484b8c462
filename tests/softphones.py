"""Softphones that nobody here wrote, as Debian ships them: each registers, answers by itself and says a tone.

They have no sound card: what they say is a file, and what they hear becomes one.
"""

import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np

from tests.servers import free_port
from tests.telephone import Samples, to_wav, tone

_HEADER = 44
"""Of a WAV file. Its lengths are only right once it is closed, which one that is killed never does."""


class Softphone:
    """A softphone's process."""

    def __init__(self, process: asyncio.subprocess.Process, folder: Path, recordings: str) -> None:
        self.process = process
        self._folder = folder
        self._recordings = recordings

    def heard(self) -> Samples:
        """What it has heard so far, of all its calls, the oldest first."""
        bodies = [each.read_bytes()[_HEADER:] for each in sorted(self._folder.glob(self._recordings))]
        return np.frombuffer(b"".join(each[: len(each) // 2 * 2] for each in bodies), np.int16)

    def is_registered(self) -> bool:
        """Whether it says so; baresip alone does."""
        return "200 OK" in (self._folder / "log").read_text()

    async def kill(self) -> None:
        """Takes it away without a word to anybody."""
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        await self.process.wait()


@asynccontextmanager
async def baresip(
    folder: Path, server: str, user: str, secret: str, hz: float, *, settings: str = "", account: str = ""
) -> AsyncIterator[Softphone]:
    """Baresip, registered at `server` (host, port and maybe a transport)."""
    folder.mkdir()  # noqa: ASYNC240 - nothing else goes on yet
    speech = to_wav(folder / "speech.wav", tone([hz], 60))
    (folder / "config").write_text(
        "sip_listen 127.0.0.1:0\n"
        f"audio_source aufile,{speech}\n"
        "module_path /usr/lib/baresip/modules\n"
        "module g711.so\nmodule aufile.so\nmodule sndfile.so\nmodule_tmp account.so\nmodule_app menu.so\n"
        f"snd_path {folder}\n{settings}"
    )
    line = f"<sip:{user}@{server}>;auth_user={user};auth_pass={secret};regint=60;answermode=auto{account}\n"
    (folder / "accounts").write_text(line)
    (folder / "contacts").write_text("")
    async with _running(folder, ["baresip", "-f", str(folder)], {}) as process:
        yield Softphone(process, folder, "dump-*-dec.wav")


@asynccontextmanager
async def linphone(folder: Path, server: str, user: str, secret: str, hz: float) -> AsyncIterator[Softphone]:
    """Linphone's console, registered at `server` (host and port)."""
    speech, heard = folder / "speech.wav", folder / "heard.wav"
    (folder / ".local/share/linphone").mkdir(parents=True)
    to_wav(speech, tone([hz], 60))
    settings = folder / "linphonerc"
    settings.write_text(
        f"[sip]\nsip_port={free_port(socket.SOCK_DGRAM)}\nsip_tcp_port=0\ndefault_proxy=0\n"
        f"[rtp]\naudio_rtp_port={free_port(socket.SOCK_DGRAM)}\n"
        f"[auth_info_0]\nusername={user}\npasswd={secret}\n"
        f"[proxy_0]\nreg_proxy=<sip:{server};transport=udp>\nreg_identity=sip:{user}@{server}\n"
        "reg_expires=60\nreg_sendregister=1\n"
    )
    home = {"HOME": str(folder), "XDG_CONFIG_HOME": str(folder), "XDG_DATA_HOME": str(folder)}
    async with _running(folder, ["linphonec", "-a", "-c", str(settings)], home) as process:
        assert process.stdin is not None
        process.stdin.write(f"soundcard use files\nplay {speech}\nrecord {heard}\n".encode())
        yield Softphone(process, folder, heard.name)


@asynccontextmanager
async def _running(
    folder: Path, words: list[str], more: Mapping[str, str]
) -> AsyncIterator[asyncio.subprocess.Process]:
    with (folder / "log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *words, stdin=asyncio.subprocess.PIPE, stdout=log, stderr=log, env=os.environ | more
        )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
