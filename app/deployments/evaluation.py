"""Evaluates the expressions in values, once for each generation and for each change of a cluster.

Expressions run in child processes: their cost has no bound. Their results are stored with the target, so that the
values of a target are derived from stored data alone.

An expression that refers to endpoints of other targets is evaluated once all of them have a value. Until then, a text
that says what is missing stands in its place, and Helm is not run.
"""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from app.core.errors import Problem, UserError, all_invalid, invalid
from app.core.threads import in_thread
from app.deployments.codes import DeploymentCode
from app.deployments.desired_state import DesiredState
from app.deployments.services import DeploymentServices
from app.groups.facts import cluster_facts
from app.registers.common import CommonCode
from app.releases.cycles import find_cycle, shown
from app.releases.endpoints import (
    MAX_REFERENCES,
    EndpointReference,
    Endpoints,
    known,
    missing,
    placeholder,
    reachable,
    references_in,
)
from app.releases.error_codes import ActionCode
from app.releases.expressions import ExpressionError, Use, as_text, uses
from app.releases.layers import Inputs, LayerKind, Origin
from app.releases.paths import path_of
from app.releases.references import Layer
from app.releases.selectors import ClusterFacts
from app.resources.endpoints import endpoints_of
from app.sandbox.pool import TOO_EXPENSIVE, Outcome, Pool, RunError
from app.tables.clusters import Cluster
from app.tables.deployments import Deployment
from app.tables.groups import ClusterGroup

PROGRAM = Path(__file__).with_name("expression_program.py")

VARIABLES = ("cluster", "group", "deployment", "targets")
"""The names that expressions may use."""

MAX_EXPRESSIONS = 500
"""The maximum number of distinct expressions in all layers of a deployment."""
_MOST_PROBLEMS = 50
_BATCH = 50
"""The maximum number of clusters in one request."""


@dataclass(frozen=True)
class Failure:
    """An expression that has no result on a cluster; `cluster` is None if the expression itself is not valid in a layer
    for several clusters."""

    cluster: str | None
    origin: Origin
    use: Use
    message: str

    def __str__(self) -> str:
        where = f" on {self.cluster}" if self.cluster is not None else ""
        return f"{self.origin}: {path_of(self.use.segments)}{where}: {self.use.expression}: {self.message}"

    @property
    def problem(self) -> Problem:
        path: tuple[str, ...] = ("values",)
        if self.origin.kind is LayerKind.SELECTOR:
            path = ("selectorOverrides", str(self.origin.index), "values")
        elif self.origin.kind is LayerKind.CLUSTER:
            path = ("valueOverrides", self.cluster or "")
        return Problem((*path, *self.use.segments), f"{self}.")


@dataclass(frozen=True)
class Evaluation:
    """The inputs of each cluster whose expressions all have a result, and the failures of the others."""

    inputs: dict[str, Inputs] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)


async def with_inputs(
    services: DeploymentServices,
    deployment: Deployment,
    group: ClusterGroup,
    state: DesiredState,
    clusters: Mapping[str, Cluster],
) -> DesiredState:
    """The desired state with the inputs of each target.

    Raises:
        ValidationFailed: if an expression is not valid, or has no result on a cluster.
    """
    facts = {name: cluster_facts(clusters[name], group.name) for name in state.targets}
    found = await evaluate(services, deployment, state, facts)
    if found.failures:
        raise all_invalid([failure.problem for failure in found.failures[:_MOST_PROBLEMS]])
    return replace(state, inputs=found.inputs)


