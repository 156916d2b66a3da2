"""Computes the next steps of runs, in a process that may be killed (`app.sandbox.pool`).

The cost of evaluating expressions and of validating parameters has no bound (docs/decisions/cel.md,
docs/decisions/schemas.md).
"""

import json
import re
from datetime import datetime
from functools import lru_cache
from typing import Any

from app.sandbox.serving import serve
from app.workflows.definition import Definition, StepTemplate
from app.workflows.parameters import parameter_problems
from app.workflows.progress import advance
from app.workflows.run import StepRun
from app.workflows.stored_form import error_form, run_of, step_form

_ITEM = re.compile(r"\[\d+\]")


def _answer(request: bytes) -> bytes:
    asked = json.loads(request)
    if "given" in asked:
        return json.dumps(parameter_problems(json.loads(asked["definition"]), asked["given"])).encode()
    return json.dumps(_step(asked)).encode()


@lru_cache(maxsize=20)
def _definition(text: str) -> tuple[Definition, dict[str, StepTemplate]]:
    """The definition in a JSON text, and its steps by their paths."""
    found = Definition.of_json(json.loads(text))
    return found, found.by_path


def _step(asked: Any) -> dict[str, Any]:
    """The run after the next step: the steps that have changed, with their types, and the attempts that begin."""
    definition, templates = _definition(asked["definition"])
    before = run_of(asked["run"])
    step = advance(definition, before, datetime.fromisoformat(asked["now"]))
    changed = {
        path: {**step_form(after), "type": _type_of(templates[_ITEM.sub("", path)], after)}
        for path, after in step.run.steps.items()
        if before.steps.get(path) != after
    }
    return {
        "state": step.run.state,
        "outputs": step.run.outputs,
        "error": error_form(step.run.error),
        "changed": changed,
        "starts": [[start.path, start.attempt] for start in step.starts],
        "nextAt": step.next_at and step.next_at.isoformat(),
    }


def _type_of(template: StepTemplate, run: StepRun) -> str | None:
    """The type of a step; None for a group, and for all items of a `forEach` together."""
    if template.composed is not None:
        return None if run.inputs is None else template.composed.type
    return template.type if run.attempt else None


_EXAMPLE = {"name": "a", "steps": [{"name": "a", "type": "log", "inputs": {"message": "${{ 'a' }}"}}]}
_WARM_UP = {
    "definition": json.dumps(_EXAMPLE),
    "run": {"parameters": {}, "steps": {}, "state": "RUNNING", "isCancelling": False},
    "now": "2026-01-01T00:00:00+00:00",
}

if __name__ == "__main__":
    serve(_answer, json.dumps(_WARM_UP).encode())
