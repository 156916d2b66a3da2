"""The run of which a run of a workflow repeats a part.

Revision 0049, after 0048.
"""

import sqlalchemy as sa

from alembic import op

revision = "0049"
down_revision = "0048"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("workflow_run", sa.Column("forked_from_id", sa.BigInteger(), nullable=True))
    op.create_index("ix_workflow_run_forked_from_id", "workflow_run", ["forked_from_id"], unique=False)
    op.create_foreign_key(
        op.f("fk_workflow_run_forked_from_id"),
        "workflow_run",
        "workflow_run",
        ["forked_from_id"],
        ["id"],
        ondelete="SET NULL",
    )


def downgrade() -> None:
    op.drop_constraint(op.f("fk_workflow_run_forked_from_id"), "workflow_run", type_="foreignkey")
    op.drop_index("ix_workflow_run_forked_from_id", table_name="workflow_run")
    op.drop_column("workflow_run", "forked_from_id")
