"""The shared parts: which adapter is real. Each is built here and nowhere else."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit, urlunsplit

from devices.messages import HashedBadge, SunMessage
from devices.sun import PlainSun
from etabli.bootstrap.folder import DataFolder, DeviceKeys, MasterKey, badge_hasher, badge_key
from etabli.settings.load import secret
from etabli.settings.models import Settings
from etabli.words import Sentence
from gateway.adapters.clock import SystemClock
from gateway.adapters.ids import TimeOrderedIds
from gateway.ports.bus import Bus, Will
from gateway.ports.card_crypto import CardKeys
from gateway.ports.clock import SetClock
from gateway.ports.errors import BadConfiguration, StoreUnavailable
from gateway.ports.ids import Ids
from gateway.ports.store import Store
from gateway.ports.timeseries import TimeSeries

if TYPE_CHECKING:
    from gateway.adapters.broker import EmbeddedBroker
    from gateway.adapters.broker_door import Door

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """What every way of running needs: settings, folder, clock, ids and the badge key."""

    settings: Settings
    folder: DataFolder
    clock: SetClock
    ids: Ids
    hash_badge: Callable[[str], tuple[HashedBadge, ...]]
    site_key: bytes
    cards: MasterKey

    def hide_card(self, said: PlainSun) -> SunMessage:
        """A card's message without a number that anybody could read."""
        from gateway.adapters.card_crypto import hide

        return hide(self.site_key, said)

    def card_keys(self) -> CardKeys:
        """What tells a card from its copy."""
        from gateway.adapters.card_crypto import SunKeys

        return SunKeys(self.cards, self.site_key, self.hash_badge)

    @property
    def site(self) -> str:
        """The site's slug."""
        return self.settings.lab.slug


@dataclass(frozen=True, slots=True, kw_only=True)
class Broker:
    """Where the broker is and how it speaks. ``protocol`` is 5, or 4 for 3.1.1."""

    host: str
    port: int
    protocol: int
    username: str | None = None
    password: str | None = None


def basis(settings: Settings) -> Basis:
    """Make the data folder and the badge key where they are missing."""
    folder = DataFolder(settings.data.directory)
    folder.make()
    named = settings.badges.key_file
    key = badge_key(named or folder.badge_key, may_make=named is None)
    return Basis(
        settings=settings,
        folder=folder,
        clock=SystemClock(),
        ids=TimeOrderedIds(),
        hash_badge=badge_hasher(key),
        site_key=key.key,
        cards=MasterKey(folder.card_key),
    )


def device_keys(base: Basis) -> DeviceKeys:
    """The keys of the devices that sign."""
    named = {device.slug: device.key_file for device in base.settings.devices if device.key_file}
    return DeviceKeys(base.folder.device_keys, named)


def embedded_broker(base: Basis) -> tuple["EmbeddedBroker", Broker]:
    """A broker of our own, started, and how to reach it."""
    from gateway.adapters.broker import EmbeddedBroker, Tls

    told, tls = base.settings.broker, None
    if told.tls_port is not None:
        certificate, key = base.folder.tls / "server.pem", base.folder.tls / "server.key"
        if not certificate.exists():
            raise BadConfiguration(
                Sentence(
                    "broker.tls_port demande un certificat : etabli certificate NOM [NOM …], puis recommencez",
                    "broker.tls_port needs a certificate: etabli certificate NAME [NAME …], then start again",
                )
            )
        tls = Tls(port=told.tls_port, certificate=certificate, key=key)
    broker = EmbeddedBroker(
        base.folder.broker, host=told.host, port=told.port, kind=None if told.program == "auto" else told.program,
        door=None if told.anonymous else door(base), tls=tls,
    )  # fmt: skip
    found = broker.start()
    return broker, Broker(
        host=found.host, port=found.port, protocol=found.protocol, username=found.username, password=found.password
    )


def door(base: Basis) -> "Door":
    """The accounts of our broker, or of a Mosquitto that reads the same files."""
    from gateway.adapters.broker_door import Door

    return Door(base.folder.broker, site=base.site)


