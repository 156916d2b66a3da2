"""Checks a packaged chart before anything else uses it.

Helm itself has had vulnerabilities in unpacking. Therefore an archive with anything unusual is refused: too large,
paths that lead outside, links, devices, several top-level directories, duplicate names, missing dependencies.
"""

import hashlib
import re
from dataclasses import dataclass
from typing import Any

from app.charts.codes import ChartCode
from app.charts.unpacking import Limits, unpack, wrong
from app.charts.value_schema import has_remote_reference
from app.core.json_text import TooDeepError, read_writable
from app.core.names import text_problem
from app.releases.texts import without_nul
from app.releases.versions import parsed
from app.yaml.reading import YamlError, read
from app.yaml.scalars import as_text


@dataclass(frozen=True)
class Package:
    """The content of a checked archive. `digest` is the SHA-256 of the archive, in hex."""

    digest: str
    content: bytes
    name: str
    version: str
    app_version: str | None
    description: str | None
    default_values: str
    values_schema: dict[str, Any] | None
    readme: str | None
    has_remote_schema: bool
    deprecated: bool = False


def open_package(content: bytes, limits: Limits) -> Package:
    """Checks an archive and reads its content. CPU time is proportional to its size: call it in a thread.

    Raises:
        ValidationFailed: The message states the problem.
    """
    if len(content) > limits.packed:
        raise wrong(
            ChartCode.CHART_TOO_LARGE, f"The archive has {len(content):,} bytes; at most {limits.packed:,} are allowed."
        )
    files = unpack(content, limits)
    metadata = _metadata(files)
    _check_dependencies(metadata, files)
    schema = _schema(files.get("values.schema.json"))
    return Package(
        digest=hashlib.sha256(content).hexdigest(),
        content=content,
        name=metadata["name"],
        version=metadata["version"],
        app_version=_text(metadata.get("appVersion")),
        description=_text(metadata.get("description")),
        default_values=without_nul(files.get("values.yaml", b"").decode(errors="replace")),
        values_schema=schema,
        readme=without_nul(files["README.md"].decode(errors="replace")) if "README.md" in files else None,
        has_remote_schema=any(
            has_remote_reference(_json(text)) for path, text in files.items() if path.endswith("values.schema.json")
        ),
        deprecated=metadata.get("deprecated") is True,
    )


def _metadata(files: dict[str, bytes]) -> dict[str, Any]:
    if "Chart.yaml" not in files:
        raise wrong(
            ChartCode.CHART_MALFORMED,
            "The archive has no Chart.yaml in its directory. Package the chart with `helm package`.",
        )
    try:
        metadata = read(files["Chart.yaml"])
    except YamlError:
        raise wrong(ChartCode.CHART_MALFORMED, "Chart.yaml is not valid YAML.") from None
    if not isinstance(metadata, dict) or metadata.get("apiVersion") not in ("v1", "v2"):
        raise wrong(ChartCode.CHART_MALFORMED, "Chart.yaml must have an apiVersion of v1 or v2.")
    for field in ("name", "version"):
        value = metadata.get(field)
        if (
            not isinstance(value, str)
            or not value.strip()
            or value.startswith("-")
            or "/" in value
            or text_problem(value, what=field, longest=250)
        ):
            raise wrong(ChartCode.CHART_MALFORMED, f"Chart.yaml must have a `{field}` as text.")
    if parsed(metadata["version"]) is None:
        raise wrong(
            ChartCode.CHART_MALFORMED,
            f"Chart.yaml has the version {metadata['version']!r}, which is not a semantic version such as 1.2.3.",
        )
    if metadata.get("type") == "library":
        raise wrong(ChartCode.CHART_NOT_INSTALLABLE, "This is a library chart, which cannot be installed.")
    return metadata


def _check_dependencies(metadata: dict[str, Any], files: dict[str, bytes]) -> None:
    """Refuses a chart with missing dependencies. Polyhelm does not download dependencies."""
    wanted = metadata.get("dependencies")
    there = {_name(text) for path, text in files.items() if re.fullmatch(r"charts/[^/]+/Chart\.yaml", path)}
    for dependency in wanted if isinstance(wanted, list) else []:
        name = dependency.get("name") if isinstance(dependency, dict) else None
        if name not in there:
            message = f"Chart.yaml requires the chart {str(name)[:200]!r}, which is not in charts/."
            raise wrong(
                ChartCode.CHART_DEPENDENCY_MISSING, f"{message} Run `helm dependency update`, then package the chart."
            )


def _name(text: bytes) -> object:
    """Returns the name in the Chart.yaml of a subchart."""
    try:
        metadata = read(text)
    except YamlError:
        raise wrong(ChartCode.CHART_MALFORMED, "The Chart.yaml of a chart in charts/ is not valid YAML.") from None
    return metadata.get("name") if isinstance(metadata, dict) else None


def _schema(text: bytes | None) -> dict[str, Any] | None:
    schema = _json(text) if text is not None else None
    return schema if isinstance(schema, dict) else None


def _json(text: bytes) -> Any:
    try:
        return read_writable(text)
    except TooDeepError:
        raise wrong(ChartCode.CHART_MALFORMED, "The chart's values.schema.json is nested too deeply.") from None
    except ValueError:
        raise wrong(ChartCode.CHART_MALFORMED, "The chart's values.schema.json is not valid JSON.") from None


def _text(value: object) -> str | None:
    text = as_text(value)
    return None if text is None else without_nul(text)
