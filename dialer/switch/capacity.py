"""What the installed pjsua2 binding can do, found by asking it.

`python -m dialer.switch.capacity UP_TO` asks in a process of its own and prints JSON: the library can be
started once in a process, and asking takes every call it has.
"""

import asyncio
import contextlib
import json
import os
import signal
import sys
from dataclasses import asdict, dataclass

import msgspec

from dialer.errors import DialerError

MORE_THAN_ANY_BUILD = 100_000
_ASK_WITHIN_S = 30.0


class BindingMissing(DialerError):
    """The pjsua2 binding is not there or does not start; the message says how to build it."""

    code = "pjsua2-missing"


class BindingDied(BindingMissing):
    """A signal ended the process that asked the binding."""

    code = "pjsua2-died"


class BindingTooSmall(DialerError):
    """The binding holds fewer calls than the settings ask for."""

    code = "pjsua2-too-small"


@dataclass(frozen=True)
class BindingCapacity:
    """The version of PJSIP, how many calls a process holds, and what it can encrypt."""

    version: str
    max_calls: int
    tls: bool
    srtp: bool


def require_lines(capacity: BindingCapacity, lines: int) -> None:
    """Raises BindingTooSmall where the binding does not hold that many calls."""
    if capacity.max_calls < lines:
        raise BindingTooSmall(
            f"The installed pjsua2 binding holds {capacity.max_calls} calls, and {lines} lines are set "
            "(DIALER_SIP__LINES). Build the one that holds 2,000 with docker/pjsua2/build and install the "
            "wheel it prints, or set fewer lines."
        )


async def ask_binding(up_to: int = MORE_THAN_ANY_BUILD) -> BindingCapacity:
    """Asks the installed binding, counting no further than `up_to` calls.

    Asks once more where it fails without a word. Raises BindingMissing, and BindingDied where a signal
    ended it.
    """
    answer = await _ask(up_to)
    if answer.failed and not answer.complaint:
        answer = await _ask(up_to)
    if answer.exit_code < 0:
        said = f", and said last: {answer.complaint}" if answer.complaint else ""
        raise BindingDied(
            f"The pjsua2 binding could not be asked: it was ended by signal {_signal_name(-answer.exit_code)}"
            f"{said}. Start again; if that does not help, build it anew with docker/pjsua2/build."
        )
    if answer.failed:
        raise BindingMissing(
            f"The pjsua2 binding cannot be used: {answer.complaint or 'it said nothing'}. Build it with "
            "docker/pjsua2/build and install the wheel it prints; `make demo` and `make test` do both."
        )
    return msgspec.json.decode(answer.output, type=BindingCapacity)


@dataclass(frozen=True)
class _Answer:
    exit_code: int
    output: bytes
    complaint: str

    @property
    def failed(self) -> bool:
        return self.exit_code != 0


async def _ask(up_to: int) -> _Answer:
    """Has a process ask, which is gone afterwards in any case. Raises BindingMissing where it takes long."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "dialer.switch.capacity",
        str(up_to),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        # Of its own session, so that Ctrl-C is ours to handle and no fault of the binding.
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(_ASK_WITHIN_S):
            output, errors = await process.communicate()
    except TimeoutError:
        raise BindingMissing("The pjsua2 binding did not answer within 30 s.") from None
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    said = errors.decode("utf-8", "replace").strip().splitlines()
    return _Answer(process.returncode or 0, output, said[-1] if said else "")


def _signal_name(number: int) -> str:
    try:
        return f"{number} ({signal.Signals(number).name})"
    except ValueError:
        return str(number)


def main() -> None:
    """Asks, and prints the answer as JSON."""
    # Imported here, so that the error of a missing binding is this process's to tell.
    from dialer.switch.probe import measure

    try:
        print(json.dumps(asdict(measure(int(sys.argv[1])))), flush=True)
    except Exception as error:  # noqa: BLE001 - the binding's own error is told by its reason
        print(getattr(error, "reason", None) or repr(error), file=sys.stderr, flush=True)
        os._exit(1)
    # The library has calls up to the brim, and may abort when it is torn down with them.
    os._exit(0)


if __name__ == "__main__":
    main()
