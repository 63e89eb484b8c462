"""A server on loopback that answers in the shape of EspoCRM's REST API, as docs.espocrm.com describes it.

Lists with where, select, orderBy, order, offset and maxSize; creating and updating; the API key in X-Api-Key.
"""

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any
from urllib.parse import parse_qs, urlsplit

REQUIRED = {"Call": {"name", "status", "dateStart", "dateEnd"}, "Lead": {"lastName"}}
"""What a record cannot be made without."""
MOST = 200
"""The largest page that EspoCRM gives."""


@dataclass
class EspoCrm:
    """Its records by entity type, in the order in which they were made."""

    key: str
    port: int = 0
    records: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    away: bool = False
    """Whether it answers 503 to everything."""

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.port}"

    def listed(self, kind: str, query: dict[str, str]) -> dict[str, Any]:
        """The page of records that a query asks for."""
        found = [each for each in self.records.get(kind, []) if all(_meets(each, query))]
        order = query.get("orderBy", "createdAt")
        found.sort(key=lambda each: str(each.get(order)), reverse=query.get("order") == "desc")
        offset, size = int(query.get("offset", 0)), int(query.get("maxSize", 20))
        assert size <= MOST
        names = query["select"].split(",") if "select" in query else None
        page = [
            {name: value for name, value in each.items() if names is None or name in {"id", *names}}
            for each in found[offset : offset + size]
        ]
        return {"total": len(found), "list": page}


def _meets(record: dict[str, Any], query: dict[str, str]) -> Iterator[bool]:
    for number in count():
        kind = query.get(f"where[{number}][type]")
        if kind is None:
            return
        assert kind == "equals"
        yield record.get(query[f"where[{number}][attribute]"]) == query[f"where[{number}][value]"]


@contextmanager
def espocrm(key: str) -> Iterator[EspoCrm]:
    """A CRM that runs in a thread."""
    crm = EspoCrm(key)
    ids = count(1)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            parts = urlsplit(self.path)
            path = re.fullmatch(r"/api/v1/([A-Z][A-Za-z]+)(?:/([0-9a-f]+))?", parts.path)
            if crm.away:
                self._send(503, None)
            elif self.headers.get("X-Api-Key") != crm.key:
                self._send(401, None)
            elif path is None:
                self._send(404, None)
            elif self.command == "POST" and REQUIRED[path[1]] - set(json.loads(body)):
                self._send(400, None)
            else:
                query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
                self._send(200, self._do(path[1], path[2], query, json.loads(body) if body else {}))

        def _do(self, kind: str, number: str | None, query: dict[str, str], given: dict[str, Any]) -> Any:
            records = crm.records.setdefault(kind, [])
            if self.command == "GET":
                return crm.listed(kind, query)
            if self.command == "POST":
                records.append({"id": f"{next(ids):017x}", "deleted": False} | given)
                return records[-1]
            found = next(each for each in records if each["id"] == number)
            found |= given
            return found

        def _send(self, status: int, document: Any) -> None:
            content = b"" if document is None else json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = _answer  # noqa: N815 - the library's names

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    crm.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield crm
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
