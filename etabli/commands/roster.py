"""`members import`: a list from elsewhere, looked at first, then written; the same as in the browser."""

import getpass
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo

from etabli.bootstrap import Basis
from etabli.commands.console import Speech
from etabli.commands.people import opened, put_site
from gateway.domain.members_file import FileFault, read_day
from gateway.domain.members_plan import Ends, Plan
from gateway.ports.errors import BadConfiguration
from gateway.ports.store import Store, Work
from gateway.service.members_import import apply, preview
from gateway.wording import Words

Value = TypeVar("Value")


def import_members(speech: Speech, *, file: Path, until: str | None, year_after_order: bool, dry_run: bool) -> None:
    """Say line by line what the list would change, and write it unless told only to look."""
    ends = Ends(on=_day(speech, until), year_after_order=year_after_order)
    try:
        data = file.read_bytes()
    except OSError as error:
        why = error.strerror or str(error)
        raise BadConfiguration(
            speech.say(f"{file} ne peut pas être lu : {why}", f"{file} cannot be read: {why}")
        ) from None
    with opened(speech) as (store, base):
        with store.begin() as work:
            put_site(work, base)
        zone = base.settings.lab.timezone
        words = Words(speech.language, zone=zone, now=base.clock.now())
        found = preview(store.views(), data, zone=ZoneInfo(zone), ends=ends)
        if isinstance(found, FileFault):
            raise BadConfiguration(words(f"import.file.{found}"))
        _tell(words, found.plan)
        if dry_run:
            print(words("import.nothing_written"))
            return
        apply(_Writing(store, base), base.ids, found.plan)
    print(words("import.done"), _counts(words, found.plan))


def _day(speech: Speech, until: str | None) -> date | None:
    day = read_day(until) if until else None
    if until and day is None:
        raise BadConfiguration(
            speech.say(f"{until!r} n'est pas une date ; écrivez 31/12/2026", f"{until!r} is no date; write 31/12/2026")
        )
    return day


def _tell(words: Words, plan: Plan) -> None:
    for fault in plan.faults:
        said = words(f"import.fault.{fault.code}", heading=fault.heading, value=fault.value, other=fault.other)
        print(f"{words('import.line', line=fault.line)} : {said}")
    if plan.empty:
        print(words("import.nothing_to_do"))
        return
    print(_counts(words, plan))


def _counts(words: Words, plan: Plan) -> str:
    added, changed = words("import.added", count=len(plan.added)), words("import.changed", count=len(plan.changed))
    return f"{added}, {changed}, {words('import.same', count=plan.same)}"


class _Writing:
    """One short transaction for each portion, named after whoever sits at the keyboard."""

    def __init__(self, store: Store, base: Basis) -> None:
        self._store, self._clock = store, base.clock

    def __call__(self, use_case: Callable[[Work, datetime], Value]) -> Value:
        with self._store.begin() as work:
            work.acting(f"etabli ({getpass.getuser()})")
            return use_case(work, self._clock.now())
