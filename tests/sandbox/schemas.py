"""Schemas that are small, and expensive to check."""

import json
from typing import Any

DRAFT = "https://json-schema.org/draft/2020-12/schema"
NUMBERS = {"properties": {"a": {"type": "integer"}}}


def doubling(leaf: dict[str, Any], levels: int = 32) -> dict[str, Any]:
    """A leaf that is checked 2 to the power of `levels` times."""
    steps = {f"d{level}": {"allOf": [{"$ref": f"#/$defs/d{level + 1}"}] * 2} for level in range(levels)}
    return {"$schema": DRAFT, "$ref": "#/$defs/d0", "$defs": steps | {f"d{levels}": leaf}}


TIME_BOMB = doubling({"type": "object"})
"""Takes hours, and holds for any values."""

MEMORY_BOMB = doubling({"type": "string"})
"""Finds four billion problems, and keeps all of them."""

PATTERN_BOMB = {"additionalProperties": {"anyOf": [{"pattern": f"^((a+)+(?<!{number}))+d$"} for number in range(2000)]}}
"""Each regular expression backtracks for a tenth of a second on `BACKTRACKED`, and all of them do."""

BACKTRACKED = {"k": "a" * 60 + "b"}


def request(schema: object, *values: object) -> bytes:
    """As the program takes it that checks schemas."""
    return json.dumps({"schema": schema, "values": values}).encode()
