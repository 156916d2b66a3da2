"""Cluster groups with their restrictions and features."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from app.tables.columns import Choice, Id, Json, Ref, Timestamp, now

MULTI_CLUSTER_DEPLOYMENT = "multi-cluster-deployment"


class FeatureState(StrEnum):
    PENDING = "PENDING"
    IN_PROGRESS = "IN_PROGRESS"
    ACTIVE = "ACTIVE"
    DISABLED = "DISABLED"
    FAILED = "FAILED"


class ClusterGroup(SQLModel, table=True):
    __tablename__ = "cluster_group"
    __table_args__ = (UniqueConstraint("organization_id", "name"),)

    id: int = Id()
    organization_id: int = Ref("organization.id")
    name: str
    allowed_namespaces: list[str] = Json(default_factory=list)  # namespaces for its deployments' releases; empty: any
    service_account: str | None = None  # as namespace/name
    created_at: datetime = Timestamp(default_factory=now)

    def allows(self, namespace: str) -> bool:
        """Returns whether a deployment of the group may have its release in the namespace."""
        return not self.allowed_namespaces or namespace in self.allowed_namespaces


class GroupFeature(SQLModel, table=True):
    __tablename__ = "group_feature"

    group_id: int = Ref("cluster_group.id", primary_key=True)
    name: str = Field(primary_key=True)
    enabled: bool
    state: FeatureState = Choice(FeatureState)
    message: str | None = None
    properties: dict[str, Any] = Json(default_factory=dict)
