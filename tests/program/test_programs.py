"""The installed program, run as a user would."""

import asyncio
import os
import re
import signal
import sysconfig
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from pathlib import Path

import httpx2
import pytest

from app.program.demo import sample_chart
from tests.forks import finished
from tests.stack import TOKEN

PAGE = Path(__file__).parents[2] / "docs/reference/settings.md"
POLYHELM = str(Path(sysconfig.get_path("scripts")) / "polyhelm")


async def run(*arguments: str, **settings: str) -> tuple[int, str]:
    """Exit code, and all that was printed, by a process that has its modules imported already."""
    code, out, err = await finished(*arguments, environment=environment(**settings), folder=Path.cwd())
    return code, out.decode() + err.decode()


def environment(**settings: str) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return kept | {"COLUMNS": "200"} | {f"POLYHELM_{name.upper()}": value for name, value in settings.items()}


@asynccontextmanager
async def started(command: str, folder: Path, ready: str, *, port: int = 0) -> AsyncIterator[str]:
    """A command that runs until the block ends, and what it had printed when it was ready; Ctrl-C must end it well."""
    process = await asyncio.create_subprocess_exec(
        POLYHELM,
        command,
        *("--port", str(port), "--data-dir", str(folder)),
        env=environment(bootstrap_token=TOKEN),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    assert process.stdout is not None
    printed = ""
    try:
        async with asyncio.timeout(60):
            while ready not in printed:
                line = await process.stdout.readline()
                assert line, printed
                printed += line.decode()
        yield printed
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGINT)
        rest, _ = await asyncio.wait_for(process.communicate(), 180)
    assert process.returncode == 0, printed + rest.decode()
    assert processes_of(folder) == []


def processes_of(folder: Path) -> list[str]:
    """Command lines that name this folder, of processes that run now."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if str(folder) in line:
            found.append(line)
    return found


async def test_up_serves_until_ctrl_c_and_finds_everything_as_it_was(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)  # noqa: ASYNC240 - as root, Postgres is another user
    headers = {"Authorization": f"Bearer {TOKEN}"}
    for query in (
        'mutation { createOrganization(input: { name: "second" }) { __typename } }',
        "{ memberships { organization role } }",
    ):
        async with started("up", tmp_path, "Ctrl-C") as printed, httpx2.AsyncClient() as client:
            address = re.search(r"http://\S+?(?=/graphql)", printed)
            assert address, printed
            assert (await client.get(f"{address[0]}/healthz")).text == "ok\n"
            ready = await client.get(f"{address[0]}/readyz")
            checks = dict.fromkeys(("postgres", "writing", "redis", "schema"), "ok")
            assert (ready.status_code, ready.json()) == (200, checks)
            metrics = await client.get(f"{address[0]}/metrics")
            assert "polyhelm_waiting_targets 0.0" in metrics.text
            answer = (await client.post(f"{address[0]}/graphql", json={"query": query}, headers=headers)).json()
    assert answer["data"]["memberships"] == [
        {"organization": "default", "role": "ADMIN"},
        {"organization": "second", "role": "ADMIN"},
    ]


async def test_the_demo_deploys_on_three_clusters_and_finds_them_again(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)  # noqa: ASYNC240
    query = "{ deployments { nodes { releaseName generation statusCounts { status count } } } }"
    answers = []
    for _ in range(2):
        async with started("demo", tmp_path, "Press Ctrl-C to stop") as printed, httpx2.AsyncClient() as client:
            assert "berlin DEPLOYED, paris DEPLOYED, tokyo DEPLOYED." in printed
            address = re.search(r"Open (http\S+)/", printed)
            token = re.search(r"^  (polyhelm_\S+)$", printed, re.MULTILINE)
            assert address, printed
            assert token, printed
            headers = {"Authorization": f"Bearer {token[1]}"}
            password = re.search(r"with this password.*\n  (\S+)$", printed, re.MULTILINE)
            assert password, printed
            asked = f'mutation {{ signIn(input: {{ name: "admin", password: "{password[1]}" }}) {{ __typename }} }}'
            answer = (await client.post(f"{address[1]}/graphql", json={"query": asked})).json()
            assert answer["data"] == {"signIn": {"__typename": "SignInPayload"}}
            for asked in re.findall(r"^  ((?:\{ d|mutation).*)$", printed, re.MULTILINE):
                answer = (await client.post(f"{address[1]}/graphql", json={"query": asked}, headers=headers)).json()
                assert "errors" not in answer, asked
                answers += [answer["data"]] if asked == query else []
    assert answers == 2 * [
        {
            "deployments": {
                "nodes": [
                    {"releaseName": "hello", "generation": 1, "statusCounts": [{"status": "DEPLOYED", "count": 3}]}
                ]
            }
        }
    ]


def test_the_demo_uploads_the_same_chart_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    first = sample_chart()
    monkeypatch.setattr(time, "time", lambda: 0.0)
    assert sample_chart() == first


async def test_a_port_that_is_taken_is_reported_in_one_line(tmp_path: Path) -> None:
    server = await asyncio.start_server(lambda reader, writer: writer.close(), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        code, printed = await run("up", "--port", str(port), "--data-dir", str(tmp_path))
    assert code == 2
    assert printed.splitlines() == [
        f"Cannot listen on 127.0.0.1:{port} (Address already in use). Choose another --port or --host."
    ]


async def test_a_single_process_names_the_settings_that_it_lacks() -> None:
    for part in ("api", "worker", "observer"):
        code, printed = await run(part)
        assert code == 2
        assert printed.splitlines() == [
            "Set POLYHELM_DATABASE_URL and POLYHELM_REDIS_URL, or use `polyhelm up`, which starts embedded ones."
        ]


async def test_an_invalid_setting_is_named() -> None:
    code, printed = await run("worker", port="many")
    assert code == 2
    assert printed.startswith("POLYHELM_PORT: ")


async def test_doctor_says_what_is_there_and_what_is_missing(tmp_path: Path) -> None:
    code, printed = await run("doctor", "--data-dir", str(tmp_path))
    assert code == 0
    assert [line[2:].split(":")[0] for line in printed.splitlines()] == [
        *("Python", "Helm", "Helm's connections", "Encryption keys", "Postgres", "Redis", "Disk")
    ]
    assert os.listdir(tmp_path) == []
    code, printed = await run(
        "doctor",
        *("--data-dir", str(tmp_path)),
        database_url="postgresql://nobody@127.0.0.1:1/none",
        helm="/nowhere/helm",
        encryption_keys="one:short",
    )
    assert code == 1
    assert printed.count("✗") == 3


async def test_the_installed_program_prints_its_version() -> None:
    process = await asyncio.create_subprocess_exec(
        POLYHELM, "--version", env=environment(), stdout=asyncio.subprocess.PIPE
    )
    output, _ = await process.communicate()
    assert (process.returncode, output.decode()) == (0, f"{version('polyhelm')}\n")


async def test_the_settings_page_names_every_setting() -> None:
    code, printed = await run("settings")
    assert code == 0
    assert printed == PAGE.read_text()
