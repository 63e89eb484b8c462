"""What set-up says where it cannot go on: one sentence, and the right exit code."""

import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from tests.docker.scripts import (
    BUILD,
    DOCKER,
    SETUP,
    SYSTEM,
    assert_one_sentence,
    executable,
    kept_wheel,
    machine,
    python_with,
    run,
)

# --- Debian packages ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ((), "docker/setup packages GROUP"),
        (("everything",), "docker/setup packages GROUP"),
        (("packages",), "run, build or test"),
        (("packages", "run", "nonsense"), "nonsense"),
        (("python", "nonsense"), "nonsense"),
    ],
)
def test_a_wrong_call_is_told_how_to_call(arguments: tuple[str, ...], named: str) -> None:
    assert_one_sentence(run(SETUP, *arguments), 2, named)


def test_without_root_or_sudo_the_missing_packages_are_named(tmp_path: Path) -> None:
    path = machine(tmp_path, without=("sudo",), id="echo 1000", dpkg_query="echo not-installed")
    result = run(SETUP, "packages", "run", "build", PATH=path)
    assert_one_sentence(result, 1, "apt-get install", "python3-venv", "swig", "libopus-dev")
    assert "#" not in result.stderr


def test_with_sudo_only_what_is_missing_is_installed(tmp_path: Path) -> None:
    path = machine(
        tmp_path,
        id="echo 1000",
        sudo=f'echo "$@" >>{tmp_path}/asked',
        dpkg_query='[ "$4" = swig ] || echo installed',
    )
    result = run(SETUP, "packages", "run", "build", PATH=path)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "setup: installing swig\n")
    update, install = (tmp_path / "asked").read_text().splitlines()
    assert update == "apt-get update -q"
    assert install.endswith("apt-get install -q -y --no-install-recommends swig")


def test_nothing_is_said_or_done_where_every_package_is_there(tmp_path: Path) -> None:
    path = machine(tmp_path, without=("sudo", "apt-get"), id="echo 1000", dpkg_query="echo installed")
    result = run(SETUP, "packages", "run", "build", "test", PATH=path)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


@pytest.mark.parametrize(("program", "named"), [("dpkg-query", "not Debian"), ("apt-get", "no apt-get here")])
def test_a_machine_without_debians_tools_is_told_what_to_install(
    tmp_path: Path, program: str, named: str
) -> None:
    fakes = {} if program == "dpkg-query" else {"dpkg_query": "echo not-installed"}
    path = machine(tmp_path, without=(program,), **fakes)
    assert_one_sentence(run(SETUP, "packages", "run", PATH=path), 1, named)


def test_what_apt_could_not_do_is_the_last_thing_said(tmp_path: Path) -> None:
    path = machine(tmp_path, id="echo 0", dpkg_query="echo no", apt_get='[ "$1" = update ] || exit 100')
    result = run(SETUP, "packages", "test", PATH=path)
    assert result.returncode == 1
    said = result.stderr.splitlines()[-1]
    assert said.startswith("setup: error: apt could not install baresip-core kamailio ")


# --- Python and the source --------------------------------------------------------------------------


@pytest.mark.parametrize("script", [(SETUP, "python"), (BUILD,)], ids=["setup", "build"])
@pytest.mark.parametrize("kind", ["missing", "too old", "no python at all"])
def test_a_python_that_will_not_do_is_refused(tmp_path: Path, script: tuple[Path, ...], kind: str) -> None:
    pretend = f'exec {sys.executable} -c "import sys; sys.version_info = (3, 10); exec(sys.argv[1])" "$2"'
    pythons = {
        "missing": tmp_path / "nowhere",
        "too old": executable(tmp_path / "old", f"#!/bin/sh\n{pretend}\n"),
        "no python at all": Path("/bin/false"),
    }
    environment = {"VENV": str(tmp_path / "venv"), "DIALER_CACHE_DIR": str(tmp_path / "cache")}
    result = run(script[0], *map(str, script[1:]), PYTHON=str(pythons[kind]), **environment)
    assert_one_sentence(result, 1, "Python 3.11", str(pythons[kind]))
    assert not (tmp_path / "venv").exists()


class Installing:
    """`docker/setup python` into a new environment, where pip only notes what it is asked for."""

    def __init__(self, folder: Path) -> None:
        self._asked = folder / "asked"
        self.environment = {
            "PYTHON": str(python_with(f'echo "$@" >>{self._asked}', folder / "tools")),
            "VENV": str(folder / "venv"),
            **kept_wheel(),
        }

    def __call__(self, *extra: str, **environment: str) -> list[str]:
        """What pip was asked to install as the dialer."""
        self._asked.write_text("")
        result = run(SETUP, "python", *extra, **(self.environment | environment))
        assert result.returncode == 0, result.stderr
        return [
            line.split()[-1] for line in self._asked.read_text().splitlines() if " constraints.txt " in line
        ]


def test_what_is_there_is_not_installed_again_with_or_without_the_tests_part(tmp_path: Path) -> None:
    install = Installing(tmp_path)
    assert install() == ["."]
    assert install() == []
    assert install("dev") == [".[dev]"]
    assert install() == install("dev") == []


