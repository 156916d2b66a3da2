"""An intent has no time limit: a Helm run ends with its worker's lease.

Revision 0020, after 0019.
"""

import sqlalchemy as sa

from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_column("target", "intent_until")


def downgrade() -> None:
    op.add_column("target", sa.Column("intent_until", sa.DateTime(timezone=True), nullable=True))
