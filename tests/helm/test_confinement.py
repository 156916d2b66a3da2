"""What a chart or a member can make of Helm: real Helm, on a member that takes what it sends."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from app.charts.package import open_package
from app.charts.unpacking import Limits as ChartLimits
from app.clusters.kubeconfig import Access
from app.core.errors import PermanentError, TemporaryError
from app.helm.binary import find_helm
from app.helm.command import Helm, Options
from app.helm.slots import HelmSlots
from app.sandbox import landlock
from app.sandbox.limits import Limits, reaching
from simulator import Member
from simulator.certificates import issue
from tests.canary import Pipe, listening
from tests.charts.servers import served
from tests.charts.test_package import packing
from tests.helm.places import place_on
from tests.sample_charts import archive, chart_files

SIMPLE = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  told: "
OPTIONS = Options(timeout_seconds=60)
LIMITS = Limits(memory=2**28, cpu=60)


def chart(folder: Path, told: str, *, more: dict[str, str] | None = None) -> Path:
    """A chart of one ConfigMap whose `told` is what this template makes."""
    files = chart_files() | {"templates/config.yaml": f"{SIMPLE}{told}\n"} | (more or {})
    path = folder / "web.tgz"
    path.write_bytes(archive(files))
    return path


def helm_with(folder: Path, limits: Limits = LIMITS) -> Helm:
    return Helm(find_helm(None), folder / "cache", limits, HelmSlots(2, 2, 100))


async def rendered(helm: Helm, member: Member, path: Path, **options: Any) -> str:
    async with place_on(member.kubeconfig) as place:
        output = await helm.preview(place, path, {}, Options(timeout_seconds=60, **options), exists=False)
    return str(json.loads(output)["manifest"])


def left_over(folder: Path) -> list[Path]:
    return list((folder / "cache" / "runs").glob("*/*/"))


BOMBS = {
    "a text of gigabytes": ('{{ repeat 1000000000 "xxxxxxxxxx" | quote }}', LIMITS, "helm_memory"),
    "a list of billions": ("{{ range until 2000000000 }}x{{ end }}", LIMITS, "helm_memory"),
    "a list that doubles": (
        '{{ $l := list "x" }}{{ range until 60 }}{{ $l = concat $l $l }}{{ end }}{{ len $l }}',
        LIMITS,
        "helm_memory",
    ),
    "keys without end": (
        '{{ range until 1000000 }}{{ $x := genPrivateKey "rsa" }}{{ end }}x',
        Limits(memory=2**28, cpu=1),
        "helm_cpu",
    ),
    "loops in loops": (
        "{{ range until 100000 }}{{ range until 100000 }}{{ end }}{{ end }}x",
        Limits(memory=2**28, cpu=1),
        "helm_cpu",
    ),
    "output without end": (
        '{{ repeat 3000000 "x" | quote }}',
        Limits(memory=2**28, cpu=60, output=2**20),
        "helm_output_too_large",
    ),
    "a template that is in itself": (
        '{{ define "a" }}{{ template "a" . }}{{ end }}{{ template "a" . }}',
        LIMITS,
        "chart_not_rendered",
    ),
    "aliases that unfold": (
        "\n    a: &a [x, x]\n"
        + "".join(f"    {chr(98 + n)}: &{chr(98 + n)} [{', '.join(['*' + chr(97 + n)] * 10)}]\n" for n in range(9)),
        LIMITS,
        "chart_not_rendered",
    ),
    "lists that are nested too deep": ('{{ repeat 100000 "[" }}', LIMITS, "chart_not_rendered"),
}


@pytest.mark.parametrize("bomb", BOMBS)
async def test_a_bomb_is_reported_for_good_and_leaves_nothing(
    simulated: Callable[[str], Member], tmp_path: Path, bomb: str
) -> None:
    template, limits, code = BOMBS[bomb]
    paris = simulated("paris")
    helm = helm_with(tmp_path, limits)
    async with place_on(paris.kubeconfig) as place:
        with pytest.raises(PermanentError) as caught:
            await helm.preview(place, chart(tmp_path, template), {}, OPTIONS, exists=False)
    assert caught.value.code == code
    assert len(caught.value.message) < 600
    assert "goroutine" not in f"{caught.value.message} {caught.value.output}"
    assert left_over(tmp_path) == []
    assert paris.writes == 0


async def test_an_ordinary_chart_beside_a_bomb_is_installed(simulated: Callable[[str], Member], tmp_path: Path) -> None:
    (tmp_path / "bomb").mkdir()
    helm, paris = helm_with(tmp_path), simulated("paris")
    bomb = chart(tmp_path / "bomb", '{{ repeat 1000000000 "xxxxxxxxxx" }}')
    good = chart(tmp_path, "fine")
    async with place_on(paris.kubeconfig, name="bomb") as bombed, place_on(paris.kubeconfig) as place:
        results = await asyncio.gather(
            helm.deploy(bombed, bomb, {}, OPTIONS, exists=False),
            helm.deploy(place, good, {}, OPTIONS, exists=False),
            return_exceptions=True,
        )
    assert isinstance(results[0], PermanentError)
    assert "STATUS: deployed" in str(results[1])
    [secret] = [found for found in paris.objects("secrets") if found["metadata"]["labels"].get("owner") == "helm"]
    assert secret["metadata"]["labels"]["name"] == "web"


async def test_a_run_that_the_system_ends_may_be_tried_again(
    tmp_path: Path, simulated: Callable[[str], Member]
) -> None:
    program = tmp_path / "helm"
    program.write_text(f"#!{sys.executable} -I\nimport os\nos.kill(os.getpid(), 9)\n")
    program.chmod(0o755)
    helm = helm_with(tmp_path)
    helm.binary = type(helm.binary)(program, helm.binary.version, "of a test")
    async with place_on(simulated("paris").kubeconfig) as place:
        with pytest.raises(TemporaryError) as caught:
            await helm.uninstall(place, OPTIONS)
    assert (caught.value.code, caught.value.message) == (
        "helm_killed",
        "Helm was killed by the system (SIGKILL), for example because the machine ran out of memory.",
    )


async def test_a_chart_reads_its_own_files_alone(simulated: Callable[[str], Member], tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("hunter2")
    pipe = Pipe(tmp_path / "pipe")
    climbs = "../" * 12
    reads = [
        *(f'{{{{ .Files.Get "{path}" }}}}' for path in (secret, pipe.path, "/etc/passwd", f"{climbs}etc/passwd")),
        f'{{{{ .Files.Lines "{climbs}{secret}" | join "," }}}}',
        '{{ range $p, $f := .Files.Glob "/etc/*" }}{{ $p }}{{ end }}',
        '{{ range $p, $f := .Files.Glob "../**" }}{{ $p }}{{ end }}',
        f'{{{{ (.Files.Glob "{tmp_path}/*").AsConfig | replace "{{}}" "" }}}}',
    ]
    told = "".join(f"\n    - '{read}'" for read in [*reads, '{{ .Files.Get "README.md" | trim }}'])
    manifest = await rendered(helm_with(tmp_path), simulated("paris"), chart(tmp_path, told))
    lines = [line.strip() for line in manifest.splitlines() if line.strip().startswith("- ")]
    assert lines == ["- ''"] * len(reads) + ["- '# web'"]
    assert not pipe.is_open


@pytest.mark.parametrize("function", ['env "HOME"', 'expandenv "$HOME"', 'readFile "/etc/passwd"', 'exec "id"'])
async def test_a_chart_has_no_functions_that_look_outside(
    simulated: Callable[[str], Member], tmp_path: Path, function: str
) -> None:
    with pytest.raises(PermanentError) as caught:
        await rendered(helm_with(tmp_path), simulated("paris"), chart(tmp_path, f"{{{{ {function} }}}}"))
    assert caught.value.code == "chart_not_rendered"
    assert f'function "{function.split()[0]}" not defined' in caught.value.message


async def test_a_chart_cannot_resolve_host_names(simulated: Callable[[str], Member], tmp_path: Path) -> None:
    told = "'{{ getHostByName \"localhost\" }}'"
    manifest = await rendered(helm_with(tmp_path), simulated("paris"), chart(tmp_path, told))
    assert manifest.rstrip().endswith("told: ''")


async def test_a_dependency_that_a_chart_names_is_fetched_from_nowhere(
    simulated: Callable[[str], Member], tmp_path: Path
) -> None:
    beside = tmp_path / "beside"
    beside.mkdir()
    pipe = Pipe(beside / "Chart.yaml")
    async with listening() as canary:
        paris = simulated("paris")
        for repository in (f"file://{beside}", "file://../beside", f"http://127.0.0.1:{canary.port}"):
            wants = f"dependencies: [{{name: beside, version: 1.0.0, repository: '{repository}'}}]\n"
            path = chart(tmp_path, "x", more={"Chart.yaml": chart_files()["Chart.yaml"] + wants})
            with pytest.raises(PermanentError) as caught:
                await rendered(helm_with(tmp_path), paris, path)
            assert "missing in charts/ directory: beside" in caught.value.message
        assert canary.heard == []
    assert not pipe.is_open


async def test_a_schema_of_a_chart_packed_within_is_fetched_from_nowhere(
    simulated: Callable[[str], Member], tmp_path: Path
) -> None:
    """Helm would fetch it, from an address or a file; so its check is left out where a schema refers to another."""
    paris, pipe = simulated("paris"), Pipe(tmp_path / "pipe")
    async with listening() as canary:
        for place in (f"http://127.0.0.1:{canary.port}/a.json", f"file://{pipe.path}"):
            content = packing(("db/values.schema.json", json.dumps({"$ref": place}).encode()))
            package = open_package(content, ChartLimits(2**20, 2**24))
            (tmp_path / "web.tgz").write_bytes(content)
            manifest = await rendered(
                helm_with(tmp_path), paris, tmp_path / "web.tgz", check_schema=not package.has_remote_schema
            )
            assert "kind: ConfigMap" in manifest
        assert canary.heard == []
    assert not pipe.is_open


@pytest.mark.parametrize(
    "target", ["http://127.0.0.1:{}/", "http://localhost:{}/", "https://127.0.0.1:{}/", "http://169.254.169.254/"]
)
async def test_a_member_cannot_redirect_helm_to_another_server(tmp_path: Path, target: str) -> None:
    """Helm follows redirects, with the token; what keeps it from it is outside of Helm."""
    async with listening() as canary:

        async def answer(request: web.Request) -> web.Response:
            return web.Response(status=307, headers={"Location": target.format(canary.port)})

        certificates = issue()
        async with served(answer, certificates.context()) as host:
            access = Access(f"https://{host}", certificates.authority.decode(), "t0ken", None, None)
            async with place_on(access) as place:
                with pytest.raises(TemporaryError) as caught:
                    await helm_with(tmp_path).uninstall(place, OPTIONS)
        assert caught.value.code == "cluster_unreachable"
        if landlock.is_available():
            assert canary.heard == []


@pytest.mark.skipif(not landlock.is_available(), reason="this kernel restricts no TCP connections")
async def test_a_confined_program_can_connect_only_to_its_ports_while_others_are_not_restricted() -> None:
    async with listening() as allowed, listening() as other:
        script = "for port in $0 $1; do (: > /dev/tcp/127.0.0.1/$port) 2>/dev/null; echo $?; done"
        command = ["bash", "-c", script, str(allowed.port), str(other.port)]
        child = reaching([allowed.port], lambda: subprocess.Popen(command, stdout=subprocess.PIPE))
        output, _ = await asyncio.to_thread(child.communicate)
        assert output == b"0\n1\n"
        _, writer = await asyncio.open_connection("127.0.0.1", other.port)
        writer.close()
        await writer.wait_closed()


async def test_limits_are_on_the_process_itself(tmp_path: Path, simulated: Callable[[str], Member]) -> None:
    said = tmp_path / "cache" / "said"
    program = tmp_path / "helm"
    program.write_text(
        f"#!{sys.executable} -I\nimport json, resource as r, time\ntime.sleep(0.2)\n"
        "limits = [r.getrlimit(k) for k in (r.RLIMIT_DATA, r.RLIMIT_CPU, r.RLIMIT_FSIZE, r.RLIMIT_CORE)]\n"
        f"told = [limits, open('/proc/self/oom_score_adj').read()]\nopen({str(said)!r}, 'w').write(json.dumps(told))\n"
    )
    program.chmod(0o755)
    helm = helm_with(tmp_path, Limits(memory=2**29, cpu=7, output=2**20))
    helm.binary = type(helm.binary)(program, helm.binary.version, "of a test")
    async with place_on(simulated("paris").kubeconfig) as place:
        await helm.uninstall(place, OPTIONS)
    limits, score = json.loads(said.read_text())
    assert limits == [[2**29, 2**29], [7, 7], [2**20, 2**20], [0, 0]]
    assert score.strip() == "1000"
