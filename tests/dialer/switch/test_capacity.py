"""What the binding holds is found by asking it, and said before the first call."""

from pathlib import Path

import pytest

from dialer.switch.capacity import (
    BindingCapacity,
    BindingMissing,
    BindingTooSmall,
    ask_binding,
    require_lines,
)


async def test_our_binding_holds_two_thousand_calls_and_encrypts() -> None:
    capacity = await ask_binding()
    assert capacity.max_calls == 2000
    assert capacity.tls
    assert capacity.srtp
    assert capacity.version.startswith("2.")


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
