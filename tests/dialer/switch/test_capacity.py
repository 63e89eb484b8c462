"""What the binding holds is found by asking it, and said before the first call."""

import asyncio
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from dialer.switch.capacity import (
    BindingCapacity,
    BindingDied,
    BindingMissing,
    BindingTooSmall,
    ask_binding,
    require_lines,
)
from tests.support import eventually

Fake = Callable[[str], object]


async def test_our_binding_holds_two_thousand_calls_and_encrypts() -> None:
    capacity = await ask_binding()
    assert capacity.max_calls == 2000
    assert capacity.tls
    assert capacity.srtp
    assert capacity.version.startswith("2.")


FEW_FILES = """
import resource
resource.setrlimit(resource.RLIMIT_NOFILE, (200, 200))
from dialer.switch.probe import measure
print(measure(1_000).max_calls)
import os, sys
sys.stdout.flush()
os._exit(0)
"""


async def test_asking_takes_no_rtp_ports_from_a_dialer_that_runs() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", FEW_FILES, stdout=asyncio.subprocess.PIPE
    )
    said, _ = await process.communicate()
    assert said.split() == [b"1000"]


async def test_asking_goes_no_further_than_it_has_to() -> None:
    assert (await ask_binding(up_to=7)).max_calls == 7


def test_a_binding_too_small_for_the_lines_says_how_to_mend_it() -> None:
    small = BindingCapacity(version="2.15.1", max_calls=4, tls=True, srtp=True)
    require_lines(small, 4)
    with pytest.raises(BindingTooSmall, match=r"holds 4 calls, and 5 lines .* docker/pjsua2/build"):
        require_lines(small, 5)


async def test_a_missing_binding_says_how_to_build_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pjsua2.py").write_text("raise ImportError('no such library')\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(BindingMissing, match=r"no such library.*docker/pjsua2/build"):
        await ask_binding()


@pytest.fixture
def binding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fake:
    """Has this code loaded instead of the binding, in the test's folder."""
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return (tmp_path / "pjsua2.py").write_text


async def test_a_binding_that_a_signal_ends_is_not_said_to_be_missing(binding: Fake, tmp_path: Path) -> None:
    binding("import os; print('x', file=open('asked', 'a')); os.kill(os.getpid(), 9)")
    with pytest.raises(BindingDied, match=r"ended by signal 9 \(SIGKILL\)"):
        await ask_binding()
    assert (tmp_path / "asked").read_text().split() == ["x", "x"]


async def test_a_binding_that_failed_without_a_word_is_asked_once_more(binding: Fake) -> None:
    binding(
        "import os\n"
        "if not os.path.exists('asked'): open('asked', 'w'); os._exit(3)\n"
        "raise ImportError('the second time')\n"
    )
    with pytest.raises(BindingMissing, match="the second time"):
        await ask_binding()


async def test_asking_is_out_of_reach_of_the_terminal_and_ends_with_whoever_asked(
    binding: Fake, tmp_path: Path
) -> None:
    binding("import os, time; print(os.getpid(), file=open('pid', 'w'), flush=True); time.sleep(60)")
    written = tmp_path / "pid"
    asking = asyncio.create_task(ask_binding())
    await eventually(lambda: written.exists() and written.read_text().endswith("\n"))
    pid = int(written.read_text())
    assert os.getpgid(pid) == pid
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
