"""Every setting of `etabli.toml`. The texts under the keys become docs/configuration.md."""

import re
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    IPvAnyAddress,
    StringConstraints,
    ValidationError,
    model_validator,
)
from pydantic_core import InitErrorDetails
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from devices.topics import GATEWAY, SLUG
from etabli.settings.hours import OpeningTable
from etabli.words import Sentence
from gateway.domain.booking_policy import BookingPolicy
from gateway.domain.notices import EMAIL
from gateway.domain.policy import BadPolicy, read_policy
from gateway.domain.quiet import QuietHours
from gateway.domain.resources import ResourceKind
from gateway.domain.training import REMIND_DAYS, YearlyDate
from gateway.domain.use_policy import UsePolicy
from gateway.wording import catalogue

ENV_PREFIX = "ETABLI_"
ENV_DELIMITER = "__"

Slug = Annotated[str, StringConstraints(pattern=f"^{SLUG.pattern}$")]
Port = Annotated[int, Field(ge=1, le=65535)]


def _names(value: Any) -> Any:
    return {"fr": value} if isinstance(value, str) else value


def _has_french(value: dict[str, str]) -> dict[str, str]:
    if not value.get("fr"):
        raise ValueError(Sentence('il faut au moins fr = "…"', 'expected at least fr = "…"'))
    return value


def _yearly(value: str) -> str:
    try:
        return str(YearlyDate.read(value))
    except ValueError:
        raise ValueError(
            Sentence('il faut un jour de l’année comme "08-31"', 'expected a day of the year like "08-31"')
        ) from None


Names = Annotated[dict[Literal["fr", "en"], str], BeforeValidator(_names), AfterValidator(_has_french)]


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(
            Sentence('il faut un fuseau comme "Europe/Paris"', 'expected a time zone like "Europe/Paris"')
        ) from None
    return value


def _url(value: str) -> str:
    if not re.fullmatch(r"https?://[^\s/:]+(:\d{1,5})?(/\S*)?", value):
        raise ValueError(
            Sentence("il faut une adresse comme http://hote:8086", "expected an address like http://host:8086")
        )
    return value.rstrip("/")


Url = Annotated[str, AfterValidator(_url)]


def _fits(policy: type[Any], said: dict[str, Any]) -> dict[str, Any]:
    """A policy's table; every mistake at the place of its own key."""
    try:
        read_policy(policy, said)
    except BadPolicy as bad:
        told: list[InitErrorDetails] = []
        for one in bad.problems:
            says = [catalogue(lang).variants(f"policy.{one.wanted}")[0].format(**one.params) for lang in ("fr", "en")]
            error = ValueError(Sentence(*says))
            told.append({"type": "value_error", "loc": (one.key,), "input": one.value, "ctx": {"error": error}})
        raise ValidationError.from_exception_data(policy.__name__, told) from None
    return said


UseTable = Annotated[dict[str, Any], AfterValidator(partial(_fits, UsePolicy))]
BookingTable = Annotated[dict[str, Any], AfterValidator(partial(_fits, BookingPolicy))]


