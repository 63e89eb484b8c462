"""A gateway on loopback that takes messages and events by HTTP, and answers as it is told."""

import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Request:
    """One request, as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Gateway:
    """What it got. `answers` are the next ones, (status, document); None breaks the connection off."""

    port: int = 0
    requests: list[Request] = field(default_factory=list)
    answers: list[tuple[int, Any] | None] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    """Of all answers."""

    scheme: str = "http"

    @property
    def url(self) -> str:
        """Where it is."""
        return f"{self.scheme}://127.0.0.1:{self.port}"


@contextmanager
def gateway(certificate: tuple[str, str] | None = None) -> Iterator[Gateway]:
    """A gateway that runs in a thread; with TLS where it gets a certificate and its key."""
    kept = Gateway(scheme="https" if certificate else "http")

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def _take(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            body = self.rfile.read(length)
            kept.requests.append(Request(self.command, self.path, dict(self.headers), body))
            answer = kept.answers.pop(0) if kept.answers else (200, {"id": f"gw-{len(kept.requests)}"})
            if answer is None:
                self.close_connection = True
                return
            content = json.dumps(answer[1]).encode()
            self.send_response(answer[0])
            for name, value in (kept.headers | {"Content-Length": str(len(content))}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        do_POST = do_PUT = do_GET = do_OPTIONS = _take  # noqa: N815 - the library's names

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if certificate is not None:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(*certificate)
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    kept.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield kept
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
