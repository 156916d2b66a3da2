"""Returns the newest lines of logs."""

import strawberry

from app.identity.permissions import Permission
from app.logs.reading import read_logs
from schema.context import Info
from schema.logs.inputs import LogFilter
from schema.logs.types import LogBatch
from schema.needs import needing
from schema.relay.ids import row_id


@strawberry.type
class Queries:
    @strawberry.field(
        **needing(Permission.LOGS_READ, "The newest lines of the logs of a target's containers, read from the cluster.")
    )
    async def logs(
        self,
        info: Info,
        target: strawberry.ID,
        filter: LogFilter | None = None,  # noqa: A002
    ) -> LogBatch:
        asked = (filter or LogFilter()).asked
        target_id = row_id(target, "DeploymentTarget")
        return LogBatch.of(await read_logs(info.context.services, info.context.viewer, target_id, asked))
