"""The error codes that each mutation can give, found in the source.

The calls of a mutation's resolver are followed from function to function. A code that one of them raises as an error of
the user is a code of the mutation. Types come from annotations, so the result can have a few codes too many; that it
has none too few is checked by the tests, which look at the code of each refused mutation.
"""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path

from app.registers.register import Registered
from app.registers.requests import RequestCode

_PACKAGES = ("app", "schema", "resolvers")
_ACTION = "ActionCode"
"""The register of failed actions. Only those given to an error of the user can be the code of a mutation."""
_USER_ERRORS = {
    *("UserError", "ValidationFailed", "NotFound", "Conflict", "Forbidden", "ClusterUnreachable", "RemovalUnconfirmed"),
    *("RateLimited", "invalid", "all_invalid"),
}


@cache
def parsed(path: Path) -> ast.Module:
    """A module of the sources. It is parsed once for all that look at it."""
    return ast.parse(path.read_text())


@dataclass
class _Function:
    module: "_Module"
    node: ast.FunctionDef | ast.AsyncFunctionDef
    owner: str | None = None
    """The class, as `module.Class`."""


@dataclass(frozen=True)
class _Direct:
    """What a function does itself: the functions that it names, the codes that it raises, the codes of failed actions
    that it raises, and whether it passes on the code of another error."""

    named: frozenset[str]
    raised: frozenset[str]
    actions: frozenset[str]
    passes_on: bool


@dataclass
class _Module:
    name: str
    tree: ast.Module
    imports: dict[str, str] = field(default_factory=dict)
    """What a name in the module stands for, as `module.name`."""

    def resolve(self, name: str) -> str:
        return self.imports.get(name, f"{self.name}.{name}")


