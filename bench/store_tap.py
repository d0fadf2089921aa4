"""One tap's whole transaction on SQLite, fsync included, in the large lab: ``python -m bench.store_tap``."""

import json
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from bench import lab
from gateway.adapters.ids import TimeOrderedIds
from gateway.adapters.sql import SqlStore
from gateway.domain.events import Event, EventKind
from gateway.domain.sessions import Session, State
from gateway.domain.streams import Stream

TAPS, WARM = 2000, 200
NOW = lab.START + timedelta(days=300)


def measure(path: Path | None = None) -> float:
    """Milliseconds for the median tap."""
    return statistics.median(samples(path))


def samples(path: Path | None = None, taps: int = TAPS) -> list[float]:
    """Milliseconds of each tap, the first ones left out; the lab is built anew unless there is one at ``path``."""
    with tempfile.TemporaryDirectory() as folder:
        where = path or Path(folder) / "etabli.db"
        if not where.exists():
            lab.build(where)
        store = SqlStore(where)
        try:
            tap = _tapper(store)
            found = []
            for n in range(taps + WARM):
                started = time.perf_counter()
                tap(n)
                found.append((time.perf_counter() - started) * 1000)
            return found[WARM:]
        finally:
            store.close()


def _tapper(store: SqlStore) -> Callable[[int], None]:
    """Taps that open and close sessions in turn, as the service writes them."""
    ids = TimeOrderedIds()
    boot = ids.new()

    def tap(n: int) -> None:
        machine, now = n % lab.RESOURCES, NOW + timedelta(seconds=n)
        with store.begin() as work:
            reader = work.lock_devices([f"reader-{machine}"], now, ())[f"reader-{machine}"].device
            facts = work.facts_for_tap(reader, lab.badge_of(n * 37 % lab.MEMBERS), now)
            access = facts.access
            assert access.resource is not None
            assert access.member is not None
            session = access.session or Session(
                id=ids.new(), resource_id=access.resource.id, operator_id=access.member.id,
                beneficiary_id=access.member.id, reservation_id=None, state=State.OPENING, opened_at=now, last_tap_at=now,
            )  # fmt: skip
            over = {"state": State.CLOSED, "closed_at": now} if access.session else {}
            work.save_session(Session(**{name: getattr(session, name) for name in Session.__slots__} | over))
            work.append(
                work.site_id(),
                [
                    Event(
                        kind=kind, at=now, resource_id=session.resource_id, member_id=access.member.id,
                        session_id=session.id, device_id=reader.id, data={"until": now.isoformat()},
                    )
                    for kind in (EventKind.TAP_GRANTED, EventKind.SESSION_OPENED)
                ],
            )  # fmt: skip
            work.save_stream(reader.id, boot, Stream(n // lab.RESOURCES + 1), now)

    return tap


if __name__ == "__main__":
    runs = sorted(samples())
    print(
        json.dumps(
            {"tap_transaction_p50_ms": round(statistics.median(runs), 3), "p99_ms": round(runs[-len(runs) // 100], 3)}
        )
    )
