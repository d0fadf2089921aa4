"""The store on SQLite and PostgreSQL: one adapter, statements built by SQLAlchemy and run on the driver itself."""

from gateway.adapters.sql.store import SqlStore

__all__ = ["SqlStore"]
