"""Sets one live object back to the manifest of its release, or creates it again."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from app.clusters.applying import Applied, apply, create, patch, try_apply, try_patch
from app.clusters.member import Member
from app.clusters.objects import Object
from app.clusters.service_accounts import forbidden
from app.core.errors import PermanentError
from app.core.threads import in_thread
from app.drift.comparison import Places, places
from app.drift.correction import plain, with_live_values
from app.drift.replacement import candidates, patch_to
from app.drift.states import DriftState
from app.releases.error_codes import ActionCode
from app.releases.scrubbing import Scrubber
from app.resources.comparing import ChangedMeanwhileError, Comparison, ManifestObject, compare, refused, typed

_MOST_TRIES = 3  # comparisons of an object that changes in the meantime
_IGNORED = "It cannot be reverted without changing a field that an ignore rule covers."
_OTHERS = "It cannot be reverted without changing other fields."


class Outcome(StrEnum):
    SET_BACK = "set_back"
    CREATED = "created"
    EQUAL = "equal"  # there was nothing left to do
    CHANGED = "changed"  # another client kept changing it during the correction
    REFUSED = "refused"

    @property
    def wrote(self) -> bool:
        return self in (Outcome.SET_BACK, Outcome.CREATED)

    @property
    def is_settled(self) -> bool:
        """Whether the object is as the manifest wants it now."""
        return self.wrote or self is Outcome.EQUAL


@dataclass(frozen=True)
class Correction:
    """What was done to an object. `error` says why it was not set back; `paths` and `changed_by` are what differed, and
    who had changed it."""

    outcome: Outcome
    error: PermanentError | None = None
    paths: tuple[str, ...] = ()
    changed_by: str | None = None


class _ConflictError(Exception):
    """The object has changed since it was compared."""


async def correct(
    member: Member, held: ManifestObject, scrubber: Scrubber, confirm: Callable[[], Awaitable[None]]
) -> Correction:
    """Compares an object, and sets it back if it differs. Ignored places keep their live values. An object that has
    changed since the comparison is compared again, and never overwritten.

    `confirm` is called directly before each write; it raises if nothing may be written.

    Raises:
        TemporaryError: if the member cannot be asked now; what was sent may have been done.
    """
    for _ in range(_MOST_TRIES):
        try:
            comparison = await compare(member, held, scrubber)
            match comparison.state:
                case DriftState.MISSING:
                    return await _created(member, held, scrubber, confirm)
                case DriftState.DRIFTED:
                    return await _set_back(member, held, comparison, scrubber, confirm)
                case DriftState.NOT_CHECKED:
                    return _failed(ActionCode.CLUSTER_REFUSED, comparison.reason or "")
                case _:
                    return Correction(Outcome.EQUAL)
        except (ChangedMeanwhileError, _ConflictError):
            continue
    error = PermanentError(ActionCode.NOT_CONVERGED, "Another client keeps changing it during the correction.")
    return Correction(Outcome.CHANGED, error)


async def _created(
    member: Member, held: ManifestObject, scrubber: Scrubber, confirm: Callable[[], Awaitable[None]]
) -> Correction:
    await confirm()
    key = held.key
    applied = await create(member, held.kind, key.namespace, key.name, held.to_apply())
    if applied.is_conflict:
        raise _ConflictError
    return _refused(member, held, applied, scrubber, "create") or Correction(Outcome.CREATED)


async def _set_back(
    member: Member,
    held: ManifestObject,
    comparison: Comparison,
    scrubber: Scrubber,
    confirm: Callable[[], Awaitable[None]],
) -> Correction:
    assert comparison.live is not None
    if comparison.replaced is not None:
        return await _patched(member, held, comparison, scrubber, confirm)
    key = held.key
    body = held.to_apply()
    found = await _places(comparison, comparison.wanted)
    if found.ignored:
        body = await in_thread(with_live_values, body, comparison.live, found.ignored)
    body = _at_version(body, comparison)
    if found.ignored:
        tried = await try_apply(member, held.kind, key.namespace, key.name, body)
        if tried.is_conflict:
            raise _ConflictError
        if (failure := _refused(member, held, tried, scrubber, "try out")) is not None:
            return failure
        then = await _places(comparison, tried.found and typed(tried.found, held.kind))
        if then.ignored or then.drifted - found.drifted:
            return _failed(ActionCode.NOT_CONVERGED, _IGNORED)
    await confirm()
    applied = await apply(member, held.kind, key.namespace, key.name, body)
    return _written(member, held, comparison, applied, scrubber)


async def _patched(
    member: Member,
    held: ManifestObject,
    comparison: Comparison,
    scrubber: Scrubber,
    confirm: Callable[[], Awaitable[None]],
) -> Correction:
    """Sets back an object to which the manifest's object cannot be applied. The first candidate is written that the API
    server accepts in a dry run, if it then changes the intended places only."""
    live, replaced = comparison.live, comparison.replaced
    assert live is not None and replaced is not None
    key = held.key
    found = await _places(comparison, comparison.wanted)
    tried = Applied(None)
    for candidate in candidates(plain(held.to_apply()), replaced, live):
        body = await in_thread(with_live_values, candidate, live, found.ignored)
        operations = patch_to(body, live)
        tried = await try_patch(member, held.kind, key.namespace, key.name, operations)
        if tried.is_conflict:
            raise _ConflictError
        if tried.found is None:
            continue
        intended = await _places(comparison, body)
        then = await _places(comparison, typed(tried.found, held.kind))
        if then.ignored or then.drifted - intended.drifted or found.drifted - then.drifted:
            return _failed(ActionCode.NOT_CONVERGED, _IGNORED if then.ignored else _OTHERS)
        await confirm()
        applied = await patch(member, held.kind, key.namespace, key.name, operations)
        return _written(member, held, comparison, applied, scrubber)
    return _refused(member, held, tried, scrubber, "try out") or _failed(ActionCode.NOT_CONVERGED, _OTHERS)


def _written(
    member: Member, held: ManifestObject, comparison: Comparison, applied: Applied, scrubber: Scrubber
) -> Correction:
    if applied.is_conflict:
        raise _ConflictError
    drifted = [each for each in comparison.found if each.ignored_by is None]
    paths = tuple(each.path for each in drifted)
    changed_by = next((each.changed_by for each in drifted if each.changed_by), None)
    failure = _refused(member, held, applied, scrubber, "apply")
    return failure or Correction(Outcome.SET_BACK, None, paths, changed_by)


def _at_version(body: dict[str, Any], comparison: Comparison) -> dict[str, Any]:
    """The body with the identity of the object that was compared: the API server refuses to change another one."""
    assert comparison.live is not None
    metadata = comparison.live["metadata"]
    identity = {name: metadata[name] for name in ("uid", "resourceVersion") if name in metadata}
    return {**body, "metadata": {**body["metadata"], **identity}}


async def _places(comparison: Comparison, wanted: Object | None) -> Places:
    assert wanted is not None and comparison.live is not None
    return await in_thread(places, wanted, comparison.live, comparison.rules)


def _refused(member: Member, held: ManifestObject, applied: Applied, scrubber: Scrubber, to: str) -> Correction | None:
    if applied.found is not None:
        return None
    message = refused(applied, held.key, scrubber, to=to)
    error = forbidden(member.account, applied.words)
    return _failed(error.code if error is not None else ActionCode.CLUSTER_REFUSED, message)


def _failed(code: ActionCode, message: str) -> Correction:
    return Correction(Outcome.REFUSED, PermanentError(code, message))
