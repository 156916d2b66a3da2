"""The policy of a deployment for CustomResourceDefinitions.

The column keeps its default in the database: processes of the version before this one add rows while processes of this
version run.

Revision 0034, after 0033.
"""

import sqlalchemy as sa

from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("deployment", sa.Column("crd_policy", sa.String(32), server_default="CREATE", nullable=False))


def downgrade() -> None:
    op.drop_column("deployment", "crd_policy")
