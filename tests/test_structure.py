"""The structure that the documents promise is the one that stands."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def tracked_files() -> list[Path]:
    listed = run("git", "ls-files", "-co", "--exclude-standard")
    if listed.returncode == 0:
        return [ROOT / name for name in listed.stdout.splitlines() if (ROOT / name).is_file()]
    return [path for path in ROOT.rglob("*") if path.is_file() and ".venv" not in path.parts]


def test_rooms_know_only_whom_they_may_know() -> None:
    checked = run(str(Path(sys.executable).parent / "lint-imports"))
    assert checked.returncode == 0, checked.stdout[-3000:]


def test_the_code_is_typed() -> None:
    checked = run(sys.executable, "-m", "mypy")
    assert checked.returncode == 0, checked.stdout[-3000:]


def test_the_code_follows_its_style() -> None:
    for command in (("check",), ("format", "--check")):
        checked = run(sys.executable, "-m", "ruff", *command, ".")
        assert checked.returncode == 0, checked.stdout[-3000:]


def test_the_top_level_is_as_agreed() -> None:
    folders = "bench campaigns dialer docker docs leads tests .ci"
    files = "CHANGELOG.md CONTRIBUTING.md LICENSE Makefile README.md constraints.txt pyproject.toml"
    expected = {*folders.split(), *files.split(), ".dockerignore", ".gitignore"}
    found = {path.relative_to(ROOT).parts[0] for path in tracked_files()}
    assert found == expected


@pytest.mark.parametrize("words", ["TO" + "DO", "FIX" + "ME", "X" * 3])
def test_nothing_is_left_unfinished(words: str) -> None:
    unfinished = re.compile(rf"\b{words}\b")
    found = [
        path.name
        for path in tracked_files()
        if path.suffix == ".py" and unfinished.search(path.read_text(encoding="utf-8"))
    ]
    assert found == []


def test_every_error_has_a_code_of_its_own() -> None:
    import dialer.bootstrap
    import dialer.cli  # noqa: F401
    from campaigns.errors import CampaignsError
    from dialer.errors import DialerError
    from leads.errors import LeadsError

    def below(kind: type[Exception]) -> list[type[Exception]]:
        return [each for child in kind.__subclasses__() for each in (child, *below(child))]

    kinds = [each for root in (CampaignsError, DialerError, LeadsError) for each in (root, *below(root))]
    codes = [each.__dict__.get("code") for each in kinds]
    assert None not in codes
    assert len(set(codes)) == len(codes)
    assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", str(code)) for code in codes)
