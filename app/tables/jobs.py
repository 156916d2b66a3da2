"""The jobs that wait for a worker. They are written with the transaction that needs them, so that none is lost."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, text
from sqlmodel import SQLModel

from app.tables.columns import Id, Json, Ref, Timestamp, now


class JobRow(SQLModel, table=True):
    """Work that a transaction has requested. It is open until it is done, which deletes the row, or has failed in all
    its attempts, which sets `finished_at`. At most one open job has a key."""

    __tablename__ = "job"
    __table_args__ = (
        Index("uq_job_open", "key", unique=True, postgresql_where=text("finished_at IS NULL")),
        Index("ix_job_due_at", "due_at", postgresql_where=text("finished_at IS NULL")),
    )

    id: int = Id()
    organization_id: int | None = Ref("organization.id", default=None, nullable=True, index=True)
    name: str
    key: str
    input: dict[str, Any] = Json()
    requests: int = 1  # how often it was requested while it was open
    attempts: int = 0  # since it was last requested
    due_at: datetime = Timestamp()
    taken_until: datetime | None = Timestamp(default=None)  # the lease of the worker that does it
    token: int = 0  # increases each time that a worker takes it
    error: str | None = None  # of the last attempt
    created_at: datetime = Timestamp(default_factory=now)
    finished_at: datetime | None = Timestamp(default=None)  # when the last attempt failed