def on_sqlite(settings: Settings) -> bool:
    """Whether the truth is in a file that one process writes."""
    return settings.store.url is None or settings.store.url.startswith("sqlite")


def store_address(settings: Settings) -> str | Path:
    """Where the store is, its password put in."""
    url = settings.store.url
    if url is None:
        return DataFolder(settings.data.directory).store
    if settings.store.password_file is None:
        return url
    parts = urlsplit(url)
    user, _, place = parts.netloc.rpartition("@")
    password = quote(secret(settings.store.password_file, "store.password_file"), safe="")
    return urlunsplit(parts._replace(netloc=f"{user.partition(':')[0]}:{password}@{place}"))


def open_store(settings: Settings) -> Store:
    """The store, whatever its schema's state."""
    from gateway.adapters.sql import SqlStore

    # On SQLite nobody else writes for long: a person at a reader is told sooner that it is locked.
    busy_s = 2.0 if on_sqlite(settings) else 5.0
    return SqlStore(store_address(settings), site=settings.lab.slug, busy_s=busy_s)


def migrate(settings: Settings) -> None:
    """Bring the store's schema up to date."""
    # Alembic weighs 15 MB and half a second: only a store that needs it pays.
    from gateway.adapters.sql.migrate import migrate as bring_up_to_date

    bring_up_to_date(store_address(settings))


def ready_store(settings: Settings) -> Store:
    """The store, migrated when it is our own file; else it must be up to date already."""
    if on_sqlite(settings) and not Path(str(store_address(settings)).removeprefix("sqlite:///")).exists():
        # Made by the migration, for its owner's eyes only.
        migrate(settings)
    store = open_store(settings)
    try:
        store.check()
    except StoreUnavailable:
        if not on_sqlite(settings):
            store.close()
            raise
        store.close()
        migrate(settings)
        store = open_store(settings)
        store.check()
    return store


def open_series(settings: Settings) -> TimeSeries:
    """The series in SQL: beside the store's file, or in the same PostgreSQL."""
    from gateway.adapters.timeseries_sql import SqlTimeSeries

    if on_sqlite(settings):
        return SqlTimeSeries(str(DataFolder(settings.data.directory).series))
    return SqlTimeSeries(str(store_address(settings)))


def open_influx(settings: Settings) -> TimeSeries | None:
    """The copy in InfluxDB, where one is wanted."""
    influx = settings.series.influx
    if influx is None:
        return None
    from gateway.adapters.timeseries_influx import InfluxTimeSeries

    token = secret(influx.token_file, "series.influx.token_file")
    return InfluxTimeSeries(influx.url, token, influx.org, influx.bucket)


def external_broker(settings: Settings) -> Broker:
    """The broker that the settings name."""
    told = settings.broker
    password = secret(told.password_file, "broker.password_file") if told.password_file else None
    protocol = 5 if told.protocol == "5" else 4
    return Broker(host=told.host, port=told.port, protocol=protocol, username=told.username, password=password)


def open_bus(broker: Broker, *, name: str, will: Will | None = None, patient: bool = True) -> Bus:
    """A connection of its own; ``patient`` or not, it goes on trying when the broker is away."""
    from gateway.adapters.bus_mqtt import MqttBus

    return MqttBus(
        broker.host, broker.port, client_id=name, username=broker.username, password=broker.password, will=will,
        protocol=broker.protocol, retry_max_s=30.0 if patient else 5.0,
    )  # fmt: skip


def refuse_apart(settings: Settings, what: str) -> None:
    """On SQLite one process writes: parts that need the store run together."""
    if on_sqlite(settings):
        raise BadConfiguration(
            Sentence(
                f"`etabli {what}` demande PostgreSQL (store.url) ; avec SQLite, tout tourne ensemble par `etabli run`",
                f"`etabli {what}` needs PostgreSQL (store.url); with SQLite everything runs together, by `etabli run`",
            )
        )
