"""Where a live object differs from what its release wants, and who changed it."""

from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given

from app.drift.autoscaling import autoscaled
from app.drift.comparison import MAX_DIFFERENCES, MAX_SHOWN, FieldDifference, IgnoreRule, differences
from app.health.kinds import Kind
from app.releases.references import HIDDEN
from app.releases.scrubbing import Scrubber
from tests.health.strategies import JSON

LIVE: dict[str, Any] = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {
        "name": "web",
        "uid": "b0c1",
        "resourceVersion": "7",
        "generation": 3,
        "labels": {"app": "web", "app.kubernetes.io/managed-by": "Helm"},
        "managedFields": [],
    },
    "spec": {
        "replicas": 3,
        "template": {
            "spec": {
                "containers": [
                    {
                        "name": "web",
                        "image": "web:1.2.3",
                        "args": ["--quiet"],
                        "env": [{"name": "LEVEL", "value": "info"}],
                        "ports": [{"containerPort": 80, "protocol": "TCP"}],
                        "securityContext": {},
                    },
                    {"name": "proxy", "image": "proxy:1"},
                ]
            }
        },
    },
    "status": {"readyReplicas": 2},
}
CONTAINERS = "/spec/template/spec/containers"
AT_TEN = datetime(2026, 11, 30, 10, tzinfo=UTC)
MANAGED = [
    {
        "manager": "helm",
        "operation": "Apply",
        "time": "2026-11-30T09:00:00Z",
        "fieldsV1": {
            "f:spec": {
                "f:replicas": {},
                "f:template": {
                    "f:spec": {
                        "f:containers": {
                            'k:{"name":"web"}': {
                                ".": {},
                                "f:image": {},
                                "f:args": {},
                                "f:ports": {'k:{"containerPort":80,"protocol":"TCP"}': {"f:hostPort": {}}},
                            }
                        }
                    }
                },
            }
        },
    },
    {
        "manager": "kubectl-edit",
        "operation": "Update",
        "time": "2026-11-30T10:00:00Z",
        "fieldsV1": {
            "f:spec": {"f:template": {"f:spec": {"f:containers": {'k:{"name":"web"}': {"f:image": {}}}}}},
        },
    },
    {"manager": "kube-controller-manager", "time": "2026-11-30T11:00:00Z", "fieldsV1": {"f:status": {}}},
    {"manager": "broken", "time": 3, "fieldsV1": {"f:spec": "?"}},
    "broken",
]


def wanted(change: Any) -> dict[str, Any]:
    """The live object as the release wants it: with one change."""
    held = deepcopy(LIVE)
    change(held)
    return held


def web(held: dict[str, Any]) -> dict[str, Any]:
    container: dict[str, Any] = held["spec"]["template"]["spec"]["containers"][0]
    return container


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (lambda held: None, []),
        (lambda held: held.pop("status"), []),
        (lambda held: held["metadata"].update(generation=4, resourceVersion="9", uid="other"), []),
        (lambda held: web(held).update(image="web:1.2.2"), [(f"{CONTAINERS}/0/image", "web:1.2.2", "web:1.2.3")]),
        (lambda held: web(held).update(args=["-v"]), [(f"{CONTAINERS}/0/args", ["-v"], ["--quiet"])]),
        (lambda held: web(held).pop("args"), [(f"{CONTAINERS}/0/args", None, ["--quiet"])]),
        (lambda held: web(held).pop("securityContext"), [(f"{CONTAINERS}/0/securityContext", None, {})]),
        (
            lambda held: web(held).update(securityContext={"runAsUser": 1}),
            [(f"{CONTAINERS}/0/securityContext/runAsUser", 1, None)],
        ),
        (
            lambda held: web(held)["env"].insert(0, {"name": "MODE", "value": "fast"}),
            [(f"{CONTAINERS}/0/env/0/name", "MODE", None), (f"{CONTAINERS}/0/env/0/value", "fast", None)],
        ),
        (
            lambda held: held["spec"]["template"]["spec"]["containers"].reverse(),
            [],
        ),
        (
            lambda held: held["spec"]["template"]["spec"]["containers"].pop(1),
            [(f"{CONTAINERS}/1/image", None, "proxy:1"), (f"{CONTAINERS}/1/name", None, "proxy")],
        ),
        (
            lambda held: held["metadata"]["labels"].update({"a/b~c": "1"}),
            [("/metadata/labels/a~1b~0c", "1", None)],
        ),
        (lambda held: held["spec"].update(replicas=True), [("/spec/replicas", True, 3)]),
        (lambda held: held["spec"].update(replicas=3.0), []),
        (lambda held: held.pop("spec") and None, None),
    ],
)
def test_what_applying_the_release_would_change_is_listed(
    change: Any, found: list[tuple[str, Any, Any]] | None
) -> None:
    listed = differences(wanted(change), LIVE)
    if found is None:
        assert [each.path for each in listed][-1] == "/spec/template/spec/containers/1/name"
        assert all(each.wanted is None for each in listed)
    else:
        assert listed == [FieldDifference(*each) for each in found]


