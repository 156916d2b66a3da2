"""Words of Helm that may quote values of secrets are withheld: older versions stored them with less care.

These are outputs and errors of deployments that have ever referred to secrets, and of those that are gone, of which
nobody knows that any more.

Revision 0023, after 0022.
"""

import sqlalchemy as sa

from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

_WITHHELD = "This text was stored by an earlier version and may contain values of secrets. It is not shown."
_STATEMENTS = (
    """
    UPDATE operation_result SET output = NULL,
      error = error || jsonb_build_object('message', CAST(:withheld AS text), 'output', NULL)
    FROM operation LEFT JOIN deployment ON deployment.id = operation.deployment_id
    WHERE operation.id = operation_result.operation_id
      AND (deployment.id IS NULL OR deployment.secret_paths <> '[]')
      AND (operation_result.output IS NOT NULL OR operation_result.error IS NOT NULL)
    """,
    """
    UPDATE target SET error = error || jsonb_build_object('message', CAST(:withheld AS text), 'output', NULL)
    WHERE error IS NOT NULL AND secret_paths <> '[]'
    """,
    """
    UPDATE release SET description = :withheld
    FROM target JOIN deployment ON deployment.id = target.deployment_id
    WHERE target.cluster_id = release.cluster_id AND target.secret_paths <> '[]'
      AND deployment.namespace = release.namespace AND deployment.release_name = release.name
      AND release.description IS NOT NULL
    """,
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(sa.text(statement).bindparams(withheld=_WITHHELD))


def downgrade() -> None:
    """What is gone is gone."""
