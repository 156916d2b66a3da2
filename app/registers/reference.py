"""What is printed from the registers: the reference pages of codes and kinds, and the codes of each mutation. Checks of
the registers."""

import ast
import importlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from app.registers.raised import parsed, printed
from app.registers.register import ErrorCode, EventKind, Registered

_ROOT = Path(__file__).parents[2]
_PACKAGES = ("app", "schema", "resolvers", "reconcilers")

_ERRORS = """# Errors

An error has a `code`: that of a refused request is in its `UserError`, or in `extensions`, and that of a failed action
in the `error` of a target or of an operation's result. Codes are stable. Messages are for people, and may change.
"""
_EVENTS = """# Events

The `kind` of an event is one of these. Kinds are stable. Messages are for people, and may change.
"""


def registers(base: type[Registered]) -> list[type[Registered]]:
    """Returns all registers with a base class. Each is in a module whose name ends in `codes`, or in this package."""
    for path in sorted([*_ROOT.glob("app/*/*codes.py"), *_ROOT.glob("app/registers/*.py")]):
        if not path.stem.startswith("__"):
            importlib.import_module(".".join(path.relative_to(_ROOT).with_suffix("").parts))
    found = [register for register in base.__subclasses__() if register.__module__.startswith("app.")]
    return sorted(found, key=lambda register: register.__module__)


def pages() -> list[tuple[Path, str]]:
    """Yields each page with its expected content."""
    folder = _ROOT / "docs/reference"
    codes = {f"{type(member).__name__}.{member.name}": member for found in registers(ErrorCode) for member in found}
    return [
        (folder / "errors.md", page(_ERRORS, "code", registers(ErrorCode))),
        (folder / "events.md", page(_EVENTS, "kind", registers(EventKind))),
        (_ROOT / "resolvers/engine/mutation_codes.py", printed(_ROOT, codes)),
    ]


def page(head: str, column: str, found: Iterable[type[Registered]]) -> str:
    parts = [head]
    for register in found:
        rows = "".join(f"| `{member}` | {member.sentence} |\n" for member in register)
        parts.append(f"\n## {register.__doc__}\n\n| {column} | meaning |\n| --- | --- |\n{rows}")
    return "".join(parts)


def present_problems() -> Iterator[str]:
    """Yields problems of the registers and of their pages."""
    paths = [path for package in _PACKAGES for path in sorted((_ROOT / package).rglob("*.py"))]
    yield from problems([*registers(ErrorCode), *registers(EventKind)], map(parsed, paths))
    for path, text in pages():
        if not path.exists() or path.read_text() != text:
            yield f"{path.relative_to(_ROOT)} is outdated: run make write"


def problems(found: Sequence[type[Registered]], modules: Iterable[ast.Module]) -> Iterator[str]:
    """Yields problems of registers that the type checker does not find: a member that is not used, a value that two
    members of a kind of register have, and a code that is written as text."""
    used, bare = set[str](), list[str]()
    for node in (node for module in modules for node in ast.walk(module)):
        if isinstance(node, ast.Attribute):
            if isinstance(node.value, ast.Name):
                used.add(f"{node.value.id}.{node.attr}")  # such as `ClusterCode.CLUSTER_NOT_FOUND`
        elif isinstance(node, ast.Call | ast.Dict):
            bare.extend(_bare_codes(node))
    members = [member for register in found for member in register]
    for member in members:
        if (name := f"{type(member).__name__}.{member.name}") not in used:
            yield f"{name} is registered but not used"
    for (_, value), count in Counter((type(member).__base__, str(member)) for member in members).items():
        if count > 1:
            yield f"{value} is registered {count} times"
    for code in bare:
        yield f"the code {code!r} is written as text: use a member of a register"


def _bare_codes(node: ast.Call | ast.Dict) -> Iterator[str]:
    """Yields a text that is given as `code="…"` or in `{"code": "…"}`."""
    pairs: Iterable[tuple[object, ast.expr]]
    if isinstance(node, ast.Call):
        pairs = [(keyword.arg, keyword.value) for keyword in node.keywords]
    else:
        keys = (key.value if isinstance(key, ast.Constant) else None for key in node.keys)
        pairs = zip(keys, node.values, strict=True)
    for name, value in pairs:
        if name == "code" and isinstance(value, ast.Constant) and isinstance(value.value, str):
            yield value.value
