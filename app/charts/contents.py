"""What a plan needs of a chart's files: CustomResourceDefinitions, and what the templates depend on."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from app.charts.defaults import ChartValues, chart_values
from app.charts.unpacking import Limits, unpack
from app.yaml.reading import YamlError, read_all

_WANTED = re.compile(
    r"(?:charts/[^/]+/)*(?:values\.yaml|Chart\.yaml|requirements\.yaml|crds/.+\.(?:ya?ml|json)|templates/.+)"
)
_CRDS = re.compile(r"((?:charts/[^/]+/)*)crds/.+")
_LOOKUP = re.compile(rb"\blookup\b")
_REVISION = re.compile(rb"\bRevision\b")


@dataclass(frozen=True)
class Contents:
    """Files by path below the chart's directory."""

    files: Mapping[str, bytes]

    def definition_files(self, values: Mapping[str, Any]) -> dict[str, str]:
        """The files in `crds/` of the chart and of its subcharts that are enabled for these user values. Helm creates
        what is in them before it installs the chart for the first time."""
        enabled = self.values.enabled_paths(values) if self.values is not None else None
        found = {
            path: text
            for path, text in self.files.items()
            if (match := _CRDS.fullmatch(path)) and (enabled is None or match[1] in enabled)
        }
        return {path: found[path].decode(errors="replace") for path in sorted(found)}

    def definitions(self, values: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Returns the objects in these files. Helm refuses files that cannot be read."""
        found: list[dict[str, Any]] = []
        for text in self.definition_files(values).values():
            try:
                found += [each for each in read_all(text) if isinstance(each, dict)]
            except YamlError:
                continue
        return found

    @cached_property
    def values(self) -> ChartValues | None:
        return chart_values(self.files)

    def looks_up(self, values: bytes) -> bool:
        """Returns whether its templates, or templates in these values, may read objects from the cluster."""
        return self._names(_LOOKUP, values)

    def counts_revisions(self, values: bytes) -> bool:
        """Returns whether its templates may depend on the revision of the release."""
        return self._names(_REVISION, values)

    def _names(self, word: re.Pattern[bytes], values: bytes) -> bool:
        return word.search(values) is not None or any(map(word.search, self.files.values()))


def read_contents(archive: Path) -> Contents:
    """Reads a checked archive. CPU time is proportional to its size: call it in a thread."""
    content = archive.read_bytes()
    limits = Limits(packed=len(content), unpacked=2**62)
    return Contents(unpack(content, limits, _WANTED, largest=2**62))
