"""Rollouts, and the generation that each target may have.

Revision 0041, after 0040.
"""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "rollout",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("organization_id", sa.BigInteger(), nullable=False),
        sa.Column("deployment_id", sa.BigInteger(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("plan_id", sa.BigInteger(), nullable=True),
        sa.Column("plan_digest", sa.String(), nullable=False),
        sa.Column("strategy", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("budget", sa.Integer(), nullable=False),
        sa.Column(
            "phase",
            sa.Enum(
                "RUNNING",
                "WAITING",
                "PAUSED",
                "SUCCEEDED",
                "FAILED",
                "ABORTED",
                "SUPERSEDED",
                "ROLLED_BACK",
                name="phase",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "ending",
            sa.Enum(
                "TOO_MANY_FAILURES",
                "BUDGET_USED_UP",
                "CHECK_FAILED",
                "REJECTED",
                name="ending",
                native_enum=False,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("is_queued", sa.Boolean(), nullable=False),
        sa.Column("is_expedited", sa.Boolean(), nullable=False),
        sa.Column("expedite_reason", sa.String(), nullable=True),
        sa.Column("author_id", sa.BigInteger(), nullable=True),
        sa.Column("author", sa.String(), nullable=True),
        sa.Column("operation_id", sa.BigInteger(), nullable=True),
        sa.Column("supersedes_id", sa.BigInteger(), nullable=True),
        sa.Column("rollback_of_id", sa.BigInteger(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("gates", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["author_id"], ["user_account.id"], name=op.f("fk_rollout_author_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["deployment_id"], ["deployment.id"], name=op.f("fk_rollout_deployment_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["operation_id"], ["operation.id"], name=op.f("fk_rollout_operation_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organization.id"], name=op.f("fk_rollout_organization_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.id"], name=op.f("fk_rollout_plan_id"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(
            ["rollback_of_id"], ["rollout.id"], name=op.f("fk_rollout_rollback_of_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["supersedes_id"], ["rollout.id"], name=op.f("fk_rollout_supersedes_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rollout")),
    )
    op.create_index("ix_rollout_deployment_id_id", "rollout", ["deployment_id", "id"], unique=False)
    op.create_index("ix_rollout_organization_id_id", "rollout", ["organization_id", "id"], unique=False)
    op.create_index(
        "uq_rollout_active", "rollout", ["deployment_id"], unique=True, postgresql_where=sa.text("is_active")
    )
    op.create_table(
        "check_run",
        sa.Column("rollout_id", sa.BigInteger(), nullable=False),
        sa.Column("wave", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column(
            "verdict",
            sa.Enum(
                "RUNNING", "PASSED", "FAILED", "INCONCLUSIVE", "ERROR", name="verdict", native_enum=False, length=32
            ),
            nullable=False,
        ),
        sa.Column("message", sa.String(), nullable=True),
        sa.Column("measurements", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["rollout_id"], ["rollout.id"], name=op.f("fk_check_run_rollout_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("rollout_id", "wave", "name", name=op.f("pk_check_run")),
    )
    op.create_table(
        "gate_decision",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("rollout_id", sa.BigInteger(), nullable=False),
        sa.Column("wave", sa.Integer(), nullable=False),
        sa.Column("plan_digest", sa.String(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column(
            "verdict", sa.Enum("APPROVED", "REJECTED", name="verdict", native_enum=False, length=32), nullable=False
        ),
        sa.Column("comment", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["rollout_id"], ["rollout.id"], name=op.f("fk_gate_decision_rollout_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user_account.id"], name=op.f("fk_gate_decision_user_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gate_decision")),
    )
    op.create_index(op.f("ix_gate_decision_rollout_id"), "gate_decision", ["rollout_id"], unique=False)
    op.create_table(
        "generation_hold",
        sa.Column("deployment_id", sa.BigInteger(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("rollout_id", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lifted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lifted_by", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["deployment_id"], ["deployment.id"], name=op.f("fk_generation_hold_deployment_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["rollout_id"], ["rollout.id"], name=op.f("fk_generation_hold_rollout_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("deployment_id", "generation", name=op.f("pk_generation_hold")),
    )
    op.create_table(
        "rollout_wave",
        sa.Column("rollout_id", sa.BigInteger(), nullable=False),
        sa.Column("index", sa.Integer(), nullable=False),
        sa.Column("rule", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "PENDING", "RUNNING", "SOAKING", "CHECKING", "PASSED", name="wavestate", native_enum=False, length=32
            ),
            nullable=False,
        ),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("passed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["rollout_id"], ["rollout.id"], name=op.f("fk_rollout_wave_rollout_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("rollout_id", "index", name=op.f("pk_rollout_wave")),
    )
    op.create_table(
        "rollout_target",
        sa.Column("rollout_id", sa.BigInteger(), nullable=False),
        sa.Column("cluster_name", sa.String(), nullable=False),
        sa.Column("target_id", sa.BigInteger(), nullable=True),
        sa.Column("wave", sa.Integer(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("inputs", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("results", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("endpoints", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("desired_digest", sa.LargeBinary(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "BEHIND",
                "MOVING",
                "SETTLING",
                "READY",
                "FAILED",
                "INCONCLUSIVE",
                "DEFERRED",
                "SKIPPED",
                "REVERTED",
                name="targetstate",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("is_put_off", sa.Boolean(), nullable=False),
        sa.Column("is_preceding", sa.Boolean(), nullable=False),
        sa.Column("was_available", sa.Boolean(), nullable=False),
        sa.Column("moved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ready_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("planned_version", sa.String(), nullable=True),
        sa.Column("operation_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["operation_id"], ["operation.id"], name=op.f("fk_rollout_target_operation_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["rollout_id"], ["rollout.id"], name=op.f("fk_rollout_target_rollout_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["target_id"], ["target.id"], name=op.f("fk_rollout_target_target_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("rollout_id", "cluster_name", name=op.f("pk_rollout_target")),
    )
    op.create_index(
        "ix_rollout_target_rollout_id_wave", "rollout_target", ["rollout_id", "wave", "cluster_name"], unique=False
    )
    op.create_index(op.f("ix_rollout_target_target_id"), "rollout_target", ["target_id"], unique=False)
    op.create_table(
        "verified_generation",
        sa.Column("target_id", sa.BigInteger(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("inputs", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("results", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("endpoints", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("desired_digest", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["target_id"], ["target.id"], name=op.f("fk_verified_generation_target_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("target_id", name=op.f("pk_verified_generation")),
    )
    op.add_column(
        "deployment", sa.Column("strategy", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True)
    )
    op.add_column("operation", sa.Column("has_rollout", sa.Boolean(), nullable=False, server_default="false"))
    op.alter_column("operation", "has_rollout", server_default=None)
    op.add_column("target", sa.Column("allowed_generation", sa.Integer(), nullable=True))
    op.execute(
        "UPDATE target SET allowed_generation = d.generation FROM deployment d WHERE d.id = target.deployment_id"
    )
    op.add_column("target", sa.Column("rollout_id", sa.BigInteger(), nullable=True))
    op.create_index(
        "ix_target_rollout_id", "target", ["rollout_id"], postgresql_where=sa.text("rollout_id IS NOT NULL")
    )
    op.create_index(op.f("ix_rollout_operation_id"), "rollout", ["operation_id"])
    op.create_foreign_key(
        op.f("fk_target_rollout_id"), "target", "rollout", ["rollout_id"], ["id"], ondelete="SET NULL"
    )


def downgrade() -> None:
    op.drop_constraint(op.f("fk_target_rollout_id"), "target", type_="foreignkey")
    op.drop_index("ix_target_rollout_id", table_name="target")
    op.drop_column("target", "rollout_id")
    op.drop_column("target", "allowed_generation")
    op.drop_column("operation", "has_rollout")
    op.drop_column("deployment", "strategy")
    op.drop_table("verified_generation")
    op.drop_index(op.f("ix_rollout_target_target_id"), table_name="rollout_target")
    op.drop_index("ix_rollout_target_rollout_id_wave", table_name="rollout_target")
    op.drop_table("rollout_target")
    op.drop_table("rollout_wave")
    op.drop_table("generation_hold")
    op.drop_index(op.f("ix_gate_decision_rollout_id"), table_name="gate_decision")
    op.drop_table("gate_decision")
    op.drop_table("check_run")
    op.drop_index(op.f("ix_rollout_operation_id"), table_name="rollout")
    op.drop_index("uq_rollout_active", table_name="rollout", postgresql_where=sa.text("is_active"))
    op.drop_index("ix_rollout_organization_id_id", table_name="rollout")
    op.drop_index("ix_rollout_deployment_id_id", table_name="rollout")
    op.drop_table("rollout")
