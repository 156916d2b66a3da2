"""A client of one server. Every error becomes a `Failure` that suggests a solution."""

import socket
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

import httpx2

from cli.failure import UNREACHABLE, Failure

SECONDS = 60.0
"""The time limit for one answer. A plan asks every cluster."""

ERRORS = """
... on UserError {
  code message path
  ... on ValidationFailed { problems { path message } }
  ... on ClusterUnreachable { clusters }
}
"""
_PAGE = 200
_GATEWAY_TROUBLE = (502, 503, 504)
"""The statuses with which a proxy answers if there is no server behind it."""
_LISTS = {
    "cluster": "polyhelm cluster ls",
    "cluster_group": "polyhelm group ls",
    "chart_repository": "polyhelm repo ls",
    "chart": "polyhelm chart search",
    "chart_version": "polyhelm chart show REPOSITORY/NAME",
    "deployment": "polyhelm deploy ls",
    "plan": "polyhelm plans ls",
    "secret": "polyhelm secret ls",
    "token": "polyhelm token ls",
    "user": "polyhelm role ls",
}
"""The command that lists what was not found, by the prefix of the error's code."""
_NEXT_STEPS = {
    "generation_moved_on": "See what changed in the meantime: polyhelm deploy history GROUP/RELEASE",
    "organization_needed": "Use --organization, or set the default: polyhelm context use CONTEXT --organization NAME",
    "removal_unconfirmed": "Add --confirm-removal NUMBER to confirm it.",
    "plan_outdated": "Make a new plan: polyhelm plan",
    "cluster_unreachable": "List the clusters: polyhelm cluster ls",
}


class Client:
    """Connects on first use. Without a token, it uses cookies like a browser."""

    def __init__(self, server: str, token: str | None, timeout: float = SECONDS) -> None:
        self.server = server
        self._token = token
        self._timeout = timeout

    @cached_property
    def http(self) -> httpx2.Client:
        parts = urlsplit(self.server)
        own = (
            {"Authorization": f"Bearer {self._token}"}
            if self._token
            else {"Origin": f"{parts.scheme}://{parts.netloc}"}
        )
        headers = {**own, "User-Agent": f"polyhelm on {socket.gethostname()}"}
        return httpx2.Client(base_url=self.server, headers=headers, timeout=self._timeout)

    def close(self) -> None:
        if "http" in self.__dict__:
            self.http.close()

    def ask(self, document: str, variables: Mapping[str, Any]) -> Any:
        """Returns the data of a query."""
        return self.data_of(self._post({"query": document, "variables": variables}))

    def pages(
        self,
        document: str,
        variables: Mapping[str, Any],
        *,
        most: int | None = None,
        size: int | None = None,
        at: Sequence[str] = (),
    ) -> Iterator[Any]:
        """Returns the nodes of a connection, which is the query's only field or `at` these fields below it, from all
        pages, up to `most` nodes. Pages have the default size, or `size`."""
        after, left, size = None, most, size or _PAGE
        while left is None or left > 0:
            first = size if left is None else min(size, left)
            (connection,) = self.ask(document, {**variables, "first": first, "after": after}).values()
            for field in at:
                connection = connection[field]
            yield from connection["nodes"]
            if not connection["pageInfo"]["hasNextPage"]:
                return
            after = connection["pageInfo"]["endCursor"]
            left = None if left is None else left - first

    def mutate(self, mutation: str, payload: str, given: Mapping[str, Any]) -> Any:
        """Returns a mutation's payload. Arguments that are None are omitted.

        Raises:
            Failure: The server answers with a user error. It contains the problems with their paths.
        """
        kind = mutation[0].upper() + mutation[1:]
        document = (
            f"mutation ($input: {kind}Input!) {{ {mutation}(input: $input) {{ __typename {payload} {ERRORS} }} }}"
        )
        sent = {name: value for name, value in given.items() if value is not None}
        answer = self.ask(document, {"input": sent})[mutation]
        if "code" in answer:
            raise user_error(answer)
        return answer

    def data_of(self, answer: Any) -> Any:
        """Returns the data of an execution result, as received in an answer or an event."""
        if errors := answer.get("errors"):
            raise self._refusal(errors)
        return answer["data"]

    def unreachable(self, error: httpx2.HTTPError) -> Failure:
        words = str(error) or type(error).__name__
        next_step = "Check that the server is running and that the address is right (--server)."
        return Failure(f"{self.server} is unreachable: {words}", next_step, kind=UNREACHABLE)

    def _post(self, body: Mapping[str, Any]) -> Any:
        try:
            response = self.http.post("/graphql", json=body)
        except httpx2.HTTPError as error:
            raise self.unreachable(error) from None
        return self.answer_of(response)

    def answer_of(self, response: httpx2.Response) -> Any:
        """Returns the execution result in a response."""
        try:
            answer = response.json()
        except ValueError:
            answer = None
        if not isinstance(answer, dict) or not ({"data", "errors"} & set(answer)):
            raise Failure(
                f"{self.server} is not a Polyhelm server (HTTP {response.status_code}).",
                "Check the address (--server).",
                kind=UNREACHABLE if response.status_code in _GATEWAY_TROUBLE else None,
            )
        return answer

    def _refusal(self, errors: list[Any]) -> Failure:
        first = errors[0]
        code = (first.get("extensions") or {}).get("code")
        if code == "unauthenticated":
            return Failure(
                f"{self.server} does not accept the token.", f"Sign in again: polyhelm login {self.server}", kind=code
            )
        return Failure(first["message"], _next_step(code), tuple(error["message"] for error in errors[1:]), kind=code)


def user_error(error: Any) -> Failure:
    problems = error.get("problems") or [error]
    lines = [f"{'.'.join(problem['path'])}: {problem['message']}" for problem in problems if problem["path"]]
    if not lines or "problems" not in error:
        return Failure(error["message"], _next_step(error["code"]), kind=error["code"])
    return Failure("The input is not valid.", _next_step(error["code"]), tuple(lines), kind=error["code"])


def _next_step(code: str | None) -> str | None:
    if code is None:
        return None
    command = _LISTS.get(code.removesuffix("_not_found")) if code.endswith("_not_found") else None
    return f"List them: {command}" if command else _NEXT_STEPS.get(code)
