"""`polyhelm operation`: lists and cancels operations."""

from typing import Annotated, Any

import typer

from cli.command import DeploymentName, NoWait, Timeout, Yes, remote
from cli.commands.deployments import find_deployment
from cli.failure import Failure
from cli.outcomes import ENDED, outcome_error
from cli.output import Columns, ago
from cli.progress import OPERATION_FIELDS, await_end
from cli.session import Session
from cli.terminal import confirm_name

operation = typer.Typer(help="Operations on deployments.", no_args_is_help=True)

OperationId = Annotated[str, typer.Argument(help="An ID, as `polyhelm operation ls` prints it.", metavar="ID")]

_LIST = """query ($organization: String, $group: String!, $release: String!) {
  deployment(organization: $organization, group: $group, releaseName: $release) {
    operations(first: 50) { nodes { id kind state author createdAt finishedAt } }
  }
}"""
_ONE = f"query ($id: ID!) {{ operation(id: $id) {{ {OPERATION_FIELDS} }} }}"


@remote(operation, "ls")
def ls(session: Session, name: DeploymentName) -> None:
    """List the last 50 operations of a deployment, newest first."""
    rows = find_deployment(session, name, _LIST)["operations"]["nodes"]
    columns: Columns = {
        "ID": lambda row: row["id"],
        "KIND": lambda row: row["kind"],
        "STATE": lambda row: row["state"],
        "AUTHOR": lambda row: row["author"],
        "AGE": lambda row: ago(row["createdAt"]),
    }
    session.output.listing(rows, columns, name=lambda row: str(row["id"]))


@remote(operation, "cancel")
def cancel(
    session: Session, operation_id: OperationId, yes: Yes = False, no_wait: NoWait = False, timeout: Timeout = 60
) -> None:
    """Cancel an operation. Work that has not begun is cancelled at once; a running Helm process is interrupted.
    The desired state stays. To continue, reconcile or delete again."""
    missing, look = f"There is no operation {operation_id!r}.", "List operations: polyhelm operation ls GROUP/RELEASE"
    found = session.find(_ONE, missing, look, id=operation_id)
    if not yes:
        _confirm(found)
    session.mutate("cancelOperation", "... on OperationPayload { operation { id } }", id=operation_id)
    if no_wait:
        session.tell(f"{operation_id} is being cancelled.")
        return
    ended = await_end(session, operation_id, timeout)
    results = ended["results"] if ended else []
    if not session.output.is_table:
        session.output.data({"operation": ended}, [operation_id])
    elif ended and ended["state"] in ENDED:
        session.tell(f"The {ended['kind'].lower()} operation ended: {ended['state']}.")
    left = [result for result in results if result["state"] not in ENDED]
    if left:
        lines = tuple(f"{result['clusterName']}: {outcome_error(result)}" for result in left)
        raise Failure(
            f"The operation did not end within {timeout:g} seconds.", "The server continues to cancel it.", lines
        )


def _confirm(found: Any) -> None:
    open_results = [result for result in found["results"] if result["state"] not in ENDED]
    clusters = ", ".join(result["clusterName"] for result in open_results) or "no cluster"
    kind = found["kind"].lower()
    confirm_name(f"The {kind} on {clusters} will be cancelled.", "cancel", yes=False)
