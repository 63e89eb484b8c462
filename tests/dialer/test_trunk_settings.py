"""Trunks as settings: what is understood, what is refused and why, and the documents' example."""

import os
import re
from dataclasses import asdict
from pathlib import Path

import pytest

from dialer.bootstrap import _tls
from dialer.settings import SettingsInvalid, load_settings
from dialer.trunk_settings import options_of, trunk_of

ROOT = Path(__file__).parents[2]
URI = "sip:{number}@127.0.0.1:5080"
PHRASE = "correct-horse"


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("DIALER_")]:
        monkeypatch.delenv(name)


def test_without_trunks_there_is_the_one_of_the_sip_settings() -> None:
    assert {name: each.uri for name, each in load_settings().all_trunks.items()} == {"default": URI}


def test_the_documents_example_is_understood(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (ROOT / "docs" / "trunks.md").read_text()
    (example,) = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    path = tmp_path / "dialer.toml"
    path.write_text(example)
    monkeypatch.setenv("DIALER_CONFIG", str(path))
    trunks = load_settings().all_trunks
    assert list(trunks) == ["main", "london", "spare"]
    london = trunk_of("london", trunks["london"])
    assert london.address("+442071838750") == "sip:02071838750@198.51.100.7"
    assert trunks["main"].needs_srv
    assert not trunks["london"].needs_srv


def test_a_trunk_comes_from_variables_and_its_password_from_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "password").write_text(f"{PHRASE}\n")
    for name, value in {
        "URI": URI,
        "USER": "acme",
        "PASSWORD_FILE": str(tmp_path / "password"),
        "PREFIXES": "+1, +44",
        "CODECS": "PCMA",
        "LINES": "20",
    }.items():
        monkeypatch.setenv(f"DIALER_TRUNKS__MAIN__{name}", value)
    settings = load_settings()
    options = options_of("main", settings.all_trunks["main"])
    assert (options.uri, options.user, options.password) == ("sip:127.0.0.1:5080", "acme", PHRASE)
    assert options.codecs == ("PCMA",)
    trunk = trunk_of("main", settings.all_trunks["main"])
    assert (trunk.prefixes, trunk.lines) == (("+1", "+44"), 20)
    assert PHRASE not in repr(settings)


def test_a_password_reaches_the_switch_and_nothing_else() -> None:
    settings = load_settings(trunks={"main": {"uri": URI, "user": "acme", "password": PHRASE}})
    assert PHRASE not in repr(options_of("main", settings.all_trunks["main"]))
    assert PHRASE not in str(asdict(trunk_of("main", settings.all_trunks["main"])))


@pytest.mark.parametrize(
    ("trunk", "says"),
    [
        ({"uri": "sip:nobody@127.0.0.1"}, "uri"),
        ({"uri": "sip:{number}@not a host"}, "uri"),
        ({"uri": "sip:{number}@carrier.example"}, "DIALER_SIP__HOST"),
        ({"uri": URI, "srtp": "required"}, "transport=tls"),
        ({"uri": URI, "srtp": "sometimes"}, "srtp"),
        ({"uri": URI, "password": PHRASE}, "needs a user"),
        ({"uri": URI, "registers": True}, "needs a user"),
        ({"uri": URI, "user": "a b"}, "user"),
        ({"uri": URI, "codecs": []}, "codec"),
        ({"uri": URI, "codecs": ["PCMU", "PCMU"]}, "twice"),
        ({"uri": URI, "codecs": ["MP3"]}, "codecs"),
        ({"uri": URI, "prefixes": ["0044"]}, "prefix"),
        ({"uri": URI, "strip": "abc"}, "strip"),
        ({"uri": URI, "lines": 0}, "lines"),
        ({"uri": URI, "calls_per_second": 0}, "calls_per_second"),
        ({"uri": URI, "weight": 0}, "weight"),
        ({"uri": URI, "attestation": "D"}, "attestation"),
        ({"uri": URI, "callers_from": ["carrier.example"]}, "203.0.113.0/24"),
        ({"uri": URI, "country": "usa"}, "country"),
        ({"uri": URI, "caller": "x"}, "caller"),
        ({}, "uri"),
    ],
)
def test_what_is_wrong_about_a_trunk_is_said_and_no_password_is(trunk: dict[str, object], says: str) -> None:
    with pytest.raises(SettingsInvalid, match=f"(?i){re.escape(says)}") as refused:
        load_settings(trunks={"main": trunk})
    assert PHRASE not in str(refused.value)


@pytest.mark.parametrize("name", ["Main", "a b", "", "x" * 33])
def test_a_trunk_has_a_plain_name(name: str) -> None:
    with pytest.raises(SettingsInvalid):
        load_settings(trunks={name: {"uri": URI}})


def test_a_variable_that_is_no_trunks_setting_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIALER_TRUNKS__MAIN__URI", URI)
    monkeypatch.setenv("DIALER_TRUNKS__MAIN__COLOUR", "red")
    with pytest.raises(SettingsInvalid, match="COLOUR"):
        load_settings()


def test_tls_needs_its_files_only_where_a_trunk_wants_it(tmp_path: Path) -> None:
    nowhere = tmp_path / "none.pem"
    assert _tls(load_settings(sip={"tls_ca_file": nowhere})) is None
    wanted = load_settings(trunks={"main": {"uri": f"{URI};transport=tls"}}, sip={"tls_ca_file": nowhere})
    with pytest.raises(SettingsInvalid, match="TLS_CA_FILE"):
        _tls(wanted)
