"""The wanted state of a deployment as one value, which is compared with the previous one, checked, and written."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from app.core.errors import Problem
from app.releases.canonical import canonical
from app.releases.paths import path_of, steps_of
from app.releases.references import Layer, Marks, Reference, clashes, references_of
from app.releases.release import Desired, desired
from app.releases.values import MAX_VALUES_BYTES, problems
from app.tables.charts import ChartArchive
from app.tables.deployments import DeploymentRevision

MAX_REFERENCES = 100
"""The number of references to values of secrets in one layer of values."""

Given = Mapping[str, str]
"""A reference as it was given: `secret`, `key` and `path`."""


@dataclass(frozen=True)
class Override:
    """Values for one cluster, as they were given; `values_from` is None if it was left out."""

    cluster: str
    values: Any = field(default_factory=dict)
    values_from: Sequence[Given] | None = None


@dataclass(frozen=True)
class Wish:
    """One generation of the wanted state. Overrides are keyed by the cluster's name; `marks` stand for all values of
    secrets that it refers to."""

    archive: ChartArchive
    common: Layer
    overrides: Mapping[str, Layer]
    targets: tuple[str, ...] = ()
    marks: Marks = field(default_factory=dict)

    @classmethod
    def of(cls, archive: ChartArchive, revision: DeploymentRevision, targets: tuple[str, ...], marks: Marks) -> "Wish":
        """The wish of a revision, limited to these targets."""
        overrides = {cluster: revision.layers(cluster)[1] for cluster in revision.overriding() & set(targets)}
        return cls(archive, Layer(revision.values, references_of(revision.values_from)), overrides, targets, marks)

    def on(self, cluster: str) -> Desired:
        layers = (self.common, self.overrides.get(cluster, _NOTHING))
        return desired(self.archive.name, self.archive.version, layers, self.marks)

    @cached_property
    def references(self) -> tuple[Reference, ...]:
        return tuple(found for layer in (self.common, *self.overrides.values()) for found in layer.references)

    def equals(self, revision: DeploymentRevision) -> bool:
        """Whether the revision has the same wanted state: then there is nothing to write."""
        if self.archive.digest != revision.chart_digest or set(self.targets) != set(revision.targets):
            return False
        stored = self._stored()
        return canonical(stored) == canonical({field: getattr(revision, field) for field in stored})

    def changes_only_targets(self, revision: DeploymentRevision) -> bool:
        """Whether clusters that both target get the same release, and added ones get the common values."""
        if self.archive.digest != revision.chart_digest:
            return False
        kept = set(self.targets) & set(revision.targets)
        before = [Layer(revision.values, references_of(revision.values_from))]
        before += [revision.layers(cluster)[1] for cluster in sorted(kept)]
        after = [self.common, *(self.overrides.get(cluster, _NOTHING) for cluster in sorted(kept))]
        if self.overrides.keys() - kept:
            return False
        return all(
            canonical([one.values, _stored(one)]) == canonical([other.values, _stored(other)])
            for one, other in zip(before, after, strict=True)
        )

    def revision(self, deployment_id: int, generation: int, author: str | None) -> DeploymentRevision:
        return DeploymentRevision(
            deployment_id=deployment_id,
            generation=generation,
            chart_version=self.archive.version,
            chart_digest=self.archive.digest,
            targets=list(self.targets),
            author=author,
            **self._stored(),
        )

    def _stored(self) -> dict[str, Any]:
        """Values and references, as a revision stores them."""
        return {
            "values": self.common.values,
            "values_from": _stored(self.common),
            "value_overrides": {cluster: layer.values for cluster, layer in self.overrides.items()},
            "overrides_from": {c: _stored(layer) for c, layer in self.overrides.items() if layer.references},
        }


_NOTHING = Layer({})


def _stored(layer: Layer) -> list[dict[str, str]]:
    return [found.as_json() for found in sorted(layer.references, key=lambda found: found.path)]


def value_problems(
    values: object, values_from: Sequence[Given] | None, overrides: Mapping[str, Override]
) -> Iterator[Problem]:
    """Yields problems because of which the input can't be used as values, before it is merged."""
    for steps, message in problems(values):
        yield Problem(("values", *steps), message)
    for path, message in _unfit(values_from):
        yield Problem(("valuesFrom", path), message)
    for cluster, override in overrides.items():
        for steps, message in problems(override.values):
            yield Problem(("valueOverrides", cluster, *steps), message)
        for path, message in _unfit(override.values_from):
            yield Problem(("valueOverrides", cluster, "valuesFrom", path), message)


def _unfit(values_from: Sequence[Given] | None) -> Iterator[tuple[str, str]]:
    if values_from is not None and len(values_from) > MAX_REFERENCES:
        yield "", f"At most {MAX_REFERENCES} values of one layer come from secrets."
        return
    for given in values_from or ():
        try:
            steps_of(given["path"])
        except ValueError as error:
            yield given["path"], str(error)


def references_from(given: Iterable[Given]) -> tuple[Reference, ...]:
    """References from valid input, with each path in its canonical form."""
    return tuple(Reference(entry["secret"], entry["key"], path_of(steps_of(entry["path"]))) for entry in given)


def wish_problems(wish: Wish) -> Iterator[Problem]:
    """Yields problems of a wish as a whole: overrides of clusters that are not targets, references whose paths clash,
    merged values that are too large."""
    for path, message in clashes(wish.common):
        yield Problem(("valuesFrom", path), message)
    for cluster, layer in wish.overrides.items():
        for path, message in clashes(layer):
            yield Problem(("valueOverrides", cluster, "valuesFrom", path), message)
        if cluster not in wish.targets:
            message = f"{cluster} is no target of this deployment: name it in `targets`, or leave its override out."
            yield Problem(("valueOverrides", cluster), message)
    for cluster in wish.targets:
        if cluster in wish.overrides and (size := len(canonical(wish.on(cluster).values))) > MAX_VALUES_BYTES:
            message = f"The values for {cluster} have {size:,} bytes when merged; at most {MAX_VALUES_BYTES:,} fit."
            yield Problem(("valueOverrides", cluster), message)
