"""The containers of a pod, with the state of each. Pure; the pod is unchecked."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from app.health.fields import flag, items, number, text
from app.health.health import shortened
from app.releases.texts import without_nul

_MOST = 50


class ContainerState(StrEnum):
    WAITING = "WAITING"
    RUNNING = "RUNNING"
    TERMINATED = "TERMINATED"
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True, slots=True)
class Container:
    """`run` identifies the process that runs or ran in it: it differs after a restart. `exit_code` is that of a
    container that has terminated."""

    name: str
    image: str
    is_init: bool
    state: ContainerState
    is_ready: bool
    restarts: int
    run: str
    reason: str | None = None
    message: str | None = None
    exit_code: int | None = None
    previous_exit_code: int | None = None

    def continues(self, earlier: "Container") -> bool:
        """Whether the process that ran in it then still runs."""
        return self.run == earlier.run and self.state is ContainerState.RUNNING

    @property
    def has_logs(self) -> bool:
        """Whether the container has started at least once."""
        return bool(self.run) or self.state in (ContainerState.RUNNING, ContainerState.TERMINATED)


def containers_of(pod: Mapping[str, Any]) -> list[Container]:
    """The init containers, then the others, each in the order of the pod's specification."""
    return list(_containers(pod))


def _containers(pod: Mapping[str, Any]) -> Iterator[Container]:
    for field, statuses, is_init in (
        ("initContainers", "initContainerStatuses", True),
        ("containers", "containerStatuses", False),
        ("ephemeralContainers", "ephemeralContainerStatuses", False),
    ):
        known = {text(each, "name"): each for each in items(pod, "status", statuses)[:_MOST]}
        for spec in items(pod, "spec", field)[:_MOST]:
            if name := text(spec, "name"):
                yield _container(name, text(spec, "image"), known.get(name, {}), is_init=is_init)


def _container(name: str, image: str, status: Mapping[str, Any], *, is_init: bool) -> Container:
    state, within = ContainerState.UNKNOWN, ""
    for each in (ContainerState.WAITING, ContainerState.RUNNING, ContainerState.TERMINATED):
        if isinstance(status.get("state"), Mapping) and isinstance(status["state"].get(each.lower()), Mapping):
            state, within = each, each.lower()
    at = ("state", within)
    ended = state is ContainerState.TERMINATED
    return Container(
        without_nul(name),
        without_nul(image),
        is_init,
        state,
        flag(status, "ready"),
        number(status, "restartCount", default=0),
        text(status, "containerID") or text(status, *at, "containerID"),
        _words(text(status, *at, "reason")),
        _words(text(status, *at, "message")),
        number(status, *at, "exitCode", default=0) if ended else None,
        _previous_exit_code(status),
    )


def _previous_exit_code(status: Mapping[str, Any]) -> int | None:
    last = status.get("lastState")
    has_ended = isinstance(last, Mapping) and isinstance(last.get("terminated"), Mapping)
    return number(status, "lastState", "terminated", "exitCode", default=0) if has_ended else None


def _words(found: str) -> str | None:
    return shortened(without_nul(found)) if found else None
