"""Checks definitions of workflows, in a process that may be killed (`app.sandbox.pool`).

The cost of compiling expressions and schemas has no bound (docs/decisions/cel.md, docs/decisions/schemas.md).
"""

import json

from app.sandbox.serving import serve
from app.workflows.checking import definition_problems


def _answer(request: bytes) -> bytes:
    return json.dumps(definition_problems(json.loads(request))).encode()


if __name__ == "__main__":
    serve(_answer, b'{"name": "a", "steps": [{"name": "a", "type": "log", "inputs": {"message": "${{ \'a\' }}"}}]}')
