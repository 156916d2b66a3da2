"""The file format of `polyhelm deploy apply`: one deployment per document, validated strictly, with line numbers in
errors. docs/cli.md describes it."""

import difflib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from cli.failure import usage
from cli.nodes import Loader, is_empty, is_text, line, text
from cli.nodes import value as value_of
from cli.options import OPTIONS
from cli.output import as_yaml
from cli.overrides import (
    SelectorOverride,
    overrides_problems,
    read_overrides,
    reference_problems,
    selector_problems,
    shortened,
)
from cli.strategy import as_written, from_api, strategy_problems

HEADER, VERSION = "polyhelm", "v1"
_KINDS: dict[str, tuple[type, str]] = {
    HEADER: (str, "a string"),
    "group": (str, "a string"),
    "release": (str, "a string"),
    "namespace": (str, "a string"),
    "chart": (str, "a string"),
    "version": (str, "a string"),
    "description": (str, "a string"),
    "values": (dict, "a map"),
    "valuesFrom": (list, "a list of references to secrets"),
    "overrides": (dict, "a map of clusters"),
    "overridesFrom": (dict, "a map of clusters"),
    "targets": (list, "a list of clusters"),
    "targetSelector": (dict, "a map of conditions"),
    "atomic": (bool, "true or false"),
    "wait": (bool, "true or false"),
    "timeout": (int, "a number of seconds"),
    "remediation": (dict, "a map with `retries` and `remedy`"),
    "driftPolicy": (str, "REPORT or CORRECT"),
    "crdPolicy": (str, "CREATE, CREATE_REPLACE or SKIP"),
    "liveDrift": (str, "OFF, REPORT or CORRECT"),
    "liveDriftIgnore": (list, "a list of rules"),
    "dependsOn": (list, "a list of deployments of the group"),
    "strategy": (dict, "a map with `waves`"),
}
_NEEDED = (HEADER, "group", "release", "namespace", "chart")
_CHOICES = {
    "driftPolicy": ("REPORT", "CORRECT"),
    "crdPolicy": ("CREATE", "CREATE_REPLACE", "SKIP"),
    "liveDrift": ("OFF", "REPORT", "CORRECT"),
}
_NO_REMEDIATION: dict[str, Any] = {"retries": 0, "remedy": "NOTHING"}
_REMEDIES = ("NOTHING", "ROLLBACK", "UNINSTALL")
_VALUES = ("values", "overrides")
"""Keys whose values are parsed by the server only."""


_NOTHING: dict[str, Any] = {"description": "", "strategy": {"waves": []}}
"""How the API takes options that are None."""


@dataclass(frozen=True)
class Manifest:
    """One document of a deployment file.

    Omitted keys are None; omitted values, overrides and references are empty. Values are YAML that the server parses.
    Options are those that are given, by their keys in the file. No description and no strategy are None.
    """

    group: str
    release: str
    namespace: str
    chart: str
    values: str
    overrides: dict[str, str]
    values_from: list[dict[str, str]] = field(default_factory=list)
    overrides_from: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    selected: list[SelectorOverride] = field(default_factory=list)
    version: str | None = None
    targets: list[str] | None = None
    target_selector: dict[str, Any] | None = None
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return f"{self.group}/{self.release}"

    def wish(self) -> dict[str, Any]:
        """Returns the desired state as input for creating and updating a deployment."""
        return {
            "version": self.version,
            "namespace": self.namespace,
            "releaseName": self.release,
            "valuesYaml": self.values,
            "valuesFrom": self.values_from,
            "valueOverrides": [
                {
                    "cluster": name,
                    "valuesYaml": self.overrides.get(name, ""),
                    "valuesFrom": self.overrides_from.get(name, []),
                }
                for name in dict.fromkeys([*self.overrides, *self.overrides_from])
            ],
            "selectorOverrides": [each.wish() for each in self.selected],
            "targets": self.targets,
            "targetSelector": self.target_selector,
            **{OPTIONS[key]: _NOTHING.get(key) if value is None else value for key, value in self.options.items()},
        }


