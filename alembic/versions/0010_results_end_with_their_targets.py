"""A result ends before its target is removed; those that were left open are ended.

Revision 0010, after 0009.
"""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "UPDATE operation_result SET state = 'SUPERSEDED', finished_at = now()"
        " WHERE state IN ('PENDING', 'RUNNING') AND target_id IS NULL"
    )
    op.execute(
        "UPDATE operation SET state = 'SUPERSEDED', finished_at = now() WHERE state IN ('PENDING', 'RUNNING')"
        " AND NOT EXISTS (SELECT 1 FROM operation_result WHERE operation_id = operation.id"
        " AND operation_result.state IN ('PENDING', 'RUNNING'))"
    )
    op.create_check_constraint(
        "open_has_target", "operation_result", "state NOT IN ('PENDING', 'RUNNING') OR target_id IS NOT NULL"
    )


def downgrade() -> None:
    op.drop_constraint("open_has_target", "operation_result", type_="check")
