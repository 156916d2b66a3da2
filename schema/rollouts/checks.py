"""The checks of waves, with their measurements."""

from datetime import datetime

import strawberry

from app.tables import rollouts as tables
from schema.context import Info
from schema.list_length import usually
from schema.rollouts.enums import CheckVerdict
from schema.rollouts.loaders import measurements_by_run
from schema.strategies.enums import Answer
from schema.strategies.types import CheckRule


@strawberry.type(description="The result of a measurement on one cluster.")
class ClusterMeasurement:
    cluster: str
    answer: Answer
    message: str


@strawberry.type(description="One measurement of a check.")
class CheckMeasurement:
    number: int
    answer: Answer
    message: str
    started_at: datetime
    finished_at: datetime
    clusters: list[ClusterMeasurement] = strawberry.field(
        metadata=usually(3), description="Its results on single clusters, the worst first, at most 20."
    )

    @classmethod
    def of(cls, row: tables.CheckMeasurement) -> "CheckMeasurement":
        return cls(
            number=row.number,
            answer=row.answer,
            message=row.message,
            started_at=row.started_at,
            finished_at=row.finished_at,
            clusters=[
                ClusterMeasurement(cluster=each["cluster"], answer=Answer(each["answer"]), message=each["message"])
                for each in row.clusters
            ],
        )


@strawberry.type(description="A run of a check: its measurements, and what follows from them.")
class CheckRun:
    row: strawberry.Private[tables.CheckRun]
    verdict: CheckVerdict
    message: str | None = strawberry.field(description="The message of the last measurement.")
    next_at: datetime | None = strawberry.field(description="When it is measured next.")
    started_at: datetime
    ended_at: datetime | None

    @strawberry.field(metadata=usually(3), description="The last measurements, at most 20, the oldest first.")
    async def measurements(self, info: Info) -> list[CheckMeasurement]:
        rows = await info.context.load[measurements_by_run].load(self.row.id)
        return [CheckMeasurement.of(row) for row in rows]

    @classmethod
    def of(cls, row: tables.CheckRun) -> "CheckRun":
        return cls(
            row=row,
            verdict=row.verdict,
            message=row.message,
            next_at=row.next_at,
            started_at=row.started_at,
            ended_at=row.ended_at,
        )


@strawberry.type(description="A check of a wave.")
class WaveCheck:
    rule: CheckRule
    is_before: bool = strawberry.field(description="Whether it has to pass before the wave begins.")
    run: CheckRun | None = strawberry.field(description="Its newest run; null before it begins.")
