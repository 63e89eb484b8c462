"""Settings from the environment, from files that hold secrets, and from a TOML file."""

import os
import re
import traceback
from pathlib import Path

import pytest

from dialer.settings import Settings, SettingsInvalid, load_settings, setting_names

ROOT = Path(__file__).parents[2]
PHRASE = "correct-horse"


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch):
    for name in [name for name in os.environ if name.startswith("DIALER_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def setting(monkeypatch):
    """Sets a variable for the test; the prefix is added."""
    return lambda name, value: monkeypatch.setenv(f"DIALER_{name}", str(value))


@pytest.fixture
def config(tmp_path, setting):
    """Has the settings read from a TOML file with this content."""

    def write(content):
        path = tmp_path / "dialer.toml"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        setting("CONFIG", path)
        return path

    return write


def test_without_any_setting_it_starts_on_loopback_with_a_database_file():
    settings = load_settings()
    assert settings.api.host == settings.sip.host == "127.0.0.1"
    assert settings.database_url == "sqlite+aiosqlite:///dialer-data/dialer.db"
    assert settings.api.key is None


def test_the_environment_sets_and_two_underscores_lead_inside(setting):
    setting("NODE", "node-7")
    setting("SIP__PORT", "5070")
    setting("API__HOST", "0.0.0.0")  # noqa: S104 - never bound here
    settings = load_settings()
    assert (settings.node, settings.sip.port, settings.api.host) == ("node-7", 5070, "0.0.0.0")  # noqa: S104
    assert settings.sip.lines == 200


def test_a_file_sets_and_the_environment_wins_over_it(config, setting):
    config('node = "from-file"\n[sip]\nport = 5070\nlines = 40\n[api]\nport = 9000\n')
    setting("SIP__PORT", "5080")
    settings = load_settings()
    assert (settings.node, settings.sip.port, settings.sip.lines) == ("from-file", 5080, 40)
    assert settings.api.port == 9000


def test_what_the_program_says_wins_over_everything(config, setting):
    config('data_dir = "from-file"')
    setting("DATA_DIR", "from-environment")
    assert load_settings(data_dir="from-program").data_dir == Path("from-program")


def test_a_secret_may_lie_in_a_file_of_its_own(tmp_path, setting):
    (tmp_path / "key").write_text(f"{PHRASE}\n")
    setting("API__KEY_FILE", tmp_path / "key")
    key = load_settings().api.key
    assert key is not None
    assert key.get_secret_value() == PHRASE


def test_the_value_itself_wins_over_the_file_that_holds_one(tmp_path, setting):
    (tmp_path / "node").write_text("from-a-file")
    setting("NODE_FILE", tmp_path / "node")
    assert load_settings().node == "from-a-file"
    setting("NODE", "from-the-value")
    assert load_settings().node == "from-the-value"


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("postgresql://ann:pw@db/dialer", "postgresql+psycopg://ann:pw@db/dialer"),
        ("postgres://db/dialer", "postgresql+psycopg://db/dialer"),
        ("postgresql+psycopg://db/dialer", "postgresql+psycopg://db/dialer"),
        ("sqlite:////srv/dialer.db", "sqlite+aiosqlite:////srv/dialer.db"),
    ],
)
def test_a_database_url_gets_its_driver(setting, given, used):
    setting("DATABASE__URL", given)
    assert load_settings().database_url == used


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SIP__PORT", "many"),
        ("SIP__PORT", "70000"),
        ("SIP__LINES", "0"),
        ("SIP__LINES", ""),
        ("NODE", "No Spaces"),
        ("LOG_LEVEL", "loud"),
        ("SHUTDOWN_LIMIT_S", "-1"),
        ("SIP", "not a group of settings"),
        ("SIP", '{"port": 5070}'),
    ],
)
def test_a_value_that_cannot_be_is_refused_by_the_name_of_its_variable(setting, name, value):
    setting(name, value)
    with pytest.raises(SettingsInvalid, match=rf"DIALER_{name}: ") as refused:
        load_settings()
    assert refused.value.code == "settings-invalid"


def test_every_wrong_value_is_named_at_once(setting):
    setting("SIP__PORT", "many")
    setting("NODE", "No Spaces")
    with pytest.raises(SettingsInvalid, match=r"DIALER_NODE: .*; DIALER_SIP__PORT: "):
        load_settings()


def test_a_wrong_value_in_the_file_is_named_as_its_variable_would_be(config):
    config("[sip]\nport = 70000\n")
    with pytest.raises(SettingsInvalid, match="DIALER_SIP__PORT: "):
        load_settings()


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("NOED", "NODE"),
        ("SIP__TRUNKS", "SIP__TRUNK"),
        ("API_KEY_FILE", "API__KEY_FILE"),
        ("SIPPORT", "SIP__PORT"),
        ("API__KEYS", "API__KEY"),
    ],
)
def test_a_variable_that_nobody_reads_is_refused_with_the_name_that_was_meant(setting, name, meant):
    setting(name, "something")
    with pytest.raises(SettingsInvalid, match=rf"DIALER_{name} is no setting .*DIALER_{meant}\?"):
        load_settings()


def test_every_unknown_variable_is_named_at_once_also_one_like_no_setting(setting):
    for name in ("XYZ", "NODE__NAME", "NODE_FILES", ""):
        setting(name, "something")
    with pytest.raises(SettingsInvalid) as refused:
        load_settings()
    for name in ("XYZ", "NODE__NAME", "NODE_FILES", ""):
        assert f"DIALER_{name} is no setting" in str(refused.value)