class Sources:
    """The functions and classes of the server, by their full names."""

    def __init__(self, root: Path, codes: dict[str, Registered]) -> None:
        self._codes = codes
        self._functions: dict[str, _Function] = {}
        self._classes: dict[str, tuple[_Module, ast.ClassDef]] = {}
        self._modules: set[str] = set()
        self._constants: dict[str, ast.expr] = {}
        self._found: dict[str, _Direct] = {}
        for package in _PACKAGES:
            for path in sorted((root / package).rglob("*.py")):
                name = ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__")
                self._read(_Module(name, parsed(path)))

    def _read(self, module: _Module) -> None:
        self._modules.add(module.name)
        for node in _statements(module.tree.body):
            if isinstance(node, ast.ImportFrom) and node.module and not node.level:
                module.imports |= {name.asname or name.name: f"{node.module}.{name.name}" for name in node.names}
        for node in module.tree.body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                self._functions[f"{module.name}.{node.name}"] = _Function(module, node)
            elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                self._constants[f"{module.name}.{node.targets[0].id}"] = node.value
            elif isinstance(node, ast.ClassDef):
                owner = f"{module.name}.{node.name}"
                self._classes[owner] = module, node
                for method in node.body:
                    if isinstance(method, ast.FunctionDef | ast.AsyncFunctionDef):
                        self._functions[f"{owner}.{method.name}"] = _Function(module, method, owner)

    @cached_property
    def mutations(self) -> dict[str, str]:
        """The full names of the resolvers, by the mutation's name in Python."""
        return {
            name.rpartition(".")[2]: name
            for name, function in self._functions.items()
            if function.module.name.startswith("resolvers.")
            and any(
                isinstance(found, ast.Call) and isinstance(found.func, ast.Name) and found.func.id == "mutation"
                for found in function.node.decorator_list
            )
        }

    def codes_of(self, name: str) -> set[str]:
        """The codes that a function or one that it calls raises."""
        codes = set[str]()
        for called in self._reached(name):
            codes |= self._direct(called).raised
            if self._direct(called).passes_on:  # the code of a failed action that one of its calls raises
                codes |= {code for other in self._reached(called) for code in self._direct(other).actions}
        return codes

    def _reached(self, name: str) -> set[str]:
        reached, waiting = set[str](), [name]
        while waiting:
            if (called := waiting.pop()) not in reached:
                reached.add(called)
                waiting.extend(self._direct(called).named)
        return reached

    def _direct(self, name: str) -> "_Direct":
        if name not in self._found:
            self._found[name] = self._read_function(self._functions[name])
        return self._found[name]

    def _named(self, function: _Function) -> Iterator[str]:
        types = self._types(function)
        for node in ast.walk(function.node):
            if isinstance(node, ast.Name):
                found = function.module.resolve(node.id)
            elif isinstance(node, ast.Attribute):
                owner = self._type_of(node.value, function, types)
                found = self._member(owner, node.attr) if owner else ""
            else:
                continue
            if found in self._classes:
                found = self._member(found, "__init__")
            if found in self._functions:
                yield found
                yield from self._implementing(found)

    def _read_function(self, function: _Function) -> "_Direct":
        nodes = list(ast.walk(function.node))
        compared = {id(inner) for node in nodes if isinstance(node, ast.Compare) for inner in ast.walk(node)}
        given = [
            argument
            for node in nodes
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _USER_ERRORS
            for argument in node.args
        ]
        raised, actions = set[str](), set[str]()
        for node in [*nodes, *self._tables(function)]:
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and id(node) not in compared:
                code = self._codes.get(f"{node.value.id}.{node.attr}")
                if code is not None:
                    is_action = node.value.id == _ACTION and node not in given
                    (actions if is_action else raised).add(str(code))
        passes_on = any(isinstance(argument, ast.Attribute) and argument.attr == "code" for argument in given)
        return _Direct(frozenset(self._named(function)), frozenset(raised), frozenset(actions), passes_on)

    def _tables(self, function: _Function) -> Iterator[ast.AST]:
        """The contents of the tables of its module that a function uses, which may have codes of what it raises."""
        for node in ast.walk(function.node):
            if isinstance(node, ast.Name):
                value = self._constants.get(function.module.resolve(node.id))
                if isinstance(value, ast.Dict):
                    yield from ast.walk(value)

    def _types(self, function: _Function) -> dict[str, str]:
        """The classes of parameters, and of variables that a call gives, in an assignment or in `with`."""
        types = dict[str, str]()
        arguments = function.node.args
        for argument in [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]:
            if argument.arg == "self" and function.owner:
                types["self"] = function.owner
            elif argument.annotation and (found := self._annotated(argument.annotation, function.module)):
                types[argument.arg] = found
        for variable, value in _bound(function.node):
            if isinstance(value, ast.Call) and (found := self._made_by(value.func, function, types)):
                types[variable] = found
        return types

    def _made_by(self, called: ast.expr, function: _Function, types: dict[str, str]) -> str:
        """The class of what a call gives."""
        name = ""
        if isinstance(called, ast.Name):
            name = function.module.resolve(called.id)
        elif isinstance(called, ast.Attribute) and (owner := self._type_of(called.value, function, types)):
            name = self._member(owner, called.attr)
        return (
            name if name in self._classes else self._returned(self._functions[name]) if name in self._functions else ""
        )

    def _returned(self, function: _Function) -> str:
        return self._annotated(function.node.returns, function.module) if function.node.returns else ""

    def _annotated(self, annotation: ast.expr, module: _Module) -> str:
        """The first class in an annotation that the sources define."""
        if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
            annotation = ast.parse(annotation.value, mode="eval").body
        for node in ast.walk(annotation):
            if isinstance(node, ast.Name) and (found := module.resolve(node.id)) in self._classes:
                return found
        return ""

    def _type_of(self, node: ast.expr, function: _Function, types: dict[str, str]) -> str:
        """A class or module as its full name; empty if it is not known."""
        if isinstance(node, ast.Name):
            found = types.get(node.id) or function.module.resolve(node.id)
            return found if found in self._classes or found in self._modules else ""
        if isinstance(node, ast.Call):
            return self._made_by(node.func, function, types)
        if isinstance(node, ast.Attribute):
            owner = self._type_of(node.value, function, types)
            return self._field(owner, node.attr) if owner else ""
        return ""

    def _member(self, owner: str, name: str) -> str:
        """The full name of a function of a module, or of a method of a class or its bases."""
        for candidate in self._line(owner):
            if f"{candidate}.{name}" in self._functions or f"{candidate}.{name}" in self._classes:
                return f"{candidate}.{name}"
        return ""

    def _implementing(self, method: str) -> Iterator[str]:
        """The methods that implement one of a protocol, in the classes below it."""
        protocol, _, name = method.rpartition(".")
        for implementation in self._implementations.get(protocol, ()):
            if (found := f"{implementation}.{name}") in self._functions:
                yield found

    @cached_property
    def _implementations(self) -> dict[str, list[str]]:
        """The classes below a protocol, also by way of others, by the protocol."""
        found: dict[str, list[str]] = {}
        for name in self._classes:
            for base in set(self._line(name)) - {name}:
                if self._is_protocol(base):
                    found.setdefault(base, []).append(name)
        return found

    def _is_protocol(self, name: str) -> bool:
        module, node = self._classes[name]
        return any(isinstance(base, ast.Name) and module.resolve(base.id) == "typing.Protocol" for base in node.bases)

    def _field(self, owner: str, name: str) -> str:
        """The class of an attribute: by its annotation, or by what a property or a constructor gives."""
        if owner in self._modules:
            found = f"{owner}.{name}"
            return found if found in self._classes else ""
        for candidate in self._line(owner):
            module, node = self._classes[candidate]
            for part in node.body:
                if isinstance(part, ast.AnnAssign) and isinstance(part.target, ast.Name) and part.target.id == name:
                    return self._annotated(part.annotation, module)
                if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef) and part.name == name and part.returns:
                    return self._annotated(part.returns, module)
            if (made := self._functions.get(f"{candidate}.__init__")) is not None:
                types = self._types(made)
                for inner in ast.walk(made.node):
                    if isinstance(inner, ast.AnnAssign) and _is_attribute(inner.target, name):
                        return self._annotated(inner.annotation, module)
                    if isinstance(inner, ast.Assign) and _is_attribute(inner.targets[0], name):
                        return self._type_of(inner.value, made, types)
        return ""

    def _line(self, owner: str) -> Iterator[str]:
        """A class and its bases; a module alone."""
        yield owner
        if owner in self._classes:
            module, node = self._classes[owner]
            for base in node.bases:
                if isinstance(base, ast.Name) and (found := module.resolve(base.id)) in self._classes:
                    yield from self._line(found)


