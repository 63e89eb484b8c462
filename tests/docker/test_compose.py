"""What docker/compose.yaml promises, as far as it shows without a container engine."""

import json
import re
from pathlib import Path

import aiomqtt
import msgspec
import pytest

from dialer.bus.connection import MqttOptions, connected
from dialer.settings import Settings, load_settings, setting_names
from dialer.simulation.options import CarrierOptions
from tests.docker.compose import COMPOSE, SERVICES, answers, broker, environment, make_secrets
from tests.docker.scripts import DOCKER
from tests.support import eventually

# --- secrets ----------------------------------------------------------------------------------------------


def test_every_secret_that_a_service_names_is_made(tmp_path: Path) -> None:
    made = make_secrets(tmp_path)
    declared = {name: tmp_path / "docker" / each["file"] for name, each in COMPOSE["secrets"].items()}
    assert set(declared.values()) == set(made.iterdir())
    used = {name for service in SERVICES.values() for name in service.get("secrets", [])}
    assert used == set(declared)
    for name, service in SERVICES.items():
        files = [value for value in environment(name).values() if value and value.startswith("/run/")]
        assert {Path(each).name for each in files} <= set(service.get("secrets", []))


def test_secrets_are_long_and_unlike_any_other(tmp_path: Path) -> None:
    random = ("database_password", "mqtt_password", "api_key", "registrar_password")
    folders = [make_secrets(tmp_path / name) for name in ("one", "two")]
    values = [(folder / name).read_text().strip() for folder in folders for name in random]
    assert len(set(values)) == len(values)
    assert all(re.fullmatch(r"[0-9a-f]{64}", value) for value in values)


def test_secrets_that_are_there_are_kept(tmp_path: Path) -> None:
    made = make_secrets(tmp_path)
    (made / "api_key").unlink()
    (made / "api_key").write_text("of my own")
    before = {each.name: each.read_text() for each in made.iterdir()}
    make_secrets(tmp_path)
    assert {each.name: each.read_text() for each in made.iterdir()} == before


def test_a_secret_that_was_never_finished_is_made_again(tmp_path: Path) -> None:
    made = make_secrets(tmp_path)
    for name in ("registrar_password", ".registrar_password"):
        (made / name).unlink(missing_ok=True)
        (made / name).touch()
    make_secrets(tmp_path)
    assert len((made / "registrar_password").read_text().strip()) == 64
    assert not (made / ".registrar_password").exists()


def test_containers_may_read_each_secret_and_this_machines_users_none(tmp_path: Path) -> None:
    (tmp_path / "docker" / "secrets.d").mkdir(parents=True, mode=0o755)
    made = make_secrets(tmp_path)
    assert made.stat().st_mode & 0o777 == 0o700
    assert {each.stat().st_mode & 0o777 for each in made.iterdir()} == {0o444}


def test_the_secrets_are_settings_that_the_dialer_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = make_secrets(tmp_path)
    for name, value in environment("dialer").items():
        if value is not None:
            monkeypatch.setenv(name, value.replace("/run/secrets", str(made)))
    settings = load_settings()
    password = (made / "database_password").read_text().strip()
    assert settings.database_url == f"postgresql+psycopg://dialer:{password}@postgres/dialer"
    assert settings.mqtt.url is not None
    broker = MqttOptions.from_url(settings.mqtt.url.get_secret_value())
    assert (broker.host, broker.port, broker.username) == ("mosquitto", 1883, "dialer")
    assert broker.password == (made / "mqtt_password").read_text().strip()
    assert settings.api.key is not None
    assert settings.api.key.get_secret_value() == (made / "api_key").read_text().strip()


def test_no_password_stands_in_the_files_of_docker() -> None:
    value = re.compile(r"""(?i)(password|passwd|secret|token|key)\s*[:=]\s*["']?[\w-]+["']?\s*$""")
    login = re.compile(r"://[^\s:/]+:[\w-]+@")
    for path in (each for each in DOCKER.rglob("*") if each.is_file() and "secrets.d" not in each.parts):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            found = value.search(line) or login.search(line)
            assert not found, f"{path}:{number}: {line}"
    for service in SERVICES:
        for name, value in environment(service).items():
            assert not re.search(r"PASSWORD|KEY|SECRET|URL", name) or name.endswith("_FILE"), (name, value)


# --- settings ---------------------------------------------------------------------------------------------


def is_setting(variable: str) -> bool:
    """Whether the dialer reads an environment variable of that name."""
    return variable.removeprefix("DIALER_").removesuffix("_FILE") in setting_names()


