"""The resources of releases as they are on clusters, and the health of targets.

The columns of target keep their defaults in the database: processes of the version before this one add targets while
processes of this version run.

Revision 0025, after 0024.
"""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

_COLUMNS = (
    sa.Column("health", sa.String(32), server_default="UNKNOWN", nullable=False),
    sa.Column("health_reasons", postgresql.JSONB(none_as_null=True), server_default="[]", nullable=False),
    sa.Column("health_since", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
    sa.Column("inventory_version", sa.String(), server_default="", nullable=False),
    sa.Column("inventory_left_out", sa.Integer(), server_default="0", nullable=False),
)


def upgrade() -> None:
    for column in _COLUMNS:
        op.add_column("target", column)
    op.create_table(
        "live_resource",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("target_id", sa.BigInteger(), nullable=False),
        sa.Column("api_group", sa.String(), nullable=False),
        sa.Column("api_version", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("plural", sa.String(), nullable=False),
        sa.Column("namespace", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("origin", sa.String(32), nullable=False),
        sa.Column("manifest_digest", sa.LargeBinary(), nullable=False),
        sa.Column("uid", sa.String(), nullable=False),
        sa.Column("resource_version", sa.String(), nullable=False),
        sa.Column("is_checked", sa.Boolean(), nullable=False),
        sa.Column("health", sa.String(32), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("message", sa.String(), nullable=True),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("images", postgresql.JSONB(none_as_null=True), nullable=False),
        sa.Column("addresses", postgresql.JSONB(none_as_null=True), nullable=False),
        sa.Column("observed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["target_id"], ["target.id"], name=op.f("fk_live_resource_target_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_live_resource")),
        sa.UniqueConstraint(
            *("target_id", "api_group", "kind", "namespace", "name"),
            name=op.f("uq_live_resource_target_id_api_group_kind_namespace_name"),
        ),
    )
    op.create_index("ix_live_resource_kind_name", "live_resource", ["kind", "name"])


def downgrade() -> None:
    op.drop_table("live_resource")
    for column in _COLUMNS:
        op.drop_column("target", column.name)
