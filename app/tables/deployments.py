"""Deployments, the desired state of each generation, and the progress of plans that run in the background. A revision
row never changes, so that history and rollbacks show exactly what was desired."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from app.drift.states import LiveDrift
from app.releases.layers import Layers, Selected
from app.releases.references import Layer, Reference, references_of
from app.tables.columns import Bytes, Choice, Id, Json, Ref, Timestamp, now


class DriftPolicy(StrEnum):
    """The reaction to a release that was changed outside of Polyhelm."""

    REPORT = "REPORT"  # the status shows it until someone reconciles
    CORRECT = "CORRECT"  # it is reverted immediately


class CrdPolicy(StrEnum):
    """What is done with the CustomResourceDefinitions in `crds/` of a chart."""

    CREATE = "CREATE"  # those that are missing are created by an install, as Helm does
    CREATE_REPLACE = "CREATE_REPLACE"  # before each install and upgrade, missing ones are created, others replaced
    SKIP = "SKIP"  # nothing


class Deployment(SQLModel, table=True):
    """The identity and the options of a deployment. Its newest revision contains the desired state."""

    __tablename__ = "deployment"
    __table_args__ = (
        UniqueConstraint("group_id", "release_name"),
        Index("ix_deployment_organization_id_id", "organization_id", "id"),
    )

    id: int = Id()
    organization_id: int = Ref("organization.id")
    group_id: int = Ref("cluster_group.id", ondelete="RESTRICT")
    release_name: str
    namespace: str
    chart: str  # "repository/name", as given
    chart_name: str
    description: str | None = None
    generation: int = 1
    atomic: bool = False
    wait: bool = False
    timeout_seconds: int = 300
    drift_policy: DriftPolicy = Choice(DriftPolicy, default=DriftPolicy.REPORT)
    live_drift: LiveDrift = Choice(LiveDrift, default=LiveDrift.OFF)
    crd_policy: CrdPolicy = Choice(CrdPolicy, default=CrdPolicy.CREATE)
    live_drift_ignore: list[dict[str, Any]] = Json(
        default_factory=list
    )  # ignore rules, as `app.drift.rules` reads them
    strategy: dict[str, Any] | None = Json(
        default=None, nullable=True
    )  # of its rollouts, as `app.rollouts.strategy` writes it; None: all targets at once
    remediation: dict[str, Any] | None = Json(
        default=None, nullable=True
    )  # as `app.releases.remediation` writes it; None: no retries, and nothing after a failure
    deleting: bool = False
    secret_paths: list[str] = Json(default_factory=list)  # paths of secret values in any of its generations
    created_at: datetime = Timestamp(default_factory=now)
    updated_at: datetime = Timestamp(default_factory=now)


class DeploymentDependency(SQLModel, table=True):
    """A deployment depends on another one of its group: on each cluster, the other one's release comes first."""

    __tablename__ = "deployment_dependency"

    deployment_id: int = Ref("deployment.id", primary_key=True)
    depends_on_id: int = Ref("deployment.id", primary_key=True, index=True)
    condition: str | None = None  # CEL on the other one's target; None: it is DEPLOYED and HEALTHY


class DeploymentRevision(SQLModel, table=True):
    """One generation of the desired state. It is never changed.

    Overrides are keyed by the cluster's name. `values_from` and `overrides_from` are references to secrets, each as
    `{secret, key, path}`. `selector_overrides` are `{select, values, valuesFrom}`, weakest first. `targets` are all
    targets: if there is a `target_selector`, those in `listed_targets` and the clusters that it matched.
    """

    __tablename__ = "deployment_revision"

    deployment_id: int = Ref("deployment.id", primary_key=True)
    generation: int = Field(primary_key=True)
    chart_version: str
    chart_digest: str = Field(foreign_key="chart_archive.digest", index=True)
    values: dict[str, Any] = Json(default_factory=dict)
    value_overrides: dict[str, dict[str, Any]] = Json(default_factory=dict)
    values_from: list[dict[str, str]] = Json(default_factory=list)
    overrides_from: dict[str, list[dict[str, str]]] = Json(default_factory=dict)
    selector_overrides: list[dict[str, Any]] = Json(default_factory=list)
    targets: list[str] = Json(default_factory=list)
    target_selector: dict[str, Any] | None = Json(default=None, nullable=True)
    listed_targets: list[str] = Json(default_factory=list)
    promoted_from: dict[str, Any] | None = Json(
        default=None, nullable=True
    )  # {deployment, name, generation} of a generation of another deployment
    author: str | None = None
    created_at: datetime = Timestamp(default_factory=now)

    def references(self) -> tuple[Reference, ...]:
        """All references, including those of overrides."""
        selected = (one["valuesFrom"] for one in self.selector_overrides)
        every = (self.values_from, *self.overrides_from.values(), *selected)
        return references_of(entry for entries in every for entry in entries)

    def overriding(self) -> set[str]:
        """The clusters that have an override."""
        return self.value_overrides.keys() | self.overrides_from.keys()

    def common(self) -> Layer:
        return Layer(self.values, references_of(self.values_from))

    def override(self, cluster: str) -> Layer | None:
        """The override for one cluster."""
        if cluster not in self.value_overrides and cluster not in self.overrides_from:
            return None
        return Layer(self.value_overrides.get(cluster, {}), references_of(self.overrides_from.get(cluster, ())))

    def selected(self) -> tuple[Selected, ...]:
        """The overrides by selector."""
        return tuple(map(Selected.of_json, self.selector_overrides))

    def layers(self, cluster: str) -> Layers:
        """The layers of values that may apply to one cluster."""
        return Layers(self.common(), self.selected(), self.override(cluster))


class PlanProgress(SQLModel, table=True):
    """A plan that takes longer than a request, for the user who requested it. It is kept for an hour."""

    __tablename__ = "plan_progress"

    id: int = Id()
    organization_id: int = Ref("organization.id", index=True)
    group_id: int = Ref("cluster_group.id")
    user_id: int = Ref("user_account.id")
    done: int = 0
    total: int = 0
    created_at: datetime = Timestamp(default_factory=now)
    asked_at: datetime = Timestamp(default_factory=now)  # when it was last polled
    seen_at: datetime = Timestamp(default_factory=now)  # when the planning process last wrote here
    finished_at: datetime | None = Timestamp(default=None)
    content: bytes | None = Bytes(default=None)  # as `packing` writes it
    error: dict[str, Any] | None = Json(default=None, nullable=True)  # a user error
