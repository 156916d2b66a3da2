"""Layers of values, held to a plain fold."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from app.releases.layers import Inputs, LayerKind, Layers, Origin, Selected
from app.releases.references import Layer
from app.releases.release import desired
from app.releases.selectors import ClusterFacts, Selector
from tests.releases.strategies import layers as documents

LABELS = ("a", "b")


def facts(labels: dict[str, str]) -> ClusterFacts:
    return ClusterFacts("paris", "other", "other", None, labels, "v1.31.0", "fleet")


def folded(documents: list[Any]) -> Any:
    """Helm's rule, one document after another: a map is merged into a map, anything else replaces what was there."""

    def over(weak: Any, strong: Any) -> Any:
        if not isinstance(weak, dict) or not isinstance(strong, dict):
            return strong
        return {
            key: over(weak[key], strong[key]) if key in weak and key in strong else (weak | strong)[key]
            for key in weak | strong
        }

    found: Any = {}
    for document in documents:
        found = over(found, document)
    return found


selected = st.lists(st.tuples(st.dictionaries(st.sampled_from(LABELS), st.sampled_from("xy")), documents), max_size=4)


@given(
    common=documents,
    overrides=selected,
    own=st.none() | documents,
    labels=st.dictionaries(st.sampled_from(LABELS), st.sampled_from("xy")),
)
def test_the_values_are_a_fold_of_the_layers_that_apply(
    common: Any, overrides: list[tuple[dict[str, str], Any]], own: Any, labels: dict[str, str]
) -> None:
    layers = Layers(
        Layer(common),
        tuple(Selected(Selector.of_json({"labels": select}), Layer(values)) for select, values in overrides),
        None if own is None else Layer(own),
    )
    applying = [common]
    applying += [values for select, values in overrides if select.items() <= labels.items()]
    applying += [] if own is None else [own]
    evaluated = [layer for _, layer in layers.evaluated(Inputs(facts(labels)))]
    assert desired("web", "1.0.0", evaluated, {}).values == folded(applying)


def test_without_facts_no_selector_applies_and_nothing_is_replaced() -> None:
    layers = Layers(Layer({"a": "${{ x }}"}), (Selected(Selector(), Layer({"b": 1})),), Layer({"c": 1}))
    assert [(origin, layer.values) for origin, layer in layers.evaluated(Inputs())] == [
        (Origin(LayerKind.COMMON), {"a": "${{ x }}"}),
        (Origin(LayerKind.CLUSTER), {"c": 1}),
    ]
    assert [str(origin) for origin, _ in layers.evaluated(Inputs(facts({}), {"x": 3}))] == [
        "values",
        "selector override 1",
        "override",
    ]
