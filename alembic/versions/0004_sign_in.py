"""Where users come from, and the app's sessions.

Revision 0004, after 0003.
"""

import sqlalchemy as sa

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("user_account", sa.Column("password", sa.String(), nullable=True))
    op.add_column(
        "user_account",
        sa.Column(
            "source",
            sa.Enum("LOCAL", "OIDC", "LDAP", name="source", native_enum=False, length=32),
            server_default="LOCAL",
            nullable=False,
        ),
    )
    op.add_column("user_account", sa.Column("issuer", sa.String(), server_default="", nullable=False))
    op.add_column("user_account", sa.Column("subject", sa.String(), nullable=True))
    op.add_column("user_account", sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True))
    op.create_unique_constraint(
        op.f("uq_user_account_source_issuer_subject"), "user_account", ["source", "issuer", "subject"]
    )
    op.create_table(
        "app_session",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "method",
            sa.Enum("TOKEN", "PASSWORD", "OIDC", "LDAP", name="method", native_enum=False, length=32),
            nullable=False,
        ),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("user_agent", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user_account.id"], name=op.f("fk_app_session_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_app_session")),
        sa.UniqueConstraint("digest", name=op.f("uq_app_session_digest")),
    )
    op.create_index(op.f("ix_app_session_expires_at"), "app_session", ["expires_at"])
    op.create_index(op.f("ix_app_session_user_id"), "app_session", ["user_id"])


def downgrade() -> None:
    op.drop_table("app_session")
    op.drop_constraint(op.f("uq_user_account_source_issuer_subject"), "user_account")
    op.drop_column("user_account", "disabled_at")
    op.drop_column("user_account", "subject")
    op.drop_column("user_account", "issuer")
    op.drop_column("user_account", "source")
    op.drop_column("user_account", "password")
