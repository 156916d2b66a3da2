"""The digest of a plan says whether two plans do the same."""

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from app.plans.digest import Deed, plan_digest
from app.releases.basis import Basis, Foundation
from app.releases.step import ReleaseAction

WHAT = {"kind": "UPDATE", "group": "fleet", "release": "shop"}
FOUND = Foundation(1, {"wait": False}, None, "chart", {"db/password": "mark"})
deeds = st.lists(
    st.builds(
        Deed,
        st.sampled_from(["berlin", "paris", "rome"]),
        st.sampled_from(ReleaseAction),
        st.sampled_from(["", "d"]),
        st.tuples(st.none() | st.text(max_size=2), st.none() | st.text(max_size=2)),
    ),
    unique_by=lambda deed: deed.cluster,
)


@given(deeds, st.randoms())
def test_the_order_of_targets_and_keys_makes_no_difference(made: list[Deed], random: Any) -> None:
    shuffled, what = list(made), list(WHAT.items())
    random.shuffle(shuffled)
    random.shuffle(what)
    assert plan_digest(dict(what), FOUND, shuffled) == plan_digest(WHAT, FOUND, made)


@given(deeds, deeds)
def test_plans_that_do_something_else_have_another_digest(made: list[Deed], others: list[Deed]) -> None:
    def plain(found: list[Deed]) -> set[Any]:
        return {replace(deed, texts=tuple(text or "" for text in deed.texts)) for deed in found}

    assert (plan_digest(WHAT, FOUND, made) == plan_digest(WHAT, FOUND, others)) == (plain(made) == plain(others))


def test_the_digest_of_a_plan_depends_on_its_actions_and_not_on_what_was_found() -> None:
    deed = Deed("paris", ReleaseAction.UPGRADE, "d", ("manifest",))
    plan = plan_digest(WHAT, FOUND, [deed])
    seen = replace(FOUND, generation=2, targets={"paris": Basis(1, "u", None, "d", True, 7, "70")})
    assert plan_digest(WHAT, seen, [deed]) == plan
    for different in (
        replace(FOUND, chart_digest="another"),
        replace(FOUND, secrets={"db/password": "another mark"}),
        replace(FOUND, options={"wait": True}),
        replace(FOUND, service_account="shop/deployer"),
    ):
        assert plan_digest(WHAT, different, [deed]) != plan
    assert plan_digest(WHAT | {"force": True}, FOUND, [deed]) != plan
