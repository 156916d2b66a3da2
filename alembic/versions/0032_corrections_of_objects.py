"""Corrections of live objects, and the pauses between them.

All columns keep their defaults in the database: processes of the version before this one add rows while processes of
this version run.

Revision 0032, after 0031.
"""

import sqlalchemy as sa

from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

_COLUMNS = (
    sa.Column("corrections", sa.Integer(), server_default="0", nullable=False),
    sa.Column("corrected_at", sa.DateTime(timezone=True), nullable=True),
    sa.Column("contested_until", sa.DateTime(timezone=True), nullable=True),
)


def upgrade() -> None:
    for column in _COLUMNS:
        op.add_column("live_resource", column)


def downgrade() -> None:
    for column in reversed(_COLUMNS):
        op.drop_column("live_resource", column.name)
