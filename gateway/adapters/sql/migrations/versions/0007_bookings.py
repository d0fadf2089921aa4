"""What a reservation is for, how it stands and the pause after it.

Revision ID: 0007
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

from gateway.adapters.sql.types import Moment

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

KEPT = ("id", "site_id", "resource_id", "member_id", "starts", "ends", "created_at", "cancelled_at")
STANDING = "cancelled_at IS NULL"
STATUS_FITS = "(cancelled_at IS NULL) = (status IN ('standing', 'awaiting_approval'))"
INDEXES = {
    "ix_reservations_resource_id_ends": ["resource_id", "ends"],
    "ix_reservations_resource_id_starts": ["resource_id", "starts"],
    "ix_reservations_ends": ["ends"],
    "ix_reservations_starts_id": ["starts", "id"],
}
NEW_INDEXES = {
    "ix_reservations_member_id_ends": (["member_id", "ends"], STANDING),
    "ix_reservations_series_id": (["series_id"], "series_id IS NOT NULL"),
}
NEW_CHECKS = {"busy": "ends <= busy_until", "status": STATUS_FITS}


def uid(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.String(36), nullable=nullable)


def text(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Text(), nullable=nullable)


def moment(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, Moment(), nullable=nullable)


def ref(table: str, name: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([name], [f"{target}.id"], name=f"fk_{table}_{name}")


def index(name: str, columns: list[str], where: str) -> None:
    only: dict[str, Any] = {f"{dialect}_where": sa.text(where) for dialect in ("sqlite", "postgresql")}
    op.create_index(name, "reservations", columns, **only)


def added() -> dict[sa.Column[Any], str]:
    """The new columns, each with what rows that are there get."""
    state = "CASE WHEN cancelled_at IS NULL THEN 'standing' ELSE 'cancelled' END"
    return {
        text("purpose"): "'use'", text("status"): state, moment("busy_until"): "ends",
        sa.Column("version", sa.Integer(), nullable=False): "1", uid("series_id", nullable=True): "NULL",
        text("note", nullable=True): "NULL",
    }  # fmt: skip


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        _alter()
    else:
        _rebuild(added(), NEW_CHECKS, member_needed=False)
    for name, (columns, where) in NEW_INDEXES.items():
        index(name, columns, where)


def _alter() -> None:
    # Made again, over the pause too, by whoever runs migrations.
    op.execute("ALTER TABLE reservations DROP CONSTRAINT IF EXISTS reservations_no_overlap")
    op.alter_column("reservations", "member_id", nullable=True)
    columns = added()
    for column in columns:
        needed, column.nullable = not column.nullable, True
        op.add_column("reservations", column)
        column.nullable = not needed
    op.execute("UPDATE reservations SET " + ", ".join(f"{column.name} = {value}" for column, value in columns.items()))
    for column in columns:
        if not column.nullable:
            op.alter_column("reservations", column.name, nullable=False)
    for name, check in NEW_CHECKS.items():
        op.create_check_constraint(f"ck_reservations_{name}", "reservations", check)


def _rebuild(columns: dict[sa.Column[Any], str], checks: dict[str, str], *, member_needed: bool) -> None:
    """SQLite cannot alter what is there: into a new table, which takes the old one's place."""
    op.create_table(
        "reservations_new",
        uid("id"), uid("site_id"), uid("resource_id"), uid("member_id", nullable=not member_needed), moment("starts"),
        moment("ends"), moment("created_at"), moment("cancelled_at", nullable=True), *columns,
        *(
            sa.CheckConstraint(check, name=op.f(f"ck_reservations_{name}"))
            for name, check in {"span": "starts < ends", **checks}.items()
        ),
        ref("reservations", "member_id", "members"), ref("reservations", "resource_id", "resources"),
        ref("reservations", "site_id", "sites"), sa.PrimaryKeyConstraint("id", name="pk_reservations"),
    )  # fmt: skip
    names, values = ", ".join((*KEPT, *(c.name for c in columns))), ", ".join((*KEPT, *columns.values()))
    op.execute(f"INSERT INTO reservations_new ({names}) SELECT {values} FROM reservations")
    op.drop_table("reservations")
    op.rename_table("reservations_new", "reservations")
    for name, over in INDEXES.items():
        index(name, over, STANDING)


def downgrade() -> None:
    # A reservation without a member, and a request that nobody has approved, are nothing that the older tables know.
    op.execute("DELETE FROM reservations WHERE member_id IS NULL")
    if op.get_bind().dialect.name != "postgresql":
        _rebuild({}, {}, member_needed=True)
        return
    op.execute("ALTER TABLE reservations DROP CONSTRAINT IF EXISTS reservations_no_overlap")
    for column in added():
        op.drop_column("reservations", column.name)
    op.alter_column("reservations", "member_id", nullable=False)
