"""Manifests with the API versions that replace removed ones."""

from app.compatibility.incompatible import Minor, Replacement, known_apis, replacement
from app.compatibility.migration import ApiChange, ManifestMigration

NEW = Minor(1, 36)
BUDGET = """
# Source: shop/templates/budget.yaml
apiVersion: policy/v1beta1   # old
kind: PodDisruptionBudget
metadata:
  name: web
spec: {minAvailable: "1"}
"""
CONFIG = """
# Source: shop/templates/config.yaml
apiVersion: v1
kind: ConfigMap
metadata:
  name: web
data:
  example: |
    apiVersion: policy/v1beta1
    kind: PodDisruptionBudget
"""
POLICY = """
apiVersion: policy/v1beta1
kind: PodSecurityPolicy
metadata: {name: web}
"""


def migrated(manifest: str, version: Minor = NEW, present: Minor = NEW) -> tuple[str, list[ApiChange]]:
    run = ManifestMigration(version, present)
    return run.rewritten(manifest), run.changes


def test_only_the_api_version_of_a_removed_api_changes() -> None:
    text, changes = migrated(f"---{CONFIG}---{BUDGET}")
    assert text == f"---{CONFIG}---{BUDGET.replace('policy/v1beta1', 'policy/v1')}"
    assert changes == [ApiChange("PodDisruptionBudget", "web", "policy/v1beta1", "policy/v1")]


def test_a_manifest_is_left_alone_where_the_version_serves_it_or_the_cluster_lacks_the_replacement() -> None:
    manifest = f"---{CONFIG}---{BUDGET}"
    assert migrated(manifest, Minor(1, 24)) == (manifest, [])
    assert migrated(manifest, Minor(1, 25), Minor(1, 20)) == (manifest, [])
    assert migrated(manifest, Minor(1, 25), Minor(1, 21))[1] != []


def test_an_api_without_a_replacement_is_left_out_once_the_cluster_no_longer_has_it() -> None:
    manifest = f"---{CONFIG}---{POLICY}"
    assert migrated(manifest, present=Minor(1, 24)) == (manifest, [])
    text, changes = migrated(manifest, present=Minor(1, 25))
    assert text.startswith(f"---{CONFIG}---")
    assert "PodSecurityPolicy\n" not in text.removeprefix(f"---{CONFIG}")
    assert changes == [ApiChange("PodSecurityPolicy", "web", "policy/v1beta1", None)]


def test_objects_in_another_form_are_written_anew() -> None:
    flow = '{"apiVersion": "policy/v1beta1", "kind": "PodDisruptionBudget", "metadata": {"name": "web"}}'
    text, changes = migrated(f"---\n# kept\n{flow}\n")
    assert text == "---\n# kept\napiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata:\n  name: web\n"
    assert len(changes) == 1
    items = "\napiVersion: v1\nkind: List\nitems:\n- {apiVersion: batch/v1beta1, kind: CronJob, metadata: {name: a}}\n"
    text, changes = migrated(items)
    assert changes == [ApiChange("CronJob", "a", "batch/v1beta1", "batch/v1")]
    assert "apiVersion: batch/v1\n" in text


def test_documents_that_cannot_be_read_are_left_alone() -> None:
    broken = "\napiVersion: policy/v1beta1\nkind: [PodDisruptionBudget\n"
    text, changes = migrated(f"---{broken}---{BUDGET}")
    assert text.startswith(f"---{broken}---")
    assert len(changes) == 1


def test_a_replacement_that_is_removed_as_well_is_replaced_in_turn() -> None:
    name = "flowcontrol.apiserver.k8s.io/{}".format
    assert replacement(name("v1beta1"), "FlowSchema", Minor(1, 31)) == Replacement(name("v1beta3"), Minor(1, 26))
    assert replacement(name("v1beta1"), "FlowSchema", Minor(1, 32)) == Replacement(name("v1"), Minor(1, 29))
    assert replacement("extensions/v1beta1", "PodSecurityPolicy", NEW) is None
    assert replacement("apps/v1", "Deployment", NEW) is None
    for api_version, kind in known_apis().apis:
        found = replacement(api_version, kind, NEW)
        assert found is None or (found.api_version, kind) not in known_apis().apis or "VolumeAttributes" in kind
