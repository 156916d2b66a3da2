"""When the present measurement of a check began.

Revision 0044, after 0043.
"""

import sqlalchemy as sa

from alembic import op

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("check_run", sa.Column("measuring_since", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("check_run", "measuring_since")
