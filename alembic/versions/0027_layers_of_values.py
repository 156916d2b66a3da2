"""Overrides by selector, targets by selector, and expressions in values.

What looks like an expression in stored values was a plain text until now: it is escaped.

Revision 0027, after 0026.
"""

import json
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

_JSON = postgresql.JSONB(none_as_null=True)
_FOUND = sa.text(
    "SELECT deployment_id, generation, values, value_overrides FROM deployment_revision"
    " WHERE strpos(values::text, :mark) > 0 OR strpos(value_overrides::text, :mark) > 0"
)
_WRITE = sa.text(
    "UPDATE deployment_revision SET values = CAST(:values AS jsonb), value_overrides = CAST(:overrides AS jsonb)"
    " WHERE deployment_id = :deployment AND generation = :generation"
)


def upgrade() -> None:
    for name, empty in (("selector_overrides", "[]"), ("listed_targets", "[]")):
        op.add_column("deployment_revision", sa.Column(name, _JSON, server_default=empty, nullable=False))
        op.alter_column("deployment_revision", name, server_default=None)
    op.add_column("deployment_revision", sa.Column("target_selector", _JSON, nullable=True))
    op.add_column("target", sa.Column("inputs", _JSON, nullable=True))
    op.add_column("target", sa.Column("results", _JSON, server_default="{}", nullable=False))
    op.alter_column("target", "results", server_default=None)
    op.add_column("target", sa.Column("evaluation_error", sa.String(), nullable=True))
    _replace("${{", "$${{")
    # Targets whose values now have an escaped text need inputs, so that it is unescaped.
    op.execute(
        """
        UPDATE target SET inputs = jsonb_build_object(
            'name', cluster.name, 'cloud', cluster.cloud, 'distribution', cluster.distribution,
            'region', cluster.region, 'labels', cluster.labels, 'kubernetesVersion', cluster.kubernetes_version,
            'group', cluster_group.name
        )
        FROM cluster, deployment, cluster_group, deployment_revision
        WHERE cluster.id = target.cluster_id AND deployment.id = target.deployment_id
            AND cluster_group.id = deployment.group_id AND deployment_revision.deployment_id = deployment.id
            AND deployment_revision.generation = deployment.generation
            AND (strpos(deployment_revision.values::text, '$${{') > 0
                OR strpos(deployment_revision.value_overrides::text, '$${{') > 0)
        """
    )


def downgrade() -> None:
    _replace("$${{", "${{")
    for name in ("evaluation_error", "results", "inputs"):
        op.drop_column("target", name)
    for name in ("target_selector", "listed_targets", "selector_overrides"):
        op.drop_column("deployment_revision", name)


def _replace(mark: str, with_: str) -> None:
    connection = op.get_bind()
    for deployment_id, generation, values, overrides in connection.execute(_FOUND, {"mark": mark}).all():
        connection.execute(
            _WRITE,
            {
                "deployment": deployment_id,
                "generation": generation,
                "values": json.dumps(_replaced(values, mark, with_)),
                "overrides": json.dumps(_replaced(overrides, mark, with_)),
            },
        )


def _replaced(value: Any, mark: str, with_: str) -> Any:
    """The value with the mark replaced in every text. Keys are not changed."""
    if isinstance(value, dict):
        return {key: _replaced(inner, mark, with_) for key, inner in value.items()}
    if isinstance(value, list):
        return [_replaced(inner, mark, with_) for inner in value]
    return value.replace(mark, with_) if isinstance(value, str) else value
