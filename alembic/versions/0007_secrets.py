"""Secrets, which deployments use them, and where their values go.

Revision 0007, after 0006.
"""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

JSON = postgresql.JSONB(none_as_null=True)
NEW_COLUMNS = (
    ("deployment", "secret_paths", "[]"),
    ("deployment_revision", "values_from", "[]"),
    ("deployment_revision", "overrides_from", "{}"),
    ("target", "secret_paths", "[]"),
)


def upgrade() -> None:
    op.create_table(
        "fingerprint_key",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("key_id", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fingerprint_key")),
    )
    op.create_table(
        "secret",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("organization_id", sa.BigInteger(), nullable=False),
        sa.Column("group_id", sa.BigInteger(), nullable=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("description", sa.String(), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("key_id", sa.String(), nullable=False),
        sa.Column("marks", JSON, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organization.id"], name=op.f("fk_secret_organization_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["group_id"], ["cluster_group.id"], name=op.f("fk_secret_group_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_secret")),
        sa.UniqueConstraint("organization_id", "name", name=op.f("uq_secret_organization_id_name")),
    )
    op.create_index(op.f("ix_secret_group_id"), "secret", ["group_id"])
    op.create_table(
        "secret_use",
        sa.Column("deployment_id", sa.BigInteger(), nullable=False),
        sa.Column("secret_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["deployment_id"], ["deployment.id"], name=op.f("fk_secret_use_deployment_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["secret_id"], ["secret.id"], name=op.f("fk_secret_use_secret_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("deployment_id", "secret_id", name=op.f("pk_secret_use")),
    )
    op.create_index(op.f("ix_secret_use_secret_id"), "secret_use", ["secret_id"])
    for table, column, empty in NEW_COLUMNS:
        op.add_column(table, sa.Column(column, JSON, nullable=False, server_default=sa.text(f"'{empty}'::jsonb")))
        op.alter_column(table, column, server_default=None)


def downgrade() -> None:
    for table, column, _ in reversed(NEW_COLUMNS):
        op.drop_column(table, column)
    op.drop_table("secret_use")
    op.drop_table("secret")
    op.drop_table("fingerprint_key")
