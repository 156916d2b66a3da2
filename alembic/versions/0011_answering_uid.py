"""The uid of the cluster that answers at a cluster's address, where that is another one.

Revision 0011, after 0010.
"""

import sqlalchemy as sa

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("cluster", sa.Column("answering_uid", sa.String(), nullable=True))


def downgrade() -> None:
    op.drop_column("cluster", "answering_uid")
