"""What every part of a Work stands on."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import BindParameter, bindparam, select

from gateway.adapters.sql import schema
from gateway.adapters.sql.transaction import Transaction
from gateway.ports.errors import StoreUnavailable

SITE: BindParameter[Any] = bindparam("site_id")

_sites = schema.sites.c
FIRST_SITE = select(_sites.id).order_by(_sites.id).limit(1)
SITE_OF_SLUG = select(_sites.id).where(_sites.slug == bindparam("slug"))


class SiteId:
    """The id of the site a store serves: looked up once it is needed, then kept."""

    def __init__(self, slug: str | None) -> None:
        self.slug = slug
        self._id: str | None = None

    def get(self, tx: Transaction) -> str:
        """The id; StoreUnavailable when the database does not hold the site yet."""
        if self._id is None:
            row = tx.one(SITE_OF_SLUG, slug=self.slug) if self.slug else tx.one(FIRST_SITE)
            if row is None:
                raise StoreUnavailable(f"the database holds no site {self.slug or ''}".rstrip() + " yet")
            self._id = str(row[0])
        return self._id

    def keep(self, id: str, slug: str) -> None:
        """Serve this site from now on, unless another was asked for."""
        if self.slug in {None, slug}:
            self.slug, self._id = slug, id


class Part:
    """The open transaction and the site, shared by all parts of a Work."""

    def __init__(self, tx: Transaction, site: SiteId, after_commit: Callable[[Callable[[], None]], None]) -> None:
        self._tx = tx
        self._site = site
        self._own_site: str | None = None
        self._after_commit = after_commit

    def site_id(self) -> str:
        """The id of this gateway's site."""
        return self._own_site or self._site.get(self._tx)
