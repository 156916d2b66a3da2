"""The language of workflow definitions, as a JSON Schema. It says which keys there are; `checking` checks what they
mean."""

from typing import Any

import jsonschema_rs

MAX_STEPS = 200
"""Steps of a definition, with those in groups."""
MAX_DEPTH = 6
"""How deep groups are nested."""
MAX_EXPRESSIONS = 1_000
MAX_ATTEMPTS = 100
MAX_AT_ONCE = 100
"""Items of a `forEach` that run at the same time."""

_NAME = {"type": "string", "pattern": "^[a-z][A-Za-z0-9_]{0,62}$"}
_EXPRESSION = {"type": "string", "description": "One expression, such as ${{ parameters.count > 1 }}."}
_DURATION = {"type": "string", "maxLength": 40, "description": "A duration, such as 30s, 15m or 2h."}
_STEPS = {"type": "array", "items": {"$ref": "#/$defs/step"}, "minItems": 1}
_VALUES = {"type": "object", "propertyNames": _NAME}

_STEP: dict[str, Any] = {
    "type": "object",
    "required": ["name"],
    "additionalProperties": False,
    "properties": {
        "name": _NAME | {"description": "The step's name in expressions. It is unique in the definition."},
        "type": {"type": "string", "maxLength": 63, "description": "The step type."},
        "sequence": _STEPS | {"description": "A group whose steps run one after another."},
        "parallel": _STEPS | {"description": "A group whose steps run at the same time."},
        "inputs": {"type": "object", "description": "The inputs of the step type."},
        "outputs": _VALUES
        | {"description": "Outputs by name. `result` has the outputs of the step type. Default: these outputs."},
        "if": _EXPRESSION | {"description": "The step is skipped unless this is true."},
        "forEach": {
            "type": "object",
            "required": ["items"],
            "additionalProperties": False,
            "description": "Runs the step once for each item of a list.",
            "properties": {
                "items": {"type": ["array", "string"], "description": "A list, or an expression that returns one."},
                "as": _NAME | {"description": "The name of the item in expressions. Default: item."},
                "limit": {
                    "type": "integer",
                    "minimum": 1,
                    "maximum": MAX_AT_ONCE,
                    "description": "How many items run at the same time. Default: 10.",
                },
            },
        },
        "dependsOn": {
            "type": "array",
            "items": {"type": "string"},
            "description": "Steps of the same group that end before this one begins. Default: the previous step, and"
            " none in `parallel`.",
        },
        "timeout": _DURATION | {"description": "How long an attempt, or the whole group, may take."},
        "retry": {
            "type": "object",
            "required": ["attempts"],
            "additionalProperties": False,
            "description": "Repeats a step that fails. Groups are not repeated.",
            "properties": {
                "attempts": {"type": "integer", "minimum": 1, "maximum": MAX_ATTEMPTS},
                "backoff": _DURATION | {"description": "The pause after the first attempt; it doubles. Default: 10s."},
                "onlyIf": _EXPRESSION | {"description": "The step is repeated only if this is true of `error`."},
            },
        },
        "continueOnError": {"type": "boolean", "description": "Whether a failure of the step is ignored."},
        "onFailure": _STEPS | {"description": "Steps that run one after another if the step fails."},
    },
}

SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "A workflow definition",
    "type": "object",
    "required": ["name", "steps"],
    "additionalProperties": False,
    "properties": {
        "name": {"type": "string", "pattern": "^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$"},
        "description": {"type": "string", "maxLength": 1000, "pattern": r"^[^\u0000]*$"},
        "parameters": {"type": "object", "description": "The JSON Schema of the parameters, an object."},
        "outputs": {
            "type": "object",
            "propertyNames": _NAME,
            "additionalProperties": {
                "type": "object",
                "required": ["value"],
                "additionalProperties": False,
                "properties": {
                    "value": {"description": "The output, with expressions."},
                    "schema": {"type": "object", "description": "The JSON Schema of the output."},
                },
            },
        },
        "steps": _STEPS | {"description": "The steps, which run one after another."},
        "onCancel": _STEPS | {"description": "Steps that run one after another if the run is cancelled."},
    },
    "$defs": {"step": _STEP},
}

_VALIDATOR = jsonschema_rs.validator_for(SCHEMA, retriever=lambda uri: True)


def structure_problems(document: Any) -> list[tuple[tuple[str, ...], str]]:
    """Paths and messages about keys that are missing, unknown or of the wrong type."""
    return [
        (tuple(map(str, error.instance_path)), error.message[:1].upper() + error.message[1:300] + ".")
        for error in _VALIDATOR.iter_errors(document)
    ]
