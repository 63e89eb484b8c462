"""The settings of one trunk, and what the engine and the switch make of them.

In the TOML file `[trunks.main]`, among the environment's variables `DIALER_TRUNKS__MAIN__URI` and so on.
"""

import ipaddress
import re
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from dialer.core.trunks import Trunk
from dialer.switch.options import Srtp, TrunkOptions

ADDRESS = r"^sips?:[^\s<>]*\{number\}[^\s<>]*@[^\s<>]+$"
"""A SIP address with {number} in its user part."""
_HOST = re.compile(r"^(?:\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]+)(?::\d{1,5})?$")
_PREFIX = re.compile(r"^\+\d{1,15}$")
Codec = Literal["PCMU", "PCMA", "G722", "GSM"]


class TrunkSettings(BaseModel):
    """A way to the telephone network."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True, frozen=True)

    uri: str = Field(pattern=ADDRESS)
    """`{number}` becomes the number. UDP, or with `;transport=tcp`, `;transport=tls` or `sips:` the other;
    a host name without a port is looked up by SRV records."""
    user: str = Field(default="", pattern=r"^[^\s<>\":;]*$", max_length=100)
    """For digest authentication; empty where the trunk knows us by our address."""
    password: SecretStr = SecretStr("")
    registers: bool = False
    """Whether we register with it."""
    srtp: Srtp = "off"
    """Encrypted audio; its keys travel in the offer, so that it needs TLS."""
    codecs: tuple[Codec, ...] = ("PCMU", "PCMA")
    """In the order of our liking."""
    lines: int | None = Field(default=None, ge=1)
    """Calls at one time."""
    calls_per_second: float | None = Field(default=None, gt=0)
    prefixes: tuple[str, ...] = ()
    """The numbers that it serves, by how they begin, as in +1; none: all."""
    strip: str = Field(default="", pattern=r"^\+?\d*$")
    """Cut off the front of a number before it is put into the address, as in + or +1."""
    priority: int = Field(default=1, ge=1, le=100)
    """Trunks of the lowest are used first."""
    weight: int = Field(default=1, ge=1, le=1000)
    """The share of the calls among trunks of one priority."""
    keep_alive_s: float = Field(default=30.0, ge=0, le=3600)
    """Between two OPTIONS; 0 for a trunk that answers none."""
    reply_within_s: float = Field(default=4.0, ge=1, le=32)
    """A trunk that says nothing to an INVITE for so long is taken for dead, and the next is tried."""
    asserted_identity: bool = False
    """Whether it wants the caller ID in P-Asserted-Identity (RFC 3325) as well."""
    callers_from: tuple[str, ...] = ()
    """Addresses and networks that its calls to us come from, as in 203.0.113.0/24, beside its host's own."""
    country: str = Field(default="", pattern=r"^([A-Z]{2})?$")
    """Whose numbers it writes without a country's code in calls to us, ISO 3166-1; empty: nobody's."""
    attestation: Literal["", "A", "B", "C"] = ""
    """How the carrier signs our calls (STIR/SHAKEN), as it has told; kept with each attempt."""

    @field_validator("prefixes", "codecs", "callers_from", mode="before")
    @classmethod
    def _listed(cls, value: Any) -> Any:
        return [each for each in re.split(r"[\s,]+", value) if each] if isinstance(value, str) else value

    @field_validator("prefixes")
    @classmethod
    def _are_prefixes(cls, prefixes: tuple[str, ...]) -> tuple[str, ...]:
        for each in prefixes:
            if not _PREFIX.match(each):
                raise ValueError(f"{each[:20]!r} is no prefix of a number; write it as in +1 or +4420")
        return prefixes

    @field_validator("callers_from")
    @classmethod
    def _are_networks(cls, callers_from: tuple[str, ...]) -> tuple[str, ...]:
        for each in callers_from:
            try:
                ipaddress.ip_network(each)
            except ValueError as error:
                raise ValueError(
                    f"{each[:50]!r} is no address or network; write it as in 203.0.113.0/24"
                ) from error
        return callers_from

    @field_validator("codecs")
    @classmethod
    def _has_codecs(cls, codecs: tuple[Codec, ...]) -> tuple[Codec, ...]:
        if not codecs or len(set(codecs)) < len(codecs):
            raise ValueError("name at least one codec, and none twice")
        return codecs

    @field_validator("uri")
    @classmethod
    def _has_a_host(cls, uri: str) -> str:
        if not _HOST.match(_host(uri)):
            raise ValueError("behind the @ there has to be a host name or address, maybe with :port")
        return uri

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.srtp != "off" and not self.has_tls:
            raise ValueError("srtp without TLS shows its keys to everyone on the way; add ;transport=tls")
        if (self.registers or self.password.get_secret_value()) and not self.user:
            raise ValueError("a registration or a password needs a user")
        return self

    @property
    def has_tls(self) -> bool:
        """Whether its SIP goes over TLS."""
        return self.uri.startswith("sips:") or self.transport == "tls"

    @property
    def transport(self) -> str:
        """udp, tcp or tls, as its address says."""
        found = re.search(r";transport=(\w+)", self.uri, re.IGNORECASE)
        return found[1].lower() if found else "udp"

    @property
    def host(self) -> str:
        """Its host, with the port where there is one."""
        return _host(self.uri)

    @property
    def needs_srv(self) -> bool:
        """Whether its host is a name that SRV records may tell of (RFC 3263): one without a port."""
        return ":" not in self.host and not re.fullmatch(r"[\d.]+", self.host)


def _host(uri: str) -> str:
    return uri.rpartition("@")[2].partition(";")[0]


def trunk_of(name: str, settings: TrunkSettings) -> Trunk:
    """The trunk, as the engine knows it."""
    return Trunk(
        name=name,
        uri=settings.uri,
        prefixes=settings.prefixes,
        strip=settings.strip,
        lines=settings.lines,
        calls_per_second=settings.calls_per_second,
        priority=settings.priority,
        weight=settings.weight,
        attestation=settings.attestation,
        reply_within_s=settings.reply_within_s,
        country=settings.country,
    )


def options_of(name: str, settings: TrunkSettings) -> TrunkOptions:
    """The trunk, as the switch knows it."""
    scheme, _, _ = settings.uri.partition(":")
    _, _, place = settings.uri.rpartition("@")
    return TrunkOptions(
        name=name,
        uri=f"{scheme}:{place}",
        lines=settings.lines,
        calls_per_second=settings.calls_per_second,
        user=settings.user,
        password=settings.password.get_secret_value(),
        register=settings.registers,
        srtp=settings.srtp,
        codecs=settings.codecs,
        keep_alive_s=settings.keep_alive_s,
        asserted_identity=settings.asserted_identity,
        callers_from=settings.callers_from,
    )
