"""Replacing a CustomResourceDefinition: what is sent, and which versions in use would vanish."""

from typing import Any

import pytest

from app.releases.definitions import (
    Vanishing,
    Versions,
    is_definition,
    keeping,
    replacement,
    vanishing,
    without_versions,
)


def version(name: str, *, served: bool = True, storage: bool = False) -> dict[str, Any]:
    return {"name": name, "served": served, "storage": storage}


def definition(*versions: dict[str, Any], stored: tuple[str, ...] = (), **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "widgets.example.test"},
        "spec": {"group": "example.test", "versions": list(versions), **spec},
        **({"status": {"storedVersions": list(stored)}} if stored else {}),
    }


LIVE = definition(version("v1alpha1"), version("v1", storage=True), stored=("v1alpha1", "v1"))


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (definition(version("v1alpha1"), version("v1"), version("v2", storage=True)), Vanishing()),
        (definition(version("v1", storage=True)), Vanishing(("v1alpha1",), ("v1alpha1",))),
        (definition(version("v1alpha1", served=False), version("v1", storage=True)), Vanishing(("v1alpha1",))),
        (definition(version("v2", storage=True)), Vanishing(("v1alpha1", "v1"), ("v1alpha1", "v1"))),
        (definition(), Vanishing(("v1alpha1", "v1"), ("v1alpha1", "v1"))),
    ],
)
def test_a_version_vanishes_if_it_is_in_use_and_no_longer_served_or_listed(
    wanted: dict[str, Any], expected: Vanishing
) -> None:
    assert vanishing(LIVE, wanted) == expected


def test_a_version_that_is_only_stored_vanishes_if_it_is_no_longer_listed() -> None:
    live = definition(version("v1alpha1", served=False), version("v1", storage=True), stored=("v1alpha1", "v1"))
    found = vanishing(live, definition(version("v1", storage=True)))
    assert (found, str(found), found.names) == (
        Vanishing((), ("v1alpha1",)),
        "v1alpha1 (stored in objects)",
        ("v1alpha1",),
    )
    assert str(Vanishing(("v1", "v2"), ("v1",))) == "v1 (served and stored in objects), v2 (served)"
    assert not Vanishing()


def test_a_replacement_has_the_specification_of_the_chart_and_keeps_what_others_have_added() -> None:
    def webhook(**config: str) -> dict[str, Any]:
        return {"strategy": "Webhook", "webhook": {"clientConfig": {"url": "https://a", **config}}}

    live = definition(version("v1", storage=True), conversion=webhook(caBundle="bundle"), preserveUnknownFields=True)
    live["metadata"] |= {"resourceVersion": "7", "uid": "u", "labels": {"theirs": "1"}, "annotations": {"a": "1"}}
    wanted = definition(version("v1", storage=True), conversion=webhook())
    wanted["metadata"] |= {"labels": {"ours": "2"}, "annotations": {"a": "2"}}
    found = replacement(live, wanted)
    assert found["metadata"] == {
        "name": "widgets.example.test",
        "resourceVersion": "7",
        "uid": "u",
        "labels": {"theirs": "1", "ours": "2"},
        "annotations": {"a": "2"},
    }
    assert found["spec"] == wanted["spec"] | {"conversion": webhook(caBundle="bundle")}
    own = definition(version("v1", storage=True), conversion=webhook(caBundle="own"))
    assert replacement(live, own)["spec"] == own["spec"]
    assert replacement(live, LIVE)["spec"] == LIVE["spec"]


def test_versions_can_be_kept_without_being_the_one_for_storage_and_taken_away_again() -> None:
    wanted = definition(version("v2", storage=True))
    kept = keeping(wanted, LIVE, ("v1",))
    assert kept["spec"]["versions"] == [version("v2", storage=True), version("v1")]
    assert without_versions(kept, ("v1",)) == wanted
    assert Versions.of(kept) == Versions(("v2", "v1"), ("v2", "v1"), "v2", ())


@pytest.mark.parametrize("odd", [None, 1, {}, {"spec": []}, {"spec": {"versions": [1, {"name": None}]}, "status": 1}])
def test_odd_objects_have_no_versions_and_are_no_definitions(odd: Any) -> None:
    assert not is_definition(odd)
    if isinstance(odd, dict):
        assert Versions.of(odd).served == ()
        assert isinstance(replacement(odd, LIVE), dict)
        assert vanishing(odd, LIVE) == Vanishing()
