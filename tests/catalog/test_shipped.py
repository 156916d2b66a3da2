"""The definitions that ship with Polyhelm."""

import pytest

from app.catalog.shipped import FOLDER, shipped
from app.upgrades.checking import definition_problems
from app.upgrades.mapping import complete, values_of
from app.upgrades.routes import available
from app.yaml.reading import read

NAMES = sorted(file.stem for file in FOLDER.iterdir())


@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_definition_passes_the_check_of_definitions_of_users(name: str) -> None:
    found = shipped()[name]
    assert definition_problems(read(found.text)) == []
    assert found.content.definition.name == name
    assert found.content.stranded == []


@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_definition_has_a_short_spec_with_defaults_and_routes_to_its_newest_version(name: str) -> None:
    content = shipped()[name].content
    fields = content.definition.spec["properties"]
    assert len(fields) <= 12
    for field in fields.values():
        assert field["description"]
        assert "default" in field
    oldest, *_, newest = [one.version for one in content.graph.versions]
    assert available(content.graph, [oldest])[oldest][0].target == newest


def test_the_values_of_a_shipped_definition_are_those_of_its_chart() -> None:
    definition = shipped()["cert-manager"].content.definition
    spec = complete(definition.spec, {"replicas": 2, "serviceMonitor": True})
    old, new = (values_of(one.values, spec) for one in definition.versions)
    same = {
        "replicaCount": 2,
        "global": {"logLevel": 2, "leaderElection": {"namespace": "kube-system"}},
        "webhook": {"replicaCount": 1},
        "cainjector": {"replicaCount": 1},
        "prometheus": {"servicemonitor": {"enabled": True}},
    }
    assert old == same | {"installCRDs": True}
    assert new == same | {"crds": {"enabled": True, "keep": True}}
