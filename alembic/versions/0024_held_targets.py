"""An index on the targets that somebody works on.

Revision 0024, after 0023.
"""

import sqlalchemy as sa

from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_target_held", "target", ["cluster_id"], postgresql_where=sa.text("lease_owner IS NOT NULL"))


def downgrade() -> None:
    op.drop_index("ix_target_held", table_name="target")
