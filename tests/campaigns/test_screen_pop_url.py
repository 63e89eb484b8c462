"""What an agent's screen opens: nothing gets out of its place, and others can check who made it."""

import hashlib
import hmac
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.core.screen_pop_url import VARIABLES, ScreenPopUrl
from campaigns.errors import InvalidScreenPopUrlError

NOW = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
TEMPLATE = "https://crm.example.com/leads/{external_id}?tel={phone}&plan={custom.plan}&fixed=a%20b#call"
SECRET = "a secret of 32 characters or more"  # noqa: S105 - of nobody


_DOCUMENT = Path(__file__).parents[2] / "docs" / "connecting.md"


def _documented() -> Any:
    """The check as docs/connecting.md shows it to whoever writes a receiver."""
    (code,) = re.findall(r"```python\n(.*?)```", _DOCUMENT.read_text("utf-8"), re.DOTALL)
    names: dict[str, Any] = {
        "hmac": hmac,
        "hashlib": hashlib,
        "urlsplit": urlsplit,
        "parse_qsl": parse_qsl,
        "urlencode": urlencode,
        "quote": quote,
    }
    exec(code, names)  # noqa: S102 - our own document
    return names["is_ours"]


is_ours = _documented()


@given(st.text(max_size=30), st.text(max_size=30), st.text(max_size=30))
def test_what_is_put_in_stays_in_its_place_and_is_signed(external: str, phone: str, plan: str) -> None:
    values = {"external_id": external, "phone": phone, "custom.plan": plan}
    url = ScreenPopUrl.parse(TEMPLATE).filled(values, SECRET, NOW + timedelta(minutes=15))
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    assert (parts.scheme, parts.netloc, parts.fragment) == ("https", "crm.example.com", "call")
    assert parts.path.count("/") == 2
    assert set(query) == {"tel", "plan", "fixed", "expires", "signature"}
    assert (query["tel"], query["plan"], query["fixed"]) == (phone, plan, "a b")
    assert is_ours(url, SECRET, NOW.timestamp())
    assert not is_ours(url, SECRET + "x", NOW.timestamp())
    assert not is_ours(url, SECRET, NOW.timestamp() + 901)
    assert not is_ours(url.replace("fixed=a%20b", "fixed=a%20c"), SECRET, NOW.timestamp())
    assert not is_ours(url.replace("/leads/", "/admin/"), SECRET, NOW.timestamp())


def test_dots_do_not_climb_out_of_the_path() -> None:
    made = ScreenPopUrl.parse(TEMPLATE)
    for dots in (".", ".."):
        assert urlsplit(made.filled({"external_id": dots}, "", NOW)).path == "/leads/"


def test_without_a_secret_nothing_is_signed() -> None:
    url = ScreenPopUrl.parse("https://crm.example.com/{lead_id}?x={agent}").filled(
        {"lead_id": "7", "agent": "Ann & Bob"}, "", NOW
    )
    assert url == "https://crm.example.com/7?x=Ann%20%26%20Bob"


def test_every_variable_that_is_promised_may_be_used() -> None:
    query = "&".join(f"{name}={{{name}}}" for name in VARIABLES)
    assert ScreenPopUrl.parse(f"https://crm.example.com/?{query}")


@pytest.mark.parametrize(
    "template",
    [
        "",
        "http://crm.example.com/{lead_id}",
        "javascript:alert({lead_id})",
        "https://{phone}.example.com/",
        "https://crm.example.com:{lead_id}/",
        "https://crm.example.com/#{phone}",
        "https://crm.example.com/{password}",
        "https://crm.example.com/{custom.}",
        "https://crm.example.com/{lead_id",
        "https://user@crm.example.com/",
        "https://crm.example.com/?a=1&a=2",
        "https://crm.example.com/?expires={lead_id}",
        "https://crm.example.com/?signature=1",
        "https://crm.example.com/a b",
        'https://crm.example.com/"><script>',
        "https://crm.example.com\\evil/",
        "https://[crm/",
        7,
        None,
    ],
)
def test_a_template_that_could_lead_elsewhere_is_refused(template: str) -> None:
    with pytest.raises(InvalidScreenPopUrlError):
        ScreenPopUrl.parse(template)
