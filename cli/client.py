"""One server, asked in GraphQL. Whatever goes wrong on the way becomes a `Failure` that says what to do."""

import socket
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

import httpx2

from cli.failure import UNREACHABLE, Failure

SECONDS = 60.0
"""How long one answer may take: a plan asks every cluster."""

ERRORS = """
... on UserError {
  code message path
  ... on ValidationFailed { problems { path message } }
  ... on ClusterUnreachable { clusters }
}
"""
_PAGE = 200
_GATEWAY_TROUBLE = (502, 503, 504)
"""What a proxy answers while there is no server behind it."""
_LISTS = {
    "cluster": "polyhelm cluster ls",
    "cluster_group": "polyhelm group ls",
    "chart_repository": "polyhelm repo ls",
    "chart": "polyhelm chart search",
    "chart_version": "polyhelm chart show REPOSITORY/NAME",
    "deployment": "polyhelm deploy ls",
    "secret": "polyhelm secret ls",
    "token": "polyhelm token ls",
    "user": "polyhelm role ls",
}
"""Where to look for what was not found, by the beginning of the error's code."""
_NEXT_STEPS = {
    "generation_moved_on": "Look at what was changed meanwhile: polyhelm deploy history GROUP/RELEASE",
    "organization_needed": "Name it with --organization, or for good: polyhelm context use CONTEXT --organization NAME",
    "removal_unconfirmed": "Add --confirm-removal NUMBER to confirm it.",
    "cluster_unreachable": "Look at the clusters: polyhelm cluster ls",
}


class Client:
    """Connects when it is first asked for something. Without a token it goes by cookies, as a browser does."""

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
        """The data of a query."""
        return self.data_of(self._post({"query": document, "variables": variables}))

    def pages(
        self, document: str, variables: Mapping[str, Any], *, most: int | None = None, size: int | None = None
    ) -> Iterator[Any]:
        """The nodes of a connection, which is the query's only field, over all its pages; `most` of them at most.
        Pages are as large as they come, or of `size`."""
        after, left, size = None, most, size or _PAGE
        while left is None or left > 0:
            first = size if left is None else min(size, left)
            (connection,) = self.ask(document, {**variables, "first": first, "after": after}).values()
            yield from connection["nodes"]
            if not connection["pageInfo"]["hasNextPage"]:
                return
            after = connection["pageInfo"]["endCursor"]
            left = None if left is None else left - first

    def mutate(self, mutation: str, payload: str, given: Mapping[str, Any]) -> Any:
        """A mutation's payload. What is None is left out.

        Raises:
            Failure: with the problems and their paths, where the server answers with a user error.
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
        """The data of an execution result, as it came in an answer or an event."""
        if errors := answer.get("errors"):
            raise self._refusal(errors)
        return answer["data"]

    def unreachable(self, error: httpx2.HTTPError) -> Failure:
        words = str(error) or type(error).__name__
        next_step = "Is it running, and is this its address? Try --server."
        return Failure(f"{self.server} can't be reached: {words}", next_step, kind=UNREACHABLE)

    def _post(self, body: Mapping[str, Any]) -> Any:
        try:
            response = self.http.post("/graphql", json=body)
        except httpx2.HTTPError as error:
            raise self.unreachable(error) from None
        return self.answer_of(response)

    def answer_of(self, response: httpx2.Response) -> Any:
        """The execution result in a response."""
        try:
            answer = response.json()
        except ValueError:
            answer = None
        if not isinstance(answer, dict) or not ({"data", "errors"} & set(answer)):
            raise Failure(
                f"{self.server} does not answer as Polyhelm does (HTTP {response.status_code}).",
                "Is this its address? Try --server.",
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
    return f"See what there is: {command}" if command else _NEXT_STEPS.get(code)
