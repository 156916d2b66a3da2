"""YAML from outside: kubeconfigs, charts, indexes.

libyaml's binding composes documents by recursion in C, so that some thousand nested brackets overflow the stack and end
the process; and a few lines of aliases unfold to gigabytes as soon as anybody looks at all of them.
"""

from typing import Any

import yaml

MAX_DEPTH = 200
MAX_ALIASED = 1_000_000
"""Nodes that come on top when each alias of a document is written out, at most."""

_STRINGS_IN_GO = ("tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:value")


class _Loader(yaml.CSafeLoader):
    """Takes for text what Helm's reader takes for text: `2024-01-01` and `=`."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - PyYAML's own
        first: [resolver for resolver in resolvers if resolver[0] not in _STRINGS_IN_GO]
        for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
    }
    _depth = 0

    # What libyaml's binding calls for every node but an alias; PyYAML itself does nothing of use there.
    def descend_resolver(self, current_node: Any, current_index: Any) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise yaml.YAMLError(f"it is nested more than {MAX_DEPTH} levels deep")

    def ascend_resolver(self) -> None:
        self._depth -= 1


def load(text: str | bytes, *, strict: bool = False) -> Any:
    """Reads one document.

    Raises:
        YAMLError, ValueError: where it is none, is nested too deep, or has aliases that unfold to too much; where it is
            `strict`, also for any alias, and for a key that a map has twice.
    """
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        return None if node is None else _construct(loader, node, text, strict=strict)
    except RecursionError:
        raise yaml.YAMLError("it is nested too deep") from None
    finally:
        loader.dispose()


def load_all(text: str) -> list[Any]:
    """Reads every document of a stream. Raises what `load` raises."""
    loader = _Loader(text)
    found = []
    try:
        while loader.check_node():
            node = loader.get_node()
            assert node is not None
            found.append(_construct(loader, node, text, strict=False))
    except RecursionError:
        raise yaml.YAMLError("it is nested too deep") from None
    finally:
        loader.dispose()
    return found


def _construct(loader: _Loader, node: yaml.Node, text: str | bytes, *, strict: bool) -> Any:
    if "&" in text if isinstance(text, str) else b"&" in text:
        sizes: dict[int, int] = {}
        if _unfolded(node, sizes, aliases=not strict) > MAX_ALIASED + len(sizes):
            raise yaml.YAMLError("its aliases unfold to too much")
    if strict:
        _refuse_same_keys(node)
    return loader.construct_document(node)


def _refuse_same_keys(node: yaml.Node) -> None:
    left = [node]
    while left:
        part = left.pop()
        if isinstance(part, yaml.MappingNode):
            keys = [key.value for key, _ in part.value if isinstance(key, yaml.ScalarNode)]
            if len(keys) > len(set(keys)):
                raise yaml.YAMLError("it has a key twice")
            left += [inner for pair in part.value for inner in pair]
        elif isinstance(part, yaml.SequenceNode):
            left += part.value


def _unfolded(node: yaml.Node, sizes: dict[int, int], *, aliases: bool) -> int:
    """How many nodes there are when each alias is written out. `sizes` has what was counted, 0 while it is."""
    if id(node) in sizes:
        if not aliases:
            raise yaml.YAMLError("it has aliases")
        if sizes[id(node)] == 0:
            raise yaml.YAMLError("it contains itself")
        return sizes[id(node)]
    sizes[id(node)] = 0
    size = 1
    for inner in node.value if isinstance(node, yaml.CollectionNode) else ():
        for part in inner if isinstance(inner, tuple) else (inner,):
            size += _unfolded(part, sizes, aliases=aliases)
    sizes[id(node)] = size
    return size
