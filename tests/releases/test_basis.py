"""What has changed since a plan was made: nothing only if nothing differs, and every difference by its name."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from app.releases.basis import Basis, Change, ChangeKind, Foundation, ObjectBasis, changes

NAMES = ("berlin", "paris")
texts = st.sampled_from(["", "x", "y"])


def config(name: str, digest: str, version: str = "1") -> ObjectBasis:
    return ObjectBasis("v1", "ConfigMap", "configmaps", "default", name, digest, version)


@st.composite
def bases(draw: st.DrawFn) -> Basis:
    """A basis. An unreachable cluster has no known release, and a release that is not there has no revision."""
    reachable = draw(st.booleans())
    version = draw(texts) if reachable else ""
    revision = draw(st.integers(1, 2)) if version else 0
    numbers = draw(st.integers(1, 2))
    digests = draw(st.dictionaries(st.just("settings"), st.sampled_from(["", "d", "e"]), min_size=reachable))
    objects = tuple(config(name, digest) for name, digest in digests.items()) if reachable else ()
    return Basis(numbers, draw(texts), draw(texts), draw(texts), reachable, revision, version, objects)


foundations = st.builds(
    Foundation,
    st.none() | st.integers(1, 2),
    st.fixed_dictionaries({"wait": st.booleans()}),
    st.none() | texts,
    texts,
    st.dictionaries(st.sampled_from(["db/a", "db/b"]), texts),
    st.dictionaries(st.sampled_from(NAMES), bases()),
)


@given(foundations, foundations)
def test_there_are_changes_exactly_if_something_differs(before: Foundation, now: Foundation) -> None:
    assert bool(changes(before, now)) == (before != now)
    assert changes(before, before) == []


@given(foundations, foundations)
def test_a_change_of_a_cluster_names_it_and_only_clusters_that_differ_are_named(
    before: Foundation, now: Foundation
) -> None:
    different = {name for name in NAMES if before.targets.get(name) != now.targets.get(name)}
    found = changes(before, now)
    assert {change.cluster for change in found} - {None} == different
    assert all(change.cluster is None or change.cluster in change.message for change in found)


@given(foundations)
def test_a_foundation_is_the_same_after_it_was_stored(found: Foundation) -> None:
    targets = {name: Basis.of_json(basis.as_json()) for name, basis in found.targets.items()}
    assert Foundation.of_json(found.as_json(), targets) == found


PARIS = Basis(1, "uid", "v1.31.0", "d", True, 2, "20")
BEFORE = Foundation(4, {"wait": False, "timeout_seconds": 300}, None, "c", {"db/password": "m"}, {"paris": PARIS})


def messages(now: Foundation) -> list[str]:
    return [change.message for change in changes(BEFORE, now)]


def on_paris(**different: object) -> list[str]:
    return messages(replace(BEFORE, targets={"paris": replace(PARIS, **different)}))  # type: ignore[arg-type]


def test_each_change_is_said_in_one_sentence() -> None:
    assert changes(BEFORE, replace(BEFORE, generation=5)) == [
        Change(ChangeKind.GENERATION, "The deployment is at generation 5; the plan was made at 4.")
    ]
    assert messages(replace(BEFORE, generation=None)) == ["The deployment was deleted."]
    assert messages(replace(BEFORE, options={"wait": True, "timeout_seconds": 300})) == [
        "Options of the deployment have changed: wait."
    ]
    assert messages(replace(BEFORE, service_account="shop/deployer")) == [
        "The service account of the group is shop/deployer; it was none."
    ]
    assert messages(replace(BEFORE, secrets={"db/password": "n"})) == ["The value db/password of a secret has changed."]
    assert messages(replace(BEFORE, targets={})) == ["paris is no longer a target."]
    assert messages(replace(BEFORE, targets={"paris": PARIS, "rome": PARIS})) == ["rome has become a target."]
    assert on_paris(desired="e") == ["The desired values or the chart for paris have changed."]
    assert on_paris(desired="") == ["The release on paris would now be uninstalled."]
    assert on_paris(kubernetes_version="v1.32.0") == ["paris runs Kubernetes v1.32.0; it ran v1.31.0."]
    assert on_paris(cluster_uid="other") == ["A different cluster is now registered as paris."]
    assert on_paris(revision=3, resource_version="30") == [
        "The release on paris is at revision 3; the plan was made against 2."
    ]
    assert on_paris(resource_version="30") == ["The record of revision 2 on paris was changed."]
    assert on_paris(revision=0, resource_version="") == ["The release on paris was uninstalled; it was at revision 2."]
    assert on_paris(reachable=False, revision=0, resource_version="") == ["paris is unreachable."]


def test_a_cluster_that_was_and_is_unreachable_is_no_change_and_one_that_is_back_is() -> None:
    away = replace(PARIS, reachable=False, revision=0, resource_version="")
    before = replace(BEFORE, targets={"paris": away})
    assert changes(before, before) == []
    (back,) = changes(before, BEFORE)
    assert (back.kind, back.cluster) == (ChangeKind.REACHABLE, "paris")


def test_a_live_object_is_named_once_its_content_has_changed() -> None:
    def objects(*present: ObjectBasis) -> list[str]:
        before = replace(PARIS, objects=(config("settings", "d"), config("new", "", "")))
        found = Foundation(4, {}, None, "c", {}, {"paris": before})
        return [
            change.message
            for change in changes(found, replace(found, targets={"paris": replace(before, objects=present)}))
        ]

    assert objects(config("settings", "d", "2"), config("new", "", "")) == []  # only its status has changed
    assert objects(config("settings", "e", "2"), config("new", "", "")) == [
        "The ConfigMap default/settings on paris was changed."
    ]
    assert objects(config("settings", "", ""), config("new", "d")) == [
        "The ConfigMap default/settings on paris was deleted.",
        "The ConfigMap default/new on paris exists now.",
    ]


def test_a_basis_of_the_previous_version_has_no_objects() -> None:
    stored = PARIS.as_json()
    del stored["objects"]
    assert Basis.of_json(stored) == PARIS
