"""A release says why its record can't be read; values of releases that nobody manages are not kept.

Revision 0018, after 0017.
"""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_UNMANAGED = """
NOT EXISTS (
    SELECT FROM target JOIN deployment ON deployment.id = target.deployment_id
    WHERE target.cluster_id = release.cluster_id
        AND deployment.namespace = release.namespace AND deployment.release_name = release.name
)
"""


def upgrade() -> None:
    op.add_column("release", sa.Column("unreadable", sa.String(), nullable=True))
    op.alter_column("release", "values", existing_type=postgresql.JSONB(none_as_null=True), nullable=True)
    op.execute(f"UPDATE release SET values = NULL, digest = '' WHERE {_UNMANAGED}")  # noqa: S608 - a constant


def downgrade() -> None:
    op.execute("UPDATE release SET values = '{}' WHERE values IS NULL")
    op.alter_column("release", "values", existing_type=postgresql.JSONB(none_as_null=True), nullable=False)
    op.drop_column("release", "unreadable")
