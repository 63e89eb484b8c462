"""Connects the dialer with EspoCRM, both ways: new leads come in, calls and what they came to go out.

    python espocrm.py leads                 every new lead of the CRM into a list; run it every minute
    python espocrm.py calls --port 8090     a web hook's receiver that writes each call into the CRM

Both may be cut off and run again as often as one likes: a lead is known by its CRM id (external_id) and a
call by its attempt id, which the CRM keeps in a field of its own: a text, cDialerAttemptId, on Call
(Administration > Entity Manager > Call > Fields; EspoCRM puts the c before the names of custom fields).

As EspoCRM documents it: docs.espocrm.com/development/api (the API key), /api/crud (lists, creating and
updating), /api-search-params (where). As the dialer does: docs/connecting.md.

Environment: CRM_URL, CRM_API_KEY, DIALER_URL, DIALER_API_KEY, DIALER_LIST (a list's number), and for calls
WEBHOOK_SECRET. It needs httpx2 and standardwebhooks, as the dialer itself does.
"""

import argparse
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx2
from standardwebhooks import Webhook, WebhookVerificationError

PAGE = 100
ATTEMPT = "cDialerAttemptId"
LEAD_FIELDS = "id,firstName,lastName,emailAddress,phoneNumber,addressCountry,addressState,addressPostalCode"
LONGEST_EVENT = 1 << 16


@dataclass(frozen=True)
class Crm:
    """EspoCRM's REST API."""

    http: httpx2.Client

    @classmethod
    def at(cls, url: str, key: str) -> "Crm":
        """A CRM by its address, and the key of an API user who may read leads and write calls."""
        headers = {"X-Api-Key": key}
        return cls(httpx2.Client(base_url=f"{url.rstrip('/')}/api/v1/", headers=headers, timeout=30))

    def new_leads(self) -> Iterator[list[dict[str, Any]]]:
        """Leads in the status New, a page at a time, the oldest first."""
        where = {"type": "equals", "attribute": "status", "value": "New"}
        offset = 0
        while page := self._list(
            "Lead", where, select=LEAD_FIELDS, orderBy="createdAt", order="asc", offset=offset
        ):
            yield page
            offset += len(page)

    def write_call(self, attempt_id: int, values: Mapping[str, Any]) -> None:
        """Writes a call, or what is new of it: the same again makes no second one."""
        if self.change_call(attempt_id, values):
            return
        named = {"name": f"Call {attempt_id}", ATTEMPT: str(attempt_id)}
        self.http.post("Call", json=named | dict(values)).raise_for_status()

    def change_call(self, attempt_id: int, values: Mapping[str, Any]) -> bool:
        """Writes what is new of a call; whether it is there."""
        known = self._list(
            "Call", {"type": "equals", "attribute": ATTEMPT, "value": str(attempt_id)}, select="id"
        )
        for each in known[:1]:
            self.http.put(f"Call/{each['id']}", json=dict(values)).raise_for_status()
        return bool(known)

    def _list(self, kind: str, where: Mapping[str, str], **params: Any) -> list[dict[str, Any]]:
        """Records that meet a condition; `where` is an array, written as PHP reads one in a query."""
        asked = {f"where[0][{name}]": value for name, value in where.items()}
        answer = self.http.get(kind, params={"maxSize": PAGE, **asked, **params})
        answer.raise_for_status()
        return list(answer.json()["list"])


def bring_leads(crm: Crm, dialer: httpx2.Client, list_id: str) -> dict[str, int]:
    """Every new lead of the CRM into a list of the dialer; how many were accepted, merged and rejected."""
    totals = {"accepted": 0, "merged": 0, "rejected": 0}
    for page in crm.new_leads():
        answer = dialer.post(f"lead-lists/{list_id}/leads", json={"leads": [lead_of(each) for each in page]})
        answer.raise_for_status()
        for name in totals:
            totals[name] += answer.json()[name]
    return totals


def lead_of(record: Mapping[str, Any]) -> dict[str, str]:
    """A lead of the CRM as the dialer takes it; what the CRM does not know is left out."""
    values = {
        "external_id": record.get("id"),
        "phone": record.get("phoneNumber") or "",
        "first_name": record.get("firstName"),
        "last_name": record.get("lastName"),
        "email": record.get("emailAddress"),
        "country": record.get("addressCountry"),
        "region": record.get("addressState"),
        "postal_code": record.get("addressPostalCode"),
    }
    return {name: str(value) for name, value in values.items() if value is not None}


def take_event(crm: Crm, event: Mapping[str, Any]) -> bool:
    """Writes what an event says into the CRM; whether that could be done.

    What is said of a call before it is over has to come again: the CRM has no call without an end.
    """
    data, kind = event["data"], event["type"]
    if kind == "call.ended":
        crm.write_call(data["attempt_id"], call_of(data))
    elif kind in ("disposition.set", "disposition.corrected"):
        return crm.change_call(data["attempt_id"], {"description": f"Disposition: {data['label']}"})
    return True


def call_of(data: Mapping[str, Any]) -> dict[str, Any]:
    """A call as EspoCRM has it: Held where somebody talked; times in UTC, without a zone."""
    parent = {"parentType": "Lead", "parentId": data["external_id"]} if data["external_id"] else {}
    return parent | {
        "status": "Held" if data["connected_at"] else "Not Held",
        "direction": "Inbound" if data["direction"] == "in" else "Outbound",
        "dateStart": moment(data["placed_at"]),
        "dateEnd": moment(data["ended_at"]),
    }


def moment(text: str) -> str:
    """RFC 3339 as EspoCRM writes an instant: 2026-11-23 15:00:00."""
    return f"{datetime.fromisoformat(text):%Y-%m-%d %H:%M:%S}"


def receiver(crm: Crm, secret: str, port: int) -> ThreadingHTTPServer:
    """A server that takes the dialer's events: 204 once the CRM has them, else the dialer tries again."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(min(int(self.headers.get("Content-Length", 0)), LONGEST_EVENT))
            self.send_response(self._take(body))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def _take(self, body: bytes) -> int:
            try:
                Webhook(secret).verify(body, dict(self.headers), json_parse=False)
            except (WebhookVerificationError, ValueError):
                return 401
            try:
                return 204 if take_event(crm, json.loads(body)) else 503
            except httpx2.HTTPError:
                return 503

    return ThreadingHTTPServer(("127.0.0.1", port), Handler)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("work", choices=("leads", "calls"))
    parser.add_argument("--port", type=int, default=8090, help="where events come to, behind a TLS proxy")
    given = parser.parse_args()
    crm = Crm.at(os.environ["CRM_URL"], os.environ["CRM_API_KEY"])
    if given.work == "calls":
        receiver(crm, os.environ["WEBHOOK_SECRET"], given.port).serve_forever()
    headers = {"Authorization": f"Bearer {os.environ['DIALER_API_KEY']}"}
    with httpx2.Client(base_url=f"{os.environ['DIALER_URL']}/api/v1/", headers=headers, timeout=60) as dialer:
        totals = bring_leads(crm, dialer, os.environ["DIALER_LIST"])
    print(", ".join(f"{count} {name}" for name, count in totals.items()))


if __name__ == "__main__":
    main()
