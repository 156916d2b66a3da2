"""Which requests fail, and how."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.faults.failures import Failure
from tests.faults.requests import Request


@dataclass(eq=False)
class Rule:
    """Requests that match fail: all of them, or `times` of them after the first `skip`, until the rule is lifted."""

    failure: Failure
    method: str = ""
    path: str = ""
    where: Callable[[Request], bool] = lambda request: True
    skip: int = 0
    times: int | None = None
    hits: list[Request] = field(default_factory=list)
    """The requests that have failed."""
    lifted: asyncio.Event = field(default_factory=asyncio.Event, repr=False)
    _matched: int = 0
    _hit: asyncio.Event = field(default_factory=asyncio.Event, repr=False)

    def takes(self, request: Request) -> bool:
        """Whether this request fails by this rule; counts it then."""
        if self.lifted.is_set() or not (request.matches(self.method, self.path) and self.where(request)):
            return False
        self._matched += 1
        if self._matched <= self.skip or (self.times is not None and len(self.hits) >= self.times):
            return False
        self.hits.append(request)
        self._hit.set()
        return True

    async def hit(self, seconds: float = 180) -> Request:
        """The first request that has failed, once there is one. Raises TimeoutError."""
        async with asyncio.timeout(seconds):
            await self._hit.wait()
        return self.hits[0]

    def lift(self) -> None:
        """No further request fails by this rule, and those that hang come to their end."""
        self.lifted.set()
