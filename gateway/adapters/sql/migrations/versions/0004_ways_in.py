"""Ways in beside one's own right: how a session was let in and for whom, classes, maintainers, parts that wait.

Revision ID: 0004
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

from gateway.adapters.sql.types import Moment

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

OLD = (
    "id", "site_id", "resource_id", "operator_id", "beneficiary_id", "reservation_id", "state", "opened_at",
    "last_tap_at", "granted_until", "energised_at", "person_gone_at", "last_activity_at", "closed_at", "end_reason",
    "enabled_s", "active_s", "idle_s",
)  # fmt: skip
OPEN = "closed_at IS NULL"


def uid(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.String(36), nullable=nullable)


def text(name: str, *, nullable: bool = False, default: str | None = None) -> sa.Column[Any]:
    return sa.Column(name, sa.Text(), nullable=nullable, server_default=default)


def moment(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, Moment(), nullable=nullable)


def number(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Double(), nullable=False)


def ref(table: str, name: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([name], [f"{target}.id"], name=f"fk_{table}_{name}")


def index(name: str, table: str, columns: list[str], *, unique: bool = False, where: str | None = None) -> None:
    only: dict[str, Any] = {f"{dialect}_where": sa.text(where) for dialect in ("sqlite", "postgresql")} if where else {}
    op.create_index(name, table, columns, unique=unique, **only)


def added() -> list[sa.Column[Any]]:
    return [
        text("way", default="own"), uid("supervisor_id", nullable=True), text("beneficiary_kind", default="member"),
        uid("workshop_id", nullable=True), text("reason", nullable=True), moment("offered_at", nullable=True),
        uid("told_reservation_id", nullable=True),
    ]  # fmt: skip


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.alter_column("sessions", "beneficiary_id", nullable=True)
        for column in added():
            op.add_column("sessions", column)
        op.create_foreign_key("fk_sessions_supervisor_id", "sessions", "members", ["supervisor_id"], ["id"])
    else:
        rebuild(added(), [ref("sessions", "supervisor_id", "members")], beneficiary_needed=False)
    op.create_table(
        "classes",
        uid("id"), uid("site_id"), uid("resource_id"), uid("trainer_id"), uid("workshop_id", nullable=True),
        moment("opened_at"), moment("until"), moment("closed_at", nullable=True),
        ref("classes", "resource_id", "resources"), ref("classes", "site_id", "sites"),
        ref("classes", "trainer_id", "members"), sa.PrimaryKeyConstraint("id", name="pk_classes"),
    )  # fmt: skip
    index("uq_classes_one_open", "classes", ["resource_id"], unique=True, where=OPEN)
    index("ix_classes_until", "classes", ["until"], where=OPEN)
    op.create_table(
        "maintainers",
        uid("scope_id"), uid("member_id"), uid("site_id"), moment("since"), ref("maintainers", "member_id", "members"),
        ref("maintainers", "site_id", "sites"),
        sa.PrimaryKeyConstraint("scope_id", "member_id", name="pk_maintainers"),
    )  # fmt: skip
    op.create_table(
        "waiting_parts",
        uid("resource_id"), uid("site_id"), uid("member_id"), uid("session_id"), moment("since"),
        ref("waiting_parts", "member_id", "members"), ref("waiting_parts", "resource_id", "resources"),
        ref("waiting_parts", "session_id", "sessions"), ref("waiting_parts", "site_id", "sites"),
        sa.PrimaryKeyConstraint("resource_id", name="pk_waiting_parts"),
    )  # fmt: skip


def downgrade() -> None:
    for table in ("waiting_parts", "maintainers", "classes"):
        op.drop_table(table)
    op.execute("UPDATE sessions SET beneficiary_id = operator_id WHERE beneficiary_id IS NULL")
    if op.get_bind().dialect.name == "postgresql":
        for column in reversed(added()):
            op.drop_column("sessions", column.name)
        op.alter_column("sessions", "beneficiary_id", nullable=False)
    else:
        rebuild([], [], beneficiary_needed=True)


def rebuild(columns: list[sa.Column[Any]], refs: list[sa.ForeignKeyConstraint], *, beneficiary_needed: bool) -> None:
    """SQLite cannot let a column be NULL that could not: a new table takes the rows over."""
    op.create_table(
        "sessions_anew",
        uid("id"), uid("site_id"), uid("resource_id"), uid("operator_id"),
        uid("beneficiary_id", nullable=not beneficiary_needed), uid("reservation_id", nullable=True), text("state"),
        moment("opened_at"), moment("last_tap_at"), moment("granted_until", nullable=True),
        moment("energised_at", nullable=True), moment("person_gone_at", nullable=True),
        moment("last_activity_at", nullable=True), moment("closed_at", nullable=True), text("end_reason", nullable=True),
        number("enabled_s"), number("active_s"), number("idle_s"), *columns,
        ref("sessions", "beneficiary_id", "members"), ref("sessions", "operator_id", "members"),
        ref("sessions", "reservation_id", "reservations"), ref("sessions", "resource_id", "resources"),
        ref("sessions", "site_id", "sites"), *refs, sa.PrimaryKeyConstraint("id", name="pk_sessions"),
        sqlite_with_rowid=False,
    )  # fmt: skip
    names = ", ".join(OLD)
    op.execute(f"INSERT INTO sessions_anew ({names}) SELECT {names} FROM sessions")
    op.drop_table("sessions")
    op.rename_table("sessions_anew", "sessions")
    index("ix_sessions_resource_id_opened_at_id", "sessions", ["resource_id", "opened_at", "id"])
    index("ix_sessions_opened_at_id", "sessions", ["opened_at", "id"])
    index("uq_sessions_one_open", "sessions", ["resource_id"], unique=True, where=OPEN)
