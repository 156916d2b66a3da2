"""Results from outside

Revision 0052, after 0051.
"""

import sqlalchemy as sa

from alembic import op

revision = "0052"
down_revision = "0051"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "pending_result",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("begun_version", sa.Integer(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("outcome_digest", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"], ["workflow_run.id"], name=op.f("fk_pending_result_run_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pending_result")),
        sa.UniqueConstraint("digest", name=op.f("uq_pending_result_digest")),
    )
    op.create_index("ix_pending_result_run_id", "pending_result", ["run_id"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_pending_result_run_id", table_name="pending_result")
    op.drop_table("pending_result")
