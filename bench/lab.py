"""A large lab in a database: 10,000 members, 50,000 qualifications, 200 resources, 100,000 past sessions."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from uuid import UUID

from devices.messages import HashedBadge
from gateway.adapters.sql.migrate import migrate
from gateway.adapters.sql.store import SqlStore
from gateway.domain.people import Member
from gateway.domain.qualifications import Qualification
from gateway.domain.resources import DeviceRole, Presence, Resource
from gateway.domain.sessions import EndReason, Session, State
from gateway.domain.training import Training
from gateway.ports.store import Work

SITE = "bench"
START = datetime(2026, 1, 1, tzinfo=UTC)
MEMBERS, TRAININGS, RIGHTS, RESOURCES, SESSIONS = 10_000, 20, 5, 200, 100_000


def _ids() -> Iterator[str]:
    return (str(UUID(int=0x01900000_0000_7000_8000_000000000000 + n)) for n in count(1))


def badge_of(member: int) -> tuple[HashedBadge, ...]:
    """The badge of member number ``member``, as a reader's bridge would hash it."""
    return (HashedBadge(form="em-10", key_id="bench", digest=f"{member:064x}"),)


def build(path: Path, *, members: int = MEMBERS, sessions: int = SESSIONS, resources: int = RESOURCES) -> None:
    """Make the database at ``path``: readers ``reader-N``, interlocks ``plug-N`` and resources ``machine-N``."""
    migrate(path)
    store, ids, dice = SqlStore(path), _ids(), random.Random(1)
    try:
        with store.begin() as work:
            work.put_site(id=next(ids), slug=SITE, name="Bench", timezone="Europe/Paris")
            machines = _resources(work, ids, resources)
            people = _people(work, ids, members)
        for first in range(0, sessions, 20_000):
            with store.begin() as work:
                for n in range(first, min(first + 20_000, sessions)):
                    work.save_session(_past(next(ids), n, dice.choice(machines), dice.choice(people)))
    finally:
        store.close()


def _resources(work: Work, ids: Iterator[str], count: int) -> list[str]:
    for n in range(TRAININGS):
        work.put_training(Training(id=next(ids), slug=f"course-{n}", names={"fr": f"Cours {n}"}))
    machines = []
    for n in range(count):
        trainings = (f"course-{n % 5}", f"course-{(n + 1) % 5}")
        resource = Resource(
            id=next(ids), slug=f"machine-{n}", names={"fr": f"Machine {n}"}, trainings=trainings, position=n
        )
        machines.append(work.put_resource(resource).id)
        work.put_device(id=next(ids), slug=f"reader-{n}", role=DeviceRole.READER, resource=f"machine-{n}")
        plug = work.put_device(id=next(ids), slug=f"plug-{n}", role=DeviceRole.INTERLOCK, resource=f"machine-{n}")
        work.save_device(type(plug)(
            id=plug.id, slug=plug.slug, role=plug.role, resource_id=plug.resource_id, presence=Presence.ONLINE,
            power_on=False,
        ))  # fmt: skip
    return machines


def _people(work: Work, ids: Iterator[str], members: int) -> list[str]:
    courses = [course.id for n in range(TRAININGS) if (course := work.training(f"course-{n}"))]
    people = []
    for n in range(members):
        member = Member(id=next(ids), first_name=f"Prénom {n}", last_name=f"Nom {n}", created_at=START)
        work.put_member(member)
        work.add_badge(id=next(ids), member_id=member.id, badge=badge_of(n), now=START)
        people.append(member.id)
        for course in courses[:RIGHTS]:
            work.add_qualification(
                Qualification(id=next(ids), member_id=member.id, training_id=course, granted_at=START)
            )
    return people


def _past(id: str, n: int, machine: str, member: str) -> Session:
    opened = START + timedelta(minutes=2 * n)
    return Session(
        id=id, resource_id=machine, operator_id=member, beneficiary_id=member, reservation_id=None,
        state=State.CLOSED, opened_at=opened, last_tap_at=opened, energised_at=opened,
        closed_at=opened + timedelta(minutes=1), end_reason=EndReason.TAPPED_OUT, enabled_s=60, active_s=40, idle_s=20,
    )  # fmt: skip
