"""live

Revision 0002, after 0001.
"""

import sqlalchemy as sa

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "observer",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_observer")),
    )
    op.add_column("cluster", sa.Column("observer_id", sa.String(), nullable=True))
    op.add_column("cluster", sa.Column("observer_token", sa.BigInteger(), server_default="0", nullable=False))
    op.drop_index(op.f("ix_cluster_confirm_due_at"), table_name="cluster")
    op.drop_column("cluster", "confirm_due_at")
    op.drop_column("cluster", "observed_version")
    op.add_column(
        "deployment",
        sa.Column(
            "drift_policy",
            sa.Enum("REPORT", "CORRECT", name="driftpolicy", native_enum=False, length=32),
            server_default="REPORT",
            nullable=False,
        ),
    )
    op.add_column("target", sa.Column("seen_version", sa.BigInteger(), server_default="0", nullable=False))
    op.add_column("target", sa.Column("corrections", sa.Integer(), server_default="0", nullable=False))
    op.add_column("target", sa.Column("corrected_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("target", sa.Column("contested_until", sa.DateTime(timezone=True), nullable=True))
    op.add_column("event", sa.Column("deployment_id", sa.BigInteger(), nullable=True))
    op.add_column("event", sa.Column("cluster_id", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    op.drop_column("event", "cluster_id")
    op.drop_column("event", "deployment_id")
    op.drop_column("target", "contested_until")
    op.drop_column("target", "corrected_at")
    op.drop_column("target", "corrections")
    op.drop_column("target", "seen_version")
    op.drop_column("deployment", "drift_policy")
    op.add_column("cluster", sa.Column("observed_version", sa.BigInteger(), server_default="0", nullable=False))
    op.add_column(
        "cluster",
        sa.Column("confirm_due_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
    )
    op.create_index(op.f("ix_cluster_confirm_due_at"), "cluster", ["confirm_due_at"], unique=False)
    op.drop_column("cluster", "observer_token")
    op.drop_column("cluster", "observer_id")
    op.drop_table("observer")
