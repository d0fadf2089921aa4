"""What every part of the views stands on."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any

from gateway.adapters.sql.part import SiteId
from gateway.adapters.sql.transaction import Transaction


class ViewsPart:
    """Short readings, and the site they are about."""

    def __init__(self, read: Callable[[], AbstractContextManager[Transaction]], site: SiteId) -> None:
        self._read = read
        self._site = site

    def _all(self, statement: Any, **params: Any) -> list[Sequence[Any]]:
        with self._read() as tx:
            return tx.all(statement, site_id=self._site.get(tx), **params)
