"""Objects of any kind on a member: their paths, and lists and watches of them, with limits.

An object is passed on as soon as it is read, and is not kept here.
"""

import re
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from app.clusters.changes import METADATA_ONLY, METADATA_ONLY_LIST, read_event, store_version, unreadable
from app.clusters.member import Member
from app.clusters.refusals import Refusal, RefusalKind
from app.core.errors import TemporaryError
from app.releases.error_codes import ActionCode

OF_HELM = "app.kubernetes.io/managed-by=Helm"
"""Selects objects that Helm has created from manifests. Hooks, CRDs and pods do not have this label."""

_METADATA_PAGE, _WHOLE_PAGE = 500, 100
_MOST_PAGES = 400
_LONGEST_CONTINUE = 16 * 1024
_PARTIAL = "PartialObjectMetadata"
_WATCH_SECONDS = 300
_BOOKMARKS = 150.0  # seconds without a bookmark until a watch is given up; servers send one each minute
_MOST_LABELS = 20
_SPECIAL, _ESCAPED = re.compile(r"([\\,=])"), r"\\\1"
_EQUALITY = re.compile(r"[A-Za-z0-9./_-]{1,317}=[A-Za-z0-9._-]{0,63}")

Object = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ObjectType:
    """Objects of one kind in one version. `namespaced` says whether they belong to a namespace."""

    group: str
    version: str
    kind: str
    plural: str
    namespaced: bool

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    def named(self, item: Object) -> Object:
        """An object with its version and kind, which entries of lists lack."""
        return {**item, "apiVersion": self.api_version, "kind": self.kind}

    @property
    def path(self) -> str:
        """The path of all objects, in all namespaces."""
        return f"{self._root}/{self.plural}"

    def path_in(self, namespace: str) -> str:
        return f"{self._root}/namespaces/{quote(namespace, safe='')}/{self.plural}" if self.namespaced else self.path

    @property
    def _root(self) -> str:
        return f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a list. `version` is that of the member's store."""

    version: int
    items: list[Object]


@dataclass(frozen=True, slots=True)
class ObjectChange:
    """The version of the member's store, and the object that was written or deleted. A bookmark has no object."""

    version: int
    item: Object | None = None
    is_deleted: bool = False


async def list_objects(
    member: Member,
    kind: ObjectType,
    selector: str,
    *,
    whole: bool,
    namespace: str | None = None,
    most: int | None = None,
) -> AsyncGenerator[Page]:
    """The objects that match a label selector, page by page: whole, or only their metadata; all of them, or at most
    `most`.

    Raises:
        TemporaryError: if the member cannot be reached or refuses.
    """
    path = kind.path if namespace is None else kind.path_in(namespace)
    limit = most or (_WHOLE_PAGE if whole else _METADATA_PAGE)
    query = [("labelSelector", selector), ("limit", str(limit))]
    more: list[tuple[str, str]] = []
    for _ in range(_MOST_PAGES):
        answer = await member.get(path, query=query + more, accept=None if whole else METADATA_ONLY_LIST)
        page, token = _read_page(answer, kind, selector, whole=whole)
        yield page
        if not token or most is not None:
            return
        more = [("continue", token)]
    raise _unexpected(f"the list of {kind.plural} has more than {_MOST_PAGES} pages")


async def list_by_fields(member: Member, kind: ObjectType, selector: str, *, namespace: str, most: int) -> list[Object]:
    """At most `most` objects of a namespace that match a field selector. The caller checks that they match.

    Raises:
        TemporaryError: if the member cannot be reached or refuses.
    """
    query = [("fieldSelector", selector), ("limit", str(most))]
    page, _ = _read_page(await member.get(kind.path_in(namespace), query=query), kind, "", whole=True)
    return page.items[:most]


class ObjectWatch:
    """Follows one object, which may not exist yet."""

    def __init__(self, kind: ObjectType, namespace: str, name: str, version: int | None = None) -> None:
        """With the `version` of the member's store, only what happens after it is followed."""
        self._kind, self._namespace, self._name = kind, namespace, name
        self._selector = f"metadata.name={_SPECIAL.sub(_ESCAPED, name)}"
        self._version = version

    async def states(self, member: Member, *, seconds: int = _WATCH_SECONDS) -> AsyncGenerator[Object | None]:
        """The object whenever it has changed, and None whenever it does not exist, until the server ends the watch. The
        first call begins with the present state. A later call continues after the last state: nothing in between is
        missed, unless the server no longer knows it; then it begins with the present state again.

        Raises:
            TemporaryError: if the member cannot be reached or refuses.
        """
        if self._version is None:
            query = [("fieldSelector", self._selector)]
            answer = await member.get(self._kind.path_in(self._namespace), query=query)
            page, _ = _read_page(answer, self._kind, "", whole=True)
            yield next((item for item in page.items if self._is_it(item)), None)
            self._version = page.version
        changes = object_changes(
            member,
            self._kind,
            "",
            self._version,
            whole=True,
            seconds=seconds,
            namespace=self._namespace,
            fields=self._selector,
        )
        try:
            async with aclosing(changes) as stream:
                async for batch in stream:
                    for change in batch:
                        if change.item is not None and self._is_it(change.item):
                            yield None if change.is_deleted else change.item
                        self._version = change.version
        except TemporaryError as error:
            if error.code != ActionCode.CLUSTER_UNREACHABLE:
                self._version = None
            if error.code != ActionCode.WATCH_EXPIRED:
                raise

    def _is_it(self, item: Object) -> bool:
        metadata = item["metadata"]
        return metadata["name"] == self._name and (metadata.get("namespace") or "") == self._namespace


