"""What an API token is limited to.

Revision 0006, after 0005.
"""

import sqlalchemy as sa

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("api_token", sa.Column("organization_id", sa.BigInteger(), nullable=True))
    op.add_column(
        "api_token",
        sa.Column(
            "role", sa.Enum("VIEWER", "DEPLOYER", "ADMIN", name="role", native_enum=False, length=32), nullable=True
        ),
    )
    op.create_foreign_key(
        op.f("fk_api_token_organization_id"),
        "api_token",
        "organization",
        ["organization_id"],
        ["id"],
        ondelete="CASCADE",
    )


def downgrade() -> None:
    op.drop_constraint(op.f("fk_api_token_organization_id"), "api_token")
    op.drop_column("api_token", "role")
    op.drop_column("api_token", "organization_id")
