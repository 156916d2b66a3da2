"""The objects that a release consists of, read from its record."""

import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.releases import inventory
from app.releases.inventory import MOST_OBJECTS, MOST_TEXT, Inventory, Reference, ResourceOrigin, inventory_of
from app.releases.record import read_record
from app.releases.release import Observed
from app.yaml.writing import write
from tests.releases.test_release import RECORD, written

MANIFEST = ResourceOrigin.MANIFEST


def of(manifest: str, **more: Any) -> Inventory:
    return inventory_of(Observed("web", "default", 1, "deployed", "web", "1.0.0", manifest=manifest, **more))


def named(manifest: str) -> list[Reference]:
    return [each.reference for each in of(manifest).objects]


def config_map(name: str) -> str:
    return f"---\n# Source: web/templates/x.yaml\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\n"


def test_objects_have_the_names_of_their_documents() -> None:
    deployment = """---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  namespace: front
  annotations: {note: "a: b"}
spec:
  template:
    metadata:
      name: inner
"""
    assert named(config_map("one") + deployment) == [
        Reference("", "v1", "ConfigMap", "", "one"),
        Reference("apps", "v1", "Deployment", "front", "web"),
    ]


@pytest.mark.parametrize(
    "document",
    [
        '{"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}}',
        '"apiVersion": v1\n"kind": Secret\nmetadata: {name: a}',
        "kind: Secret\nmetadata: *m\nx: &m {name: a}\napiVersion: v1".replace("*m\nx: &m {name: a}", "{name: a}"),
        "x: &m {name: a}\napiVersion: v1\nkind: Secret\nmetadata: *m",
        "x: &m {kind: Secret}\n<<: *m\napiVersion: v1\nmetadata: {name: a}",
        "spec: {a: b,\nkind: Foo}\napiVersion: v1\nkind: Secret\nmetadata: {name: a}",
        "spec: 'a\nkind: Foo'\napiVersion: v1\nkind: Secret\nmetadata: {name: a}",
        "apiVersion: v1\nkind: SecretList\nitems:\n- apiVersion: v1\n  kind: Secret\n  metadata: {name: a}",
        "--- {}\n",
    ],
)
def test_unusual_documents_are_read_whole(document: str) -> None:
    if document == "--- {}\n":
        assert of(document) == Inventory((), 1)
        return
    assert named(document) == [Reference("", "v1", "Secret", "", "a")]


def test_documents_that_are_not_objects_are_counted_and_the_others_are_listed() -> None:
    broken = "---\na: [\n---\njust a text\n---\nkind: A\nmetadata: {name: '../..'}\napiVersion: v1\n---\n# nothing\n"
    found = of(config_map("one") + broken + config_map("two"))
    assert ([each.reference.name for each in found.objects], found.left_out) == (["one", "two"], 3)


def test_an_object_that_appears_twice_is_listed_once() -> None:
    assert len(of(config_map("one") + config_map("one")).objects) == 1


def test_hooks_and_crds_are_distinguished_from_the_manifest() -> None:
    crd = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata:\n  name: as.example.com\n"
    files = [
        {"name": "crds/a.yaml", "data": base64.b64encode(crd.encode()).decode()},
        {"name": "README.md", "data": base64.b64encode(b"kind: Foo").decode()},
    ]
    hook = {"name": "h", "events": ["pre-install"], "manifest": config_map("hook")}
    record = RECORD | {"manifest": config_map("one"), "hooks": [hook]}
    record["chart"] = RECORD["chart"] | {"files": files}
    found = inventory_of(read_record(written(record)))
    assert [(each.origin, each.reference.name) for each in found.objects] == [
        (ResourceOrigin.CRD, "as.example.com"),
        (MANIFEST, "one"),
        (ResourceOrigin.HOOK, "hook"),
    ]


def test_the_digest_of_an_object_changes_with_its_document_alone() -> None:
    before, after = of(config_map("one") + config_map("two")), of(config_map("one") + config_map("two") + "data: {}\n")
    assert before.objects[0].digest == after.objects[0].digest
    assert before.objects[1].digest != after.objects[1].digest


def test_objects_beyond_the_limit_are_counted_and_not_followed() -> None:
    many = "".join(config_map(f"c{number}") for number in range(MOST_OBJECTS + 5))
    found = of(many)
    assert (len(found.objects), found.left_out) == (MOST_OBJECTS, 5)
    assert of(config_map("one") + f"---\n{'a' * MOST_TEXT}").left_out == 1


OBJECTS = st.fixed_dictionaries(
    {
        "apiVersion": st.sampled_from(["v1", "apps/v1", "a.example.com/v1beta1"]),
        "kind": st.sampled_from(["A", "Deployment"]),
        "metadata": st.fixed_dictionaries(
            {"name": st.from_regex(r"[a-z][a-z0-9-]{0,20}[a-z0-9]", fullmatch=True)},
            optional={"annotations": st.dictionaries(st.text(max_size=8), st.text(max_size=30), max_size=3)},
        ),
        "spec": st.recursive(
            st.text(max_size=20) | st.booleans() | st.integers(),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
            max_leaves=8,
        ),
    }
)


@given(OBJECTS)
def test_the_fast_parser_gives_the_same_result_as_the_complete_one(held: dict[str, Any]) -> None:
    text = write(held)
    quick = inventory._quickly(text)
    assert quick in (None, inventory._reference(held))