def test_what_is_there_of_another_time_is_installed_again(tmp_path: Path) -> None:
    install = Installing(tmp_path)
    assert install("dev") == [".[dev]"]
    (tmp_path / "venv" / ".set-up-dev").write_text("what was asked for then")
    assert install() == ["."]
    assert install("dev") == [".[dev]"]


@pytest.mark.parametrize("same", [True, False])
def test_an_environment_that_another_python_made_is_made_anew(tmp_path: Path, same: bool) -> None:
    install = Installing(tmp_path)
    former = tmp_path / "venv"
    (former / "bin").mkdir(parents=True)
    for file in ("pyvenv.cfg", "left-over"):
        (former / file).touch()
    (former / "bin" / "python").symlink_to(sys.executable if same else tmp_path / "gone")
    assert install() == ["."]
    assert (former / "left-over").exists() == same


def test_what_does_not_follow_the_code_is_always_installed_again(tmp_path: Path) -> None:
    install = Installing(tmp_path)
    assert install(DIALER_INSTALL_FLAGS="") == install(DIALER_INSTALL_FLAGS="") == ["."]


def _no_release(folder: Path) -> Path:
    (folder / "readme").write_text("hello")
    archive = folder / "hello.tar.gz"
    with tarfile.open(archive, "w:gz") as writer:
        writer.add(folder / "readme", "hello/readme")
    return archive


def test_a_source_that_is_not_there_or_not_pjproject_is_refused(tmp_path: Path) -> None:
    cache = str(tmp_path / "cache")
    text = tmp_path / "text.tar"
    text.write_text("not an archive")
    for source, named in {
        tmp_path / "nowhere": "does not exist",
        DOCKER: "not a pjproject release",
        text: "cannot be unpacked",
        _no_release(tmp_path): "has no version.mak",
    }.items():
        result = run(BUILD, PJPROJECT_SOURCE=str(source), DIALER_CACHE_DIR=cache)
        spoken = [line for line in result.stderr.splitlines() if " error: " in line]
        assert result.returncode == 1
        assert spoken == result.stderr.splitlines()[-1:], result.stderr
        assert named in spoken[0]
        assert str(source) in spoken[0]
    assert not list(tmp_path.glob("cache/pjsua2/build.*"))


def test_a_source_with_another_checksum_is_refused(tmp_path: Path) -> None:
    archive = str(_no_release(tmp_path))
    environment = {"PJPROJECT_SHA256": "0" * 64, "DIALER_CACHE_DIR": str(tmp_path / "cache")}
    for source in (archive, str(DOCKER / "nowhere"), ""):
        result = run(BUILD, PJPROJECT_SOURCE=source, **environment)
        assert_one_sentence(result, 1, "PJPROJECT_S")
    assert "checksum" in run(BUILD, PJPROJECT_SOURCE=archive, **environment).stderr


# --- what the build needs ----------------------------------------------------------------------------


def test_missing_tools_and_headers_are_named_by_their_packages(tmp_path: Path) -> None:
    compiler = shutil.which("gcc", path=":".join(SYSTEM))
    path = machine(
        tmp_path,
        without=("swig", "xz"),
        gcc=f'read -r line; case $line in *opus*|*gsm*) exit 1;; esac; echo "$line" | {compiler} "$@"',
    )
    result = run(BUILD, PATH=path, DIALER_CACHE_DIR=str(tmp_path / "cache"))
    assert_one_sentence(result, 1, "apt-get install swig xz-utils libgsm1-dev libopus-dev\n")


def test_a_machine_without_a_compiler_needs_one_package(tmp_path: Path) -> None:
    path = machine(tmp_path, without=("gcc", "g++", "make"))
    result = run(BUILD, PATH=path, DIALER_CACHE_DIR=str(tmp_path / "cache"))
    assert_one_sentence(result, 1, "apt-get install build-essential\n")


def test_a_machine_without_apt_needs_a_source(tmp_path: Path) -> None:
    path = machine(tmp_path, without=("apt-get",))
    result = run(BUILD, PATH=path, DIALER_CACHE_DIR=str(tmp_path / "cache"))
    assert_one_sentence(result, 1, "PJPROJECT_SOURCE")


def test_a_cache_folder_that_will_not_do_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "locked" / "pjsua2" / ".lock").mkdir(parents=True)
    for folder in ("file", "locked", "with space"):
        result = run(BUILD, DIALER_CACHE_DIR=str(tmp_path / folder))
        assert_one_sentence(result, 1, str(tmp_path / folder), "DIALER_CACHE_DIR")


# --- the scripts themselves -----------------------------------------------------------------------------


def _scripts() -> list[Path]:
    files = [each for each in DOCKER.rglob("*") if each.is_file() and "secrets.d" not in each.parts]
    return [each for each in files if each.read_bytes().startswith(b"#!/")]


@pytest.mark.parametrize("script", _scripts(), ids=lambda path: str(path.relative_to(DOCKER)))
def test_every_script_can_be_read_by_its_shell_and_be_run(script: Path) -> None:
    shell = script.read_text().splitlines()[0].removeprefix("#!").split()
    subprocess.run([*shell, "-n", script], check=True)
    assert os.access(script, os.X_OK)


def test_every_kind_of_script_was_found() -> None:
    names = {str(each.relative_to(DOCKER)) for each in _scripts()}
    assert names >= {"setup", "secrets", "pjsua2/build", "kamailio/start", "mosquitto/start"}
