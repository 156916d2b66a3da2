"""Stored plans as text for a terminal, and as Markdown for a pull request."""

import json
import re
from collections.abc import Callable, Sequence
from typing import Any

from cli.object_changes import CHANGE_FIELDS, by_text, change_lines, definitions_text, objects_text
from cli.outcomes import plan_why
from cli.output import Columns, minute
from cli.summary import named, summary_lines

SUMMARY = """id kind state digest releaseName namespace chart chartVersion generation changed failing unreachable
author comment createdAt expiresAt requiredApprovals approvals options group { name }
counts { action count } removal { count clusters needsConfirmation } warnings { message } blocker { code message }
comments { author text verdict counts createdAt } operation { id }"""
TARGETS = f"""targets(first: $first, after: $after) {{ pageInfo {{ hasNextPage endCursor }} nodes {{
clusterName action reasons {{ message }} valuesDiff manifestDiff warnings error {{ code message output }}
{CHANGE_FIELDS} }} }}"""
_MARKDOWN_LIMIT = 60_000
"""The maximum number of characters of diffs in Markdown: comments on pull requests have about 65,000."""
_COLUMNS: Columns = {
    "CLUSTER": lambda row: row["clusterName"],
    "ACTION": lambda row: row["action"],
    "WHY": lambda row: plan_why(row),
}


def link(server: str, plan: Any) -> str:
    """The address of the plan's page."""
    return f"{server.rstrip('/')}/plans/{plan['id']}"


def name_of(plan: Any) -> str:
    return f"{plan['group']['name']}/{plan['releaseName']}"


def counts_of(plan: Any) -> str:
    return ", ".join(f"{each['count']} {each['action']}" for each in plan["counts"]) or "no targets"


def text_of(plan: Any, targets: Sequence[Any], address: str, *, verbose: bool) -> str:
    lines = [f"{plan['kind'].capitalize()} {name_of(plan)}: {counts_of(plan)}"]
    lines += [f"  {line}" for line in summary_lines(targets, _COLUMNS, verbose=verbose)]
    lines += [f"  {line}" for line in change_lines(targets, verbose=verbose)]
    lines += _remarks(plan)
    lines += [
        f"Plan:      {plan['id']}",
        f"Link:      {address}",
        f"Digest:    {plan['digest']}",
        f"State:     {plan['state']}, expires {minute(plan['expiresAt'])}",
        f"Approvals: {plan['approvals']} of {plan['requiredApprovals']}",
    ]
    for comment in plan["comments"]:
        verdict = f"{comment['verdict'].lower()}" if comment["verdict"] else "said"
        lines.append(f"  {comment['author']} {verdict}: {' '.join((comment['text'] or '-').split())}")
    return "\n".join(lines)


def markdown_of(plan: Any, targets: Sequence[Any], address: str) -> str:
    """The plan as GitHub and GitLab show it. Clusters with the same differences share one section."""
    lines = [
        f"### Plan: {plan['kind'].lower()} `{_code(name_of(plan))}`",
        "",
        f"{counts_of(plan)} · {_escaped(plan['chart'])} {_escaped(plan['chartVersion'] or '')}".rstrip(),
        "",
        "| Cluster | Action | Why |",
        "| --- | --- | --- |",
    ]
    shown = targets[:_MOST]
    lines += [f"| {_escaped(t['clusterName'])} | {t['action']} | {_escaped(plan_why(t))} |" for t in shown]
    if len(targets) > len(shown):
        lines.append(f"| … | | {len(targets) - len(shown)} more |")
    lines += ["", *(f"- {_escaped(line)}" for line in _remarks(plan)), ""]
    room = _MARKDOWN_LIMIT
    for title, text_of in _DIFFERENCES:
        for diff, names in by_text(targets, text_of):
            room -= len(diff)
            if room < 0:
                lines += [f"{title} of {_escaped(named(names))}: too long to show here.", ""]
                continue
            fence = _fence(diff)
            lines += [f"<details><summary>{title}: {_escaped(named(names))}</summary>", ""]
            lines += [f"{fence}diff", diff, fence, "", "</details>", ""]
    lines += [
        f"[Plan {plan['id']}]({address}), digest `{plan['digest'][:12]}`, {plan['approvals']} of"
        f" {plan['requiredApprovals']} approvals, expires {minute(plan['expiresAt'])}.",
        f"Apply it with `polyhelm deploy apply --plan {plan['id']}`.",
    ]
    return "\n".join(lines)


_MOST = 100
_DIFFERENCES: tuple[tuple[str, Callable[[Any], str]], ...] = (
    ("Values", lambda target: target["valuesDiff"] or ""),
    ("Manifest", lambda target: target["manifestDiff"] or ""),
    ("CRDs", definitions_text),
    ("Live objects", objects_text),
)
"""What differs on a cluster: the title of the section, and its text."""


def _remarks(plan: Any) -> list[str]:
    found = [f"{name.replace('_', ' ').capitalize()}: {_option(name, plan)}" for name in sorted(plan["options"])]
    found += [f"Warning: {warning['message']}" for warning in plan["warnings"]]
    if plan["removal"]:
        found.append(f"Removed from the targets: {named(plan['removal']['clusters'])} ({plan['removal']['count']})")
    if plan["unreachable"]:
        found.append(f"Unreachable, not planned: {plan['unreachable']}")
    if plan["blocker"]:
        found.append(f"Cannot be applied: {plan['blocker']['message']}")
    return found


def _option(name: str, plan: Any) -> str:
    """An option that the plan changes. The waves of a strategy are listed with their sizes."""
    value = plan["options"][name]
    if name in ("strategy", "strategy_override"):
        return ", ".join(f"{wave['name']} ({wave['size']})" for wave in value["waves"]) or "all at once"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _escaped(text: str) -> str:
    """Text that Markdown and HTML show as it is."""
    plain = " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([\\`*_{}\[\]()#|!~@])", r"\\\1", plain)


def _code(text: str) -> str:
    return text.replace("`", "")


def _fence(text: str) -> str:
    """A fence that the text does not contain."""
    return "`" * max(3, 1 + max((len(run) for run in re.findall("`+", text)), default=0))
