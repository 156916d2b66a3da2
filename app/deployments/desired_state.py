"""The desired state of a deployment as one value, which is compared with the previous one, checked, and written."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from app.clusters.checks import CLOUDS, DISTRIBUTIONS
from app.core.errors import Problem
from app.deployments.membership import Membership
from app.releases import expressions, selectors
from app.releases.canonical import canonical
from app.releases.layers import Inputs, Layers, Selected
from app.releases.paths import path_of, segments_of
from app.releases.references import Layer, Marks, Reference, clashes
from app.releases.release import Desired, desired
from app.releases.selectors import Selector
from app.releases.values import MAX_VALUES_BYTES, problems
from app.tables.charts import ChartArchive
from app.tables.deployments import DeploymentRevision

MAX_REFERENCES = 100
"""The number of references to values of secrets in one layer of values."""

MAX_SELECTOR_OVERRIDES = 50
"""The number of overrides by selector of one deployment."""

Given = Mapping[str, str]
"""A reference as it was given: `secret`, `key` and `path`."""


@dataclass(frozen=True)
class Override:
    """Values for one cluster, as they were given; `values_from` is None if it was left out."""

    cluster: str
    values: Any = field(default_factory=dict)
    values_from: Sequence[Given] | None = None


@dataclass(frozen=True)
class SelectorOverride:
    """Values for the clusters that a selector matches, as they were given."""

    select: Any
    values: Any = field(default_factory=dict)
    values_from: Sequence[Given] = ()

    @property
    def parsed(self) -> Selected:
        """The override, if it is valid."""
        return Selected(Selector.of_json(self.select), Layer(dict(self.values), references_from(self.values_from)))


@dataclass(frozen=True)
class DesiredState:
    """What one generation wants on all its targets. Overrides are keyed by the cluster's name; `marks` stand for all
    values of secrets that it refers to. `targets` are all targets, `membership` says how they were chosen.

    `inputs` has, by cluster, what the values there depend on besides: without it, the values of a desired state whose
    layers have selectors or expressions are not known."""

    archive: ChartArchive
    common: Layer
    overrides: Mapping[str, Layer]
    targets: tuple[str, ...] = ()
    marks: Marks = field(default_factory=dict)
    selected: tuple[Selected, ...] = ()
    membership: Membership = field(default_factory=Membership)
    inputs: Mapping[str, Inputs] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        archive: ChartArchive,
        revision: DeploymentRevision,
        targets: tuple[str, ...],
        marks: Marks,
        inputs: Mapping[str, Inputs],
    ) -> "DesiredState":
        """The desired state of a revision, limited to these targets."""
        named = revision.overriding()
        kept = named if revision.target_selector is not None else named & set(targets)
        overrides = {cluster: layer for cluster in sorted(kept) if (layer := revision.override(cluster)) is not None}
        membership = Membership.of(revision)
        return cls(
            archive,
            revision.common(),
            overrides,
            targets,
            marks,
            revision.selected(),
            membership.without(targets),
            inputs,
        )

    def layers(self, cluster: str) -> Layers:
        return Layers(self.common, self.selected, self.overrides.get(cluster))

    def on(self, cluster: str) -> Desired:
        layers = (layer for _, layer in self.layers(cluster).evaluated(self.inputs.get(cluster, _NO_INPUTS)))
        return desired(self.archive.name, self.archive.version, layers, self.marks)

    def place_of(self, cluster: str) -> tuple[str, ...]:
        """The part of a request to which problems of the merged values of a cluster belong."""
        if cluster in self.overrides:
            return ("valueOverrides", cluster)
        facts = self.inputs.get(cluster, _NO_INPUTS).facts
        applying = facts is not None and any(one.selector.matches(facts) for one in self.selected)
        return ("selectorOverrides",) if applying else ("values",)

    @cached_property
    def depends_on_inputs(self) -> bool:
        """Whether the values on a cluster depend on more than its name."""
        return bool(self.selected) or any(layer.has_expressions for layer in (self.common, *self.overrides.values()))

    @cached_property
    def references(self) -> tuple[Reference, ...]:
        layers = (self.common, *self.overrides.values(), *(one.layer for one in self.selected))
        return tuple(found for layer in layers for found in layer.references)

    def equals(self, revision: DeploymentRevision) -> bool:
        """Whether the revision has the same wanted state: then there is nothing to write."""
        if self.archive.digest != revision.chart_digest or set(self.targets) != set(revision.targets):
            return False
        stored = self._stored()
        return canonical(stored) == canonical({field: getattr(revision, field) for field in stored})

    def changes_only_targets(self, revision: DeploymentRevision) -> bool:
        """Whether clusters that both target get the same release, and added ones have no override of their own."""
        if self.archive.digest != revision.chart_digest:
            return False
        kept = set(self.targets) & set(revision.targets)
        before = [revision.common(), *(revision.override(cluster) or _NOTHING for cluster in sorted(kept))]
        after = [self.common, *(self.overrides.get(cluster, _NOTHING) for cluster in sorted(kept))]
        if self._added_overrides(revision) or self._stored()["selector_overrides"] != revision.selector_overrides:
            return False
        return all(
            canonical([one.values, one.references_as_json()]) == canonical([other.values, other.references_as_json()])
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

    def _added_overrides(self, revision: DeploymentRevision) -> bool:
        kept = set(self.targets) & set(revision.targets)
        for cluster in self.overrides.keys() - kept:
            before, after = revision.override(cluster) or _NOTHING, self.overrides[cluster]
            if canonical([before.values, before.references_as_json()]) != canonical(
                [after.values, after.references_as_json()]
            ):
                return True
        return False

    def _stored(self) -> dict[str, Any]:
        """Values, references and the choice of targets, as a revision stores them."""
        return {
            "values": self.common.values,
            "values_from": self.common.references_as_json(),
            "value_overrides": {cluster: layer.values for cluster, layer in self.overrides.items()},
            "overrides_from": {
                c: layer.references_as_json() for c, layer in self.overrides.items() if layer.references
            },
            "selector_overrides": [one.as_json() for one in self.selected],
            **self.membership.stored(),
        }


_NO_INPUTS = Inputs()
_NOTHING = Layer({})


def value_problems(
    values: object,
    values_from: Sequence[Given] | None,
    overrides: Mapping[str, Override],
    selected: Sequence[SelectorOverride],
    target_selector: Any,
) -> Iterator[Problem]:
    """Yields problems because of which the input cannot be used as values or selectors, before it is merged."""
    yield from _layer_problems(("values",), ("valuesFrom",), values, values_from)
    for cluster, override in overrides.items():
        path = ("valueOverrides", cluster)
        yield from _layer_problems(path, (*path, "valuesFrom"), override.values, override.values_from)
    if len(selected) > MAX_SELECTOR_OVERRIDES:
        yield Problem(("selectorOverrides",), f"A deployment has at most {MAX_SELECTOR_OVERRIDES} selector overrides.")
        return
    for index, one in enumerate(selected):
        path = ("selectorOverrides", str(index))
        yield from _layer_problems((*path, "values"), (*path, "valuesFrom"), one.values, one.values_from)
        yield from selector_problems((*path, "select"), one.select)
    if target_selector is not None:
        yield from selector_problems(("targetSelector",), target_selector)


def _layer_problems(
    path: tuple[str, ...], path_from: tuple[str, ...], values: object, values_from: Sequence[Given] | None
) -> Iterator[Problem]:
    for segments, message in problems(values):
        yield Problem((*path, *segments), message)
    for segments, message in expressions.problems(values):
        yield Problem((*path, *segments), message)
    for place, message in _unfit(values_from):
        yield Problem((*path_from, place), message)


def selector_problems(path: tuple[str, ...], selector: Any) -> Iterator[Problem]:
    """Yields problems because of which the input cannot be used as a selector."""
    found = list(selectors.problems(selector))
    for segments, message in found:
        yield Problem((*path, *segments), message)
    if found:
        return
    parsed = Selector.of_json(selector)
    for name, given, known in (("cloud", parsed.cloud, CLOUDS), ("distribution", parsed.distribution, DISTRIBUTIONS)):
        if unknown := [one for one in given if one not in known]:
            yield Problem((*path, name), f"{', '.join(unknown)}: the {name} is one of {', '.join(known)}.")


def _unfit(values_from: Sequence[Given] | None) -> Iterator[tuple[str, str]]:
    if values_from is not None and len(values_from) > MAX_REFERENCES:
        yield "", f"At most {MAX_REFERENCES} values of one layer come from secrets."
        return
    for given in values_from or ():
        try:
            segments_of(given["path"])
        except ValueError as error:
            yield given["path"], str(error)


def references_from(given: Iterable[Given]) -> tuple[Reference, ...]:
    """References from valid input, with each path in its canonical form."""
    return tuple(Reference(entry["secret"], entry["key"], path_of(segments_of(entry["path"]))) for entry in given)


def desired_state_problems(state: DesiredState, members: Collection[str]) -> Iterator[Problem]:
    """Yields problems of a desired state as a whole: overrides of clusters that are not targets, references whose paths
    clash, merged values that are not valid. If a selector chooses the targets, other members may have overrides."""
    for path, message in clashes(state.common):
        yield Problem(("valuesFrom", path), message)
    for index, one in enumerate(state.selected):
        for path, message in clashes(one.layer):
            yield Problem(("selectorOverrides", str(index), "valuesFrom", path), message)
    known = set(state.targets) if state.membership.selector is None else {*state.targets, *members}
    for cluster, layer in state.overrides.items():
        for path, message in clashes(layer):
            yield Problem(("valueOverrides", cluster, "valuesFrom", path), message)
        if cluster not in known:
            message = f"{cluster} is not a target of this deployment. Add it to `targets`, or remove its override."
            yield Problem(("valueOverrides", cluster), message)
    for cluster in state.targets:
        if state.depends_on_inputs or cluster in state.overrides:
            yield from _merged_problems(state, cluster)


def _merged_problems(state: DesiredState, cluster: str) -> Iterator[Problem]:
    merged = state.on(cluster).values
    path = state.place_of(cluster)
    if (size := len(canonical(merged))) > MAX_VALUES_BYTES:
        message = f"The values for {cluster} have {size:,} bytes when merged; at most {MAX_VALUES_BYTES:,} are allowed."
        yield Problem(path, message)
    elif state.depends_on_inputs:
        for segments, message in problems(merged):
            yield Problem(
                path, f"{path_of(segments)} on {cluster}: {message}" if segments else f"On {cluster}: {message}"
            )
