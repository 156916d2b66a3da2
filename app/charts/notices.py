"""Notices about a chart version that can be deployed: it is deprecated, or was published again with other content."""

import asyncio
from dataclasses import dataclass

from app.charts.pinning import Pinned
from app.charts.services import ChartServices
from app.charts.sources import source_of
from app.core.errors import UserError

SECONDS = 5.0
"""The time limit for asking a repository for its current offer. After that, the stored archive is used."""


@dataclass(frozen=True)
class Notice:
    """`code` is stable and machine-readable. `message` is a sentence."""

    code: str
    message: str


async def notices_about(services: ChartServices, pinned: Pinned) -> list[Notice]:
    """Returns notices if a chart is deprecated, or its version was published with other content since its archive was
    stored."""
    chosen, kept = pinned.chosen, pinned.archive
    name = f"{pinned.repository.name}/{kept.name} {kept.version}"
    found = []
    if chosen.deprecated:
        found.append(Notice("chart_deprecated", f"{name} is deprecated by its maintainers."))
    if pinned.was_kept and (offered := await _offered_digest(services, pinned)) not in (None, kept.digest):
        found.append(
            Notice(
                "chart_republished",
                f"{name} was published again with other content. Its digest has changed from {kept.digest} to"
                f" {offered}. The first content is deployed; publish the other one under a new version.",
            )
        )
    return found


async def _offered_digest(services: ChartServices, pinned: Pinned) -> str | None:
    """Returns the SHA-256 that the repository now offers for this version, or None if it does not answer in time."""
    try:
        async with asyncio.timeout(SECONDS):
            return await source_of(services, pinned.repository).digest(pinned.chosen)
    except (UserError, TimeoutError):
        return None
