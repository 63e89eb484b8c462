"""Real servers for tests: each is started on a free loopback port and ended with the test run."""

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle, islice
from pathlib import Path

_WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
_FIRST_PORT, _PORTS, _WORKERS = 29_000, 450, 8
"""Below the ports that the system gives to whoever asks for any: it would give one away before we take it."""
_OWN_FIRST = _FIRST_PORT + _PORTS * (_WORKER % _WORKERS)
_ports = cycle(range(_OWN_FIRST, _OWN_FIRST + _PORTS))


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    """A loopback port that nobody listens on now, and that no other process of the tests is given."""
    for port in islice(_ports, _PORTS):
        with socket.socket(socket.AF_INET, kind) as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise RuntimeError("Every port for tests is taken.")


def certificate_in(folder: Path, *names: str) -> tuple[str, str]:
    """The files of a certificate for loopback, which is its own authority, and of its key, in PEM.

    With `names`, it is for these hosts instead.
    """
    subjects = ",".join(f"DNS:{each}" for each in names) or "IP:127.0.0.1"
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-keyout", str(key), "-out", str(certificate), "-subj", "/CN=127.0.0.1"),
            *("-addext", f"subjectAltName={subjects}"),
        ],
        check=True,
        capture_output=True,
    )
    return str(certificate), str(key)


@contextmanager
def postgresql() -> Iterator[str]:
    """A PostgreSQL server of its own, without passwords and without fsync; yields its URL, less the name."""
    binaries = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not binaries:
        raise RuntimeError("PostgreSQL is not installed; make setup installs it.")
    folder = Path(tempfile.mkdtemp(prefix="dialer-postgresql-"))
    # PostgreSQL refuses to run as root.
    user = "postgres" if os.geteuid() == 0 else None
    if user:
        shutil.chown(folder, user)
    port = free_port()
    options = (
        f"-c fsync=off -c full_page_writes=off -c unix_socket_directories={folder} -c max_connections=200"
    )
    data = str(folder / "data")

    def run(*command: str) -> None:
        subprocess.run(
            command, user=user, check=True, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    run(str(binaries[-1] / "initdb"), "-D", data, "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N")
    control = str(binaries[-1] / "pg_ctl")
    log = str(folder / "log")
    run(control, "-D", data, "-l", log, "-w", "-o", f"-h 127.0.0.1 -p {port} {options}", "start")
    try:
        name = user or pwd.getpwuid(os.geteuid()).pw_name
        yield f"postgresql+psycopg://{name}@127.0.0.1:{port}"
    finally:
        run(control, "-D", data, "-m", "immediate", "-w", "stop")
        shutil.rmtree(folder, ignore_errors=True)
