"""Which paths of values a chart knows."""

from typing import Any

import pytest

from app.releases.known_paths import unknown_paths

DEFAULTS: dict[str, Any] = {"replicas": 1, "image": {"tag": "1", "pull": None}, "nodeSelector": {}, "hosts": []}
SCHEMA: dict[str, Any] = {
    "properties": {
        "debug": {"type": "boolean"},
        "port": {"properties": {"http": {}}},
        "free": {"additionalProperties": True},
        "strict": {"properties": {"a": {}}, "additionalProperties": False},
        "typed": {"additionalProperties": {"properties": {"x": {}}}},
        "other": {"$ref": "#/definitions/other"},
        "any": {"anyOf": [{}]},
    }
}


@pytest.mark.parametrize(
    ("values", "unknown"),
    [
        ({"replicas": 2, "image": {"tag": "2", "pull": {"policy": "x"}}}, []),
        ({"replica": 2}, [("replica",)]),
        ({"image": {"tga": "2", "deep": {"er": 1}}}, [("image", "tga"), ("image", "deep")]),
        ({"nodeSelector": {"disk": "ssd"}, "hosts": {"a": 1}}, []),
        ({"replicas": {"min": 1}}, []),
        ({"debug": True, "port": {"http": 80, "grpc": 81}}, [("port", "grpc")]),
        ({"free": {"x": {"y": 1}}, "strict": {"b": 1}}, [("strict", "b")]),
        ({"typed": {"k": {"x": 1, "y": 2}}}, [("typed", "k", "y")]),
        ({"other": {"x": 1}, "any": {"x": 1}}, []),
        ({"gone": None}, [("gone",)]),
    ],
)
def test_a_path_is_known_by_the_defaults_or_the_schema(values: Any, unknown: list[tuple[str, ...]]) -> None:
    assert list(unknown_paths(values, DEFAULTS, SCHEMA)) == unknown


def test_a_chart_without_defaults_knows_everything() -> None:
    assert list(unknown_paths({"a": {"b": 1}}, {}, None)) == []


def test_without_a_schema_the_defaults_decide() -> None:
    assert list(unknown_paths({"debug": True, "replicas": 1}, DEFAULTS, None)) == [("debug",)]
