"""`polyhelm health-rules`: rules by which an organization judges the health of objects."""

from collections.abc import Iterator
from typing import Annotated, Any

import typer

from cli import names
from cli.command import Yes, remote
from cli.commands.live import Cluster, split_object, target_of
from cli.failure import Failure, usage
from cli.files import content, contents, read_map
from cli.output import ago
from cli.session import Session
from cli.terminal import confirm_name

health_rules = typer.Typer(help="Rules that judge the health of objects, for each kind.", no_args_is_help=True)

Files = Annotated[
    list[str],
    typer.Option(
        "--file",
        "-f",
        help="A file with rules, or a directory of such files; - reads standard input. Repeatable.",
        metavar="FILE",
    ),
]
Name = Annotated[
    str, typer.Argument(help="A kind with its API group, such as Widget.example.com.", metavar="KIND[.GROUP]")
]

_EXPRESSIONS = ("current", "inProgress", "failed", "suspended", "reason", "message")
_FIELDS = f"id group kind {' '.join(_EXPRESSIONS)} version updatedAt replacesPack"
_LIST = f"""query ($organization: String, $first: Int, $after: String) {{
  healthRules(organization: $organization, first: $first, after: $after) {{
    nodes {{ {_FIELDS} }} pageInfo {{ hasNextPage endCursor }}
  }}
}}"""
_TRY = """query ($target: ID!, $kind: String!, $name: String!, $namespace: String, $group: String,
                  $expressions: HealthExpressionsInput!) {
  tryHealthRule(target: $target, kind: $kind, name: $name, namespace: $namespace, apiGroup: $group,
                expressions: $expressions) { health reason message }
}"""
_JUDGE = """query ($organization: String, $object: JSON!, $expressions: HealthExpressionsInput) {
  judgeObject(organization: $organization, object: $object, expressions: $expressions) { health reason message }
}"""
_PAYLOAD = f"... on HealthRulePayload {{ healthRule {{ {_FIELDS} }} }}"


@remote(health_rules, "ls")
def ls(session: Session) -> None:
    """List the rules by API group and kind."""
    rows = list(session.pages(_LIST))
    if not rows:
        session.tell("There are no health rules. Add some: polyhelm health-rules apply -f FILE")
    columns = {
        "KIND": _name,
        "HEALTHY IF": lambda row: row["current"],
        "REPLACES": lambda row: row["replacesPack"],
        "VERSION": lambda row: row["version"],
        "AGE": lambda row: ago(row["updatedAt"]),
    }
    session.output.listing(rows, columns, name=_name)


@remote(health_rules, "apply")
def apply(session: Session, file: Files) -> None:
    """Set the rules in files, which have the format of the shipped packs. All files are read before any rule is
    set. Rules that are in no file stay."""
    given = [rule for text, source in contents(file) for rule in _rules(text, source)]
    names = [_name(rule) for rule in given]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise usage(f"There are two rules for {twice}.")
    present = {_name(row): row["version"] for row in session.pages(_LIST)}
    made = []
    for rule in given:
        answer = session.mutate("setHealthRule", _PAYLOAD, organization=session.organization, **rule)["healthRule"]
        made.append(answer)
        before = present.get(_name(rule))
        done = "added" if before is None else "unchanged" if before == answer["version"] else "changed"
        session.tell(f"{_name(rule)} {done}.")
    if not session.output.is_table:
        session.output.data(made, names)


