"""Notifications about changes: a GraphQL subscription over server-sent events (the graphql-sse protocol, "distinct
connections").

The changed objects are queried afterwards, so a slow reader sees their newest state and no queue of old ones.
"""

import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from cli.failure import UNREACHABLE, Failure
from cli.terminal import tell

if TYPE_CHECKING:
    from cli.client import Client

_BREATH = 0.25
"""Changes within this number of seconds are combined."""
_RETRY, _LONGEST_RETRY = 0.5, 10.0
_SILENT = 60.0
"""After this time without even a keep-alive, a connection counts as lost."""
_ASK_AGAIN = 1.0


@dataclass(frozen=True)
class Message:
    """One server-sent event."""

    event: str
    data: str


class NoSubscriptionsError(Exception):
    """The server answers, but does not have this subscription."""


Seen = TypeVar("Seen")


def looks(
    client: "Client",
    subscription: str,
    variables: Mapping[str, Any],
    look: Callable[[], Seen],
    *,
    seconds: float | None = None,
) -> Iterator[Seen]:
    """Yields what `look` returns, immediately and after each change. Waits for a server that is temporarily
    unreachable.

    Raises:
        Failure: The first query fails, or a later one for a reason other than the connection.
    """
    present: bool | None = None
    for _ in ticks(client, subscription, variables, seconds=seconds):
        try:
            seen = look()
        except Failure as failure:
            if present is None or failure.kind != UNREACHABLE:
                raise
            if present:
                tell(f"{failure.message}. Trying again...")
            present = False
        else:
            present = True
            yield seen


def ticks(
    client: "Client", subscription: str, variables: Mapping[str, Any], *, seconds: float | None = None
) -> Generator[None, None, None]:
    """Yields immediately and then whenever there may be a change. Ends after the given number of seconds."""
    end = None if seconds is None else time.monotonic() + seconds
    happened, closed = threading.Event(), threading.Event()
    listener = threading.Thread(
        target=_listen, args=(client, subscription, variables, happened, closed), name="listener", daemon=True
    )
    listener.start()
    try:
        while True:
            happened.clear()
            yield
            if not happened.wait(None if end is None else max(0.0, end - time.monotonic())):
                return
            time.sleep(_BREATH)
    finally:
        closed.set()


def messages(lines: Iterable[str]) -> Iterator[Message]:
    """Parses the events in the lines of a stream, by the rules of HTML's `text/event-stream`."""
    event, data = "", list[str]()
    for line in lines:
        if not line:
            if event or data:
                yield Message(event or "message", "\n".join(data))
            event, data = "", []
            continue
        field, _, value = line.partition(":")
        if field == "event":
            event = value.removeprefix(" ")
        elif field == "data":
            data.append(value.removeprefix(" "))


def results(
    client: "Client", subscription: str, variables: Mapping[str, Any], opened: Callable[[], None] = lambda: None
) -> Generator[Any, None, None]:
    """Yields the data of each result of a subscription until the server completes it. Calls `opened` when it is
    established.

    Raises:
        NoSubscriptionsError: The server does not support it.
        Failure: A result is an error, or the connection is lost.
    """
    import json

    import httpx2

    headers = {"accept": "text/event-stream"}
    body = {"query": subscription, "variables": dict(variables)}
    timeout = httpx2.Timeout(10.0, read=_SILENT)
    try:
        with client.http.stream("POST", "/graphql", json=body, headers=headers, timeout=timeout) as response:
            if not response.headers.get("content-type", "").startswith("text/event-stream"):
                response.read()
                raise NoSubscriptionsError
            opened()
            for message in messages(response.iter_lines()):
                if message.event == "complete":
                    return
                if message.event == "next":
                    yield client.data_of(json.loads(message.data))
    except httpx2.HTTPError as error:
        raise client.unreachable(error) from None


def _listen(
    client: "Client",
    subscription: str,
    variables: Mapping[str, Any],
    happened: threading.Event,
    closed: threading.Event,
) -> None:
    """Sets `happened` for each result, on one connection after another, until `closed` is set. Also sets it for
    each new connection, because changes may have been missed."""
    pause = _RETRY
    while not closed.is_set():
        try:
            for _ in results(client, subscription, variables, opened=happened.set):
                pause = _RETRY
                happened.set()
            happened.set()  # it is complete: its object no longer exists
        except NoSubscriptionsError:
            _ask_again(happened, closed)
        except Failure:
            happened.set()  # the next query reports the error
        except Exception:
            if closed.is_set():
                return  # its connection was closed by another task
            raise
        closed.wait(pause)
        pause = min(2 * pause, _LONGEST_RETRY)


def _ask_again(happened: threading.Event, closed: threading.Event) -> None:
    """For servers without subscriptions: reports a possible change once a second."""
    while not closed.wait(_ASK_AGAIN):
        happened.set()
