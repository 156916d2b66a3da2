"""Checks definitions of services, in a process that may be killed (`app.sandbox.pool`).

The cost of compiling expressions and schemas has no bound (docs/decisions/cel.md, docs/decisions/schemas.md). The
answer has the problems, or the pairs of versions that the edges connect.
"""

import json

from app.catalog.content import Content
from app.sandbox.serving import serve
from app.upgrades.checking import definition_problems


def _answer(request: bytes) -> bytes:
    document = json.loads(request)
    problems = definition_problems(document)
    pairs = () if problems else Content.of(document).pairs
    return json.dumps({"problems": problems, "pairs": pairs}).encode()


_EXAMPLE = {
    "name": "a",
    "chart": {"repository": "a", "name": "a"},
    "values": {"a": "${{ 'a' }}"},
    "versions": [{"version": "1.0.0"}, {"version": "1.1.0"}],
    "edges": [
        {"from": "1.0.x", "to": "1.1.0", "before": [{"name": "a", "type": "log", "inputs": {"message": "${{ 'a' }}"}}]}
    ],
}

if __name__ == "__main__":
    serve(_answer, json.dumps(_EXAMPLE).encode())
