"""`read-object` and `apply-object`: single objects on a cluster."""

from collections.abc import Mapping
from typing import Any

from app.clusters.applying import OWN_MANAGER, Applied, apply
from app.clusters.objects import get_object
from app.releases.paths import Segments, segments_of
from app.releases.references import place as placed
from app.steps.context import StepContext, StepFailed
from app.steps.places import Place, Reference, Verb, announce, asking, place_of, reference, shown
from app.steps.secrets import named_secrets, values_of


async def read_object(context: StepContext, inputs: Mapping[str, Any]) -> Mapping[str, Any]:
    place = await place_of(context, inputs["cluster"])
    what = await referred(place, inputs)
    async with asking(place) as member:
        live = await get_object(member, what.type, what.namespace, what.name, whole=True)
    if live is None and not inputs.get("optional", False):
        raise missing(place, what)
    return {"object": None if live is None else await shown(place, what, live)}


async def apply_object(context: StepContext, inputs: Mapping[str, Any]) -> Mapping[str, Any]:
    place = await place_of(context, inputs["cluster"])
    wanted, given = await _with_secrets(context, place, inputs["object"], inputs.get("secrets", []))
    place = await place.hiding(given)
    metadata = wanted["metadata"]
    what = await reference(place, wanted["apiVersion"], wanted["kind"], metadata.get("namespace"), metadata["name"])
    await announce(place, Verb.APPLY, what)
    async with asking(place) as member:
        applied = await apply(
            member, what.type, what.namespace, what.name, wanted, manager=OWN_MANAGER, force=inputs.get("force", False)
        )
    if applied.is_conflict:
        advice = "" if inputs.get("force") else " With `force: true`, the step takes over the fields of others."
        raise await place.failure("conflict", f"{place.name} refuses {what}: {applied.words}.{advice}")
    return await written(place, what, applied)


async def referred(place: Place, inputs: Mapping[str, Any]) -> Reference:
    """The object that inputs name."""
    return await reference(place, inputs["apiVersion"], inputs["kind"], inputs.get("namespace"), inputs["name"])


def missing(place: Place, what: Reference) -> StepFailed:
    return StepFailed("not_found", f"There is no {what} on {place.name}.")


async def written(place: Place, what: Reference, applied: Applied) -> Mapping[str, Any]:
    """The outputs of a write: the object as it is now.

    Raises:
        StepFailed: the API server refuses it.
    """
    if applied.found is None:
        raise await place.failure("cluster_refused", f"{place.name} refuses {what}: {applied.words}")
    return {"object": await shown(place, what, applied.found)}


async def _with_secrets(
    context: StepContext, place: Place, wanted: Mapping[str, Any], given: list[Mapping[str, str]]
) -> tuple[Mapping[str, Any], list[str]]:
    """The object with values of secrets at their paths, and these values."""
    secrets = await named_secrets(context, [each["secret"] for each in given])
    entries = list[tuple[Segments, str]]()
    for each in given:
        secret = secrets[each["secret"]]
        if secret.group_id not in (None, place.cluster.group_id):
            raise StepFailed("secret_not_found", f"The secret {secret.name} is for another group than {place.name}.")
        value = values_of(context, secret).get(each["key"])
        if value is None:
            raise StepFailed("secret_not_found", f"The secret {secret.name} has no key {each['key']}.")
        try:
            segments = segments_of(each["path"])
        except ValueError as error:
            raise StepFailed("invalid_inputs", str(error)) from None
        if segments[0] in ("apiVersion", "kind", "metadata"):
            raise StepFailed("invalid_inputs", "The value of a secret cannot be in the metadata of an object.")
        entries.append((segments, value))
    return placed(wanted, entries), [value for _, value in entries]