class Strict(BaseModel):
    """A table of the file: unknown keys are refused, so that a typing error is never ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class LabSettings(Strict):
    """The place."""

    slug: Slug = "lab"
    """Short name in topics and addresses; not to be changed later."""
    name: Annotated[str, Field(min_length=1)] = "Notre atelier"
    """The name on the board."""
    timezone: Annotated[str, AfterValidator(_zone)] = "Europe/Paris"
    """Time zone of opening hours and of what people read."""
    language: Literal["fr", "en"] = "fr"
    """Language of the pages for those who have not chosen, and of these messages."""
    opening: OpeningTable | None = None
    """When the place is open (listed below); without it, always."""
    use: UseTable | None = None
    """Rules of use for every resource (listed below)."""
    booking: BookingTable | None = None
    """Rules of booking for every resource (listed below)."""


class DataSettings(Strict):
    """Where the lab keeps what it knows."""

    directory: Path = Path("var")
    """Folder of the database, the series, the outboxes and the keys; seen from the folder of this file."""


class WebSettings(Strict):
    """The pages and the API."""

    host: str = "127.0.0.1"
    """Address to listen on; `0.0.0.0` lets other computers in."""
    port: Port = 8080
    """Port to listen on."""
    address: Url | None = None
    """How browsers reach the lab, for QR codes and for the lab's other sites, where it differs from host and port."""
    certificate: Path | None = None
    """TLS certificate chain (PEM); without it the pages go over plain HTTP."""
    key: Path | None = None
    """Private key of the certificate (PEM), mode 0600."""
    proxies: tuple[IPvAnyAddress, ...] = ()
    """Addresses of reverse proxies, on other computers, that say by `X-Forwarded-Proto` and `X-Forwarded-For` how and from where a page was asked for. One on this computer is always believed."""

    @model_validator(mode="after")
    def _both_or_none(self) -> "WebSettings":
        if (self.certificate is None) != (self.key is None):
            raise ValueError(
                Sentence(
                    "certificate et key vont ensemble : il en manque un",
                    "certificate and key go together: one is missing",
                )
            )
        return self


class BrokerSettings(Strict):
    """MQTT, by which everything speaks."""

    mode: Literal["embedded", "external"] = "embedded"
    """`embedded`: Établi runs its own broker. `external`: one that is already there."""
    host: str = "127.0.0.1"
    """External: the broker's address. Embedded: the address to listen on; `0.0.0.0` lets plugs of the network in."""
    port: Port = 1883
    """The broker's port."""
    username: str | None = None
    """External: name to log in with."""
    password_file: Path | None = None
    """External: file that holds the password, mode 0600."""
    program: Literal["auto", "mosquitto", "amqtt"] = "auto"
    """Embedded: which broker; `auto` takes Mosquitto where it is installed."""
    anonymous: bool = False
    """Embedded: anybody may come in, without an account; for a trial on one computer only."""
    tls_port: Port | None = None
    """Embedded: a second port, over TLS, with the certificate that `etabli certificate` makes."""
    protocol: Literal["5", "3.1.1"] = "5"
    """External: version of MQTT; several gateways need 5."""


class StoreSettings(Strict):
    """The truth: members, rights, bookings, sessions, events."""

    url: str | None = None
    """SQLAlchemy address such as `postgresql+psycopg://etabli@localhost/etabli`; without it, SQLite in the data folder."""
    password_file: Path | None = None
    """File that holds the database's password, mode 0600."""


class InfluxSettings(Strict):
    """A copy of the series in InfluxDB 2, for Grafana and long keeping."""

    url: Url
    """Address of InfluxDB."""
    org: Annotated[str, Field(min_length=1)]
    """Organisation."""
    bucket: Annotated[str, Field(min_length=1)]
    """Bucket; without a slash in its name it is also the database of that name in InfluxQL."""
    token_file: Path
    """File that holds a token which may write there, mode 0600."""


class SeriesSettings(Strict):
    """Readings in time."""

    retention_days: Annotated[int, Field(ge=1, le=3650)] = 90
    """How long single readings are kept; hourly figures stay."""
    influx: InfluxSettings | None = None


class GrafanaSettings(Strict):
    """Where `etabli grafana sync` puts the board."""

    url: Url
    """Address of Grafana, with its path where it has one."""
    token_file: Path
    """File that holds a service account's token, mode 0600."""
    influx_url: Url | None = None
    """Address of InfluxDB as Grafana sees it, where it differs from `url` in `[series.influx]`."""


def _not_email(value: str) -> str:
    if value == EMAIL:
        raise ValueError(Sentence("ce nom est celui de [notify.email]", "this name is that of [notify.email]"))
    return value


def _quiet(value: str) -> str:
    try:
        return str(QuietHours.of(value))
    except ValueError:
        raise ValueError(
            Sentence('il faut des heures comme "21:00-08:00"', 'expected hours like "21:00-08:00"')
        ) from None


