"""Kubernetes version of API migrations

Revision 0053, after 0052.
"""

import sqlalchemy as sa

from alembic import op

revision = "0053"
down_revision = "0052"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("operation", sa.Column("kubernetes_version", sa.String(), nullable=True))


def downgrade() -> None:
    op.drop_column("operation", "kubernetes_version")
