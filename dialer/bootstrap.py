"""Puts the service together: the one place that chooses concrete parts."""

import asyncio
import contextlib
import fcntl
import os
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path

import structlog

from campaigns.compliance.rulebook import Rulebook, load_rulebook
from campaigns.core.webhook import parse_networks
from campaigns.lead_editing import follow_merges
from campaigns.messaging import replies
from campaigns.messaging.port import OnReply, Reply
from campaigns.recordings.folder import RecordingFolder
from campaigns.sound_file import why_unplayable
from campaigns.webhook_posting import Poster
from dialer.access.audit import AuditLog
from dialer.access.core.claims import Standing
from dialer.access.door import Door
from dialer.access.idempotent_answers import IdempotentAnswers
from dialer.access.operator_key import kept_key
from dialer.access.signing_in import SigningIn, SignInLimits
from dialer.access.single_sign_on import Provider, SingleSignOn
from dialer.api.app import Faces, create_app
from dialer.api.health import Readiness
from dialer.api.server import HttpServer
from dialer.bus.broker import EmbeddedBroker
from dialer.bus.messages import NodeStatus
from dialer.bus.mqtt import MqttOptions, Publisher
from dialer.clock import SteadyClock
from dialer.core.caller_limits import CallerRule
from dialer.core.outside import OutsideRule
from dialer.database import Database, DatabaseUnavailable, opened
from dialer.dialing import DialingOptions
from dialer.engine import Engine, EngineOptions
from dialer.errors import DialerError
from dialer.event_feed import Announcer, EventFeed
from dialer.folder import LOCK_NAME, DataFolderUnusable, make_data_folder
from dialer.forecaster import Forecaster
from dialer.message_sender import MessageSender
from dialer.metrics import Metrics
from dialer.mixing import WaitingSounds
from dialer.recording_keeper import RecordingKeeper
from dialer.settings import Settings, SettingsInvalid
from dialer.softphones import COMFORT_NOISE, NO_SOUND, SoftphoneOptions, beep_in, waiting_sound_in
from dialer.switch.capacity import ask_binding, require_lines
from dialer.switch.options import EndpointOptions, SwitchOptions, TlsOptions
from dialer.trunk_settings import options_of, trunk_of
from dialer.version import VERSION
from dialer.webhook_sender import WebhookSender
from leads.importing.runner import ImportRunner

_SOCKET_PATH_BYTES = 107
"""The longest path of a unix socket: `sun_path` has 108 bytes, one of them for the NUL."""

_MOST_CALLS = 2000
"""That any binding of ours holds. Beside the lines there is room for calls that a silent trunk has not given
back yet: each takes half a minute to end."""
_RESOLVERS = Path("/etc/resolv.conf")

log = structlog.get_logger("service")


class DataFolderInUse(DialerError):
    """Another dialer works on this data folder."""

    code = "data-folder-in-use"


class MessageUnreadable(DialerError):
    """The message that the law asks for cannot be played."""

    code = "message-unreadable"
    exit_code = 2


class DatabaseNotMigrated(DialerError):
    """The database is not of this version."""

    code = "database-not-migrated"


