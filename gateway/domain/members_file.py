"""A list of members from elsewhere: which column is what, what each line says, and what is wrong with it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from itertools import islice

from gateway.domain.people import folded
from gateway.domain.spreadsheet import Row, Unreadable, decoded, rows_of

MOST_BYTES = 5_000_000
MOST_ROWS = 20_000
LONGEST = 200
MOST_LINES = 5
"""A person takes one line, or a few where a cell holds line breaks; more are a quote that was never closed."""
SHOWN = 80
EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")
# Controls, and marks that turn the direction of what stands around them.
UNFIT = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufffd\ud800-\udfff]")
_DAY_FIRST = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})")
_YEAR_FIRST = re.compile(r"(\d{4})-(\d{2})-(\d{2})")
_TIME = re.compile(r"[T ]+\d{1,2}[:h]\d{2}(:\d{2})?(\.\d+)?(Z|[+-]\d{2}:?\d{2})?$")
FIRST_YEAR, LAST_YEAR = 1900, 2199
PAID = frozenset({"", "valide", "validee", "paye", "payee", "processed", "authorized", "registered", "paid", "valid"})


class Field(StrEnum):
    """What a column may hold."""

    ID = "id"
    REFERENCE = "reference"
    FIRST_NAME = "first_name"
    LAST_NAME = "last_name"
    EMAIL = "email"
    MEMBER_UNTIL = "member_until"
    BIRTH_DATE = "birth_date"
    PAYER_EMAIL = "payer_email"
    PAYER_FIRST_NAME = "payer_first_name"
    PAYER_LAST_NAME = "payer_last_name"
    ORDERED_ON = "ordered_on"
    STATUS = "status"


HEADINGS: Mapping[str, Field] = {
    heading: field
    for field, headings in {
        Field.ID: "identifiant|id",
        Field.REFERENCE: "reference|ref|numero d'adherent|numero adherent|n° adherent|n° d'adherent|code adherent"
        "|numero de membre|numero membre|n° membre|member number|membership number",
        Field.FIRST_NAME: "prenom|prenom adherent|prenom de l'adherent|prenom participant|first name|firstname|given name",
        Field.LAST_NAME: "nom|nom adherent|nom de l'adherent|nom de famille|nom participant|last name|lastname|surname"
        "|family name",
        Field.EMAIL: "e-mail|email|mail|courriel|adresse e-mail|adresse email|adresse mail|email adherent"
        "|e-mail adherent|email de l'adherent|email participant|email address|e-mail address",
        Field.MEMBER_UNTIL: "fin d'adhesion|fin de l'adhesion|date de fin|date de fin d'adhesion|fin|valable jusqu'au"
        "|expiration|date d'expiration|membership until|member until|end date|membership end|expires",
        Field.BIRTH_DATE: "date de naissance|naissance|ne le|ne(e) le|nee le|birth date|date of birth|birthday",
        Field.PAYER_EMAIL: "email payeur|e-mail payeur|email acheteur",
        Field.PAYER_FIRST_NAME: "prenom payeur|prenom acheteur",
        Field.PAYER_LAST_NAME: "nom payeur|nom acheteur",
        Field.ORDERED_ON: "date de la commande|date de commande|date d'adhesion|order date",
        Field.STATUS: "statut de la commande|statut commande|order status",
    }.items()
    for heading in headings.split("|")
}  # fmt: skip
"""The headings that are known, accents and capitals aside: the lab's own, English, HelloAsso's."""


class FileFault(StrEnum):
    """Why a whole file cannot be read."""

    EMPTY = "empty"
    TOO_LARGE = "too_large"
    UNREADABLE = "unreadable"
    NO_NAMES = "no_names"
    TOO_MANY_ROWS = "too_many_rows"


class LineFault(StrEnum):
    """Why one line is left alone."""

    NAME_MISSING = "name_missing"
    EMAIL_WRONG = "email_wrong"
    DATE_WRONG = "date_wrong"
    CHARACTER = "character"
    TOO_LONG = "too_long"
    TOO_MANY_CELLS = "too_many_cells"
    QUOTE = "quote"
    AMBIGUOUS = "ambiguous"
    TWICE = "twice"
    NOT_PAID = "not_paid"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What is wrong with one line: which column, what stands there, and the line it is about."""

    line: int
    code: LineFault
    heading: str = ""
    value: str = ""
    other: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What one line says of one person; None and empty say nothing."""

    line: int
    first_name: str
    last_name: str = ""
    id: str | None = None
    reference: str | None = None
    email: str | None = None
    until: date | None = None
    birth_date: date | None = None
    ordered_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MembersFile:
    """What was read. ``ignored`` are the headings that nobody knows."""

    lines: tuple[Line, ...] = ()
    faults: tuple[Fault, ...] = ()
    known: Mapping[str, Field] = field(default_factory=dict)
    ignored: tuple[str, ...] = ()


def read_members(data: bytes) -> MembersFile | FileFault:
    """The list in these bytes, whatever program wrote it."""
    if len(data) > MOST_BYTES:
        return FileFault.TOO_LARGE
    try:
        rows = tuple(islice(rows_of(decoded(data)), MOST_ROWS + 2))
    except Unreadable:
        return FileFault.UNREADABLE
    if not rows:
        return FileFault.EMPTY
    if len(rows) > MOST_ROWS + 1:
        return FileFault.TOO_MANY_ROWS
    columns = [heading_of(cell) for cell in rows[0].cells]
    if Field.FIRST_NAME not in columns:
        return FileFault.NO_NAMES
    read = [_line(row, rows[0].cells, columns) for row in rows[1:]]
    named = zip(rows[0].cells, columns, strict=True)
    return MembersFile(
        lines=tuple(each for each in read if isinstance(each, Line)),
        faults=tuple(each for each in read if isinstance(each, Fault)),
        known={_short(cell): column for cell, column in named if column},
        ignored=tuple(_short(cell) for cell, column in zip(rows[0].cells, columns, strict=True) if cell and not column),
    )


def heading_of(cell: str) -> Field | None:
    """What a column of this heading holds; HelloAsso writes the lab's own questions after two words of its own."""
    plain = " ".join(re.sub(r"[’`´]", "'", folded(cell)).replace("_", " ").strip(" :*").split())
    plain = re.sub(r"^champ complementaire ?\d* ?:? ?", "", plain)
    return HEADINGS.get(plain)


