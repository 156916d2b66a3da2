"""Selectors of clusters."""

from typing import Any

import pytest

from app.releases.selectors import MAX_CHOICES, ClusterFacts, Selector, problems

PARIS = ClusterFacts(
    name="paris",
    cloud="amazon",
    distribution="eks",
    region="eu-west-3",
    labels={"tier": "prod", "size": "s"},
    kubernetes_version="v1.31.2-eks-1a2b3c",
    group="shops",
)


@pytest.mark.parametrize(
    ("selector", "matches"),
    [
        ({}, True),
        ({"labels": {"tier": "prod"}}, True),
        ({"labels": {"tier": ["stage", "prod"]}}, True),
        ({"labels": {"tier": "prod", "size": "l"}}, False),
        ({"labels": {"team": ""}}, False),
        ({"cloud": "amazon"}, True),
        ({"cloud": ["google", "azure"]}, False),
        ({"region": ["eu-west-3"], "distribution": "eks"}, True),
        ({"region": "eu-west-3", "distribution": "gke"}, False),
        ({"kubernetesVersion": ">=1.31"}, True),
        ({"kubernetesVersion": "<1.31"}, False),
    ],
)
def test_a_cluster_matches_if_it_meets_every_condition(selector: dict[str, Any], matches: bool) -> None:
    assert list(problems(selector)) == []
    assert Selector.of_json(selector).matches(PARIS) is matches


def test_a_cluster_without_a_region_matches_no_region() -> None:
    facts = ClusterFacts.of_json(PARIS.as_json() | {"region": None})
    assert not Selector.of_json({"region": "eu-west-3"}).matches(facts)


def test_a_selector_is_stored_in_one_form() -> None:
    given = {"labels": {"tier": ["prod"], "size": ["s", "m"]}, "cloud": ["amazon"], "region": [], "distribution": None}
    stored = {"labels": {"tier": "prod", "size": ["s", "m"]}, "cloud": "amazon"}
    assert Selector.of_json(given).as_json() == stored
    assert Selector.of_json(stored).as_json() == stored
    assert str(Selector.of_json(stored)) == "tier=prod, size=s|m, cloud=amazon"
    assert str(Selector()) == "every cluster"


def test_facts_survive_being_stored() -> None:
    assert ClusterFacts.of_json(PARIS.as_json()) == PARIS


@pytest.mark.parametrize(
    ("selector", "path"),
    [
        ([], ()),
        ({"label": {}}, ("label",)),
        ({"labels": ["tier"]}, ("labels",)),
        ({"labels": {"tier": 1}}, ("labels", "tier")),
        ({"labels": {"tier": []}}, ("labels", "tier")),
        ({"labels": {"tier": None}}, ("labels", "tier")),
        ({"labels": {"tier": "x" * 254}}, ("labels", "tier")),
        ({"labels": {"tier": "a\x00"}}, ("labels", "tier")),
        ({"labels": {str(number): "x" for number in range(MAX_CHOICES + 1)}}, ("labels",)),
        ({"cloud": 1}, ("cloud",)),
        ({"region": ["x"] * (MAX_CHOICES + 1)}, ("region",)),
        ({"kubernetesVersion": 1.28}, ("kubernetesVersion",)),
        ({"kubernetesVersion": "newest"}, ("kubernetesVersion",)),
    ],
)
def test_an_invalid_selector_is_refused_at_its_path(selector: Any, path: tuple[str, ...]) -> None:
    assert [found for found, _ in problems(selector)] == [path]
