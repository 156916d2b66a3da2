"""`python -m tests.project.layers --write | --check`: the picture of the layers in docs/architecture.md, printed from
the contracts in `.importlinter`, or compared with them.

A package is described by the first sentence of its docstring, so a new one needs no other place than the order."""

import ast
import configparser
import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/architecture.md"
_PICTURE = re.compile(r"(?<=^```text\n).*?(?=^```$)", re.MULTILINE | re.DOTALL)
_WIDTH = 88


def printed(page: str) -> str:
    """The page with the present picture."""
    return _PICTURE.sub(lambda _: "".join(f"{line}\n" for line in picture()), page, count=1)


def picture() -> Iterator[str]:
    """The packages of `app` from the top layer down, and those between them. Packages of one layer are in brackets."""
    contracts = configparser.ConfigParser()
    contracts.read(ROOT / ".importlinter")
    edge = contracts["importlinter:contract:api"]["layers"].split("\n")
    between = [line for line in edge if line.strip() and not line.startswith("app.")]
    above = edge[edge.index(between[0]) - 1].removeprefix("app.")
    for line in _layers():
        if line.startswith("#"):
            yield f"── {line[2:]} ".ljust(_WIDTH, "─")
            continue
        yield from _layer([f"app.{name}" for name in line.split(" | ")])
        if line == above:
            for layer in between:
                yield from _layer(layer.split(" | "))


def _layers() -> list[str]:
    """The lines of the contract, with its headings, which a parser would leave out."""
    text = (ROOT / ".importlinter").read_text()
    _, _, contract = text.partition("[importlinter:contract:layers]")
    _, _, lines = contract.partition("layers =\n")
    block, _, _ = lines.partition("\n\n")
    return [line.strip() for line in block.splitlines()]


def _layer(packages: list[str]) -> Iterator[str]:
    last = len(packages) - 1
    for number, package in enumerate(packages):
        bracket = " " if last == 0 else "┌" if number == 0 else "└" if number == last else "│"
        yield f"{bracket} {package.rpartition('.')[2]:<14} {_described(package)}".rstrip()


def _described(package: str) -> str:
    """The first sentence of a package's docstring, without the package's name in front of it."""
    source = (ROOT.joinpath(*package.split(".")) / "__init__.py").read_text()
    sentence = re.split(r"\.(?:\s|$)", ast.get_docstring(ast.parse(source)) or "", maxsplit=1)[0]
    name = package.rpartition(".")[2]
    words = re.sub(rf"^{name}: ", "", " ".join(sentence.split()), flags=re.IGNORECASE)
    return words[:1].upper() + words[1:]


def main() -> int:
    present = PAGE.read_text()
    expected = printed(present)
    if sys.argv[1:] == ["--write"]:
        PAGE.write_text(expected)
    elif present != expected:
        sys.stderr.write(f"{PAGE.relative_to(ROOT)} does not show the layers of .importlinter: run make write\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
