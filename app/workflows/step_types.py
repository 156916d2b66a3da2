"""The built-in step types: a step type is a function from inputs to outputs, each described by a JSON Schema."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import jsonschema_rs

from app.workflows.schemas import Schema

_TEXT = {"type": "string"}
_DURATION = {"type": "string", "pattern": r"^(?=\d)(\d{1,6}d)?(\d{1,6}h)?(\d{1,6}m)?(\d{1,8}s)?$"}


def _object(required: list[str], **fields: Any) -> Schema:
    return {"type": "object", "required": required, "additionalProperties": False, "properties": fields}


@dataclass(frozen=True, slots=True)
class StepType:
    """`example` is a step of this type, in YAML."""

    name: str
    description: str
    example: str
    inputs: Schema
    outputs: Schema


_ALL = (
    StepType(
        "log",
        "Writes a line to the log of the step.",
        "name: announce\ntype: log\ninputs: {message: Building the image.}\n",
        _object(["message"], message=_TEXT),
        _object([]),
    ),
    StepType(
        "assert",
        "Fails unless a condition is true.",
        "name: checkSize\ntype: assert\ninputs: {condition: '${{ 2 > 1 }}', message: The image is too large.}\n",
        _object(["condition"], condition={"type": "boolean"}, message=_TEXT),
        _object([]),
    ),
    StepType(
        "sleep",
        "Waits for a time, such as 90s or 2h.",
        "name: soak\ntype: sleep\ninputs: {duration: 15m}\n",
        _object(["duration"], duration=_DURATION),
        _object([]),
    ),
    StepType(
        "signal",
        "Waits until a signal with this name is sent to the run, and returns the payload of the signal.",
        "name: waitForTraffic\ntype: signal\ninputs: {signal: traffic-shifted}\n",
        _object(["signal"], signal=_TEXT),
        _object(["payload"], payload={}),
    ),
    StepType(
        "approve",
        "Waits until a user approves, and fails if one rejects.",
        "name: review\ntype: approve\ninputs: {message: 'Release to all regions?'}\n",
        _object(["message"], message=_TEXT),
        _object(["user", "comment"], user=_TEXT, comment={"type": ["string", "null"]}),
    ),
    StepType(
        "http-request",
        "Sends an HTTP request, and returns the response; a body that is JSON is parsed. A response with a status of"
        " 400 or more is a failure. `secretHeaders` are headers with the value of a key of a secret.",
        "name: build\ntype: http-request\n"
        "inputs: {method: POST, url: 'https://builds.example.com/images', body: {image: shop}}\n"
        "outputs: {id: '${{ result.body.id }}'}\n",
        _object(
            ["url"],
            method={"type": "string", "enum": ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"], "default": "GET"},
            url=_TEXT,
            headers={"type": "object", "additionalProperties": _TEXT},
            secretHeaders={
                "type": "array",
                "items": _object(["name", "secret", "key"], name=_TEXT, secret=_TEXT, key=_TEXT, prefix=_TEXT),
            },
            timeout=_DURATION,
            body={},
        ),
        _object(
            ["status", "headers", "body"],
            status={"type": "integer"},
            headers={"type": "object", "additionalProperties": _TEXT},
            body={},
        ),
    ),
)
STEP_TYPES: Mapping[str, StepType] = {each.name: each for each in _ALL}


@lru_cache(maxsize=100)
def _validator(name: str) -> Any:
    return jsonschema_rs.validator_for(dict(STEP_TYPES[name].inputs))


def input_problem(name: str, inputs: Mapping[str, Any]) -> str | None:
    """Why a step type refuses inputs, in one sentence. Expressions may have put any values into them."""
    for error in _validator(name).iter_errors(dict(inputs)):
        place = ".".join(["inputs", *map(str, error.instance_path)])
        return f"{place}: {error.message[:300]}."
    return None
