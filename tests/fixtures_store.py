"""A store on each kind of database, and a small lab to put into it."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from devices.messages import HashedBadge
from gateway.adapters.ids import TimeOrderedIds
from gateway.adapters.sql import SqlStore
from gateway.adapters.sql.migrate import migrate
from gateway.adapters.sql.schema import metadata
from gateway.domain.booking import Reservation
from gateway.domain.people import Member
from gateway.domain.qualifications import Qualification
from gateway.domain.resources import Device, DeviceRole, Presence, Resource, ResourceKind
from gateway.domain.sessions import Session, State
from gateway.domain.timespan import Span
from gateway.domain.training import Training
from gateway.ports.store import Store

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
KINDS = ("sqlite-file", "sqlite-memory", pytest.param("postgresql", marks=pytest.mark.postgres))


@pytest.fixture(scope="session")
def _migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("store") / "migrated.db"
    migrate(path)
    return path


@pytest.fixture(scope="module")
def _migrated_postgres(postgres_url: str) -> str:
    migrate(postgres_url)
    return postgres_url


@pytest.fixture
def sqlite_path(_migrated_file: Path, tmp_path: Path) -> Path:
    """A migrated, empty SQLite file."""
    return Path(shutil.copy(_migrated_file, tmp_path / "etabli.db"))


@pytest.fixture
def postgres_store_url(_migrated_postgres: str) -> Iterator[str]:
    """A migrated PostgreSQL database, empty again after each test."""
    yield _migrated_postgres
    # Far quicker than TRUNCATE, which makes a new file for every table and index.
    emptied = "; ".join(f"DELETE FROM {table.name}" for table in reversed(metadata.sorted_tables))
    with psycopg.connect(_migrated_postgres) as connection:
        connection.execute(emptied)  # type: ignore[arg-type]


@pytest.fixture(params=KINDS)
def store(request: pytest.FixtureRequest) -> Iterator[SqlStore]:
    """An empty store, once on each kind of database."""
    if request.param == "sqlite-memory":
        opened = SqlStore.memory()
    elif request.param == "sqlite-file":
        opened = SqlStore(request.getfixturevalue("sqlite_path"))
    else:
        opened = SqlStore(request.getfixturevalue("postgres_store_url"))
    yield opened
    opened.close()


def badge(name: str) -> tuple[HashedBadge, ...]:
    """A badge in two forms, by a short name."""
    return tuple(HashedBadge(form=form, key_id="k1", digest=f"{form}:{name}") for form in ("em-10", "em-8"))


@dataclass(kw_only=True)
class StoredLab:
    """What `make_lab` put there. ``laser-1`` asks for the training that only Ada has; ``desk-1`` asks for nothing."""

    store: Store
    ids: TimeOrderedIds = field(default_factory=TimeOrderedIds)
    now: datetime = NOW
    site_id: str = ""
    training: Training = field(init=False)
    laser: Resource = field(init=False)
    desk: Resource = field(init=False)
    ada: Member = field(init=False)
    bob: Member = field(init=False)
    right: Qualification = field(init=False)
    devices: dict[str, Device] = field(default_factory=dict)

    def session(self, **changes: object) -> Session:
        """An open session of Ada's on the laser, not stored yet."""
        values: dict[str, object] = {
            "id": self.ids.new(), "resource_id": self.laser.id, "operator_id": self.ada.id,
            "beneficiary_id": self.ada.id, "reservation_id": None, "state": State.OPENING, "opened_at": self.now,
            "last_tap_at": self.now,
        }  # fmt: skip
        return Session(**values | changes)  # type: ignore[arg-type]

    def booking(self, starts_h: float, ends_h: float, member: Member | None = None, **changes: object) -> Reservation:
        """A reservation of the laser from so many hours from now to so many, not stored yet."""
        span = Span(self.now + timedelta(hours=starts_h), self.now + timedelta(hours=ends_h))
        values: dict[str, object] = {
            "id": self.ids.new(), "resource_id": self.laser.id, "member_id": (member or self.ada).id, "span": span,
            "created_at": self.now,
        }  # fmt: skip
        return Reservation(**values | changes)  # type: ignore[arg-type]


def make_lab(store: Store) -> StoredLab:
    """A site with two resources, a reader, an interlock that is heard and off, a machine, and two members."""
    lab = StoredLab(store=store)
    new = lab.ids.new
    with store.begin() as work:
        lab.site_id = work.put_site(id=new(), slug="hesdin", name="Fablab d'Hesdin", timezone="Europe/Paris")
        lab.training = work.put_training(Training(id=new(), slug="laser", names={"fr": "Découpe laser"}))
        lab.laser = work.put_resource(
            Resource(
                id=new(), slug="laser-1", names={"fr": "Découpeuse"}, kind=ResourceKind.LASER, trainings=("laser",)
            )
        )
        lab.desk = work.put_resource(
            Resource(id=new(), slug="desk-1", names={"fr": "Bureau"}, kind=ResourceKind.DESK, position=1)
        )
        for slug, role in (
            ("reader-1", DeviceRole.READER), ("plug-1", DeviceRole.INTERLOCK), ("grbl-1", DeviceRole.MACHINE),
        ):  # fmt: skip
            lab.devices[slug] = work.put_device(id=new(), slug=slug, role=role, resource="laser-1")
        plug = lab.devices["plug-1"]
        lab.devices["plug-1"] = Device(
            id=plug.id, slug=plug.slug, role=plug.role, resource_id=plug.resource_id, presence=Presence.ONLINE,
            last_seen_at=NOW, power_on=False, power_at=NOW,
        )  # fmt: skip
        work.save_device(lab.devices["plug-1"])
        lab.ada = Member(id=new(), first_name="Ada", last_name="Élan", email="ada@example.org", created_at=NOW)
        lab.bob = Member(id=new(), first_name="Bob", last_name="Zed", created_at=NOW)
        for member, name in ((lab.ada, "ada"), (lab.bob, "bob")):
            work.put_member(member)
            work.add_badge(id=new(), member_id=member.id, badge=badge(name), now=NOW)
        lab.right = Qualification(id=new(), member_id=lab.ada.id, training_id=lab.training.id, granted_at=NOW)
        work.add_qualification(lab.right)
    return lab


@pytest.fixture
def stored_lab(store: SqlStore) -> StoredLab:
    """The small lab, in the store of this test."""
    return make_lab(store)
