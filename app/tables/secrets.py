from datetime import datetime
from enum import StrEnum

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from app.tables.columns import Choice, Id, Json, Ref, SealedBytes, Timestamp, now


class SecretKind(StrEnum):
    """What a secret is for; all but OPAQUE have keys that must be there."""

    OPAQUE = "OPAQUE"
    KUBECONFIG = "KUBECONFIG"
    REGISTRY = "REGISTRY"
    CLOUD = "CLOUD"


class Secret(SQLModel, table=True):
    """`sealed` is a JSON object of keys to texts, with the row's id as associated data; nothing gives it out.

    `marks` has, by key, what stands for each value wherever it is kept or compared (`app.releases.references`)."""

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
    version: int = 1  # grows with each change of a value
    created_at: datetime = Timestamp(default_factory=now)
    updated_at: datetime = Timestamp(default_factory=now)


class SecretUse(SQLModel, table=True):
    """The present generation of a deployment uses a secret, which therefore can't be deleted."""

    __tablename__ = "secret_use"

    deployment_id: int = Ref("deployment.id", primary_key=True)
    secret_id: int = Ref("secret.id", ondelete="RESTRICT", primary_key=True, index=True)


class FingerprintKey(SQLModel, table=True):
    """The key of all marks: one row, made when the first secret is. It stays when the key ring changes."""

    __tablename__ = "fingerprint_key"

    id: int = Field(default=1, primary_key=True)
    sealed: bytes = SealedBytes("key_id")
    key_id: str