def read(text: str, source: str) -> list[Manifest]:
    """Returns all deployments in a file.

    Raises:
        Failure: The file is not valid. It lists every problem with its line.
    """
    try:
        nodes = [node for node in yaml.compose_all(text, Loader=Loader) if not is_empty(node)]
        problems = [problem for node in nodes for problem in sorted(_problems(node))]
        manifests = [] if problems else [_manifest(node) for node in nodes]
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise usage(f"{source}:{line}: not valid YAML: {error.problem or error.context}") from None
    except yaml.YAMLError as error:
        raise usage(f"{source}: not valid YAML: {error}") from None
    except RecursionError:
        raise usage(f"{source}: an alias in it contains itself.") from None
    problems += _repeated(manifests, nodes) if manifests else ()
    if problems:
        lines = [f"{source}:{line}: {words}" for line, words in problems]
        raise usage("The file is not valid.", "docs/cli.md describes the format.", *lines)
    if not manifests:
        raise usage(f"{source} contains no deployment.", "docs/cli.md describes the format.")
    return manifests


def document(deployment: Any) -> dict[str, Any]:
    """Returns the file of an existing deployment from its API object. `read` accepts it."""
    given = {
        HEADER: VERSION,
        "group": deployment["group"]["name"],
        "release": deployment["releaseName"],
        "namespace": deployment["namespace"],
        "chart": deployment["chart"],
        "version": deployment["chartVersion"],
        **membership(deployment["desired"]),
        **{key: deployment[name] for key, name in OPTIONS.items()},
        **layers(deployment),
    }
    given["dependsOn"] = [
        one["deployment"] if one["condition"] is None else one for one in dependencies(deployment)
    ] or None
    given["strategy"] = from_api(deployment["strategy"])
    if given["remediation"] == _NO_REMEDIATION:
        given["remediation"] = None
    given["liveDriftIgnore"] = [
        {key: value for key, value in rule.items() if value is not None} for rule in given["liveDriftIgnore"]
    ] or None
    return {key: given[key] for key in _KINDS if given.get(key) is not None}


def dependencies(deployment: Any) -> list[dict[str, Any]]:
    """Returns what an API object depends on, as input."""
    return [{"deployment": one["releaseName"], "condition": one["condition"]} for one in deployment["dependsOn"]]


def restored(group: str, release: str, deployment: Any, revision: Any) -> Manifest:
    """Returns a revision of a deployment as a document that does not change options."""
    found, chosen = layers(revision), membership(revision)
    return Manifest(
        group=group,
        release=release,
        namespace=deployment["namespace"],
        chart=deployment["chart"],
        version=revision["chartVersion"],
        values=_written(found.get("values")),
        overrides={each["cluster"]: _written(each["values"]) for each in revision["valueOverrides"]},
        values_from=found.get("valuesFrom", []),
        overrides_from={
            each["cluster"]: each["valuesFrom"] for each in revision["valueOverrides"] if each["valuesFrom"]
        },
        selected=[
            SelectorOverride(shortened(each["select"]), _written(each["values"]), each["valuesFrom"])
            for each in revision["selectorOverrides"]
        ],
        targets=chosen.get("targets"),
        target_selector=chosen.get("targetSelector"),
    )


def membership(revision: Any) -> dict[str, Any]:
    """Returns how the targets of an API object are chosen, by the keys in the file."""
    if revision["targetSelector"] is None:
        return {"targets": revision["targets"]}
    listed = revision["listedTargets"]
    return {"targetSelector": shortened(revision["targetSelector"])} | ({"targets": listed} if listed else {})


