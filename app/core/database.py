"""Postgres: one engine with a bounded pool, and read-only sessions. Writes use `Transaction`."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import orjson
import structlog
from asyncpg.exceptions import DataError as NotEncodableError
from sqlalchemy import event, text
from sqlalchemy.engine import ExceptionContext, make_url
from sqlalchemy.exc import DBAPIError, DisconnectionError, IntegrityError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker, create_async_engine
from sqlmodel.ext.asyncio.session import AsyncSession

from app.core.limiter import Limiter, share
from app.core.tenancy import current_tenant

log = structlog.get_logger()

LOST = (DBAPIError, PoolTimeoutError, OSError)
"""The errors that are raised if Postgres is unavailable, or no connection of the pool becomes free."""


class DataRefusedError(Exception):
    """Postgres cannot store a given value. Retrying does not help, and nothing else is wrong."""

    def __init__(self, message: str, sqlstate: str | None) -> None:
        super().__init__(message)
        self.sqlstate = sqlstate


IDLE_SECONDS = 10
"""After this time, Postgres rolls back a transaction whose client is silent, which releases its locks."""

LOCK_SECONDS = 15
"""The longest wait of a statement for a lock. It exceeds the time for which a stopped process can hold one."""

STATEMENT_SECONDS = 30

TRANSACTION_SECONDS = 45
"""After this time, Postgres ends a transaction and its connection (from version 17). To Postgres, a client that stopped
after preparing a statement is neither idle nor running one, so no other limit releases its locks."""

_CONNECT_SECONDS = 10
_WAIT_SECONDS = 30
"""That a query or transaction waits for a connection."""
_ANSWER_SECONDS = 45  # for how long Postgres's machine may be silent
_LIMITS = {
    "idle_in_transaction_session_timeout": f"{IDLE_SECONDS}s",
    "lock_timeout": f"{LOCK_SECONDS}s",
    "statement_timeout": f"{STATEMENT_SECONDS}s",
    # A machine that fails does not close its connections.
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "25s",
}
_LIMIT_TRANSACTIONS = "SELECT set_config(name, $1, false) FROM pg_settings WHERE name = 'transaction_timeout'"
_WRITE = text("INSERT INTO event_batch (events) VALUES ('[]')")

_DATA_CLASSES = ("22", "54")  # data_exception, program_limit_exceeded
_LONGEST_WORDS = 1000
_NUL_STATES = ("22021", "22P05")  # character_not_in_repertoire, untranslatable_character
_AGAIN_SECONDS = 0.5

Found = TypeVar("Found")


def holds_nul(error: BaseException) -> bool:
    """Returns whether Postgres refused text or JSON because of U+0000, the one character that it cannot store."""
    return isinstance(error, DataRefusedError) and error.sqlstate in _NUL_STATES


def engine_for(url: str, *, pool_size: int, **more: Any) -> AsyncEngine:
    """Returns an engine for a `postgresql://` address, with asyncpg as its driver."""
    engine = create_async_engine(
        make_url(url).set(drivername="postgresql+asyncpg"),
        pool_size=pool_size,
        max_overflow=0,
        **more,
        json_serializer=lambda value: orjson.dumps(value).decode(),
        json_deserializer=orjson.loads,
    )
    event.listen(engine.sync_engine, "checkout", _refuse_closed)
    event.listen(engine.sync_engine, "handle_error", _tell_data_apart)
    return engine


def _refuse_closed(connection: Any, record: Any, proxy: Any) -> None:
    """Makes the pool replace connections that Postgres has closed.

    asyncpg knows about them, while a ping (`pool_pre_ping`) would be a round trip for each session: a tenth of the
    worker's CPU time.
    """
    if connection.driver_connection.is_closed():
        raise DisconnectionError


def _limit_transactions(connection: Any, record: Any) -> None:
    """Limits the transactions of a new connection, if Postgres can (from version 17)."""
    connection.run_async(lambda driver: driver.fetch(_LIMIT_TRANSACTIONS, f"{TRANSACTION_SECONDS}s"))


def _tell_data_apart(context: ExceptionContext) -> None:
    """Raises DataRefusedError instead of SQLAlchemy's error, which is of one class for most errors of asyncpg."""
    error = context.original_exception
    sqlstate = getattr(error, "sqlstate", None)
    if (sqlstate or "")[:2] in _DATA_CLASSES or isinstance(error.__cause__, NotEncodableError):
        raise DataRefusedError(str(error)[:_LONGEST_WORDS], sqlstate) from error


