"""Rollout strategies in deployment files. They are written like the API's input, and what equals its default can be
left out."""

import difflib
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import yaml

from cli.command import Role
from cli.nodes import entries, is_empty, is_text, line, value
from cli.overrides import CONDITIONS, selector_problems, shortened

STRATEGY = {"waves": None, "maxUnavailable": "100%", "onNewer": "SUPERSEDE", "rollBackOn": ["CHECK_FAILED"]}
WAVE = {
    "name": None,
    "select": None,
    "count": None,
    "percent": None,
    "maxConcurrent": "100%",
    "maxFailures": "0",
    "maxDeferred": "10%",
    "soak": "0s",
    "deadline": "15m",
    "minReady": "10s",
    "before": None,
    "checks": None,
}
GATE = {"approval": None, "check": None}
APPROVAL = {"required": 1, "role": None, "validFor": "7d"}
CHECK = {
    "name": None,
    "interval": "30s",
    "count": 1,
    "failureLimit": 0,
    "inconclusiveLimit": 0,
    "errorLimit": 4,
    "health": False,
    "object": None,
    "http": None,
    "prometheus": None,
    "job": None,
}
HEADER = {"name": None, "value": None}
SECRET_HEADER = {"name": None, "secret": None, "key": None, "prefix": ""}
SPECS: dict[str, dict[str, Any]] = {
    "object": {"kind": None, "name": None, "namespace": None, "apiGroup": None, "passes": None, "fails": None},
    "http": {
        "url": None,
        "method": "GET",
        "headers": None,
        "secretHeaders": None,
        "body": None,
        "timeout": "10s",
        "passes": None,
        "fails": None,
    },
    "prometheus": {
        "url": None,
        "query": None,
        "secretHeaders": None,
        "timeout": "10s",
        "passes": None,
        "fails": None,
    },
    "job": {"image": None, "command": None, "args": None, "env": None, "timeout": "5m"},
}
_HEADERS: dict[str, dict[str, Any]] = {"headers": HEADER, "secretHeaders": SECRET_HEADER, "env": HEADER}
"""The keys of each map, with their defaults in the API."""

_TEXTS = ("command", "args")

ON_NEWER = ("SUPERSEDE", "QUEUE", "REFUSE")
ENDINGS = ("TOO_MANY_FAILURES", "BUDGET_USED_UP", "CHECK_FAILED", "REJECTED")
_NUMBERS = ("count", "percent", "required", "failureLimit", "inconclusiveLimit", "errorLimit")
_AMOUNTS = ("maxUnavailable", "maxConcurrent", "maxFailures", "maxDeferred")

Problems = Iterator[tuple[int, str]]


def from_api(found: Any) -> dict[str, Any] | None:
    """Returns a strategy of the API as it is written in a file."""
    return None if found is None else as_written({**found, "waves": [_as_input(wave) for wave in found["waves"]]})


def as_written(given: Mapping[str, Any]) -> dict[str, Any] | None:
    """Returns a valid strategy without what equals a default; None if all targets are to move at once."""
    if not given["waves"]:
        return None
    return {"waves": [_wave(wave) for wave in given["waves"]], **_others(given, STRATEGY, "waves")}


def _as_input(wave: Any) -> dict[str, Any]:
    size, approval = wave["size"], wave["approvals"]
    most = {"percent": int(size[:-1])} if size.endswith("%") else {"count": int(size)}
    before: list[dict[str, Any]] = [] if approval is None else [{"approval": approval}]
    before += [{"check": _given_check(check)} for check in wave["checksBefore"]]
    others = {name: wave[name] for name in wave.keys() & WAVE.keys()}
    return {**others, **most, "before": before, "checks": [_given_check(check) for check in wave["checks"]]}


def _given_check(check: Any) -> dict[str, Any]:
    """Returns a check as the API takes it: with a field for its kind. The health of targets has no specification."""
    return {**check, check["kind"].lower(): check["spec"] or True}


def _wave(given: Mapping[str, Any]) -> dict[str, Any]:
    found = {"name": given["name"], **_others(given, WAVE, "name", "select", "before", "checks")}
    if given.get("count") is not None or found.get("percent") == 100:
        found.pop("percent", None)
    if select := _select(given.get("select")):
        found["select"] = select
    if gates := [gate for each in given.get("before") or () if (gate := _gate(each))]:
        found["before"] = gates
    if given.get("checks"):
        found["checks"] = [_check(check) for check in given["checks"]]
    return {name: found[name] for name in WAVE if name in found}


