"""What set-up says where it cannot go on, and that a build of the binding is kept whole or not at all.

The build itself takes minutes and is done by `make`; here the real script builds a tree that only looks like
pjproject, for a Python whose virtual environments hold a pip that does nothing.
"""

import os
import shutil
import signal
import subprocess
import sys
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from tests.support import eventually

DOCKER = Path(__file__).parents[2] / "docker"
SETUP = DOCKER / "setup"
BUILD = DOCKER / "pjsua2" / "build"
WHEEL = "pjsua2-2.17-cp311-cp311-linux_x86_64.whl"
SYSTEM = ("/usr/sbin", "/usr/bin", "/sbin", "/bin")


def run(script: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [script, *arguments], env=_environment(environment), capture_output=True, text=True, timeout=30
    )


def _environment(changes: Mapping[str, str]) -> dict[str, str]:
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
    assert result.stderr.splitlines()[-1].startswith("setup: error: apt could not install kamailio")


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


# --- the wheel ----------------------------------------------------------------------------------------


def test_the_wheel_that_make_has_built_is_used_again(tmp_path: Path) -> None:
    cache = {name: os.environ[name] for name in ("DIALER_CACHE_DIR",) if name in os.environ}
    cannot_build = machine(tmp_path, without=("swig", "apt-get"))
    result = run(BUILD, PATH=cannot_build, **cache)
    assert result.returncode == 0, f"make setup has to run first: {result.stderr}"
    assert result.stderr == "pjsua2: using the wheel built before\n"
    assert Path(result.stdout.strip()).is_file()


class Workshop:
    """A source that only looks like pjproject, a Python to build for, and a cache."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.cache = folder / "cache" / "pjsua2"
        self.source = folder / "pjproject"
        self.hold = folder / "hold"
        self.started = folder / "started"
        for part in ("pjlib/include/pj", "pjmedia/src/pjmedia-audiodev", "pjsip-apps/src/swig/python/dist"):
            (self.source / part).mkdir(parents=True)
        (self.source / "version.mak").touch()
        (self.source / "Makefile").write_text("dep clean lib:\n")
        binding = self.source / "pjsip-apps/src/swig/python"
        (binding / "Makefile").write_text(f"wheel:\n\techo whole >dist/{WHEEL}\n")
        waiting = f"echo >>{self.started}\nwhile [ -e {self.hold} ]; do sleep 0.02; done"
        executable(self.source / "aconfigure", f"#!/bin/sh\n{waiting}\n")
        python = f"""#!/bin/sh
case "$*" in
    *sys.executable*) echo "$0" ;;
    "-m venv "*) mkdir -p "$3/bin" && ln -s /bin/true "$3/bin/pip" ;;
    *) exec {sys.executable} "$@" ;;
