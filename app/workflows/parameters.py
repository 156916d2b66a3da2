"""Whether the parameters of a run fit the schema of its definition.

The schema is a user's, and the cost of validating has no bound, so this is done in a process that may be killed.
"""

from collections.abc import Mapping
from typing import Any

from app.workflows.schemas import Part, properties

MAX_PROBLEMS = 50


def parameter_problems(document: Mapping[str, Any], given: Mapping[str, Any]) -> list[tuple[tuple[str, ...], str]]:
    """Paths and sentences; at most `MAX_PROBLEMS`. Parameters that the definition does not declare are refused, unless
    its schema allows others explicitly."""
    schema = document.get("parameters", {})
    found = list[tuple[tuple[str, ...], str]]()
    declared = properties(schema)
    if not schema.keys() & {"additionalProperties", "patternProperties", "$ref", "allOf", "anyOf", "oneOf"}:
        names = ", ".join(sorted(declared)) or "none"
        found += [
            ((name,), f"There is no parameter {name}; the parameters are: {names}.")
            for name in given
            if name not in declared
        ]
    required = [
        name
        for name in schema.get("required", ())
        if not (isinstance(declared.get(name), Mapping) and "default" in declared[name])
    ]
    for problem in Part.of({**schema, "required": required}).problems(dict(given)):
        found.append(problem)
        if len(found) >= MAX_PROBLEMS:
            break
    return found[:MAX_PROBLEMS]
