"""Clusters, groups and tokens: registered, listed, shown and removed from the command line."""

import re

import pytest

from simulator import Member
from tests.cli.polyhelm import Polyhelm
from tests.live import hands


async def test_clusters_are_registered_listed_shown_and_removed(polyhelm: Polyhelm, members: dict[str, Member]) -> None:
    assert (await polyhelm("cluster", "ls")).words == [
        "There are no clusters. Register one: polyhelm cluster add NAME --kubeconfig FILE"
    ]
    done = await polyhelm(
        *("cluster", "add", "paris", "--kubeconfig", "paris.yaml", "--cloud", "amazon", "--distribution", "eks"),
        *("--region", "eu-west-3", "--label", "tier=production", "--label", "a=b"),
    )
    assert (done.code, done.lines) == (0, [])
    assert done.words[0].startswith("paris registered: Kubernetes v1.34.4 at https://127.0.0.1:")
    kubeconfig = members["berlin"].kubeconfig
    done = await polyhelm("cluster", "add", "berlin", "--kubeconfig", "-", "-o", "json", stdin=kubeconfig)
    assert (done.code, done.data["name"], done.data["reachability"]) == (0, "berlin", "REACHABLE")

    assert await polyhelm.fine("cluster", "ls", "-o", "name") == ["berlin", "paris"]
    assert await polyhelm.fine("cluster", "ls") == [
        "NAME     REACHABILITY   SEEN   VERSION   CLOUD    DISTRIBUTION   REGION      GROUP",
        "berlin   REACHABLE <age> v1.34.4   other    other          -           -",
        "paris    REACHABLE <age> v1.34.4   amazon   eks            eu-west-3   -",
    ]
    assert await polyhelm.fine("cluster", "ls", "--search", "amaz", "-o", "name") == ["paris"]
    shown = await polyhelm.fine("cluster", "show", "paris")
    assert [line for line in shown if not line.startswith("Server:")] == [
        "Name:           paris",
        "Reachability:   REACHABLE",
        "Seen: <age> ago",
        "Kubernetes:     v1.34.4",
        "Cloud:          amazon",
        "Distribution:   eks",
        "Region:         eu-west-3",
        "Labels:         a=b, tier=production",
    ]
    assert "reachability: REACHABLE" in await polyhelm.fine("cluster", "show", "paris", "-o", "yaml")

    done = await polyhelm("cluster", "rm", "paris")
    assert (done.code, done.words) == (
        2,
        [
            "Error: This requires confirmation, and there is no terminal.",
            "Next: Add --yes to confirm it.",
        ],
    )
    done = await polyhelm("cluster", "rm", "paris", "--yes")
    assert (done.code, done.words) == (0, ["paris removed."])
    assert await polyhelm.fine("cluster", "ls", "-o", "name") == ["berlin"]


async def test_a_cluster_is_updated_and_keeps_what_is_not_given(polyhelm: Polyhelm, members: dict[str, Member]) -> None:
    await polyhelm.fine("cluster", "add", "paris", "--kubeconfig", "paris.yaml", "--region", "eu", "--label", "a=b")
    done = await polyhelm("cluster", "update", "paris")
    assert (done.code, done.words) == (
        2,
        ["Error: Nothing to change.", "Next: Give at least one option, such as --kubeconfig FILE."],
    )
    done = await polyhelm("cluster", "update", "paris", "--kubeconfig", "paris.yaml", "--cloud", "google")
    assert (done.code, done.words) == (0, ["paris updated."])
    done = await polyhelm("cluster", "update", "paris", "--rename", "lutetia", "--label", "")
    assert (done.code, done.words) == (0, ["paris renamed to lutetia."])
    done = await polyhelm("cluster", "show", "lutetia", "-o", "json")
    told = [done.data[field] for field in ("name", "cloud", "region", "labels")]
    assert told == ["lutetia", "google", "eu", {}]
    done = await polyhelm("cluster", "update", "lutetia", "--kubeconfig", "-", stdin=members["berlin"].kubeconfig)
    assert done.code == 1
    assert done.words[0].startswith("Error: This kubeconfig belongs to another cluster: ")


