"""The drift of live objects from the manifests of their releases.

All columns keep their defaults in the database: processes of the version before this one add rows while processes of
this version run.

Revision 0030, after 0029.
"""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

_COLUMNS = {
    "deployment": (
        sa.Column("live_drift", sa.String(32), server_default="OFF", nullable=False),
        sa.Column("live_drift_ignore", postgresql.JSONB(none_as_null=True), server_default="[]", nullable=False),
    ),
    "target": (
        sa.Column("drift", sa.String(32), server_default="UNKNOWN", nullable=False),
        sa.Column("drift_since", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("drifted", sa.Integer(), server_default="0", nullable=False),
        sa.Column("not_compared", sa.Integer(), server_default="0", nullable=False),
        sa.Column("drift_due", sa.Boolean(), server_default=sa.false(), nullable=False),
    ),
    "live_resource": (
        sa.Column("drift", sa.String(32), server_default="UNKNOWN", nullable=False),
        sa.Column("drift_reason", sa.String(), nullable=True),
        sa.Column("differences", postgresql.JSONB(none_as_null=True), server_default="[]", nullable=False),
        sa.Column("differences_left_out", sa.Integer(), server_default="0", nullable=False),
        sa.Column("compared_version", sa.String(), server_default="", nullable=False),
        sa.Column("compared_at", sa.DateTime(timezone=True), nullable=True),
    ),
}


def upgrade() -> None:
    for table, columns in _COLUMNS.items():
        for column in columns:
            op.add_column(table, column)
    op.create_index("ix_target_drift_due", "target", ["cluster_id"], postgresql_where=sa.text("drift_due"))


def downgrade() -> None:
    op.drop_index("ix_target_drift_due", "target")
    for table, columns in _COLUMNS.items():
        for column in columns:
            op.drop_column(table, column.name)
