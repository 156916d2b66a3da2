"""`polyhelm deploy`: a file applied, compared, waited for, looked at and removed."""

import base64
from collections.abc import AsyncIterator

import pytest_asyncio

from simulator import Member
from tests.cli.polyhelm import Polyhelm
from tests.sample_charts import archive, chart_files
from tests.stack import eventually

FILE = """\
polyhelm: v1
group: fleet
release: shop
namespace: default
chart: charts/web
values: {replicas: 2}
overrides:
  paris: {replicas: 3}
"""


@pytest_asyncio.fixture(loop_scope="session")
async def fleet(working: Polyhelm, members: dict[str, Member]) -> AsyncIterator[Polyhelm]:
    """Paris and Berlin in the group `fleet`, the chart charts/web, and FILE in the program's home."""
    await working.stack.fleet({name: member.kubeconfig for name, member in members.items()})
    (working.home / "shop.yaml").write_text(FILE)
    yield working


def apply(*more: str) -> tuple[str, ...]:
    return ("deploy", "apply", "-f", "shop.yaml", *more)


async def test_a_file_is_planned_applied_and_applied_again_without_a_change(fleet: Polyhelm) -> None:
    plan = [
        "fleet/shop would be created:",
        "  CLUSTER   ACTION    WHY",
        "  berlin    INSTALL   There is no release with this name.",
        "  paris     INSTALL   There is no release with this name.",
    ]
    assert await fleet.fine(*apply("--dry-run")) == plan
    done = await fleet(*apply())
    assert (done.code, done.words[0]) == (2, "Error: This requires confirmation, and there is no terminal.")
    assert await fleet.fine("deploy", "ls", "-o", "name") == []

    done = await fleet(*apply("--yes"))
    assert (done.code, done.lines) == (0, plan)
    assert sorted(done.words) == [
        "berlin: installed",
        "fleet/shop is up to date: generation 1.",
        "paris: installed",
    ]

    async def is_healthy() -> bool:
        return "2 HEALTHY" in (await fleet("status")).out

    await eventually(is_healthy)
    assert await fleet.fine("deploy", "get", "fleet/shop") == [
        "Deployment:   fleet/shop",
        "Chart:        charts/web 1.0.0",
        "Namespace:    default",
        "Generation:   1, <age> old",
        "Options:      atomic: false, wait: false, timeout: 300, driftPolicy: REPORT, crdPolicy: CREATE,"
        " liveDrift: OFF, liveDriftIgnore: []",
        "Status:       2 DEPLOYED",
        "Health:       2 HEALTHY",
        "",
        "CLUSTER   STATUS     SINCE   VERSION   REVISION   WHY",
        "berlin    DEPLOYED <age> 1.0.0     1          -",
        "paris     DEPLOYED <age> 1.0.0     1          -",
    ]

    done = await fleet(*apply())  # nobody has to be asked for nothing
    assert (done.code, done.lines, done.words) == (0, ["fleet/shop: nothing differs."], [])
    assert (await fleet("deploy", "get", "fleet/shop", "-o", "json")).data["generation"] == 1


async def test_a_change_names_what_differs_and_keeps_the_history(fleet: Polyhelm) -> None:
    await fleet.fine(*apply("--yes"))
    changed = FILE.replace("replicas: 2", "replicas: 5") + "timeout: 60\n"
    done = await fleet("deploy", "apply", "-f", "-", "--yes", stdin=changed)
    assert (done.code, done.lines) == (
        0,
        [
            "fleet/shop would change, from generation 1:",
            "  timeout: 300 -> 60",
            "  CLUSTER   ACTION    WHY",
            "  berlin    UPGRADE   replicas: wanted 5, found 2",
            "  paris     NONE      -",
        ],
    )
    assert await fleet.fine("deploy", "history", "fleet/shop") == [
        "GENERATION   AGE   AUTHOR   VERSION   TARGETS",
        "2 <age> admin    1.0.0     berlin, paris",
        "1 <age> admin    1.0.0     berlin, paris",
    ]
    assert await fleet.fine("deploy", "diff", "fleet/shop", "--from", "1") == [
        "--- generation 1",
        "+++ generation 2",
        "@@ -1,9 +1,9 @@",
        " version: 1.0.0",
        " values:",
        "-  replicas: 2",
        "+  replicas: 5",
        " overrides:",
        "   paris:",
        "     replicas: 3",
        " targets:",
        " - berlin",
        " - paris",
    ]
    done = await fleet("deploy", "diff", "fleet/shop", "--from", "7")
    assert (done.code, done.words[0]) == (1, "Error: fleet/shop has no generation 7.")


