"""Operations can be cancelled.

Revision 0012, after 0011.
"""

import sqlalchemy as sa

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("operation", sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("operation", sa.Column("cancelled_by", sa.String(), nullable=True))
    op.add_column("target", sa.Column("held_digest", sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    op.drop_column("target", "held_digest")
    op.drop_column("operation", "cancelled_by")
    op.drop_column("operation", "cancelled_at")
