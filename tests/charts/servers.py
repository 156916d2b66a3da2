"""Chart repositories and OCI registries on 127.0.0.1, for tests that need somebody to ask."""

import base64
import hashlib
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import yaml
from aiohttp import web

from app.charts.download import Login
from app.charts.registry import CHART_LAYER

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def served(handler: Handler, tls: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    """Serves every path; gives `127.0.0.1:port`."""

    async def answer(request: web.Request) -> web.StreamResponse:
        return await handler(request)

    application = web.Application()
    application.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
        await site.start()
        yield f"127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def basic(login: Login) -> str:
    """What comes along with a request that has this login."""
    return f"Basic {base64.b64encode(f'{login.username}:{login.password}'.encode()).decode()}"


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@dataclass
class Files:
    """Files by path, for those who say the right user name and password, where there is one."""

    files: dict[str, bytes] = field(default_factory=dict)
    login: Login | None = None
    redirects: dict[str, str] = field(default_factory=dict)
    status: int = 200
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    """Each path that was asked for, with the credentials that came along."""

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        authorization = request.headers.get("Authorization")
        self.asked.append((request.path, authorization))
        if self.status != 200:
            return web.Response(status=self.status)
        if self.login and authorization != basic(self.login):
            return web.Response(status=401)
        if request.path in self.redirects:
            return web.Response(status=302, headers={"Location": self.redirects[request.path]})
        if request.path not in self.files:
            return web.Response(status=404)
        return web.Response(body=self.files[request.path])

    def offer(self, name: str, version: str, content: bytes, **more: Any) -> None:
        """Adds a chart version to the index and its archive to the files."""
        index = yaml.safe_load(self.files.get("/index.yaml", b"{}")) or {}
        entries = index.setdefault("entries", {})
        path = f"{name}-{version}.tgz"
        entry = {"name": name, "version": version, "urls": [path], "digest": digest(content)} | more
        entries.setdefault(name, []).append(entry)
        self.files["/index.yaml"] = yaml.safe_dump({"apiVersion": "v1"} | index).encode()
        self.files[f"/{path}"] = content


@dataclass
class OciRegistry:
    """An honest one, by the distribution specification 1.1: tokens, tags in pages, manifests and blobs."""

    login: Login | None = None
    page: int = 2
    changes: dict[str, bytes] = field(default_factory=dict)
    """What is answered instead, by path; for a registry that is not so honest."""
    blobs: dict[str, bytes] = field(default_factory=dict)
    manifests: dict[tuple[str, str], bytes] = field(default_factory=dict)
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    scopes: list[str] = field(default_factory=list)
    realm: str = ""
    """Where tokens are to be had; its own address where it is empty."""
    redirects: dict[str, str] = field(default_factory=dict)

    def push(self, repository: str, tag: str, content: bytes, *, media_type: str = CHART_LAYER) -> None:
        def put(blob: bytes, kind: str) -> dict[str, Any]:
            self.blobs[f"sha256:{digest(blob)}"] = blob
            return {"mediaType": kind, "digest": f"sha256:{digest(blob)}", "size": len(blob)}

        config = put(b"{}", "application/vnd.cncf.helm.config.v1+json")
        layers = [put(b"signature", "application/vnd.cncf.helm.chart.provenance.v1.prov"), put(content, media_type)]
        manifest = {"schemaVersion": 2, "config": config, "layers": layers}
        self.manifests[repository, tag] = json.dumps(manifest).encode()

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        path, authorization = request.path, request.headers.get("Authorization")
        self.asked.append((path, authorization))
        if path == "/token":
            return self._token(request, authorization)
        if not path.startswith("/v2/"):
            return web.Response(status=404)
        repository, _, what = path.removeprefix("/v2/").partition("/tags/")
        for separator in ("/manifests/", "/blobs/"):
            if separator in path:
                repository, _, what = path.removeprefix("/v2/").partition(separator)
        if authorization != f"Bearer {self._secret(repository)}":
            realm = self.realm or f"http://{request.host}/token"
            challenge = f'Bearer realm="{realm}",service="registry",scope="repository:{repository}:pull"'
            return web.Response(status=401, headers={"WWW-Authenticate": challenge})
        if path in self.redirects:
            return web.Response(status=307, headers={"Location": self.redirects[path]})
        if path in self.changes:
            return web.Response(body=self.changes[path])
        if "/tags/" in path:
            return self._tags(request, repository)
        found = self.manifests.get((repository, what)) if "/manifests/" in path else self.blobs.get(what)
        return web.Response(status=404) if found is None else web.Response(body=found)

    def _token(self, request: web.Request, authorization: str | None) -> web.Response:
        if self.login and authorization != basic(self.login):
            return web.Response(status=401)
        scope = request.query["scope"]
        assert request.query["service"] == "registry"
        self.scopes.append(scope)
        return web.json_response({"token": self._secret(scope.split(":")[1])})

    def _secret(self, repository: str) -> str:
        return base64.b64encode(f"for {repository}".encode()).decode()

    def _tags(self, request: web.Request, repository: str) -> web.Response:
        tags = sorted(tag for name, tag in self.manifests if name == repository)
        if not tags:
            return web.Response(status=404)
        last = request.query.get("last", "")
        left = [tag for tag in tags if tag > last]
        page, headers = left[: self.page], {}
        if len(left) > len(page):
            headers["Link"] = f'</v2/{repository}/tags/list?n={self.page}&last={page[-1]}>; rel="next"'
        return web.json_response({"name": repository, "tags": page}, headers=headers)
