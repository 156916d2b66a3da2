"""The language of service definitions, as a JSON Schema. It says which keys there are; `checking` checks what they
mean."""

from typing import Any

import jsonschema_rs

from app.workflows.language import SCHEMA as WORKFLOWS

MAX_VERSIONS = 200
MAX_EDGES = 200
MAX_HOPS = 5_000
"""Pairs of versions that edges connect."""
MAX_EXPRESSIONS = 1_000
"""Expressions in the values of all versions."""

_NAME = {"type": "string", "pattern": "^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$"}
_VERSION = {"type": "string", "maxLength": 100}
_RANGE = {"type": "string", "maxLength": 200}
_STEPS = {"type": "array", "items": {"$ref": "#/$defs/step"}}
_VALUES = {
    "type": "object",
    "description": "The values of the chart. Their expressions, such as ${{ spec.replicas }}, see the spec.",
}
_CHART: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "repository": {
            "type": "string",
            "maxLength": 500,
            "pattern": r"^((https?|oci)://[^\s@]+|[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)$",
            "description": "The URL of a chart repository, or the name of one of the organization.",
        },
        "name": {"type": "string", "maxLength": 250, "pattern": r"^[^\s/\\]+$", "description": "The chart's name."},
    },
}
_CHART_OF_VERSION = {
    **_CHART,
    "properties": {
        **_CHART["properties"],
        "version": _VERSION | {"description": "The chart's version. Default: the version of the service."},
        "digest": {
            "type": "string",
            "pattern": "^sha256:[0-9a-f]{64}$",
            "description": "The digest of the chart's archive.",
        },
    },
}
_VERSION_ENTRY: dict[str, Any] = {
    "type": "object",
    "required": ["version"],
    "additionalProperties": False,
    "properties": {
        "version": _VERSION | {"description": "A semantic version. Quote versions with two numbers: '1.10'."},
        "chart": _CHART_OF_VERSION | {"description": "The chart. Default: as in the definition's `chart`."},
        "values": _VALUES | {"description": f"{_VALUES['description']} Default: the definition's `values`."},
        "requires": {
            "type": "object",
            "additionalProperties": False,
            "description": "What a cluster needs for this version.",
            "properties": {
                "kubernetes": _RANGE | {"description": "Kubernetes versions, such as >=1.28 <1.32."},
                "crds": {
                    "type": "array",
                    "maxItems": 100,
                    "items": {"type": "string", "maxLength": 253},
                    "description": "Names of custom resource definitions, such as certificates.cert-manager.io.",
                },
                "services": {
                    "type": "array",
                    "maxItems": 20,
                    "description": "Other services.",
                    "items": {
                        "type": "object",
                        "required": ["name"],
                        "additionalProperties": False,
                        "properties": {
                            "name": _NAME,
                            "versions": _RANGE | {"description": "A range of its versions. Default: any."},
                        },
                    },
                },
            },
        },
        "state": {
            "enum": ["OFFERED", "HIDDEN", "WITHDRAWN"],
            "description": "HIDDEN: not offered, and reached on request or on the way. WITHDRAWN: left, and never"
            " entered. Default: OFFERED.",
        },
    },
}
_EDGE: dict[str, Any] = {
    "type": "object",
    "required": ["from", "to"],
    "additionalProperties": False,
    "properties": {
        "from": _RANGE | {"description": "A version or a range of versions, such as >=1.3 <1.4."},
        "to": _VERSION | {"description": "The version that the edge leads to."},
        "direction": {
            "enum": ["UP", "DOWN"],
            "description": "UP: from the versions of the range that are older. DOWN: from newer ones. Default: UP.",
        },
        "before": _STEPS | {"description": "Steps before the chart is changed, as in a workflow."},
        "after": _STEPS | {"description": "Steps after the chart was changed, as in a workflow."},
        "disruptive": {"type": "boolean", "description": "Whether the service is interrupted. Default: false."},
        "irreversible": {"type": "boolean", "description": "Whether there is no way back. Default: false."},
    },
}

SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "A service definition",
    "type": "object",
    "required": ["name", "versions"],
    "additionalProperties": False,
    "properties": {
        "name": _NAME,
        "description": {"type": "string", "maxLength": 1000, "pattern": r"^[^\u0000]*$"},
        "spec": {"type": "object", "description": "The JSON Schema of the spec, an object. All versions share it."},
        "chart": _CHART | {"description": "The chart of versions that name no other."},
        "values": _VALUES,
        "versions": {"type": "array", "items": {"$ref": "#/$defs/version"}, "minItems": 1, "maxItems": MAX_VERSIONS},
        "edges": {
            "type": "array",
            "items": {"$ref": "#/$defs/edge"},
            "maxItems": MAX_EDGES,
            "description": "Changes from one version to another that are known to work.",
        },
    },
    "$defs": {"version": _VERSION_ENTRY, "edge": _EDGE, **WORKFLOWS["$defs"]},
}

_VALIDATOR = jsonschema_rs.validator_for(SCHEMA, retriever=lambda uri: True)


def structure_problems(document: Any) -> list[tuple[tuple[str, ...], str]]:
    """Paths and messages about keys that are missing, unknown or of the wrong type."""
    return [
        (tuple(map(str, error.instance_path)), error.message[:1].upper() + error.message[1:300] + ".")
        for error in _VALIDATOR.iter_errors(document)
    ]