async def test_an_earlier_generation_is_restored_and_options_stay(fleet: Polyhelm) -> None:
    back = ("deploy", "rollback", "fleet/shop")
    await fleet.fine(*apply("--yes"))
    done = await fleet(*back)
    assert (done.code, done.words) == (
        1,
        ["Error: fleet/shop is at its first generation. There is no earlier one."],
    )
    changed = FILE.replace("replicas: 2", "replicas: 5").replace("  paris: {replicas: 3}", "  berlin: {color: red}")
    (fleet.home / "shop.yaml").write_text(changed + "targets: [berlin]\ntimeout: 60\n")
    await fleet.fine(*apply("--yes"))
    plan = [
        "fleet/shop would change, from generation 2:",
        "  CLUSTER   ACTION    WHY",
        '  berlin    UPGRADE   color: wanted nothing, found "red"; replicas: wanted 2, found 5',
        "  paris     INSTALL   There is no release with this name.",
    ]
    assert await fleet.fine(*back, "--dry-run") == plan
    assert await fleet.fine(*back, "--yes") == plan
    found = (await fleet("deploy", "get", "fleet/shop", "-o", "json")).data
    assert (found["generation"], found["values"], found["timeoutSeconds"]) == (3, {"replicas": 2}, 60)
    assert [(each["cluster"], each["values"]) for each in found["valueOverrides"]] == [("paris", {"replicas": 3})]
    assert sorted(found["desired"]["targets"]) == ["berlin", "paris"]
    assert await fleet.fine(*back, "1") == ["fleet/shop: nothing differs."]
    done = await fleet(*back, "7")
    assert (done.code, done.words) == (
        1,
        ["Error: fleet/shop has no generation 7.", "Next: List generations: polyhelm deploy history fleet/shop"],
    )


async def test_options_alone_are_changed_without_a_generation(fleet: Polyhelm) -> None:
    await fleet.fine(*apply("--yes"))
    (fleet.home / "shop.yaml").write_text(FILE + "atomic: true\n")
    assert (await fleet.fine(*apply("--yes")))[:2] == [
        "fleet/shop would change, from generation 1:",
        "  atomic: false -> true",
    ]
    found = (await fleet("deploy", "get", "fleet/shop", "-o", "json")).data
    assert (found["generation"], found["atomic"]) == (1, True)
    assert await fleet.fine(*apply()) == ["fleet/shop: nothing differs."]


