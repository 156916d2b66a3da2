"""The options of a deployment. A change of options alone makes no new generation.

The table is their only list in the server: requests, the rows of deployments, plans and Helm runs follow it, and a test
holds the API and the command line to it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import Enum, auto
from typing import Any

from app.core.errors import Problem
from app.core.names import description_problem
from app.deployments.desired_state import selector_problems
from app.drift.rules import rule_problems, stored_rules
from app.releases.remediation import MOST_RETRIES, Remediation
from app.rollouts.given import problems
from app.rollouts.stored_form import as_shown
from app.rollouts.strategy import stored_strategy
from app.tables.deployments import CrdPolicy, Deployment

LONGEST_TIMEOUT_SECONDS = 3600


class Effect(Enum):
    """What the change of an option affects besides the deployment."""

    INVENTORIES = auto()  # the objects that a release consists of
    LIVE_DRIFT = auto()  # the comparison of live objects
    CONTESTS = auto()  # corrections that stopped because someone else keeps changing a release


def _as_given(value: Any) -> Any:
    return value


def shown_strategy(strategy: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    return None if strategy is None else as_shown(strategy)


def _no_problems(value: Any) -> Iterable[Problem]:
    return ()


@dataclass(frozen=True)
class Option:
    """`name` is that of the field in requests, and `words` stand for it in events. `problems` checks a value that is
    given; `as_json` is its form in plans, and `stored` the one in the deployment's row, of which `shown` is compared.
    `in_helm` returns the settings of a Helm run from the stored value; such an option is part of what a plan is based
    on, and so is one that affects the comparison of live objects."""

    name: str
    words: str
    problems: Callable[[Any], Iterable[Problem]] = _no_problems
    as_json: Callable[[Any], Any] = _as_given
    stored: Callable[[Any], Any] = _as_given
    shown: Callable[[Any], Any] = _as_given
    in_helm: Callable[[Any], Mapping[str, Any]] | None = None
    affects: frozenset[Effect] = frozenset()
    is_column: bool = True


def _description_problems(given: str) -> Iterable[Problem]:
    problem = description_problem(given)
    return [problem] if problem else []


def _timeout_problems(seconds: int) -> Iterable[Problem]:
    if not 1 <= seconds <= LONGEST_TIMEOUT_SECONDS:
        yield Problem(("timeoutSeconds",), f"A timeout is between 1 and {LONGEST_TIMEOUT_SECONDS} seconds.")


def _ignore_problems(rules: Any) -> Iterable[Problem]:
    return [Problem(("liveDriftIgnore", *path), message) for path, message in rule_problems(rules)]


def strategy_problems(given: Mapping[str, Any] | None, field: str = "strategy") -> Iterable[Problem]:
    """What is wrong with a strategy in a field of the request."""
    if given is None:
        return
    for path, message in problems(given):
        yield Problem((field, *path), message)
    for index, wave in enumerate(given["waves"]):
        yield from selector_problems((field, "waves", str(index), "select"), wave["select"])


def _remediation_problems(given: Remediation) -> Iterable[Problem]:
    if not 0 <= given.retries <= MOST_RETRIES:
        yield Problem(("remediation", "retries"), f"The number of retries is between 0 and {MOST_RETRIES}.")


def stored_remediation(given: Remediation) -> dict[str, Any] | None:
    return None if given == Remediation() else given.as_json()


_TABLE = (
    Option("description", "description", _description_problems, stored=lambda given: given or None),
    Option("atomic", "atomic", in_helm=lambda atomic: {"atomic": atomic}),
    Option("wait", "wait", in_helm=lambda wait: {"wait": wait}),
    Option("timeout_seconds", "timeout", _timeout_problems, in_helm=lambda seconds: {"timeout_seconds": seconds}),
    Option(
        *("remediation", "remediation", _remediation_problems),
        as_json=Remediation.as_json,
        stored=stored_remediation,
    ),
    Option("drift_policy", "drift policy", affects=frozenset({Effect.CONTESTS})),
    Option("live_drift", "live drift", affects=frozenset({Effect.LIVE_DRIFT})),
    Option(
        *("crd_policy", "CRD policy"),
        in_helm=lambda policy: {"skip_crds": policy is CrdPolicy.SKIP},
        affects=frozenset({Effect.INVENTORIES, Effect.LIVE_DRIFT}),
    ),
    Option(
        *("live_drift_ignore", "ignore rules for live drift", _ignore_problems, stored_rules, stored_rules),
        affects=frozenset({Effect.LIVE_DRIFT}),
    ),
    Option(
        *("strategy", "rollout strategy", strategy_problems),
        as_json=shown_strategy,
        stored=stored_strategy,
        shown=shown_strategy,
    ),
    Option(
        *("depends_on", "dependencies"),
        as_json=lambda given: [asdict(one) for one in given],
        is_column=False,
    ),
)
OPTIONS: Mapping[str, Option] = {option.name: option for option in _TABLE}
"""All options, by name, in the order in which events name them."""


def option_problems(request: object) -> list[Problem]:
    """What is wrong with the options of a request."""
    return [problem for option, value in _given(request) for problem in option.problems(value)]


def stored_options(request: object) -> dict[str, Any]:
    """The options that a request sets, as the row of the deployment has them."""
    return {option.name: option.stored(value) for option, value in _given(request) if option.is_column}


def options_as_json(request: object) -> dict[str, Any]:
    """The options that a request sets, as plans show them."""
    return {option.name: option.as_json(value) for option, value in _given(request)}


def changing_options(request: object, present: Deployment | None, depends_on: Sequence[Mapping[str, Any]]) -> set[str]:
    """The names of the options that a request sets to other values than those of the deployment, or than the defaults
    of a new one. `depends_on` are its present dependencies."""
    changing = set()
    for option, value in _given(request):
        if not option.is_column:
            is_other = _by_name(option.as_json(value)) != _by_name(depends_on)
        else:
            default = Deployment.model_fields[option.name].get_default(call_default_factory=True)
            stored = getattr(present, option.name) if present else default
            is_other = option.shown(option.stored(value)) != option.shown(stored)
        if is_other:
            changing.add(option.name)
    return changing


def _by_name(dependencies: Iterable[Mapping[str, Any]]) -> dict[str, str | None]:
    return {one["deployment"]: one["condition"] for one in dependencies}


def basis_options(deployment: Deployment) -> dict[str, Any]:
    """The options with which Helm runs and objects are corrected."""
    bound = [option.name for option in _TABLE if option.in_helm or Effect.LIVE_DRIFT in option.affects]
    return {name: getattr(deployment, name) for name in bound}


def helm_options(deployment: Deployment) -> dict[str, Any]:
    """The settings of a Helm run."""
    found: dict[str, Any] = {}
    for option in _TABLE:
        if option.in_helm:
            found |= option.in_helm(getattr(deployment, option.name))
    return found


def effects_of(names: Iterable[str]) -> frozenset[Effect]:
    """What the change of these options affects."""
    return frozenset[Effect]().union(*(OPTIONS[name].affects for name in names))


def _given(request: object) -> Iterable[tuple[Option, Any]]:
    values = ((option, getattr(request, option.name, None)) for option in _TABLE)
    return [(option, value) for option, value in values if value is not None]
