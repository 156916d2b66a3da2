"""When a cluster's credentials expire, and releases that were left behind.

Revision 0015, after 0014.
"""

import sqlalchemy as sa

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("cluster", sa.Column("credentials_expire_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("cluster", sa.Column("is_expiry_told", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.alter_column("cluster", "is_expiry_told", server_default=None)
    op.create_table(
        "abandoned_release",
        sa.Column("organization_id", sa.BigInteger(), nullable=False),
        sa.Column("cluster_uid", sa.String(), nullable=False),
        sa.Column("namespace", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("chart_name", sa.String(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("abandoned_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organization.id"],
            name=op.f("fk_abandoned_release_organization_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "organization_id", "cluster_uid", "namespace", "name", name=op.f("pk_abandoned_release")
        ),
    )


def downgrade() -> None:
    op.drop_table("abandoned_release")
    op.drop_column("cluster", "is_expiry_told")
    op.drop_column("cluster", "credentials_expire_at")
