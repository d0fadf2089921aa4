"""Pages of rows, as every list is read."""

from dataclasses import dataclass
from typing import Generic, TypeVar

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[Row]):
    """One page of rows; ``next`` is the cursor of the following page, None at the end."""

    rows: tuple[Row, ...]
    next: str | None
