"""Settings: environment variables with `DIALER_` and `__` for nesting, or the same in a TOML file.

`DIALER_CONFIG` names the TOML file. Any variable may end in `_FILE` and then names a file that holds
the value, as container secrets do. The environment wins over the file. A name that is no setting is an
error: it would be a setting that somebody believes in and nobody reads.
"""

import os
import re
from collections.abc import Collection, Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from campaigns.core.webhook import parse_networks
from dialer.access.core.claims import Standing
from dialer.core.outside import COUNTRIES
from dialer.errors import DialerError
from dialer.trunk_settings import ADDRESS, TrunkSettings

_PREFIX = "DIALER_"
_OTHERS = frozenset({"DIALER_CONFIG", "DIALER_INSTALL_FLAGS", "DIALER_CACHE_DIR"})
"""Variables that are no settings: where the TOML file is, and what the set-up scripts read."""
_DRIVERS = {
    "postgresql": "postgresql+psycopg",
    "postgres": "postgresql+psycopg",
    "sqlite": "sqlite+aiosqlite",
}


class SettingsInvalid(DialerError):
    """A setting is wrong; the message names it and says why."""

    code = "settings-invalid"
    exit_code = 2


class _Group(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


def _words(value: Any) -> Any:
    """A list that is given as one text, with spaces or commas between."""
    return [each for each in re.split(r"[\s,]+", value) if each] if isinstance(value, str) else value


class DatabaseSettings(_Group):
    """Where the data is."""

    url: SecretStr | None = None
    """`postgresql://user:password@host/name`; without it a SQLite file in the data folder."""


class MqttSettings(_Group):
    """Where events are published."""

    url: SecretStr | None = None
    """`mqtt://user:password@host:1883` or `mqtts://…`; without it a broker inside the engine."""
    port: int = Field(default=1883, ge=0, le=65535)
    """The embedded broker's port on loopback; 0 takes a free one."""


class ApiSettings(_Group):
    """The HTTP face."""

    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=0, le=65535)
    key: SecretStr | None = None
    """The operator's key, for all clients; without it the first start makes one and prints it once."""
    sign_in_idle_s: float = Field(default=4 * 3600.0, ge=60, le=30 * 86400)
    """A sign-in that is not used for so long has ended."""
    sign_in_longest_s: float = Field(default=16 * 3600.0, ge=60, le=30 * 86400)
    """However much it is used, a sign-in ends after so long."""
    calendar_names: bool = False
    """Whether agents' calendars of callbacks name the leads; else they have their numbers in the database."""

    @field_validator("key")
    @classmethod
    def _can_be_sent(cls, key: SecretStr | None) -> SecretStr | None:
        text = None if key is None else key.get_secret_value()
        if text is not None and (
            not text or text != text.strip() or not (text.isascii() and text.isprintable())
        ):
            raise ValueError(
                "nobody could give this key; use ASCII letters, digits and signs without spaces around them, "
                "or leave the setting out"
            )
        return key