def _gate(given: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if given.get("approval") is not None:
        found["approval"] = _others(given["approval"], APPROVAL)
    if given.get("check") is not None:
        found["check"] = _check(given["check"])
    return found


def _check(given: Mapping[str, Any]) -> dict[str, Any]:
    specs = {name: _spec(given[name], known) for name, known in SPECS.items() if given.get(name) is not None}
    return {**_others(given, CHECK, *SPECS), **specs}


def _spec(given: Mapping[str, Any], known: Mapping[str, Any]) -> dict[str, Any]:
    headers = {
        name: [_others(header, _HEADERS[name]) for header in given[name]] for name in _HEADERS if given.get(name)
    }
    left_out = [*_HEADERS, *(name for name in _TEXTS if not given.get(name))]
    return _others(given, known, *left_out) | headers


def _select(given: Mapping[str, Any] | None) -> dict[str, Any]:
    found = shortened({**dict.fromkeys(CONDITIONS), **(given or {})})
    return found | ({"labels": _labels(found["labels"])} if "labels" in found else {})


def _labels(labels: Mapping[str, Any]) -> dict[str, Any]:
    return {name: each[0] if isinstance(each, list) and len(each) == 1 else each for name, each in labels.items()}


def _others(given: Mapping[str, Any], defaults: Mapping[str, Any], *left_out: str) -> dict[str, Any]:
    """Returns the values of a map, without those of keys that are left out, that differ from their defaults."""
    found = {name: given[name] for name in defaults if given.get(name) is not None and name not in left_out}
    found |= {name: str(found[name]) for name in _AMOUNTS if name in found}
    return {name: value for name, value in found.items() if value != defaults[name]}


def strategy_problems(node: yaml.Node) -> Problems:
    """Yields the line and the words of each problem of a strategy."""
    yield from _problems(node, "a strategy", STRATEGY, {"waves": _list_of("waves", _wave_problems)}, ("waves",))


def _wave_problems(node: yaml.Node) -> Problems:
    below = {"select": lambda each: selector_problems("select", each), "before": _list_of("before", _gate_problems)}
    below["checks"] = _list_of("checks", _check_problems)
    yield from _problems(node, "a wave", WAVE, below, ("name",))


def _gate_problems(node: yaml.Node) -> Problems:
    yield from _problems(
        node, "an entry of `before`", GATE, {"approval": _approval_problems, "check": _check_problems}, ()
    )


def _approval_problems(node: yaml.Node) -> Problems:
    yield from _problems(node, "an approval", APPROVAL, {}, ())


def _check_problems(node: yaml.Node) -> Problems:
    headers = {
        name: _list_of(name, partial(_problems, what="an entry", known=known, below={}, needed=("name",)))
        for name, known in _HEADERS.items()
    }
    below = {
        name: partial(_problems, what=f"`{name}`", known=known, below=headers, needed=())
        for name, known in SPECS.items()
    }
    yield from _problems(node, "a check", CHECK, below, ("name",))


def _problems(
    node: yaml.Node,
    what: str,
    known: Mapping[str, Any],
    below: Mapping[str, Callable[[yaml.Node], Problems]],
    needed: tuple[str, ...],
) -> Problems:
    if not isinstance(node, yaml.MappingNode):
        yield line(node), f"{what} must be a map with {', '.join(f'`{name}`' for name in known)}"
        return
    found = entries(node)
    for name, (key, each) in found.items():
        if name not in known:
            close = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean `{close[0]}`?" if close else f"known are {', '.join(known)}"
            yield line(key), f"`{name}` is not known: {hint}"
        elif name in below and not is_empty(each):
            yield from below[name](each)
        elif not is_empty(each) and (words := _wrong(name, each)):
            yield line(each), f"`{name}` must be {words}"
    for name in needed:
        if name not in found or is_empty(found[name][1]):
            yield line(node), f"{what} needs `{name}`"


def _list_of(name: str, problems: Callable[[yaml.Node], Problems]) -> Callable[[yaml.Node], Problems]:
    def of_list(node: yaml.Node) -> Problems:
        if not isinstance(node, yaml.SequenceNode):
            yield line(node), f"`{name}` must be a list"
            return
        for item in node.value:
            yield from problems(item)

    return of_list


def _wrong(name: str, node: yaml.Node) -> str | None:
    """Returns what a value must be, unless it is."""
    found = value(node)
    is_number = isinstance(found, int) and not isinstance(found, bool)
    if name in _TEXTS:
        is_list = isinstance(node, yaml.SequenceNode) and all(map(is_text, node.value))
        return None if is_list else "a list of strings (put them in quotes)"
    if name == "health":
        return None if isinstance(found, bool) else "true or false"
    if name in _NUMBERS:
        return None if is_number else "a number"
    if name in _AMOUNTS:
        return None if is_number or is_text(node) else "a number of targets such as 5, or a percentage such as 10%"
    if name == "rollBackOn":
        is_list = isinstance(node, yaml.SequenceNode) and all(each in ENDINGS for each in found)
        return None if is_list else f"a list of {', '.join(ENDINGS)}"
    choices = {"onNewer": ON_NEWER, "role": tuple(Role.__members__)}.get(name)
    if choices is not None:
        return None if found in choices else f"one of {', '.join(choices)}"
    return None if is_text(node) else "a string (put it in quotes)"