def layers(revision: Any) -> dict[str, Any]:
    """Returns values, overrides and references to secrets from an API object, by their keys in the file. Empty ones
    are omitted. If there are overrides by selector, all overrides are one list, weakest first."""
    overrides, selected = revision["valueOverrides"], revision["selectorOverrides"]
    found: dict[str, Any] = {"values": revision["values"], "valuesFrom": revision["valuesFrom"]}
    if selected:
        entries = [({"select": shortened(each["select"])}, each) for each in selected]
        entries += [({"cluster": each["cluster"]}, each) for each in overrides]
        found["overrides"] = [
            head | {key: each[key] for key in ("values", "valuesFrom") if each[key]} for head, each in entries
        ]
    else:
        found["overrides"] = {
            each["cluster"]: each["values"] for each in overrides if each["values"] or not each["valuesFrom"]
        }
        found["overridesFrom"] = {each["cluster"]: each["valuesFrom"] for each in overrides if each["valuesFrom"]}
    return {key: value for key, value in found.items() if value}


def _problems(node: yaml.Node) -> Iterator[tuple[int, str]]:
    if not isinstance(node, yaml.MappingNode):
        yield line(node), f"a deployment is a map that starts with `{HEADER}: {VERSION}`"
        return
    entries = {str(key.value): (key, value) for key, value in node.value}
    yield from _duplicates(node)
    if HEADER in entries and entries[HEADER][1].value != VERSION:
        yield line(entries[HEADER][1]), f"`{HEADER}` must be `{VERSION}`, the only version that this polyhelm supports"
    for name, (key, value) in entries.items():
        if name not in _KINDS:
            close = difflib.get_close_matches(name, _KINDS, n=1)
            hint = f"did you mean `{close[0]}`?" if close else f"known are {', '.join(_KINDS)}"
            yield line(key), f"`{name}` is not known: {hint}"
        else:
            yield from _kind_problems(name, value)
    for name in _NEEDED:
        if name not in entries:
            yield line(node), f"`{name}` is missing" + (f": `{HEADER}: {VERSION}`" if name == HEADER else "")


def _kind_problems(name: str, node: yaml.Node) -> Iterator[tuple[int, str]]:
    kind, words = _KINDS[name]
    if is_empty(node) and name not in _NEEDED:
        return
    if name in _VALUES:
        if name == "overrides":
            yield from overrides_problems(node)
        elif not isinstance(node, yaml.MappingNode):
            yield line(node), f"`{name}` must be {words}"
        return
    if name == "targetSelector":
        yield from selector_problems(name, node)
        return
    if name == "strategy":
        yield from strategy_problems(node)
        return
    value = node.value if name in _CHOICES and isinstance(node, yaml.ScalarNode) else value_of(node)
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        hint = " (put it in quotes)" if kind is str and isinstance(node, yaml.ScalarNode) and node.value else ""
        yield line(node), f"`{name}` must be {words}{hint}"
    elif name in _CHOICES and value not in _CHOICES[name]:
        yield line(node), f"`{name}` must be {words}"
    elif kind is str and not value and name != "description":
        yield line(node), f"`{name}` is empty"
    elif name == "valuesFrom":
        yield from reference_problems(node)
    elif name == "liveDriftIgnore":
        yield from _rule_problems(node)
    elif name == "remediation":
        yield from _remediation_problems(node)
    elif name == "dependsOn":
        yield from _dependency_problems(node)
    elif isinstance(value, list) and (wrong := next((item for item in node.value if not is_text(item)), None)):
        yield line(wrong), f"`{name}` must be {words}: this entry is not valid"
    elif name == "overridesFrom":
        for key, below in node.value:
            if isinstance(below, yaml.SequenceNode):
                yield from reference_problems(below)
            elif not is_empty(below):
                yield line(below), f"the value of `{key.value}` must be a list of references to secrets"


def _rule_problems(node: yaml.Node) -> Iterator[tuple[int, str]]:
    for item in node.value:
        entries = {key.value: value for key, value in item.value} if isinstance(item, yaml.MappingNode) else {}
        paths = entries.pop("paths", None)
        is_list = isinstance(paths, yaml.SequenceNode) and all(is_text(path) for path in paths.value)
        if not is_list or not all(name in ("kind", "group") and is_text(value) for name, value in entries.items()):
            yield (
                line(item),
                "an ignore rule must be a map with `paths`, a list of strings, and optionally `kind` and `group`",
            )


