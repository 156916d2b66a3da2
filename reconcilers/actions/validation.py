"""Has Helm check each distinct manifest against OpenAPI once for each Kubernetes version, not on every cluster.

Fetching and reading a member's OpenAPI is two thirds of the cost of a Helm run. A manifest depends on chart, values,
release name, namespace and Kubernetes version, and on what the service account may look up. The first run with a given
combination has Helm check the manifest, concurrent runs wait for that check, and later runs skip it. The check is done
once Helm starts to write: other runs do not wait for the hooks of the first.
"""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from weakref import WeakValueDictionary

from app.clusters.service_accounts import ServiceAccount
from app.helm.ledger import Progress, Stage
from app.operations.work import Work

_MOST = 10_000  # manifests that are remembered; one that was dropped is checked again

_Key = tuple[int, str, bytes, str, str, str, ServiceAccount | None]


class KnownManifests:
    """The manifests that Helm has checked for this worker. A lock exists while a run holds it or waits for it."""

    def __init__(self) -> None:
        self._valid: OrderedDict[_Key, None] = OrderedDict()
        self._checking: WeakValueDictionary[_Key, asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def checked_once(self, found: Work) -> AsyncIterator[bool]:
        """Yields whether Helm has to check the manifest in this run."""
        assert found.desired is not None
        key = (
            found.deployment.organization_id,  # because it decides what its clusters answer
            found.archive.digest,
            found.desired.digest,
            found.deployment.release_name,
            found.deployment.namespace,
            found.cluster.kubernetes_version,
            found.account,
        )
        if key in self._valid:
            yield False
            return
        lock = self._checking.setdefault(key, asyncio.Lock())
        await lock.acquire()
        if key in self._valid:  # the run that held the lock has checked it
            lock.release()
            yield False
            return
        is_checking = True

        def end(*, is_valid: bool) -> None:
            nonlocal is_checking
            if is_checking:
                is_checking = False
                if is_valid:
                    self._remember(key)
                lock.release()

        def watch(progress: Progress) -> None:
            if progress.stage is not Stage.CHECKING:
                end(is_valid=True)

        found.watchers.append(watch)
        try:
            yield True
            end(is_valid=True)
        finally:
            found.watchers.remove(watch)
            end(is_valid=False)

    def _remember(self, key: _Key) -> None:
        self._valid[key] = None
        while len(self._valid) > _MOST:
            self._valid.popitem(last=False)
