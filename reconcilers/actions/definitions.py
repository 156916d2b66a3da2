"""Creates and replaces the CustomResourceDefinitions of a chart before Helm runs (`crdPolicy: CREATE_REPLACE`).

Whether a version in use would vanish is checked here, with the definitions as they are now, whatever a plan has found.
"""

from collections.abc import Sequence

from app.charts.contents import read_contents
from app.clusters.definitions import DefinitionChange, apply_definitions
from app.core.threads import in_thread
from app.releases.values import Values
from app.tables.deployments import CrdPolicy
from app.targets.codes import TargetEvent
from app.targets.leases import LeaseFence, fenced
from reconcilers.actions.action import Task
from reconcilers.actions.run_options import member_of

_MOST_LISTED = 20  # definitions in an event


async def replace_definitions(task: Task, values: Values) -> str:
    """Brings the definitions of the chart to the cluster, if the deployment asks for it. `values` are those for Helm:
    they decide which subcharts are enabled. Returns what was done, as lines of text.

    Raises:
        ActionError: if the member cannot be asked now or refuses, or a version in use would vanish.
    """
    services, work = task.services, task.work
    if work.deployment.crd_policy is not CrdPolicy.CREATE_REPLACE:
        return ""
    chart = await services.archives.file(work.archive.digest)
    contents = await in_thread(read_contents, chart)
    wanted = await in_thread(contents.definitions, values)
    fence = LeaseFence(services, work.lease)

    async def confirm() -> None:
        fence.check()
        await fence.confirm()

    allowed = work.operation.allow_crd_version_removal
    made = await apply_definitions(member_of(services, work), wanted, allowed, confirm)
    if made:
        await _record(task, made)
    return "\n".join(map(_line, made))


async def _record(task: Task, made: Sequence[DefinitionChange]) -> None:
    lines = [_line(change) for change in made]
    listed = [
        {"name": change.name, "action": change.action, "removed_versions": list(change.vanishing.names)}
        for change in made[:_MOST_LISTED]
    ]
    more = f" {len(made) - 1} more were changed." if len(made) > 1 else ""
    async with task.services.transaction() as transaction:
        await fenced(transaction, task.work.lease)
        message = f"{task.work.subject}: {lines[0]}.{more}"
        task.work.record(transaction, TargetEvent.DEFINITIONS, message, definitions=listed)


def _line(change: DefinitionChange) -> str:
    what = "created" if change.live is None else "replaced"
    removed = f", without {change.vanishing}" if change.vanishing else ""
    return f"CustomResourceDefinition {change.name} {what}{removed}"
