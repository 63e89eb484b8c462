"""The demo touches nothing real, whatever the environment says."""

from pathlib import Path

import pytest

from dialer.settings import isolated_settings, load_settings


def test_the_environment_has_no_say_in_isolated_settings(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DIALER_DATABASE__URL", "postgresql://production/dialer")
    monkeypatch.setenv("DIALER_MQTT__URL", "mqtt://production")
    monkeypatch.setenv("DIALER_API__HOST", "0.0.0.0")  # noqa: S104 - what must not be taken
    monkeypatch.setenv("DIALER_NO_SUCH_SETTING", "1")
    isolated = isolated_settings(data_dir=tmp_path, mqtt={"port": 0})
    assert isolated.database_url == f"sqlite+aiosqlite:///{tmp_path / 'dialer.db'}"
    assert isolated.mqtt.url is None
    assert isolated.api.host == "127.0.0.1"
    monkeypatch.delenv("DIALER_NO_SUCH_SETTING")
    assert load_settings().mqtt.url is not None