def _mailbox(value: str) -> str:
    if not re.fullmatch(r"[!-?A-~]+@[\w.-]+", value, re.ASCII):
        raise ValueError(
            Sentence('il faut une adresse comme "lab@exemple.fr"', 'expected an address like "lab@example.org"')
        )
    return value


class EmailSettings(Strict):
    """E-mail to members."""

    host: Annotated[str, Field(min_length=1)]
    """The mail server."""
    sender: Annotated[str, AfterValidator(_mailbox)]
    """Address that the letters come from."""
    port: Port = 587
    """Its port."""
    security: Literal["starttls", "tls", "none"] = "starttls"
    """`starttls` on port 587, `tls` on port 465; `none` only on this computer."""
    username: str | None = None
    """Name to log in with."""
    password_file: Path | None = None
    """File that holds the password, mode 0600."""


class ChannelSettings(Strict):
    """One more way to reach members: SMS, Matrix, Telegram, ntfy and the rest, by Apprise."""

    slug: Annotated[Slug, AfterValidator(_not_email)]
    """Short name by which members choose it, such as `sms`."""
    url_file: Path
    """File that holds the Apprise address, with `{to}` for the member's own address, mode 0600."""


class NotifySettings(Strict):
    """Messages to members and calls to other programs. Without a channel nobody is written to."""

    quiet: Annotated[str, AfterValidator(_quiet)] | None = "21:00-08:00"
    """Hours, in local time, in which only what is urgent is sent; equal times: none."""
    keep_days: Annotated[int, Field(ge=1, le=3650)] = 90
    """How long it is kept what was sent to whom."""
    email: EmailSettings | None = None
    channels: tuple[ChannelSettings, ...] = ()


class GatewaySettings(Strict):
    """The gateway as a process of its own."""

    health_port: Port | None = None
    """Port of /health/live, /health/ready and /metrics of `etabli gateway`; none without it."""


class BadgeSettings(Strict):
    """Badges are kept as keyed hashes, never as numbers."""

    key_file: Path | None = None
    """The site's key; without it `badge.key` in the data folder, made at the first start. Keep a copy: without the key every badge must be enrolled again."""


class TrainingSettings(Strict):
    """A course that gives rights."""

    slug: Slug
    """Short name, once per site."""
    names: Names
    """What people read: `{ fr = "…", en = "…" }`."""
    validity_days: Annotated[int, Field(ge=1, le=36500)] | None = None
    """Days until the right lapses; without it, never."""
    yearly_until: Annotated[str, AfterValidator(_yearly)] | None = None
    """Day of the year, included, up to which the right is valid: `"08-31"`."""
    unused_days: Annotated[int, Field(ge=1, le=36500)] | None = None
    """Days without real use of any resource that it opens, after which the right lapses."""
    prerequisites: tuple[Slug, ...] = ()
    """Slugs of every training that must be held, too."""
    minutes: Annotated[int, Field(ge=1, le=6000)] | None = None
    """How long the course takes."""
    refresher_minutes: Annotated[int, Field(ge=1, le=6000)] | None = None
    """How long it takes to refresh a right."""
    remind_days: tuple[Annotated[int, Field(ge=1, le=365)], ...] = REMIND_DAYS
    """Days before its end at which the holder is told."""
    retention_years: Annotated[int, Field(ge=1, le=100)] | None = None
    """Years for which a right is kept once it is over; without it, until somebody decides."""


class GroupSettings(Strict):
    """Equal machines: whoever may use one may use another in its place."""

    slug: Slug
    """Short name, once per site."""
    names: Names
    """What people read: `{ fr = "…", en = "…" }`."""
    use: UseTable | None = None
    """Rules of use for these machines (listed below)."""
    booking: BookingTable | None = None
    """Rules of booking for these machines (listed below)."""


