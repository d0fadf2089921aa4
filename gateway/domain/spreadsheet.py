"""Lists as spreadsheets write and read them: encodings, separators, and cells that must never become formulas."""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

DELIMITERS = ";,\t"
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""A cell that begins like this is calculated by spreadsheets, some of them also in its full-width form."""
WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
"""How files of Excel and LibreOffice begin that were not saved as CSV."""
BOM = "\ufeff"


class Unreadable(ValueError):
    """These bytes are no list of text: another kind of file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """The cells of one row, and the numbers of its first and last line in the file."""

    line: int
    last: int
    cells: tuple[str, ...]


def decoded(data: bytes) -> str:
    """The text: UTF-8 with or without its mark, UTF-16 with one, else what Windows writes in western Europe."""
    if data.startswith(WORKBOOKS):
        raise Unreadable("workbook")
    for mark, encoding in ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"), (b"", "utf-8-sig")):
        if data.startswith(mark):
            try:
                return data.decode(encoding)
            except UnicodeDecodeError:
                if mark:
                    raise Unreadable(encoding) from None
    if b"\0" in data:
        # A workbook or a picture: no text of that encoding holds a zero.
        raise Unreadable("cp1252")
    return data.decode("cp1252", "replace")


def rows_of(text: str) -> Iterator[Row]:
    """Its rows that are not empty, whichever separator its first line has most of; Unreadable for a monstrous cell."""
    lines = text.removeprefix(BOM).replace("\r\n", "\n").replace("\r", "\n").split("\n")
    first = next((line for line in lines if line.strip()), "")
    delimiter = max(DELIMITERS, key=first.count)
    reader = csv.reader((line + "\n" for line in lines), delimiter=delimiter)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error:
            raise Unreadable("csv") from None
        if cells is None:
            return
        if any(cell.strip() for cell in cells):
            yield Row(line=line, last=reader.line_num, cells=tuple(read_cell(cell) for cell in cells))


def read_cell(cell: str) -> str:
    """Without the space around it, and without the apostrophe that :func:`written_cell` may have put there."""
    cell = cell.strip()
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(FORMULA) else cell


def written_cell(cell: str) -> str:
    """The same text, which no spreadsheet takes for a formula."""
    return f"'{cell}" if cell.lstrip().startswith(FORMULA) or cell.startswith(FORMULA) else cell


def written(rows: Iterable[Iterable[str]]) -> Iterator[bytes]:
    """A file that a French spreadsheet opens by a double click: semicolons, and UTF-8 with its mark."""
    yield BOM.encode()
    for row in rows:
        yield (";".join(_quoted(written_cell(cell)) for cell in row) + "\r\n").encode("utf-8", "replace")


def _quoted(cell: str) -> str:
    needs = any(mark in cell for mark in ';"\r\n') or cell != cell.strip()
    return '"' + cell.replace('"', '""') + '"' if needs else cell