class Database:
    """Half of the connections write, in transactions. The other half read: the database refuses a write there, and as
    each query sees a state of its own anyway (READ COMMITTED), none is wrapped into a transaction, which would be two
    more round trips.

    What is done for organizations leaves one connection of either half to what Polyhelm does for all of them. An
    organization may use `percent` of the rest.
    """

    def __init__(self, url: str, *, pool_size: int = 12, percent: int = 75) -> None:
        writers, readers = pool_size - pool_size // 2, pool_size // 2
        self.engine = engine_for(url, pool_size=writers, connect_args=_connected())
        self._readers = engine_for(
            url,
            pool_size=readers,
            isolation_level="AUTOCOMMIT",
            connect_args=_connected(default_transaction_read_only="on"),
        )
        for engine in (self.engine, self._readers):
            event.listen(engine.sync_engine, "connect", _limit_transactions)
        self._sessions = _sessions(self.engine)
        self._reading = _sessions(self._readers)
        self._writing_slots = _limiter("database_writing", writers, percent)
        self._reading_slots = _limiter("database_reading", readers, percent)

    @property
    def limiters(self) -> tuple[Limiter, Limiter]:
        return self._writing_slots, self._reading_slots

    @asynccontextmanager
    async def sessions(self) -> AsyncIterator[AsyncSession]:
        """A session that can write."""
        async with _slot(self._writing_slots), self._sessions() as session:
            yield session

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncSession]:
        """Opens a session for queries only."""
        async with _slot(self._reading_slots), self._reading() as session:
            yield session

    async def rows(self, statement: Any, **parameters: Any) -> list[Any]:
        """Returns all rows of one query."""
        async with self.reading() as session:
            result: Any = await session.execute(statement, parameters)
            return list(result.all())

    async def check(self) -> None:
        """Raises an error if Postgres does not answer."""
        await self.rows(text("SELECT 1"))

    async def check_writing(self) -> None:
        """Raises an error if nothing can be written. It tests everything a mutation needs, including an event without
        content."""
        async with self.engine.begin() as connection:
            await connection.execute(_WRITE)

    async def close(self) -> None:
        await self.engine.dispose()
        await self._readers.dispose()


def _limiter(pool: str, connections: int, percent: int) -> Limiter:
    slots = max(1, connections - 1)
    return Limiter(pool, slots, each=share(slots, percent))


@asynccontextmanager
async def _slot(limiter: Limiter) -> AsyncIterator[None]:
    """Holds one of the connections that the current organization may use; what is done for all has no such bound.

    Raises:
        PoolTimeoutError: where none becomes free in time.
    """
    tenant = current_tenant()
    if tenant is None:
        yield
        return
    try:
        async with asyncio.timeout(_WAIT_SECONDS):
            slot = await limiter.acquire(tenant)
    except TimeoutError:
        message = f"No database connection became free for the organization within {_WAIT_SECONDS} s."
        raise PoolTimeoutError(message) from None
    try:
        yield
    finally:
        slot.release()


def _connected(**settings: str) -> dict[str, Any]:
    return {
        "timeout": _CONNECT_SECONDS,
        "command_timeout": _ANSWER_SECONDS,
        "server_settings": _LIMITS | settings,
    }


def _sessions(engine: AsyncEngine) -> async_sessionmaker[AsyncSession]:
    return async_sessionmaker(engine, class_=AsyncSession, expire_on_commit=False, autoflush=False)


async def patiently(look: Callable[[], Awaitable[Found]]) -> Found:
    """Repeats the function until Postgres is available, for work that cannot be lost."""
    while True:
        try:
            return await look()
        except (IntegrityError, ProgrammingError):
            raise
        except LOST as error:
            log.warning("database.lost", error=str(error))
            await asyncio.sleep(_AGAIN_SECONDS)
