"""CustomResourceDefinitions and live objects in plans, and the consent to remove versions in use.

The column of operations keeps its default in the database: processes of the version before this one add rows while
processes of this version run.

Revision 0040, after 0039.
"""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "operation", sa.Column("allow_crd_version_removal", postgresql.JSONB(), server_default="[]", nullable=False)
    )
    op.add_column("plan_target", sa.Column("definition_changes", sa.Integer(), nullable=True))
    op.add_column("plan_target", sa.Column("object_changes", sa.Integer(), nullable=True))


def downgrade() -> None:
    op.drop_column("plan_target", "object_changes")
    op.drop_column("plan_target", "definition_changes")
    op.drop_column("operation", "allow_crd_version_removal")
