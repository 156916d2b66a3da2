"""Checks whether the answers of a member's API server match the requests. A successful answer with anything else
(`null`, a page of HTML, a list of another kind) says nothing about the member, and is not used as an observation."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar

from app.clusters.changes import Head, store_version
from app.core.errors import TemporaryError
from app.core.json_text import TooDeepError, read_writable
from app.releases.error_codes import ActionCode

Found = TypeVar("Found")

MOST_VALUES = 400_000
"""The limit for one answer; a page of a list has a tenth of it."""

_LISTS = ("PartialObjectMetadataList", "SecretList")
_ITEMS = ("PartialObjectMetadata", "Secret", "")  # an item of a list may lack its kind
_LONGEST_CONTINUE = 16 * 1024
_LONGEST_PAUSE = 3600.0
_WORD = re.compile(r"[!-~]{1,100}")
_SECONDS = re.compile(r"[0-9]{1,9}")


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a list. `more` is the token for the next page, empty on the last; `version` is that of the store."""

    version: int
    heads: list[Head]
    more: str


def read_page(body: Any, *, namespace: str | None = None) -> Page:
    """A page of Helm's Secrets, of all namespaces or of the requested one.

    Raises:
        TemporaryError: CLUSTER_UNEXPECTED_ANSWER, where it is anything else.
    """
    try:
        if body["kind"] not in _LISTS:
            raise ValueError(f"it is a {body['kind']!s:.100}")
        metadata = body["metadata"]
        heads = [_head(item, namespace) for item in _typed(list, body.get("items") or [])]
        more = _typed(str, metadata.get("continue") or "")
        if len(more) > _LONGEST_CONTINUE:
            raise ValueError("its continue token is too long")
        return Page(store_version(metadata["resourceVersion"]), [head for head in heads if head], more)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _unexpected("Helm's release Secrets", error) from None


def has_items(body: Any, name: str) -> bool:
    """Whether a list of the objects in which Helm stores a release of this name is not empty.

    Raises:
        TemporaryError: CLUSTER_UNEXPECTED_ANSWER, where it is anything else.
    """
    try:
        if body["kind"] not in ("PartialObjectMetadataList", "ConfigMapList"):
            raise ValueError(f"it is a {body['kind']!s:.100}")
        labels = [item["metadata"]["labels"] for item in _typed(list, body.get("items") or [])]
        if any((each["owner"], each["name"]) != ("helm", name) for each in labels):
            raise ValueError("it has objects that were not requested")
        return bool(labels)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _unexpected("Helm's releases in ConfigMaps", error) from None


def read_secret(body: Any, name: str) -> Mapping[str, Any]:
    """The Secret of this name.

    Raises:
        TemporaryError: CLUSTER_UNEXPECTED_ANSWER, where it is anything else.
    """
    try:
        if body["kind"] != "Secret" or body["metadata"]["name"] != name:
            raise ValueError("it is another object")
        return _typed(dict, body)
    except (KeyError, TypeError, ValueError) as error:
        raise _unexpected(f"the Secret {name}", error) from None


def expect_kind(kind: str, body: Any) -> None:
    """Raises TemporaryError (CLUSTER_UNEXPECTED_ANSWER) if an answer is not an object of this kind."""
    if read_field(str, body, "kind") != kind:
        raise _unexpected(kind, ValueError(f"it is a {body['kind']:.100}"))


def read_field(kind: type[Found], body: Any, *path: str) -> Found:
    """The value at a path of an answer.

    Raises:
        TemporaryError: CLUSTER_UNEXPECTED_ANSWER, where there is nothing of this kind.
    """
    try:
        for step in path:
            body = body[step]
        return _typed(kind, body)
    except (KeyError, TypeError) as error:
        raise _unexpected(".".join(path), error) from None


def read_word(body: Any, *path: str) -> str:
    """A short text at a path of an answer, such as a version or a uid.

    Raises:
        TemporaryError: CLUSTER_UNEXPECTED_ANSWER, where there is none.
    """
    word = read_field(str, body, *path)
    if not _WORD.fullmatch(word):
        raise _unexpected(".".join(path), ValueError("it is not a word of at most 100 characters"))
    return word


def parsed(text: bytes) -> Any:
    """The parsed JSON of an answer, which can be written as JSON again.

    Its memory is bounded before it is parsed, by the number of its values, which its lists, maps and commas limit: an
    empty list takes fifty times as much memory as its two bytes.

    Raises:
        TemporaryError: CLUSTER_UNEXPECTED_ANSWER, if it is not JSON, has too many values, or is nested too deeply.
    """
    if sum(map(text.count, (b"[", b"{", b","))) > MOST_VALUES:
        raise TemporaryError(
            ActionCode.CLUSTER_UNEXPECTED_ANSWER, f"The API server answers with more than {MOST_VALUES:,} values."
        )
    try:
        return read_writable(text)
    except TooDeepError:
        raise TemporaryError(
            ActionCode.CLUSTER_UNEXPECTED_ANSWER, "The API server's answer is nested too deeply."
        ) from None
    except ValueError:
        raise TemporaryError(
            ActionCode.CLUSTER_UNEXPECTED_ANSWER,
            "The server that answered is not a Kubernetes API server: it did not send JSON.",
        ) from None


def asked_pause(retry_after: str | None, now: datetime) -> float | None:
    """The seconds to wait by a Retry-After header, which has a number or a date; None if it has neither."""
    text = (retry_after or "").strip()
    if _SECONDS.fullmatch(text):
        return min(float(text), _LONGEST_PAUSE)
    try:
        until = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return min(max((until - now).total_seconds(), 0.0), _LONGEST_PAUSE)


def _head(item: Any, namespace: str | None) -> Head | None:
    if item.get("kind", "") not in _ITEMS:
        raise ValueError(f"it has a {item['kind']!s:.100}")
    metadata = item["metadata"]
    if (metadata.get("labels") or {}).get("owner") != "helm" or namespace not in (None, metadata["namespace"]):
        raise ValueError("it has objects that were not requested")
    return Head.of(item)


def _typed(kind: type[Found], value: object) -> Found:
    if not isinstance(value, kind):
        raise TypeError(f"it has a {type(value).__name__} where a {kind.__name__} is expected")
    return value


def _unexpected(what: str, error: Exception) -> TemporaryError:
    why = str(error) if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"
    return TemporaryError(
        ActionCode.CLUSTER_UNEXPECTED_ANSWER,
        f"The API server returned something other than {what}.",
        why[:1000],
    )
