"""Runs of steps

Revision 0056, after 0055.
"""

import sqlalchemy as sa

from alembic import op

revision = "0056"
down_revision = "0055"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("workflow_run", sa.Column("parent_id", sa.BigInteger(), nullable=True))
    op.add_column("workflow_run", sa.Column("parent_path", sa.String(), nullable=True))
    op.add_column("workflow_run", sa.Column("parent_version", sa.Integer(), nullable=True))
    op.add_column("workflow_run", sa.Column("depth", sa.Integer(), nullable=False))
    op.create_index(
        "uq_workflow_run_parent", "workflow_run", ["parent_id", "parent_path", "parent_version"], unique=True
    )
    op.create_foreign_key(
        op.f("fk_workflow_run_parent_id"), "workflow_run", "workflow_run", ["parent_id"], ["id"], ondelete="SET NULL"
    )


def downgrade() -> None:
    op.drop_constraint(op.f("fk_workflow_run_parent_id"), "workflow_run", type_="foreignkey")
    op.drop_index("uq_workflow_run_parent", table_name="workflow_run")
    op.drop_column("workflow_run", "depth")
    op.drop_column("workflow_run", "parent_version")
    op.drop_column("workflow_run", "parent_path")
    op.drop_column("workflow_run", "parent_id")
