"""Tries that left traces on a member are counted; operations say whether hooks run and what can't be removed is left.

Revision 0019, after 0018.
"""

import sqlalchemy as sa

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("target", sa.Column("writes", sa.Integer(), server_default="0", nullable=False))
    op.alter_column("target", "writes", server_default=None)
    for column in ("skip_hooks", "force"):
        op.add_column("operation", sa.Column(column, sa.Boolean(), server_default=sa.false(), nullable=False))
        op.alter_column("operation", column, server_default=None)
    op.drop_column("deployment", "forced")


def downgrade() -> None:
    op.add_column("deployment", sa.Column("forced", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.alter_column("deployment", "forced", server_default=None)
    for column in ("force", "skip_hooks"):
        op.drop_column("operation", column)
    op.drop_column("target", "writes")