class OidcSettings(_Group):
    """Single sign-on by OpenID Connect; without an issuer there is none."""

    issuer: str | None = Field(default=None, pattern=r"^https?://[^\s?#]+$", max_length=300)
    """As the provider names itself; below it is /.well-known/openid-configuration."""
    client_id: str = Field(default="", max_length=300)
    client_secret: SecretStr = SecretStr("")
    redirect_url: str = Field(default="", max_length=300)
    """Our own address as browsers see it, with /api/v1/sign-in/oidc/callback behind it."""
    role_claim: str = Field(default="groups", max_length=100)
    """The claim of the ID token that says what somebody is: a text, or a list of texts."""
    roles: dict[str, str] = {}
    """Which value of the claim is which role, as in `sellers=acme/agent, boss=operator`; the first counts."""

    @field_validator("roles", mode="before")
    @classmethod
    def _paired(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        return dict(each.strip().split("=", 1) for each in value.split(",") if "=" in each)

    @field_validator("roles")
    @classmethod
    def _known(cls, roles: dict[str, str]) -> dict[str, str]:
        for each in roles.values():
            Standing.parse(each)
        return roles

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.issuer is not None and not (self.client_id and self.redirect_url and self.roles):
            raise ValueError("an issuer needs a client_id, a redirect_url and roles")
        for url in (self.issuer, self.redirect_url):
            if url and not url.startswith(("https://", "http://127.0.0.1", "http://localhost")):
                raise ValueError("only https is safe for signing in, but on this machine itself")
        return self


class SipSettings(_Group):
    """The switch and where its calls go."""

    host: str = "127.0.0.1"
    port: int = Field(default=5060, ge=0, le=65535)
    rtp_port: int = Field(default=20000, ge=1024, le=65000)
    rtp_port_count: int = Field(default=8000, ge=4, le=60000)
    lines: int = Field(default=200, ge=1, le=2000)
    """Calls at one time, agents' legs included."""
    trunk: str = Field(default="sip:{number}@127.0.0.1:5080", pattern=ADDRESS)
    """Where customers are called, where one trunk without further settings is enough; `{number}` becomes the
    number in E.164."""
    tls_port: int = Field(default=5061, ge=0, le=65535)
    """Taken only where a trunk is reached over TLS."""
    tls_ca_file: Path = Path("/etc/ssl/certs/ca-certificates.crt")
    """Whose certificates are believed, in PEM: a trunk that shows another is not called."""
    tls_certificate_file: Path | None = None
    tls_key_file: Path | None = None
    """Our own certificate, for trunks that ask for one."""
    nameservers: tuple[str, ...] = ()
    """Who is asked for SRV records (RFC 3263), by address; without any, those of this machine, where a trunk
    needs them."""
    unclaimed_message: Path | None = None
    """A WAV file for people who answer and find no agent; without it the one that ships."""
    hold_music: Path | None = None
    """A WAV file for people who are on hold or parked, over and over; without it the one that ships."""

    registrar: str = Field(default="", pattern=r"^([A-Za-z0-9.-]+(:\d{1,5})?)?$")
    """Host, or host:port, at which our own registrar takes calls to softphones (docs/softphones.md)."""
    waiting_sound: str = "comfort_noise"
    """What an agent hears while waiting for a customer: `comfort_noise`, `none`, or a WAV file's path."""
    connect_beep: bool = True
    """Whether an agent hears a beep as a customer is connected; the customer does not."""
    softphone_silence_limit_s: float = Field(default=5.0, ge=0, le=600)
    """A softphone that sends no audio for so long is taken for dead; 0 where softphones suppress silence."""
    softphone_answer_within_s: float = Field(default=1.5, gt=0, le=60)
    """How long a softphone may ring that is rung for each customer, who waits meanwhile."""

    @field_validator("nameservers", mode="before")
    @classmethod
    def _listed(cls, value: Any) -> Any:
        return _words(value)

    @model_validator(mode="after")
    def _can_reach_the_trunk(self) -> Self:
        self.require_way_to(self.trunk.rpartition("@")[2])
        return self

    def require_way_to(self, carrier: str) -> None:
        """Raises ValueError where no call from our address can get there."""
        if self.host.startswith("127.") and not carrier.startswith(("127.", "localhost")):
            raise ValueError(
                f"from {self.host} no call reaches the trunk {carrier}; set DIALER_SIP__HOST to this "
                "machine's address, or to 0.0.0.0"
            )


class AgentsSettings(_Group):
    """The agents' shifts."""

    softphone_gone_limit_s: float = Field(default=1800.0, ge=60, le=86_400)
    """An agent whose softphone has been gone for so long is logged out, so that no shift that was left behind
    counts for hours."""


class CallsSettings(_Group):
    """What agents may do on calls, and how many people may call us."""

    outside: tuple[Annotated[str, Field(pattern=r"^(countries|\+[1-9][0-9]{0,14})$")], ...] = (COUNTRIES,)
    """Whom agents may call in from outside: numbers and their beginnings, as in +4930, and `countries`, for
    ordinary numbers where the client's campaigns call (docs/calls.md)."""

    from_one_number: int = Field(default=10, ge=1, le=10_000)
    """Calls of people to us that are taken from one number within ten minutes."""
    from_strangers: int = Field(default=60, ge=1, le=10_000)
    """Calls that are taken within a minute from people who are nobody's lead yet; each becomes one."""

    @field_validator("outside", mode="before")
    @classmethod
    def _listed(cls, value: Any) -> Any:
        return _words(value)


class WebhooksSettings(_Group):
    """Where requests to web hooks may go."""

    allowed_networks: tuple[str, ...] = ()
    """Networks of one's own that web hooks may be in, as in 10.20.0.0/16; else only the public internet. A
    web hook in one of these may do without TLS."""
    ca_file: Path | None = None
    """Authorities in PEM that certificates of web hooks may be from, beside those that the system knows."""

    @field_validator("allowed_networks", mode="before")
    @classmethod
    def _listed(cls, value: Any) -> Any:
        return _words(value)

    @field_validator("allowed_networks")
    @classmethod
    def _are_networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        parse_networks(value)
        return value


class Settings(BaseSettings):
    """Everything that can be set."""

    model_config = SettingsConfigDict(
        env_prefix=_PREFIX,
        env_nested_delimiter="__",
        enable_decoding=False,
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
        secrets_dir=None,
    )

    data_dir: Path = Path("dialer-data")
    node: str = Field(default="node-1", pattern=r"^[a-z0-9-]{1,64}$")
    log_level: str = Field(default="info", pattern=r"^(debug|info|warning|error)$")
    shutdown_limit_s: float = Field(default=600.0, ge=0)
    """How long a stop waits for conversations to end by themselves."""
    recordings_dir: Path | None = None
    """Where recordings are kept; without it a folder in the data folder."""
    rules_dir: Path | None = None
    """A folder of calling rules, one TOML file a jurisdiction; without it those that ship."""
    database: DatabaseSettings = DatabaseSettings()
    mqtt: MqttSettings = MqttSettings()
    api: ApiSettings = ApiSettings()
    oidc: OidcSettings = OidcSettings()
    sip: SipSettings = SipSettings()
    agents: AgentsSettings = AgentsSettings()
    calls: CallsSettings = CallsSettings()
    webhooks: WebhooksSettings = WebhooksSettings()
    trunks: dict[Annotated[str, Field(pattern=r"^[a-z0-9_-]{1,32}$")], TrunkSettings] = {}
    """Each trunk by its name; without any, `sip.trunk` is the only one."""
    message_secrets: dict[Annotated[str, Field(pattern=r"^[a-z0-9_]{1,60}$")], SecretStr] = {}
    """Passwords and keys of message channels, by the names that the channels give them."""

    @model_validator(mode="after")
    def _can_reach_the_trunks(self) -> Self:
        for trunk in self.trunks.values():
            self.sip.require_way_to(trunk.host)
        return self

    @property
    def all_trunks(self) -> dict[str, TrunkSettings]:
        """Each trunk by its name; at least one."""
        return self.trunks or {"default": TrunkSettings(uri=self.sip.trunk, keep_alive_s=0)}

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        sources = [init_settings, _Values(settings_cls), _FileValues(settings_cls)]
        if config := os.environ.get(f"{_PREFIX}CONFIG"):
            sources.append(TomlConfigSettingsSource(settings_cls, toml_file=config))
        return tuple(sources)

    @property
    def database_url(self) -> str:
        """The database's URL, with its driver."""
        if self.database.url is None:
            return f"sqlite+aiosqlite:///{self.data_dir / 'dialer.db'}"
        url = self.database.url.get_secret_value()
        scheme, separator, rest = url.partition("://")
        return f"{_DRIVERS.get(scheme, scheme)}{separator}{rest}"


class _Values(EnvSettingsSource):
    """The variables that hold a value themselves."""

    def _load_env_vars(self) -> dict[str, str | None]:
        return {name.lower(): value for name, value in os.environ.items() if not name.endswith("_FILE")}


class _FileValues(EnvSettingsSource):
    """`DIALER_API__KEY_FILE=/run/secrets/key` stands for `DIALER_API__KEY=<its content>`."""

    def _load_env_vars(self) -> dict[str, str | None]:
        values: dict[str, str | None] = {}
        for name, path in os.environ.items():
            if name.startswith(_PREFIX) and name.endswith("_FILE"):
                try:
                    values[name.removesuffix("_FILE").lower()] = Path(path).read_text("utf-8").strip()
                except OSError as error:
                    raise SettingsInvalid(
                        f"{name} names {path}, which cannot be read: {error.strerror}."
                    ) from error
                except UnicodeDecodeError:
                    raise SettingsInvalid(f"{name} names {path}, which is not UTF-8 text.") from None
        return values


class _Isolated(Settings):
    """Settings that neither the environment nor a file has a say in."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (init_settings,)


def isolated_settings(**values: Any) -> Settings:
    """Settings from these values and the defaults alone, for what must not touch a real service."""
    return _Isolated(**values)


def setting_names() -> frozenset[str]:
    """Every setting by the name of its variable, less `DIALER_`: `NODE`, `SIP__PORT`."""
    return frozenset(_names(Settings))


def _names(model: type[BaseModel]) -> Iterator[str]:
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from (f"{name}__{inner}".upper() for inner in _names(field.annotation))
        else:
            yield name.upper()


def load_settings(**overrides: Any) -> Settings:
    """Reads the settings; `overrides` win over everything. Raises SettingsInvalid."""
    _refuse_unknown(os.environ)
    config = os.environ.get(f"{_PREFIX}CONFIG")
    if config and not Path(config).is_file():
        raise SettingsInvalid(f"{_PREFIX}CONFIG names {config}, which is not a file.")
    try:
        return Settings(**overrides)
    except ValidationError as error:
        wrong = "; ".join(
            _unknown_key(config, [str(part) for part in each["loc"]])
            if each["type"] == "extra_forbidden"
            else f"{_PREFIX}{'__'.join(str(part) for part in each['loc']).upper()}: {each['msg']}"
            for each in error.errors(include_input=False)
        )
        raise SettingsInvalid(f"The settings are not valid. {wrong}.") from error
    except (OSError, ValueError) as error:
        raise SettingsInvalid(f"{_PREFIX}CONFIG names {config}, which cannot be read: {error}.") from error


def _refuse_unknown(variables: Collection[str]) -> None:
    """Raises SettingsInvalid where a variable has our prefix and nobody reads it."""
    # The group itself is refused later, with what is wrong about it.
    known = setting_names() | {name.upper() for name in Settings.model_fields}
    unknown = [
        f"{name} is no setting{_nearest(name.upper().removeprefix(_PREFIX), _PREFIX)}"
        for name in sorted(variables)
        if name.upper().startswith(_PREFIX)
        and name not in _OTHERS
        and name.upper().removeprefix(_PREFIX) not in known
        and name.removeprefix(_PREFIX).removesuffix("_FILE") not in known
        and not _is_of_a_trunk(name.removeprefix(_PREFIX).removesuffix("_FILE"))
        and not _is_a_message_secret(name.removeprefix(_PREFIX))
    ]
    if unknown:
        raise SettingsInvalid(f"The settings are not valid. {'; '.join(unknown)}.")


def _is_of_a_trunk(name: str) -> bool:
    """TRUNKS__<name>__<setting>."""
    parts = name.lower().split("__")
    return len(parts) == 3 and parts[0] == "trunks" and parts[2] in TrunkSettings.model_fields


def _is_a_message_secret(name: str) -> bool:
    """MESSAGE_SECRETS__<name>, with _FILE or without."""
    parts = name.lower().split("__")
    return len(parts) == 2 and parts[0] == "message_secrets" and bool(parts[1])


def _unknown_key(config: str | None, key: list[str]) -> str:
    """Only the file can bring one: the variables have been looked at before."""
    nearest = _nearest("__".join(key).upper())
    return f"{config} has {'.'.join(key)}, which is no setting{nearest}"


def _nearest(name: str, prefix: str | None = None) -> str:
    """Which setting was meant: by its variable where there is a prefix, else by its key in the file."""
    suffix = "_FILE" if prefix and name.endswith("_FILE") else ""
    for found in get_close_matches(name.removesuffix("_FILE"), setting_names(), 1):
        meant = f"{prefix}{found}{suffix}" if prefix else found.replace("__", ".").lower()
        return f" (did you mean {meant}?)"
    return ""
