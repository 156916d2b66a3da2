"""What waits for its turn, a caller's after another's: who has much waiting keeps nobody else from theirs."""

from collections import deque
from typing import Generic, TypeVar

T = TypeVar("T")


class FairQueue(Generic[T]):
    def __init__(self) -> None:
        self._waiting: dict[str, deque[T]] = {}
        """By caller; the one whose turn it is comes first."""
        self._length = 0

    def put(self, caller: str, item: T) -> None:
        self._waiting.setdefault(caller, deque()).append(item)
        self._length += 1

    def take(self) -> T:
        """What has waited longest of what the caller has whose turn it is. There is something."""
        caller = next(iter(self._waiting))
        waiting = self._waiting.pop(caller)
        item = waiting.popleft()
        if waiting:
            self._waiting[caller] = waiting
        self._length -= 1
        return item

    def of(self, caller: str) -> int:
        """How much of the caller's waits."""
        return len(self._waiting.get(caller, ()))

    def __len__(self) -> int:
        return self._length
