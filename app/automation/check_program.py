"""Checks definitions of workflows, in a process that may be killed (`app.sandbox.pool`).

The cost of compiling expressions and schemas has no bound (docs/decisions/cel.md, docs/decisions/schemas.md).
"""

import json

from app.sandbox.serving import serve
from app.workflows.checking import definition_problems


def _answer(request: bytes) -> bytes:
    asked = json.loads(request)
    return json.dumps(definition_problems(asked["definition"], asked["composed"])).encode()


if __name__ == "__main__":
    step = {"name": "a", "type": "log", "inputs": {"message": "${{ 'a' }}"}}
    serve(_answer, json.dumps({"definition": {"name": "a", "steps": [step]}, "composed": {}}).encode())
