"""Health rules of organizations.

Revision 0033, after 0032. Processes of the version before this one can go on while it runs: they read no rules.
"""

import sqlalchemy as sa

from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "health_rule",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("organization_id", sa.BigInteger(), nullable=False),
        sa.Column("api_group", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("current", sa.String(), nullable=False),
        sa.Column("in_progress", sa.String(), nullable=True),
        sa.Column("failed", sa.String(), nullable=True),
        sa.Column("suspended", sa.String(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("message", sa.String(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organization.id"], name=op.f("fk_health_rule_organization_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_health_rule")),
        sa.UniqueConstraint(
            "organization_id", "api_group", "kind", name="uq_health_rule_organization_id_api_group_kind"
        ),
    )


def downgrade() -> None:
    op.drop_table("health_rule")
