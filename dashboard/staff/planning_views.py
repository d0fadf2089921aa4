"""A day of all machines as a table: rows of cells, half an hour each, in which bookings stand."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from gateway.domain.booking import Purpose, Reservation, Status
from gateway.domain.local_time import first_moment, wall_clock
from gateway.domain.people import Member, Names
from gateway.domain.resources import Resource
from gateway.domain.timespan import Span
from gateway.ports.views_calendar import Planned, Schedules
from gateway.wording import Words

DAY, HALF = timedelta(days=1), timedelta(minutes=30)
USUAL = (8, 20)
"""The hours shown where nothing says when it is open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A booking in the table."""

    id: str
    span: Span
    who: str
    awaits: bool
    kind: str
    start: str | None = None
    """What the clock on the wall shows, of a booking that may be dragged: one of a member, within the day."""
    lasts: int = 0
    """Its minutes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """So many half-hours: free, shut, or with bookings."""

    columns: int
    blocks: tuple[Block, ...] = ()
    shut: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A machine's day."""

    slug: str
    names: Names
    cells: tuple[Cell, ...]

    @property
    def blocks(self) -> tuple[Block, ...]:
        """All its bookings."""
        return tuple(block for cell in self.cells for block in cell.blocks)


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """The hours above, and the machines under them."""

    hours: tuple[datetime, ...]
    walls: tuple[str, ...]
    """What the clock on the wall shows at each of them."""
    rows: tuple[Row, ...]


def window_of(day: date, zone: ZoneInfo) -> Span:
    """From midnight to midnight on the wall."""
    midnight = datetime.combine(day, time())
    return Span(first_moment(midnight, zone), first_moment(midnight + DAY, zone))


def who(reservation: Reservation, member: Member | None, words: Words) -> str:
    """Whom the team expects: first name and one letter; what is no member's is named by what it is for."""
    if reservation.purpose is not Purpose.USE:
        return words(f"planning.{reservation.purpose}")
    if member is None:
        return reservation.note or words("planning.nobody")
    letter = f" {member.last_name[0]}." if member.last_name else ""
    return f"{member.first_name}{letter}"


def table(
    resources: tuple[Resource, ...], planned: tuple[Planned, ...], schedules: Schedules, day: date, zone: ZoneInfo,
    words: Words,
) -> Table:  # fmt: skip
    """The day, from the first opening or booking to the last."""
    window = window_of(day, zone)
    shown = _shown(window, planned, schedules, day, zone)
    blocks: dict[str, list[Block]] = {}
    for one in planned:
        held = one.reservation
        blocks.setdefault(held.resource_id, []).append(
            Block(
                id=held.id, span=held.span, who=who(held, one.member, words), kind=str(held.purpose),
                awaits=held.status is Status.AWAITING_APPROVAL, **_to_drag(held, window, zone),
            )
        )  # fmt: skip
    rows = tuple(
        Row(
            slug=resource.slug, names=resource.names,
            cells=tuple(_cells(shown, blocks.get(resource.id, []), schedules.of(resource.id).spans(shown))),
        )
        for resource in resources
    )  # fmt: skip
    hours = tuple(_steps(shown, 2 * HALF))
    return Table(hours=hours, walls=tuple(f"{wall_clock(each, zone):%H:%M}" for each in hours), rows=rows)


def _to_drag(held: Reservation, window: Span, zone: ZoneInfo) -> dict[str, Any]:
    if held.purpose is Purpose.WORKSHOP or held.span.starts < window.starts or held.span.ends - held.span.starts >= DAY:
        return {}
    starts, ends = wall_clock(held.span.starts, zone), wall_clock(held.span.ends, zone)
    return {"start": f"{starts:%H:%M}", "lasts": (ends - starts) // timedelta(minutes=1)}


def _shown(window: Span, planned: tuple[Planned, ...], schedules: Schedules, day: date, zone: ZoneInfo) -> Span:
    opened = schedules.site.spans(window) if schedules.site.opening else ()
    usual = [first_moment(datetime.combine(day, time(hour)), zone) for hour in USUAL]
    edges = [edge for span in opened for edge in (span.starts, span.ends)] or usual
    edges += [edge for one in planned for edge in (one.reservation.span.starts, one.reservation.span.ends)]
    starts, ends = max(min(edges), window.starts), min(max(edges), window.ends)
    hour = timedelta(hours=1)
    starts -= (starts - window.starts) % hour
    ends += (window.starts - ends) % hour
    return Span(starts, min(ends, window.ends) if ends > starts else starts + hour)


def _steps(span: Span, step: timedelta) -> Iterable[datetime]:
    at = span.starts
    while at < span.ends:
        yield at
        at += step


def _cells(shown: Span, blocks: list[Block], opened: tuple[Span, ...]) -> Iterable[Cell]:
    """Neighbouring half-hours of the same kind joined; bookings that share one stand in one cell."""
    cells: list[Cell] = []
    for at in _steps(shown, HALF):
        half = Span(at, at + HALF)
        held = tuple(block for block in blocks if block.span.overlaps(half))
        shut = not held and not any(span.overlaps(half) for span in opened)
        last = cells[-1] if cells else None
        if last and last.blocks and held and set(last.blocks) & set(held):
            together = (*last.blocks, *(block for block in held if block not in last.blocks))
            cells[-1] = Cell(columns=last.columns + 1, blocks=together)
        elif last and not held and not last.blocks and last.shut == shut:
            cells[-1] = Cell(columns=last.columns + 1, shut=shut)
        else:
            cells.append(Cell(columns=1, blocks=held, shut=shut))
    return cells
