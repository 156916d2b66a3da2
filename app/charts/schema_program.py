"""Checks values against schemas, in a process that may be killed (`app.sandbox.pool`).

A schema can take any time and any memory. The process reads requests from its standard input, which is a socket, and
imports nothing of Polyhelm.
"""

import json
import os
import resource
import signal
import sys
from typing import Any

import jsonschema_rs

MAX_PROBLEMS = 20
MAX_MESSAGE = 1000
"""The maximum length of one problem: a message quotes the value."""

_OUT_OF_MEMORY = 77


def problems(schema: dict[str, Any], seen: Any) -> list[tuple[list[str] | None, str]]:
    """Returns the problems that the schema finds in the values that the templates see, as paths and messages; at most
    `MAX_PROBLEMS`.

    A part of the schema in another document allows everything. The path is None if the schema itself is not valid.
    """
    try:
        validator = jsonschema_rs.validator_for(schema, retriever=lambda uri: True)
    except ValueError as wrong:
        return [(None, _short(f"The chart's values.schema.json is not a valid schema: {wrong}"))]
    found: list[tuple[list[str] | None, str]] = []
    for error in validator.iter_errors(seen):
        found.append((_path(error.instance_path), _short(error.message)))
        if len(found) == MAX_PROBLEMS:
            break
    return found


def _path(steps: list[str | int]) -> list[str]:
    """Shortens a path: its steps are keys of the values and can be long."""
    path = list(map(str, steps))
    while sum(map(len, path)) > MAX_MESSAGE:
        path.pop()
    return path


def _short(message: str) -> str:
    return message if len(message) <= MAX_MESSAGE else f"{message[:MAX_MESSAGE]}…"


def _answer(request: bytes) -> bytes:
    asked = json.loads(request)
    return json.dumps([problems(asked["schema"], seen) for seen in asked["values"]]).encode()


def _read(size: int) -> bytes:
    found = bytearray()
    while len(found) < size:
        piece = os.read(0, min(size - len(found), 2**18))
        if not piece:
            sys.exit()
        found += piece
    return bytes(found)


def _write(answer: bytes) -> None:
    left = memoryview(len(answer).to_bytes(4, "big") + answer)
    while left:
        left = left[os.write(0, left) :]


def _confine() -> None:
    """Prevents this process from opening files and connections and from starting processes."""
    for limit in (resource.RLIMIT_NOFILE, resource.RLIMIT_NPROC):
        resource.setrlimit(limit, (0, 0))


def main() -> None:
    seconds = float(sys.argv[1])
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    _answer(b'{"schema": {"pattern": "a"}, "values": ["b"]}')  # loads what would otherwise be loaded on first use
    _confine()
    while True:
        request = _read(int.from_bytes(_read(4), "big"))
        signal.setitimer(signal.ITIMER_PROF, seconds)
        try:
            answer = _answer(request)
        except MemoryError:
            os._exit(_OUT_OF_MEMORY)
        signal.setitimer(signal.ITIMER_PROF, 0)
        _write(answer)


if __name__ == "__main__":
    main()
