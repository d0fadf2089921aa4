"""Rights that live: levels, prerequisites, use, validation, trainers, and the history of each.

Revision ID: 0002
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

from gateway.adapters.sql.types import Moment

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

STANDING = sa.text("expires_at IS NOT NULL AND revoked_at IS NULL AND refused_at IS NULL")
TRAINING_COLUMNS: tuple[tuple[str, Any], ...] = (
    ("yearly_until", sa.Text()), ("unused_days", sa.Integer()), ("minutes", sa.Integer()),
    ("refresher_minutes", sa.Integer()), ("remind_days", sa.JSON(none_as_null=True)), ("retention_years", sa.Integer()),
)  # fmt: skip
RIGHT_COLUMNS = ("level", "refresher", "awaiting", "ends_at", "last_used_at", "refused_at", "evidence", "told_days")


def upgrade() -> None:
    for name, kind in TRAINING_COLUMNS:
        op.add_column("trainings", sa.Column(name, kind))
    op.execute("UPDATE trainings SET remind_days = '[30,7]'")
    op.add_column("resource_trainings", _level())
    _links(
        "training_prerequisites",
        ("training_id", "trainings"),
        ("needs_id", "trainings"),
        sa.Column("direct", sa.Boolean(), nullable=False),
    )
    _links(
        "training_trainers",
        ("training_id", "trainings"),
        ("member_id", "members"),
        sa.Column("since", Moment(), nullable=False),
    )
    _rights()
    _acts()


def _level() -> sa.Column[Any]:
    return sa.Column("level", sa.Integer(), nullable=False, server_default=sa.text("1"))


def _ref(table: str, name: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([name], [f"{target}.id"], name=f"fk_{table}_{name}")


def _links(table: str, one: tuple[str, str], other: tuple[str, str], more: sa.Column[Any]) -> None:
    op.create_table(
        table,
        sa.Column(one[0], sa.String(36), nullable=False), sa.Column(other[0], sa.String(36), nullable=False),
        sa.Column("site_id", sa.String(36), nullable=False), more,
        _ref(table, *one), _ref(table, *other), _ref(table, "site_id", "sites"),
        sa.PrimaryKeyConstraint(one[0], other[0], name=f"pk_{table}"),
    )  # fmt: skip


def _rights() -> None:
    # Both databases know this form; alembic would rebuild the table on SQLite.
    op.execute(
        "ALTER TABLE qualifications ADD COLUMN granted_by_member VARCHAR(36) "
        "CONSTRAINT fk_qualifications_granted_by_member REFERENCES members (id)"
    )
    op.add_column("qualifications", _level())
    for name in ("refresher", "awaiting"):
        op.add_column("qualifications", sa.Column(name, sa.Boolean(), nullable=False, server_default=sa.false()))
    for name in ("ends_at", "last_used_at", "refused_at"):
        op.add_column("qualifications", sa.Column(name, Moment()))
    op.add_column("qualifications", sa.Column("evidence", sa.Text()))
    op.add_column("qualifications", sa.Column("told_days", sa.Integer()))
    op.execute("UPDATE qualifications SET ends_at = expires_at")
    op.create_index(
        "ix_qualifications_expires_at",
        "qualifications",
        ["expires_at"],
        sqlite_where=STANDING,
        postgresql_where=STANDING,
    )


def _acts() -> None:
    table = "qualification_acts"
    op.create_table(
        table,
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("site_id", sa.String(36), nullable=False), sa.Column("qualification_id", sa.String(36), nullable=False),
        sa.Column("member_id", sa.String(36), nullable=False), sa.Column("at", Moment(), nullable=False),
        sa.Column("act", sa.Text(), nullable=False), sa.Column("actor", sa.Text()), sa.Column("actor_member", sa.String(36)),
        sa.Column("expires_at", Moment()), sa.Column("evidence", sa.Text()), sa.Column("note", sa.Text()),
        _ref(table, "site_id", "sites"), _ref(table, "qualification_id", "qualifications"),
        _ref(table, "member_id", "members"), _ref(table, "actor_member", "members"),
        sa.PrimaryKeyConstraint("id", name=f"pk_{table}"), sqlite_autoincrement=True,
    )  # fmt: skip
    op.create_index(f"ix_{table}_qualification_id_id", table, ["qualification_id", "id"])
    op.create_index(f"ix_{table}_member_id_id", table, ["member_id", "id"])
    op.execute(
        "INSERT INTO qualification_acts (site_id, qualification_id, member_id, at, act, actor, expires_at, note) "
        "SELECT site_id, id, member_id, granted_at, 'granted', granted_by, expires_at, note FROM qualifications ORDER BY granted_at, id"
    )
    op.execute(
        "INSERT INTO qualification_acts (site_id, qualification_id, member_id, at, act) "
        "SELECT site_id, id, member_id, revoked_at, 'revoked' FROM qualifications WHERE revoked_at IS NOT NULL ORDER BY revoked_at, id"
    )


def downgrade() -> None:
    op.drop_table("qualification_acts")
    op.drop_index("ix_qualifications_expires_at", "qualifications")
    with op.batch_alter_table("qualifications") as table:
        for name in ("granted_by_member", *RIGHT_COLUMNS):
            table.drop_column(name)
    op.drop_table("training_trainers")
    op.drop_table("training_prerequisites")
    with op.batch_alter_table("resource_trainings") as table:
        table.drop_column("level")
    with op.batch_alter_table("trainings") as table:
        for name, _ in TRAINING_COLUMNS:
            table.drop_column(name)
