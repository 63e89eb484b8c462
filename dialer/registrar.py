"""Asks our registrar who is registered, so that an agent whose softphone is not there gets nobody."""

from collections.abc import Callable, Sequence

import httpx2
import msgspec
import structlog

from dialer.core.effects import Effect
from dialer.core.floor import Floor
from dialer.softphones import Softphones

LOOK_EVERY_S = 2.0
_LOOK_AGAIN_S = 30.0
"""After a registrar that does not say it, as one that is not ours."""
_ANSWER_WITHIN_S = 2.0
QUESTION = b'{"jsonrpc":"2.0","id":1,"method":"ul.dump","params":["brief"]}'
"""The one request that docker/kamailio/kamailio.cfg answers, to the byte."""

log = structlog.get_logger("registrar")


class _Contact(msgspec.Struct):
    user: str = msgspec.field(name="AoR")


class _Domain(msgspec.Struct):
    contacts: list[_Contact] = msgspec.field(name="AoRs")


class _Wrapped(msgspec.Struct):
    domain: _Domain = msgspec.field(name="Domain")


class _Dump(msgspec.Struct):
    domains: list[_Wrapped] = msgspec.field(name="Domains")


class _Answer(msgspec.Struct):
    result: _Dump


def registered_in(answer: bytes) -> set[str]:
    """The users of Kamailio's `ul.dump`. Raises msgspec.DecodeError."""
    found = msgspec.json.decode(answer, type=_Answer).result.domains
    return {each.user.partition("@")[0] for wrapped in found for each in wrapped.domain.contacts}


class RegistrarWatch:
    """Tells the floor of softphones that are registered no more, or again."""

    def __init__(
        self,
        registrar: str,
        floor: Floor,
        softphones: Softphones,
        clock: Callable[[], float],
        carry_out: Callable[[Sequence[Effect]], None],
    ) -> None:
        """`registrar`: where ours takes the dialer's calls, host or host:port; empty where there is none."""
        port = "" if ":" in registrar else ":5060"
        self._url = f"http://{registrar}{port}/registered" if registrar else ""
        self._floor = floor
        self._softphones = softphones
        self._clock = clock
        self._carry_out = carry_out
        self._known: set[str] | None = None
        self._silent = False

    async def look(self) -> float:
        """Asks, unless no softphone of ours is on shift; in how many seconds to ask again."""
        if not self._url or not self._softphones.at_our_registrar:
            return LOOK_EVERY_S
        try:
            async with httpx2.AsyncClient(timeout=_ANSWER_WITHIN_S, trust_env=False) as client:
                answer = (await client.post(self._url, content=QUESTION)).raise_for_status()
            registered = registered_in(answer.content)
        except (httpx2.HTTPError, msgspec.DecodeError) as error:
            self._is_silent(error)
            return _LOOK_AGAIN_S if self._known is None else LOOK_EVERY_S
        self._silent = False
        self._tell(registered)
        return LOOK_EVERY_S

    def _tell(self, registered: set[str]) -> None:
        came_back = registered - (self._known or set())
        self._known = registered
        for session, user in self._softphones.at_our_registrar.items():
            there, at = user in registered, self._clock()
            self._carry_out(
                self._floor.shifts.registration(session, at, there=there, again=user in came_back)
            )

    def _is_silent(self, error: Exception) -> None:
        if not self._silent:
            log.warning("the registrar does not say who is registered", why=str(error)[:200])
        self._silent = True
