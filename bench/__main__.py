"""Run every benchmark, print a table, write ``bench/latest.json``: ``python -m bench [name …]``."""

import importlib
import json
import sys
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.figures import Figure

MODULES = (
    "tap", "decide", "free", "bookings", "series_points", "node", "fanout", "sessions_page", "pages", "axe", "start",
    "members_page", "faults",
)  # fmt: skip
LATEST = Path(__file__).with_name("latest.json")


def main(names: list[str]) -> int:
    """Measure the named benchmarks, or all; 1 when one could not run."""
    console, figures, failed = Console(), [], []
    for name in names or list(MODULES):
        console.print(f"[dim]{name} …[/dim]")
        try:
            figures += importlib.import_module(f"bench.{name}").measure()
        except Exception as error:
            # One benchmark that cannot run here must not hide the others; it is listed and the exit code says so.
            failed.append(f"{name}: {type(error).__name__}: {error}")
    console.print(_table(figures))
    for line in failed:
        console.print(f"[red]not measured[/red] {line}")
    write(figures)
    return 1 if failed else 0


def _table(figures: list[Figure]) -> Table:
    table = Table("figure", "value", "unit", "target", "how it was taken")
    for figure in figures:
        table.add_row(figure.name, f"{figure.value:,.2f}", figure.unit, figure.target, figure.note)
    return table


def write(figures: list[Figure]) -> None:
    """Keep earlier figures of benchmarks that were not run this time."""
    rows = {row["name"]: row for row in json.loads(LATEST.read_text())} if LATEST.exists() else {}
    for figure in figures:
        row = asdict(figure)
        row.pop("target")
        rows[figure.name] = row | {"value": round(figure.value, 3)}
    LATEST.write_text(json.dumps(list(rows.values()), indent=2, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
