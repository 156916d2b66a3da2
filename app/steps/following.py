"""The states of an object on a cluster, by events, for as long as a step waits."""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing

from app.clusters.objects import Object, ObjectWatch
from app.core.errors import TemporaryError
from app.steps.places import Place, Reference, renewed

PATIENCE = 120.0
"""Seconds after which a step fails if its cluster cannot be watched in the meantime."""
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 10.0
_LASTING = 10.0  # seconds after which a watch counts as one that works


async def states(place: Place, what: Reference) -> AsyncGenerator[Object | None]:
    """The object whenever it has changed, and None whenever it does not exist, beginning with the present state. What
    happens while the connection is broken is not missed. Before each new connection, the permissions of the starter
    are checked again.

    Raises:
        StepFailed: the cluster could not be watched for two minutes.
        UserError: the cluster is gone, or the starter has lost the permission.
    """
    watch = ObjectWatch(what.type, what.namespace, what.name)
    failing_since: float | None = None
    pause = _FIRST_PAUSE
    while True:
        began = time.monotonic()
        try:
            async with aclosing(watch.states(place.member)) as stream:
                async for state in stream:
                    failing_since, pause = None, _FIRST_PAUSE
                    yield state
        except TemporaryError as error:
            ended = time.monotonic()
            if failing_since is None or ended - began > _LASTING:
                failing_since, pause = ended, _FIRST_PAUSE
            if ended - failing_since > PATIENCE:
                raise await place.failure(error.code, f"{place.name}: {error.message}") from None
            await asyncio.sleep(max(error.retry_after or 0, pause))
            pause = min(2 * pause, _LONGEST_PAUSE)
        else:
            await asyncio.sleep(max(0.0, began + _FIRST_PAUSE - time.monotonic()))
        place = await renewed(place)
