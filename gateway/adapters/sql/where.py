"""Where a store is: a path, or an address."""

from pathlib import Path

_SCHEMES = ("postgresql+psycopg:", "postgresql:", "postgres:")


def postgresql_url(where: str | Path) -> str | None:
    """The address as libpq wants it, or None when it is no PostgreSQL."""
    for scheme in _SCHEMES:
        if isinstance(where, str) and where.startswith(scheme):
            return "postgresql:" + where.removeprefix(scheme)
    return None


def sqlite_path(where: str | Path) -> Path:
    """The file."""
    return Path(str(where).removeprefix("sqlite:///"))
