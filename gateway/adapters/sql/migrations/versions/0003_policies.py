"""Policies of site, group and resource; groups of equal machines.

Revision ID: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

POLICIES = ("use_policy", "booking_policy")


def upgrade() -> None:
    op.create_table(
        "resource_groups",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("site_id", sa.String(36), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("names", sa.JSON(none_as_null=True), nullable=False),
        *(sa.Column(name, sa.JSON(none_as_null=True)) for name in POLICIES),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name="fk_resource_groups_site_id"),
        sa.PrimaryKeyConstraint("id", name="pk_resource_groups"),
        sa.UniqueConstraint("site_id", "slug", name="uq_resource_groups_site_id_slug"),
    )
    # SQLite can add a column with its key in one statement, but no key to a column that is there.
    op.execute(
        "ALTER TABLE resources ADD COLUMN group_id VARCHAR(36) "
        "CONSTRAINT fk_resources_group_id REFERENCES resource_groups (id)"
    )
    for table in ("sites", "resources"):
        for name in POLICIES:
            op.add_column(table, sa.Column(name, sa.JSON(none_as_null=True)))


def downgrade() -> None:
    for table in ("sites", "resources"):
        for name in POLICIES:
            op.drop_column(table, name)
    op.drop_column("resources", "group_id")
    op.drop_table("resource_groups")
