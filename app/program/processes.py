"""What a process runs: the API, a worker, an observer, or all of them at once. Part of the composition root."""

import asyncio
import gc
import os
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from contextlib import AbstractContextManager, AsyncExitStack, asynccontextmanager, contextmanager, nullcontext
from functools import partial
from typing import Any

import structlog
import uvicorn
from prometheus_client import start_http_server

from app.core import migrations
from app.core.process import allow_open_files, map_large_blocks
from app.core.repeating import lasting
from app.core.settings import Settings
from app.fleet.services import AllServices
from app.identity.accounts import bootstrap
from app.program.embedded import embedded
from app.program.services import open_services
from app.server.connections import HttpConnection, Slots, SocketConnection, most_connections
from app.server.main import create_app
from app.targets.reachability import keep_expiring
from reconcilers.observer import Observer
from reconcilers.worker import run_worker

log = structlog.get_logger()

_LARGEST_MESSAGE = 64 * 2**10
"""The maximum size of a WebSocket message, in bytes: this much may be buffered for each of thousands of sockets. Larger
requests come by HTTP."""
_BACKLOG = 10_000
"""The number of connections that may wait to be accepted, as far as the system allows. Clients beyond that try again
after a second."""
_IDLE_SECONDS = 75
"""For which a connection stays open between two requests. Proxies reuse theirs after up to 60 seconds; one that the API
closes at that moment fails the request."""
_CLOSING_SECONDS = 5  # for requests that are being answered when the API is stopped


class NotConfiguredError(Exception):
    """A process that runs on its own needs real services. The message states which settings are missing."""


class AddressTakenError(Exception):
    """The API cannot listen at its address. The message states what to do."""


def listen(settings: Settings) -> socket.socket:
    """The API's listening socket, on a free port if the port is 0.

    Raises:
        AddressTakenError: if the address is in use, or not an address of this machine.
    """
    try:
        return socket.create_server((settings.host, settings.port), backlog=_BACKLOG)
    except OSError as error:
        where = f"{settings.host}:{settings.port}"
        words = os.strerror(error.errno) if error.errno else str(error)
        raise AddressTakenError(f"Cannot listen on {where} ({words}). Choose another --port or --host.") from None


async def run_api(services: AllServices, listener: socket.socket | None = None) -> None:
    """Serves the API until it is cancelled, on a given listening socket or on a new one."""
    settings = services.settings
    slots = Slots(most_connections(settings.connections), settings.address_connections)
    waiting = Slots(settings.waiting_sockets, settings.waiting_sockets)
    config = uvicorn.Config(
        create_app(services),
        log_config=None,
        access_log=False,
        lifespan="off",
        server_header=False,
        proxy_headers=True,
        forwarded_allow_ips=services.settings.trusted_proxies,
        timeout_keep_alive=_IDLE_SECONDS,
        timeout_graceful_shutdown=_CLOSING_SECONDS,
        http=partial(HttpConnection, slots, waiting, settings.request_timeout),  # type: ignore[arg-type] # it is only called
        ws=partial(SocketConnection, slots),  # type: ignore[arg-type]
        ws_max_size=_LARGEST_MESSAGE,
        # Messages are small. Compression would cost each socket 300 KB, and each message CPU time.
        ws_per_message_deflate=False,
    )
    server = _Server(config)
    serving = asyncio.create_task(server.serve([listener or listen(services.settings)]))
    async with running(keep_expiring(services)):  # because there may be no worker left to do it
        try:
            await asyncio.shield(serving)
        except asyncio.CancelledError:
            server.should_exit = True
            await serving
            raise


class _Server(uvicorn.Server):
    """A server that leaves signals to Polyhelm, which stops the API together with what runs beside it."""

    def capture_signals(self) -> AbstractContextManager[None]:  # type: ignore[override]
        return nullcontext()


