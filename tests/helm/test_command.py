"""How Helm is run, by a script in its place."""

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from app.clusters.kubeconfig import Access
from app.core.errors import TemporaryError
from app.helm.binary import HelmBinary, HelmVersion
from app.helm.command import Helm, Options, Place
from app.helm.slots import HelmSlots
from app.sandbox.limits import Limits
from tests.helm.places import place_on
from tests.stack import eventually

ACCESS = Access("https://paris.example:6443", None, "s3cr3t-token", None, None)
CHART = Path("/charts/web.tgz")
LIMITS = Limits(memory=2**30, cpu=60)

Make = Callable[[str], Helm]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """A Helm that is this script of Python; what it writes into `told(...)` is found in `said.json`."""

    def made(script: str) -> Helm:
        program = tmp_path / "helm"
        head = f"#!{sys.executable} -I\nimport json, os, signal, subprocess, sys, time\n"
        head += f"def told(what): open({str(tmp_path / 'draft')!r}, 'w').write(json.dumps(what)); "
        head += f"os.rename({str(tmp_path / 'draft')!r}, {str(tmp_path / 'said.json')!r})\n"
        program.write_text(head + script)
        program.chmod(0o755)
        return Helm(
            HelmBinary(program, HelmVersion("3.22.0"), "of a test"), tmp_path / "cache", LIMITS, HelmSlots(2, 2, 100)
        )

    return made


@pytest_asyncio.fixture
async def place() -> AsyncIterator[Place]:
    """Where nothing is ever asked: these programs do not speak to a member."""
    async with place_on(ACCESS, name="shop") as opened:
        yield opened