async def test_the_file_of_a_deployment_that_is_there_can_be_applied_again(fleet: Polyhelm) -> None:
    more = "version: 1.0.0\ndescription: Sells.\ntargets: [paris]\natomic: true\ntimeout: 60\ndriftPolicy: CORRECT\n"
    more += "liveDrift: OFF\nliveDriftIgnore: [{kind: ConfigMap, paths: [/data/tag]}]\n"
    await fleet.fine("deploy", "apply", "-f", "-", "--yes", stdin=FILE + more)
    written = await fleet.fine("deploy", "get", "fleet/shop", "-o", "yaml")
    assert written == [
        "polyhelm: v1",
        "group: fleet",
        "release: shop",
        "namespace: default",
        "chart: charts/web",
        "version: 1.0.0",
        "description: Sells.",
        "values:",
        "  replicas: 2",
        "overrides:",
        "  paris:",
        "    replicas: 3",
        "targets:",
        "- paris",
        "atomic: true",
        "wait: false",
        "timeout: 60",
        "driftPolicy: CORRECT",
        "crdPolicy: CREATE",
        'liveDrift: "OFF"',
        "liveDriftIgnore:",
        "- kind: ConfigMap",
        "  paths:",
        '  - "/data/tag"',
    ]
    text = "\n".join(written)
    assert await fleet.fine("deploy", "apply", "-f", "-", stdin=text) == ["fleet/shop: nothing differs."]
    changed = text.replace("CORRECT", "REPORT").replace("description: Sells.", "description:")
    assert (await fleet.fine("deploy", "apply", "-f", "-", "--yes", stdin=changed))[:3] == [
        "fleet/shop would change, from generation 1:",
        '  description: "Sells." -> none',
        '  driftPolicy: "CORRECT" -> "REPORT"',
    ]
    found = (await fleet("deploy", "get", "fleet/shop", "-o", "json")).data
    assert (found["generation"], found["description"], found["driftPolicy"]) == (1, None, "REPORT")


async def test_a_difference_is_shown_in_manifests_before_anything_is_done(fleet: Polyhelm) -> None:
    lines = await fleet.fine("deploy", "diff", "-f", "shop.yaml")
    assert lines[:3] == ["# fleet/shop on berlin: INSTALL", "--- installed", "+++ wanted"]
    await fleet.fine(*apply("--yes"))
    assert await fleet.fine("deploy", "diff", "-f", "shop.yaml") == []
    assert await fleet.fine("deploy", "diff", "fleet/shop") == []
    done = await fleet("deploy", "diff")
    assert (done.code, done.words[0]) == (2, "Error: Give either a deployment or files.")


async def test_several_documents_are_applied_together_or_not_at_all(fleet: Polyhelm) -> None:
    other = FILE.replace("shop", "other")
    done = await fleet("deploy", "apply", "-f", "-", "--yes", stdin=f"{FILE}---\n{other.replace('paris', 'rome')}")
    assert done.code == 1
    assert done.words[0].startswith("Error: fleet/other: ")
    assert await fleet.fine("deploy", "ls", "-o", "name") == []
    done = await fleet("deploy", "apply", "-f", "-", "--yes", "-o", "json", stdin=f"{FILE}---\n{other}")
    assert [(each["deployment"], each["action"], each["generation"]) for each in done.data] == [
        ("fleet/shop", "CREATE", 1),
        ("fleet/other", "CREATE", 1),
    ]
    assert sorted(await fleet.fine("deploy", "ls", "-o", "name")) == ["fleet/other", "fleet/shop"]


async def test_another_chart_is_refused_with_a_way_out(fleet: Polyhelm) -> None:
    await fleet.fine(*apply("--yes", "--no-wait", "-q"))
    done = await fleet("deploy", "apply", "-f", "-", "--yes", stdin=FILE.replace("charts/web", "charts/other"))
    assert (done.code, done.words) == (
        1,
        [
            "Error: fleet/shop is the chart charts/web; a deployment's chart cannot be changed.",
            "Next: Choose another release name, or delete the deployment first: polyhelm deploy rm fleet/shop",
        ],
    )


async def test_a_version_that_is_not_there_is_reported_with_where_to_look(fleet: Polyhelm) -> None:
    done = await fleet("deploy", "apply", "-f", "-", "--yes", stdin=FILE + "version: 9.9.9\n")
    assert (done.code, done.words) == (
        1,
        [
            "Error: fleet/shop: charts/web has no version '9.9.9'.",
            "Next: List them: polyhelm chart show REPOSITORY/NAME",
        ],
    )


