"""The two sides of every comparison: the release that should be there, and the one that is."""

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Any

from app.releases.canonical import digest
from app.releases.references import Layer, Marks, Reference, combine, mask
from app.releases.values import Values

# Helm's words, by its own `release.Status`.
PENDING = frozenset({"pending-install", "pending-upgrade", "pending-rollback"})
# Descriptions that Helm writes (`pkg/action`), or we.
_OWN_WORDS = re.compile(
    r"(Install|Upgrade|Uninstallation) complete|Initial install underway|Preparing upgrade|Rollback to \d+"
    r"|API versions updated for Kubernetes [0-9.]+ by Polyhelm"
    r"|Deletion in progress \(or silently failed\)|Interrupted \([a-z-]+\), and marked as failed by Polyhelm"
)
_FAILED = re.compile(r'(Release|Upgrade|Rollback) "[a-z0-9.-]+" failed: ')
_NOT_KEPT = "Helm's message is not stored, because it may contain secret values."
DELETION_HOOKS = frozenset({"pre-delete", "post-delete"})


@dataclass(frozen=True)
class Desired:
    """The release that should be on one cluster. If a value comes from a secret, `values` has its mark, and
    `references` names the secret and its key, by path."""

    chart_name: str
    chart_version: str
    values: Values
    references: Mapping[str, Reference] = field(default_factory=dict)

    @cached_property
    def digest(self) -> bytes:
        return digest(self.chart_name, self.chart_version, self.values)


def desired(chart_name: str, chart_version: str, layers: Iterable[Layer], marks: Marks) -> Desired:
    """The release that results from these layers of values, the weakest first."""
    return Desired(chart_name, chart_version, *combine(layers, marks))


@dataclass(frozen=True)
class Observed:
    """The newest revision of a release, as Helm recorded it on the member. `status` is Helm's own word.

    `was_deployed` is False if no install has ever succeeded. `hooks` has the events at which its hooks run."""

    name: str
    namespace: str
    revision: int
    status: str
    chart_name: str
    chart_version: str
    app_version: str | None = None
    values: Values = field(default_factory=dict)
    updated_at: datetime | None = None
    description: str | None = None
    manifest: str = field(default="", repr=False)
    unreadable: str | None = None  # why its record cannot be read; only what its labels say is known then
    hooks: frozenset[str] = frozenset()
    hook_manifests: tuple[str, ...] = field(default=(), repr=False)
    definitions: tuple[str, ...] = field(default=(), repr=False)  # the texts of the chart's CRD files
    was_deployed: bool = True

    @cached_property
    def digest(self) -> bytes:
        return digest(self.chart_name, self.chart_version, self.values)

    @property
    def is_readable(self) -> bool:
        return self.unreadable is None

    @property
    def is_pending(self) -> bool:
        return self.status in PENDING

    @property
    def is_unfinished(self) -> bool:
        """Whether a Helm is working on it, or was interrupted before it could record how it ended."""
        return self.is_pending or self.status == "uninstalling"


def covered(wanted: Desired, paths: Collection[str], mark: Callable[[Any], str]) -> Desired:
    """The desired release in the form in which it is compared with a release that is `masked` at these paths: marks
    also replace plain values there."""
    return replace(wanted, values=mask(wanted.values, paths, mark)) if paths else wanted


def masked(observed: Observed, paths: Collection[str], mark: Callable[[Any], str]) -> Observed:
    """The release in the form in which it may be stored: with marks for the values at these paths, and without texts
    that may quote them."""
    if not paths:
        return observed
    return replace(
        observed,
        values=mask(observed.values, paths, mark),
        description=without_quotes(observed.description),
        manifest="",
        hook_manifests=(),
    )


def without_quotes(description: str | None) -> str | None:
    """The part of a description that is Helm's own. The reason of a failure may quote values of any revision."""
    if description is None or _OWN_WORDS.fullmatch(description):
        return description
    failed = _FAILED.match(description)
    return f"{failed[0] if failed else ''}{_NOT_KEPT}"
