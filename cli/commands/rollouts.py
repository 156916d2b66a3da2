"""`polyhelm rollout`: rollouts in waves."""

from typing import Annotated, Any

import typer

from cli.command import DeploymentName, remote
from cli.commands.deployments import find_deployment
from cli.failure import Failure, usage
from cli.live import looks
from cli.output import Columns, ago, aligned, fields
from cli.session import Session

rollout = typer.Typer(help="Rollouts: changes that reach the targets in waves.", no_args_is_help=True)

Wave = Annotated[
    str | None, typer.Option("--wave", help="The name of the wave. Default: the one that waits for an approval.")
]
Comment = Annotated[str | None, typer.Option(help="A comment.", metavar="TEXT")]
Cluster = Annotated[str, typer.Argument(help="The name of the cluster.", metavar="CLUSTER")]

_SUMMARY = """
id generation phase ending planDigest author createdAt endedAt nextAt isExpedited
deployment { releaseName group { name } }
counts { state count } budget { maxUnavailable inUse }
waitingFor { __typename wave message nextAt since targetCount ... on ApprovalGate { required role } }
waves { index name state counts { state count } }
"""
_CHECKS = """waves { checks {
  rule { name kind count } isBefore
  run { verdict message nextAt measurements { number answer message finishedAt } } } }"""
_TARGETS = "waves { targets(first: 200) { nodes { clusterName state attempt movedAt readyAt } } }"
_LIST = f"""query ($organization: String, $deployment: ID, $phase: [RolloutPhase!], $first: Int, $after: String) {{
  rollouts(organization: $organization, deployment: $deployment, phase: $phase, first: $first, after: $after) {{
    pageInfo {{ hasNextPage endCursor }} nodes {{ {_SUMMARY} }} }} }}"""
_OF = f"""query ($organization: String, $group: String!, $release: String!) {{
  deployment(organization: $organization, group: $group, releaseName: $release) {{
    id holds {{ generation reason }} rollout {{ {_SUMMARY} {_TARGETS} {_CHECKS} }} }} }}"""
_HELD = """query ($organization: String, $group: String!, $release: String!) {
  deployment(organization: $organization, group: $group, releaseName: $release) {
    id targets { clusterName hold { generation } } } }"""
_CHANGED = "subscription ($id: ID!) { rolloutChanged(id: $id) { id } }"
_DONE = "... on RolloutPayload { rollout { id phase } }"
_OPEN = ("RUNNING", "WAITING", "PAUSED")


@remote(rollout, "ls")
def ls(
    session: Session,
    name: Annotated[str | None, typer.Argument(help="Only those of this deployment.", metavar="GROUP/RELEASE")] = None,
    every: Annotated[bool, typer.Option("--all", help="Also rollouts that have ended.")] = False,
) -> None:
    """List rollouts, newest first."""
    deployment = find_deployment(session, name)["id"] if name else None
    rows = list(session.pages(_LIST, deployment=deployment, phase=None if every else list(_OPEN)))
    if not rows:
        session.tell_none("No rollouts in progress. List all: polyhelm rollout ls --all", name)
    columns: Columns = {
        "DEPLOYMENT": _name,
        "GENERATION": lambda row: row["generation"],
        "PHASE": _phase,
        "TARGETS": lambda row: _counts(row["counts"]),
        "AUTHOR": lambda row: row["author"],
        "AGE": lambda row: ago(row["createdAt"]),
        "WAITING FOR": lambda row: "; ".join(gate["message"] for gate in row["waitingFor"]),
    }
    session.output.listing(rows, columns, name=lambda row: str(row["id"]))


@remote(rollout, "show")
def show(session: Session, name: DeploymentName) -> None:
    """Show the rollout of a deployment's present generation: its waves, its targets and what it waits for."""
    found, held = _find(session, name)
    if session.output.is_table:
        session.output.text(_text(found, held))
    else:
        session.output.data({**found, "holds": held}, [found["id"]])


@remote(rollout, "watch")
def watch(session: Session, name: DeploymentName) -> None:
    """Follow a rollout until it ends. The exit code is 1 if it does not succeed."""
    rollout_id = _find(session, name)[0]["id"]
    told = ""
    for found, held in looks(session.client, _CHANGED, {"id": rollout_id}, lambda: _find(session, name)):
        text = _text(found, held)
        if text != told:
            session.output.text(text + "\n")
        told = text
        if found["phase"] not in _OPEN:
            if found["phase"] != "SUCCEEDED":
                raise Failure(f"The rollout of {name} is {_phase(found)}.")
            return


