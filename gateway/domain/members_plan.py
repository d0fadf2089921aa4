"""What importing a list would change: who is added, who differs in what, who is the same. It deletes nobody."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from gateway.domain.local_time import first_moment, wall_clock
from gateway.domain.members_file import Fault, Line, LineFault
from gateway.domain.people import Member, folded

Value = str | date | datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ends:
    """When memberships end whose line does not say: on one day, or a year after the order; else nothing is said."""

    on: date | None = None
    year_after_order: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Addition:
    """Somebody whom the lab does not know. ``shares`` is whoever has the same address already."""

    line: int
    values: Mapping[str, Value]
    shares: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A member of whom the list says something else, by field: what stands here, what stands there."""

    line: int
    member: Member
    differences: Mapping[str, tuple[Value, Value]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """All of it. ``same`` counts those of whom the list says nothing new."""

    added: tuple[Addition, ...] = ()
    changed: tuple[Change, ...] = ()
    same: int = 0
    faults: tuple[Fault, ...] = ()

    @property
    def empty(self) -> bool:
        """Whether nothing would be written."""
        return not self.added and not self.changed


@dataclass(slots=True)
class _Known:
    """Whom the lab knows already, by all that a list may know them by."""

    by_id: dict[str, Member] = field(default_factory=dict)
    by_reference: dict[str, list[Member]] = field(default_factory=lambda: defaultdict(list))
    by_email: dict[str, list[Member]] = field(default_factory=lambda: defaultdict(list))
    by_name: dict[str, list[Member]] = field(default_factory=lambda: defaultdict(list))

    def add(self, member: Member) -> None:
        self.by_id[member.id] = member
        if member.reference:
            self.by_reference[member.reference.casefold()].append(member)
        if member.email:
            self.by_email[member.email.casefold()].append(member)
        self.by_name[_name(member.first_name, member.last_name)].append(member)


def plan_import(
    lines: Iterable[Line], members: Iterable[Member], *, zone: ZoneInfo, ends: Ends, faults: Iterable[Fault] = ()
) -> Plan:
    """What the list would change of these members.

    A person is known by the lab's own number or the reference, else by address and first name, else by name.
    """
    everybody = tuple(members)
    claims = _claims(lines, everybody)
    addresses = {member.email.casefold(): member for member in reversed(everybody) if member.email}
    added, changed, same = [], [], 0
    for line, found in claims.chosen():
        if found is None:
            shares = addresses.get((line.email or "").casefold())
            name = f"{shares.first_name} {shares.last_name}".strip() if shares else None
            added.append(Addition(line=line.line, values=_values(line, zone, ends), shares=name))
        elif differences := _differences(line, found, zone, ends):
            changed.append(Change(line=line.line, member=found, differences=differences))
        else:
            same += 1
    told = sorted((*faults, *claims.faults), key=lambda fault: fault.line)
    return Plan(added=tuple(added), changed=tuple(changed), same=same, faults=tuple(told))


@dataclass(slots=True)
class _Claims:
    """Which line speaks of whom: one line for each person."""

    members: Mapping[str, Member]
    lines: dict[str, Line] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    def add(self, key: str, line: Line) -> None:
        """Of two lines the one whose membership lasts longer, or whose order is younger, else the first."""
        before = self.lines.get(key)
        if before is None or _age(before) < _age(line):
            self.lines[key] = line
        if before is not None:
            stays = self.lines[key]
            goes = line if stays is before else before
            self.faults.append(Fault(line=goes.line, code=LineFault.TWICE, value=_called(goes), other=stays.line))

    def chosen(self) -> list[tuple[Line, Member | None]]:
        """In the order of the list."""
        return sorted(
            ((line, self.members.get(key)) for key, line in self.lines.items()), key=lambda pair: pair[0].line
        )


def _claims(lines: Iterable[Line], members: tuple[Member, ...]) -> _Claims:
    """The surest marks first: whom a number names is nobody else's namesake, as the list will leave them."""
    people = {member.id: member for member in members}
    claims, left = _Claims(dict(people)), list(lines)
    for mark in _MARKS:
        known, rest = _Known(), []
        for member in people.values():
            known.add(member)
        for line in left:
            found = mark(line, known)
            if len(found) > 1:
                claims.faults.append(Fault(line=line.line, code=LineFault.AMBIGUOUS, value=_called(line)))
            elif found:
                claims.add(found[0].id, line)
            else:
                rest.append(line)
        people |= {key: _as_told(people[key], line) for key, line in claims.lines.items()}
        left = rest
    strangers = _Known()
    for line in left:
        again = next((found for mark in _MARKS if (found := mark(line, strangers))), ())
        key = again[0].id if again else f"line {line.line}"
        if not again:
            strangers.add(_as_told(Member(id=key, first_name=""), line))
        claims.add(key, line)
    return claims


def _as_told(member: Member, line: Line) -> Member:
    """What a list would know this member by afterwards."""
    said: dict[str, Any] = {
        "first_name": line.first_name, "last_name": line.last_name, "email": line.email, "reference": line.reference,
        "birth_date": line.birth_date,
    }  # fmt: skip
    return replace(member, **{name: value for name, value in said.items() if value})


def _age(line: Line) -> tuple[date, date]:
    return line.until or date.min, line.ordered_on or date.min


def _by_number(line: Line, known: _Known) -> Sequence[Member]:
    if line.id in known.by_id:
        return (known.by_id[line.id],)
    return known.by_reference.get((line.reference or "").casefold(), ())


def _by_address(line: Line, known: _Known) -> Sequence[Member]:
    sharing = known.by_email.get((line.email or "").casefold(), ())
    return [
        m for m in sharing if _first(m.first_name) == _first(line.first_name) and _same(line.reference, m.reference)
    ]


def _by_name(line: Line, known: _Known) -> Sequence[Member]:
    return [m for m in known.by_name.get(_name(line.first_name, line.last_name), ()) if _may_be(line, m)]


_MARKS = (_by_number, _by_address, _by_name)


def _may_be(line: Line, member: Member) -> bool:
    """The same name is the same person, unless anything that both sides say is different."""
    return (
        _same(line.reference, member.reference)
        and _same(line.email, member.email)
        and (line.birth_date is None or member.birth_date is None or line.birth_date == member.birth_date)
    )


def _same(one: str | None, other: str | None) -> bool:
    return not one or not other or one.casefold() == other.casefold()


def _first(name: str) -> str:
    return "".join(letter for letter in folded(name) if letter.isalnum())


def _name(first: str, last: str) -> str:
    return f"{_first(first)} {_first(last)}"


def _called(line: Line) -> str:
    return f"{line.first_name} {line.last_name}".strip()


def last_day(until: datetime, zone: ZoneInfo) -> date:
    """The last day of a membership that ends then."""
    return wall_clock(until - timedelta(microseconds=1), zone).date()


def end_of(day: date, zone: ZoneInfo) -> datetime:
    """The moment at which a membership ends whose last day this is."""
    return first_moment(datetime.combine(day + timedelta(days=1), time()), zone)


def _year_after(day: date) -> date:
    leap = (day.month, day.day) == (2, 29)
    return date(day.year + 1, 2, 28) if leap else day.replace(year=day.year + 1)


def _assumed(line: Line, zone: ZoneInfo, ends: Ends) -> datetime | None:
    """The end of a membership whose line does not say."""
    if ends.year_after_order and line.ordered_on:
        return end_of(_year_after(line.ordered_on), zone)
    return end_of(ends.on, zone) if ends.on else None


def _values(line: Line, zone: ZoneInfo, ends: Ends) -> dict[str, Value]:
    until = end_of(line.until, zone) if line.until else _assumed(line, zone, ends)
    said: dict[str, Value] = {
        "first_name": line.first_name, "last_name": line.last_name, "email": line.email, "reference": line.reference,
        "member_until": until, "birth_date": line.birth_date,
    }  # fmt: skip
    return {name: value for name, value in said.items() if value}


def _differences(line: Line, member: Member, zone: ZoneInfo, ends: Ends) -> dict[str, tuple[Value, Value]]:
    """What the list says otherwise; what it leaves empty, or writes in capitals only, is no difference."""
    found: dict[str, tuple[Value, Value]] = {}
    for name, value in _values(line, zone, ends).items():
        now = getattr(member, name)
        if value == now or (isinstance(value, str) and _only_written_otherwise(name, value, now)):
            continue
        if isinstance(value, datetime) and not _ends_otherwise(line, value, now, zone):
            continue
        found[name] = (now, value)
    return found


def _ends_otherwise(line: Line, value: datetime, now: datetime | None, zone: ZoneInfo) -> bool:
    """Another last day; one that was only assumed lengthens a membership and never shortens it."""
    if now is None:
        return line.until is not None
    one, other = last_day(value, zone), last_day(now, zone)
    return one > other if line.until is None else one != other


def _only_written_otherwise(name: str, value: str, now: str | None) -> bool:
    if not now:
        return False
    if name in ("email", "reference"):
        return value.casefold() == now.casefold()
    return value == value.upper() and folded(value) == folded(now)
