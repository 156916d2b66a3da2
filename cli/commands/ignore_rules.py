"""`polyhelm ignore-rules`: fields that do not count as drift of a deployment's live objects."""

import re
from typing import Annotated, Any

import typer

from cli.command import DeploymentName, remote
from cli.commands.deployments import find_deployment
from cli.failure import usage
from cli.output import Columns
from cli.session import Session

ignore_rules = typer.Typer(help="Fields that do not count as drift of live objects.", no_args_is_help=True)

Rules = Annotated[
    list[str],
    typer.Argument(
        help="Kinds with the paths of fields, such as Deployment.apps/spec/replicas; * matches any name or index."
        " Without a kind, a rule covers all objects.",
        metavar="[KIND[.GROUP]]/PATH...",
    ),
]

_RULES = """query ($organization: String, $group: String!, $release: String!) {
  deployment(organization: $organization, group: $group, releaseName: $release) {
    id generation liveDriftIgnore { kind group paths }
  }
}"""
_PAYLOAD = "... on DeploymentPayload { deployment { liveDriftIgnore { kind group paths } } }"
_RULE = re.compile(r"([A-Za-z0-9]+(?:\.[a-z0-9.-]+)?)?(/.*)", re.DOTALL)

_Owner = tuple[str | None, str | None]
"""The kind of a rule and its API group; None stands for any."""


@remote(ignore_rules, "ls")
def ls(session: Session, name: DeploymentName) -> None:
    """List the ignore rules of a deployment."""
    rows = _rows(find_deployment(session, name, _RULES)["liveDriftIgnore"])
    if not rows:
        session.tell(f"{name} has no ignore rules. Find some: polyhelm drift {name} --suggest")
    columns: Columns = {
        "KIND": lambda row: row["kind"],
        "GROUP": lambda row: row["group"],
        "PATH": lambda row: row["path"],
    }
    session.output.listing(rows, columns, name=rule_name)


@remote(ignore_rules, "add")
def add(session: Session, name: DeploymentName, rules: Rules) -> None:
    """Ignore fields. Their objects are compared again at once. `polyhelm drift --suggest -o name` prints rules."""
    found = find_deployment(session, name, _RULES)
    paths = _paths(found["liveDriftIgnore"])
    for owner, path in map(_parsed, rules):
        paths.setdefault(owner, {})[path] = None
    _save(session, name, found, paths)


@remote(ignore_rules, "rm")
def rm(session: Session, name: DeploymentName, rules: Rules) -> None:
    """Stop ignoring fields."""
    found = find_deployment(session, name, _RULES)
    paths = _paths(found["liveDriftIgnore"])
    for rule, (owner, path) in zip(rules, map(_parsed, rules), strict=True):
        if path not in paths.get(owner, {}):
            raise usage(f"{name} has no ignore rule {rule}.", f"List the rules: polyhelm ignore-rules ls {name}")
        del paths[owner][path]
    _save(session, name, found, paths)


def rule_name(rule: Any) -> str:
    """A rule with one path, as the commands take it."""
    kind = f"{rule['kind']}.{rule['group']}" if rule["kind"] and rule["group"] else rule["kind"] or ""
    return f"{kind}{rule['path']}"


def _save(session: Session, name: str, found: Any, paths: dict[_Owner, dict[str, None]]) -> None:
    """Replaces the rules, unless the deployment has changed since they were read."""
    rules = [{"kind": kind, "group": group, "paths": list(of)} for (kind, group), of in paths.items() if of]
    given = {"id": found["id"], "expectedGeneration": found["generation"], "liveDriftIgnore": rules}
    answer = session.mutate("updateDeployment", _PAYLOAD, **given)["deployment"]
    rows = _rows(answer["liveDriftIgnore"])
    session.tell(f"{name} has {len(rows)} ignore {'rule' if len(rows) == 1 else 'rules'}.")
    if not session.output.is_table:
        session.output.data(rows, [rule_name(row) for row in rows])


def _rows(rules: list[Any]) -> list[dict[str, Any]]:
    return [{"kind": rule["kind"], "group": rule["group"], "path": path} for rule in rules for path in rule["paths"]]


def _paths(rules: list[Any]) -> dict[_Owner, dict[str, None]]:
    """The paths by kind and group, in their order."""
    found: dict[_Owner, dict[str, None]] = {}
    for row in _rows(rules):
        found.setdefault((row["kind"], row["group"]), {})[row["path"]] = None
    return found


def _parsed(rule: str) -> tuple[_Owner, str]:
    match = _RULE.fullmatch(rule)
    if match is None:
        raise usage(f"{rule!r} is not a valid rule.", "Use [KIND[.GROUP]]/PATH, such as ConfigMap/data/tag.")
    kind, _, group = (match[1] or "").partition(".")
    return (kind or None, group or None), match[2]
