"""Which objects a subscriber gets that has asked for some of them."""

from resolvers.engine.following import Selection


def test_an_object_that_ceases_to_match_is_given_once_more() -> None:
    selection = Selection(condition=True)
    assert [selection.update(1, matches=matches) for matches in (False, True, True, False, False, True)] == [
        *(False, True, True, True, False, True)
    ]
    assert not selection.update(2, matches=False)


def test_without_a_condition_nothing_is_remembered() -> None:
    selection = Selection(condition=False)
    assert selection.update(1, matches=True)
    assert not selection.update(1, matches=False)