@remote(health_rules, "try")
def try_(
    session: Session,
    file: Files,
    deployment: Annotated[
        str | None,
        typer.Argument(
            help="The deployment of a live object.", autocompletion=names.deployments, metavar="[GROUP/RELEASE"
        ),
    ] = None,
    object_name: Annotated[
        str | None, typer.Argument(help="A live object, such as Widget/shop.", metavar="KIND/NAME]")
    ] = None,
    object_file: Annotated[
        str | None, typer.Option("--object", help="A file with an object as it is on a cluster.", metavar="FILE")
    ] = None,
    cluster: Cluster = None,
    namespace: Annotated[
        str | None,
        typer.Option("--namespace", "-n", help="The namespace of the object.", show_default="that of the release"),
    ] = None,
) -> None:
    """Show what the rules in files say about an object of a release, or in a file. Nothing is saved."""
    rules = [rule for text, source in contents(file) for rule in _rules(text, source)]
    if object_file is not None and deployment is None:
        given = read_map(*content(object_file))
        kind = str(given.get("kind", ""))
        group, slash, _ = str(given.get("apiVersion", "")).partition("/")
        rule = _rule_for(rules, kind, group if slash else "")
        verdict = session.ask(_JUDGE, object=given, expressions=_expressions(rule))["judgeObject"]
        shown = f"{kind} in {object_file}"
    elif object_file is None and deployment is not None and object_name is not None:
        kind, name = split_object(object_name)
        rule = _rule_for(rules, kind, None)
        asked = {"target": target_of(session, deployment, cluster)["id"], "namespace": namespace}
        asked |= {"kind": kind, "name": name, "group": rule["group"], "expressions": _expressions(rule)}
        verdict = session.ask(_TRY, **asked)["tryHealthRule"]
        shown = object_name
        if verdict is None:
            raise Failure(f"{deployment} has no {object_name} there.", f"List its objects: polyhelm tree {deployment}")
    else:
        raise usage("Name an object, or a file with one.", "Use GROUP/RELEASE KIND/NAME, or --object FILE.")
    if not session.output.is_table:
        return session.output.data(verdict, [verdict["health"]])
    why = ": ".join(text for text in (verdict["reason"], verdict["message"]) if text)
    return session.output.text(f"{shown} would be {verdict['health']}{f' ({why})' if why else ''}")


@remote(health_rules, "rm")
def rm(session: Session, name: Name, yes: Yes = False) -> None:
    """Delete a rule. The kind is then judged by the shipped rules."""
    found = next((row for row in session.pages(_LIST) if _name(row) == name), None)
    if found is None:
        raise usage(f"There is no health rule for {name!r}.", "List the rules: polyhelm health-rules ls")
    confirm_name(f"The health rule for {name} will be deleted.", name, yes=yes)
    session.mutate("deleteHealthRule", "... on DeleteHealthRulePayload { id }", id=found["id"])
    session.tell(f"{name} deleted.")


def _rule_for(rules: list[dict[str, Any]], kind: str, group: str | None) -> dict[str, Any]:
    """The rule for a kind; without a group, of any group."""
    found = [rule for rule in rules if rule["kind"] == kind and group in (None, rule["group"])]
    if not found:
        raise usage(f"The files have no rule for {kind or 'an object without a kind'}.")
    if len(found) > 1:
        raise usage(f"There are {len(found)} rules for {kind}.")
    return found[0]


def _expressions(rule: dict[str, Any]) -> dict[str, Any]:
    return {name: rule[name] for name in _EXPRESSIONS if name in rule}


def _name(rule: Any) -> str:
    return f"{rule['kind']}.{rule['group']}" if rule["group"] else str(rule["kind"])


def _rules(text: str, source: str) -> Iterator[dict[str, Any]]:
    """The rules of a file: a list `rules`, each with `group`, `kinds` and expressions."""
    rules = read_map(text, source).get("rules")
    if not isinstance(rules, list):
        raise usage(f"{source} has no list `rules`.")
    for number, entry in enumerate(rules, 1):
        if not isinstance(entry, dict):
            raise usage(f"{source}: rule {number} is not a map.")
        if unknown := sorted(map(str, entry.keys() - {"group", "kinds", *_EXPRESSIONS})):
            raise usage(f"{source}: rule {number} has unknown keys: {', '.join(unknown)}.")
        kinds, group = entry.get("kinds"), entry.get("group", "")
        if not isinstance(kinds, list) or not kinds or not all(isinstance(kind, str) for kind in kinds):
            raise usage(f"{source}: rule {number} has no list `kinds` of strings.")
        texts = {name: entry[name] for name in _EXPRESSIONS if name in entry}
        if "current" not in texts:
            raise usage(f"{source}: rule {number} has no expression `current`.")
        if not all(isinstance(each, str) for each in (group, *texts.values())):
            raise usage(f"{source}: rule {number}: `group` and the expressions are texts. Quote them.")
        for kind in kinds:
            yield {"group": group, "kind": kind, **texts}
