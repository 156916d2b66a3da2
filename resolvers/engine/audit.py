"""Every mutation leaves an event: those of what it changes, or one that says that it was refused, failed or changed
nothing (docs/audit.md)."""

import functools
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from app.core.errors import UserError
from app.core.origin import Origin, current_origin, originating
from app.events.audit import record_outcome
from resolvers.engine.masking import masked
from schema.context import Context, Info, UnauthenticatedError
from schema.errors import to_graphql

Resolve = Callable[[Any, Info, Any], Awaitable[Any]]


def audited(resolve: Resolve) -> Resolve:
    """Adds the origin of a mutation to its events, and records an event if the mutation recorded none. Turns a user
    error into a member of the result's union. All other errors are masked where the operation ends."""

    @functools.wraps(resolve)
    async def answer(self: Any, info: Info, input: Any) -> Any:  # noqa: A002 - the API's name
        context = info.context
        origin = _origin(context, info.field_name, input)
        with originating(origin):
            try:
                payload = await resolve(self, info, input)
            except UserError as error:
                await _tell(context, origin, input, error)
                return to_graphql(error)
            except UnauthenticatedError:
                context.services.anonymous_attempts.note(info.field_name, "unauthenticated", origin.address)
                raise
            except Exception as error:
                await _tell(context, origin, input, error)
                raise
            await _tell(context, origin, input, None)
            return payload

    return answer


def _origin(context: Context, mutation: str, given: Any) -> Origin:
    caller = context.signed_in
    return replace(
        current_origin() or Origin(),
        is_recorded=False,
        mutation=mutation,
        actor=caller.name if caller else None,
        via=str(caller.via) if caller else None,
        # An anonymous caller may have typed a password into the wrong field.
        given=masked(given, context.plain_fields.get(mutation, frozenset())) if caller else None,
    )


async def _tell(context: Context, origin: Origin, given: Any, error: Exception | None) -> None:
    if getattr(given, "dry_run", False):
        return  # it changes nothing anywhere, not even here
    if isinstance(error, UserError) and context.signed_in is None:
        context.services.anonymous_attempts.note(str(origin.mutation), error.code, origin.address)
    elif error is not None or not origin.is_recorded:
        await record_outcome(context.services, origin, await _organization_of(context, given), error)


async def _organization_of(context: Context, given: Any) -> int | None:
    """The organization that a request is about, as far as its caller may know: the one that they name, that of what
    they name, or the only one that they belong to. None, where that leaves it open, is the installation."""
    viewer = context.signed_in
    if viewer is None:
        return None
    name = getattr(given, "organization", None)
    for organization_id, membership in viewer.memberships.items():
        if name == membership.organization:
            return organization_id
    for field in ("id", "group"):
        node: Any = await context.node(getattr(given, field, None) or "")
        row = getattr(node, "row", None)
        if row is not None:
            found: int | None = getattr(row, "organization_id", None)
            return found
    return next(iter(viewer.memberships)) if len(viewer.memberships) == 1 and name is None else None
