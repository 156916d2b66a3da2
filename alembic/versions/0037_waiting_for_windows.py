"""Targets that wait for a change window, and overrides of windows.

Revision 0037, after 0036. Processes of the version before this one can go on while it runs: windows do not hold what
they do.
"""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("operation", sa.Column("window_override", postgresql.JSONB(none_as_null=True), nullable=True))
    op.add_column("target", sa.Column("window", postgresql.JSONB(none_as_null=True), nullable=True))


def downgrade() -> None:
    op.drop_column("target", "window")
    op.drop_column("operation", "window_override")
