"""Phones that answer at once and say a tone, so that a machine can tell who is heard where."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from tests.dialer.switch.conftest import Address
from tests.dialer.switch.test_endpoint import EarlyPhone
from tests.recordings import square


class SilentPhone(EarlyPhone):
    """Answers, and sends no packet of sound."""

    def _speak(self, peer: Address) -> None:
        pass


@contextlib.asynccontextmanager
async def phone(hz: int) -> AsyncIterator[str]:
    """Somebody who answers one call at once and says a tone, or nothing at 0 Hz; yields host and port."""
    loop = asyncio.get_running_loop()
    kind = EarlyPhone if hz else SilentPhone
    transport, made = await loop.create_datagram_endpoint(kind, local_addr=("127.0.0.1", 0))
    made.tone = square(hz) if hz else b""
    try:
        yield f"127.0.0.1:{transport.get_extra_info('sockname')[1]}"
    finally:
        made.close()
