"""`polyhelm secret`, and deploy files that refer to secrets and have a description."""

import asyncio

import pytest

from simulator import Member
from tests.cli.polyhelm import Polyhelm
from tests.cli.terminal import terminal

FILE = """\
polyhelm: v1
group: fleet
release: shop
namespace: default
chart: charts/web
description: Sells things.
valuesFrom:
- {secret: shop-db, key: password, path: database.password}
overridesFrom:
  paris:
  - {secret: shop-db, key: user, path: name}
"""


async def test_a_secret_is_added_used_by_a_file_changed_and_deleted(
    working: Polyhelm, members: dict[str, Member]
) -> None:
    await working.stack.fleet({name: member.kubeconfig for name, member in members.items()})
    (working.home / "user.txt").write_text("shop")
    done = await working("secret", "set", "shop-db", "password", "user=@user.txt", stdin="first-canary\n")
    assert (done.code, done.lines, done.words) == (0, [], ["shop-db added."])
    assert await working.fine("secret", "ls") == [
        "NAME      KIND     GROUP   KEYS             VERSION   AGE   USED BY",
        "shop-db   OPAQUE   -       password, user   1 <age> -",
    ]
    assert await working.fine("secret", "ls", "--search", "SHOP", "-o", "name") == ["shop-db"]

    (working.home / "shop.yaml").write_text(FILE)
    apply = ("deploy", "apply", "-f", "shop.yaml", "--yes")
    done = await working(*apply)
    assert done.code == 0, done
    assert done.words[-1] == "fleet/shop is up to date: generation 1."
    assert await working.fine(*apply) == ["fleet/shop: nothing differs."]
    shop = (await working("deploy", "get", "fleet/shop", "-o", "json")).data
    assert shop["description"] == "Sells things."
    assert shop["valuesFrom"] == [{"secret": "shop-db", "key": "password", "path": "database.password"}]
    assert [each["cluster"] for each in shop["valueOverrides"]] == ["paris"]

    # A description makes no generation.
    (working.home / "shop.yaml").write_text(FILE.replace("things", "more"))
    assert (await working.fine(*apply))[:2] == [
        "fleet/shop would change, from generation 1:",
        '  description: "Sells things." -> "Sells more."',
    ]
    shop = (await working("deploy", "get", "fleet/shop", "-o", "json")).data
    assert (shop["generation"], shop["description"]) == (1, "Sells more.")

    done = await working("secret", "set", "shop-db", "password", stdin="second-canary")
    assert done.words == ["shop-db is at version 2. Used by fleet/shop. polyhelm status shows which are stale."]
    stale = (await working("deploy", "get", "fleet/shop", "-o", "json")).data["targets"]
    assert {target["status"] for target in stale} == {"STALE"}
    assert "canary" not in str(stale)
    assert (await working("reconcile", "fleet/shop")).code == 0

    done = await working("secret", "rm", "shop-db", "--yes")
    assert (done.code, done.words[0]) == (
        1,
        "Error: shop-db is used by shop. Remove it from their valuesFrom and rollout strategies first.",
    )


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            ("set", "db", "password=1234"),
            [
                "Error: The value of password is on the command line, where other users can see it.",
                "Next: Omit it to be prompted, or read it from a file: password=@FILE",
            ],
        ),
        (
            ("set", "db", "a", "b"),
            [
                "Error: Only one value can be read from standard input.",
                "Next: Read the others from files: KEY=@FILE",
            ],
        ),
        (("set", "db", "a=@x", "a"), ["Error: 'a' is given twice."]),
        (("set", "db"), ["Error: There is nothing to set.", "Next: Give a key: polyhelm secret set db KEY"]),
        (("set", "db", "a=@none"), ["Error: none cannot be read: No such file or directory"]),
        (
            ("rm", "db", "--yes"),
            ["Error: There is no secret 'db'.", "Next: List secrets: polyhelm secret ls"],
        ),
    ],
)
async def test_a_refused_secret_prints_the_reason(
    polyhelm: Polyhelm, arguments: tuple[str, ...], words: list[str]
) -> None:
    done = await polyhelm("secret", *arguments, stdin="x")
    assert (done.lines, done.words) == ([], words)
    assert done.code == (1 if arguments[0] == "rm" else 2)


async def test_on_a_terminal_values_are_asked_for_and_not_shown(polyhelm: Polyhelm) -> None:
    async with terminal(polyhelm, "secret", "set", "db", "password") as screen:
        async with asyncio.timeout(30):
            while not screen.raw.endswith(b"Value of password: "):  # noqa: ASYNC110 - then the echo is off
                await asyncio.sleep(0.01)
        screen.type("correct-horse\r")
        assert await screen.ended() == 0
        assert "correct-horse" not in screen.text
    assert await polyhelm.fine("secret", "ls", "-o", "name") == ["db"]
