"""References to endpoints are found in the text of expressions; nothing else of other targets is reachable."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.cel.expression import CelError, Environment
from app.releases.endpoints import (
    FIELDS,
    Endpoint,
    EndpointKind,
    EndpointReference,
    is_placeholder,
    known,
    missing,
    placeholder,
    reachable,
    references_in,
)
from app.releases.expressions import ExpressionError

DB = EndpointReference("paris", EndpointKind.SERVICE, "db", "addresses")
WEB = EndpointReference("berlin-1", EndpointKind.INGRESS, "web.x", "hosts")
PORTS = EndpointReference("paris", EndpointKind.SERVICE, "db", "nodePorts")


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        ("cluster.name", ()),
        ('targets["paris"].services["db"].addresses', (DB,)),
        ("targets['paris'] . services [ 'db' ]\n.addresses[0] + ':26257'", (DB,)),
        (
            'targets["berlin-1"].ingresses["web.x"].hosts + targets["paris"].services["db"].addresses.map(a, a + ":1")',
            (WEB, DB),
        ),
        ('cluster.name in targets["paris"].services["db"].addresses', (DB,)),
        ('true ? targets["paris"].services["db"].nodePorts["sql"] : 0', (PORTS,)),
        ("'targets[x]' + \"targets\" // targets", ()),
        ('r"\\" + r\'targets\' + b"targets" + """targets""" + \'\'\'a\'targets\'\'\'', ()),
        ('cluster.labels.targets + cluster.?targets.orValue("") + cluster["x"].targets', ()),
        ('.targets["paris"].services["db"].addresses', (DB,)),
        ('targets["paris"].services["db"].addresses == targets["paris"].services["db"].addresses', (DB,)),
    ],
)
def test_references_are_found_and_texts_comments_and_fields_are_not(
    expression: str, found: tuple[EndpointReference, ...]
) -> None:
    assert references_in(expression) == found


@pytest.mark.parametrize(
    "expression",
    [
        "targets",
        "targets.paris",
        'targets["paris"]',
        'targets["paris"].values.password',
        'targets["paris"].services',
        'targets["paris"].services["db"]',
        'targets["paris"].services["db"].clusterIP',
        'targets["paris"].ingresses["db"].nodePorts',
        'targets[cluster.labels.peer].services["db"].addresses',
        'targets[?"paris"].services["db"].addresses',
        'targets["paris"].services[cluster.name].addresses',
        'targets["par" + "is"].services["db"].addresses',
        'targets["par\\u0069s"].services["db"].addresses',
        'targets[r"paris"].services["db"].addresses',
        "targets.map(name, targets[name])",
        'cel.bind(t, targets, t["paris"])',
        "[1].map(targets, targets)",
    ],
)
def test_any_other_use_of_the_targets_is_refused(expression: str) -> None:
    with pytest.raises(ExpressionError, match=r'Write targets\["CLUSTER"\]'):
        references_in(expression)


names = st.text("abcz019-.", min_size=1, max_size=12)
kinds = st.sampled_from(EndpointKind)


@st.composite
def references(draw: st.DrawFn) -> EndpointReference:
    kind = draw(kinds)
    return EndpointReference(draw(names), kind, draw(names), draw(st.sampled_from(FIELDS[kind])))


@given(st.lists(references(), max_size=6), st.sampled_from([" + ", " == ", ", ", " ? "]))
def test_each_written_reference_is_found_once_in_its_order(found: list[EndpointReference], between: str) -> None:
    texts = [f'targets["{one.cluster}"].{one.kind.value}["{one.name}"].{one.field}' for one in found]
    assert references_in(between.join(texts)) == tuple(dict.fromkeys(found))


@given(st.text("targets[\"].'\\/r?x \n`", max_size=60))
def test_a_text_that_refers_to_nothing_reaches_nothing(expression: str) -> None:
    """Whatever the search makes of a text, an evaluation sees only what it has found."""
    try:
        found = references_in(expression)
    except ExpressionError:
        return
    assert found == ()
    try:
        result = Environment(["targets"]).compile(expression).evaluate({"targets": reachable(())})
    except CelError:
        return
    assert "secret" not in str(result)


@given(st.dictionaries(references(), st.lists(st.text(max_size=5), min_size=1, max_size=2)), st.sets(references()))
def test_only_what_is_referred_to_is_reachable_and_what_has_no_value_is_missing(
    values: dict[EndpointReference, list[str]], used: set[EndpointReference]
) -> None:
    endpoints = known(used, values)
    assert {one.reference: one.value for one in endpoints} == {one: values.get(one) for one in used}
    assert missing(endpoints) == sorted(used - values.keys())
    variable = reachable(endpoints)
    flat = {
        EndpointReference(cluster, EndpointKind(kind), name, field): value
        for cluster, kinds_of in variable.items()
        for kind, objects in kinds_of.items()
        for name, fields in objects.items()
        for field, value in fields.items()
    }
    assert flat == {one: value for one, value in values.items() if one in used}
    assert all(Endpoint.of_json(one.as_json()) == one for one in endpoints)


def test_a_placeholder_says_what_is_missing() -> None:
    text = placeholder([DB, WEB])
    assert text == "(waits for addresses of Service db on paris, hosts of Ingress web.x on berlin-1)"
    assert is_placeholder(f"--join={text}")
    assert not is_placeholder(["a"])
