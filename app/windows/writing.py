"""Sets and deletes change windows."""

from typing import Any

from sqlalchemy import update
from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.clusters.codes import ClusterCode
from app.core.errors import Conflict, NotFound, Problem, all_invalid
from app.core.services import Services
from app.core.transaction import Transaction
from app.groups.queries import group_by_name
from app.identity.organizations import lock_organization
from app.identity.permissions import Permission
from app.identity.viewer import Viewer
from app.jobs.rollouts import wake_rollouts_in
from app.tables.clusters import Cluster
from app.tables.columns import now
from app.tables.targets import Target
from app.tables.windows import ChangeWindow
from app.windows.codes import WindowCode, WindowEvent
from app.windows.given import GivenWindow, columns_of

MAX_WINDOWS = 100
"""The maximum number of windows of an organization."""


async def set_window(
    services: Services, viewer: Viewer, organization: str | None, given: GivenWindow, version: int | None = None
) -> ChangeWindow:
    """Creates the window of this name, or replaces all its fields. `version` is the version that it must have, 0 for a
    new one.

    Raises:
        UserError: the caller lacks the permission, a field is not valid, or the window has another version.
    """
    organization_id = viewer.organization(organization)
    viewer.require(organization_id, Permission.WINDOWS_WRITE)
    columns = columns_of(given)
    async with services.transaction() as transaction:
        session = transaction.session
        await lock_organization(session, organization_id)
        columns |= await _scope(session, organization_id, given)
        statement = select(ChangeWindow).where(
            col(ChangeWindow.organization_id) == organization_id, col(ChangeWindow.name) == given.name
        )
        row = (await session.exec(statement)).first()
        present = 0 if row is None else row.version
        if version is not None and version != present:
            message = f"The window is at version {present}, and not at {version}. Read it again, then change it."
            raise Conflict(WindowCode.CHANGE_WINDOW_CHANGED, message, ("version",))
        if row is None:
            await _check_count(session, organization_id)
            row = ChangeWindow(organization_id=organization_id, **columns)
        elif all(getattr(row, name) == value for name, value in columns.items()):
            return row
        else:
            row.version += 1
            row.updated_at = now()
            for name, value in columns.items():
                setattr(row, name, value)
        session.add(row)
        await session.flush()
        await _look_again(transaction, organization_id)
        _record(transaction, WindowEvent.SET, "set", row, viewer)
        return row


async def delete_window(services: Services, viewer: Viewer, window_id: int) -> None:
    """Deletes a window. Moves that it alone holds begin.

    Raises:
        UserError: there is no such window, or the caller lacks the permission.
    """
    async with services.transaction() as transaction:
        row = await _window(transaction.session, viewer, window_id)
        await _look_again(transaction, row.organization_id)
        _record(transaction, WindowEvent.DELETED, "deleted", row, viewer)
        await transaction.session.delete(row)


async def _window(session: AsyncSession, viewer: Viewer, window_id: int) -> ChangeWindow:
    """The window, with its organization and its row locked, in this order."""
    found = await session.get(ChangeWindow, window_id)
    if found is not None and viewer.sees(found.organization_id):
        viewer.require(found.organization_id, Permission.WINDOWS_WRITE)
        await lock_organization(session, found.organization_id)
        found = await session.get(ChangeWindow, window_id, with_for_update={"key_share": True}, populate_existing=True)
        if found is not None:
            return found
    raise NotFound(WindowCode.CHANGE_WINDOW_NOT_FOUND, "There is no such change window.", ("id",))


async def _check_count(session: AsyncSession, organization_id: int) -> None:
    statement = select(func.count()).where(col(ChangeWindow.organization_id) == organization_id)
    if (await session.exec(statement)).one() >= MAX_WINDOWS:
        raise all_invalid([Problem(("name",), f"An organization has at most {MAX_WINDOWS} change windows.")])


async def _scope(session: AsyncSession, organization_id: int, given: GivenWindow) -> dict[str, int | None]:
    group_id = cluster_id = None
    if given.group is not None:
        group_id = (await group_by_name(session, organization_id, given.group)).id
    if given.cluster is not None:
        statement = select(Cluster.id).where(
            col(Cluster.organization_id) == organization_id, col(Cluster.name) == given.cluster
        )
        cluster_id = (await session.exec(statement)).first()
        if cluster_id is None:
            raise NotFound(ClusterCode.CLUSTER_NOT_FOUND, f"There is no cluster {given.cluster!r}.", ("cluster",))
    return {"group_id": group_id, "cluster_id": cluster_id}


async def _look_again(transaction: Transaction, organization_id: int) -> None:
    """Wakes workers for all targets that wait for a window, and all rollouts in progress."""
    session = transaction.session
    clusters = select(Cluster.id).where(col(Cluster.organization_id) == organization_id)
    statement = (
        select(Target.id)
        .where(col(Target.window).is_not(None), col(Target.cluster_id).in_(clusters))
        .order_by(col(Target.id))
        .with_for_update(key_share=True)
    )
    waiting = list((await session.exec(statement)).all())
    await session.execute(
        update(Target)
        .where(col(Target.id).in_(waiting))
        .values(retry_at=None)
        .execution_options(synchronize_session=False)
    )
    transaction.wake(waiting)
    await wake_rollouts_in(transaction, organization_id)


def _record(transaction: Transaction, kind: WindowEvent, done: str, row: ChangeWindow, viewer: Viewer) -> None:
    data: dict[str, Any] = {"kind_of_window": row.kind, "rule": row.rule, "version": row.version}
    transaction.record(
        kind,
        f"The change window {row.name} was {done}.",
        organization_id=row.organization_id,
        actor=viewer.name,
        subject=row,
        window=row.name,
        **data,
    )