class ResourceSettings(Strict):
    """Anything a member can book or switch on."""

    slug: Slug
    """Short name in addresses and QR codes, once per site."""
    names: Names
    """What people read: `{ fr = "…", en = "…" }`."""
    kind: ResourceKind = ResourceKind.OTHER
    """What it is, for its icon and for counting."""
    trainings: tuple[Slug, ...] | None = None
    """Slugs of every training that is needed, `[]` for none; where nothing is said, staff say it through the API."""
    levels: dict[Slug, Annotated[int, Field(ge=1, le=9)]] = Field(default_factory=dict)
    """The level that is asked of a training, where it is more than 1: `{ laser = 2 }`."""
    ceiling_hours: Annotated[float, Field(gt=0, le=24 * 14)] = 8
    """Hard limit of one session; also put into the plug's own timer."""
    forgotten_minutes: Annotated[int, Field(ge=1, le=24 * 60)] = 60
    """An idle session that nobody tapped out of ends after this."""
    reservation_required: bool = False
    """Whether it may only be used with a reservation."""
    group: Slug | None = None
    """Slug of the group of equal machines that it belongs to."""
    opening: OpeningTable | None = None
    """Hours of its own (listed below); without them, the lab's."""
    use: UseTable | None = None
    """Rules of use for this one (listed below)."""
    booking: BookingTable | None = None
    """Rules of booking for this one (listed below)."""


def _not_gateway(value: str) -> str:
    if value == GATEWAY:
        raise ValueError(Sentence("ce nom est celui de la passerelle", "this name is the gateway's own"))
    return value


class DeviceSettings(Strict):
    """A reader, an interlock or a machine."""

    slug: Annotated[Slug, AfterValidator(_not_gateway)]
    """Short name in topics, once per site."""
    role: Literal["reader", "place", "kiosk", "interlock", "machine", "node"]
    """`reader` hears badges, `place` hears them at the door (who is here), `kiosk` hears them for the machines of a shared screen, `interlock` switches power, `machine` tells of jobs, `node` is reader, interlock and run input in one (docs/noeud.md)."""
    resource: Slug | None = None
    """Slug of the resource it belongs to."""
    resources: tuple[Slug, ...] = ()
    """Slugs of the resources that a `kiosk` reader serves, in the order of the screen."""
    bridge: str | None = None
    """The bridge that reaches it (listed below); without it, the device speaks our topics itself (docs/topics.md)."""
    settings: dict[str, Any] = Field(default_factory=dict)
    """The bridge's own settings (listed below)."""
    key_file: Path | None = None
    """File that holds the key with which the device signs what it says, in hex, mode 0600; without it, unsigned."""


class Settings(BaseSettings):
    """All of it. Each key can be set by the environment too: `ETABLI_WEB__PORT=8081` for `port` in `[web]`."""

    model_config = SettingsConfigDict(
        extra="forbid", frozen=True, env_prefix=ENV_PREFIX, env_nested_delimiter=ENV_DELIMITER,
        use_attribute_docstrings=True,
    )  # fmt: skip

    lab: LabSettings = LabSettings()
    data: DataSettings = DataSettings()
    web: WebSettings = WebSettings()
    broker: BrokerSettings = BrokerSettings()
    store: StoreSettings = StoreSettings()
    series: SeriesSettings = SeriesSettings()
    grafana: GrafanaSettings | None = None
    notify: NotifySettings = NotifySettings()
    gateway: GatewaySettings = GatewaySettings()
    badges: BadgeSettings = BadgeSettings()
    trainings: tuple[TrainingSettings, ...] = ()
    groups: tuple[GroupSettings, ...] = ()
    resources: tuple[ResourceSettings, ...] = ()
    devices: tuple[DeviceSettings, ...] = ()

    @classmethod
    def settings_customise_sources(
        cls, settings_cls: type[BaseSettings], init_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        env_settings: PydanticBaseSettingsSource, dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:  # fmt: skip
        """The environment wins over the file, whose tables are given as arguments."""
        return env_settings, init_settings