def _line(row: Row, headings: tuple[str, ...], columns: list[Field | None]) -> Line | Fault:
    if row.last - row.line >= MOST_LINES:
        return Fault(line=row.line, code=LineFault.QUOTE, other=row.last)
    beyond = next(filter(None, row.cells[len(columns) :]), None)
    if beyond is not None:
        return Fault(line=row.line, code=LineFault.TOO_MANY_CELLS, value=_short(beyond))
    said: dict[Field, tuple[str, str]] = {}
    for heading, column, cell in zip(headings, columns, row.cells, strict=False):
        if column and cell and column not in said:
            fault = _unfit(row.line, heading, cell, column)
            if fault:
                return fault
            said[column] = (heading, cell)
    dates: dict[Field, date] = {}
    for column in (Field.MEMBER_UNTIL, Field.BIRTH_DATE, Field.ORDERED_ON):
        if column in said:
            day = read_day(said[column][1])
            if day is None:
                return _fault(row.line, LineFault.DATE_WRONG, *said[column])
            dates[column] = day
    return _person(row.line, {column: cell for column, (_, cell) in said.items()}, dates, said)


def _person(
    line: int, said: dict[Field, str], dates: dict[Field, date], told: dict[Field, tuple[str, str]]
) -> Line | Fault:
    if folded(said.get(Field.STATUS, "")) not in PAID:
        return _fault(line, LineFault.NOT_PAID, *told[Field.STATUS])
    if Field.FIRST_NAME not in said:
        return Fault(line=line, code=LineFault.NAME_MISSING, value=_short(said.get(Field.LAST_NAME, "")))
    return Line(
        line=line, first_name=said[Field.FIRST_NAME], last_name=said.get(Field.LAST_NAME, ""),
        id=said.get(Field.ID), reference=said.get(Field.REFERENCE), email=_address(said),
        until=dates.get(Field.MEMBER_UNTIL), birth_date=dates.get(Field.BIRTH_DATE),
        ordered_on=dates.get(Field.ORDERED_ON),
    )  # fmt: skip


def _address(said: dict[Field, str]) -> str | None:
    """Their own; whoever paid for themselves has theirs there, who paid for a child has not the child's."""
    if Field.EMAIL in said:
        return said[Field.EMAIL]
    pairs = ((Field.PAYER_FIRST_NAME, Field.FIRST_NAME), (Field.PAYER_LAST_NAME, Field.LAST_NAME))
    same = all(folded(said.get(payer, said.get(own, ""))) == folded(said.get(own, "")) for payer, own in pairs)
    return said.get(Field.PAYER_EMAIL) if same else None


def _unfit(line: int, heading: str, cell: str, column: Field) -> Fault | None:
    if UNFIT.search(cell):
        return _fault(line, LineFault.CHARACTER, heading, cell)
    if len(cell) > LONGEST:
        return _fault(line, LineFault.TOO_LONG, heading, cell)
    if column in (Field.EMAIL, Field.PAYER_EMAIL) and not EMAIL.fullmatch(cell):
        return _fault(line, LineFault.EMAIL_WRONG, heading, cell)
    return None


def read_day(text: str) -> date | None:
    """A day as spreadsheets write it, with or without an hour; the day stands before the month, as in France."""
    text = _TIME.sub("", text.strip())
    if found := _DAY_FIRST.fullmatch(text):
        day, month, year = (int(part) for part in found.groups())
    elif found := _YEAR_FIRST.fullmatch(text):
        year, month, day = (int(part) for part in found.groups())
    else:
        return None
    try:
        return date(year, month, day) if FIRST_YEAR <= year <= LAST_YEAR else None
    except ValueError:
        return None


def _fault(line: int, code: LineFault, heading: str, value: str) -> Fault:
    return Fault(line=line, code=code, heading=_short(heading), value=_short(value))


def _short(text: str) -> str:
    """A cell as it can be shown: not endless, and without what cannot be seen."""
    shown = UNFIT.sub("\N{REPLACEMENT CHARACTER}", text)
    return shown if len(shown) <= SHOWN else f"{shown[:SHOWN]}…"
