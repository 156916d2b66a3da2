"""Validates custom resources that a chart contains together with their definitions. An API server cannot do so before
the definitions are installed."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from app.clusters.custom_resources import json_schema, schemas_of, with_defaults
from app.clusters.discovery import Discovery
from app.clusters.dry_run import Object, raise_refusals, refused
from app.core.threads import in_thread
from app.sandbox.pool import Pool, RunError


async def check_instances(
    pool: Pool,
    organization_id: int,
    definitions: Iterable[Mapping[str, Any]],
    objects: Sequence[Object],
    discovery: Discovery,
) -> None:
    """Validates objects of kinds that the definitions add to a cluster; `discovery` has its kinds without them.

    Raises:
        PermanentError: if the definitions refuse objects.
    """
    refusals = []
    for kind, schema in schemas_of(definitions).items():
        found = [each for each in objects if (each.get("apiVersion"), each.get("kind")) == kind]
        if not found or kind in discovery.resources:
            continue
        values = [with_defaults(each, schema) for each in found]
        request = await in_thread(json.dumps, {"schema": json_schema(schema), "values": values})
        try:
            answers = json.loads(await pool.run(organization_id, request.encode()))
        except RunError:  # such as a schema that is too expensive here: the API server may accept it
            continue
        for each, problems in zip(found, answers, strict=True):
            # A path of None means that the schema cannot be read, which says nothing about the object.
            refusals += [refused(each, f"{'.'.join(path)}: {words}") for path, words in problems if path is not None]
    raise_refusals(refusals)
