"""The pages of docs/ that are written by the code they describe. `python -m etabli.docs [--check]`."""

from collections.abc import Callable
from pathlib import Path


def pages() -> dict[str, Callable[[], str]]:
    """Every generated page: its name, and what writes it."""
    from etabli.docs import configuration, refusals, topics

    return {
        "topics.md": topics.page,
        "configuration.md": configuration.page,
        "refusals.md": refusals.page,
    }


def write(folder: Path) -> tuple[str, ...]:
    """Write every page; the names of those that changed."""
    changed = []
    for name, page in pages().items():
        text, file = page(), folder / name
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            file.write_text(text, encoding="utf-8")
            changed.append(name)
    return tuple(changed)


def stale(folder: Path) -> tuple[str, ...]:
    """The names of pages that are not as the code would write them."""
    return tuple(
        name
        for name, page in pages().items()
        if not (folder / name).exists() or (folder / name).read_text(encoding="utf-8") != page()
    )
