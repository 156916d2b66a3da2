"""What Helm said about actions that succeeded.

Revision 0009, after 0008.
"""

import sqlalchemy as sa

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("operation_result", sa.Column("output", sa.String(), nullable=True))


def downgrade() -> None:
    op.drop_column("operation_result", "output")