async def test_a_new_uid_is_confirmed_by_name_or_given(polyhelm: Polyhelm, members: dict[str, Member]) -> None:
    await polyhelm.fine("cluster", "add", "paris", "--kubeconfig", "paris.yaml")
    done = await polyhelm("cluster", "confirm", "paris")
    assert (done.code, done.words[0]) == (2, "Error: No other cluster answers at the address of paris.")
    uid = hands.rebuild_kube_system(members["paris"])
    done = await polyhelm("cluster", "confirm", "paris", "--uid", "another")
    assert done.code == 1
    assert uid in done.words[0]
    done = await polyhelm("cluster", "confirm", "paris", "--uid", uid)
    assert (done.code, done.words) == (0, [f"paris confirmed with the uid {uid}."])


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("cluster", "show", "rome"), 1, ["There is no cluster 'rome'.", "List clusters: polyhelm cluster ls"]),
        (("cluster", "add", "x", "--kubeconfig", "x"), 2, ["x cannot be read: No such file or directory"]),
        (
            ("cluster", "add", "rome", "--kubeconfig", "paris.yaml", "--label", "x"),
            2,
            ["'x' is not a valid label.", "Write labels as KEY=VALUE, such as --label tier=production"],
        ),
        (("group", "show", "web"), 1, ["There is no group 'web'.", "List groups: polyhelm group ls"]),
        (
            ("token", "revoke", "none", "--yes"),
            1,
            ["You have no token 'none'.", "List them: polyhelm token ls"],
        ),
    ],
)
async def test_a_refused_command_prints_the_reason_and_what_to_do(
    polyhelm: Polyhelm, members: dict[str, Member], arguments: tuple[str, ...], code: int, words: list[str]
) -> None:
    done = await polyhelm(*arguments)
    assert (done.code, done.lines) == (code, [])
    assert [re.sub("^(Error|Next): ", "", line) for line in done.words] == words


async def test_the_problems_of_an_input_have_their_paths(polyhelm: Polyhelm, members: dict[str, Member]) -> None:
    done = await polyhelm("cluster", "add", "UPPER", "--kubeconfig", "paris.yaml", "--cloud", "moon")
    assert done.code == 1
    assert done.words[0] == "Error: The input is not valid."
    assert [line.split(":")[0] for line in done.words[1:]] == ["  name", "  cloud"]


async def test_groups_are_made_changed_and_deleted(polyhelm: Polyhelm, members: dict[str, Member]) -> None:
    for name in members:
        await polyhelm.fine("cluster", "add", name, "--kubeconfig", f"{name}.yaml")
    assert (await polyhelm("group", "create", "web", "paris")).words == ["The group web has 1 member."]
    assert (await polyhelm("group", "add", "web", "berlin")).words == ["The group web has 2 members."]
    assert await polyhelm.fine("group", "ls") == [
        "NAME   MEMBERS         FEATURES",
        "web    berlin, paris   multi-cluster-deployment",
    ]
    assert await polyhelm.fine("group", "ls", "--search", "WE", "-o", "name") == ["web"]
    assert await polyhelm.fine("group", "ls", "--search", "eu", "-o", "name") == []
    feature = ("group", "feature", "web", "multi-cluster-deployment")
    (polyhelm.home / "properties.yaml").write_text("owner: x\n")
    done = await polyhelm(*feature, "off", "--properties", "properties.yaml")
    assert done.words == ["multi-cluster-deployment is disabled in web."]
    assert await polyhelm.fine("group", "show", "web") == [
        "Name:         web",
        "Members:      2",
        "Namespaces:   any",
        "Targets:      no targets",
        "",
        "CLUSTER   REACHABILITY   VERSION   CLOUD   REGION",
        "berlin    REACHABLE      v1.34.4   other   -",
        "paris     REACHABLE      v1.34.4   other   -",
        "",
        "FEATURE                    SWITCH   STATE      PROPERTIES       MESSAGE",
        'multi-cluster-deployment   off      DISABLED   {"owner": "x"}   -',
    ]
    done = await polyhelm(*feature, "on", "--properties", "-", stdin="- a list\n")
    assert (done.code, done.words[0]) == (2, "Error: standard input does not contain a map.")
    done = await polyhelm("group", "remove", "web", "rome", "--yes")
    assert (done.code, done.words[0]) == (1, "Error: rome: not in the group web.")
    assert (await polyhelm("group", "remove", "web", "paris", "--yes")).words == ["The group web has 1 member."]
    assert await polyhelm.fine("group", "rm", "web", "--yes", "-q") == []
    assert await polyhelm.fine("group", "ls", "-o", "json") == ["[]"]


