"""The inputs of jobs: work that a transaction asks for, and that a worker does after the commit.

`Transaction.enqueue` writes a job, and `reconcilers/jobs/` does it (docs/decisions/jobs.md).
"""

import hashlib
from datetime import timedelta
from typing import Any, ClassVar

import orjson
from pydantic import BaseModel, ConfigDict
from sqlalchemy import BigInteger, Boolean, Interval, bindparam, func
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlmodel import col

from app.tables.jobs import JobRow


class Job(BaseModel):
    """The base class of inputs. A subclass is one kind of job: it has the job's name and its typed input.

    The input is stored as JSON. It contains ids and no secrets, and a new field needs a default value, because jobs of
    the previous version may be open. The function that does the job is safe to run twice.
    """

    model_config = ConfigDict(frozen=True)

    job_name: ClassVar[str]
    """`subject.what_it_does`. It is stored, and never changes."""

    @property
    def key(self) -> str:
        """What makes two open jobs of this kind the same job: by default, the input."""
        return self.model_dump_json()


def row_of(job: Job, organization_id: int | None, after: timedelta, *, unless_open: bool) -> dict[str, Any]:
    """The parameters of `ENQUEUE`."""
    key = orjson.dumps([organization_id, job.job_name, job.key])
    return {
        "organization": organization_id,
        "name": job.job_name,
        "key": hashlib.sha256(key).hexdigest(),
        "input": job.model_dump(mode="json"),
        "after": after,
        "again": not unless_open,
    }


_INSERT = insert(JobRow).values(
    organization_id=bindparam("organization", type_=BigInteger),
    name=bindparam("name"),
    key=bindparam("key"),
    input=bindparam("input", type_=JSONB),
    requests=1,
    attempts=0,
    token=0,
    due_at=func.clock_timestamp() + bindparam("after", type_=Interval),
    created_at=func.clock_timestamp(),
)
# A worker that is doing the job now may have read what the transaction changes. It sees that `requests` has increased
# when it ends, and leaves the job open.
ENQUEUE = _INSERT.on_conflict_do_update(
    index_elements=[JobRow.key],
    index_where=col(JobRow.finished_at).is_(None),
    set_={
        "input": _INSERT.excluded.input,
        "requests": JobRow.requests + 1,
        "attempts": 0,
        "due_at": func.least(JobRow.due_at, _INSERT.excluded.due_at),
    },
    where=bindparam("again", type_=Boolean),
)
