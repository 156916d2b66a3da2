"""GraphQL over HTTP (graphql.github.io/graphql-over-http) for untrusted requests: each is answered or refused with
a GraphQL error."""

from contextlib import AbstractAsyncContextManager, nullcontext
from datetime import timedelta
from typing import Any

import orjson
from cross_web import AsyncHTTPRequestAdapter, HTTPException, StarletteRequestAdapter
from starlette.requests import HTTPConnection, Request
from starlette.responses import RedirectResponse, Response
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL
from strawberry.http import GraphQLHTTPResponse, GraphQLRequestData
from strawberry.http.streaming import SSETransport
from strawberry.schema.base import BaseSchema
from strawberry.subscriptions import GRAPHQL_SSE_PROTOCOL, GRAPHQL_TRANSPORT_WS_PROTOCOL
from strawberry.types import ExecutionResult

from app.admission.parse_limiter import ParseLimiter
from app.admission.refusal import CLOSING, Refusal
from app.admission.requests import LimitedCallers, RateExceeded, admit, caller_of
from app.core.limiter import share
from app.fleet.services import AllServices
from app.identity import cookies
from app.identity.viewer import Viewer
from app.registers.register import ErrorCode
from app.registers.requests import RequestCode
from app.server.bodies import Body, Consumer, MemoryBudget
from app.server.connections import Slots
from app.server.ending import connection_of
from app.server.last_answer import LastAnswer
from app.server.sockets import Socket, SocketHandler
from app.server.values import json_of
from resolvers.engine.streams import wants_stream
from schema.context import Context

_JSON = "application/json"
_GRAPHQL = "application/graphql-response+json"
_LARGE = 2**14  # bytes; larger JSON takes a while to parse
_WORTH_READING = 2**20  # bytes of a refused request that are read so that its connection can be reused
_BODY = "body"
_CODES = {404: RequestCode.NOT_FOUND, 405: RequestCode.METHOD_NOT_ALLOWED}


class _ServerSentEvents(SSETransport):
    def accepts(self, accept: str) -> bool:
        return wants_stream(accept)


class _Request(StarletteRequestAdapter):
    def __init__(self, request: Request) -> None:
        super().__init__(request)
        self.body: Body | None = None
        """The body, after it was read."""

    @property
    def connection(self) -> Request:
        return self._request

    @property
    def viewer(self) -> Viewer | None:
        return connection_of(self._request).viewer

    async def get_body(self) -> Body:  # type: ignore[override] # only for `parse_json`
        assert self.body is not None
        return self.body


