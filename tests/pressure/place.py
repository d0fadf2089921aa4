"""Four machines that many people are after at once, on a database of either kind, and the ways in."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any

import psycopg

from dashboard.app import create_app
from dashboard.dependencies import Services, digest_of
from gateway.adapters.bus_memory import MemoryBroker, MemoryBus
from gateway.adapters.ids import TimeOrderedIds
from gateway.adapters.one_time_codes import TotpCodes
from gateway.adapters.passwords import Argon2Passwords
from gateway.adapters.sql import SqlStore
from gateway.adapters.sql.guards import EXCLUSION, POSTGRESQL_GUARDS, TRIGGERS
from gateway.domain.people import Role
from gateway.domain.resources import Resource
from gateway.service import members
from gateway.service.deliver import Deliver
from gateway.service.transact import Transact
from tests.fakes.clock import FakeClock
from tests.fixtures_store import StoredLab, make_lab
from tests.pressure.scramble import HttpDesk, StoreDesk
from tests.web.lab import hash_badge
from tests.web.server import served

TOKEN = "manager-secret"
POLICIES: Sequence[dict[str, Any] | None] = [
    {"buffer_minutes": 15}, {"priority_roles": ["trainer"], "priority_days": 0}, None, {"approval": True},
]  # fmt: skip
"""The first machine keeps pauses, on the second Bob goes before Ada, the last wants approval."""


@dataclass(frozen=True)
class Place:
    """A lab with four machines in an empty, migrated database at ``address``."""

    address: Any
    store: SqlStore
    lab: StoredLab
    machines: Sequence[Resource]

    def at_the_store(self, people: int) -> list[StoreDesk]:
        """So many who write straight into the store."""
        return [StoreDesk(self.store, [m.id for m in self.machines], TimeOrderedIds()) for _ in range(people)]

    @contextmanager
    def through_http(self, people: int) -> Iterator[list[HttpDesk]]:
        """So many who call the API of a real server."""
        bus, clock = MemoryBus(MemoryBroker()), FakeClock(self.lab.now)
        deliver = Deliver(store=self.store, bus=bus, clock=clock, ids=self.lab.ids, site="hesdin")
        services = Services(
            store=self.store, bus=bus, clock=clock, ids=self.lab.ids, hash_badge=hash_badge, pings={},
            passwords=Argon2Passwords(), codes=TotpCodes(b"a key of the tests"), transact=Transact(store=self.store, clock=clock, deliver=deliver),
        )  # fmt: skip
        with ExitStack() as stack:
            stack.callback(bus.close)
            where = stack.enter_context(served(create_app(services))).removeprefix("http://")
            lines = [HTTPConnection(where, timeout=30) for _ in range(people)]
            for line in lines:
                stack.callback(line.close)
            slugs, members = [machine.slug for machine in self.machines], [self.lab.ada.id, self.lab.bob.id]
            yield [HttpDesk(line, TOKEN, slugs, members[n % 2], first=n % 2 == 1) for n, line in enumerate(lines)]

    @contextmanager
    def unguarded(self) -> Iterator[None]:
        """Without what refuses overlaps; the reservations are gone afterwards."""
        if isinstance(self.address, str):
            with psycopg.connect(self.address, autocommit=True) as shell:
                shell.execute(f"ALTER TABLE reservations DROP CONSTRAINT {EXCLUSION}")  # type: ignore[arg-type]
                yield
                shell.execute("DELETE FROM reservations")
                for guard in POSTGRESQL_GUARDS:
                    shell.execute(guard)  # type: ignore[arg-type]
            return
        plain = sqlite3.connect(self.address)
        for name in TRIGGERS:
            plain.execute(f"DROP TRIGGER {name}")
        plain.commit()
        plain.close()
        yield


@contextmanager
def opened(address: Any) -> Iterator[Place]:
    """The place, until the block ends."""
    store = SqlStore(address)
    try:
        lab = make_lab(store)
        with store.begin() as work:
            machines = [
                work.put_resource(
                    Resource(id=lab.ids.new(), slug=f"machine-{n}", names={"fr": f"Machine {n}"}, booking_policy=policy)
                )
                for n, policy in enumerate(POLICIES)
            ]
            work.set_role(lab.bob.id, Role.TRAINER)
            members.make_token(
                work, id=lab.ids.new(), digest=digest_of(TOKEN), role=Role.MANAGER, label="accueil", now=lab.now
            )
        yield Place(address, store, lab, machines)
    finally:
        store.close()
