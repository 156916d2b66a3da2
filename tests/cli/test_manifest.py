"""The file of `deploy apply`: what it means, and its mistakes with their lines."""

from operator import itemgetter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.yaml import reading
from cli.failure import Failure
from cli.manifest import Manifest, document, read
from cli.output import as_yaml
from cli.strategy import from_api

HEAD = "polyhelm: v1\ngroup: web\nrelease: hello\nnamespace: demo\nchart: samples/hello\n"
_REFERENCE = "%d: a reference to a secret must be a map with the strings `secret`, `key` and `path`"


def test_options_that_a_file_omits_are_not_sent() -> None:
    assert read(HEAD, "-") == [Manifest("web", "hello", "demo", "samples/hello", "", {})]


def test_all_fields_of_a_file_are_sent_as_written() -> None:
    text = HEAD + (
        'version: "1.10"\nvalues: {since: 2026-01-01, port: 80, on: "yes"}\noverrides: {paris: {port: 81}, berlin: }\n'
        "targets: [paris, berlin]\natomic: true\nwait: false\ntimeout: 60\ndescription: The shop.\n"
        "driftPolicy: CORRECT\ncrdPolicy: SKIP\n"
        "liveDrift: OFF\nliveDriftIgnore: [{kind: Job, paths: [/spec]}]\n"
        "valuesFrom: [{secret: db, key: password, path: a.b}]\n"
        "overridesFrom: {tokyo: [{secret: db-tokyo, key: password, path: a.b}], paris: }\n"
    )
    (manifest,) = read(text, "-")
    assert manifest.wish() == {
        "version": "1.10",
        "namespace": "demo",
        "releaseName": "hello",
        "valuesYaml": '{since: 2026-01-01, port: 80, on: "yes"}\n',
        "description": "The shop.",
        "valuesFrom": [{"secret": "db", "key": "password", "path": "a.b"}],
        "valueOverrides": [
            {"cluster": "paris", "valuesYaml": "{port: 81}\n", "valuesFrom": []},
            {"cluster": "berlin", "valuesYaml": "", "valuesFrom": []},
            {
                "cluster": "tokyo",
                "valuesYaml": "",
                "valuesFrom": [{"secret": "db-tokyo", "key": "password", "path": "a.b"}],
            },
        ],
        "selectorOverrides": [],
        "targets": ["paris", "berlin"],
        "targetSelector": None,
        "atomic": True,
        "wait": False,
        "timeoutSeconds": 60,
        "driftPolicy": "CORRECT",
        "crdPolicy": "SKIP",
        "liveDrift": "OFF",
        "liveDriftIgnore": [{"kind": "Job", "group": None, "paths": ["/spec"]}],
    }


@pytest.mark.parametrize("none", ["''", "null", ""])
def test_a_description_that_is_given_as_none_is_taken_away(none: str) -> None:
    (manifest,) = read(HEAD + f"description: {none}\n", "-")
    assert (manifest.options, manifest.wish()["description"]) == ({"description": None}, "")


_TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=1, max_size=9)
_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)  # Helm reads larger ones as floating-point numbers
    | st.floats(allow_nan=False, allow_infinity=False)
    | _TEXT
    | st.sampled_from(["2026-01-01", "on", "1.10", "~"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXT, inner, max_size=3),
    max_leaves=9,
)
_VALUES = st.dictionaries(_TEXT, _JSON, max_size=3)
_REFERENCES = st.lists(st.fixed_dictionaries(dict.fromkeys(("secret", "key", "path"), _TEXT)), max_size=2)
_OVERRIDE: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {"cluster": _TEXT, "values": _VALUES, "valuesFrom": _REFERENCES}
)
_LISTED = st.lists(_TEXT, max_size=2)
_SELECTOR: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {
        "labels": st.dictionaries(_TEXT, _TEXT | st.lists(_TEXT, min_size=2, max_size=3), max_size=2),
        **dict.fromkeys(("cloud", "region", "distribution"), _LISTED),
        "kubernetesVersion": st.none() | _TEXT,
    }
)
_SELECTED: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {"select": _SELECTOR, "values": _VALUES, "valuesFrom": _REFERENCES}
)
_DEPENDENCY: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {"releaseName": _TEXT, "condition": st.none() | _TEXT}
)
_AMOUNT = st.sampled_from(["0", "5", "10%", "100%"])
_DURATION = st.sampled_from(["0s", "10s", "15m", "7d"])
_APPROVALS = {"required": st.integers(1, 3), "role": st.sampled_from([None, "ADMIN"]), "validFor": _DURATION}
_CONDITION = {"kind": "ConfigMap", "name": "web", "namespace": None, "apiGroup": None, "passes": "true", "fails": None}
_CHECK: dict[str, st.SearchStrategy[Any]] = {
    "name": _TEXT,
    "interval": _DURATION,
    "errorLimit": st.sampled_from([0, 4]),
    **dict.fromkeys(("count", "failureLimit", "inconclusiveLimit"), st.integers(0, 2)),
}
_CHECKS = st.lists(
    st.fixed_dictionaries({**_CHECK, "kind": st.just("HEALTH"), "spec": st.just({})})
    | st.fixed_dictionaries({**_CHECK, "kind": st.just("OBJECT"), "spec": st.just(_CONDITION)}),
    max_size=2,
)
_WAVE: dict[str, st.SearchStrategy[Any]] = {
    "checksBefore": _CHECKS,
    "checks": _CHECKS,
    "name": _TEXT,
    "select": _SELECTOR,
    "approvals": st.none() | st.fixed_dictionaries(_APPROVALS),
    **dict.fromkeys(("size", "maxConcurrent", "maxFailures", "maxDeferred"), _AMOUNT),
    **dict.fromkeys(("soak", "deadline", "minReady"), _DURATION),
}
_STRATEGY = st.fixed_dictionaries(
    {
        "waves": st.lists(st.fixed_dictionaries(_WAVE), min_size=1, max_size=2),
        "maxUnavailable": _AMOUNT,
        "onNewer": st.sampled_from(["SUPERSEDE", "QUEUE"]),
        "rollBackOn": st.lists(st.sampled_from(["CHECK_FAILED", "REJECTED"]), unique=True),
    }
)
_TOLD: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {
        "group": st.fixed_dictionaries({"name": _TEXT}),
        **dict.fromkeys(("releaseName", "namespace", "chart", "chartVersion"), _TEXT),
        "desired": st.fixed_dictionaries(
            {
                "targets": st.lists(_TEXT, max_size=3),
                "targetSelector": st.none() | _SELECTOR,
                "listedTargets": st.lists(_TEXT, min_size=1, max_size=3),
            }
        ),
        "description": st.none() | _TEXT,
        "atomic": st.booleans(),
        "wait": st.booleans(),
        "timeoutSeconds": st.integers(1, 9),
        "remediation": st.fixed_dictionaries(
            {"retries": st.integers(0, 2), "remedy": st.sampled_from(["NOTHING", "ROLLBACK"])}
        ),
        "driftPolicy": st.sampled_from(["REPORT", "CORRECT"]),
        "crdPolicy": st.sampled_from(["CREATE", "CREATE_REPLACE", "SKIP"]),
        "liveDrift": st.sampled_from(["OFF", "REPORT"]),
        "liveDriftIgnore": st.just([{"kind": None, "group": None, "paths": ["/spec"]}]),
        "dependsOn": st.lists(_DEPENDENCY, max_size=2, unique_by=itemgetter("releaseName")),
        "strategy": st.none() | _STRATEGY,
        "values": _VALUES,
        "valuesFrom": _REFERENCES,
        "valueOverrides": st.lists(_OVERRIDE, max_size=3, unique_by=itemgetter("cluster")),
        "selectorOverrides": st.lists(_SELECTED, max_size=2),
    }
)


@given(_TOLD)
def test_the_file_of_a_deployment_says_all_that_it_wants(told: dict[str, Any]) -> None:
    (manifest,) = read(as_yaml(document(told)), "-")
    assert (manifest.name, manifest.chart) == (f"{told['group']['name']}/{told['releaseName']}", told["chart"])
    wish = manifest.wish()
    for layer in (wish, *wish["valueOverrides"], *wish["selectorOverrides"]):
        layer["values"] = reading.read(layer.pop("valuesYaml")) or {}
    assert sorted(wish.pop("valueOverrides"), key=itemgetter("cluster")) == sorted(
        told["valueOverrides"], key=itemgetter("cluster")
    )
    selected = [each | {"select": _short(each["select"])} for each in told["selectorOverrides"]]
    assert wish.pop("selectorOverrides") == selected
    desired = told["desired"]
    selector = desired["targetSelector"]
    assert wish.pop("targetSelector") == (None if selector is None else _short(selector))
    assert wish.pop("targets") == desired["targets" if selector is None else "listedTargets"]
    assert wish.pop("description", None) == told["description"]
    same = (
        "namespace",
        "releaseName",
        "values",
        "valuesFrom",
        "atomic",
        "wait",
        "timeoutSeconds",
        "driftPolicy",
        "crdPolicy",
        "liveDrift",
    )
    assert wish.pop("liveDriftIgnore") == told["liveDriftIgnore"]
    dependencies = [{"deployment": one["releaseName"], "condition": one["condition"]} for one in told["dependsOn"]]
    assert wish.pop("dependsOn", []) == sorted(dependencies, key=itemgetter("deployment"))
    assert wish.pop("remediation", {"retries": 0, "remedy": "NOTHING"}) == told["remediation"]
    assert wish.pop("strategy", None) == from_api(told["strategy"])
    assert wish == {
        "version": told["chartVersion"],
        **{key: told[key] for key in same},
    }