async def evaluate(
    services: DeploymentServices,
    deployment: Deployment,
    state: DesiredState,
    facts: Mapping[str, ClusterFacts],
    only: Collection[str] | None = None,
) -> Evaluation:
    """Evaluates the expressions of a desired state, whose targets are on clusters with these facts, for all or `only`
    some of them.

    Raises:
        ValidationFailed: if there are too many expressions, they exceed their time or memory, or targets refer to each
            other in a cycle.
    """
    if not state.depends_on_inputs:
        return Evaluation()
    names = sorted(facts if only is None else only)
    used = _Uses(state)
    if not used.expressions:
        return Evaluation({name: Inputs(facts[name]) for name in names})
    if len(used.expressions) > MAX_EXPRESSIONS:
        message = f"The values of a deployment have at most {MAX_EXPRESSIONS} different expressions."
        raise all_invalid([Problem(("values",), message)])
    evaluation = Evaluation()
    values: Endpoints = {}
    if used.has_references:
        evaluation.failures.extend(used.unclear)
        evaluation.failures.extend(bad for name in names for bad in used.misdirected(name, facts))
        failing = {failure.cluster for failure in evaluation.failures}
        names = [name for name in names if name not in failing]
        if failing and (used.unclear or not names):
            return evaluation
        values = await _endpoints(services, deployment, used, facts, names)
    about = {
        "releaseName": deployment.release_name,
        "namespace": deployment.namespace,
        "chartName": state.archive.name,
        "chartVersion": state.archive.version,
    }
    for start in range(0, max(1, len(names)), _BATCH):  # a request without clusters checks the expressions
        batch = names[start : start + _BATCH]
        cases = [_case(used, name, facts[name], about, values) for name in batch]
        asked = {"variables": VARIABLES, "expressions": used.expressions, "cases": cases}
        answer = await ask_program(services.expressions, deployment.organization_id, asked, "values")
        if answer["refused"]:
            return Evaluation(failures=list(used.refused(answer["refused"])))
        for name, case, results in zip(batch, cases, answer["results"], strict=True):
            result_of = {used.expressions[place]: found for place, found in zip(case["use"], results, strict=True)}
            _note(evaluation, used, name, facts[name], values, result_of)
    return evaluation


async def _endpoints(
    services: DeploymentServices,
    deployment: Deployment,
    used: "_Uses",
    facts: Mapping[str, ClusterFacts],
    names: Sequence[str],
) -> Endpoints:
    """The endpoints to which the values of these targets refer.

    Raises:
        ValidationFailed: if targets refer to each other in a cycle.
    """
    if cycle := find_cycle({name: used.clusters(name, facts[name]) - {name} for name in facts}):
        message = f"The values of these targets refer to each other in a cycle: {shown(cycle)}."
        raise invalid(DeploymentCode.REFERENCE_CYCLE, message, "values")
    referred = {cluster for name in names for cluster in used.clusters(name, facts[name])}
    async with services.database.reading() as session:
        return await endpoints_of(session, deployment, referred)


def _note(
    evaluation: Evaluation,
    used: "_Uses",
    name: str,
    facts: ClusterFacts,
    values: Endpoints,
    result_of: dict[str, Any],
) -> None:
    """Adds the inputs of one target, or what has failed there. An expression whose endpoints are not known yet has a
    placeholder."""
    endpoints = known(used.references(name, facts), values)
    lacks = set(missing(endpoints))
    for _, use in used.of(name, facts):
        if waits := [found for found in used.references_of[use.expression] if found in lacks]:
            result_of[use.expression] = (True, placeholder(waits))
    failures = list(_failures(name, used.of(name, facts), result_of))
    evaluation.failures.extend(failures)
    if not failures:
        shown_results = {text: value for text, (_, value) in result_of.items()}
        evaluation.inputs[name] = Inputs(facts, shown_results, endpoints)


