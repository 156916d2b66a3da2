"""`polyhelm service`."""

import re

from tests.catalog.test_docs import DEFINITION, PAGE
from tests.cli.polyhelm import Polyhelm

DNS = """# Names.
name: dns
chart: {repository: "https://charts.example.com", name: dns}
versions: [{version: 1.9.0}, {version: 1.10.0}, {version: 1.11.0}]
edges:
  - {from: 1.9.x, to: 1.10.0}
  - {from: 1.10.x, to: 1.11.0, irreversible: true}
"""


async def test_services_are_applied_from_files_shown_listed_and_deleted(polyhelm: Polyhelm) -> None:
    (polyhelm.home / "dns.yaml").write_text(DNS)
    assert (await polyhelm("service", "apply", "-f", "dns.yaml")).words == ["dns.yaml: dns is at revision 1."]
    changed = DNS.replace("1.10.x", "=1.10.0")
    (polyhelm.home / "dns.yaml").write_text(changed)
    again = await polyhelm("service", "apply", "-f", "dns.yaml", "-o", "json")
    assert [(row["name"], row["stored"]["revision"]) for row in again.data] == [("dns", 2)]
    assert await polyhelm.fine("service", "show", "dns") == changed.splitlines()
    assert await polyhelm.fine("service", "show", "dns", "--revision", "1") == DNS.splitlines()
    assert (await polyhelm("service", "show", "dns", "--revision", "3")).words == [
        "Error: There is no revision 3 of dns.",
        "Next: List them: polyhelm service history dns",
    ]
    assert await polyhelm.fine("service", "history", "dns", "-o", "name") == ["2", "1"]
    assert (await polyhelm("service", "history", "cert-manager")).words == [
        "cert-manager ships with Polyhelm and has no revisions."
    ]
    assert "NEWEST" in (await polyhelm.fine("service", "ls"))[0]
    names = await polyhelm.fine("service", "ls", "-o", "name")
    assert names == sorted(["dns", "cert-manager", "ingress-nginx", "kube-prometheus-stack"])
    assert (await polyhelm("service", "rm", "dns", "--yes")).words == ["dns deleted."]
    assert (await polyhelm("service", "show", "dns")).words == [
        "Error: There is no service 'dns'.",
        "Next: List services: polyhelm service ls",
    ]
    assert (await polyhelm("service", "rm", "cert-manager", "--yes")).words == [
        "Error: cert-manager ships with Polyhelm and cannot be deleted.",
        "Next: List services: polyhelm service ls",
    ]


async def test_routes_are_listed_or_blocked(polyhelm: Polyhelm) -> None:
    (polyhelm.home / "dns.yaml").write_text(DNS)
    await polyhelm("service", "apply", "-f", "dns.yaml")
    lines = await polyhelm.fine("service", "routes", "dns", "--from", "1.9.0")
    assert [re.split("  +", line) for line in lines] == [
        ["TARGET", "HOPS", "DISRUPTIVE", "NO WAY BACK AFTER"],
        ["1.11.0", "1.9.0 → 1.10.0 → 1.11.0", "no", "1.10.0"],
        ["1.10.0", "1.9.0 → 1.10.0", "no", "-"],
    ]
    blocked = await polyhelm("service", "routes", "dns", "--from", "1.11.0", "--to", "1.9.0")
    assert (blocked.code, blocked.words[0]) == (
        1,
        "Error: The edges do not lead from 1.11.0 to 1.9.0: an edge from 1.11.0 to 1.9.0 is missing.",
    )
    data = await polyhelm("service", "routes", "dns", "--from", "1.11.0", "--to", "1.9.0", "-o", "json")
    assert (data.code, data.data[0]["blockedBy"][0]["kind"]) == (1, "NO_EDGE")
    nowhere = await polyhelm("service", "routes", "dns", "--from", "1.11.0")
    assert (nowhere.code, nowhere.words) == (0, ["No version can be reached from 1.11.0."])


async def test_problems_and_warnings_of_a_definition_are_printed(polyhelm: Polyhelm) -> None:
    (polyhelm.home / "wrong.yaml").write_text(DNS.replace("to: 1.11.0", "to: 1.12.0"))
    refused = await polyhelm("service", "apply", "-f", "wrong.yaml")
    assert refused.code != 0
    assert "definition.edges.1.to: The definition does not have the version 1.12.0." in "\n".join(refused.words)
    (polyhelm.home / "stranding.yaml").write_text(
        DNS.replace("{version: 1.10.0}", "{version: 1.10.0, state: WITHDRAWN}")
    )
    assert (await polyhelm("service", "apply", "-f", "stranding.yaml")).words == [
        "stranding.yaml: dns is at revision 1.",
        "stranding.yaml: Warning: No route leads from 1.9.0 to 1.11.0, the newest version. An edge from 1.9.0 to 1.11.0"
        " would close the gap.",
    ]


async def test_the_commands_in_the_docs_print_what_is_shown_there(polyhelm: Polyhelm) -> None:
    (polyhelm.home / "cert-manager.yaml").write_text(DEFINITION)
    assert (await polyhelm("service", "apply", "-f", "cert-manager.yaml")).code == 0
    shown = re.findall(r"```text\n\$ polyhelm (.*?)\n(.*?)```", PAGE, re.DOTALL)
    assert len(shown) == 2
    for command, expected in shown:
        answer = await polyhelm(*command.split())
        assert [*answer.lines, *answer.words] == expected.splitlines()
