"""Lets an operation pass in spite of closed change windows, if their override role allows it."""

from collections.abc import Iterable

from sqlalchemy import bindparam, select, update
from sqlmodel import col

from app.core.errors import Conflict, Forbidden, all_invalid
from app.core.names import some_of, text_problem
from app.core.services import Services
from app.core.threads import in_thread
from app.identity.viewer import Viewer
from app.jobs.rollouts import wake_rollout_of
from app.operations.changing import opened_operation
from app.operations.codes import OperationCode, OperationEvent
from app.operations.windows import holding
from app.rollouts import windows as pure
from app.rollouts.states import WAITING
from app.rollouts.windows import OverrideRole, Window
from app.tables.columns import now
from app.tables.identity import Role
from app.tables.operations import Operation
from app.tables.rollouts import Rollout, RolloutTarget
from app.tables.targets import Target
from app.windows.applying import windows_of_targets

LONGEST_REASON = 500
_ROLLOUT_TARGETS = (
    select(col(RolloutTarget.target_id))
    .join(Rollout, col(Rollout.id) == RolloutTarget.rollout_id)
    .where(col(Rollout.operation_id) == bindparam("operation"), col(Rollout.is_active))
    .where(col(RolloutTarget.target_id).is_not(None), col(RolloutTarget.state).in_(WAITING))
)


async def override_windows(services: Services, viewer: Viewer, operation_id: int, reason: str) -> Operation:
    """Lets the targets of an operation move although windows are closed now. Windows that are created later, or that
    the caller's role may not override, still hold them.

    Raises:
        UserError: there is no such operation, no closed window holds it, or the caller may not override one.
    """
    if problem := text_problem(reason, "reason", what="A reason", longest=LONGEST_REASON):
        raise all_invalid([problem])
    async with services.transaction() as transaction:
        session = transaction.session
        opened = await opened_operation(transaction, viewer, operation_id, col(Target.id))
        operation, targets = opened.operation, [row[0] for row in opened.targets]
        in_rollout = (await session.execute(_ROLLOUT_TARGETS, {"operation": operation_id})).scalars()
        applying = await windows_of_targets(session, {*targets, *in_rollout})
        sets = {tuple(holding(operation, windows)) for windows in applying.values()}
        moment = now()
        closing = [await in_thread(pure.closing, windows, moment) for windows in sets]
        chosen = {
            window.id
            for denying, missing in closing
            for window in _overridden(viewer, operation.organization_id, opened.group_id, denying, missing)
        }
        if not chosen:
            message = "No closed change window holds this operation."
            raise Conflict(OperationCode.NOT_HELD, message, ("id",))
        before = (operation.window_override or {}).get("windows", [])
        operation.window_override = {
            "windows": sorted({*before, *chosen}),
            "reason": reason,
            "by": viewer.name,
            "at": moment.isoformat(),
        }
        await session.flush()
        await session.execute(
            update(Target)
            .where(col(Target.id).in_(targets), col(Target.window).is_not(None))
            .values(retry_at=None)
            .execution_options(synchronize_session=False)
        )
        transaction.record(
            OperationEvent.WINDOW_OVERRIDDEN,
            f"{viewer.name} let the {operation.kind.lower()}{opened.of_deployment} pass in spite of a change window:"
            f" {reason}",
            organization_id=operation.organization_id,
            actor=viewer.name,
            subject=operation,
            reason=reason,
        )
        transaction.wake(targets)
        await wake_rollout_of(transaction, operation_id)
        return operation


def _overridden(
    viewer: Viewer, organization_id: int, group_id: int | None, denying: Iterable[Window], missing: Iterable[Window]
) -> list[Window]:
    """The windows to override: all that deny, and those of the others that the caller may override.

    Raises:
        Forbidden: the caller may not override one that denies, or none of the others.
    """

    def may(window: Window) -> bool:
        role = window.override_role
        return role is not OverrideRole.NONE and viewer.covers(organization_id, Role(role), group_id=group_id)

    allowed = [window for window in missing if may(window)]
    forbidden = [window for window in denying if not may(window)] or (list(missing) if not allowed else [])
    if forbidden:
        names = some_of([f"{window.name} ({_override(window)})" for window in forbidden])
        raise Forbidden(OperationCode.WINDOW_NOT_OVERRIDABLE, f"You may not override these change windows: {names}.")
    return [*denying, *allowed]


def _override(window: Window) -> str:
    return "no user may" if window.override_role is OverrideRole.NONE else f"needs the role {window.override_role}"
