"""What the database itself refuses, beyond what tables can say: overlapping reservations.

PostgreSQL has an exclusion constraint. SQLite has two triggers, which a rebuild of the table drops without a word:
every migration ends by making them again, and `check()` refuses to go on without them.
"""

EXCLUSION = "reservations_no_overlap"
TRIGGERS = ("reservations_no_overlap_insert", "reservations_no_overlap_update")
ONE_OPEN = "uq_sessions_one_open"
LIVE_BADGE = "uq_badge_hashes_live"

# Each reservation keeps the pause after it (`busy_until`), so pauses are kept by whoever comes first or last.
# Standing reservations of a resource never overlap, so only the last that starts before can reach into the new one:
# two look-ups in an index however long the past is.
_CLASH = """
    SELECT RAISE(ABORT, 'reservations_no_overlap') WHERE NEW.cancelled_at IS NULL AND (
        EXISTS (
            SELECT 1 FROM reservations WHERE resource_id = NEW.resource_id AND cancelled_at IS NULL AND id <> NEW.id
            AND starts >= NEW.starts AND starts < NEW.busy_until)
        OR NEW.starts < (
            SELECT busy_until FROM reservations WHERE resource_id = NEW.resource_id AND cancelled_at IS NULL AND id <> NEW.id
            AND starts < NEW.starts ORDER BY starts DESC LIMIT 1));
"""

SQLITE_GUARDS = (
    f"DROP TRIGGER IF EXISTS {TRIGGERS[0]}",
    f"DROP TRIGGER IF EXISTS {TRIGGERS[1]}",
    f"CREATE TRIGGER {TRIGGERS[0]} BEFORE INSERT ON reservations BEGIN {_CLASH} END",
    f"CREATE TRIGGER {TRIGGERS[1]} BEFORE UPDATE ON reservations BEGIN {_CLASH} END",
)
POSTGRESQL_GUARDS = (
    "CREATE EXTENSION IF NOT EXISTS btree_gist",
    f"ALTER TABLE reservations DROP CONSTRAINT IF EXISTS {EXCLUSION}",
    f"""
    ALTER TABLE reservations ADD CONSTRAINT {EXCLUSION} EXCLUDE USING gist
    (resource_id WITH =, tstzrange(starts, busy_until, '[)') WITH &&) WHERE (cancelled_at IS NULL)
    """,
)

# A dump restored into another cluster brings numbers of transactions that are still to come there.
POSTGRESQL_MENDING = ("UPDATE events SET xid = 0 WHERE xid >= CAST(CAST(pg_current_xact_id() AS TEXT) AS BIGINT)",)

SQLITE_STANDING = "SELECT name FROM sqlite_master WHERE type IN ('trigger', 'index')"
POSTGRESQL_STANDING = (
    "SELECT conname FROM pg_constraint WHERE contype = 'x' AND conrelid = to_regclass('reservations') "
    "UNION SELECT c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid "
    "WHERE i.indisunique AND i.indisvalid AND i.indrelid IN (to_regclass('sessions'), to_regclass('badge_hashes'))"
)


def missing_guards(dialect: str, standing: set[str]) -> list[str]:
    """Names of the guards that should stand and do not."""
    overlap = (EXCLUSION,) if dialect == "postgresql" else TRIGGERS
    return [name for name in (*overlap, ONE_OPEN, LIVE_BADGE) if name not in standing]
