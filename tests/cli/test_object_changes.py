"""What a plan changes on clusters beside the release, as lines of text."""

from typing import Any

from cli.object_changes import change_lines


def difference(path: str, live: Any, wanted: Any, by: str | None = None) -> dict[str, Any]:
    return {"path": path, "live": live, "wanted": wanted, "changedBy": by}


def change(action: str, kind: str, name: str, *differences: dict[str, Any], **more: Any) -> dict[str, Any]:
    found = {"kind": kind, "group": "", "namespace": "default", "name": name, "action": action, "reason": None}
    return {**found, "differences": list(differences), "differencesLeftOut": 0, **more}


def target(cluster: str, *objects: dict[str, Any], definitions: tuple[Any, ...] = (), left_out: int = 0) -> Any:
    nodes = {"nodes": list(objects), "leftOut": left_out}
    return {"clusterName": cluster, "definitionChanges": list(definitions), "objectChanges": nodes}


def test_equal_changes_are_listed_once_with_the_values_before_and_after() -> None:
    settings = change("CHANGE", "ConfigMap", "settings", difference("/data/tag", "9", None, "kubectl-edit"))
    role = change("UNKNOWN", "ClusterRole", "web", namespace=None, reason="It may not be read.", differencesLeftOut=2)
    targets = [target("paris", settings), target("berlin", settings), target("rome", role, left_out=3), target("tokyo")]
    assert change_lines(targets, verbose=False) == []
    assert change_lines(targets, verbose=True) == [
        "Live objects on paris, berlin:",
        "  ~ ConfigMap default/settings",
        '      /data/tag: "9" -> none (set by kubectl-edit)',
        "Live objects on rome:",
        "  ? ClusterRole web: It may not be read.",
        "      ... and 2 more fields",
        "  ? 3 objects were not compared",
    ]


def test_definitions_are_listed_with_their_versions_and_a_long_list_is_cut() -> None:
    definition = {
        "name": "widgets.example.test",
        "action": "REPLACE",
        "servedVersions": ["v1", "v2"],
        "plannedVersions": ["v2"],
        "removedVersions": ["v1"],
        "differences": [difference(f"/spec/{number}", None, "x" * 200) for number in range(30)],
        "differencesLeftOut": 0,
    }
    lines = change_lines([target("paris", definitions=(definition,))], verbose=False)
    assert lines[:3] == [
        "CRDs on paris:",
        "  ~ widgets.example.test: serves v1, v2 -> v2",
        "    ! removes versions in use: v1",
    ]
    assert len(lines[3]) < 160
    assert lines[-1] == "  ... and 12 more lines; -o json shows all."
