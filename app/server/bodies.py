"""Reads request bodies piece by piece within limits.

A body that is too large or too slow is refused before it has arrived. All bodies together are buffered within one
shared memory budget.
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field

from starlette.requests import ClientDisconnect, Request

from app.admission.refusal import CLOSING, Refusal
from app.core.tenancy import Tenant
from app.registers.common import CommonCode
from app.registers.requests import RequestCode
from app.server.values import Values

SLOWEST = 32 * 1024
"""Bytes per second. A faster body has all the time it needs."""


@dataclass(frozen=True, slots=True)
class Consumer:
    """Whose share of the budget a body uses: the caller's and, if they are signed in, that of their organizations."""

    caller: str
    tenant: Tenant | None = None


class MemoryBudget:
    """Limits the bytes of all bodies at once: in total, of one caller, and of one organization."""

    def __init__(self, most: int, most_of_caller: int, most_of_tenant: int) -> None:
        self._most = most
        self._most_of_caller = most_of_caller
        self._most_of_tenant = most_of_tenant
        self._taken: Counter[str | Tenant | None] = Counter()
        self._total = 0

    def fits(self, consumer: Consumer, size: int) -> bool:
        of_tenant = self._taken[consumer.tenant] if consumer.tenant is not None else 0
        return (
            self._total + size <= self._most
            and self._taken[consumer.caller] + size <= self._most_of_caller
            and of_tenant + size <= self._most_of_tenant
        )

    def reserve(self, consumer: Consumer, size: int) -> None:
        for key in (consumer.caller, consumer.tenant):
            self._taken[key] += size
            if not self._taken[key]:
                del self._taken[key]
        self._total += size

    def release(self, consumer: Consumer, size: int) -> None:
        self.reserve(consumer, -size)


@dataclass
class Body:
    """The body of a caller's request.

    It has at most `most` bytes, starts to arrive within `seconds`, and continues at `SLOWEST` at least. It uses the
    budget until it is released.
    """

    budget: MemoryBudget
    consumer: Consumer
    most: int
    seconds: float
    data: bytes = b""
    values: Values = field(default_factory=Values)
    is_whole: bool = False
    _size: int = 0

    async def read(self, request: Request, turn: Callable[[int], AbstractAsyncContextManager[None]]) -> None:
        """Reads all of it. Scanning large pieces waits for the caller's turn.

        Raises:
            Refusal: It is too large, too slow, compressed, has too many JSON values, or exceeds the budget.
        """
        if request.headers.get("content-encoding", "identity").lower() != "identity":
            raise Refusal(415, RequestCode.COMPRESSED_BODY, "Send the request without compression.", CLOSING)
        announced = request.headers.get("content-length", "")
        self._check(int(announced[:20]) if announced.isdecimal() else 0)
        pieces = list[bytes]()
        try:
            async with asyncio.timeout(self.seconds) as limit:
                began = asyncio.get_running_loop().time()
                async for piece in request.stream():
                    self._check(len(piece))
                    self.budget.reserve(self.consumer, len(piece))
                    self._size += len(piece)
                    async with turn(len(piece)):
                        self.values.add(piece)
                    pieces.append(piece)
                    limit.reschedule(began + self.seconds + self._size / SLOWEST)
        except TimeoutError:
            raise Refusal(
                408, RequestCode.TOO_SLOW, "The request arrived too slowly. Send it again.", CLOSING
            ) from None
        except ClientDisconnect:
            raise Refusal(400, RequestCode.BROKEN_OFF, "The request ended before it was complete.", CLOSING) from None
        self.data = b"".join(pieces)
        self.is_whole = True

    def _check(self, more: int) -> None:
        if self._size + more > self.most:
            message = f"A request has at most {self.most:,} bytes. Send a smaller one."
            message += " Callers that are signed in may send larger ones."
            raise Refusal(413, RequestCode.BODY_TOO_LARGE, message, CLOSING)
        if not self.budget.fits(self.consumer, more):
            message = (
                "The server is processing too much data. Send the request again when your previous ones are answered."
            )
            raise Refusal(503, CommonCode.BUSY, message, CLOSING | {"Retry-After": "1"})

    def release(self) -> None:
        self.budget.release(self.consumer, self._size)
        self._size = 0
