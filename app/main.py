"""The composition root of the API: routes, and what each request is given."""

import asyncio
from typing import Any

import orjson
import structlog
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL

from app import migrations
from app.identity.tokens import authenticate
from app.identity.viewer import Viewer
from app.services import Services
from resolvers.api import api
from resolvers.loaders import Loaders
from schema.context import Context

log = structlog.get_logger()

_READY_SECONDS = 3.0


class _GraphQL(GraphQL[Context, None]):
    def __init__(self, services: Services) -> None:
        super().__init__(
            api,
            graphql_ide="graphiql" if services.settings.graphiql else None,
            subscription_protocols=(),
            allow_queries_via_get=False,
        )
        self._services = services

    def encode_json(self, data: object) -> bytes:
        return orjson.dumps(data)

    async def get_context(self, request: Request | WebSocket, response: Response | WebSocket) -> Context:
        viewer = await viewer_of(self._services, request)
        return Context(self._services, viewer, Loaders(self._services.database), request, response)


async def viewer_of(services: Services, request: HTTPConnection) -> Viewer | None:
    """Whoever's API token the request carries."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        return None
    return await authenticate(services.database, token.strip())


def create_app(services: Services) -> Starlette:
    """The API for services that are open, and that the caller closes."""

    async def home(request: Request) -> Response:
        return RedirectResponse("/graphql")

    async def alive(request: Request) -> Response:
        return PlainTextResponse("ok\n")

    async def ready(request: Request) -> Response:
        checks = {name: await _check(call) for name, call in _checks(services).items()}
        status = 200 if all(problem is None for problem in checks.values()) else 503
        return JSONResponse({name: problem or "ok" for name, problem in checks.items()}, status)

    async def metrics(request: Request) -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return Starlette(
        routes=[
            Route("/", home),
            Route("/graphql", _GraphQL(services)),
            Route("/healthz", alive),
            Route("/readyz", ready),
            Route("/metrics", metrics),
        ]
    )


def _checks(services: Services) -> dict[str, Any]:
    async def schema() -> None:
        assert services.settings.database_url is not None
        if not await migrations.is_current(services.settings.database_url):
            raise OSError("the database's schema is not this version's: run `polyhelm migrate`")

    return {"postgres": services.database.check, "redis": services.queue.check, "schema": schema}


async def _check(call: Any) -> str | None:
    try:
        async with asyncio.timeout(_READY_SECONDS):
            await call()
    except TimeoutError:
        return f"no answer within {_READY_SECONDS:g} s"
    except Exception as error:
        return str(error).split("\n", 1)[0]
    return None
