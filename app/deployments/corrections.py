"""What a correction of live objects changes, for a release that is in its desired state.

The objects of the release are compared with its manifest as the observer does, with the ignore rules of the deployment.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from app.clusters.discovery import discover
from app.clusters.member import Member
from app.clusters.objects import Object, ObjectType
from app.core.concurrency import for_each
from app.core.threads import in_thread
from app.deployments.live_objects import (
    AT_ONCE,
    CHANGING,
    MOST_OBJECTS,
    MOST_TRIES,
    ComparedObject,
    LiveChanges,
    Mark,
    ObjectAction,
    object_basis,
    written_changes,
)
from app.drift.rules import SavedRule
from app.drift.states import DriftState
from app.releases.release import Observed
from app.releases.scrubbing import Scrubber
from app.resources.comparing import ChangedMeanwhileError, Comparison, ManifestObject, compare
from app.resources.seen import Key
from app.resources.wanted import wanted_by

_ACTIONS = {
    DriftState.MISSING: ObjectAction.CREATE,
    DriftState.DRIFTED: ObjectAction.CHANGE,
    DriftState.NOT_CHECKED: ObjectAction.UNKNOWN,
}


@dataclass(frozen=True)
class Correction:
    """`changes` as a plan shows them; `acts` if an object is set back or created again."""

    changes: LiveChanges
    acts: bool


async def foresee(
    member: Member, release: Observed, secret_paths: Sequence[str], rules: Sequence[SavedRule], mark: Mark
) -> Correction:
    """What a correction changes now. Only the objects that it changes belong to the basis of the plan: the others may
    change until then, and are corrected by the deployment's setting.

    Raises:
        TemporaryError: if the member cannot be asked now.
    """
    wanted = await wanted_by(release, secret_paths)
    scrubber = await wanted.scrubber()
    served = (await discover(member)).resources

    async def look(place: tuple[str, str, str, str], body: Object) -> ComparedObject | None:
        group, kind_name, namespace, name = place
        api_version = str(body.get("apiVersion"))
        resource = served.get((api_version, kind_name))
        if resource is None or scrubber.clean(f"{namespace} {name}") != f"{namespace} {name}":
            return None
        version = api_version.rpartition("/")[2]
        kind = ObjectType(group, version, kind_name, resource.plural, resource.namespaced)
        key = Key(group, kind_name, namespace if resource.namespaced else "", name)
        return await _look(member, ManifestObject(key, kind, body, rules), scrubber, mark)

    listed = list(wanted.objects.items())
    results = await for_each(listed[:MOST_OBJECTS], lambda each: look(*each), at_once=AT_ONCE)
    known = [each for each in results if each is not None]
    text = await in_thread(written_changes, known, len(listed) - len(known))
    acts = any(each.action in (ObjectAction.CREATE, ObjectAction.CHANGE) for each in known)
    return Correction(LiveChanges(text, tuple(each.basis for each in known if each.basis is not None)), acts)


async def _look(member: Member, held: ManifestObject, scrubber: Scrubber, mark: Mark) -> ComparedObject:
    for _ in range(MOST_TRIES):
        try:
            found = await compare(member, held, scrubber)
            break
        except ChangedMeanwhileError:
            continue
    else:
        found = Comparison(DriftState.NOT_CHECKED, reason=CHANGING)
    action = _ACTIONS.get(found.state)
    if action in (None, ObjectAction.UNKNOWN):
        return ComparedObject(held.key, action, reason=found.reason)
    basis = await in_thread(object_basis, held.kind, held.key, found.live, mark)
    return ComparedObject(held.key, action, basis, tuple(each for each in found.found if each.ignored_by is None))
