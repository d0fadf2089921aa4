"""Codes of six digits, tries, printed cards, second factors.

Revision ID: 0016 (after 0020)
"""

import sqlalchemy as sa
from alembic import op

from gateway.adapters.sql.types import Moment

revision = "0016"
down_revision = "0020"
branch_labels = None
depends_on = None


def _member() -> sa.Column[str]:
    return sa.Column("member_id", sa.String(36), nullable=False)


def _of_member(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=f"fk_{table}_member_id")


def upgrade() -> None:
    op.create_table(
        "pins", _member(),
        sa.Column("kept", sa.Text(), nullable=False), sa.Column("changed_at", Moment(), nullable=False),
        _of_member("pins"), sa.PrimaryKeyConstraint("member_id", name="pk_pins"),
    )  # fmt: skip
    op.create_table(
        "tries", _member(),
        sa.Column("proof", sa.Text(), nullable=False), sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("locked_until", Moment()),
        _of_member("tries"), sa.PrimaryKeyConstraint("member_id", "proof", name="pk_tries"),
    )  # fmt: skip
    op.create_table(
        "cards", sa.Column("id", sa.String(36), nullable=False), sa.Column("site_id", sa.String(36), nullable=False),
        _member(), sa.Column("digest", sa.Text(), nullable=False), sa.Column("made_at", Moment(), nullable=False),
        sa.Column("revoked_at", Moment()),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name="fk_cards_site_id"), _of_member("cards"),
        sa.PrimaryKeyConstraint("id", name="pk_cards"), sa.UniqueConstraint("digest", name="uq_cards_digest"),
    )  # fmt: skip
    op.create_index("ix_cards_member_id", "cards", ["member_id"])
    op.create_table(
        "second_factors", _member(),
        sa.Column("sealed", sa.Text(), nullable=False), sa.Column("confirmed_at", Moment()),
        sa.Column("last_step", sa.Integer(), nullable=False),
        _of_member("second_factors"), sa.PrimaryKeyConstraint("member_id", name="pk_second_factors"),
    )  # fmt: skip
    op.create_table(
        "recovery_codes", _member(),
        sa.Column("digest", sa.String(64), nullable=False), sa.Column("used_at", Moment()),
        _of_member("recovery_codes"), sa.PrimaryKeyConstraint("member_id", "digest", name="pk_recovery_codes"),
    )  # fmt: skip


def downgrade() -> None:
    for table in ("recovery_codes", "second_factors", "cards", "tries", "pins"):
        op.drop_table(table)
