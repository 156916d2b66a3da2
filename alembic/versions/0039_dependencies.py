"""Dependencies between deployments, and what work waits for because of them.

Revision 0039, after 0038.
"""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from alembic import op

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "deployment_dependency",
        sa.Column("deployment_id", sa.BigInteger(), nullable=False),
        sa.Column("depends_on_id", sa.BigInteger(), nullable=False),
        sa.Column("condition", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["deployment_id"],
            ["deployment.id"],
            name=op.f("fk_deployment_dependency_deployment_id_deployment"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["depends_on_id"],
            ["deployment.id"],
            name=op.f("fk_deployment_dependency_depends_on_id_deployment"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("deployment_id", "depends_on_id", name=op.f("pk_deployment_dependency")),
    )
    op.create_index(
        op.f("ix_deployment_dependency_depends_on_id"), "deployment_dependency", ["depends_on_id"], unique=False
    )
    op.add_column("target", sa.Column("waits_for", JSONB(none_as_null=True), nullable=False, server_default="[]"))
    op.alter_column("target", "waits_for", server_default=None)
    op.create_index(
        "ix_target_waiting",
        "target",
        ["cluster_id"],
        unique=False,
        postgresql_where=sa.text("waits_for <> '[]'::jsonb"),
    )


def downgrade() -> None:
    op.drop_index("ix_target_waiting", table_name="target")
    op.drop_column("target", "waits_for")
    op.drop_table("deployment_dependency")
