"""What a measurement of a check knows of its Jobs.

Revision 0045, after 0044.
"""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "0045"
down_revision = "0044"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "check_run", sa.Column("looks", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False)
    )
    op.alter_column("check_run", "looks", server_default=None)


def downgrade() -> None:
    op.drop_column("check_run", "looks")