class _Uses:
    """The uses of expressions in the layers of a desired state, and their references to endpoints. Each layer is
    searched once, however many clusters have it.

    `unclear` are failures of expressions whose references are not written as they have to be."""

    def __init__(self, state: DesiredState) -> None:
        self._state = state
        self._by_layer: dict[int, list[Use]] = {}
        layers: list[tuple[str | None, Origin, Layer]] = [(None, Origin(LayerKind.COMMON), state.common)]
        layers += [(None, Origin(LayerKind.SELECTOR, index), one.layer) for index, one in enumerate(state.selected)]
        layers += [(name, Origin(LayerKind.CLUSTER), layer) for name, layer in state.overrides.items()]
        self._all = [(cluster, origin, use) for cluster, origin, layer in layers for use in self._in(layer)]
        self.expressions = list(dict.fromkeys(use.expression for _, _, use in self._all))
        self.places = {text: place for place, text in enumerate(self.expressions)}
        self.references_of: dict[str, tuple[EndpointReference, ...]] = {}
        self.unclear: list[Failure] = []
        for cluster, origin, use in self._all:
            if use.expression in self.references_of:
                continue
            self.references_of[use.expression] = ()
            try:
                self.references_of[use.expression] = references_in(use.expression)
            except ExpressionError as error:
                self.unclear.append(Failure(cluster, origin, use, str(error).removesuffix(".")))
        self.has_references = bool(self.unclear) or any(self.references_of.values())

    def of(self, cluster: str, facts: ClusterFacts) -> list[tuple[Origin, Use]]:
        """Those in the layers that apply to a cluster."""
        layers = self._state.layers(cluster).applying(facts)
        return [(origin, use) for origin, layer in layers for use in self._in(layer)]

    def references(self, cluster: str, facts: ClusterFacts) -> list[EndpointReference]:
        """The references of the values on a cluster."""
        return [found for _, use in self.of(cluster, facts) for found in self.references_of[use.expression]]

    def clusters(self, cluster: str, facts: ClusterFacts) -> set[str]:
        """The clusters on which the values of this one depend."""
        return {found.cluster for found in self.references(cluster, facts)} if self.has_references else set()

    def misdirected(self, cluster: str, facts: Mapping[str, ClusterFacts]) -> Iterator[Failure]:
        """The uses on a cluster that refer to no other target."""
        count = len(set(self.references(cluster, facts[cluster])))
        for origin, use in self.of(cluster, facts[cluster]):
            for found in self.references_of[use.expression]:
                if found.cluster == cluster:
                    yield Failure(cluster, origin, use, "a target cannot refer to itself")
                elif found.cluster not in facts:
                    yield Failure(cluster, origin, use, f"{found.cluster} is not a target of this deployment")
                elif count > MAX_REFERENCES:
                    message = f"the values of a target refer to at most {MAX_REFERENCES} endpoints"
                    yield Failure(cluster, origin, use, message)

    def refused(self, problems: Mapping[str, str]) -> Iterator[Failure]:
        """The first use of each expression that is not valid."""
        reported: set[str] = set()
        for cluster, origin, use in self._all:
            message = problems.get(str(self.places[use.expression]))
            if message is not None and use.expression not in reported:
                reported.add(use.expression)
                yield Failure(cluster, origin, use, message)

    def _in(self, layer: Layer) -> list[Use]:
        if id(layer) not in self._by_layer:
            self._by_layer[id(layer)] = list(uses(layer.values))
        return self._by_layer[id(layer)]


def _case(
    used: _Uses, cluster: str, facts: ClusterFacts, about: Mapping[str, str], values: Endpoints
) -> dict[str, Any]:
    """The expressions to evaluate for a cluster, without those that wait, and their variables."""
    about_cluster = facts.as_json()
    group = {"name": about_cluster.pop("group")}
    endpoints = known(used.references(cluster, facts), values)
    lacks = set(missing(endpoints))
    texts = {use.expression for _, use in used.of(cluster, facts)}
    places = sorted(used.places[text] for text in texts if lacks.isdisjoint(used.references_of[text]))
    variables = {"cluster": about_cluster, "group": group, "deployment": about, "targets": reachable(endpoints)}
    return {"variables": variables, "use": places}


def _failures(
    cluster: str, found: Iterable[tuple[Origin, Use]], results: Mapping[str, tuple[bool, Any]]
) -> Iterator[Failure]:
    for origin, use in found:
        has_result, value = results[use.expression]
        if not has_result:
            yield Failure(cluster, origin, use, value)
        elif not use.is_whole:
            try:
                as_text(value)
            except ExpressionError as error:
                yield Failure(cluster, origin, use, str(error))


async def ask_program(pool: Pool, organization_id: int, asked: Mapping[str, Any], path: str) -> Any:
    """The answer of the program to a request.

    Raises:
        ValidationFailed: if the expressions exceed their time or memory, or could not be evaluated; at the `path`.
    """
    request = await in_thread(json.dumps, asked)
    try:
        return await in_thread(json.loads, await pool.run(organization_id, request.encode()))
    except RunError as error:
        raise _refusal(error.outcome, pool, path) from None


def _refusal(outcome: Outcome, pool: Pool, path: str) -> UserError:
    if outcome is Outcome.CRASHED:
        message = "The evaluation of the expressions crashed, which is an error of Polyhelm itself."
        return invalid(ActionCode.INTERNAL, message, path)
    if outcome in TOO_EXPENSIVE:
        limits = f"they may use {pool.seconds:g} s of CPU time and {pool.memory // 2**20:,} MiB of memory"
        message = f"The expressions are too expensive: {limits} for {_BATCH} clusters. Simplify them."
        return invalid(DeploymentCode.EXPRESSIONS_TOO_EXPENSIVE, message, path)
    if outcome is Outcome.BUSY:
        message = "Your organization has too many evaluations of expressions waiting. Try again in a moment."
        return invalid(CommonCode.BUSY, message, path)
    message = "The expressions could not be evaluated. Try again in a moment."
    return invalid(DeploymentCode.EXPRESSIONS_INTERRUPTED, message, path)