esac
"""
        self.environment = {
            "PYTHON": str(executable(folder / "python", python)),
            "PJPROJECT_SOURCE": str(self.source),
            "DIALER_CACHE_DIR": str(folder / "cache"),
        }

    def build(self) -> subprocess.CompletedProcess[str]:
        return run(BUILD, **self.environment)

    @contextmanager
    def building(self) -> Iterator[subprocess.Popen[str]]:
        """A build that goes on in the background."""
        process = subprocess.Popen(
            [BUILD],
            env=_environment(self.environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        try:
            yield process
        finally:
            self.hold.unlink(missing_ok=True)
            process.kill()
            process.communicate()

    def builds(self) -> int:
        """How many builds came as far as configuring."""
        return len(self.started.read_text().splitlines()) if self.started.exists() else 0

    def left(self) -> list[str]:
        """What the cache holds, wheels apart."""
        return sorted(each.name for each in self.cache.iterdir() if not list(each.glob("*.whl")))

    def steps(self) -> list[psutil.Process]:
        """The steps that run now, of whatever build."""
        mark = str(self.source), str(self.cache)
        return [
            each
            for each in psutil.process_iter(["cmdline", "cwd"])
            if str(each.info["cwd"]).startswith(mark) and each.info["cmdline"]
        ]


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    return Workshop(tmp_path)


def test_a_wheel_is_built_once_and_again_only_for_another_source(workshop: Workshop) -> None:
    first = workshop.build()
    assert first.returncode == 0, first.stderr
    assert Path(first.stdout.strip()).read_text() == "whole\n"
    again = workshop.build()
    assert (again.returncode, again.stdout) == (0, first.stdout)
    assert again.stderr == "pjsua2: using the wheel built before\n"
    assert workshop.builds() == 1

    (workshop.source / "patch.c").write_text("another release")
    other = workshop.build()
    assert other.returncode == 0
    assert other.stdout != first.stdout
    assert workshop.builds() == 2
    assert workshop.left() == [".lock"]


def test_a_release_in_an_archive_is_built_where_its_checksum_is_right(workshop: Workshop) -> None:
    archive = workshop.folder / "pjproject.tar.gz"
    with tarfile.open(archive, "w:gz") as writer:
        writer.add(workshop.source, "pjproject-2.17")
    checksum = subprocess.run(["sha256sum", archive], capture_output=True, text=True, check=True).stdout
    workshop.environment |= {"PJPROJECT_SOURCE": str(archive), "PJPROJECT_SHA256": checksum.split()[0]}
    result = workshop.build()
    assert result.returncode == 0, result.stderr
    assert Path(result.stdout.strip()).name == WHEEL
    assert "taken as it is" not in result.stderr

    workshop.environment["PJPROJECT_SHA256"] = "0" * 64
    assert_one_sentence(workshop.build(), 1, "checksum")


def test_a_step_that_fails_says_why_and_leaves_nothing(workshop: Workshop) -> None:
    executable(workshop.source / "aconfigure", "#!/bin/sh\necho no compiler today\nexit 7\n")
    result = workshop.build()
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.splitlines()[-2:] == [
        "no compiler today",
        "pjsua2: error: configuring did not work; the last lines are above.",
    ]
    assert workshop.left() == [".lock"]


def test_no_step_is_taken_for_done_whose_first_part_failed(workshop: Workshop) -> None:
    (workshop.source / "Makefile").write_text("dep:\n\tfalse\nclean lib:\n")
    result = workshop.build()
    assert (result.returncode, result.stdout) == (1, "")
    assert "compiling PJSIP did not work" in result.stderr


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["SIGINT", "SIGTERM"]
)
async def test_an_interrupted_build_leaves_nothing_and_gives_its_lock_back(
    workshop: Workshop, number: signal.Signals, code: int
) -> None:
    workshop.hold.touch()
    with workshop.building() as process:
        await eventually(workshop.builds)
        assert workshop.steps()
        process.send_signal(number)
        said, _ = process.communicate(timeout=10)
        assert (process.returncode, said) == (code, "")
        assert workshop.left() == [".lock"]
        await eventually(lambda: not workshop.steps())
    after = workshop.build()
    assert after.returncode == 0, after.stderr
    assert "waiting" not in after.stderr


async def test_what_a_killed_build_leaves_is_cleared_by_the_next(workshop: Workshop) -> None:
    workshop.hold.touch()
    with workshop.building() as process:
        await eventually(workshop.builds)
        process.kill()
        process.wait()
    assert workshop.left() != [".lock"]
    after = workshop.build()
    assert after.returncode == 0, after.stderr
    assert "waiting" not in after.stderr
    assert workshop.left() == [".lock"]


async def test_of_two_builds_at_once_one_works_and_the_other_waits(workshop: Workshop) -> None:
    workshop.hold.touch()
    with workshop.building() as first:
        await eventually(workshop.builds)
        with workshop.building() as second:
            assert second.stderr is not None
            assert second.stderr.readline() == "pjsua2: another build is running; waiting for it\n"
            workshop.hold.unlink()
            wheel, said = second.communicate(timeout=10)
            assert (second.returncode, said) == (0, "pjsua2: using the wheel built before\n")
        assert first.communicate(timeout=10)[0] == wheel
    assert workshop.builds() == 1


async def test_a_build_that_waits_can_be_interrupted(workshop: Workshop) -> None:
    workshop.hold.touch()
    with workshop.building() as first:
        await eventually(workshop.builds)
        with workshop.building() as second:
            assert second.stderr is not None
            second.stderr.readline()
            second.terminate()
            assert second.wait(timeout=10) == 143
        workshop.hold.unlink(missing_ok=True)
        first.communicate(timeout=10)
        assert first.returncode == 0


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
