"""What the run on a target is in, and whether it takes a slot of its cluster.

Revision 0017, after 0016.
"""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("target", sa.Column("activity", postgresql.JSONB(none_as_null=True), nullable=True))
    op.add_column("target", sa.Column("waits", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.alter_column("target", "waits", server_default=None)


def downgrade() -> None:
    op.drop_column("target", "waits")
    op.drop_column("target", "activity")
