"""A group may be restricted to some namespaces and to a service account.

Revision 0022, after 0021.
"""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "cluster_group",
        sa.Column("allowed_namespaces", postgresql.JSONB(none_as_null=True), server_default="[]", nullable=False),
    )
    op.alter_column("cluster_group", "allowed_namespaces", server_default=None)
    op.add_column("cluster_group", sa.Column("service_account", sa.String(), nullable=True))


def downgrade() -> None:
    op.drop_column("cluster_group", "service_account")
    op.drop_column("cluster_group", "allowed_namespaces")