def _remediation_problems(node: yaml.Node) -> Iterator[tuple[int, str]]:
    for key, below in node.value:
        given = value_of(below)
        if key.value not in _NO_REMEDIATION:
            yield line(key), f"`{key.value}` is not known: known are retries, remedy"
        elif key.value == "remedy" and given not in _REMEDIES:
            yield line(below), f"`remedy` must be {', '.join(_REMEDIES[:-1])} or {_REMEDIES[-1]}"
        elif key.value == "retries" and (not isinstance(given, int) or isinstance(given, bool)):
            yield line(below), "`retries` must be a number"


def _dependency_problems(node: yaml.Node) -> Iterator[tuple[int, str]]:
    for item in node.value:
        entries = {key.value: value for key, value in item.value} if isinstance(item, yaml.MappingNode) else {}
        is_map = "deployment" in entries and entries.keys() <= {"deployment", "condition"}
        if not is_text(item) and not (is_map and all(is_text(value) for value in entries.values())):
            yield line(item), "a dependency is a release name, or a map of `deployment` and perhaps `condition`"


def _duplicates(node: yaml.Node) -> Iterator[tuple[int, str]]:
    """Reports duplicate keys, which YAML parsers accept silently by using the last one."""
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _duplicates(item)
    if isinstance(node, yaml.MappingNode):
        seen: dict[object, int] = {}
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    yield line(key), f"`{key.value}` is given twice, first in line {seen[key.value]}"
                seen.setdefault(key.value, line(key))
            yield from _duplicates(value)


def _repeated(manifests: list[Manifest], nodes: list[yaml.Node]) -> Iterator[tuple[int, str]]:
    seen: dict[str, int] = {}
    for manifest, node in zip(manifests, nodes, strict=True):
        if manifest.name in seen:
            yield line(node), f"{manifest.name} is given twice, first in line {seen[manifest.name]}"
        seen.setdefault(manifest.name, line(node))


def _manifest(node: yaml.Node) -> Manifest:
    texts = {key.value: value for key, value in node.value if key.value in _VALUES and not is_empty(value)}
    rest = [(key, value) for key, value in node.value if key.value not in _VALUES]
    entries = value_of(yaml.MappingNode(node.tag, rest)).items()
    given = {key: value for key, value in entries if key == "description" or (value is not None and key != HEADER)}
    if "description" in given:
        given["description"] = given["description"] or None
    options = {key: given.pop(key) for key in OPTIONS if key in given}
    overrides = read_overrides(texts.get("overrides"))
    by_cluster = {name: found or [] for name, found in given.pop("overridesFrom", {}).items()}
    if options.get("liveDrift") is False:  # as YAML reads OFF
        options["liveDrift"] = "OFF"
    if (others := options.get("dependsOn")) is not None:
        given_as = [one if isinstance(one, dict) else {"deployment": one} for one in others]
        options["dependsOn"] = sorted(
            ({"condition": None, **one} for one in given_as), key=lambda one: one["deployment"]
        )
    if "remediation" in options:
        options["remediation"] = {**_NO_REMEDIATION, **options["remediation"]}
    if "strategy" in options:
        options["strategy"] = as_written(options["strategy"])
    if (rules := options.get("liveDriftIgnore")) is not None:
        options["liveDriftIgnore"] = [{"kind": None, "group": None, **rule} for rule in rules]
    return Manifest(
        values=text(texts["values"]) if "values" in texts else "",
        overrides=overrides.values,
        values_from=given.pop("valuesFrom", []),
        overrides_from=by_cluster | overrides.values_from,
        selected=overrides.selected,
        target_selector=given.pop("targetSelector", None),
        options=options,
        **given,
    )


def _written(values: dict[str, Any] | None) -> str:
    return as_yaml(values) if values else ""
