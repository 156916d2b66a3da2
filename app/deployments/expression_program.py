"""Evaluates expressions of users, in a process that may be killed (`app.sandbox.pool`).

The cost of an expression has no bound (docs/decisions/cel.md).
"""

import json
from typing import Any

from app.cel.expression import CompileError, Environment, EvaluationError, Expression
from app.sandbox.serving import serve

MAX_RESULTS = 16 * 2**20
"""The maximum number of characters of all results of a request, as JSON."""


def evaluated(asked: dict[str, Any]) -> dict[str, Any]:
    """Compiles `expressions` in an environment of `variables`, and evaluates for each of the `cases` those in `use`, by
    their places in the list.

    Returns `refused`, the problem of each expression that is not valid, by its place; and `results`, for each case a
    list of `[true, value]` or `[false, problem]`. If any expression is refused, none is evaluated.
    """
    environment = Environment(asked["variables"])
    compiled: list[Expression] = []
    refused: dict[str, str] = {}
    for index, text in enumerate(asked["expressions"]):
        try:
            compiled.append(environment.compile(text))
        except CompileError as error:
            refused[str(index)] = str(error)
    if refused:
        return {"refused": refused, "results": []}
    left = MAX_RESULTS
    results = []
    for case in asked["cases"]:
        found: list[tuple[bool, Any]] = []
        for index in case["use"]:
            try:
                value = compiled[index].evaluate(case["variables"])
            except EvaluationError as error:
                found.append((False, str(error)))
                continue
            left -= len(json.dumps(value))
            found.append((True, value) if left > 0 else (False, "the results of all expressions are too large"))
        results.append(found)
    return {"refused": {}, "results": results}


def _answer(request: bytes) -> bytes:
    return json.dumps(evaluated(json.loads(request))).encode()


if __name__ == "__main__":
    serve(
        _answer,
        b'{"variables": ["a"], "expressions": ["[a].map(x, \'b\')"], "cases": [{"variables": {"a": 1}, "use": [0]}]}',
    )