@dataclass(frozen=True)
class Service:
    """A service that runs, with what its neighbours need to reach it."""

    engine: Engine
    database: Database
    rules: Rulebook
    api_url: str
    api_key: str
    api_key_is_new: bool
    mqtt: MqttOptions

    async def stop(self, *, drain_s: float) -> None:
        """Ends the calls and the switch; see `Engine.stop`."""
        await self.engine.stop(drain_s=drain_s)


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Service]:
    """The whole service, from the data folder to the HTTP face; taken down in reverse order.

    Raises a DialerError that says what is missing or wrong. A body that ends without `Service.stop` has
    its calls ended at once.
    """
    async with contextlib.AsyncExitStack() as stack:
        _require_short_path(_socket(settings))
        stack.enter_context(_owned(settings.data_dir))
        require_lines(await ask_binding(settings.sip.lines), settings.sip.lines)
        require_message(unclaimed_message(settings))
        require_hold_music(waiting_sounds(settings).hold)
        rules = await asyncio.to_thread(load_rulebook, settings.rules_dir, datetime.now(UTC).date())
        database = await stack.enter_async_context(opened(settings.database_url))
        await _prepare(database, settings)
        await stack.enter_async_context(database.for_one_engine())
        mqtt = await _broker(stack, settings)
        publisher = Publisher(
            mqtt,
            NodeStatus(
                node=settings.node, state="online", version=VERSION, capacity_calls=settings.sip.lines
            ),
            clock=lambda: datetime.now(UTC),
            new_id=lambda: uuid.uuid4().hex,
        )
        await stack.enter_async_context(publisher)
        feed = EventFeed(uuid.uuid4().hex, lambda: datetime.now(UTC))
        metrics = Metrics(VERSION)
        engine = Engine(
            _engine_options(settings),
            database.sessions,
            database.readings,
            rules,
            Announcer(publisher, feed),
            metrics,
            SteadyClock(time.time),
        )
        await engine.start()
        stack.push_async_callback(_stop_engine, engine)
        recordings = recordings_of(settings)
        keeper = RecordingKeeper(database.sessions, recordings, metrics, engine.now)
        keeper.start()
        stack.push_async_callback(keeper.stop)
        messages = MessageSender(
            database.sessions,
            database.readings,
            rules,
            message_secrets(settings),
            engine.now,
            _reader(database, engine.now),
        )
        messages.start()
        stack.push_async_callback(messages.stop)
        poster = poster_of(settings)
        webhooks = WebhookSender(database.sessions, database.readings, poster, engine.now)
        webhooks.start()
        stack.push_async_callback(webhooks.stop)
        imports = ImportRunner(
            database.sessions, settings.data_dir / "imports", engine.now, follow=follow_merges
        )
        await imports.start()
        stack.push_async_callback(imports.stop)
        key, key_is_new = _api_key(settings)
        limits = SignInLimits(settings.api.sign_in_idle_s, settings.api.sign_in_longest_s)
        signing_in = SigningIn(database.sessions, limits, engine.now)
        audit = AuditLog(database.sessions)
        audit.start()
        stack.push_async_callback(audit.stop)
        answers = IdempotentAnswers(database.sessions, database.readings, settings.node)
        answers.start()
        stack.push_async_callback(answers.stop)
        server = HttpServer(
            create_app(
                Faces(
                    engine=engine,
                    feed=feed,
                    readings=database.readings,
                    rules=rules,
                    imports=imports,
                    forecaster=Forecaster(),
                    recordings=recordings,
                    door=Door(key, database.sessions, database.readings, limits, engine.now),
                    signing_in=signing_in,
                    single_sign_on=SingleSignOn(_provider(settings), signing_in, engine.now),
                    audit=audit,
                    answers=answers,
                    readiness=lambda: _readiness(database, publisher, engine),
                    metrics_text=lambda: metrics.text(switch_up=engine.switch_up),
                    poster=poster,
                    calendar_names=settings.api.calendar_names,
                )
            ),
            settings.api.host,
            settings.api.port,
        )
        await server.start()
        stack.push_async_callback(server.stop)
        stack.callback(feed.close)
        url = f"http://{settings.api.host}:{server.port}"
        log.info("service ready", api=url, node=settings.node, version=VERSION)
        yield Service(engine, database, rules, url, key, key_is_new, mqtt)


