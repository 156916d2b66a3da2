"""Reads the values of a request: JSON, or YAML that is read as Helm reads a values file."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from app.core.errors import Problem, all_invalid
from app.core.threads import in_thread
from app.deployments.desired_state import Given, Override, SelectorOverride
from app.yaml.reading import YamlError, read

MAX_YAML_BYTES = 2 * 2**20
_SHORT = 1000
"""Texts of fewer characters are read on the event loop."""


@dataclass(frozen=True)
class GivenOverride:
    """Values for one cluster, as the API takes them. Fields that are None were left out."""

    cluster: str
    values: Any = None
    values_yaml: str | None = None
    values_from: Sequence[Given] | None = None


@dataclass(frozen=True)
class GivenSelectorOverride:
    """Values for the clusters that a selector matches, as the API takes them. Fields that are None were left out."""

    select: Any
    values: Any = None
    values_yaml: str | None = None
    values_from: Sequence[Given] | None = None


class Request(Protocol):
    @property
    def values(self) -> Any: ...
    @property
    def values_yaml(self) -> str | None: ...
    @property
    def value_overrides(self) -> list[GivenOverride] | None: ...
    @property
    def selector_overrides(self) -> list[GivenSelectorOverride] | None: ...


@dataclass(frozen=True)
class GivenValues:
    """The values of a request; a part is None if it was left out."""

    values: Any
    overrides: list[Override] | None = field(default_factory=list)
    selected: list[SelectorOverride] | None = None


async def read_values(request: Request) -> GivenValues:
    """Reads the YAML of a request.

    Raises:
        ValidationFailed: with the position of every error.
    """
    layers = [*(request.value_overrides or ()), *(request.selector_overrides or ())]
    texts = [request.values_yaml, *(each.values_yaml for each in layers)]
    if all(text is None or len(text) < _SHORT for text in texts):
        return _read(request)
    return await in_thread(_read, request)


async def read_text(text: str) -> tuple[dict[str, Any], list[Problem]]:
    """The result of `read_yaml`, for a text of any length."""
    return read_yaml(text) if len(text) < _SHORT else await in_thread(read_yaml, text)


def _read(request: Request) -> GivenValues:
    problems: list[Problem] = []
    values = _layer(request.values, request.values_yaml, ("valuesYaml",), problems)
    overrides = None
    if request.value_overrides is not None:
        overrides = []
        for each in request.value_overrides:
            path = ("valueOverrides", each.cluster, "valuesYaml")
            found = _layer(each.values, each.values_yaml, path, problems)
            overrides.append(Override(each.cluster, {} if found is None else found, each.values_from))
    selected = None
    if request.selector_overrides is not None:
        selected = []
        for index, one in enumerate(request.selector_overrides):
            path = ("selectorOverrides", str(index), "valuesYaml")
            found = _layer(one.values, one.values_yaml, path, problems)
            selected.append(SelectorOverride(one.select, {} if found is None else found, one.values_from or ()))
    if problems:
        raise all_invalid(problems)
    return GivenValues(values, overrides, selected)


def _layer(values: Any, text: str | None, path: tuple[str, ...], problems: list[Problem]) -> Any:
    if text is None:
        return values
    if values is not None:
        problems.append(Problem(path, "Give either `values` or `valuesYaml`, not both."))
        return None
    found, wrong = read_yaml(text)
    problems += (replace(problem, path=path) for problem in wrong)
    return found


def read_yaml(text: str) -> tuple[dict[str, Any], list[Problem]]:
    """The values of a YAML text, empty for an empty text; and the problems of the text."""
    if len(text) > MAX_YAML_BYTES:
        return {}, [Problem((), f"A document of values has at most {MAX_YAML_BYTES:,} characters.")]
    try:
        found = read(text)
    except YamlError as error:
        message = f"This is not valid YAML: line {error.line}, column {error.column}: {error.problem}."
        return {}, [Problem((), message, error.line, error.column)]
    if found is None:
        return {}, []
    if not isinstance(found, dict):
        return {}, [Problem((), "Values must be a map. Write them as `key: value`.", 1, 1)]
    return found, []