def test_every_dialer_variable_is_a_setting() -> None:
    named = {name for service in SERVICES for name in environment(service) if name.startswith("DIALER_")}
    named |= set(re.findall(r"^ENV .*?(DIALER_\w+)=", (DOCKER / "Dockerfile").read_text(), re.MULTILINE))
    assert len(named) > 5
    assert [name for name in sorted(named) if not is_setting(name)] == []


@pytest.mark.parametrize("variable", ["DIALER_SIP__TRUNKS", "DIALER_API_KEY_FILE", "DIALER_SIP", "DIALER_"])
def test_a_variable_that_is_no_setting_would_be_found(variable: str) -> None:
    assert not is_setting(variable)


def test_the_ports_that_are_published_are_the_ones_the_dialer_uses(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in environment("dialer").items():
        if value is not None and not name.endswith("_FILE"):
            monkeypatch.setenv(name, value)
    settings = load_settings()
    first, last = settings.sip.rtp_port, settings.sip.rtp_port + settings.sip.rtp_port_count - 1
    assert SERVICES["dialer"]["ports"] == [
        f"127.0.0.1:{settings.api.port}:{settings.api.port}",
        f"{settings.sip.port}:{settings.sip.port}/udp",
        f"{first}-{last}:{first}-{last}/udp",
    ]
    assert settings.sip.rtp_port_count >= 2 * settings.sip.lines
    assert SERVICES["dialer"]["stop_grace_period"] == "11m"
    assert settings.shutdown_limit_s < 11 * 60


def test_without_a_trunk_calls_go_to_the_simulated_carrier() -> None:
    carrier = SERVICES["carrier"]
    assert environment("dialer")["DIALER_SIP__TRUNK"] is None
    options = msgspec.json.decode(carrier["command"][0], type=CarrierOptions)
    assert carrier["network_mode"] == "service:dialer"
    assert Settings.model_fields["sip"].default.trunk.endswith(
        f"@{options.endpoint.host}:{options.endpoint.port}"
    )
    ours = Settings.model_fields["sip"].default
    assert options.endpoint.rtp_port + options.endpoint.rtp_port_count <= ours.rtp_port
    assert json.loads(carrier["command"][0]).keys() == {"endpoint"}


# --- the services -------------------------------------------------------------------------------------------


def test_services_start_after_what_they_need() -> None:
    needs = {
        name: {other: how["condition"] for other, how in service.get("depends_on", {}).items()}
        for name, service in SERVICES.items()
    }
    assert needs["migrate"] == {"postgres": "service_healthy"}
    assert needs["dialer"] == {"migrate": "service_completed_successfully", "mosquitto": "service_started"}
    for name, others in needs.items():
        for other, condition in others.items():
            assert other in SERVICES, name
            assert condition != "service_healthy" or "healthcheck" in SERVICES[other]
            asked_for, mine = (set(SERVICES[each].get("profiles", [])) for each in (other, name))
            assert not asked_for or mine == asked_for, f"{name} needs {other}, which may not be there"
    assert not {"restart"} & SERVICES["migrate"].keys()


def test_files_that_services_are_made_of_are_there() -> None:
    for service in SERVICES.values():
        match service.get("build"):
            case {"context": context, "dockerfile": dockerfile}:
                assert (DOCKER / context / dockerfile).is_file()
            case str(context):
                assert (DOCKER / context / "Dockerfile").is_file()
        for volume in service.get("volumes", []):
            source, target, *_ = volume.split(":")
            if not source.startswith("."):
                assert source in COMPOSE["volumes"]
                continue
            assert (DOCKER / source).is_dir()
            for argument in service.get("command", []):
                if argument.startswith(target + "/"):
                    assert (DOCKER / source / argument.removeprefix(target + "/")).is_file()


def test_nothing_is_asked_of_the_shell_that_compose_versions_read_differently() -> None:
    assert "${" not in (DOCKER / "compose.yaml").read_text()


# --- the broker -------------------------------------------------------------------------------------------


async def test_the_broker_lets_in_whoever_has_the_secret_and_nobody_else() -> None:
    with broker("the secret") as port:
        await eventually(lambda: answers(port))
        async with connected(MqttOptions("127.0.0.1", port, "dialer", "the secret")) as client:
            await client.publish("dialer/v1/node/node-1/status", b"online", qos=1, retain=True)
        for username, password in (
            (None, None),
            ("dialer", "guessed"),
            ("dialer", ""),
            ("admin", "the secret"),
        ):
            with pytest.raises(aiomqtt.MqttError):
                async with connected(MqttOptions("127.0.0.1", port, username, password)):
                    pass


def test_the_broker_is_not_started_as_root() -> None:
    assert SERVICES["mosquitto"]["user"] == "1883:1883"
