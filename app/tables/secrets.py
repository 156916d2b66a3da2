"""Secrets, encrypted, and which deployments use them. Their values are compared by fingerprints, whose key is stored
here."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from app.tables.columns import Choice, Id, Json, Ref, SealedBytes, Timestamp, now


class SecretKind(StrEnum):
    """The purpose of a secret. All kinds except OPAQUE require certain keys."""

    OPAQUE = "OPAQUE"
    KUBECONFIG = "KUBECONFIG"
    REGISTRY = "REGISTRY"
    CLOUD = "CLOUD"


class Secret(SQLModel, table=True):
    """`sealed` is an encrypted JSON object of keys and texts, with the row's id as associated data. It is never
    returned.

    `marks` contains the mark of each value by key (`app.releases.references`).
    """

    __tablename__ = "secret"
    __table_args__ = (UniqueConstraint("organization_id", "name"),)

    id: int = Id()
    organization_id: int = Ref("organization.id")
    group_id: int | None = Ref("cluster_group.id", default=None, nullable=True, index=True)  # only for its deployments
    name: str
    kind: SecretKind = Choice(SecretKind)
    description: str | None = None
    sealed: bytes = SealedBytes("key_id", default=b"")
    key_id: str = ""
    marks: dict[str, str] = Json(default_factory=dict)
    version: int = 1  # increases with each change of a value
    created_at: datetime = Timestamp(default_factory=now)
    updated_at: datetime = Timestamp(default_factory=now)


class SecretUse(SQLModel, table=True):
    """The current generation of a deployment, or its rollout strategy, uses a secret, which therefore cannot be
    deleted."""

    __tablename__ = "secret_use"

    deployment_id: int = Ref("deployment.id", primary_key=True)
    secret_id: int = Ref("secret.id", ondelete="RESTRICT", primary_key=True, index=True)


class FingerprintKey(SQLModel, table=True):
    """The key of all marks: one row, created with the first secret. It stays when the encryption keys are rotated."""

    __tablename__ = "fingerprint_key"

    id: int = Field(default=1, primary_key=True)
    sealed: bytes = SealedBytes("key_id")
    key_id: str