def test_every_setting_may_be_set_under_its_name(setting):
    """None of the names that are known is taken for unknown, in upper or lower case or as a file's."""
    for name in setting_names():
        setting(name, "x")
        setting(f"{name}_FILE", os.devnull)
        setting(name.lower(), "x")
    with pytest.raises(SettingsInvalid) as refused:
        load_settings()
    assert "is no setting" not in str(refused.value)


def test_what_set_up_reads_may_stay_set_when_the_dialer_runs(setting):
    scripts = [each for each in (ROOT / "docker").rglob("*") if each.is_file() and not each.suffix]
    read = {name for each in scripts for name in re.findall(r"\$\{DIALER_(\w+?)[-:}]", each.read_text())}
    assert read >= {"INSTALL_FLAGS", "CACHE_DIR"}
    for name in read:
        setting(name, "something")
    load_settings()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("[sip]\ntrunks = 'x'", r"sip\.trunks, which is no setting \(did you mean sip\.trunk\?\)"),
        ("noed = 'x'", r"noed, which is no setting \(did you mean node\?\)"),
        ("[xyz]\nxyz = 1", "xyz, which is no setting"),
    ],
)
def test_a_key_of_the_file_that_nobody_reads_is_refused(config, content, says):
    path = config(content)
    with pytest.raises(SettingsInvalid, match=f"{path} has {says}"):
        load_settings()


@pytest.mark.parametrize("content", ["sip = [=", b"node = '\xff'", "sip = 1\nsip = 2"])
def test_a_file_that_is_no_toml_is_named(config, content):
    path = config(content)
    with pytest.raises(SettingsInvalid, match=f"DIALER_CONFIG names {path}, which cannot be read"):
        load_settings()


def test_a_file_that_is_not_there_is_named(tmp_path, setting):
    for path in (tmp_path / "missing.toml", tmp_path):
        setting("CONFIG", path)
        with pytest.raises(SettingsInvalid, match=f"DIALER_CONFIG names {path}, which is not a file"):
            load_settings()


def test_a_secrets_file_that_cannot_be_read_is_named(tmp_path, setting):
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    for path, why in (
        (tmp_path / "missing", "No such file"),
        (tmp_path, "Is a directory"),
        (tmp_path / "binary", "not UTF-8"),
    ):
        setting("API__KEY_FILE", path)
        with pytest.raises(SettingsInvalid, match=f"DIALER_API__KEY_FILE names {path}, which .*{why}"):
            load_settings()


def test_secrets_are_not_shown(setting):
    setting("API__KEY", PHRASE)
    setting("DATABASE__URL", f"postgresql://ann:{PHRASE}@db/dialer")
    setting("MQTT__URL", f"mqtt://ann:{PHRASE}@broker")
    settings = load_settings()
    assert PHRASE not in repr(settings) + str(settings) + settings.model_dump_json()


@pytest.mark.parametrize(
    "content", [f"[api]\nkey = ['{PHRASE}']", f"api = '{PHRASE}'", f"[api]\nkey = '{PHRASE}"]
)
def test_a_secret_in_the_wrong_place_is_not_shown_either(config, content):
    config(content)
    with pytest.raises(SettingsInvalid) as refused:
        load_settings()
    assert PHRASE not in "".join(traceback.format_exception(refused.value, chain=True))


def test_settings_do_not_change_once_read():
    with pytest.raises(ValueError, match="frozen"):
        load_settings().node = "another"
    assert isinstance(load_settings(), Settings)


@pytest.mark.parametrize("key", ["", " ", "schl\u00fcssel", "a\nb"])
def test_a_key_that_nobody_could_give_is_refused(setting, key):
    setting("API__KEY", key)
    with pytest.raises(SettingsInvalid, match="DIALER_API__KEY"):
        load_settings()


def test_single_sign_on_is_set_as_a_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIALER_OIDC__ISSUER", "https://login.example.com")
    with pytest.raises(SettingsInvalid, match="an issuer needs a client_id"):
        load_settings()
    monkeypatch.setenv("DIALER_OIDC__CLIENT_ID", "dialer")
    monkeypatch.setenv("DIALER_OIDC__REDIRECT_URL", "https://dialer.example.com/back")
    monkeypatch.setenv("DIALER_OIDC__ROLES", "ops=operator, sellers=acme/agent")
    assert load_settings().oidc.roles == {"ops": "operator", "sellers": "acme/agent"}
    monkeypatch.setenv("DIALER_OIDC__ROLES", "ops=king")
    with pytest.raises(SettingsInvalid, match="neither operator nor CLIENT/ROLE"):
        load_settings()
    monkeypatch.setenv("DIALER_OIDC__ROLES", "ops=operator")
    monkeypatch.setenv("DIALER_OIDC__ISSUER", "http://login.example.com")
    with pytest.raises(SettingsInvalid, match="only https"):
        load_settings()


def test_networks_of_web_hooks_are_networks(setting):
    setting("WEBHOOKS__ALLOWED_NETWORKS", "10.20.0.0/16, fd00:1::/32")
    assert load_settings().webhooks.allowed_networks == ("10.20.0.0/16", "fd00:1::/32")
    setting("WEBHOOKS__ALLOWED_NETWORKS", "10.20.0.1/16")
    with pytest.raises(SettingsInvalid, match="WEBHOOKS"):
        load_settings()
