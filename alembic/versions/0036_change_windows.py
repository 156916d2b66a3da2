"""Change windows of organizations, groups and clusters.

Revision 0036, after 0035. Processes of the version before this one can go on while it runs: they do not read windows.
"""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "change_window",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("organization_id", sa.BigInteger(), nullable=False),
        sa.Column("group_id", sa.BigInteger(), nullable=True),
        sa.Column("cluster_id", sa.BigInteger(), nullable=True),
        sa.Column("selector", postgresql.JSONB(none_as_null=True), nullable=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("rule", sa.String(), nullable=False),
        sa.Column("starts", sa.DateTime(), nullable=False),
        sa.Column("time_zone", sa.String(), nullable=False),
        sa.Column("duration_seconds", sa.Integer(), nullable=False),
        sa.Column("blocks_rollback", sa.Boolean(), nullable=False),
        sa.Column("override_role", sa.String(length=32), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("group_id IS NULL OR cluster_id IS NULL", name=op.f("ck_change_window_one_scope")),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organization.id"], name=op.f("fk_change_window_organization_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["group_id"], ["cluster_group.id"], name=op.f("fk_change_window_group_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["cluster_id"], ["cluster.id"], name=op.f("fk_change_window_cluster_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_change_window")),
        sa.UniqueConstraint("organization_id", "name", name="uq_change_window_organization_id_name"),
    )
    op.create_index(op.f("ix_change_window_group_id"), "change_window", ["group_id"])
    op.create_index(op.f("ix_change_window_cluster_id"), "change_window", ["cluster_id"])


def downgrade() -> None:
    op.drop_table("change_window")