async def run_observer(services: AllServices) -> None:
    """Observes until it is cancelled."""
    # It has a connection to each member for each kind that it watches.
    allow_open_files()
    map_large_blocks()
    await lasting("observer", lambda: Observer(services).run())


Part = Callable[[AllServices], Coroutine[Any, Any, None]]


async def run_parts(settings: Settings, parts: list[Part]) -> None:
    """Runs parts on real services until a signal comes.

    Raises:
        NotConfiguredError: if the settings name none.
    """
    missing = [f"POLYHELM_{name.upper()}" for name in ("database_url", "redis_url") if not getattr(settings, name)]
    if missing:
        raise NotConfiguredError(f"Set {' and '.join(missing)}, or use `polyhelm up`, which starts embedded ones.")
    async with open_services(settings) as services:
        with metrics_served(settings):
            await until_signal(*(part(services) for part in parts))


@contextmanager
def metrics_served(settings: Settings) -> Iterator[None]:
    """Serves the metrics of this process on a separate port, in a thread, if the settings name a port.

    Raises:
        AddressTakenError: if the port is in use.
    """
    if settings.metrics_port is None:
        yield
        return
    try:
        server, thread = start_http_server(settings.metrics_port, addr=settings.host)
    except OSError as error:
        raise AddressTakenError(
            f"The metrics cannot be served at {settings.host}:{settings.metrics_port}: {error.strerror}. Set"
            " POLYHELM_METRICS_PORT to a free port."
        ) from None
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@asynccontextmanager
async def all_in_one(settings: Settings) -> AsyncIterator[AllServices]:
    """Runs everything in one process: embedded services where none are configured, migrations, the first admin if a
    bootstrap token is given; then API, worker and observer run beside the block.

    If one of these parts ends, the block is cancelled and the part's error is raised.
    """
    listener = listen(settings)
    settings = settings.model_copy(update={"port": listener.getsockname()[1]})
    async with AsyncExitStack() as stack:
        stack.callback(listener.close)
        complete = await stack.enter_async_context(embedded(settings))
        assert complete.database_url is not None
        await migrations.migrate(complete.database_url)
        async with open_services(complete) as services:
            if complete.bootstrap_token is not None:
                await bootstrap(services, complete.bootstrap_token.get_secret_value())
            async with running(run_api(services, listener), run_worker(services), run_observer(services)):
                yield services


@asynccontextmanager
async def running(*parts: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Runs parts beside the block, and stops them when the block ends."""
    tasks = [asyncio.create_task(part) for part in parts]
    holder = asyncio.current_task()
    assert holder is not None

    def ended(task: asyncio.Task[None]) -> None:
        if not task.cancelled():
            holder.cancel()

    for task in tasks:
        task.add_done_callback(ended)
    try:
        yield
    except asyncio.CancelledError:
        for task in tasks:
            if task.done() and not task.cancelled() and (error := task.exception()):
                raise error from None
        raise
    finally:
        for task in tasks:
            task.remove_done_callback(ended)
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def until_signal(*parts: Coroutine[Any, Any, None]) -> None:
    """Runs parts until SIGINT or SIGTERM comes."""
    async with running(*parts):
        await signalled()


async def signalled() -> None:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    await stop.wait()
    log.info("stopping")


def run(main: Awaitable[None]) -> None:
    """Runs an entry point on uvloop, if it is installed."""
    try:
        import uvloop
    except ImportError:
        factory = None
    else:
        factory = uvloop.new_event_loop
    # Modules, schema and tables stay until the end. Garbage collections that scanned them again and again delayed every
    # request at that time by a few hundred milliseconds, and took a third of a request's CPU time.
    gc.collect()
    gc.freeze()
    # Garbage of requests is collected in small steps, of fifty thousand objects at most. No request is answered during
    # a step. A full collection (with, for example, a thousand open subscriptions) takes half a second, and is rare.
    gc.set_threshold(10_000, 5, 400)
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(main)  # type: ignore[arg-type]
