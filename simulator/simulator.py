"""The simulator: members in memory behind one HTTPS port, for use inside a process or as a separate process."""

from __future__ import annotations

import asyncio
import errno
import hmac
import re
import secrets
from typing import TYPE_CHECKING, Any, Self

import orjson
from aiohttp import web

from simulator.certificates import issue
from simulator.member import Member
from simulator.server import LIMIT, Api, answer
from simulator.state import Saved, State
from simulator.store import HISTORY

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path
    from types import TracebackType

HOST = "127.0.0.1"


class SimulatorError(Exception):
    """The simulator can't start, or can't do what was requested."""


class Simulator:
    """`async with Simulator(["paris"]) as simulator:` serves until the block ends.

    With `state`, a folder, the port, certificates, tokens and objects are those of the last run. Its members are added
    to the `names`.
    """

    def __init__(
        self,
        names: Iterable[str] = (),
        *,
        state: Path | None = None,
        port: int = 0,
        bookmark_interval: float = 60.0,
        history: int = HISTORY,
    ) -> None:
        self.names = tuple(names)
        self.port = port
        self.history = history
        self.members: dict[str, Member] = {}
        self.admin_token = secrets.token_urlsafe(32)
        """The token for requests below `/simulator`."""
        self._api = Api(self.members, bookmark_interval=bookmark_interval)
        self._folder = state
        self._state: State | None = None
        self._certificates = issue()
        self._runner: web.ServerRunner | None = None

    @property
    def url(self) -> str:
        return f"https://{HOST}:{self.port}"

    @property
    def authority(self) -> bytes:
        """The certificate, in PEM, that clients must trust."""
        return self._certificates.authority

    async def __aenter__(self) -> Self:
        saved_port = 0
        if self._folder is not None:
            self._state = State(self._folder)
            if (server := self._state.server()) is not None:
                saved_port, self._certificates = server
        await self._listen(self.port or saved_port)
        if self._state is not None:
            self._state.keep_server(self.port, self._certificates)
            for name, saved in self._state.members().items():
                self._add(name, saved)
            self._state.start()
        for name in self.names:
            if name not in self.members:
                self.add(name)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._api.stop()
        if self._runner is not None:
            await self._runner.cleanup()
        if self._state is not None:
            await self._state.close()

    def add(self, name: str) -> Member:
        """Adds a member. It is empty except for the namespaces that every cluster has."""
        if not re.fullmatch(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?", name) or name in self.members:
            raise SimulatorError(f"{name!r} can't be a new member: it has to be a name in lower case, and not taken")
        saved = Saved(secrets.token_urlsafe(32), 0)
        if self._state is not None:
            self._state.keep_member(name, saved.token, saved.version)
        return self._add(name, saved)

    def _add(self, name: str, saved: Saved) -> Member:
        member = Member(
            name,
            f"{self.url}/members/{name}",
            self.authority,
            token=saved.token,
            version=saved.version,
            objects=saved.objects,
            written=None if self._state is None else self._state.keep,
            history=self.history,
        )
        self.members[name] = member
        return member

    async def _listen(self, port: int) -> None:
        server = web.Server(self._handle, handler_cancellation=True, request_factory=_request)
        self._runner = web.ServerRunner(server, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        site = web.TCPSite(self._runner, HOST, port, ssl_context=self._certificates.context(), backlog=4096)
        try:
            await site.start()
        except OSError as error:
            await self._runner.cleanup()
            if self._state is not None:
                await self._state.close()
            if error.errno != errno.EADDRINUSE:
                raise
            raise SimulatorError(
                f"port {port} is taken by another process; kubeconfigs of the last run name it, "
                "so end that process, or choose another port"
            ) from error
        self.port = self._runner.addresses[0][1]

    async def _handle(self, http: web.BaseRequest) -> web.StreamResponse:
        if http.raw_path.startswith("/simulator/"):
            return await self._administer(http)
        return await self._api.handle(http)

    async def _administer(self, http: web.BaseRequest) -> web.Response:
        """`GET /simulator/members`, `POST /simulator/members` {name}, `GET …/NAME`, `POST …/NAME/faults` {fault: …}."""
        given = http.headers.get("Authorization", "").removeprefix("Bearer ").encode()
        if not hmac.compare_digest(given, self.admin_token.encode()):
            return answer({"error": "the admin token is missing or wrong"}, 401)
        try:
            content: Any = orjson.loads(await http.read() or b"{}")
            match http.method, *http.path.strip("/").split("/")[1:]:
                case "GET", "members":
                    return answer({name: member.told() for name, member in self.members.items()})
                case "POST", "members":
                    member = self.add(str(content.get("name")))
                    return answer({"name": member.name, "kubeconfig": member.kubeconfig}, 201)
                case "GET", "members", name if name in self.members:
                    return answer(self.members[name].told())
                case "POST", "members", name, "faults" if name in self.members:
                    self.members[name].faults.update(content)
                    return answer(self.members[name].told())
        except (ValueError, AttributeError, SimulatorError) as error:
            return answer({"error": str(error)}, 400)
        return answer({"error": "there is nothing here"}, 404)


def _request(message: Any, payload: Any, protocol: Any, writer: Any, task: Any) -> web.BaseRequest:
    """A request that may be as large as the real server allows."""
    loop = asyncio.get_running_loop()
    return web.BaseRequest(message, payload, protocol, writer, task, loop, client_max_size=LIMIT)