async def get_object(member: Member, kind: ObjectType, namespace: str, name: str, *, whole: bool) -> Object | None:
    """One object; None if there is none with this name.

    Raises:
        TemporaryError: if the member cannot be reached or refuses.
    """
    path = f"{kind.path_in(namespace)}/{quote(name, safe='')}"
    answer = await member.request("GET", path, accept=None if whole else METADATA_ONLY)
    if answer.status != 200:
        refusal = Refusal.of(answer.status, answer.body)
        if refusal.kind is RefusalKind.NOT_FOUND and refusal.is_of_api_server:
            return None
        message = f"The API server refuses GET {path}: {refusal.words}"
        raise TemporaryError(ActionCode.CLUSTER_REFUSED, message, refusal.words)
    return checked_object(answer.body, kind, name, whole=whole)


def checked_object(body: Any, kind: ObjectType, name: str, *, whole: bool = True) -> Object:
    """The object of this name in an answer.

    Raises:
        TemporaryError: CLUSTER_UNEXPECTED_ANSWER, if it is anything else.
    """
    try:
        found = _checked(body, kind, whole=whole)
        if found["metadata"]["name"] != name:
            raise ValueError("it is another object")
        return found
    except (KeyError, TypeError, ValueError) as error:
        raise _unexpected(error) from None


async def object_changes(
    member: Member,
    kind: ObjectType,
    selector: str,
    version: int,
    *,
    whole: bool,
    seconds: int,
    namespace: str | None = None,
    fields: str | None = None,
) -> AsyncGenerator[list[ObjectChange]]:
    """Watches the objects that match a label selector and, if given, a field selector, from a version on: in all
    namespaces, or in one. The first list is empty, and is yielded as soon as the watch is open.

    Raises:
        TemporaryError: if the watch fails, or the version is too old (WATCH_EXPIRED).
    """
    accept = "application/json" if whole else METADATA_ONLY
    path = kind.path if namespace is None else kind.path_in(namespace)
    async with aclosing(
        member.lines(path, selector, version, seconds=seconds, accept=accept, silence=_BOOKMARKS, fields=fields)
    ) as stream:
        async for lines in stream:
            yield [_read_change(line, kind, whole=whole) for line in lines]


def _read_change(line: bytes, kind: ObjectType, *, whole: bool) -> ObjectChange:
    event, item, version = read_event(line)
    if event == "BOOKMARK":
        return ObjectChange(version)
    try:
        return ObjectChange(version, _checked(item, kind, whole=whole), event == "DELETED")
    except (KeyError, TypeError, ValueError) as error:
        raise unreadable(error) from None


def _read_page(body: Any, kind: ObjectType, selector: str, *, whole: bool) -> tuple[Page, str]:
    try:
        if not _is_list_of(str(body["kind"]), kind, whole=whole):
            raise ValueError(f"it is a {body['kind']!s:.100}")
        items = body.get("items") or []
        token = body["metadata"].get("continue") or ""
        if not isinstance(items, list) or not isinstance(token, str) or len(token) > _LONGEST_CONTINUE:
            raise TypeError("its items or its continue token are malformed")
        checked = [_checked(item, kind, whole=whole) for item in items]
        if any(not _selected(item, selector) for item in checked):
            raise ValueError("it has objects that were not requested")
        return Page(store_version(body["metadata"]["resourceVersion"]), checked), token
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _unexpected(error) from None


def _is_list_of(name: str, kind: ObjectType, *, whole: bool) -> bool:
    if not whole:
        return name == f"{_PARTIAL}List"
    may_differ = "." in kind.group and not kind.group.endswith(".k8s.io")  # a CRD may choose the name of its list
    return name == f"{kind.kind}List" or (may_differ and name.endswith("List"))


def _checked(item: Any, kind: ObjectType, *, whole: bool) -> Object:
    """Checks that an object is of the requested kind. An item of a list may lack its kind."""
    if not isinstance(item, Mapping) or not isinstance(metadata := item["metadata"], Mapping):
        raise TypeError("it is not an object")
    if item.get("kind", "") not in ("", kind.kind if whole else _PARTIAL):
        raise ValueError(f"it is a {item['kind']!s:.100}")
    if not isinstance(metadata["name"], str) or not isinstance(metadata.get("namespace") or "", str):
        raise TypeError("its name is not a string")
    store_version(metadata["resourceVersion"])
    return item


def _selected(item: Object, selector: str) -> bool:
    labels = item["metadata"].get("labels") or {}
    return all(str(labels.get(key)) == value for key, value in _equalities(selector))


def _equalities(selector: str) -> Iterator[tuple[str, str]]:
    """The conditions of a selector, all of which are equalities in Polyhelm's selectors."""
    for condition in filter(None, selector.split(",")):
        key, _, value = condition.partition("=")
        yield key, value


def equal_labels(labels: Any) -> str | None:
    """A selector for objects with these labels; None if they do not fit in a request."""
    if not isinstance(labels, Mapping) or not 0 < len(labels) <= _MOST_LABELS:
        return None
    pairs = [f"{key}={value}" for key, value in labels.items()]
    return ",".join(pairs) if all(map(_EQUALITY.fullmatch, pairs)) else None


def _unexpected(why: object) -> TemporaryError:
    return TemporaryError(
        ActionCode.CLUSTER_UNEXPECTED_ANSWER,
        "The API server returned something other than objects.",
        str(why)[:1000],
    )
