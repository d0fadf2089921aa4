"""What the rules of access ask of a member, who is responsible where, and indexes for quotas and open sessions.

Revision ID: 0008
"""

import sqlalchemy as sa
from alembic import op

from gateway.adapters.sql.types import Moment

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

OPEN = sa.text("closed_at IS NULL")


def upgrade() -> None:
    op.add_column("members", sa.Column("suspended_reason", sa.Text()))
    op.add_column("members", sa.Column("birth_date", sa.Date()))
    op.add_column("members", sa.Column("charter_version", sa.Integer()))
    op.add_column("members", sa.Column("guardian_consent_at", Moment()))
    op.add_column("member_sites", sa.Column("responsible", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_index("ix_sessions_beneficiary_id_opened_at", "sessions", ["beneficiary_id", "opened_at"])
    op.create_index("ix_sessions_open_operator", "sessions", ["operator_id"], sqlite_where=OPEN, postgresql_where=OPEN)


def downgrade() -> None:
    op.drop_index("ix_sessions_open_operator", "sessions")
    op.drop_index("ix_sessions_beneficiary_id_opened_at", "sessions")
    op.drop_column("member_sites", "responsible")
    for name in ("guardian_consent_at", "charter_version", "birth_date", "suspended_reason"):
        op.drop_column("members", name)
