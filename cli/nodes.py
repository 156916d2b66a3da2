"""Nodes of YAML documents: their lines, and their texts as they are written."""

from typing import Any

import yaml


class Loader(yaml.CSafeLoader):
    """Dates stay text, as in Helm, because JSON has no dates."""


class _Writer(yaml.CSafeDumper):
    """Writes nodes as they were read: unquoted text stays unquoted, so that the server determines its type."""


Loader.yaml_implicit_resolvers = _Writer.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}


def line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def is_empty(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.tag == "tag:yaml.org,2002:null"


def is_text(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.tag == "tag:yaml.org,2002:str"


def entries(node: yaml.Node) -> dict[str, tuple[yaml.Node, yaml.Node]]:
    """Returns the key and the value of each entry of a map, by key; nothing for another node."""
    if not isinstance(node, yaml.MappingNode):
        return {}
    return {str(key.value): (key, value) for key, value in node.value}


def value(node: yaml.Node) -> Any:
    return yaml.SafeLoader("").construct_document(node)


def text(node: yaml.Node) -> str:
    """Writes a part of a document as a document of its own. Scalars stay as written."""
    return "" if is_empty(node) else str(yaml.serialize(node, Dumper=_Writer, allow_unicode=True, width=1_000_000))
