"""Sends the lines of logs as they are written."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

import strawberry

from app.identity.permissions import Permission
from app.logs.following import follow_logs
from schema.context import Info
from schema.logs.inputs import LogFilter
from schema.logs.types import LogBatch
from schema.needs import needing
from schema.relay.ids import row_id


@strawberry.type
class Subscriptions:
    @strawberry.subscription(
        **needing(
            Permission.LOGS_READ,
            "The newest lines of the logs of a target's containers, and then each new line. Pods that appear later are"
            " included. With a `pod`, it ends with the pod. A subscriber that is too slow gets DROPPED in place of"
            " lines.",
        )
    )
    async def logs(
        self,
        info: Info,
        target: strawberry.ID,
        filter: LogFilter | None = None,  # noqa: A002
    ) -> AsyncGenerator[LogBatch, None]:
        asked = (filter or LogFilter()).asked
        target_id = row_id(target, "DeploymentTarget")
        async with aclosing(follow_logs(info.context.services, info.context.viewer, target_id, asked)) as batches:
            async for batch in batches:
                yield LogBatch.of(batch)
