"""Evaluates the expressions in values, once for each generation and for each change of a cluster.

Expressions run in child processes: their cost has no bound. Their results are stored with the target, so that the
values of a target are derived from stored data alone.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from app.core.errors import Problem, UserError, all_invalid, invalid
from app.core.threads import in_thread
from app.deployments.codes import DeploymentCode
from app.deployments.membership import facts_of
from app.deployments.state import Wish
from app.registers.common import CommonCode
from app.releases.expressions import ExpressionError, Use, as_text, uses
from app.releases.layers import Inputs, LayerKind, Origin
from app.releases.paths import path_of
from app.releases.references import Layer
from app.releases.selectors import Facts
from app.sandbox.pool import PERMANENT, Outcome, Pool, RunError
from app.tables.clusters import Cluster
from app.tables.deployments import Deployment
from app.tables.groups import ClusterGroup

PROGRAM = Path(__file__).with_name("expression_program.py")

VARIABLES = ("cluster", "group", "deployment")
"""The names that expressions may use."""

MAX_EXPRESSIONS = 500
"""The maximum number of distinct expressions in all layers of a deployment."""
_MOST_PROBLEMS = 50
_BATCH = 50
"""The maximum number of clusters in one request."""


@dataclass(frozen=True)
class Failure:
    """An expression that has no result on a cluster; `cluster` is None if the expression itself is not valid."""

    cluster: str | None
    origin: Origin
    use: Use
    message: str

    def __str__(self) -> str:
        where = f" on {self.cluster}" if self.cluster is not None else ""
        return f"{self.origin}: {path_of(self.use.steps)}{where}: {self.use.expression}: {self.message}"

    @property
    def problem(self) -> Problem:
        path: tuple[str, ...] = ("values",)
        if self.origin.kind is LayerKind.SELECTOR:
            path = ("selectorOverrides", str(self.origin.index), "values")
        elif self.origin.kind is LayerKind.CLUSTER:
            path = ("valueOverrides", self.cluster or "")
        return Problem((*path, *self.use.steps), f"{self}.")


@dataclass(frozen=True)
class Evaluation:
    """The inputs of each cluster whose expressions all have a result, and the failures of the others."""

    inputs: dict[str, Inputs] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)


async def with_inputs(
    pool: Pool, deployment: Deployment, group: ClusterGroup, wish: Wish, clusters: Mapping[str, Cluster]
) -> Wish:
    """The wish with the inputs of each target.

    Raises:
        ValidationFailed: if an expression is not valid, or has no result on a cluster.
    """
    facts = {name: facts_of(clusters[name], group.name) for name in wish.targets}
    found = await evaluate(pool, deployment, wish, facts)
    if found.failures:
        raise all_invalid([failure.problem for failure in found.failures[:_MOST_PROBLEMS]])
    return replace(wish, inputs=found.inputs)


async def evaluate(pool: Pool, deployment: Deployment, wish: Wish, facts: Mapping[str, Facts]) -> Evaluation:
    """Evaluates the expressions of a wish for clusters with these facts.

    Raises:
        ValidationFailed: if there are too many expressions, or they exceed their time or memory.
    """
    if not wish.depends_on_inputs:
        return Evaluation()
    used = _Uses(wish)
    if not used.expressions:
        return Evaluation({name: Inputs(known) for name, known in facts.items()})
    if len(used.expressions) > MAX_EXPRESSIONS:
        message = f"The values of a deployment have at most {MAX_EXPRESSIONS} different expressions."
        raise all_invalid([Problem(("values",), message)])
    about = {
        "releaseName": deployment.release_name,
        "namespace": deployment.namespace,
        "chartName": wish.archive.name,
        "chartVersion": wish.archive.version,
    }
    evaluation = Evaluation()
    names = sorted(facts)
    for start in range(0, max(1, len(names)), _BATCH):  # a request without clusters checks the expressions
        batch = names[start : start + _BATCH]
        cases = [_case(used.of(name, facts[name]), used, facts[name], about) for name in batch]
        asked = {"variables": VARIABLES, "expressions": used.expressions, "cases": cases}
        answer = await _asked(pool, deployment.organization_id, asked)
        if answer["refused"]:
            return Evaluation(failures=list(used.refused(answer["refused"])))
        for name, case, results in zip(batch, cases, answer["results"], strict=True):
            known = {used.expressions[place]: found for place, found in zip(case["use"], results, strict=True)}
            failures = list(_failures(name, used.of(name, facts[name]), known))
            evaluation.failures.extend(failures)
            if not failures:
                evaluation.inputs[name] = Inputs(facts[name], {text: value for text, (_, value) in known.items()})
    return evaluation


class _Uses:
    """The uses of expressions in the layers of a wish. Each layer is searched once, however many clusters have it."""

    def __init__(self, wish: Wish) -> None:
        self._wish = wish
        self._by_layer: dict[int, list[Use]] = {}
        layers = [(Origin(LayerKind.COMMON), wish.common)]
        layers += [(Origin(LayerKind.SELECTOR, index), one.layer) for index, one in enumerate(wish.selected)]
        layers += [(Origin(LayerKind.CLUSTER), layer) for layer in wish.overrides.values()]
        self._all = [(origin, use) for origin, layer in layers for use in self._in(layer)]
        self.expressions = list(dict.fromkeys(use.expression for _, use in self._all))
        self.places = {text: place for place, text in enumerate(self.expressions)}

    def of(self, cluster: str, facts: Facts) -> list[tuple[Origin, Use]]:
        """Those in the layers that apply to a cluster."""
        layers = self._wish.layers(cluster).applying(facts)
        return [(origin, use) for origin, layer in layers for use in self._in(layer)]

    def refused(self, problems: Mapping[str, str]) -> Iterator[Failure]:
        """The first use of each expression that is not valid."""
        reported: set[str] = set()
        for origin, use in self._all:
            message = problems.get(str(self.places[use.expression]))
            if message is not None and use.expression not in reported:
                reported.add(use.expression)
                yield Failure(None, origin, use, message)

    def _in(self, layer: Layer) -> list[Use]:
        if id(layer) not in self._by_layer:
            self._by_layer[id(layer)] = list(uses(layer.values))
        return self._by_layer[id(layer)]


def _case(found: Sequence[tuple[Origin, Use]], used: _Uses, facts: Facts, about: Mapping[str, str]) -> dict[str, Any]:
    known = facts.as_json()
    group = {"name": known.pop("group")}
    places = sorted({used.places[use.expression] for _, use in found})
    return {"variables": {"cluster": known, "group": group, "deployment": about}, "use": places}


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


async def _asked(pool: Pool, organization_id: int, asked: Mapping[str, Any]) -> Any:
    request = await in_thread(json.dumps, asked)
    try:
        return await in_thread(json.loads, await pool.run(organization_id, request.encode()))
    except RunError as error:
        raise _refusal(error.outcome, pool) from None


def _refusal(outcome: Outcome, pool: Pool) -> UserError:
    if outcome in PERMANENT:
        limits = f"they may use {pool.seconds:g} s of CPU time and {pool.memory // 2**20:,} MiB of memory"
        message = f"The expressions in the values are too expensive: {limits} for {_BATCH} clusters. Simplify them."
        return invalid(DeploymentCode.EXPRESSIONS_TOO_EXPENSIVE, message, "values")
    if outcome is Outcome.BUSY:
        message = "Your organization has too many evaluations of expressions waiting. Try again in a moment."
        return invalid(CommonCode.BUSY, message, "values")
    message = "The expressions in the values could not be evaluated. Try again in a moment."
    return invalid(DeploymentCode.EXPRESSIONS_INTERRUPTED, message, "values")