async def test_what_fails_on_a_cluster_is_in_the_plan_and_fails_with_helms_words(fleet: Polyhelm) -> None:
    files = chart_files(name="broken") | {"templates/fail.yaml": '{{ if .Values.broken }}{{ fail "no luck" }}{{ end }}'}
    await fleet.stack.upload(base64.b64encode(archive(files, root="broken")).decode())
    text = FILE.replace("charts/web", "charts/broken").replace("paris: {replicas: 3}", "paris: {broken: true}")
    done = await fleet("deploy", "apply", "-f", "-", "--yes", stdin=text)
    assert done.code == 1
    assert done.words[0] == "Error: The plan has errors; nothing was applied."
    assert done.words[1].startswith("  fleet/shop on paris: ")
    assert "no luck" in done.words[1]
    assert done.words[2:] == ["Next: Fix them, or apply to the other clusters anyway: --despite-errors"]
    assert await fleet.fine("deploy", "ls", "-o", "name") == []
    dry = await fleet("deploy", "apply", "-f", "-", "--dry-run", stdin=text)
    assert (dry.code, dry.words[0]) == (1, "Error: The plan has errors.")
    done = await fleet("deploy", "apply", "-f", "-", "--yes", "--despite-errors", stdin=text)
    assert done.code == 1
    assert done.lines[:3] == [
        "fleet/shop would be created:",
        "  CLUSTER   ACTION    WHY",
        "  berlin    INSTALL   There is no release with this name.",
    ]
    assert "no luck" in done.lines[3]
    error = done.words.index("Error: fleet/shop: The create operation ended: FAILED.")
    assert done.words[error + 1].startswith("  paris: installation failed: ")
    assert "no luck" in done.words[error + 1]
    assert "Reconcile once the cause is gone." in done.words[error + 1]
    assert done.words[-1] == (
        "Next: Show details: polyhelm deploy get fleet/shop. After fixing the cause: polyhelm reconcile fleet/shop"
    )
    done = await fleet("deploy", "wait", "fleet/shop")
    assert (done.code, done.words[0]) == (1, "Error: The create operation ended: FAILED.")


async def test_an_operation_that_takes_too_long_has_an_exit_code_of_its_own(
    fleet: Polyhelm, members: dict[str, Member]
) -> None:
    await fleet.fine(*apply("--yes", "-q"))
    members["paris"].faults.down = True
    await fleet.stack.until_status(await deployment_id(fleet), "paris", "UNKNOWN")
    (fleet.home / "shop.yaml").write_text(FILE.replace("3", "4"))
    done = await fleet(*apply("--yes", "--despite-errors", "--timeout", "6"))
    assert done.code == 3
    assert "Error: fleet/shop: The operation did not end within 6 seconds. The server continues." in done.words
    # Between two attempts it is queued for a moment.
    words = ("  paris: waiting for cluster", "  paris: queued")
    assert any(line.startswith(words) for line in done.words), done.words
    assert done.words[-1] == "Next: Continue to wait: polyhelm deploy wait fleet/shop"
    done = await fleet("deploy", "wait", "fleet/shop", "--timeout", "0.5")
    error = done.words.index("Error: fleet/shop is not up to date after 0.5 seconds.")
    assert done.code == 3
    assert done.words[error + 1].startswith("  paris: UNKNOWN ")
    members["paris"].faults.down = False
    assert (await fleet("deploy", "wait", "fleet/shop")).words[-1] == "fleet/shop is up to date: generation 2."


async def deployment_id(program: Polyhelm) -> str:
    identity: str = (await program("deploy", "get", "fleet/shop", "-o", "json")).data["id"]
    return identity


async def test_a_deployment_is_removed_with_its_releases(fleet: Polyhelm, members: dict[str, Member]) -> None:
    await fleet.fine(*apply("--yes", "-q"))
    done = await fleet("deploy", "rm", "fleet/shop", "--yes")
    assert (done.code, done.words[-1]) == (0, "fleet/shop removed.")
    assert await fleet.fine("deploy", "ls", "-o", "json") == ["[]"]
    assert members["paris"].objects("secrets") == []
