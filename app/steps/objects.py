"""`read-object`, `apply-object`, `patch-object` and `delete-object`: single objects on a cluster."""

from collections.abc import Mapping
from contextlib import aclosing
from typing import Any

from app.clusters.applying import OWN_MANAGER, Applied, PatchType, Propagation, apply, delete, patch
from app.clusters.objects import get_object
from app.clusters.service_accounts import forbidden
from app.core.names import some_of
from app.releases.error_codes import ActionCode
from app.releases.paths import Segments, segments_of
from app.releases.references import place as placed
from app.steps.context import StepContext, StepFailed
from app.steps.following import states
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


async def patch_object(context: StepContext, inputs: Mapping[str, Any]) -> Mapping[str, Any]:
    """A JSON patch that is executed again may be applied twice, unless it tests what it changes."""
    place = await place_of(context, inputs["cluster"])
    what = await referred(place, inputs)
    patch_type, body = PatchType[inputs.get("type", "merge").upper()], inputs["patch"]
    if isinstance(body, list) != (patch_type is PatchType.JSON):
        raise StepFailed("invalid_inputs", "A patch of the type json is a list of operations; others are objects.")
    await announce(place, Verb.PATCH, what)
    async with asking(place) as member:
        names = what.type, what.namespace, what.name
        applied = await patch(member, *names, body, patch_type=patch_type, manager=OWN_MANAGER)
    if applied.is_missing:
        raise missing(place, what)
    if applied.is_conflict:
        raise await place.failure("conflict", f"{place.name} refuses {what}: {applied.words}")
    return await written(place, what, applied)


async def delete_object(context: StepContext, inputs: Mapping[str, Any]) -> Mapping[str, Any]:
    """Deletes the object that has the name now, and waits until it is gone. Another object that then gets the name
    stays."""
    place = await place_of(context, inputs["cluster"])
    what = await referred(place, inputs)
    async with asking(place) as member:
        live = await get_object(member, what.type, what.namespace, what.name, whole=False)
    if live is None:
        # An earlier execution of the attempt may have deleted it.
        if inputs.get("ignoreMissing", True) or context.executions > 1:
            return {"deleted": False}
        raise missing(place, what)
    uid = live["metadata"]["uid"]
    await announce(place, Verb.DELETE, what)
    propagation = Propagation(inputs.get("propagation", Propagation.BACKGROUND))
    async with asking(place) as member:
        await delete(member, what.type, what.namespace, what.name, propagation=propagation, uid=uid)
    said = False
    async with aclosing(states(place, what)) as stream:
        async for state in stream:
            if state is None or state["metadata"].get("uid") != uid:
                return {"deleted": True}
            if not said and (finalizers := state["metadata"].get("finalizers")):
                said = True
                await context.log(f"{what} is being deleted, and has the finalizers {some_of(finalizers)}.")
    raise AssertionError("states have no end")


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
        lacks = forbidden(place.member.account, applied.words)
        code = lacks.code if lacks is not None else ActionCode.CLUSTER_REFUSED
        raise await place.failure(code, f"{place.name} refuses {what}: {applied.words}")
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