@remote(rollout, "approve")
def approve(session: Session, name: DeploymentName, wave: Wave = None, comment: Comment = None) -> None:
    """Approve a wave of another user's change."""
    _decide(session, "approveWave", name, wave, comment, "approved")


@remote(rollout, "reject")
def reject(session: Session, name: DeploymentName, wave: Wave = None, comment: Comment = None) -> None:
    """Reject a wave of another user's change: its rollout is aborted."""
    _decide(session, "rejectWave", name, wave, comment, "rejected")


@remote(rollout, "pause")
def pause(session: Session, name: DeploymentName) -> None:
    """Move no more targets. Those in flight continue."""
    _steer(session, "pauseRollout", name, "paused")


@remote(rollout, "resume")
def resume(session: Session, name: DeploymentName) -> None:
    """Continue a paused rollout."""
    _steer(session, "resumeRollout", name, "resumed")


@remote(rollout, "abort")
def abort(
    session: Session,
    name: DeploymentName,
    roll_back: Annotated[
        bool, typer.Option("--roll-back", help="Return targets that have moved to their last verified generation.")
    ] = False,
) -> None:
    """End a rollout. Targets that have moved stay as they are, unless --roll-back is given."""
    _steer(session, "abortRollout", name, "aborted", targets="ROLL_BACK" if roll_back else "LEAVE")


@remote(rollout, "expedite")
def expedite(
    session: Session,
    name: DeploymentName,
    reason: Annotated[str, typer.Option(help="Why soak times and approvals are skipped.", metavar="TEXT")],
) -> None:
    """Skip the soak times and approvals of a rollout. Its budget, its checks and change windows still apply."""
    _steer(session, "expediteRollout", name, "expedited", reason=reason)


@remote(rollout, "defer")
def defer(session: Session, name: DeploymentName, cluster: Cluster) -> None:
    """Put off a target that has not moved, until it is retried."""
    _target(session, "deferTarget", name, cluster, "deferred")


@remote(rollout, "retry")
def retry(session: Session, name: DeploymentName, cluster: Cluster) -> None:
    """Move a target again that has failed or was put off. A failed rollout continues."""
    _target(session, "retryTarget", name, cluster, "retried")


@remote(rollout, "retry-check")
def retry_check(
    session: Session,
    name: DeploymentName,
    check: Annotated[str, typer.Argument(help="The name of the check.", metavar="CHECK")],
    wave: Annotated[
        str | None, typer.Option("--wave", help="The name of the wave. Default: the one that has the check.")
    ] = None,
) -> None:
    """Run a check again that has ended without passing. A rollout that failed because of it continues."""
    found, _ = _find(session, name)
    indexes = [
        each["index"]
        for each in found["waves"]
        if wave in (None, each["name"]) and check in {one["rule"]["name"] for one in each["checks"]}
    ]
    if len(indexes) != 1:
        what = "more than one wave with the check" if indexes else "no check"
        raise usage(f"The rollout has {what} {check!r}.", "Show its checks: polyhelm rollout show " + name)
    session.mutate("retryCheck", _DONE, rollout=found["id"], wave=indexes[0], check=check)
    session.tell(f"Check {check} of {name} runs again.")


@remote(rollout, "lift-hold")
def lift_hold(
    session: Session,
    name: DeploymentName,
    generation: Annotated[
        int | None, typer.Option(help="The held generation. Default: the newest one.", metavar="NUMBER")
    ] = None,
    cluster: Annotated[
        str | None, typer.Option(help="Lift the hold on this cluster alone, which failed to get the generation.")
    ] = None,
) -> None:
    """Lift the hold of a generation that was rolled back. If it is the present one, its rollout begins again; on one
    cluster, its release is installed or upgraded again."""
    place = name if cluster is None else f"{name} on {cluster}"
    found = find_deployment(session, name, _OF)
    holds = found["holds"] if cluster is None else _holds_on(session, name, cluster)
    if generation is None and not holds:
        raise Failure(f"No generation of {place} is held.")
    number = holds[0]["generation"] if generation is None else generation
    payload = "... on LiftHoldPayload { deployment { id } }"
    session.mutate("liftHold", payload, deployment=found["id"], generation=number, cluster=cluster)
    session.tell(f"Hold of generation {number} of {place} lifted.")