def _short(selector: dict[str, Any]) -> dict[str, Any]:
    found = {name: each for name, each in selector.items() if each}
    return {name: each[0] if isinstance(each, list) and len(each) == 1 else each for name, each in found.items()}


def test_overrides_are_a_map_of_clusters_or_a_list_with_selectors() -> None:
    text = HEAD + (
        "overrides:\n"
        "- select: {labels: {tier: [prod, stage]}, kubernetesVersion: '>=1.30'}\n"
        "  values: {since: 2026-01-01, on: no}\n"
        "- {cluster: paris, values: {port: 81}, valuesFrom: [{secret: db, key: k, path: a}]}\n"
        "- {select: {}, valuesFrom: [{secret: db, key: k, path: b}]}\n"
        "targetSelector: {cloud: amazon}\n"
    )
    (manifest,) = read(text, "-")
    wish = manifest.wish()
    assert wish["selectorOverrides"] == [
        {
            "select": {"labels": {"tier": ["prod", "stage"]}, "kubernetesVersion": ">=1.30"},
            "valuesYaml": "{since: 2026-01-01, on: no}\n",
            "valuesFrom": [],
        },
        {"select": {}, "valuesYaml": "", "valuesFrom": [{"secret": "db", "key": "k", "path": "b"}]},
    ]
    assert wish["valueOverrides"] == [
        {
            "cluster": "paris",
            "valuesYaml": "{port: 81}\n",
            "valuesFrom": [{"secret": "db", "key": "k", "path": "a"}],
        }
    ]
    assert (wish["targets"], wish["targetSelector"]) == (None, {"cloud": "amazon"})