def _statements(body: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """The statements in a body, and those in them."""
    for node in body:
        yield node
        for part in ("body", "orelse", "handlers", "finalbody", "cases"):
            inner = getattr(node, part, ())
            if isinstance(inner, list):  # a lambda's body is an expression
                yield from _statements(inner)


def _bound(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """The variables that assignments and `with` bind, and what they are given."""
    for found in ast.walk(node):
        if isinstance(found, ast.Assign) and len(found.targets) == 1 and isinstance(found.targets[0], ast.Name):
            yield found.targets[0].id, found.value.value if isinstance(found.value, ast.Await) else found.value
        elif isinstance(found, ast.With | ast.AsyncWith):
            for item in found.items:
                if isinstance(item.optional_vars, ast.Name):
                    yield item.optional_vars.id, item.context_expr


def _is_attribute(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Attribute) and node.attr == name


_COMMON = ("app.identity.viewer.Viewer.require", "app.identity.viewer.Viewer.organization")
"""What nearly every use case calls first."""
_PAGE = '''"""The error codes of mutations. `make write` prints this module (app/registers/raised.py)."""

COMMON = (
{common})
"""Codes that nearly every mutation can give."""

CODES: dict[str, tuple[str, ...]] = {{
{codes}}}
"""The other codes of each mutation."""
'''


def printed(root: Path, codes: dict[str, Registered]) -> str:
    """The content of `resolvers/engine/mutation_codes.py`."""
    sources = Sources(root, codes)
    common = {code for name in _COMMON for code in sources.codes_of(name)} | set(map(str, RequestCode))
    lines = ""
    for name, function in sorted(sources.mutations.items()):
        lines += f'    "{name}": {_tuple(sorted(sources.codes_of(function) - common))},\n'
    return _PAGE.format(common="".join(f'    "{code}",\n' for code in sorted(common)), codes=lines)


def _tuple(codes: list[str]) -> str:
    """As the formatter has it."""
    if len(codes) < 2:
        return f'("{codes[0]}",)' if codes else "()"
    return "(\n" + "".join(f'        "{code}",\n' for code in codes) + "    )"
