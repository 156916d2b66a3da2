"""What a kubelet would report: without nodes, Pods become ready, and those that are to end succeed."""

from __future__ import annotations

import asyncio
import datetime
import json
import logging
import ssl
from typing import Any

import aiohttp

logger = logging.getLogger(__name__)

PHASE_ANNOTATION = "polyhelm.test/phase"
"""A Pod may ask for the phase it gets: `Failed`, or `Pending` to stay as it is."""

LINE_LIMIT = 4 * 2**20
RETRY_DELAY = 0.2


class Kubelet:
    """Watches all Pods of a member and writes their status, for as long as its task runs.

    Pods stay without a node: then the server deletes them at once, where it would wait for their kubelet's word.
    """

    def __init__(self, server: str, token: str, ca: str) -> None:
        self._server = server
        self._headers = {"Authorization": f"Bearer {token}"}
        self._tls = ssl.create_default_context(cadata=ca)

    async def run(self) -> None:
        """Goes on until it is cancelled; a server that stops, hangs or forgets is watched again when it is back."""
        connector = aiohttp.TCPConnector(ssl=self._tls)
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=5)
        async with aiohttp.ClientSession(
            self._server, headers=self._headers, connector=connector, timeout=timeout, read_bufsize=LINE_LIMIT
        ) as session:
            while True:
                try:
                    await self._list_and_watch(session)
                except (aiohttp.ClientError, OSError) as error:
                    logger.debug("Pods of %s are watched again: %r", self._server, error)
                await asyncio.sleep(RETRY_DELAY)

    async def _list_and_watch(self, session: aiohttp.ClientSession) -> None:
        """Returns when the watch ends, be it in an ERROR event such as 410: the next list is right in every case."""
        async with session.get("/api/v1/pods", raise_for_status=True) as response:
            listed = await response.json()
        for pod in listed["items"]:
            await self._report(session, pod)
        parameters = {"watch": "1", "resourceVersion": listed["metadata"]["resourceVersion"], "timeoutSeconds": "600"}
        async with session.get("/api/v1/pods", params=parameters, raise_for_status=True) as response:
            async for line in response.content:
                event = json.loads(line)
                if event["type"] == "ERROR":
                    return
                if event["type"] in ("ADDED", "MODIFIED"):
                    await self._report(session, event["object"])

    async def _report(self, session: aiohttp.ClientSession, pod: dict[str, Any]) -> None:
        status = reported_status(pod, datetime.datetime.now(datetime.UTC))
        if status is None:
            return
        meta = pod["metadata"]
        path = f"/api/v1/namespaces/{meta['namespace']}/pods/{meta['name']}/status"
        patch = {"metadata": {"uid": meta["uid"]}, "status": status}
        headers = {"Content-Type": "application/merge-patch+json"}
        async with session.patch(path, data=json.dumps(patch), headers=headers) as response:
            if response.status not in (200, 404, 409):  # it may be gone, or be another of the same name, by now
                logger.warning("Status of Pod %s: %s %s", meta["name"], response.status, await response.text())


def reported_status(pod: dict[str, Any], now: datetime.datetime) -> dict[str, Any] | None:
    """The status a Pod gets, or None when it has its status or is on its way out.

    A Pod that is restarted always runs and is ready; any other (those of Jobs, most hooks) has ended well.
    """
    metadata, spec = pod["metadata"], pod["spec"]
    phase = metadata.get("annotations", {}).get(PHASE_ANNOTATION)
    if phase is None:
        phase = "Running" if spec.get("restartPolicy", "Always") == "Always" else "Succeeded"
    if "deletionTimestamp" in metadata or phase == "Pending" or pod.get("status", {}).get("phase") == phase:
        return None
    time = now.strftime("%Y-%m-%dT%H:%M:%SZ")
    running = phase == "Running"
    reason = {"Succeeded": "PodCompleted", "Failed": "PodFailed"}.get(phase, "")
    conditions = [
        {"type": kind, "status": "True" if running or kind == "Initialized" else "False", "lastTransitionTime": time}
        | ({"reason": reason} if reason else {})
        for kind in ("Initialized", "ContainersReady", "Ready")
    ]
    ended = {"exitCode": 0 if phase == "Succeeded" else 1, "reason": "Completed" if phase == "Succeeded" else "Error"}
    ended |= {"startedAt": time, "finishedAt": time}
    state = {"running": {"startedAt": time}} if running else {"terminated": ended}
    containers = [
        {
            "name": container["name"],
            "image": container["image"],
            "imageID": container["image"],
            "ready": running,
            "started": running,
            "restartCount": 0,
            "state": state,
        }
        for container in spec["containers"]
    ]
    return {"phase": phase, "startTime": time, "conditions": conditions, "containerStatuses": containers}