def test_each_document_is_a_deployment_and_empty_ones_are_none() -> None:
    names = [manifest.name for manifest in read(f"---\n{HEAD}---\n---\n{HEAD.replace('hello', 'other')}---\n", "-")]
    assert names == ["web/hello", "web/other"]


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        (HEAD + "realease: x\n", ["6: `realease` is not known: did you mean `release`?"]),
        (
            HEAD + "x: 1\n",
            [
                "6: `x` is not known: known are polyhelm, group, release, namespace, chart, version, description,"
                " values, valuesFrom, overrides, overridesFrom, targets, targetSelector, atomic, wait, timeout,"
                " remediation, driftPolicy, crdPolicy, liveDrift, liveDriftIgnore, dependsOn, strategy"
            ],
        ),
        (HEAD + "version: 1.10\n", ["6: `version` must be a string (put it in quotes)"]),
        (HEAD + "values: [1]\n", ["6: `values` must be a map"]),
        (HEAD + "values:\n  a: 1\n  a: 2\n", ["8: `a` is given twice, first in line 7"]),
        (HEAD + "overrides:\n  paris: 3\n", ["7: the override for `paris` must be a map of values"]),
        (
            HEAD + "valuesFrom:\n- {secret: db, key: k}\n- {secret: db, key: 1, path: a}\n- x\n",
            [_REFERENCE % 7, _REFERENCE % 8, _REFERENCE % 9],
        ),
        (HEAD + "overridesFrom:\n  paris: 3\n", ["7: the value of `paris` must be a list of references to secrets"]),
        (HEAD + "overridesFrom:\n  paris:\n  - {secret: db, key: k, path: }\n", [_REFERENCE % 8]),
        (
            HEAD + "overrides: 3\n",
            ["6: `overrides` must be a map of clusters, or a list of entries with `select` or `cluster`"],
        ),
        (
            HEAD + "overrides:\n- {values: {}}\n- {select: {}, cluster: paris}\n- x\n",
            [
                f"{line}: an entry of `overrides` is a map with either `select` or `cluster`, and `values`"
                for line in (7, 8, 9)
            ],
        ),
        (
            HEAD + "overrides:\n- {select: {cluod: aws, labels: {tier: 1}, region: []}, value: {}}\n",
            [
                "7: `cluod` is not known: did you mean `cloud`?",
                "7: `region` must be a string (put it in quotes), or a list of strings",
                "7: `value` is not known: did you mean `values`?",
                "7: the label `tier` must be a string (put it in quotes), or a list of strings",
            ],
        ),
        (
            HEAD + "overrides:\n- {cluster: paris}\n- {cluster: paris, values: 1, valuesFrom: 3}\n",
            [
                "8: `valuesFrom` must be a list of references to secrets",
                "8: `values` must be a map",
                "8: the override for `paris` is given twice, first in line 7",
            ],
        ),
        (
            HEAD + "targetSelector: {kubernetesVersion: 1.30}\n",
            ["6: `kubernetesVersion` must be a string (put it in quotes), such as '>=1.28 <1.31'"],
        ),
        (
            HEAD + "targetSelector: all\n",
            ["6: `targetSelector` must be a map of conditions: labels, cloud, region, distribution, kubernetesVersion"],
        ),
        (HEAD + "targets: paris\n", ["6: `targets` must be a list of clusters"]),
        (HEAD + "targets:\n- paris\n- 3\n", ["8: `targets` must be a list of clusters: this entry is not valid"]),
        (HEAD + "driftPolicy: correct\n", ["6: `driftPolicy` must be REPORT or CORRECT"]),
        (HEAD + "liveDrift: off\n", ["6: `liveDrift` must be OFF, REPORT or CORRECT"]),
        (
            HEAD + "dependsOn:\n- postgres\n- {condition: 'true'}\n",
            ["8: a dependency is a release name, or a map of `deployment` and perhaps `condition`"],
        ),
        (
            HEAD + "liveDriftIgnore:\n- kind: Job\n",
            ["7: an ignore rule must be a map with `paths`, a list of strings, and optionally `kind` and `group`"],
        ),
        (HEAD + "timeout: true\n", ["6: `timeout` must be a number of seconds"]),
        (HEAD + "remediation: ROLLBACK\n", ["6: `remediation` must be a map with `retries` and `remedy`"]),
        (
            HEAD + "remediation:\n  retries: true\n  remedy: rollback\n  then: x\n",
            [
                "7: `retries` must be a number",
                "8: `remedy` must be NOTHING, ROLLBACK or UNINSTALL",
                "9: `then` is not known: known are retries, remedy",
            ],
        ),
        (HEAD.replace("v1", "v2"), ["1: `polyhelm` must be `v1`, the only version that this polyhelm supports"]),
        (HEAD.replace("hello", '""', 1), ["3: `release` is empty"]),
        ("- 1\n", ["1: a deployment is a map that starts with `polyhelm: v1`"]),
        (HEAD + "---\n" + HEAD, ["7: web/hello is given twice, first in line 1"]),
        (
            "chart: x\n---\ngroup: web\n",
            [
                *(f"1: `{name}` is missing" for name in ("group", "namespace")),
                "1: `polyhelm` is missing: `polyhelm: v1`",
                "1: `release` is missing",
                *(f"3: `{name}` is missing" for name in ("chart", "namespace")),
                "3: `polyhelm` is missing: `polyhelm: v1`",
                "3: `release` is missing",
            ],
        ),
    ],
)
def test_a_mistake_is_reported_with_its_line(text: str, problems: list[str]) -> None:
    with pytest.raises(Failure) as caught:
        read(text, "file")
    assert (caught.value.code, caught.value.message) == (2, "The file is not valid.")
    assert list(caught.value.details) == [f"file:{problem}" for problem in problems]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [", "file:2: not valid YAML: did not find expected node content"),
        ("a: &a [*a]\n" + HEAD, "file: an alias in it contains itself."),
        (
            HEAD + "timeout: !x 1\n",
            "file:6: not valid YAML: could not determine a constructor for the tag '!x'",
        ),
        ("", "file contains no deployment."),
    ],
)
def test_a_file_that_does_not_describe_deployments_is_refused(text: str, message: str) -> None:
    with pytest.raises(Failure) as caught:
        read(text, "file")
    assert (caught.value.code, caught.value.message) == (2, message)


VALUES = """a: 1e6
b: 12:30
c: 0o644
d: 08
e: y
f: "1e6"
g: &g {h: 0644}
i:
  <<: *g
  j: !!str 5
k: |
  two
  lines
l: 'it''s'
"""


def test_values_go_to_the_server_as_they_are_written() -> None:
    indented = "".join(f"  {line}\n" for line in VALUES.splitlines())
    overrides = "".join(f"    {line}\n" for line in VALUES.splitlines())
    (one,), (other,) = read(f"{HEAD}values:\n{indented}", "-"), read(f"{HEAD}overrides:\n  paris:\n{overrides}", "-")
    for text in (one.values, other.overrides["paris"]):
        assert reading.read(text) == reading.read(VALUES)
        assert text.startswith('a: 1e6\nb: 12:30\nc: 0o644\nd: 08\ne: y\nf: "1e6"\n')


@pytest.mark.parametrize(
    "text", ["1e6", "y", "08", "0o644", "12:30", "null", "~", "0644", "1_000", "", "2026-01-01", "=", ".5"]
)
def test_a_text_that_could_be_taken_for_something_else_is_quoted(text: str) -> None:
    assert as_yaml({"a": text}) == f'a: "{text}"\n'