async def test_a_group_is_restricted_and_restrictions_are_removed(
    polyhelm: Polyhelm, members: dict[str, Member]
) -> None:
    await polyhelm.fine("cluster", "add", "paris", "--kubeconfig", "paris.yaml")
    restricted = ("--allowed-namespace", "b", "--allowed-namespace", "a", "--service-account", "a/deployer")
    await polyhelm.fine("group", "create", "web", "paris", *restricted)
    assert (await polyhelm.fine("group", "show", "web"))[:4] == [
        "Name:              web",
        "Members:           1",
        "Namespaces:        a, b",
        "Service account:   a/deployer",
    ]
    members["paris"].faults.down = True
    done = await polyhelm("group", "update", "web", "--name", "edge", "--service-account", "a/other")
    assert done.words[0].startswith(
        "Warning: paris could not be reached to check whether its credentials may impersonate the service account"
        " a/other: "
    )
    assert done.words[1:] == ["The group edge was updated."]
    done = await polyhelm("group", "update", "edge", "--any-namespace", "--no-service-account", "-o", "json")
    assert (done.data["allowedNamespaces"], done.data["serviceAccount"]) == (None, None)
    for contradicting in (
        ("--any-namespace", "--allowed-namespace", "a"),
        ("--no-service-account", "--service-account", "a/b"),
    ):
        done = await polyhelm("group", "update", "edge", *contradicting)
        assert (done.code, done.words[0]) == (2, "Error: These options contradict each other.")


async def test_releases_of_a_cluster_removed_from_a_group_are_uninstalled_before_the_command_ends(
    working: Polyhelm, members: dict[str, Member]
) -> None:
    await working.stack.fleet({name: member.kubeconfig for name, member in members.items()})
    await working.stack.deployed(releaseName="shop")
    done = await working("group", "remove", "fleet", "paris", "--yes")
    assert (done.code, sorted(done.words)) == (
        0,
        ["The group fleet has 1 member.", "berlin: unchanged", "paris: uninstalled"],
    )
    assert members["paris"].objects("secrets") == []
    assert len(members["berlin"].objects("secrets")) == 1


async def test_a_token_is_shown_once_and_works_until_it_is_revoked(polyhelm: Polyhelm) -> None:
    (token,) = await polyhelm.fine("token", "create", "laptop")
    assert await polyhelm.fine("token", "ls", POLYHELM_TOKEN=token) == [
        "NAME        ORGANIZATION   ROLE   AGE   EXPIRES   USED",
        "bootstrap   -              - <age> - <age> ago",
        "laptop      -              - <age> - <age> ago",
    ]
    assert (await polyhelm("token", "revoke", "laptop", "--yes")).words == ["Token laptop revoked."]
    done = await polyhelm("token", "ls", POLYHELM_TOKEN=token)
    assert (done.code, done.words[0]) == (1, f"Error: {polyhelm.server} does not accept the token.")


async def test_a_token_can_be_limited_to_an_organization_a_role_and_a_time(polyhelm: Polyhelm) -> None:
    limits = ("--organization", "default", "--role", "viewer", "--expires", "30d")
    done = await polyhelm("token", "create", "ci", *limits)
    (words,) = done.words
    assert re.fullmatch(
        r"The token ci in default as VIEWER until \d{4}-\d\d-\d\d \d\d:\d\d \S+ \(shown only once\):", words
    )
    assert (await polyhelm.fine("token", "ls"))[2].split()[:3] == ["ci", "default", "VIEWER"]
    environment = {"POLYHELM_TOKEN": done.out.strip()}
    assert await polyhelm.fine("cluster", "ls", **environment) == []
    refused = await polyhelm("group", "create", "web", **environment)
    assert (refused.code, refused.words[0].split(":")[0]) == (1, "Error")
    refused = await polyhelm("token", "ls", **environment)
    assert refused.words[0] == "Error: This token is limited. Sign in, or use a token without limits."
    wrong = await polyhelm("token", "create", "other", "--expires", "soon")
    assert (wrong.code, wrong.words[0]) == (2, "Error: Invalid duration: 'soon'.")


async def test_roles_are_given_listed_and_taken(polyhelm: Polyhelm) -> None:
    await polyhelm.stack.mutate("createUser", "... on UserPayload { token }", name="ann", role="VIEWER")
    await polyhelm.stack.group("edge", [])
    assert await polyhelm.fine("role", "grant", "ann", "deployer", "--group", "edge") == [
        "User:        ann",
        "Role:        VIEWER",
        "In groups:   edge DEPLOYER",
    ]
    assert await polyhelm.fine("role", "ls") == [
        "USER    ROLE     IN GROUPS",
        "admin   ADMIN    -",
        "ann     VIEWER   edge DEPLOYER",
    ]
    assert (await polyhelm("role", "revoke", "ann")).code == 2
    assert (await polyhelm("role", "revoke", "ann", "--yes")).words == ["ann no longer has a role there."]
    done = await polyhelm("role", "grant", "admin", "viewer")
    assert (done.code, done.words[0]) == (
        1,
        "Error: admin is the organization's only admin. Appoint another one first.",
    )
