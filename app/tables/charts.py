"""Chart repositories, the versions that their indexes list, and the stored archives. An archive is stored once for each
digest, because several versions and deployments may use the same content."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from app.tables.columns import Bytes, Choice, Id, Json, Ref, SealedBytes, Timestamp, now


class ChartRepositoryKind(StrEnum):
    HTTP = "HTTP"
    OCI = "OCI"
    UPLOAD = "UPLOAD"


class ChartRepository(SQLModel, table=True):
    """`credentials` contains the encrypted user name and password, if any."""

    __tablename__ = "chart_repository"
    __table_args__ = (UniqueConstraint("organization_id", "name"),)

    id: int = Id()
    organization_id: int = Ref("organization.id")
    name: str
    url: str
    kind: ChartRepositoryKind = Choice(ChartRepositoryKind)
    credentials: bytes | None = SealedBytes("credentials_key", default=None, nullable=True)
    credentials_key: str | None = None
    refreshed_at: datetime | None = Timestamp(default=None)
    error: str | None = None
    created_at: datetime = Timestamp(default_factory=now)


class ChartVersion(SQLModel, table=True):
    """One version that a repository offers. `archive_digest` is set when it is pulled, which pins the version to
    the archive."""

    __tablename__ = "chart_version"

    repository_id: int = Ref("chart_repository.id", primary_key=True)
    name: str = Field(primary_key=True)
    version: str = Field(primary_key=True)
    app_version: str | None = None
    description: str | None = None
    deprecated: bool = False
    url: str | None = None  # the absolute URL of its archive
    digest: str | None = None  # SHA-256 of its archive in hex, as the repository states
    archive_digest: str | None = Field(default=None, foreign_key="chart_archive.digest", index=True)


class ChartArchive(SQLModel, table=True):
    """A pulled and checked chart. `content` is None if archives are stored in a bucket."""

    __tablename__ = "chart_archive"

    digest: str = Field(primary_key=True)  # SHA-256, in hex
    name: str
    version: str
    app_version: str | None = None
    description: str | None = None
    default_values: str = ""  # values.yaml as written
    values_schema: dict[str, Any] | None = Json(default=None, nullable=True)
    readme: str | None = None
    has_remote_schema: bool = False
    size: int
    content: bytes | None = Bytes(default=None, nullable=True)
    created_at: datetime = Timestamp(default_factory=now)
