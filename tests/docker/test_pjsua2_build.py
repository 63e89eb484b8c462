"""A build of the pjsua2 binding is kept whole or not at all, and used again.

The build itself takes minutes and is done by `make`; here the real script builds a tree that only looks like
pjproject, for a Python whose virtual environments hold a pip that does nothing.
"""

import shutil
import signal
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from tests.docker.scripts import (
    BUILD,
    assert_one_sentence,
    environment_with,
    executable,
    kept_wheel,
    machine,
    python_with,
    run,
)
from tests.support import eventually

WHEEL = "pjsua2-2.17-cp311-cp311-linux_x86_64.whl"


def test_the_wheel_that_make_has_built_is_used_again(tmp_path: Path) -> None:
    cannot_build = machine(tmp_path, without=("swig", "apt-get"))
    result = run(BUILD, PATH=cannot_build, **kept_wheel())
    assert result.returncode == 0, f"make setup has to run first: {result.stderr}"
    assert result.stderr == "pjsua2: using the wheel built before\n"
    assert Path(result.stdout.strip()).is_file()


PATCHES = sorted(BUILD.parent.glob("*.patch"))


def mended_by(patch: Path) -> str:
    """The file that a patch mends, in a release."""
    named = next(line for line in patch.read_text().splitlines() if line.startswith("+++ b/"))
    return named.removeprefix("+++ b/")


def before(patch: Path) -> str:
    """The lines that a patch looks for, as in a release that has the fault."""
    lines = patch.read_text().splitlines()
    first = next(number for number, line in enumerate(lines) if line.startswith("@@"))
    return "".join(f"{line[1:]}\n" for line in lines[first:] if line[:1] not in ("+", "@"))


class Workshop:
    """A source that only looks like pjproject, a Python to build for, and a cache."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.cache = folder / "cache" / "pjsua2"
        self.source = folder / "pjproject"
        self.hold = folder / "hold"
        self.started = folder / "started"
        for part in (
            "pjlib/include/pj",
            "pjmedia/src/pjmedia-audiodev",
            "pjsip-apps/src/swig/python/dist",
        ):
            (self.source / part).mkdir(parents=True)
        for patch in PATCHES:
            faulty = self.source / mended_by(patch)
            faulty.parent.mkdir(parents=True, exist_ok=True)
            faulty.write_text(before(patch))
        (self.source / "version.mak").touch()
        (self.source / "Makefile").write_text("clean lib:\n")
        binding = self.source / "pjsip-apps/src/swig/python"
        (binding / "Makefile").write_text(f"wheel:\n\techo whole >dist/{WHEEL}\n")
        waiting = f"echo >>{self.started}\nwhile [ -e {self.hold} ]; do sleep 0.02; done"
        executable(self.source / "aconfigure", f"#!/bin/sh\n{waiting}\n")
        self.environment = {
            "PYTHON": str(python_with("", folder / "python")),
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
            env=environment_with(self.environment),
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


def test_patches_are_applied_to_the_faulty_release_and_fit_the_mended_one(workshop: Workshop) -> None:
    source = workshop.folder / "mended"
    assert workshop.build().returncode == 0
    shutil.copytree(workshop.source, source)
    for each in PATCHES:
        with each.open() as patch:
            subprocess.run(["patch", "-p1", "-d", source], stdin=patch, check=True, capture_output=True)
        assert (source / mended_by(each)).read_text() != (workshop.source / mended_by(each)).read_text()
    workshop.environment["PJPROJECT_SOURCE"] = str(source)
    result = workshop.build()
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("patch", PATCHES, ids=lambda patch: patch.stem)
def test_a_release_that_a_patch_does_not_fit_is_refused(workshop: Workshop, patch: Path) -> None:
    (workshop.source / mended_by(patch)).write_text("/* another release */\n")
    result = workshop.build()
    assert result.returncode == 1
    assert f"{patch.name} does not fit this pjproject release" in result.stderr
    assert workshop.left() == [".lock"]


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
    (workshop.source / "Makefile").write_text("clean:\n\tfalse\nlib:\n")
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
        said, _ = process.communicate(timeout=60)
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
            wheel, said = second.communicate(timeout=60)
            assert (second.returncode, said) == (0, "pjsua2: using the wheel built before\n")
        assert first.communicate(timeout=60)[0] == wheel
    assert workshop.builds() == 1


async def test_a_build_that_waits_can_be_interrupted(workshop: Workshop) -> None:
    workshop.hold.touch()
    with workshop.building() as first:
        await eventually(workshop.builds)
        with workshop.building() as second:
            assert second.stderr is not None
            second.stderr.readline()
            second.terminate()
            assert second.wait(timeout=60) == 143
        workshop.hold.unlink(missing_ok=True)
        first.communicate(timeout=60)
        assert first.returncode == 0