async def said(folder: Path) -> Any:
    async def look() -> Any:
        path = folder / "said.json"
        return json.loads(path.read_text()) if path.exists() else None

    return await eventually(look)


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split(")")[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def gone(pid: int) -> None:
    async def look() -> bool:
        return not is_alive(pid)

    await eventually(look)


def left_over(folder: Path) -> list[Path]:
    return list((folder / "cache" / "runs").glob("*/*/"))


ARGUMENTS = "told(sys.argv[1:])"


async def test_each_action_is_one_command_for_one_release(make: Make, place: Place, tmp_path: Path) -> None:
    helm = make(ARGUMENTS)
    options = Options(timeout_seconds=60)
    end = ["--namespace", "default", "--timeout", "60s"]

    async def ran(action: Any) -> list[str]:
        (tmp_path / "said.json").unlink(missing_ok=True)
        await action
        arguments = await said(tmp_path)
        assert arguments[-4:] == end
        return list(arguments[:-4])

    assert await ran(helm.deploy(place, CHART, {}, options, exists=False)) == [
        *("install", "--replace", "--create-namespace", "shop", str(CHART), "--values", "-")
    ]
    assert await ran(helm.deploy(place, CHART, {}, options, exists=True)) == [
        *("upgrade", "--reset-values", "--history-max", "10", "shop", str(CHART), "--values", "-")
    ]
    assert await ran(helm.uninstall(place, options)) == ["uninstall", "shop", "--ignore-not-found"]
    without_hooks = replace(options, hooks=False)
    assert await ran(helm.uninstall(place, without_hooks)) == ["uninstall", "shop", "--ignore-not-found", "--no-hooks"]


@pytest.mark.parametrize(
    ("options", "flags"),
    [
        (Options(), []),
        (Options(atomic=True), ["--atomic"]),
        (Options(wait=True), ["--wait", "--wait-for-jobs"]),
        (Options(hooks=False), ["--no-hooks"]),
        (Options(validate=False), ["--disable-openapi-validation"]),
        (Options(check_schema=False), ["--skip-schema-validation"]),
        (Options(skip_crds=True), ["--skip-crds"]),
    ],
)
async def test_options_are_flags(make: Make, place: Place, tmp_path: Path, options: Options, flags: list[str]) -> None:
    await make(ARGUMENTS).deploy(place, CHART, {}, options, exists=False)
    arguments = await said(tmp_path)
    assert arguments[7 : 7 + len(flags) + 1] == [*flags, "--namespace"]
    assert arguments[-1] == "300s"


async def test_values_arrive_whole_by_standard_input(make: Make, place: Place, tmp_path: Path) -> None:
    values = {"text": "\u2028\x7f'\"\\\n" * 50_000, "null": None, "deep": {"a": [1, 2.5, "x"]}}
    await make("time.sleep(0.1); told(json.loads(sys.stdin.read()))").deploy(
        place, CHART, values, Options(), exists=False
    )
    assert await said(tmp_path) == values


async def test_the_environment_holds_what_helm_needs_and_nothing_of_ours(
    make: Make, place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POLYHELM_DATABASE_URL", "postgresql://secret")
    monkeypatch.setenv("KUBECONFIG", "/root/.kube/config")
    monkeypatch.setenv("HELM_NAMESPACE", "other")
    await make("told([dict(os.environ), os.getcwd()])").uninstall(place, Options())
    environment, folder = await said(tmp_path)
    environment.pop("LC_CTYPE", None)  # Python's own
    proxy = environment.pop("HTTP_PROXY")
    assert re.fullmatch(r"http://helm:[\w-]{43}@127\.0\.0\.1:\d+", proxy)
    assert environment == {
        "HOME": folder,
        "TMPDIR": folder,
        "PATH": os.defpath,
        "HELM_CACHE_HOME": f"{folder}/cache",
        "HELM_CONFIG_HOME": f"{folder}/config",
        "HELM_DATA_HOME": f"{folder}/data",
        "HELM_PLUGINS": f"{folder}/no-plugins",
        "HELM_DRIVER": "secret",
        "HELM_KUBEAPISERVER": "http://cluster",
        "HTTPS_PROXY": proxy,
        "KUBECONFIG": "/dev/null",
        "KUBECACHEDIR": str(tmp_path / "cache" / "helm" / "1" / "kube"),
        "GOGC": "off",
        "GOMAXPROCS": "1",
        "GOMEMLIMIT": "128MiB",
    }


LOOKS = """
files = [open(os.path.join(folder, name)).read() for folder, _, names in os.walk(os.getcwd()) for name in names]
told([sys.argv[1:], dict(os.environ), files, sys.stdin.read(), oct(os.stat(os.getcwd()).st_mode & 0o777), os.getcwd()])
"""


async def test_helm_gets_no_credentials_and_its_folder_holds_nothing(make: Make, place: Place, tmp_path: Path) -> None:
    await make(LOOKS).deploy(place, CHART, {"password": "hunter2"}, Options(), exists=False)
    arguments, environment, files, values, mode, folder = await said(tmp_path)
    assert "s3cr3t-token" not in json.dumps([arguments, environment, files, values])
    assert "hunter2" not in json.dumps([arguments, environment, files])
    assert (values, files, mode) == ('{"password":"hunter2"}', [], "0o700")
    assert Path(folder).parent.parent == tmp_path / "cache" / "runs"
    assert left_over(tmp_path) == []


async def test_a_failure_has_helms_words_and_leaves_no_file(make: Make, place: Place, tmp_path: Path) -> None:
    helm = make(
        "print('Error: INSTALLATION FAILED: cannot re-use a name that is still in use', file=sys.stderr); sys.exit(1)"
    )
    with pytest.raises(TemporaryError) as caught:
        await helm.deploy(place, CHART, {}, Options(), exists=False)
    assert (caught.value.code, caught.value.message, caught.value.wrote) == (
        "release_changed",
        "INSTALLATION FAILED: cannot re-use a name that is still in use",
        False,
    )
    assert left_over(tmp_path) == []


async def test_a_preview_gives_what_helm_writes_and_not_its_warnings(make: Make, place: Place) -> None:
    helm = make("print('W1121 noise', file=sys.stderr); sys.stdout.write('x' * 300_000)")
    assert await helm.preview(place, CHART, {}, Options(), exists=False) == b"x" * 300_000


FAMILY = """
child = subprocess.Popen(["/bin/sleep", "600"])
told([os.getpid(), child.pid])
child.wait()
"""


async def test_a_cancel_ends_the_whole_process_group(make: Make, place: Place, tmp_path: Path) -> None:
    run = asyncio.create_task(make(FAMILY).uninstall(place, Options()))
    pids = await said(tmp_path)
    assert os.getpgid(pids[0]) == os.getpgid(pids[1]) == pids[0]
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
    for pid in pids:
        await gone(pid)
    assert left_over(tmp_path) == []


async def test_helm_may_write_down_that_it_was_ended(make: Make, place: Place, tmp_path: Path) -> None:
    script = "signal.signal(signal.SIGTERM, lambda *_: (told('ended in good order'), sys.exit(1)))\n"
    script += "open(os.path.join(os.getcwd(), 'ready'), 'w').close()\ntime.sleep(600)"
    run = asyncio.create_task(make(script).uninstall(place, Options()))

    async def ready() -> bool:
        return any((tmp_path / "cache" / "runs").glob("*/*/ready"))

    await eventually(ready, 20)
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
    assert await said(tmp_path) == "ended in good order"


async def test_a_run_beyond_its_hard_limit_is_ended_and_may_be_tried_again(
    make: Make, place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.helm.command.MARGIN_SECONDS", 1.5)
    with pytest.raises(TemporaryError) as caught:
        await make(FAMILY).uninstall(place, Options(timeout_seconds=0))
    assert (caught.value.code, caught.value.most) == ("helm_hung", 3)
    assert caught.value.message.startswith("Helm did not end within 1.5 s and was terminated. ")
    for pid in await said(tmp_path):
        await gone(pid)


async def test_no_more_run_at_once_than_is_allowed(make: Make, place: Place, tmp_path: Path) -> None:
    marks = tmp_path / "marks"
    marks.mkdir()
    script = f"mark = {str(marks)!r} + f'/{{os.getpid()}}'\nopen(mark, 'w').close()\n"
    script += f"time.sleep(0.2)\nprint(len(os.listdir({str(marks)!r})))\nos.remove(mark)"
    helm = make(script)
    outputs = await asyncio.gather(*(helm.preview(place, CHART, {}, Options(), exists=True) for _ in range(6)))
    assert max(int(output) for output in outputs) == 2


WORKER = """
import asyncio, sys
from pathlib import Path
from app.helm.binary import HelmBinary, HelmVersion
from app.helm.command import Helm, Options
from app.helm.slots import HelmSlots
from tests.helm.places import place_on
from tests.helm.test_command import ACCESS, LIMITS
helm = Helm(HelmBinary(Path(sys.argv[1]), HelmVersion("3.22.0"), ""), Path(sys.argv[2]), LIMITS, HelmSlots(1, 1, 100))
async def run():
    async with place_on(ACCESS) as place:
        await helm.uninstall(place, Options())
asyncio.run(run())
"""


async def test_helm_and_what_it_started_end_with_a_worker_that_is_killed_and_the_next_sweep_removes_its_folder(
    make: Make, tmp_path: Path
) -> None:
    helm = make(f"signal.signal(signal.SIGTERM, signal.SIG_IGN)\n{FAMILY}")
    worker = await asyncio.create_subprocess_exec(
        sys.executable, "-c", WORKER, helm.binary.path, tmp_path / "cache", stdout=subprocess.DEVNULL
    )
    try:
        pids = await said(tmp_path)
        helm.sweep()
        assert len(left_over(tmp_path)) == 1  # that of a worker that is alive stays
        worker.kill()
        assert await worker.wait() == -signal.SIGKILL
        for pid in pids:
            await gone(pid)
    finally:
        if worker.returncode is None:
            worker.kill()
            await worker.wait()
    helm.sweep()
    assert [path.name for path in (tmp_path / "cache" / "runs").iterdir()] == ["lock"]


def test_folders_of_an_older_version_are_removed(make: Make, tmp_path: Path) -> None:
    runs = tmp_path / "cache" / "runs"
    (runs / "old").mkdir(parents=True)
    (runs / "old" / "kubeconfig").write_text("secret")
    make("").sweep()
    assert [path.name for path in runs.iterdir()] == ["lock"]
