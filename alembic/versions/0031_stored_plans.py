"""Stored plans, their targets and texts, and what people say about them.

Revision 0031, after 0030.
"""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "plan",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("organization_id", sa.BigInteger(), nullable=False),
        sa.Column("group_id", sa.BigInteger(), nullable=False),
        sa.Column("deployment_id", sa.BigInteger(), nullable=True),
        sa.Column(
            "kind",
            sa.Enum(
                "CREATE", "UPDATE", "RECONCILE", "DELETE", "ROLLBACK", name="plankind", native_enum=False, length=32
            ),
            nullable=False,
        ),
        sa.Column("request", sa.LargeBinary(), nullable=False),
        sa.Column("release_name", sa.String(), nullable=False),
        sa.Column("namespace", sa.String(), nullable=False),
        sa.Column("chart", sa.String(), nullable=False),
        sa.Column("chart_version", sa.String(), nullable=True),
        sa.Column("chart_digest", sa.String(), nullable=True),
        sa.Column("options", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("foundation", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("changed", sa.Boolean(), nullable=False),
        sa.Column("removal", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("warnings", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("notices", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("counts", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("failing", sa.Integer(), nullable=False),
        sa.Column("unreachable", sa.Integer(), nullable=False),
        sa.Column("comment", sa.String(), nullable=True),
        sa.Column("author_id", sa.BigInteger(), nullable=True),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("required_approvals", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "state",
            sa.Enum("OPEN", "APPLIED", "DISCARDED", "EXPIRED", name="planstate", native_enum=False, length=32),
            nullable=False,
        ),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.String(), nullable=True),
        sa.Column("operation_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["author_id"], ["user_account.id"], name=op.f("fk_plan_author_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["deployment_id"], ["deployment.id"], name=op.f("fk_plan_deployment_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["group_id"], ["cluster_group.id"], name=op.f("fk_plan_group_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["operation_id"], ["operation.id"], name=op.f("fk_plan_operation_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organization.id"], name=op.f("fk_plan_organization_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan")),
    )
    op.create_index("ix_plan_chart_digest", "plan", ["chart_digest"], unique=False)
    op.create_index("ix_plan_deployment_id_id", "plan", ["deployment_id", "id"], unique=False)
    op.create_index(op.f("ix_plan_expires_at"), "plan", ["expires_at"], unique=False)
    op.create_index(op.f("ix_plan_group_id"), "plan", ["group_id"], unique=False)
    op.create_index("ix_plan_organization_id_id", "plan", ["organization_id", "id"], unique=False)
    op.create_table(
        "plan_comment",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("plan_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=True),
        sa.Column(
            "verdict", sa.Enum("APPROVED", "REJECTED", name="verdict", native_enum=False, length=32), nullable=True
        ),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.id"], name=op.f("fk_plan_comment_plan_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user_account.id"], name=op.f("fk_plan_comment_user_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_comment")),
    )
    op.create_index(op.f("ix_plan_comment_plan_id"), "plan_comment", ["plan_id"], unique=False)
    op.create_table(
        "plan_target",
        sa.Column("plan_id", sa.BigInteger(), nullable=False),
        sa.Column("cluster_name", sa.String(), nullable=False),
        sa.Column(
            "action",
            sa.Enum(
                "NONE",
                "INSTALL",
                "UPGRADE",
                "ROLLBACK",
                "UNINSTALL",
                name="releaseaction",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "status",
            sa.Enum(
                "UNKNOWN",
                "NOT_INSTALLED",
                "STALE",
                "DEPLOYED",
                "DELETED",
                "SUPERSEDED",
                "FAILED",
                "DELETING",
                "PENDING_INSTALL",
                "PENDING_UPGRADE",
                "PENDING_ROLLBACK",
                name="targetstatus",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("detail", sa.LargeBinary(), nullable=False),
        sa.Column("basis", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("desired_values", sa.Integer(), nullable=False),
        sa.Column("values_diff", sa.Integer(), nullable=True),
        sa.Column("manifest", sa.Integer(), nullable=True),
        sa.Column("manifest_diff", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.id"], name=op.f("fk_plan_target_plan_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("plan_id", "cluster_name", name=op.f("pk_plan_target")),
    )
    op.create_table(
        "plan_text",
        sa.Column("plan_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.id"], name=op.f("fk_plan_text_plan_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("plan_id", "number", name=op.f("pk_plan_text")),
    )


def downgrade() -> None:
    op.drop_table("plan_text")
    op.drop_table("plan_target")
    op.drop_index(op.f("ix_plan_comment_plan_id"), table_name="plan_comment")
    op.drop_table("plan_comment")
    op.drop_index("ix_plan_organization_id_id", table_name="plan")
    op.drop_index(op.f("ix_plan_group_id"), table_name="plan")
    op.drop_index(op.f("ix_plan_expires_at"), table_name="plan")
    op.drop_index("ix_plan_deployment_id_id", table_name="plan")
    op.drop_index("ix_plan_chart_digest", table_name="plan")
    op.drop_table("plan")
