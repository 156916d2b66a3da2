"""Checks values against a chart's values.schema.json. A remote `$ref` is never fetched."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from app.charts.codes import ChartCode
from app.core.errors import Problem, ValidationFailed, invalid
from app.core.threads import in_thread
from app.registers.common import CommonCode
from app.releases.values import Values
from app.sandbox.pool import Outcome, Pool, RunError

PROGRAM = Path(__file__).with_name("schema_program.py")

_BATCH_VALUES = 100
_BATCH_BYTES = 4 * 2**20
"""The maximum number of sets of values in one request."""

_TOO_EXPENSIVE = {
    Outcome.CPU: "a check may use {seconds:g} s of CPU time",
    Outcome.MEMORY: "a check may use {megabytes:,} MiB of memory",
}

_REFERENCES = ("$ref", "$dynamicRef", "$recursiveRef")
_KNOWN_DRAFT = re.compile(r"https?://json-schema\.org/(draft-0[4-7]/|draft/2019-09/|draft/2020-12/|)schema#?")


def has_remote_reference(schema: Any) -> bool:
    """Returns whether a schema refers to another document or another draft, which Helm would fetch."""
    left = [schema]
    while left:
        part = left.pop()
        if isinstance(part, Mapping):
            for name, value in part.items():
                if name in _REFERENCES and isinstance(value, str) and not value.startswith("#"):
                    return True
                if name == "$schema" and isinstance(value, str) and not _KNOWN_DRAFT.fullmatch(value):
                    return True
            left += part.values()
        elif isinstance(part, list):
            left += part
    return False


async def schema_problems(
    pool: Pool, schema: Mapping[str, Any], seen: Iterable[Values], *, share: int, chart: str
) -> list[list[Problem]]:
    """Returns the problems that a chart's schema finds in each set of values that its templates see.

    The check runs in processes that organizations share; `share` is the organization.

    Raises:
        ValidationFailed: The check exceeds its time or memory, or too many checks of the organization are waiting.
    """
    found: list[list[Problem]] = []
    texts = _texts(schema, seen)
    try:
        written = await in_thread(next, texts)
        while batch := await in_thread(_batch, texts):
            request = b'{"schema":%b,"values":[%b]}' % (written, b",".join(batch))
            answers = json.loads(await pool.run(share, request))
            found += [[Problem(tuple(path or ()), message) for path, message in answer] for answer in answers]
    except RecursionError:
        raise invalid(ChartCode.SCHEMA_TOO_DEEP, f"{_of(chart)} is nested too deeply.", "chart") from None
    except RunError as error:
        raise _refusal(error.outcome, pool, chart) from None
    return found


def _texts(schema: Mapping[str, Any], seen: Iterable[Values]) -> Iterator[bytes]:
    """Encodes the schema and then the values as JSON."""
    for each in (schema, *seen):
        yield json.dumps(each, separators=(",", ":")).encode()


def _batch(texts: Iterator[bytes]) -> list[bytes]:
    """Returns the texts of the next request, or none at the end."""
    batch: list[bytes] = []
    size = 0
    for text in islice(texts, _BATCH_VALUES):
        batch.append(text)
        size += len(text)
        if size >= _BATCH_BYTES:
            break
    return batch


def _of(chart: str) -> str:
    return f"The values.schema.json of the chart {chart}"


def _refusal(outcome: Outcome, pool: Pool, chart: str) -> ValidationFailed:
    if outcome in _TOO_EXPENSIVE:
        limit = _TOO_EXPENSIVE[outcome].format(seconds=pool.seconds, megabytes=pool.memory // 2**20)
        message = f"{_of(chart)} is too expensive to check: {limit}. Simplify the schema."
        return invalid(ChartCode.SCHEMA_TOO_EXPENSIVE, message, "chart")
    if outcome is Outcome.CRASHED:
        return invalid(ChartCode.SCHEMA_NOT_CHECKABLE, f"{_of(chart)} makes the schema validator crash.", "chart")
    if outcome is Outcome.BUSY:
        message = "Your organization has too many schema checks waiting. Try again in a moment."
        return invalid(CommonCode.BUSY, message, "chart")
    message = f"The values could not be checked against the schema of the chart {chart}. Try again in a moment."
    return invalid(ChartCode.SCHEMA_CHECK_INTERRUPTED, message, "chart")