@pytest.mark.parametrize(
    ("path", "by", "at"),
    [
        (("image",), "kubectl-edit", AT_TEN),
        (("args",), "helm", datetime(2026, 11, 30, 9, tzinfo=UTC)),
        (("ports", 0, "hostPort"), "helm", datetime(2026, 11, 30, 9, tzinfo=UTC)),
        (("env", 0, "value"), None, None),
    ],
)
def test_the_newest_manager_that_owns_a_field_has_changed_it(path: Any, by: str | None, at: datetime | None) -> None:
    live = deepcopy(LIVE)
    web(live)["ports"][0]["hostPort"] = 8080
    other = deepcopy(live)
    place = web(other)
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = ["x"] if path == ("args",) else "other"
    (difference,) = differences(other, live, managed_fields=MANAGED)
    assert (difference.changed_by, difference.changed_at) == (by, at)


@pytest.mark.parametrize("left", [{".": {}}, {}], ids=["the map itself", "all its entries taken over"])
def test_the_manager_of_a_map_has_not_changed_what_another_one_set_in_it(left: dict[str, Any]) -> None:
    time = "2026-11-30T10:00:00Z"
    managed = [
        {"manager": "helm", "time": time, "fieldsV1": {"f:data": left}},
        {"manager": "kubectl-edit", "time": time, "fieldsV1": {"f:data": {"f:tag": {}}}},
    ]
    (difference,) = differences({"data": {"tag": "1"}}, {"data": {"tag": "2"}}, managed_fields=managed)
    assert difference.changed_by == "kubectl-edit"


def test_a_field_that_was_removed_has_no_manager_left() -> None:
    (difference,) = differences(LIVE, wanted(lambda held: web(held).pop("image")), managed_fields=MANAGED)
    assert (difference.path, difference.changed_by) == (f"{CONTAINERS}/0/image", None)


@pytest.mark.parametrize(
    ("rule", "ignored"),
    [
        (IgnoreRule("images", (f"{CONTAINERS}/*/image",)), True),
        (IgnoreRule("templates", ("/spec/template",), Kind("apps", "Deployment"), "web"), True),
        (IgnoreRule("others", ("/spec/template",), Kind("apps", "Deployment"), "db"), False),
        (IgnoreRule("jobs", ("/spec/template",), Kind("batch", "Job")), False),
        (IgnoreRule("deeper", (f"{CONTAINERS}/0/image/tag",)), False),
    ],
)
def test_a_rule_marks_the_differences_at_its_places(rule: IgnoreRule, ignored: bool) -> None:
    (difference,) = differences(wanted(lambda held: web(held).update(image="web:2")), LIVE, [rule])
    assert difference.ignored_by == (rule.name if ignored else None)


