"""The composition root of the API: its routes, and the context of each request."""

import asyncio
from collections import Counter
from datetime import timedelta
from typing import Any

import structlog
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket
from strawberry.exceptions import ConnectionRejectionError
from strawberry.types.unset import UNSET

from app.core import migrations
from app.core.tenancy import act_for
from app.fleet.services import AllServices
from app.identity import cookies
from app.identity.connections import Connections
from app.identity.sessions import resume
from app.identity.tokens import authenticate
from app.identity.viewer import Viewer
from app.server.ending import ConnectionEnding, connection_of
from app.server.frontend import frontend_routes
from app.server.graphql import GraphQLView
from app.server.headers import SecurityHeaders
from app.server.hosts import AllowedHosts
from app.server.oidc_routes import oidc_routes
from app.server.request_ids import RequestIds
from resolvers.api import api
from resolvers.roots import NODES, PLAIN_FIELDS
from schema.context import Context
from schema.loading import SharedLoaders

log = structlog.get_logger()

_READY_SECONDS = 3.0


class _GraphQL(GraphQLView):
    def __init__(self, services: AllServices, connections: Connections) -> None:
        super().__init__(api, services)
        self._shared = SharedLoaders(services.database, services.settings.cluster_concurrency)
        self._connections = connections
        self._subscribed: Counter[int] = Counter()

    async def get_context(self, request: Request | WebSocket, response: Response | WebSocket) -> Context:
        viewer = connection_of(request).viewer = await signed_in(self._services, request)
        act_for(viewer.memberships if viewer else ())
        return Context(
            self._services,
            viewer,
            self._shared,
            self._subscribed,
            self._parsing,
            NODES,
            PLAIN_FIELDS,
            request,
            response,
        )

    async def on_ws_connect(self, context: Context) -> Any:
        """The token is in a header, or in the first message of clients that cannot set headers."""
        given = {key.lower(): value for key, value in (context.connection_params or {}).items()}.get("authorization")
        if isinstance(given, str):
            context.signed_in = await viewer_of(self._services, given)
        if context.signed_in is None:
            raise ConnectionRejectionError
        connection = connection_of(context.request)
        connection.viewer = context.signed_in
        act_for(context.signed_in.memberships)
        self._connections.add(connection)
        return UNSET

    async def create_streaming_response(self, request: Request | WebSocket, *rest: Any, **more: Any) -> Response:
        """The connection of a subscription over server-sent events."""
        self._connections.add(connection_of(request))
        return await super().create_streaming_response(request, *rest, **more)


async def signed_in(services: AllServices, connection: HTTPConnection) -> Viewer | None:
    """Returns the viewer of a request: by an API token, or by the session cookie. A cookie that another site had
    sent is ignored."""
    if (authorization := connection.headers.get("authorization")) is not None:
        return await viewer_of(services, authorization)
    secret = cookies.browser_of(services.settings, connection).secret
    if secret is None:
        return None
    if not cookies.is_own(services.settings, connection):
        log.warning("cookie.foreign", origin=connection.headers.get("origin"), host=connection.headers.get("host"))
        return None
    return await resume(services.database, secret, idle=timedelta(seconds=services.settings.session_idle))


async def viewer_of(services: AllServices, authorization: str | None) -> Viewer | None:
    """Returns the viewer of the API token in `Bearer …`."""
    scheme, _, token = (authorization or "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        return None
    return await authenticate(services.database, token.strip())


def create_app(services: AllServices) -> Starlette:
    """Returns the API for open services, which the caller closes."""

    async def alive(request: Request) -> Response:
        return PlainTextResponse("ok\n")

    async def ready(request: Request) -> Response:
        calls = _checks(services)
        problems = await asyncio.gather(*(_check(name, call) for name, call in calls.items()))
        checks = dict(zip(calls, problems, strict=True))
        status = 200 if all(problem is None for problem in checks.values()) else 503
        return JSONResponse({name: problem or "ok" for name, problem in checks.items()}, status)

    async def metrics(request: Request) -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    connections = Connections(services.database, idle=timedelta(seconds=services.settings.session_idle))
    graphql = ConnectionEnding(_GraphQL(services, connections), connections)
    return Starlette(
        middleware=[
            Middleware(RequestIds),
            Middleware(SecurityHeaders),
            Middleware(AllowedHosts, settings=services.settings),
        ],
        routes=[
            Route("/graphql", graphql),
            WebSocketRoute("/graphql", graphql),
            Route("/healthz", alive),
            Route("/readyz", ready),
            Route("/metrics", metrics),
            *oidc_routes(services),
            *frontend_routes(graphiql=services.settings.graphiql),
        ],
    )


def _checks(services: AllServices) -> dict[str, Any]:
    async def schema() -> None:
        assert services.settings.database_url is not None
        if not await migrations.is_current(services.settings.database_url):
            raise OSError("the database schema is of another version: run `polyhelm migrate`")

    return {
        "postgres": services.database.check,
        "writing": services.database.check_writing,
        "redis": services.queue.check,
        "schema": schema,
    }


async def _check(name: str, call: Any) -> str | None:
    try:
        async with asyncio.timeout(_READY_SECONDS):
            await call()
    except Exception as error:
        # This path requires no sign-in, so addresses and users in errors are only logged.
        log.warning("ready.failed", check=name, error=str(error) or type(error).__name__)
        return "failed: see the log"
    return None
