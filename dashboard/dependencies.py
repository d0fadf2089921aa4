"""What every endpoint may ask for: the services, the language, who is asking."""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Protocol, TypeVar

from fastapi import Depends, Request

from devices.messages import HashedBadge
from gateway.domain.hour import Doubt
from gateway.domain.notices import House
from gateway.domain.roles import May, roles_that
from gateway.ports.bus import Bus
from gateway.ports.camera import Camera
from gateway.ports.clock import Clock
from gateway.ports.ids import Ids
from gateway.ports.notify import Letter
from gateway.ports.one_time_codes import OneTimeCodes
from gateway.ports.passwords import Passwords
from gateway.ports.probe import Probe
from gateway.ports.setup import Setup
from gateway.ports.store import Store, Work
from gateway.ports.timeseries import TimeSeries
from gateway.ports.views import Lab, TokenView
from gateway.service.hour import Hour
from gateway.wording import LANGUAGES, Words

if TYPE_CHECKING:
    from dashboard.live import LiveHub

Value = TypeVar("Value")
LANGUAGE_COOKIE, LOOK_COOKIE = "etabli_lang", "etabli_look"
LOOKS = ("auto", "light", "dark")
SILENT_HOUSE = House(channels=(), quiet=None, zone=UTC)
STAFF_ROLES = roles_that(May.RUN)


class Transact(Protocol):
    """Open one write transaction, run the use case, commit, tell the world."""

    def __call__(self, use_case: Callable[[Work, datetime], Value]) -> Value:
        """The use case's value, once it is committed."""


class Once(Protocol):
    """What makes a request that is sent twice be done once."""

    def over(self, transact: Transact) -> Transact:
        """The same, unless it was done before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """All that the dashboard needs from the rest of the program.

    ``pings`` are what ``/health/ready`` calls: one that raises makes us not ready. ``hash_badge`` turns a typed badge
    number into its hashes.
    """

    store: Store
    bus: Bus | None
    clock: Clock
    ids: Ids
    transact: Transact
    pings: Mapping[str, Callable[[], None]]
    hash_badge: Callable[[str], tuple[HashedBadge, ...]]
    passwords: Passwords
    codes: OneTimeCodes
    default_language: str = "fr"
    demo: bool = False
    house: House = SILENT_HOUSE
    """How the lab sends messages."""
    address: str | None = None
    """Where browsers find the lab, as configured: a link in a letter never believes what a request says."""
    mail: Callable[[Letter], None] | None = None
    """Sends a letter that is kept nowhere."""
    series: TimeSeries | None = None
    """Where readings are kept, where this process can read them."""
    sinks_failing: Callable[[], Iterable[str]] = tuple
    """Names of those that events cannot be carried to now."""
    probe: Probe | None = None
    """Looks at machines for the first-run assistant; None where there is nobody to ask."""
    camera: Camera | None = None
    """Cameras that look at machines; None where there are none to ask."""
    setup: Setup | None = None
    """Writes the first machines down; None where there is nowhere to."""
    hour: Hour | None = None
    """Whether this process believes its clock; None where another one looks after that."""
    doors: Mapping[str, str] = field(default_factory=dict)
    """The demo's ways to be somebody at once: member ids by secret."""


def doubt_of(services: Services) -> Doubt | None:
    """Why the hour on these pages cannot be believed; None while it can."""
    return services.hour.doubt if services.hour is not None else None


def digest_of(secret: str) -> str:
    """What the store keeps of a token: its SHA-256, in hex."""
    return hashlib.sha256(secret.strip().encode("utf-8", "replace")).hexdigest()


def services_of(request: Request) -> Services:
    """The services this application was made with; a write that carries a key is done once, and says who did it."""
    services: Services = request.app.state.services
    key: Once | None = request.scope.get("etabli.key")
    return replace(services, transact=_signed(request, key.over(services.transact) if key else services.transact))


def acts_as(request: Request, who: str) -> None:
    """From here on this request is theirs: the id of a member, or what stands on a token."""
    request.state.actor = who


def _signed(request: Request, transact: Transact) -> Transact:
    """The same, every event naming whoever asks, once that is known."""

    def signed(use_case: Callable[[Work, datetime], Value]) -> Value:
        def use(work: Work, now: datetime) -> Value:
            actor: str | None = getattr(request.state, "actor", None)
            if actor is not None:
                work.acting(actor)
            return use_case(work, now)

        return transact(use)

    return signed


def hub_of(request: Request) -> "LiveHub":
    """The live hub of this application."""
    hub: LiveHub = request.app.state.hub
    return hub


def language_of(request: Request) -> str:
    """Asked for in the address, remembered in the cookie, or told by the browser; else the lab's own."""
    for told in (request.query_params.get("lang"), request.cookies.get(LANGUAGE_COOKIE)):
        if told in LANGUAGES:
            return str(told)
    return _accepted(request.headers.get("accept-language", "")) or request.app.state.services.default_language


def look_of(request: Request) -> str:
    """Light or dark, as asked for in the address or remembered in the cookie; else as the device prefers."""
    told = (request.query_params.get("look"), request.cookies.get(LOOK_COOKIE))
    return next((look for look in told if look in LOOKS), LOOKS[0])


def _accepted(header: str) -> str | None:
    ranked = []
    for place, part in enumerate(header.split(",")[:20]):
        name, _, quality = part.strip().partition(";q=")
        try:
            weight = float(quality) if quality else 1.0
        except ValueError:
            weight = 0.0
        ranked.append((-weight, place, name.split("-")[0].lower()))
    return next((name for weight, _, name in sorted(ranked) if name in LANGUAGES and weight < 0), None)


def lab_of(request: Request) -> Lab:
    """The site; read once, its words hardly ever change while the program runs."""
    lab: Lab | None = request.app.state.lab
    if lab is None:
        lab = request.app.state.lab = services_of(request).store.views().lab()
    return lab


def words_of(request: Request) -> Words:
    """How to speak to whoever asks."""
    return Words(language_of(request), zone=lab_of(request).timezone, now=services_of(request).clock.now())


def token_view(request: Request, secret: str | None) -> TokenView | None:
    """Who holds this secret, if it is a live token."""
    if not secret or len(secret) > 500:
        return None
    services = services_of(request)
    found = services.store.views().token(digest_of(secret), services.clock.now())
    if found is not None:
        acts_as(request, found.label)
    return found


Asked = Annotated[Services, Depends(services_of)]
Speaking = Annotated[Words, Depends(words_of)]
