"""Reads Helm's releases on a member: the Secrets in which Helm stores their records.

Lists and watches read the labels alone (`Head`), since a record may have a megabyte. What a hostile member sends is
bounded: the pages of a list, its time, and the releases that are kept.
"""

import time
from collections.abc import AsyncGenerator, Container
from contextlib import aclosing
from dataclasses import dataclass
from urllib.parse import quote

from app.clusters.answers import Page, has_items, read_page, read_secret
from app.clusters.changes import METADATA_ONLY, METADATA_ONLY_LIST, Change, Head, read_changes
from app.clusters.member import Member, expect_success
from app.clusters.reading import read_apart
from app.core.errors import TemporaryError
from app.releases.error_codes import ActionCode
from app.releases.release import Observed
from app.releases.storage import secret_path, secrets_path

_PAGE = 500
_MOST_HEADS = 200_000  # of one member; a thousand releases have ten thousand heads
_LIST_SECONDS = 120.0  # for all pages of a list


@dataclass(frozen=True, slots=True)
class Listing:
    """The heads at one version of the member's store. `version` is that resource version, which only grows. With
    `is_cut`, there are more releases than were requested."""

    version: int
    heads: list[Head]
    is_cut: bool = False

    def newest(self) -> list[Head]:
        """The newest revision of every release."""
        newest: dict[tuple[str, str], Head] = {}
        for head in self.heads:
            known = newest.get((head.namespace, head.name))
            if known is None or head.revision > known.revision:
                newest[head.namespace, head.name] = head
        return list(newest.values())


async def list_revisions(member: Member, *, namespace: str, name: str) -> Listing:
    """Every revision of one release that Helm has stored, read from the labels alone."""
    heads: list[Head] = []
    version = 0
    async with aclosing(_pages(member, secrets_path(namespace), f"owner=helm,name={name}", namespace)) as pages:
        async for page in pages:
            heads += page.heads
            version = page.version
    return Listing(version, heads)


async def list_releases(member: Member, *, room: int, needed: Container[tuple[str, str]]) -> Listing:
    """The newest revision of every release that is `needed` (namespace and name), and of at most `room` others. Any
    other release is dropped as it is read, to bound the memory."""
    newest: dict[tuple[str, str], Head] = {}
    version, is_cut = 0, False
    async with aclosing(_pages(member, "/api/v1/secrets", "owner=helm", None)) as pages:
        async for page in pages:
            version = page.version
            for head in page.heads:
                release = (head.namespace, head.name)
                known = newest.get(release)
                if known is None and release not in needed:
                    if room <= 0:
                        is_cut = True
                        continue
                    room -= 1
                if known is None or head.revision > known.revision:
                    newest[release] = head
    return Listing(version, list(newest.values()), is_cut)


async def _pages(member: Member, path: str, selector: str, namespace: str | None) -> AsyncGenerator[Page]:
    query = [("labelSelector", selector), ("limit", str(_PAGE))]
    more: list[tuple[str, str]] = []
    number = 0
    ends_at = time.monotonic() + _LIST_SECONDS
    for _ in range(_MOST_HEADS // _PAGE):
        answer = await member.get(path, query=query + more, accept=METADATA_ONLY_LIST)
        page = read_page(answer, namespace=namespace)
        yield page
        if not page.more:
            return
        more = [("continue", page.more)]
        number += len(page.heads)
        if number > _MOST_HEADS or time.monotonic() > ends_at:
            break
    raise TemporaryError(
        ActionCode.CLUSTER_UNEXPECTED_ANSWER,
        f"The list of Helm's Secrets is too long: it has more than {_MOST_HEADS:,} entries or as many pages, or takes"
        f" more than {_LIST_SECONDS:g} s.",
    )


async def is_in_config_maps(member: Member, namespace: str, name: str) -> bool:
    """Whether there is a release of this name that Helm keeps in ConfigMaps (HELM_DRIVER=configmap)."""
    path = f"/api/v1/namespaces/{quote(namespace, safe='')}/configmaps"
    query = [("labelSelector", f"owner=helm,name={name}"), ("limit", "1")]
    return has_items(await member.get(path, query=query, accept=METADATA_ONLY_LIST), name)


async def fetch_record(member: Member, head: Head) -> Observed | None:
    """The record of one revision; None if it no longer exists.

    Raises:
        UnreadableRecordError: if the Secret does not contain a release.
    """
    answer = await member.request("GET", secret_path(head.namespace, head.secret))
    if answer.status == 404:
        return None
    body = expect_success(answer, "Reading a release record failed").body
    return await read_apart(read_secret(body, head.secret))


async def watch_releases(member: Member, version: int, *, seconds: int) -> AsyncGenerator[list[Change]]:
    """Watches Helm's release Secrets from a version on, until the server ends the watch after so many seconds.
    Changes that arrive together are yielded together.

    Raises:
        TemporaryError: if the watch fails, or the version is too old (WATCH_EXPIRED).
    """
    async with aclosing(
        member.lines("/api/v1/secrets", "owner=helm", version, seconds=seconds, accept=METADATA_ONLY)
    ) as stream:
        async for lines in stream:
            if changes := [change for line in lines for change in read_changes(line)]:
                yield changes
