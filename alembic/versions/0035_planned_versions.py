"""The version of a release's record that the plan of a result was made against.

Revision 0035, after 0034.
"""

import sqlalchemy as sa

from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("operation_result", sa.Column("planned_version", sa.String(), nullable=True))


def downgrade() -> None:
    op.drop_column("operation_result", "planned_version")
