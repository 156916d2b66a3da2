"""The contract of import-linter that lists all that pure modules may import."""

from grimp import ImportGraph

from tests.project.only import OnlyContract


def found(*imports: tuple[str, str, str], ignored: tuple[str, ...] = ()) -> tuple[bool, dict[tuple[str, str], int]]:
    graph = ImportGraph()
    graph.add_module("app.heart")
    for importer, imported, line in imports:
        graph.add_import(importer=importer, imported=imported, line_number=3, line_contents=line)
    options = {"source_modules": ["app.heart"], "allowed_modules": ["re", "urllib.parse"], "ignore_imports": [*ignored]}
    check = OnlyContract("pure", {}, options).check(graph, verbose=False)
    return check.kept, check.metadata["found"]


def test_what_is_listed_may_be_imported_and_modules_of_the_contract_by_each_other() -> None:
    assert found(
        ("app.heart.a", "re", "import re"),
        ("app.heart.a", "urllib", "from urllib.parse import quote"),
        ("app.heart.a", "app.heart.b", "from app.heart.b import x"),
    ) == (True, {})


def test_everything_else_may_not() -> None:
    socket = ("app.heart.a", "socket", "import socket")
    assert found(socket, ("app.heart.a", "re", "import re")) == (False, {("app.heart.a", "socket"): 3})
    assert found(("app.heart.a", "urllib", "from urllib.request import urlopen")) == (
        False,
        {("app.heart.a", "urllib"): 3},
    )
    assert found(("app.heart.a", "app.core", "from app.core import x")) == (False, {("app.heart.a", "app.core"): 3})


def test_an_exception_is_one_import_and_must_be_used() -> None:
    socket = ("app.heart.a", "socket", "import socket")
    assert found(socket, ignored=("app.heart.a -> socket",)) == (True, {})
    assert found(ignored=("app.heart.a -> socket",)) == (False, {})