def _holds_on(session: Session, name: str, cluster: str) -> list[Any]:
    """The hold on a target, if there is one."""
    targets = find_deployment(session, name, _HELD)["targets"]
    return [each["hold"] for each in targets if each["clusterName"] == cluster and each["hold"]]


def _find(session: Session, name: str) -> tuple[Any, list[Any]]:
    """The rollout of the deployment's present generation, and the deployment's holds."""
    found = find_deployment(session, name, _OF)
    if found["rollout"] is None:
        raise Failure(f"{name} has no rollout.", "Its present generation reached all targets at once.")
    return found["rollout"], found["holds"]


def _steer(session: Session, mutation: str, name: str, done: str, **given: Any) -> None:
    session.mutate(mutation, _DONE, id=_find(session, name)[0]["id"], **given)
    session.tell(f"Rollout of {name} {done}.")


def _target(session: Session, mutation: str, name: str, cluster: str, done: str) -> None:
    session.mutate(mutation, _DONE, rollout=_find(session, name)[0]["id"], cluster=cluster)
    session.tell(f"{cluster} {done} in the rollout of {name}.")


def _decide(session: Session, mutation: str, name: str, wave: str | None, comment: str | None, done: str) -> None:
    found, _ = _find(session, name)
    if wave is None:
        waiting = [gate["wave"] for gate in found["waitingFor"] if gate["__typename"] == "ApprovalGate"]
        if not waiting:
            raise Failure(f"The rollout of {name} waits for no approval.", "To decide on a later wave, give --wave.")
        index = waiting[0]
    else:
        numbers = {each["name"]: each["index"] for each in found["waves"]}
        if wave not in numbers:
            raise usage(f"The rollout has no wave {wave!r}.", f"Waves: {', '.join(numbers)}")
        index = numbers[wave]
    given = {"rollout": found["id"], "wave": index, "digest": found["planDigest"], "comment": comment}
    session.mutate(mutation, _DONE, **given)
    session.tell(f"Wave {found['waves'][index]['name']} of {name} {done}.")


def _text(found: Any, held: list[Any]) -> str:
    budget = found["budget"]
    told = {
        "Rollout": f"{_name(found)}, generation {found['generation']}",
        "Phase": _phase(found),
        "Targets": _counts(found["counts"]),
        "Unavailable": f"{budget['inUse']} of at most {budget['maxUnavailable']}",
        "Held": "; ".join(f"generation {each['generation']}: {each['reason']}" for each in held),
    }
    waiting = [
        f"  {gate['message']}" + (f" Until {gate['nextAt']}." if gate["nextAt"] else "") for gate in found["waitingFor"]
    ]
    waves = [["WAVE", "STATE", "TARGETS"]]
    waves += [[wave["name"], wave["state"], _counts(wave["counts"])] for wave in found["waves"]]
    targets = [["CLUSTER", "WAVE", "STATE", "MOVED"]]
    targets += [
        [each["clusterName"], wave["name"], each["state"], (ago(each["movedAt"]) or "") if each["movedAt"] else ""]
        for wave in found["waves"]
        for each in wave["targets"]["nodes"]
    ]
    checks = [["CHECK", "WAVE", "VERDICT", "LAST MEASUREMENT"]]
    checks += [
        [each["rule"]["name"], wave["name"], each["run"]["verdict"] if each["run"] else "", _measured(each)]
        for wave in found["waves"]
        for each in wave["checks"]
    ]
    parts = [fields(told), *(["Waiting for:", *waiting] if waiting else []), "", *aligned(waves), "", *aligned(targets)]
    if len(checks) > 1:
        parts += ["", *aligned(checks)]
    return "\n".join(parts)


def _measured(check: Any) -> str:
    """The last measurement of a check."""
    if not check["run"] or not check["run"]["measurements"]:
        return ""
    last = check["run"]["measurements"][-1]
    return (
        f"{last['number']} of {check['rule']['count']}, {ago(last['finishedAt'])}: {last['answer']}. {last['message']}"
    )


def _name(row: Any) -> str:
    return f"{row['deployment']['group']['name']}/{row['deployment']['releaseName']}"


def _phase(row: Any) -> str:
    return f"{row['phase']} ({row['ending']})" if row["ending"] else str(row["phase"])


def _counts(counts: list[Any]) -> str:
    return ", ".join(f"{each['count']} {each['state']}" for each in counts)
