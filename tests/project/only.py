"""A contract of import-linter: these modules import each other and the modules that are listed, and nothing else."""

import re
from collections.abc import Iterator
from typing import Any

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output
from importlinter.domain.imports import ImportExpression, Module


class OnlyContract(Contract):
    """The descendants of `source_modules` belong to them, and so do those of an allowed module. An allowed part of an
    external package, such as `urllib.parse`, does not allow its other parts."""

    type_name = "only"

    source_modules = fields.SetField(subfield=fields.ModuleField())
    allowed_modules = fields.SetField(subfield=fields.ModuleField())
    ignore_imports = fields.SetField(subfield=fields.ImportExpressionField(), required=False)

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        _ = verbose
        exceptions: Any = self.ignore_imports
        ignored = {_pair(each) for each in exceptions or ()}
        found = {pair: line for pair, line in self._others(graph) if pair not in ignored}
        unused = ignored - {pair for pair, _ in self._others(graph)}
        return ContractCheck(kept=not found and not unused, metadata={"found": found, "unused": unused})

    def render_broken_contract(self, check: ContractCheck) -> None:
        for (importer, imported), line in sorted(check.metadata["found"].items()):
            output.print_error(f"- {importer} imports {imported} (line {line}), which is not in allowed_modules")
        for importer, imported in sorted(check.metadata["unused"]):
            output.print_error(f"- {importer} does not import {imported}: remove it from ignore_imports")

    def _others(self, graph: ImportGraph) -> Iterator[tuple[tuple[str, str], int]]:
        """The imports of what is not allowed, with their lines."""
        sources, allowed = _names(self.source_modules), _names(self.allowed_modules)
        missing = sources - graph.modules
        assert not missing, f"{', '.join(sorted(missing))} do not exist"
        inside = sources.union(*(graph.find_descendants(name) for name in sources))
        for importer in inside:
            for imported in graph.find_modules_directly_imported_by(importer) - inside:
                if _is_part(imported, allowed):
                    continue
                for detail in graph.get_import_details(importer=importer, imported=imported):
                    if not _is_part(_imported(detail["line_contents"]), allowed):
                        yield (importer, imported), detail["line_number"]


def _names(modules: Any) -> set[str]:
    found: set[Module] = modules
    return {module.name for module in found}


def _pair(each: ImportExpression) -> tuple[str, str]:
    return str(each.importer.expression), str(each.imported.expression)


def _is_part(name: str, allowed: set[str]) -> bool:
    return any(name == each or name.startswith(f"{each}.") for each in allowed)


def _imported(line: str) -> str:
    """The module that a line such as `from urllib.parse import quote` imports."""
    found = re.match(r"\s*(?:from|import)\s+([\w.]+)", line)
    return found[1] if found else ""