class GraphQLView(GraphQL[Context, None]):
    """The context of a request is provided by subclasses."""

    request_adapter_class = _Request
    websocket_adapter_class = Socket
    graphql_transport_ws_handler_class = SocketHandler
    stream_transport_classes_by_protocol = {GRAPHQL_SSE_PROTOCOL: _ServerSentEvents}  # noqa: RUF012 - the library's

    def __init__(self, schema: BaseSchema, services: AllServices) -> None:
        settings = services.settings
        super().__init__(
            schema,
            graphql_ide="graphiql" if settings.graphiql else None,
            subscription_protocols=(GRAPHQL_TRANSPORT_WS_PROTOCOL, GRAPHQL_SSE_PROTOCOL),
            max_subscriptions_per_connection=None,  # Polyhelm's errors have a code
            connection_init_wait_timeout=timedelta(seconds=settings.init_timeout),
            allowed_origins=[settings.public_url] if settings.public_url else (),  # for WebSockets
        )
        self._services = services
        self._waiting = Slots(settings.waiting_sockets, settings.address_waiting_sockets)
        self._limited = LimitedCallers(settings)
        self._parsing = {True: ParseLimiter("parsing"), False: ParseLimiter("anonymous_parsing")}
        self._discarding = ParseLimiter("discarding")
        self._budgets = {
            True: MemoryBudget(
                settings.bodies_size,
                max(settings.bodies_size // 4, settings.body_size),
                max(share(settings.bodies_size, settings.organization_share), settings.body_size),
            ),
            False: MemoryBudget(
                settings.bodies_size // 4,
                max(settings.bodies_size // 64, settings.anonymous_body_size),
                settings.bodies_size // 4,
            ),
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await self._converse(WebSocket(scope, receive, send))
            return
        request = Request(scope, receive)
        try:
            try:
                self._limited.check(request)
                response = await self.run(request)
            except HTTPException as error:
                response = self._refused(request, error)
            await response(scope, receive, send)
        finally:
            if (body := getattr(request.state, _BODY, None)) is not None:
                body.release()

    async def _converse(self, socket: WebSocket) -> None:
        """A caller that has not authenticated takes one of the slots of its address, which may be a proxy."""
        release = self._waiting.take(socket.client.host if socket.client else None)
        if release is None:
            await socket.send_denial_response(Response(status_code=503, headers={"Retry-After": "1"}))
            return
        authenticated = socket.state.authenticated

        def release_both() -> None:
            release()
            authenticated()

        socket.state.authenticated = release_both
        try:
            await self.run(socket)
        finally:
            release_both()

    def _refused(self, request: Request, error: HTTPException) -> Response:
        code: ErrorCode = (
            error.code if isinstance(error, Refusal) else _CODES.get(error.status_code, RequestCode.BAD_REQUEST)
        )
        content = {"errors": [{"message": error.reason, "extensions": {"code": code}}]}
        headers = dict(error.headers) if isinstance(error, Refusal) else {}
        if _may_be_large(request):
            headers |= CLOSING  # otherwise the rest of the request would be read
        answer = self.encode_json(content), error.status_code, headers, _media_type(request)
        body: Body | None = getattr(request.state, _BODY, None)
        if "Connection" not in headers or (body is not None and body.is_whole):
            return Response(*answer)
        if body is not None:
            body.release()
        return LastAnswer(*answer, limiter=self._discarding, caller=caller_of(connection_of(request).viewer, request))

    async def get_sub_response(self, request: Request | WebSocket) -> Response:
        """Extensions that a resolver adds to the answer, and the answer's content type."""
        response = await super().get_sub_response(request)
        response.media_type = _media_type(request)
        return response

    async def parse_http_body(self, request: AsyncHTTPRequestAdapter) -> GraphQLRequestData | list[GraphQLRequestData]:
        if request.method == "POST" and _kind(request.content_type or "") != _JSON:
            raise Refusal(
                415, RequestCode.NO_JSON, f"Send the request as {_JSON}.", CLOSING
            )  # which pages of other sites cannot send
        assert isinstance(request, _Request)
        try:
            await admit(self._services, request.viewer, request.connection)
        except RateExceeded as refusal:
            self._limited.note(request.viewer, request.connection, refusal)
            raise
        if request.method == "GET" and cookies.is_foreign(self._services.settings, request.connection):
            raise Refusal(403, RequestCode.FOREIGN_ORIGIN, "Only Polyhelm's own pages may use GET for this. Use POST.")
        if request.method == "POST":
            request.body = await self._read(request.connection, request.viewer)
        size = len(request.body.data) if request.body else 0
        async with self.turn(size, request.viewer, request.connection):
            found = await super().parse_http_body(request)
        if isinstance(found, GraphQLRequestData) and not isinstance(found.operation_name, str | None):
            raise HTTPException(400, "The GraphQL operation's `operationName` must be a string or null, if provided.")
        return found

    async def _read(self, request: Request, viewer: Viewer | None) -> Body:
        """Reads the body of a request, which uses the budget until the request is answered."""
        settings = self._services.settings
        most = settings.body_size if viewer else settings.anonymous_body_size
        consumer = Consumer(caller_of(viewer, request), frozenset(viewer.memberships) if viewer else None)
        body = Body(self._budgets[viewer is not None], consumer, most, settings.request_timeout)
        setattr(request.state, _BODY, body)
        await body.read(request, lambda size: self.turn(size, viewer, request))
        return body

    def turn(self, size: int, viewer: Viewer | None, connection: HTTPConnection) -> AbstractAsyncContextManager[None]:
        """Waits for a turn if the JSON is large.

        Raises:
            Refusal: Too many requests are waiting.
        """
        if size < _LARGE:
            return nullcontext()
        return self._parsing[viewer is not None].slot(caller_of(viewer, connection))

    def parse_json(self, data: str | bytes | Body) -> Any:
        found = json_of(data.data, data.values) if isinstance(data, Body) else json_of(data)
        if not isinstance(found, dict | list):
            raise HTTPException(400, "A GraphQL request is a JSON object with a `query`.")
        return found

    async def process_result(self, request: Request, result: ExecutionResult) -> GraphQLHTTPResponse:
        response = await super().process_result(request, result)
        if result.data is None and result.errors and all(error.path is None for error in result.errors):
            del response["data"]  # nothing was executed
        return response

    def create_response(
        self, response_data: GraphQLHTTPResponse | list[GraphQLHTTPResponse], sub_response: Response
    ) -> Response:
        is_refused = "data" not in response_data and sub_response.media_type == _GRAPHQL
        status = sub_response.status_code or (400 if is_refused else 200)
        response = Response(self.encode_json(response_data), status, media_type=sub_response.media_type)
        response.headers.raw.extend(sub_response.headers.raw)
        return response

    def encode_json(self, data: object) -> bytes:
        return orjson.dumps(data)

    async def render_graphql_ide(self, request: Request) -> Response:
        """Redirects browsers that open the API's address to GraphiQL. strawberry's own page loads it from another
        site."""
        return RedirectResponse("/graphiql")


def _may_be_large(request: Request) -> bool:
    """Returns whether the body of a refused request is too large to be read, or of unknown size."""
    announced = request.headers.get("content-length", "")
    return "transfer-encoding" in request.headers or (announced.isdecimal() and int(announced[:20]) > _WORTH_READING)


def _media_type(request: HTTPConnection) -> str:
    """Returns the first protocol that both sides support. Old clients offer none, or all."""
    kinds = map(_kind, request.headers.get("accept", "").split(","))
    return next((kind for kind in kinds if kind in (_GRAPHQL, _JSON)), _JSON)


def _kind(media_type: str) -> str:
    return media_type.partition(";")[0].strip().lower()
