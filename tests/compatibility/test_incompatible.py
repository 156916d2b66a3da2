"""The objects whose API version a version of Kubernetes deprecates or removes."""

from datetime import date

import pytest

from app.compatibility.incompatible import (
    DATA,
    Api,
    ApiState,
    Incompatibility,
    Minor,
    incompatible,
    known_apis,
    minor_of,
)
from app.releases.inventory import Reference
from app.yaml.reading import read

BUDGET = Reference("policy", "v1beta1", "PodDisruptionBudget", "shop", "web")
SCALER = Reference("autoscaling", "v2beta2", "HorizontalPodAutoscaler", "shop", "web")
FINE = Reference("apps", "v1", "Deployment", "shop", "web")
FLOWS = Reference("flowcontrol.apiserver.k8s.io", "v1beta3", "FlowSchema", "", "web")


@pytest.mark.parametrize(
    ("version", "states"),
    [
        ("1.20", []),
        ("1.21", [(BUDGET, "DEPRECATED")]),
        ("1.24", [(BUDGET, "DEPRECATED"), (SCALER, "DEPRECATED")]),
        ("1.25", [(BUDGET, "REMOVED"), (SCALER, "DEPRECATED")]),
        ("1.26", [(BUDGET, "REMOVED"), (SCALER, "REMOVED")]),
        ("1.29", [(BUDGET, "REMOVED"), (SCALER, "REMOVED"), (FLOWS, "DEPRECATED")]),
        ("1.99", [(FLOWS, "REMOVED"), (BUDGET, "REMOVED"), (SCALER, "REMOVED")]),
    ],
)
def test_what_a_version_removes_comes_before_what_it_deprecates(
    version: str, states: list[tuple[Reference, str]]
) -> None:
    found = incompatible([FLOWS, FINE, BUDGET, SCALER], minor_of(version))
    assert [(each.object, each.state) for each in found] == states


def test_an_incompatibility_names_the_replacement() -> None:
    api = Api(Minor(1, 21), Minor(1, 25), "policy/v1", Minor(1, 21))
    assert incompatible([BUDGET], Minor(1, 25)) == [Incompatibility(BUDGET, ApiState.REMOVED, api)]


def test_the_same_kind_of_another_group_is_no_concern() -> None:
    assert incompatible([BUDGET._replace(group="example.com")], Minor(1, 36)) == []


@pytest.mark.parametrize(
    ("written", "minor"),
    [
        ("1.32", (1, 32)),
        ("v1.32.1", (1, 32)),
        (" v1.29.4-gke.1 ", (1, 29)),
        ("1.30+", (1, 30)),
        ("v1.31.2+k3s1", (1, 31)),
    ],
)
def test_versions_are_read_as_clusters_write_them(written: str, minor: tuple[int, int]) -> None:
    assert minor_of(written) == minor


@pytest.mark.parametrize("written", ["", "1", "one.two", "1.x", "1." + "9" * 50, "v", "1.32x"])
def test_a_text_that_is_not_a_version_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match="is not a version of Kubernetes, such as 1\\.32"):
        minor_of(written)


def test_the_table_is_dated_and_consistent() -> None:
    table = known_apis()
    assert (table.checked, table.through) == (date(2026, 11, 30), Minor(1, 36))
    listed = [(entry["api"], kind) for entry in read(DATA.read_bytes())["apis"] for kind in entry["kinds"]]
    assert len(listed) == len(set(listed)) == len(table.apis)
    for (api_version, kind), api in table.apis.items():
        assert api.removed is None or api.deprecated <= api.removed <= table.through
        assert (api.use is None) == (api.since is None)
        # A replacement is there before the old version is removed, and is served longer.
        replacement = table.apis.get((api.use or "", kind))
        assert api.since is None or api.removed is None or api.since <= api.removed, api_version
        assert replacement is None or (replacement.removed or Minor(9, 9)) > (api.removed or Minor(9, 9))
