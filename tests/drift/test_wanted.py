"""The objects of a release as Helm applies them."""

from app.drift.wanted import wanted_objects
from app.releases.inventory import MOST_OBJECTS

HELMS = {"meta.helm.sh/release-name": "web", "meta.helm.sh/release-namespace": "shop"}
MANIFEST = """---
# Source: web/templates/web.yaml
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  labels: {app.kubernetes.io/managed-by: somebody, app: web}
  annotations: {note: kept}
spec: {replicas: 2}
---
apiVersion: v1
kind: List
items:
  - apiVersion: v1
    kind: ConfigMap
    metadata: {name: one}
  - apiVersion: v1
    kind: ConfigMap
    metadata: {name: two, labels: null}
---
key: [
---
- no object
---
kind: ConfigMap
"""


def test_objects_have_helms_label_and_annotations_over_those_of_the_chart() -> None:
    label = {"app.kubernetes.io/managed-by": "Helm"}
    configs = [
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": name, "labels": label, "annotations": HELMS},
        }
        for name in ("one", "two")
    ]
    web = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "labels": {**label, "app": "web"}, "annotations": {**HELMS, "note": "kept"}},
        "spec": {"replicas": 2},
    }
    assert wanted_objects(MANIFEST, "web", "shop") == [web, *configs]


def test_the_number_of_objects_is_bounded() -> None:
    many = "---\nmetadata: {name: x}\n" * (MOST_OBJECTS + 10)
    assert len(wanted_objects(many, "web", "shop")) == MOST_OBJECTS
