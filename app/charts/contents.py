"""What a plan has to know of a chart's files: its CustomResourceDefinitions, and what its templates depend on."""

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
_CRDS = re.compile(r"(?:charts/[^/]+/)*crds/.+")
_LOOKUP = re.compile(rb"\blookup\b")
_REVISION = re.compile(rb"\bRevision\b")


@dataclass(frozen=True)
class Contents:
    """By path below the chart's folder."""

    files: Mapping[str, bytes]

    @cached_property
    def definition_files(self) -> dict[str, str]:
        """The files that Helm installs before the chart, and only at its first installation."""
        found = {path: text for path, text in self.files.items() if _CRDS.fullmatch(path)}
        return {path: found[path].decode(errors="replace") for path in sorted(found)}

    @cached_property
    def definitions(self) -> list[dict[str, Any]]:
        """The CustomResourceDefinitions in these files. What can't be read is left to Helm to refuse."""
        found: list[dict[str, Any]] = []
        for text in self.definition_files.values():
            try:
                found += [each for each in read_all(text) if isinstance(each, dict)]
            except YamlError:
                continue
        return found

    @cached_property
    def values(self) -> ChartValues | None:
        return chart_values(self.files)

    def looks_up(self, values: bytes) -> bool:
        """Whether its templates, or templates within these values, may ask the cluster for objects."""
        return self._names(_LOOKUP, values)

    def counts_revisions(self, values: bytes) -> bool:
        """Whether its templates may depend on the number of the release's revision."""
        return self._names(_REVISION, values)

    def _names(self, word: re.Pattern[bytes], values: bytes) -> bool:
        return word.search(values) is not None or any(map(word.search, self.files.values()))


def read_contents(archive: Path) -> Contents:
    """Takes CPU time in proportion to the archive's size: call it in a thread. The archive was checked before."""
    content = archive.read_bytes()
    limits = Limits(packed=len(content), unpacked=2**62)
    return Contents(unpack(content, limits, _WANTED, largest=2**62))
