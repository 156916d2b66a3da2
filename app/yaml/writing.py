"""Writes JSON values as YAML that Helm, and any YAML 1.1 or 1.2 parser, reads as exactly the same values."""

import re
from typing import Any

import yaml

from app.yaml.scalars import TEXT, resolve

# Sexagesimal numbers, dates, and text that other parsers of YAML 1.1 or 1.2 read as something else.
_ELSEWHERE = re.compile(
    r"[-+]?[0-9][0-9_,.]*(?::[0-9_.]*)*|[-+.]?[0-9][-0-9:.TtZz+_ eExXoObB]*|=|<<|[-+]?\.?(?:inf|nan)", re.IGNORECASE
)
# Go's parser refuses these unquoted, or treats them as line breaks.
_TO_ESCAPE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\xa0\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")


def write(value: Any) -> str:
    """Writes a document in block style. Keys keep their order."""
    text: str = yaml.dump(
        value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=1_000_000, default_flow_style=False
    )
    return text.removesuffix("...\n")


class _Dumper(yaml.CSafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    style = None
    if _TO_ESCAPE.search(text):
        style = '"'
    elif "\n" in text:
        style = "|"
    elif resolve(text)[0] != TEXT or _ELSEWHERE.fullmatch(text):
        style = '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)
