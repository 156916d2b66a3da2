"""Reads untrusted YAML within limits, with the meaning that it has for Helm.

Documents are built from the parser's events without recursion: a node is counted before it takes memory, an alias
counts for everything that it stands for, and the depth of a document uses no stack.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml
from yaml._yaml import CParser

from app.yaml.scalars import ScalarError, key_text, resolve, tagged

MERGE = "<<"
_MERGE_TAG = "tag:yaml.org,2002:merge"


@dataclass(frozen=True, slots=True)
class Bounds:
    """Limits of a document or a stream of documents. An alias counts for all the nodes that it stands for."""

    nodes: int = 500_000
    depth: int = 200


BOUNDS = Bounds()


class YamlError(ValueError):
    """The text is not YAML as Helm reads it, or exceeds the limits. `line` and `column` count from 1."""

    def __init__(self, problem: str, line: int, column: int) -> None:
        super().__init__(f"line {line}, column {column}: {problem}")
        self.problem = problem
        self.line = line
        self.column = column


def read(text: str | bytes, bounds: Bounds = BOUNDS, *, strict: bool = False) -> Any:
    """Reads the first document, as Helm does. Returns None if there is none.

    Raises:
        YamlError: The text is not valid. With `strict`, also for aliases, tags, duplicate keys and several documents.
    """
    documents = _documents(text, bounds, strict=strict)
    first = next(documents, None)
    if strict and next(documents, documents) is not documents:
        raise YamlError("it has more than one document", 1, 1)
    return first


def read_all(text: str | bytes, bounds: Bounds = BOUNDS) -> list[Any]:
    """Reads every document of a stream. Raises the same errors as `read`."""
    return list(_documents(text, bounds, strict=False))


def _documents(text: str | bytes, bounds: Bounds, *, strict: bool) -> Iterator[Any]:
    reader = _Reader(bounds, strict=strict)
    try:
        parser = CParser(text)
        try:
            event = parser.get_event()
            while not isinstance(event, yaml.StreamEndEvent):
                event = parser.get_event()
                if isinstance(event, yaml.DocumentStartEvent):
                    if event.version not in (None, (1, 1)):
                        raise _at(event, "it declares a YAML version other than 1.1")
                    yield reader.document(parser)
        finally:
            parser.dispose()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = error.problem or error.context or "it is not valid YAML"
        raise YamlError(problem, *((mark.line + 1, mark.column + 1) if mark else (1, 1))) from None
    except yaml.reader.ReaderError as error:
        raise YamlError(f"{error.reason} at position {error.position}", 1, 1) from None
    except (yaml.YAMLError, UnicodeError) as error:
        raise YamlError(str(error), 1, 1) from None


_NONE = object()
_OPEN = object()
_MERGED = object()
"""Takes the place of a key: the next value is merged into the map."""


class _Map:
    """A map that is being read. `key` is that of the next value."""

    __slots__ = ("anchor", "before", "key", "taken", "value")

    def __init__(self, anchor: str | None, before: int) -> None:
        self.value: dict[str, Any] = {}
        self.key: Any = _NONE
        self.anchor = anchor
        self.before = before
        self.taken: set[str] = set()


class _List:
    __slots__ = ("anchor", "before", "merging", "value")

    def __init__(self, anchor: str | None, before: int, *, merging: bool) -> None:
        self.value: list[Any] = []
        self.anchor = anchor
        self.before = before
        self.merging = merging


class _Reader:
    def __init__(self, bounds: Bounds, *, strict: bool) -> None:
        self._bounds = bounds
        self._strict = strict
        self._nodes = 0
        self._anchors: dict[str, Any] = {}
        self._sizes: dict[str, int] = {}

    def document(self, parser: CParser) -> Any:
        """Reads the value of the document that has just started, up to its end."""
        self._anchors, self._sizes = {}, {}
        stack: list[_Map | _List] = []
        value: Any = None
        while True:
            event: Any = parser.get_event()
            kind = type(event)
            if self._strict and getattr(event, "tag", None) is not None:
                raise _at(event, "it has a tag")
            if kind is yaml.ScalarEvent:
                self._count(1, event)
                top = stack[-1] if stack else None
                if type(top) is _Map and top.key is _NONE:
                    self._set_key(top, event)
                    continue
                value = self._scalar(event)
                if event.anchor is not None:
                    self._anchors[event.anchor], self._sizes[event.anchor] = value, 1
            elif kind is yaml.AliasEvent:
                value = self._alias(event)
                top = stack[-1] if stack else None
                if type(top) is _Map and top.key is _MERGED and not isinstance(value, dict):
                    raise _at(event, "only a map can be merged into a map")
            elif kind is yaml.MappingStartEvent or kind is yaml.SequenceStartEvent:
                self._count(1, event)
                if len(stack) >= self._bounds.depth:
                    raise _at(event, f"it is nested more than {self._bounds.depth} levels deep")
                top = stack[-1] if stack else None
                if type(top) is _Map and top.key is _NONE:
                    raise _at(event, "a key must be a scalar")
                if event.anchor is not None:
                    self._anchors[event.anchor] = _OPEN
                if kind is yaml.MappingStartEvent:
                    stack.append(_Map(event.anchor, self._nodes))
                else:
                    merging = type(top) is _Map and top.key is _MERGED
                    stack.append(_List(event.anchor, self._nodes, merging=merging))
                continue
            elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
                ended = stack.pop()
                value = ended.value
                if ended.anchor is not None and self._anchors.get(ended.anchor) is _OPEN:
                    self._anchors[ended.anchor] = value
                    self._sizes[ended.anchor] = self._nodes - ended.before + 1
            else:  # the document's end
                return value
            if stack:
                self._put(stack[-1], value, event)

    def _put(self, top: "_Map | _List", value: Any, event: Any) -> None:
        if type(top) is _List:
            if top.merging and not isinstance(value, dict):
                raise _at(event, "only a map can be merged into a map")
            top.value.append(value)
            return
        assert type(top) is _Map
        if top.key is _NONE:  # an alias in a key's place
            top.key = self._key(value, event)
        elif top.key is _MERGED:
            # Later keys win, merged or written; of several maps that are merged at once, the first wins.
            if isinstance(value, dict):
                top.value.update(value)
            elif isinstance(value, list):
                for each in reversed(value):
                    top.value.update(each)
            else:
                raise _at(event, "only a map can be merged into a map")
            top.key = _NONE
        else:
            top.value[top.key] = value
            top.key = _NONE

    def _set_key(self, top: _Map, event: Any) -> None:
        if event.value == MERGE and (event.tag == _MERGE_TAG or (event.tag is None and event.implicit[0])):
            top.key = _MERGED
            return
        value = self._scalar(event, is_key=True)
        top.key = key = self._key(value, event)
        if event.anchor is not None:
            self._anchors[event.anchor], self._sizes[event.anchor] = value, 1
        if self._strict:
            if key in top.taken:
                raise _at(event, "it has a key twice")
            top.taken.add(key)

    def _key(self, value: Any, event: Any) -> str:
        if isinstance(value, dict | list):
            raise _at(event, "a key must be a scalar")
        try:
            return key_text(value)
        except ScalarError as error:
            raise _at(event, str(error)) from None

    def _scalar(self, event: Any, *, is_key: bool = False) -> Any:
        text, tag = event.value, event.tag
        if tag is None:
            if not event.implicit[0]:
                return text
            value = resolve(text)[1]
        elif tag == "!":
            return text
        else:
            try:
                value = tagged(tag, text)
            except ScalarError as error:
                raise _at(event, str(error)) from None
        if not is_key and isinstance(value, float) and not math.isfinite(value):
            raise _at(event, f"{text} is a number without a form in JSON")
        return value

    def _alias(self, event: Any) -> Any:
        if self._strict:
            raise _at(event, "it has an alias")
        value = self._anchors.get(event.anchor, _NONE)
        if value is _NONE:
            raise _at(event, f"there is no anchor &{event.anchor[:50]}")
        if value is _OPEN:
            raise _at(event, f"&{event.anchor[:50]} contains itself")
        self._count(self._sizes[event.anchor], event)
        return value

    def _count(self, nodes: int, event: Any) -> None:
        self._nodes += nodes
        if self._nodes > self._bounds.nodes:
            raise _at(event, f"it has more than {self._bounds.nodes:,} values, aliases written out")


def _at(event: Any, problem: str) -> YamlError:
    mark = event.start_mark
    return YamlError(problem, mark.line + 1, mark.column + 1)