@contextmanager
def _owned(folder: Path) -> Iterator[None]:
    """The data folder, for this process alone. Raises DataFolderInUse and DataFolderUnusable."""
    make_data_folder(folder)
    try:
        lock = os.open(folder / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise DataFolderUnusable(
            f"The data folder {folder} cannot be written ({error.strerror}); set DIALER_DATA_DIR to another."
        ) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        raise DataFolderInUse(
            f"Another dialer works on {folder}; end it, or set DIALER_DATA_DIR to another folder."
        ) from None
    try:
        yield
    finally:
        os.close(lock)


async def _prepare(database: Database, settings: Settings) -> None:
    if settings.database.url is None:
        await database.migrate()
    elif not await database.is_current():
        raise DatabaseNotMigrated("The database is not of this version; run `dialer db upgrade` first.")


async def _broker(stack: contextlib.AsyncExitStack, settings: Settings) -> MqttOptions:
    if settings.mqtt.url is not None:
        return MqttOptions.from_url(settings.mqtt.url.get_secret_value())
    password, _ = kept_key(settings.data_dir / "mqtt.key")
    broker = EmbeddedBroker(port=settings.mqtt.port, password=password)
    await stack.enter_async_context(broker)
    return broker.options


def _api_key(settings: Settings) -> tuple[str, bool]:
    if settings.api.key is not None:
        return settings.api.key.get_secret_value(), False
    return kept_key(settings.data_dir / "api.key")


def _provider(settings: Settings) -> Provider | None:
    oidc = settings.oidc
    if oidc.issuer is None:
        return None
    return Provider(
        issuer=oidc.issuer,
        client_id=oidc.client_id,
        client_secret=oidc.client_secret.get_secret_value(),
        redirect_url=oidc.redirect_url,
        role_claim=oidc.role_claim,
        roles={claim: Standing.parse(standing) for claim, standing in oidc.roles.items()},
    )


def message_secrets(settings: Settings) -> Mapping[str, str]:
    """Passwords and keys of message channels, by name."""
    return {name: secret.get_secret_value() for name, secret in settings.message_secrets.items()}


def _reader(database: Database, now: Callable[[], datetime]) -> OnReply:
    """Who reads what people answer by text message."""

    async def read(channel_id: int, reply: Reply) -> None:
        await replies.received(database.sessions, channel_id, reply.from_address, reply.text, now())

    return read


def unclaimed_message(settings: Settings) -> Path:
    """The WAV file for people who find no agent."""
    return settings.sip.unclaimed_message or _shipped("unclaimed.wav")


def waiting_sounds(settings: Settings) -> WaitingSounds:
    """What who is on hold hears, and what an agent hears while somebody is called in."""
    return WaitingSounds(settings.sip.hold_music or _shipped("hold.wav"), _shipped("ringing.wav"))


def _shipped(sound: str) -> Path:
    return Path(str(files("dialer").joinpath("sounds", sound)))


def require_message(path: Path) -> None:
    """People who find no agent must hear it. Raises MessageUnreadable."""
    if reason := why_unplayable(path):
        raise MessageUnreadable(
            f"The message for people who find no agent, {path}, cannot be played ({reason}); set "
            "DIALER_SIP__UNCLAIMED_MESSAGE to a WAV file."
        )


def require_hold_music(path: Path) -> None:
    """People on hold must hear that they are. Raises MessageUnreadable."""
    if reason := why_unplayable(path):
        raise MessageUnreadable(
            f"The music for people on hold, {path}, cannot be played ({reason}); set "
            "DIALER_SIP__HOLD_MUSIC to a WAV file."
        )


def recordings_of(settings: Settings) -> RecordingFolder:
    """This node's folder of recordings."""
    root = settings.recordings_dir or settings.data_dir / "recordings"
    return RecordingFolder(root.absolute(), settings.node)


def poster_of(settings: Settings) -> Poster:
    """What reaches web hooks. Raises SettingsInvalid."""
    wanted = settings.webhooks
    try:
        return Poster(parse_networks(wanted.allowed_networks), wanted.ca_file)
    except OSError as error:
        raise SettingsInvalid(
            f"DIALER_WEBHOOKS__CA_FILE names {wanted.ca_file}, which has no certificates ({error})."
        ) from error


def _socket(settings: Settings) -> Path:
    """Where the engine meets the switch."""
    return settings.data_dir.absolute() / "switch.sock"


def _require_short_path(path: Path) -> None:
    """Raises SettingsInvalid for a socket that the kernel would not take; see unix(7)."""
    excess = len(os.fsencode(path)) - _SOCKET_PATH_BYTES
    if excess > 0:
        raise SettingsInvalid(
            f"The path of the data folder, {path.parent}, is {excess} bytes too long for the switch's socket "
            "in it; set DIALER_DATA_DIR to a shorter one."
        )


def _engine_options(settings: Settings) -> EngineOptions:
    sip = settings.sip
    data = settings.data_dir.absolute()
    endpoint = EndpointOptions(
        host=sip.host,
        port=sip.port,
        max_calls=min(_MOST_CALLS, 2 * sip.lines),
        rtp_port=sip.rtp_port,
        rtp_port_count=sip.rtp_port_count,
        trunks=tuple(options_of(name, each) for name, each in settings.all_trunks.items()),
        tcp=any(each.transport == "tcp" for each in settings.all_trunks.values()),
        tls=_tls(settings),
        tls_port=sip.tls_port,
        nameservers=_nameservers(settings),
    )
    trunks = tuple(trunk_of(name, each) for name, each in settings.all_trunks.items())
    return EngineOptions(
        node=settings.node,
        dialing=DialingOptions(trunks, sip.lines, unclaimed_message(settings)),
        switch=SwitchOptions(socket=_socket(settings), log_file=data / "switch.log", endpoint=endpoint),
        softphones=_softphones(settings),
        prompts=data / "prompts",
        recordings=recordings_of(settings),
        sounds=waiting_sounds(settings),
        softphone_gone_limit_s=settings.agents.softphone_gone_limit_s,
        outside=OutsideRule(settings.calls.outside),
        callers=CallerRule(
            per_caller=settings.calls.from_one_number, strangers=settings.calls.from_strangers
        ),
    )


def _softphones(settings: Settings) -> SoftphoneOptions:
    """Raises SettingsInvalid for a sound that cannot be played."""
    sip, sounds = settings.sip, settings.data_dir.absolute() / "sounds"
    wanted = sip.waiting_sound
    if wanted not in (COMFORT_NOISE, NO_SOUND) and (reason := why_unplayable(Path(wanted))):
        raise SettingsInvalid(
            f"DIALER_SIP__WAITING_SOUND names {wanted}, which cannot be played ({reason}); name a WAV file, "
            f"{COMFORT_NOISE} or {NO_SOUND}."
        )
    return SoftphoneOptions(
        registrar=sip.registrar,
        waiting_sound=waiting_sound_in(sounds, wanted),
        beep=beep_in(sounds) if sip.connect_beep else "",
        silence_limit_s=sip.softphone_silence_limit_s,
        answer_within_s=sip.softphone_answer_within_s,
    )


def _tls(settings: Settings) -> TlsOptions | None:
    """What SIP over TLS needs, where a trunk is reached so. Raises SettingsInvalid for a missing file."""
    sip = settings.sip
    if not any(each.has_tls for each in settings.all_trunks.values()):
        return None
    for name, path in (
        ("TLS_CA_FILE", sip.tls_ca_file),
        ("TLS_CERTIFICATE_FILE", sip.tls_certificate_file),
        ("TLS_KEY_FILE", sip.tls_key_file),
    ):
        if path is not None and not path.is_file():
            raise SettingsInvalid(f"DIALER_SIP__{name} names {path}, which is not a file.")
    return TlsOptions(str(sip.tls_ca_file), str(sip.tls_certificate_file or ""), str(sip.tls_key_file or ""))


def _nameservers(settings: Settings) -> tuple[str, ...]:
    """Those that are set; without any, this machine's, where a trunk's host needs SRV records."""
    if settings.sip.nameservers or not any(each.needs_srv for each in settings.all_trunks.values()):
        return settings.sip.nameservers
    with contextlib.suppress(OSError):
        lines = [line.split() for line in _RESOLVERS.read_text().splitlines()]
        return tuple(words[1] for words in lines if len(words) > 1 and words[0] == "nameserver")
    return ()


async def _readiness(database: Database, publisher: Publisher, engine: Engine) -> Readiness:
    try:
        migrations = await database.is_current()
        reachable = not engine.database_behind
    except DatabaseUnavailable:
        migrations = reachable = False
    parts = {
        "database": reachable,
        "migrations": migrations,
        "broker": publisher.connected,
        "switch": engine.switch_up,
    }
    return Readiness(ready=all(parts.values()), **parts)


async def _stop_engine(engine: Engine) -> None:
    """Ends what a body that failed has left; does nothing after a stop in order."""
    await asyncio.shield(engine.stop(drain_s=0))
