"""Which watches notice the new pods of a release with many workloads."""

from app.logs.changes import MOST_WATCHES, watched
from app.resources.tree import POD
from app.resources.workloads import Scope


def scopes(namespace: str, count: int, shared: str = "") -> set[Scope]:
    return {Scope(POD, namespace, f"app=web-{number}{shared}") for number in range(count)}


def test_few_workloads_have_a_watch_each() -> None:
    found = scopes("shop", MOST_WATCHES, ",instance=shop")
    assert watched(found) == found


def test_many_workloads_with_labels_in_common_have_one_watch_in_each_namespace() -> None:
    many = scopes("shop", 30, ",instance=shop,part-of=web") | scopes("jobs", 2, ",instance=shop")
    assert watched(many) == {Scope(POD, "shop", "instance=shop,part-of=web"), Scope(POD, "jobs", "instance=shop")}


def test_many_workloads_without_a_label_in_common_are_not_watched_together() -> None:
    many = scopes("shop", 30)
    assert watched(many) == many
