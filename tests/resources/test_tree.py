"""The tree of a target, its containers and its YAML, from objects alone."""

from datetime import UTC, datetime
from typing import Any

from app.releases.scrubbing import NOTHING, Scrubber
from app.resources.containers import containers_of
from app.resources.object_events import Subject, events_about
from app.resources.seen import Key
from app.resources.shown import as_shown
from app.resources.tree import POD, REPLICA_SET, build

MOMENT = datetime(2026, 11, 30, tzinfo=UTC)


def owned(kind: str, name: str, owner: str, **more: Any) -> Any:
    reference = {"apiVersion": "apps/v1", "kind": "Any", "name": "any", "uid": owner, "controller": True}
    metadata = {
        "name": name,
        "namespace": "default",
        "uid": name,
        "resourceVersion": "1",
        "ownerReferences": [reference],
    }
    return {"POD": POD, "RS": REPLICA_SET}[kind], {"metadata": metadata, **more}


def test_a_replica_set_without_pods_is_left_out_and_one_that_should_have_some_is_not() -> None:
    objects = [
        owned("RS", "past", "web", spec={"replicas": 0}),
        owned("RS", "current", "web", spec={"replicas": 1}),
        owned("RS", "ending", "web", spec={"replicas": 0}),
        owned("POD", "pod", "ending"),
        owned("POD", "of-another", "elsewhere"),
    ]
    nodes = build([], objects, {"web": Key("apps", "Deployment", "default", "web")}, MOMENT)
    parents = {node.key.name: node.parent and node.parent.name for node in nodes}
    assert parents == {"current": "web", "ending": "web", "pod": "ending"}


def test_objects_that_own_each_other_are_in_no_tree() -> None:
    assert build([], [owned("RS", "a", "b"), owned("RS", "b", "a")], {"web": Key("", "", "", "")}, MOMENT) == []


def test_a_container_that_was_restarted_shows_how_it_ended() -> None:
    status = {
        "name": "web",
        "restartCount": 3,
        "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 40s"}},
        "lastState": {"terminated": {"exitCode": 2, "containerID": "containerd://1"}},
    }
    pod = {
        "spec": {"initContainers": [{"name": "setup"}], "containers": [{"name": "web", "image": "web:1"}]},
        "status": {"containerStatuses": [status]},
    }
    setup, web = containers_of(pod)
    assert (setup.name, setup.is_init, setup.state, setup.has_logs) == ("setup", True, "UNKNOWN", False)
    assert (web.state, web.reason, web.restarts, web.previous_exit_code) == ("WAITING", "CrashLoopBackOff", 3, 2)


def test_containers_of_a_malformed_pod_are_those_that_can_be_read() -> None:
    malformed: tuple[dict[str, Any], ...] = (
        {},
        {"spec": []},
        {"spec": {"containers": [7, {"name": 7}]}, "status": {"containerStatuses": {"a": 1}}},
    )
    for pod in malformed:
        assert containers_of(pod) == []


def test_yaml_hides_the_data_of_secrets_and_known_texts_and_nothing_else() -> None:
    metadata = {"name": "a", "managedFields": [{"manager": "helm"}]}
    env = [{"name": "PASSWORD", "value": "in-the-manifest"}]
    pod = {"kind": "Pod", "metadata": metadata, "spec": {"containers": [{"name": "a", "env": env}]}}
    text = as_shown(pod, NOTHING)
    assert text == (
        "kind: Pod\nmetadata:\n  name: a\nspec:\n  containers:\n  - name: a\n    env:\n    - name: PASSWORD\n"
        "      value: in-the-manifest\n"
    )
    assert "value: ••••••••" in as_shown(pod, Scrubber(["in-the-manifest"]))
    secret = {"kind": "Secret", "metadata": {"name": "a"}, "data": {"a": "Yg=="}, "type": "Opaque"}
    assert as_shown(secret, NOTHING) == "kind: Secret\nmetadata:\n  name: a\ndata:\n  a: ••••••••\ntype: Opaque\n"


def test_events_in_any_form_are_sorted_by_when_they_were_last_seen() -> None:
    def event(reason: str, **times: Any) -> Any:
        return {"involvedObject": {"kind": "Pod", "name": "a"}, "reason": reason, **times}

    found = [
        event("none"),
        event("old", lastTimestamp="2026-11-30T12:00:00Z"),
        event(
            "series", eventTime="2026-11-30T11:00:00Z", series={"count": 4, "lastObservedTime": "2026-11-30T13:00:00Z"}
        ),
        event("broken", lastTimestamp="yesterday", count="many"),
        {"involvedObject": {"kind": "Pod", "name": "b"}, "reason": "of another"},
    ]
    events = events_about(Subject("Pod", "default", "a"), found, 10)
    assert [event.reason for event in events] == ["series", "old", "none", "broken"]
    assert [event.count for event in events] == [4, 1, 1, 1]
