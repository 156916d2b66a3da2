"""The file of `deploy apply`: what it means, and its mistakes with their lines."""

import pytest

from cli.failure import Failure
from cli.manifest import Manifest, read

HEAD = "polyhelm: v1\ngroup: web\nrelease: hello\nnamespace: demo\nchart: samples/hello\n"
_REFERENCE = "%d: a reference to a secret is a map of `secret`, `key` and `path`, each a text"


def test_what_is_left_out_is_left_to_the_server() -> None:
    assert read(HEAD, "-") == [Manifest("web", "hello", "demo", "samples/hello", {}, {})]


def test_everything_is_taken_as_it_is_written() -> None:
    text = HEAD + (
        'version: "1.10"\nvalues: {since: 2026-01-01, port: 80, on: "yes"}\noverrides: {paris: {port: 81}, berlin: }\n'
        "targets: [paris, berlin]\natomic: true\nwait: false\ntimeout: 60\ndescription: The shop.\n"
        "valuesFrom: [{secret: db, key: password, path: a.b}]\n"
        "overridesFrom: {tokyo: [{secret: db-tokyo, key: password, path: a.b}], paris: }\n"
    )
    (manifest,) = read(text, "-")
    assert manifest.wish() == {
        "version": "1.10",
        "namespace": "demo",
        "releaseName": "hello",
        "values": {"since": "2026-01-01", "port": 80, True: "yes"},
        "description": "The shop.",
        "valuesFrom": [{"secret": "db", "key": "password", "path": "a.b"}],
        "valueOverrides": [
            {"cluster": "paris", "values": {"port": 81}, "valuesFrom": []},
            {"cluster": "berlin", "values": {}, "valuesFrom": []},
            {
                "cluster": "tokyo",
                "values": {},
                "valuesFrom": [{"secret": "db-tokyo", "key": "password", "path": "a.b"}],
            },
        ],
        "targets": ["paris", "berlin"],
        "atomic": True,
        "wait": False,
        "timeoutSeconds": 60,
    }


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
                " values, valuesFrom, overrides, overridesFrom, targets, atomic, wait, timeout"
            ],
        ),
        (HEAD + "version: 1.10\n", ["6: `version` must be text (put it in quotes)"]),
        (HEAD + "values: [1]\n", ["6: `values` must be a map"]),
        (HEAD + "values:\n  a: 1\n  a: 2\n", ["8: `a` is there twice, first in line 7"]),
        (HEAD + "overrides:\n  paris: 3\n", ["7: the override for `paris` must be a map of values"]),
        (
            HEAD + "valuesFrom:\n- {secret: db, key: k}\n- {secret: db, key: 1, path: a}\n- x\n",
            [_REFERENCE % 7, _REFERENCE % 8, _REFERENCE % 9],
        ),
        (HEAD + "overridesFrom:\n  paris: 3\n", ["7: what is for `paris` must be a list of references to secrets"]),
        (HEAD + "overridesFrom:\n  paris:\n  - {secret: db, key: k, path: }\n", [_REFERENCE % 8]),
        (HEAD + "targets: paris\n", ["6: `targets` must be a list of clusters"]),
        (HEAD + "targets:\n- paris\n- 3\n", ["8: `targets` must be a list of clusters: this is none"]),
        (HEAD + "timeout: true\n", ["6: `timeout` must be a number of seconds"]),
        (HEAD.replace("v1", "v2"), ["1: `polyhelm` must be `v1`, the only format that this polyhelm reads"]),
        (HEAD.replace("hello", '""', 1), ["3: `release` is empty"]),
        ("- 1\n", ["1: a deployment is a map that begins with `polyhelm: v1`"]),
        (HEAD + "---\n" + HEAD, ["7: web/hello is there twice, first in line 1"]),
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
def test_a_mistake_is_told_with_its_line(text: str, problems: list[str]) -> None:
    with pytest.raises(Failure) as caught:
        read(text, "file")
    assert (caught.value.code, caught.value.message) == (2, "The file is not valid.")
    assert list(caught.value.details) == [f"file:{problem}" for problem in problems]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [", "file:2: this is no YAML: did not find expected node content"),
        ("a: &a [*a]\n" + HEAD, "file: an alias in it contains itself."),
        (
            HEAD + "values: {a: !x 1}\n",
            "file:6: this is no YAML: could not determine a constructor for the tag '!x'",
        ),
        ("", "file holds no deployment."),
    ],
)
def test_what_is_no_file_of_deployments_is_refused(text: str, message: str) -> None:
    with pytest.raises(Failure) as caught:
        read(text, "file")
    assert (caught.value.code, caught.value.message) == (2, message)
