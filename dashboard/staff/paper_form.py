"""The paper list as a form: what stands on each line, and what was typed there."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from gateway.domain.workshops import AgeBand, Headcount, Place, PlaceState
from gateway.ports.views_workshops import PlaceView
from gateway.service.workshops_attendance import Row
from gateway.service.workshops_places import Who
from gateway.wording import Words

NEW_LINES = 4
"""Lines for people who came without a place; once they are kept, there are as many again."""
MOST = 1000
CLASS = "classe"
_SHOWN = (PlaceState.ENROLLED, PlaceState.OFFERED, PlaceState.WAITING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """How many of an age."""

    name: str
    label: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Somebody who is on the list; ``wrong`` says why what was typed changed nothing."""

    id: str
    name: str | None
    commune: str | None
    expected: bool
    present: bool
    passed: bool
    right: bool
    bands: tuple[Band, ...]
    wrong: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """What a form says: rows by the name of their line, and lines that cannot be read, each with the key of its words."""

    rows: Mapping[str, Row]
    unreadable: Mapping[str, str]


class _Unreadable(ValueError):
    pass


def lines(
    places: Iterable[PlaceView], words: Words, told: Mapping[str, str], wrong: Mapping[str, tuple[str, ...]]
) -> tuple[Line, ...]:
    """Who is expected first, then who waits; what is wrong stands as it was typed."""
    shown = [view for state in _SHOWN for view in places if view.place.state is state]
    return tuple(_line(view, words, told if view.place.id in wrong else {}, wrong) for view in shown)


def _line(view: PlaceView, words: Words, told: Mapping[str, str], wrong: Mapping[str, tuple[str, ...]]) -> Line:
    place, member = view.place, view.member
    known = dict(place.headcount.bands) if place.headcount else {}
    return Line(
        id=place.id, name=f"{member.last_name} {member.first_name}".strip() if member else place.name,
        commune=place.headcount.commune if place.headcount else None, expected=place.state is PlaceState.ENROLLED,
        present=f"present-{place.id}" in told if told else bool(place.present),
        passed=f"reussi-{place.id}" in told if told else bool(place.passed),
        right=place.qualification_id is not None,
        bands=bands(place.id, words, told or {_field(place.id, band): str(n) for band, n in known.items()})
        if place.headcount
        else (),
        wrong=wrong.get(place.id, ()),
    )  # fmt: skip


def bands(line: str, words: Words, told: Mapping[str, str]) -> tuple[Band, ...]:
    """A field for each age."""
    return tuple(
        Band(name=_field(line, band), label=words(f"kiosk.visit.age_{band.name.lower()}"), value=told.get(_field(line, band), ""))
        for band in AgeBand
    )  # fmt: skip


def _field(line: str, band: AgeBand) -> str:
    return f"age-{line}-{band.name.lower()}"


def read(told: Mapping[str, str], places: Iterable[PlaceView]) -> Typed:
    """Every line that says something. Whoever was shown as expected and is not ticked was absent; nobody else is."""
    rows: dict[str, Row] = {}
    unreadable: dict[str, str] = {}
    for place in (view.place for view in places if view.place.state in _SHOWN):
        if f"attendu-{place.id}" in told or f"present-{place.id}" in told:
            _keep(rows, unreadable, place.id, _known(place, told, unreadable))
    for number in range(1, NEW_LINES + 1):
        _keep(rows, unreadable, f"nouveau-{number}", _newcomer(number, told))
    _keep(rows, unreadable, CLASS, _class(told, unreadable))
    return Typed(rows=rows, unreadable=unreadable)


def _keep(rows: dict[str, Row], unreadable: Mapping[str, str], line: str, row: Row | None) -> None:
    if row is not None and line not in unreadable:
        rows[line] = row


def _known(place: Place, told: Mapping[str, str], unreadable: dict[str, str]) -> Row:
    present, ticked = f"present-{place.id}" in told, f"reussi-{place.id}" in told
    counted = None
    if place.headcount and present:
        counted = _counted(place.id, place.headcount.commune, told, unreadable)
    return Row(
        present=present,
        passed=True if ticked else False if place.passed else None,
        place_id=place.id,
        headcount=counted,
    )


def _newcomer(number: int, told: Mapping[str, str]) -> Row | None:
    name = told.get(f"nom-{number}", "").strip()
    if not name:
        return None
    contact = told.get(f"contact-{number}", "").strip() or None
    passed = True if f"reussi-nouveau-{number}" in told else None
    return Row(present=True, passed=passed, who=Who(name=name[:200], contact=contact[:200] if contact else None))


def _class(told: Mapping[str, str], unreadable: dict[str, str]) -> Row | None:
    name, commune = (told.get(field, "").strip()[:200] for field in ("classe", "commune"))
    if not name and not commune and not any(told.get(_field(CLASS, band), "").strip() for band in AgeBand):
        return None
    if not name or not commune:
        unreadable[CLASS] = "paper.class_needs"
        return None
    counted = _counted(CLASS, commune, told, unreadable)
    return Row(present=True, who=Who(name=name, headcount=counted), headcount=counted) if counted else None


def _counted(line: str, commune: str, told: Mapping[str, str], unreadable: dict[str, str]) -> Headcount | None:
    try:
        found = tuple((band, count) for band in AgeBand if (count := _count(told.get(_field(line, band), ""))))
    except _Unreadable:
        unreadable[line] = "paper.not_a_count"
        return None
    if not found:
        unreadable[line] = "paper.nobody_counted"
        return None
    return Headcount(commune=commune, bands=found)


def _count(text: str) -> int:
    text = text.strip()
    if not text:
        return 0
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(MOST)) and int(text) <= MOST):
        raise _Unreadable(text)
    return int(text)
