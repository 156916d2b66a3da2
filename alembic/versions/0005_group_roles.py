"""Roles in single groups.

Revision 0005, after 0004.
"""

import sqlalchemy as sa

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "group_role",
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("group_id", sa.BigInteger(), nullable=False),
        sa.Column("organization_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "role", sa.Enum("VIEWER", "DEPLOYER", "ADMIN", name="role", native_enum=False, length=32), nullable=False
        ),
        sa.ForeignKeyConstraint(
            ["group_id"], ["cluster_group.id"], name=op.f("fk_group_role_group_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id", "organization_id"],
            ["membership.user_id", "membership.organization_id"],
            name=op.f("fk_group_role_user_id_organization_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("user_id", "group_id", name=op.f("pk_group_role")),
    )
    op.create_index(op.f("ix_group_role_group_id"), "group_role", ["group_id"], unique=False)


def downgrade() -> None:
    op.drop_table("group_role")