def test_replicas_are_ignored_where_an_autoscaler_sets_them() -> None:
    reference = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    scaler = {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "web"}}
    keda = {"apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject", "metadata": {"name": "queue"}}
    for by, each in (
        ("HorizontalPodAutoscaler web", {**scaler, "spec": {"scaleTargetRef": reference}}),
        ("ScaledObject queue", {**keda, "spec": {"scaleTargetRef": {"name": "web"}}}),
        (None, {**scaler, "spec": {"scaleTargetRef": {**reference, "name": "db"}}}),
        (None, {**scaler, "spec": {"scaleTargetRef": {**reference, "kind": "StatefulSet"}}}),
        (None, {**scaler, "apiVersion": "example.com/v1", "spec": {"scaleTargetRef": reference}}),
        (None, {**scaler, "spec": {"scaleTargetRef": "web"}}),
    ):
        found = differences(wanted(lambda held: held["spec"].update(replicas=1)), LIVE, autoscaled([each]))
        assert found == [FieldDifference("/spec/replicas", 1, 3, ignored_by=by)]


def secret(**fields: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "web"}, "type": "Opaque", **fields}


def test_the_data_of_secrets_is_hidden() -> None:
    note = "kubectl.kubernetes.io/last-applied-configuration"
    one = secret(data={"password": "b25l", "user": "d2Vi"}, stringData={"token": "one"})
    one["metadata"] = {"annotations": {note: "one"}}
    other = secret(data={"password": "dHdv", "user": "d2Vi", "more": "bW9yZQ=="})
    assert differences(one, other) == [
        FieldDifference("/data/more", None, HIDDEN),
        FieldDifference("/data/password", HIDDEN, HIDDEN),
        FieldDifference("/metadata/annotations/kubectl.kubernetes.io~1last-applied-configuration", HIDDEN, None),
        FieldDifference("/stringData/token", HIDDEN, None),
    ]
    lists = [{"apiVersion": "v1", "kind": "SecretList", "items": [each]} for each in (one, secret(data={}))]
    shown = {each.path: each.wanted for each in differences(lists[0], lists[1])}
    assert shown["/items/0/data/password"] == shown["/items/0/stringData/token"] == HIDDEN


def test_a_value_of_a_secret_is_hidden_wherever_a_chart_has_put_it() -> None:
    scrubber = Scrubber(["correct horse battery"])
    other = wanted(lambda held: web(held)["env"][0].update(value="password=correct horse battery"))
    (difference,) = differences(other, LIVE, scrubber=scrubber)
    assert difference == FieldDifference(f"{CONTAINERS}/0/env/0/value", f"password={HIDDEN}", "info")


def test_differences_and_texts_are_bounded() -> None:
    one = {"apiVersion": "v1", "kind": "ConfigMap", "data": {f"{i:04}": "x" * 10_000 for i in range(1000)}}
    found = differences(one, {**one, "data": {}})
    assert len(found) == MAX_DIFFERENCES
    assert {each.wanted for each in found} == {"x" * MAX_SHOWN + "…"}


@given(JSON, JSON)
def test_equal_values_have_no_differences_and_others_have_some(one: Any, other: Any) -> None:
    objects = [{"apiVersion": "v1", "kind": "ConfigMap", "data": value} for value in (one, other)]
    assert differences(objects[0], deepcopy(objects[0])) == []
    if one != other and not (isinstance(one, dict | list) or isinstance(other, dict | list)):
        assert [
            each.path
            for each in differences(objects[0], objects[1], managed_fields=[{"manager": "x", "fieldsV1": one}])
        ] == ["/data"]


def test_items_whose_names_are_no_texts_are_compared_by_their_places() -> None:
    items: list[dict[str, Any]] = [{"name": ["a"]}, {"name": {}}]
    one, other = ({**LIVE, "spec": {"items": found}} for found in (items, items[::-1]))
    assert differences(one, one) == []
    assert differences(one, other) != []
