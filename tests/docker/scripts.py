"""docker/setup and docker/pjsua2/build, run as they are on machines that lack this or that."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

DOCKER = Path(__file__).parents[2] / "docker"
SETUP = DOCKER / "setup"
BUILD = DOCKER / "pjsua2" / "build"
SYSTEM = ("/usr/sbin", "/usr/bin", "/sbin", "/bin")


def run(script: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [script, *arguments], env=environment_with(environment), capture_output=True, text=True, timeout=90
    )


def environment_with(changes: Mapping[str, str]) -> dict[str, str]:
    """Ours, less what set-up reads; PYTHON is the one that runs the tests."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("DIALER_", "PJPROJECT_")) and name != "VENV"
    }
    return kept | {"PYTHON": sys.executable} | changes


def assert_one_sentence(result: subprocess.CompletedProcess[str], code: int, *named: str) -> None:
    assert result.returncode == code, result.stderr
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1, result.stderr
    assert result.stderr.startswith(("setup: error: ", "pjsua2: error: "))
    for each in named:
        assert each in result.stderr


def executable(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


def machine(folder: Path, *, without: tuple[str, ...] = (), **programs: str) -> str:
    """A PATH with everything that is installed here, less some programs, and others as given."""
    tools = folder / "tools"
    tools.mkdir()
    for name, text in programs.items():
        executable(tools / name.replace("_", "-"), f"#!/bin/sh\n{text}\n")
    for program in (each for place in SYSTEM for each in Path(place).glob("*")):
        if program.name not in without and not (tools / program.name).exists():
            (tools / program.name).symlink_to(program)
    return str(tools)


def python_with(pip: str, folder: Path) -> Path:
    """A Python whose virtual environments hold, as pip, a shell script of this text."""
    executable(folder / "pip", f"#!/bin/sh\n{pip}\n")
    return executable(
        folder / "python",
        f"""#!/bin/sh
case "$*" in
    *sys.executable*) echo "$0" ;;
    "-m venv --clear "*) rm -rf "$4" && mkdir -p "$4/bin" && ln -sf {folder}/pip "$4/bin/pip" ;;
    "-m venv "*) mkdir -p "$3/bin" && ln -sf {folder}/pip "$3/bin/pip" ;;
    *) exec {sys.executable} "$@" ;;
esac
""",
    )


def kept_wheel() -> dict[str, str]:
    """Where `make` keeps the wheel it has built, as the scripts are told it."""
    return {name: os.environ[name] for name in ("DIALER_CACHE_DIR",) if name in os.environ}
