"""The registers of error codes and event kinds, and the pages that list them."""

import ast

from app.registers.reference import page, pages, problems, registers
from app.registers.register import ErrorCode, EventKind, Registered


class Fruit(Registered):
    """Fruit"""

    APPLE = "fruit.apple", "An apple fell."
    PEAR = "fruit.pear", "A pear fell."


class Basket(Registered):
    """Baskets"""

    APPLE = "fruit.apple", "An apple is in it."


def modules(*sources: str) -> list[ast.Module]:
    return [ast.parse(source) for source in sources]


def test_a_member_is_its_value_and_has_a_sentence() -> None:
    assert [str(fruit) for fruit in Fruit] == ["fruit.apple", "fruit.pear"]
    assert "fruit.pear" in Fruit.__members__.values()
    assert Fruit.PEAR.sentence == "A pear fell."


def test_a_member_that_no_source_uses_is_a_problem() -> None:
    assert list(problems([Fruit], modules("record(Fruit.APPLE)", "record(Basket.PEAR)"))) == [
        "Fruit.PEAR is registered but not used"
    ]
    assert list(problems([Fruit], modules("record(Fruit.APPLE, Fruit.PEAR)"))) == []


def test_a_value_with_two_members_is_a_problem() -> None:
    assert list(problems([Fruit, Basket], modules("Fruit.APPLE, Fruit.PEAR, Basket.APPLE"))) == [
        "fruit.apple is registered 2 times"
    ]


def test_a_code_that_is_written_as_text_is_a_problem() -> None:
    source = 'Fruit.APPLE, Fruit.PEAR, f(code="eaten"), {"code": "rotten", **more}, {"code": code}, f(code=4004)'
    assert list(problems([Fruit], modules(source))) == [
        "the code 'eaten' is written as text: use a member of a register",
        "the code 'rotten' is written as text: use a member of a register",
    ]


def test_a_page_has_a_table_for_each_register() -> None:
    assert page("# Things\n", "kind", [Fruit, Basket]) == (
        "# Things\n"
        "\n## Fruit\n\n| kind | meaning |\n| --- | --- |\n"
        "| `fruit.apple` | An apple fell. |\n| `fruit.pear` | A pear fell. |\n"
        "\n## Baskets\n\n| kind | meaning |\n| --- | --- |\n| `fruit.apple` | An apple is in it. |\n"
    )


def test_every_code_and_kind_has_one_sentence_and_is_on_its_page() -> None:
    texts = [text for path, text in pages() if path.suffix == ".md"]
    for base, text in zip((ErrorCode, EventKind), texts, strict=True):
        for register in registers(base):
            assert register.__doc__
            assert f"## {register.__doc__}\n" in text
            for member in register:
                assert member.sentence.endswith(".") and ". " not in member.sentence
                assert f"| `{member}` | {member.sentence} |\n" in text
