"""Requests that a proxy has seen, and what tests ask of them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

_RECORD = "sh.helm.release.v1."


@dataclass
class Request:
    """One request. `status` is what the client was answered: None while there is no answer, or where there was none.
    `served` is what the server behind the proxy has answered, whatever the client was told."""

    number: int
    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    status: int | None = None
    served: int | None = None

    @property
    def acted(self) -> bool:
        """Whether the server has got the request, and has answered."""
        return self.served is not None

    @property
    def agent(self) -> str:
        return self.headers.get("User-Agent", "")

    @property
    def identity(self) -> dict[str, str]:
        """Headers that say whom the request is from, apart from the token; their names in lower case."""
        headers = {name.lower(): value for name, value in self.headers.items()}
        return {name: value for name, value in headers.items() if name.startswith(("impersonate-", "x-remote-"))}

    def matches(self, method: str = "", path: str = "") -> bool:
        """Whether it has this method, and this pattern somewhere in its path; empty ones match all."""
        return method in ("", self.method) and re.search(path, self.path) is not None


def watches(request: Request) -> bool:
    return request.query.get("watch") in ("1", "true")


def by_helm(request: Request) -> bool:
    return request.agent.startswith("Helm/")


def writes_record(request: Request) -> bool:
    """Creates, changes or deletes a revision of a Helm release."""
    if request.method == "POST":
        return request.path.endswith("/secrets") and _RECORD.encode() in request.body
    return request.method in ("PUT", "PATCH", "DELETE") and f"/secrets/{_RECORD}" in request.path
