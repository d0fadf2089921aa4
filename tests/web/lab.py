"""A small lab on the real store and the real use cases, for the tests of pages and API."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from dashboard.app import create_app
from dashboard.dependencies import Services, digest_of
from devices.messages import HashedBadge, Outcome
from gateway.adapters.bus_memory import MemoryBroker, MemoryBus
from gateway.adapters.ids import TimeOrderedIds
from gateway.adapters.one_time_codes import TotpCodes
from gateway.adapters.passwords import Argon2Passwords
from gateway.adapters.sql.store import SqlStore
from gateway.domain.booking import Reservation
from gateway.domain.events import Event, EventKind
from gateway.domain.jobs import Job
from gateway.domain.people import Member, Role
from gateway.domain.refusals import Code, refuse, to_plain
from gateway.domain.resources import DeviceRole, Presence, Resource
from gateway.domain.resources import ResourceKind as Kind
from gateway.domain.sessions import Session, State
from gateway.domain.timespan import Span
from gateway.domain.training import Training
from gateway.ports.store import Quarantined
from gateway.service import members
from gateway.service.deliver import Deliver
from gateway.service.transact import Transact
from tests.fakes.clock import FakeClock

PASSWORDS = Argon2Passwords(memory_kib=64)
NOON = datetime(2026, 11, 24, 11, 0, tzinfo=UTC)
SITE = "la-ruche"

MANAGER, AUDITOR, KIOSK = "manager-secret", "auditor-secret", "kiosk-secret"
TOKENS = {"manager": MANAGER, "administrator": "administrator-secret", "auditor": AUDITOR, "kiosk": KIOSK}

RESOURCES = [
    ("prusa-1", "Prusa 1", "Prusa 1", Kind.PRINTER_3D),
    ("prusa-2", "Prusa 2", "Prusa 2", Kind.PRINTER_3D),
    ("ender-3", "Ender 3", "Ender 3", Kind.PRINTER_3D),
    ("resine", "Imprimante résine", "Resin printer", Kind.PRINTER_3D),
    ("laser", "Découpe laser", "Laser cutter", Kind.LASER),
    ("vinyle", "Découpe vinyle", "Vinyl cutter", Kind.VINYL),
    ("fraiseuse", "Fraiseuse numérique", "CNC mill", Kind.CNC),
    ("brodeuse", "Brodeuse numérique", "Embroidery machine", Kind.TEXTILE),
    ("soudure", "Poste de soudure", "Soldering station", Kind.ELECTRONICS),
    ("scanner", "Scanner 3D", "3D scanner", Kind.SCANNER),
    ("borne-jeu", "Borne de jeu", "Game station", Kind.GAME),
    ("bureau", "Bureau près de la fenêtre", "Desk by the window", Kind.DESK),
    ("camera", "Valise caméra", "Camera kit", Kind.KIT),
]
POWERED = {"laser", "fraiseuse", "brodeuse", "soudure", "vinyle"}


@dataclass
class TestLab:
    """Everything a test of the web may want to reach."""

    __test__ = False

    clock: FakeClock = field(default_factory=lambda: FakeClock(NOON))
    pings: dict[str, Any] = field(default_factory=dict)
    demo: bool = False
    letters: list[Any] = field(default_factory=list)
    doors: dict[str, str] = field(default_factory=dict)

    def __post_init__(self):
        self.ids = TimeOrderedIds()
        self.store = SqlStore.memory(site=SITE)
        self.broker = MemoryBroker()
        self.bus = MemoryBus(self.broker)
        with self.store.begin() as work:
            work.put_site(id=self.ids.new(), slug=SITE, name="La Ruche", timezone="Europe/Paris")
        deliver = Deliver(store=self.store, bus=self.bus, clock=self.clock, ids=self.ids, site=SITE)
        self.transact = Transact(store=self.store, clock=self.clock, deliver=deliver)
        self.people: dict[str, Member] = {}
        self.resources: dict[str, Resource] = {}
        self._fill()

    def services(self) -> Services:
        return Services(
            store=self.store, bus=self.bus, clock=self.clock, ids=self.ids, transact=self.transact,
            pings=self.pings, hash_badge=hash_badge, demo=self.demo, passwords=PASSWORDS, codes=TotpCodes(b"a key of the tests"), mail=self.letters.append,
            address="https://lab.example", doors=self.doors,
        )  # fmt: skip

    def app(self):
        return create_app(self.services())

    def close(self):
        self.bus.close()
        self.store.close()

    def _fill(self):
        now = self.clock.now()
        with self.store.begin() as work:
            for slug, fr, en in (
                ("decoupe-laser", "Découpe laser", "Laser cutting"),
                ("usinage", "Usinage", "Milling"),
            ):
                work.put_training(Training(id=self.ids.new(), slug=slug, names={"fr": fr, "en": en}, validity_days=730))
            for place, (slug, fr, en, kind) in enumerate(RESOURCES):
                needs = {"laser": ("decoupe-laser",), "fraiseuse": ("usinage", "decoupe-laser")}.get(slug, ())
                self.resources[slug] = work.put_resource(
                    Resource(
                        id=self.ids.new(),
                        slug=slug,
                        names={"fr": fr, "en": en},
                        kind=kind,
                        position=place,
                        trainings=needs,
                        reservation_required=slug == "camera",
                    )
                )
                self._devices(work, slug, kind, now)
            for first, last in (("Léa", "Marchand"), ("Karim", "Benali"), ("Inès", "Rossi")):
                member = members.add_member(
                    work,
                    id=self.ids.new(),
                    first_name=first,
                    last_name=last,
                    email=f"{last.lower()}@example.org",
                    now=now,
                )
                self.people[first] = member
            for role, secret in TOKENS.items():
                members.make_token(
                    work, id=self.ids.new(), digest=digest_of(secret), role=Role(role), label=role,
                    resource="laser" if role == "kiosk" else None, now=now,
                )  # fmt: skip

    def _devices(self, work, slug, kind, now):
        roles = [DeviceRole.READER] if kind not in (Kind.DESK, Kind.KIT) else []
        roles += [DeviceRole.INTERLOCK] if slug in POWERED else []
        roles += [DeviceRole.MACHINE] if kind in (Kind.PRINTER_3D, Kind.LASER, Kind.CNC) else []
        for role in roles:
            device = work.put_device(id=self.ids.new(), slug=f"{slug}-{role}", role=role, resource=slug)
            on = False if role is DeviceRole.INTERLOCK else None
            work.save_device(
                replace(
                    device,
                    presence=Presence.ONLINE,
                    last_seen_at=now,
                    power_on=on,
                    power_at=now if on is False else None,
                )
            )

    # What happens, written straight into the store

    def device(self, slug: str, **changes: Any) -> None:
        with self.store.begin() as work:
            found = work.lock_devices([slug], self.clock.now(), iter([self.ids.new()]))[slug].device
            work.save_device(replace(found, **changes))

    def session(
        self,
        slug: str,
        who: str = "Léa",
        *,
        state: State = State.ACTIVE,
        minutes: int = 30,
        until: int = 120,
        **changes: Any,
    ) -> Session:
        now = self.clock.now()
        opened = now - timedelta(minutes=minutes)
        session = Session(
            id=self.ids.new(), resource_id=self.resources[slug].id, operator_id=self.people[who].id,
            beneficiary_id=self.people[who].id, reservation_id=None, state=state, opened_at=opened, last_tap_at=opened,
            granted_until=now + timedelta(minutes=until), last_activity_at=now,
        )  # fmt: skip
        session = replace(session, **changes)
        with self.store.begin() as work:
            work.save_session(session)
        if slug in POWERED and state is State.ACTIVE:
            self.device(f"{slug}-interlock", power_on=True)
        return session

    def job(
        self, slug: str, *, minutes: int = 20, session: Session | None = None, ended: bool = False, **changes: Any
    ) -> Job:
        now = self.clock.now()
        with self.store.begin() as work:
            device = work.lock_devices([f"{slug}-machine"], now, iter([self.ids.new()]))[f"{slug}-machine"].device
            job = Job(
                id=self.ids.new(), device_id=device.id, key=self.ids.new(), resource_id=self.resources[slug].id,
                session_id=session.id if session else None, member_id=session.operator_id if session else None,
                name="lampe-de-lea.gcode", started_at=now - timedelta(minutes=minutes),
            )  # fmt: skip
            if ended:
                job = replace(
                    job,
                    ended_at=now - timedelta(minutes=2),
                    outcome=Outcome.FINISHED,
                    wall_s=60.0,
                    active_s=60.0,
                    paused_s=0.0,
                )
            job = replace(job, **changes)
            work.save_job(job)
        return job

    def reserve(self, slug: str, who: str, starts: datetime, ends: datetime) -> Reservation:
        reservation = Reservation(
            id=self.ids.new(), resource_id=self.resources[slug].id, member_id=self.people[who].id, span=Span(starts, ends),
            created_at=self.clock.now(),
        )  # fmt: skip
        with self.store.begin() as work:
            assert work.add_reservation(reservation)
        return reservation

    def event(self, kind: EventKind, slug: str, who: str | None = None, *, device: str = "reader", **data: Any) -> None:
        now = self.clock.now()
        with self.store.begin() as work:
            found = work.lock_devices([f"{slug}-{device}"], now, iter([self.ids.new()]))[f"{slug}-{device}"].device
            member = self.people[who].id if who else None
            event = Event(
                kind=kind, at=now, resource_id=self.resources[slug].id, member_id=member, device_id=found.id, data=data
            )
            work.append(work.site_id(), [event])

    def refused_tap(self, slug: str, who: str | None, *refusals, badge: str | None = None) -> None:
        data = {"refusals": [str(r.code) for r in refusals], "reasons": [to_plain(r) for r in refusals]}
        if badge:
            data["badge"] = [{"form": b.form, "key_id": b.key_id, "digest": b.digest} for b in hash_badge(badge)]
        self.event(EventKind.TAP_REFUSED, slug, who, **data)

    def quarantine(self, device: str, error: str) -> None:
        row = Quarantined(
            id=self.ids.new(), device=device, topic=f"etabli/{SITE}/{device}/fact", payload=b"?", error=error,
            received_at=self.clock.now(),
        )  # fmt: skip
        with self.store.begin() as work:
            work.quarantine(row)


def hash_badge(number: str) -> tuple[HashedBadge, ...]:
    import hashlib

    if not number.isdecimal():
        return ()
    digest = hashlib.sha256(number.encode()).hexdigest()
    return (HashedBadge(form="decimal", key_id="k1", digest=digest),)


def busy_afternoon(lab: TestLab) -> None:
    """One of everything that a board can show."""
    now = lab.clock.now()
    lab.job("prusa-1", minutes=45, session=lab.session("prusa-1", "Léa", minutes=50))
    lab.job("prusa-2", minutes=20, session=lab.session("prusa-2", "Karim", minutes=25), paused=True)
    lab.job("ender-3", ended=True, session=lab.session("ender-3", "Inès", minutes=80))
    lab.device("resine-machine", presence=Presence.OFFLINE, presence_reason="l’imprimante ne répond pas")
    lab.job("laser", minutes=12, session=lab.session("laser", "Inès", minutes=15))
    with lab.store.begin() as work:
        work.put_resource(
            replace(
                lab.resources["vinyle"],
                out_of_service=True,
                out_reason="La lame est cassée",
                back_at=now + timedelta(days=3),
            )
        )
    lab.device(
        "fraiseuse-interlock",
        presence=Presence.OFFLINE,
        presence_reason="no_news",
        power_on=None,
        last_seen_at=now - timedelta(hours=2, minutes=48),
    )
    lab.session("brodeuse", "Karim", minutes=40, until=90)
    lab.reserve("scanner", "Léa", now - timedelta(minutes=30), now + timedelta(minutes=60))
    lab.reserve("soudure", "Inès", now + timedelta(hours=2), now + timedelta(hours=3))
    lab.reserve("soudure", "Karim", now + timedelta(hours=5), now + timedelta(hours=6))


def troubles(lab: TestLab) -> None:
    """What the team's page is for."""
    lab.refused_tap("laser", None, refuse(Code.BADGE_UNKNOWN), badge="12345")
    lab.refused_tap("soudure", None, refuse(Code.BADGE_UNKNOWN), badge="999")
    lab.event(EventKind.ALARM_RAISED, "laser", device="machine", code="grbl-alarm-1", text="hard limit")
    lab.device("borne-jeu-reader", nonsense_count=14, nonsense_example="\\x02\\x7f??<script>")
    lab.quarantine("prusa-1-machine", "KeyError: 'job'")
    lab.event(
        EventKind.POINT_REFUSED, "prusa-1", device="machine", measurement="temperature", reason="field type conflict"
    )
