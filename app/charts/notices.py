"""What somebody who deploys a chart version should know of it, though it can be deployed."""

import asyncio
import hashlib
from dataclasses import dataclass

from app.charts.pinning import Pinned, download, registry_of
from app.charts.services import ChartServices
from app.core.errors import UserError
from app.tables.charts import ChartRepositoryKind

SECONDS = 5.0
"""How long a repository may take to say what it offers now. Nothing waits for it longer: the kept archive is enough."""


@dataclass(frozen=True)
class Notice:
    """`code` is stable and machine-readable, `message` a sentence."""

    code: str
    message: str


async def notices_about(services: ChartServices, pinned: Pinned) -> list[Notice]:
    """Says whether a chart is deprecated, and whether its version was published again with other content since its
    archive was kept."""
    chosen, kept = pinned.chosen, pinned.archive
    name = f"{pinned.repository.name}/{kept.name} {kept.version}"
    found = []
    if chosen.deprecated:
        found.append(Notice("chart_deprecated", f"{name} is deprecated by its maintainers."))
    if pinned.was_kept and (offered := await _offered_digest(services, pinned)) not in (None, kept.digest):
        found.append(
            Notice(
                "chart_republished",
                f"{name} was published again with other content: its digest has changed from {kept.digest} to"
                f" {offered}. The first content is deployed; publish the other one under a new version.",
            )
        )
    return found


async def _offered_digest(services: ChartServices, pinned: Pinned) -> str | None:
    """The SHA-256 of what the repository offers now under this version; None where it does not say in time."""
    repository, chosen = pinned.repository, pinned.chosen
    if repository.kind is ChartRepositoryKind.UPLOAD:
        return None  # it never changes
    try:
        async with asyncio.timeout(SECONDS):
            if repository.kind is ChartRepositoryKind.OCI:
                return await registry_of(services, repository).digest(chosen.name, chosen.version)
            if chosen.url is None:
                return None
            return hashlib.sha256(await download(services, repository, chosen)).hexdigest()
    except (UserError, TimeoutError):
        return None
