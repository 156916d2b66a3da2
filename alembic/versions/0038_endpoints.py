"""The endpoints of targets, and those to which the values of other targets refer.

Revision 0038, after 0037.
"""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from alembic import op

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None

_COLUMNS = (("live_resource", "hosts", "[]"), ("live_resource", "node_ports", "{}"), ("target", "endpoints", "[]"))


def upgrade() -> None:
    for table, name, empty in _COLUMNS:
        op.add_column(table, sa.Column(name, JSONB(none_as_null=True), nullable=False, server_default=empty))
        op.alter_column(table, name, server_default=None)


def downgrade() -> None:
    for table, name, _ in reversed(_COLUMNS):
        op.drop_column(table, name)
