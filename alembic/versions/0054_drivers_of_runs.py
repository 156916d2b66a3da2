"""Drivers of runs

Revision 0054, after 0053.
"""

import sqlalchemy as sa

from alembic import op

revision = "0054"
down_revision = "0053"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("workflow_run", sa.Column("driver", sa.String(), nullable=True))


def downgrade() -> None:
    op.drop_column("workflow_run", "driver")
