"""What the image holds: its build, step by step as the Dockerfile has it, without a container engine."""

import contextlib
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PACKAGES = ("leads", "campaigns", "dialer")


def _instructions() -> list[str]:
    text = (ROOT / "docker" / "Dockerfile").read_text()
    return [line for line in text.replace("\\\n", " ").splitlines() if line and not line.startswith("#")]


INSTRUCTIONS = _instructions()
COPIES = [line.split()[1:] for line in INSTRUCTIONS if line.startswith("COPY ") and "--from" not in line]
SENT = [
    line.removeprefix("!")
    for line in (ROOT / "docker" / "Dockerfile.dockerignore").read_text().splitlines()
    if line.startswith("!")
]


def test_what_the_image_is_made_of_is_there_and_is_sent() -> None:
    sources = {source for *copied, _ in COPIES for source in copied}
    assert [each for each in sorted(sources) if not (ROOT / each).exists()] == []
    assert sources == set(SENT)


def test_no_secret_can_come_into_an_image() -> None:
    ignored = (ROOT / "docker" / "Dockerfile.dockerignore").read_text().splitlines()
    assert "*" in ignored
    secrets = "docker/secrets.d"
    assert not [each for each in SENT if secrets.startswith(each)]
    assert not [each for *copied, _ in COPIES for each in copied if secrets.startswith(each)]


def test_the_image_is_set_up_by_the_scripts_that_make_runs() -> None:
    made = (ROOT / "Makefile").read_text()
    steps = [line.removeprefix("RUN ") for line in INSTRUCTIONS if line.startswith("RUN ")]
    assert steps[:2] == ["docker/setup packages run build", "docker/pjsua2/build"]
    assert steps[2].endswith("docker/setup python")
    assert "@docker/setup packages run build\n" in made
    assert "@docker/setup python\n" in made


# --- the environment in it --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Image:
    """The virtual environment of the image, and a folder to run in that knows nothing of the source."""

    venv: Path
    source: Path
    folder: Path

    def run(self, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.venv / "bin" / program, *arguments],
            env={
                "PATH": f"{self.venv}/bin:/usr/bin:/bin",
                "DIALER_DATA_DIR": str(self.folder / "data"),
                # Other tests may have the usual ones.
                **{f"DIALER_{each}__PORT": "0" for each in ("SIP", "API", "MQTT")},
            },
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=60,
        )


def _needed(requirements: Iterable[str], extras: Iterable[str] = ("",)) -> Iterator[str]:
    """The distributions that these requirements come to, as far as they are installed here."""
    for requirement in map(Requirement, requirements):
        marker = requirement.marker
        if marker is None or any(marker.evaluate({"extra": extra}) for extra in extras):
            with contextlib.suppress(metadata.PackageNotFoundError):
                inner = metadata.requires(requirement.name) or []
                yield canonicalize_name(requirement.name)
                yield from _needed(inner, ("", *requirement.extras))


def _spare_pip_the_fetching(source: Path, venv: Path) -> None:
    """Puts there what pip would fetch: what the dialer names, and no more, as it is installed here.

    pip still compares every version with what is asked for. That all of it can be fetched is shown wherever
    set-up has run, which is where this test runs.
    """
    here = Path(sysconfig.get_path("purelib"))
    there = venv / here.relative_to(sys.prefix)
    project = tomllib.loads((source / "pyproject.toml").read_text())["project"]
    for name in set(_needed([*project["dependencies"], "setuptools", "wheel"])):
        for file in set(metadata.files(name) or []):
            if ".." not in file.parts:
                (there / file).parent.mkdir(parents=True, exist_ok=True)
                _link(here / file, there / file)


def _link(source: Path, target: Path) -> None:
    """The same file, where it can be: pip takes files away and puts others there, and changes none."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


@contextlib.contextmanager
def built(folder: Path) -> Iterator[Image]:
    """What `RUN … docker/setup python` makes of what the Dockerfile copies before it."""
    source, venv, elsewhere = folder / "src", folder / "opt" / "dialer", folder / "elsewhere"
    elsewhere.mkdir()
    step = next(line for line in INSTRUCTIONS if line.endswith("docker/setup python"))
    before = INSTRUCTIONS[: INSTRUCTIONS.index(step)]
    for *copied, target in (line.split()[1:] for line in before if line.startswith("COPY ")):
        for each in copied:
            _copy(ROOT / each, source / target / each if target == "./" else source / target)
    _spare_pip_the_fetching(source, venv)
    command = step.removeprefix("RUN ").replace("/opt/dialer", str(venv))
    environment = {name: value for name, value in os.environ.items() if name != "VENV"}
    # Here few modules are imported.
    environment["PIP_NO_COMPILE"] = "1"
    made = subprocess.run(["sh", "-c", command], cwd=source, env=environment, capture_output=True, text=True)
    assert made.returncode == 0, f"docker/setup python did not work; is the network there? {made.stderr}"
    try:
        yield Image(venv, source, elsewhere)
    finally:
        shutil.rmtree(folder)


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target)


def test_the_image_works_far_from_its_source(tmp_path: Path) -> None:
    with built(tmp_path) as image:
        _holds_every_file_of_the_packages(image)
        _runs_its_own_code(image)
        _has_all_that_a_start_needs(image)
        _makes_its_database(image)
        _health_check_fails_quietly_where_nothing_serves(image)


def _holds_every_file_of_the_packages(image: Image) -> None:
    (installed,) = image.venv.glob("lib/python3*/site-packages")
    files = [each for name in PACKAGES for each in (image.source / name).rglob("*") if each.is_file()]
    assert {each.suffix for each in files} >= {".py", ".csv", ".wav", ".mako"}
    wanted = [each.relative_to(image.source) for each in files if each.suffix != ".md"]
    assert [str(each) for each in wanted if not (installed / each).is_file()] == []


def _runs_its_own_code(image: Image) -> None:
    code = "import leads, campaigns, dialer; print(leads.__file__, campaigns.__file__, dialer.__file__)"
    places = image.run("python", "-c", code).stdout.split()
    assert len(places) == 3
    assert all(each.startswith(str(image.venv)) for each in places)


def _has_all_that_a_start_needs(image: Image) -> None:
    examined = image.run("dialer", "doctor")
    assert examined.returncode == 0, examined.stdout + examined.stderr
    assert "holds 2000 calls" in examined.stdout


def _makes_its_database(image: Image) -> None:
    upgraded = image.run("dialer", "db", "upgrade")
    assert upgraded.returncode == 0, upgraded.stderr
    assert (image.folder / "data" / "dialer.db").is_file()


def _health_check_fails_quietly_where_nothing_serves(image: Image) -> None:
    (check,) = (line for line in INSTRUCTIONS if line.startswith("HEALTHCHECK"))
    program, *arguments = re.findall(r'"([^"]+)"', check)
    checked = image.run(program, *arguments)
    assert (checked.returncode, checked.stdout, checked.stderr) == (1, "", "")
