"""The loop of a simulated process: SIP, timers, events as JSON lines on stdout, and its end.

The process ends when its standard input does, so none is left behind by a parent that was killed; or
on SIGTERM. SIGINT is left to the parent: Ctrl-C reaches the whole group, and the parent ends its
children in order.
"""

import heapq
import itertools
import json
import os
import select
import signal
import sys
import time
from collections.abc import Callable
from typing import TypeVar

import msgspec

from dialer.switch.endpoint import Endpoint, IncomingHandler
from dialer.switch.options import EndpointOptions
from dialer.switch.sip_call import EndpointError

_POLL_MS = 10
_STDIN = 0
_STDOUT = 1

Options = TypeVar("Options")


class Loop:
    """Runs an endpoint, and what is due, until the process has to end."""

    def __init__(self, options: EndpointOptions, on_incoming: IncomingHandler) -> None:
        """Raises EndpointError where SIP cannot be had."""
        self._endpoint = Endpoint(options, on_incoming)
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._ending = False

    def after(self, delay_s: float, do: Callable[[], None]) -> None:
        """Has something done later, or with a delay of 0 as soon as the SIP callbacks have returned."""
        heapq.heappush(self._due, (time.monotonic() + delay_s, next(self._order), do))

    def every(self, interval_s: float, do: Callable[[], None]) -> None:
        """Has something done again and again."""

        def again() -> None:
            do()
            self.after(interval_s, again)

        self.after(interval_s, again)

    def say(self, event: str, **fields: object) -> None:
        """Writes an event as one JSON line, with `at` in Unix seconds; nobody there to read ends the loop."""
        line = json.dumps({"event": event, "at": time.time(), **fields}) + "\n"
        try:
            os.write(_STDOUT, line.encode())
        except BrokenPipeError:
            self._end()

    def run(self) -> None:
        """Works until the end, then cuts off what calls are left."""
        signal.signal(signal.SIGTERM, lambda *_: self._end())
        self.say(
            "listening", host=self._endpoint.host, port=self._endpoint.port, tls_port=self._endpoint.tls_port
        )
        try:
            while not self._ending:
                self._turn()
        finally:
            self._endpoint.close()

    def _turn(self) -> None:
        try:
            self._endpoint.poll(_POLL_MS)
            while self._due and self._due[0][0] <= time.monotonic():
                _, _, do = heapq.heappop(self._due)
                do()
        except EndpointError as error:
            self.say("error", message=str(error))
        readable, _, _ = select.select([_STDIN], [], [], 0)
        if readable and not os.read(_STDIN, 4096):
            self._end()

    def _end(self) -> None:
        self._ending = True


def run_process(name: str, kind: type[Options], start: Callable[[Options], Loop]) -> int:
    """The main function of a simulated process: options from the command line, exit code back.

    0: done; 1: SIP could not be had; 2: the options are not what they have to be.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        options = msgspec.json.decode(sys.argv[1] if len(sys.argv) > 1 else "{}", type=kind)
    except (msgspec.MsgspecError, ValueError) as error:
        print(f"{name}: the options are not understood: {error}.", file=sys.stderr)
        return 2
    try:
        loop = start(options)
    except EndpointError as error:
        print(f"{name}: {error}", file=sys.stderr)
        return 1
    loop.run()
    return 0
