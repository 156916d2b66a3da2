"""The values that a chart's templates see: its defaults and those of its subcharts, under the user's values.

The rules are those of Helm's `ProcessDependencies` and `CoalesceValues`. The tests compare the result with `helm
template`.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from app.releases.values import Values, coalesce, merge
from app.yaml.reading import YamlError, read

GLOBAL = "global"


@dataclass(frozen=True)
class Dependency:
    """A dependency of a chart, as declared in Chart.yaml."""

    name: str
    alias: str | None
    conditions: tuple[str, ...]
    tags: tuple[str, ...]


@dataclass(frozen=True)
class ChartValues:
    """A chart's defaults, and its subcharts in the order in which Helm adds their defaults. `path` is the place of its
    files in the archive: empty, or with a slash at the end."""

    name: str
    defaults: Values
    dependencies: tuple[Dependency, ...]
    subcharts: tuple["ChartValues", ...]
    path: str = ""

    def seen(self, values: Mapping[str, Any]) -> Values:
        """Returns the values that the templates see for these user values."""
        return _seen(_enabled(self, values, ""), values)

    def enabled_paths(self, values: Mapping[str, Any]) -> set[str]:
        """Returns the paths of the chart and of the subcharts that are enabled for these user values."""
        return set(_paths(_enabled(self, values, "")))

    def every_default(self) -> Values:
        """Returns the defaults of the chart and of all its subcharts, whether they are enabled or not."""
        return _seen(_everything(self), {})


def chart_values(files: Mapping[str, bytes], prefix: str = "") -> ChartValues | None:
    """Reads the values of a chart at a path, and of its subcharts. Returns None if values are imported from a subchart,
    which only Helm can resolve."""
    metadata = _map(files.get(f"{prefix}Chart.yaml", b""))
    listed = metadata.get("dependencies") or _map(files.get(f"{prefix}requirements.yaml", b"")).get("dependencies")
    listed = [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
    if any(each.get("import-values") for each in listed):
        return None
    below = re.compile(re.escape(f"{prefix}charts/") + r"([^/_.][^/]*)/Chart\.yaml")
    subcharts = []
    for path in sorted(files):
        if match := below.fullmatch(path):
            subchart = chart_values(files, f"{prefix}charts/{match[1]}/")
            if subchart is None:
                return None
            subcharts.append(subchart)
    dependencies = tuple(_dependencies(listed))
    return ChartValues(
        *(str(metadata.get("name") or ""), _map(files.get(f"{prefix}values.yaml", b""))),
        *(dependencies, tuple(subcharts)),
        path=prefix,
    )


def _dependencies(listed: list[dict[str, Any]]) -> Iterator[Dependency]:
    for each in listed:
        tags, condition = each.get("tags"), each.get("condition")
        yield Dependency(
            name=str(each.get("name")),
            alias=str(each["alias"]) if each.get("alias") else None,
            conditions=tuple(part.strip() for part in condition.split(",")) if isinstance(condition, str) else (),
            tags=tuple(map(str, tags)) if isinstance(tags, list) else (),
        )


def _everything(chart: ChartValues) -> ChartValues:
    """Returns the chart with all subcharts, under their aliases."""
    named = {dependency.name for dependency in chart.dependencies}
    by_name = {subchart.name: subchart for subchart in chart.subcharts}
    present = [subchart for subchart in chart.subcharts if subchart.name not in named]
    present += [
        _renamed(by_name[dependency.name], dependency.alias or dependency.name)
        for dependency in chart.dependencies
        if dependency.name in by_name
    ]
    return replace(chart, dependencies=(), subcharts=tuple(map(_everything, present)))


def _enabled(chart: ChartValues, values: Mapping[str, Any], path: str) -> ChartValues:
    """Returns the chart with the subcharts that tags and conditions enable, under their aliases."""
    named = {dependency.name for dependency in chart.dependencies}
    chosen = [(subchart, None) for subchart in chart.subcharts if subchart.name not in named]
    by_name = {subchart.name: subchart for subchart in chart.subcharts}
    present = [
        (_renamed(by_name[dependency.name], dependency.alias or dependency.name), dependency)
        for dependency in chart.dependencies
        if dependency.name in by_name
    ]
    everything = replace(chart, dependencies=(), subcharts=tuple(each for each, _ in (*chosen, *present)))
    merged = _seen(everything, values)
    kept = [subchart for subchart, _ in chosen]
    kept += [subchart for subchart, dependency in present if _is_enabled(dependency, merged, path)]
    inner = tuple(_enabled(subchart, merged, f"{path}{subchart.name}.") for subchart in kept)
    return replace(chart, dependencies=(), subcharts=inner)


def _renamed(chart: ChartValues, name: str) -> ChartValues:
    return replace(chart, name=name)


def _paths(chart: ChartValues) -> Iterator[str]:
    yield chart.path
    for subchart in chart.subcharts:
        yield from _paths(subchart)


def _is_enabled(dependency: Dependency, values: Values, path: str) -> bool:
    for condition in dependency.conditions:
        found: Any = values
        for step in f"{path}{condition}".split("."):
            found = found.get(step) if isinstance(found, Mapping) else None
        if isinstance(found, bool):
            return found
    tags = values.get("tags")
    said = [tags[tag] for tag in dependency.tags if isinstance(tags.get(tag), bool)] if isinstance(tags, dict) else []
    return not said or any(said)


def _seen(chart: ChartValues, values: Mapping[str, Any]) -> Values:
    merged = coalesce(chart.defaults, values)
    for subchart in chart.subcharts:
        own, given = chart.defaults.get(subchart.name), values.get(subchart.name)
        if isinstance(own, Mapping) and isinstance(given, Mapping):
            merged[subchart.name] = merge(own, given)  # a null is kept, and removes the subchart's default
        below = merged.get(subchart.name, {})
        if isinstance(below, dict):  # Helm refuses anything else
            merged[subchart.name] = _seen(subchart, _with_globals(below, merged))
    return merged


def _with_globals(values: Values, above: Values) -> Values:
    theirs, own = above.get(GLOBAL), values.get(GLOBAL)
    if theirs is None:
        theirs = {}
    if not isinstance(theirs, Mapping) or not isinstance(own, Mapping | None):
        return values
    return values | {GLOBAL: coalesce(own or {}, theirs)}


def _map(text: bytes) -> dict[str, Any]:
    try:
        found = read(text)
    except YamlError:
        return {}
    return found if isinstance(found, dict) else {}
