"""A plain HTTP client of a Kubernetes API, so that tests see status codes and bodies as they are."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import io
import ssl
from typing import TYPE_CHECKING, Any, Self

import aiohttp
import orjson
import yaml

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

Object = dict[str, Any]

METADATA_LIST = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
METADATA = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
TABLE = "application/json;as=Table;g=meta.k8s.io;v=v1"
PROTOBUF = "application/vnd.kubernetes.protobuf"


class Client:
    """Requests by the user of a kubeconfig; each gives the status code and the body."""

    def __init__(self, kubeconfig: str, *, token: str | None = None) -> None:
        config = yaml.safe_load(kubeconfig)
        cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
        self.server: str = cluster["server"]
        authority = base64.b64decode(cluster["certificate-authority-data"]).decode()
        self._headers = {"Authorization": f"Bearer {user['token'] if token is None else token}"}
        self._tls = ssl.create_default_context(cadata=authority)

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            headers=self._headers,
            connector=aiohttp.TCPConnector(ssl=self._tls),
            timeout=aiohttp.ClientTimeout(total=30),
            json_serialize=lambda content: orjson.dumps(content).decode(),
        )
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._session.close()

    async def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        content_type: str = "application/json",
        accept: str = "application/json",
        **query: str,
    ) -> tuple[int, Any]:
        data = None if body is None else io.BytesIO(body if isinstance(body, bytes) else orjson.dumps(body))
        headers = {"Accept": accept} | ({"Content-Type": content_type} if data is not None else {})
        async with self._session.request(
            method, self.server + path, data=data, headers=headers, params=query
        ) as response:
            content = await response.read()
            told = response.content_type == "application/json"
            return response.status, orjson.loads(content) if told else content

    async def get(self, path: str, **options: str) -> tuple[int, Any]:
        return await self.ask("GET", path, **options)

    async def post(self, path: str, body: Any, **options: str) -> tuple[int, Any]:
        return await self.ask("POST", path, body, **options)

    async def put(self, path: str, body: Any, **options: str) -> tuple[int, Any]:
        return await self.ask("PUT", path, body, **options)

    async def patch(self, path: str, body: Any, kind: str = "merge-patch+json", **options: str) -> tuple[int, Any]:
        return await self.ask("PATCH", path, body, content_type=f"application/{kind}", **options)

    async def delete(self, path: str, body: Any = None, **options: str) -> tuple[int, Any]:
        return await self.ask("DELETE", path, body, **options)

    @contextlib.asynccontextmanager
    async def watch(self, path: str, *, accept: str = "application/json", **query: str) -> AsyncIterator[Events]:
        query = {"watch": "true", **query}
        async with self._session.get(self.server + path, params=query, headers={"Accept": accept}) as response:
            yield Events(response)


class Events:
    """What a watch tells."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self.status = response.status
        self.headers = response.headers
        self._lines = response.content

    async def next(self, *, bookmarks: bool = False, timeout: float = 90) -> tuple[str, Object]:
        """The next event's type and object; bookmarks only if they are waited for. ("", {}) at the end."""
        async with asyncio.timeout(timeout):
            while line := await self._lines.readline():
                event = orjson.loads(line)
                if bookmarks or event["type"] != "BOOKMARK":
                    return event["type"], event["object"]
        return "", {}

    async def names(self, count: int) -> list[tuple[str, str]]:
        """The types and names of the next events."""
        events = [await self.next() for _ in range(count)]
        return [(kind, obj["metadata"]["name"]) for kind, obj in events]
