"""The loaders of services."""

from collections.abc import Mapping, Sequence

from app.catalog.content import Content
from app.catalog.lists import REVISIONS, packed_contents
from app.core.threads import in_thread
from app.tables.services import ServiceDefinition
from schema.loading import Loader, Loaders, by_id, one

definition_by_id = by_id(ServiceDefinition)
current_revision = one(REVISIONS.current)
revision_by_number = one(REVISIONS.by_number)
revision_text = one(REVISIONS.texts)


async def _contents(loaders: Loaders, ids: Sequence[int]) -> list[Content | None]:
    return await in_thread(_unpacked, await loaders.fetched(packed_contents, ids), ids)


def _unpacked(packed: Mapping[int, bytes], ids: Sequence[int]) -> list[Content | None]:
    found = {number: Content.unpacked(data).prepared() for number, data in packed.items()}
    return [found.get(number) for number in ids]


content = Loader(_contents)
"""What the current revision of a stored service says; None if it was deleted in the meantime."""
