"""`polyhelm demo`: a complete Polyhelm with three member clusters and a deployment on them, to try things out.

A restart finds everything as it was, and changes nothing that exists already.
"""

import asyncio
import gzip
import io
import os
import secrets
import shlex
import shutil
import sys
import sysconfig
import tarfile
from base64 import b64encode
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from enum import StrEnum
from pathlib import Path

import coolname
import orjson
from pydantic import SecretStr
from rich.console import Console

from app.charts.catalog import upload
from app.clusters.registration import RegisterCluster, register_cluster
from app.core.errors import Conflict, Forbidden
from app.core.settings import Settings
from app.deployments.creation import CreateDeployment, create_deployment
from app.deployments.given import GivenOverride
from app.deployments.lists import deployment_by_name
from app.deployments.progress import Progress
from app.fleet.membership import create_group
from app.fleet.services import AllServices
from app.helm.binary import find_helm
from app.identity.tokens import authenticate, new_token
from app.identity.users import set_password
from app.identity.viewer import Viewer
from app.program.processes import all_in_one, signalled
from app.targets.queries import targets_of

KUBECONFIGS = "POLYHELM_DEMO_KUBECONFIGS"
GROUP, RELEASE, NAMESPACE = "web", "hello", "demo"
_SETTLE_SECONDS = 60
_CHART = Path(__file__).parent / "demo_chart"

_PLACES = {
    "paris": ("amazon", "eks", "eu-west-3"),
    "berlin": ("google", "gke", "europe-west10"),
    "tokyo": ("amazon", "eks", "ap-northeast-1"),
}
_GREETINGS = {
    "paris": {"greeting": "Bonjour", "replicaCount": 3},
    "berlin": {"greeting": "Guten Tag", "replicaCount": 2},
    "tokyo": {"greeting": "こんにちは"},
}
_QUERIES = (
    (
        "What is the status of the deployments?",
        "{ deployments { nodes { releaseName generation statusCounts { status count } } } }",
    ),
    (
        "What runs on each cluster, and why?",
        f'{{ deployment(group: "{GROUP}", releaseName: "{RELEASE}") {{ id generation targets {{ clusterName status'
        " reasons { message } revision version values desiredValues } } }",
    ),
    (
        "What would a newer nginx change? (A dry run changes nothing.)",
        'mutation { updateDeployment(input: { id: "%s", reuseValues: true, dryRun: true,'
        ' values: { image: { tag: "1.28-alpine" } } }) {'
        " ... on DeploymentPayload { plan { targets { clusterName action reasons { message } manifestDiff } } }"
        " ... on UserError { code message } } }",
    ),
)


class Clusters(StrEnum):
    SIMULATED = "simulated"
    GIVEN = "given"


class DemoError(Exception):
    """The demo cannot start. The message states what to do."""


async def run_demo(settings: Settings, clusters: Clusters) -> None:
    """Runs until a signal comes."""
    console = Console()
    token = await asyncio.to_thread(_kept, settings.data_dir / "demo.token", new_token)
    here = ",".join(filter(None, (settings.allowed_networks, "127.0.0.0/8", "::1")))
    settings = settings.model_copy(update={"bootstrap_token": SecretStr(token), "allowed_networks": here})
    async with _members(settings.data_dir, clusters) as kubeconfigs:
        with console.status("Starting Polyhelm…"):
            async with all_in_one(settings) as services:
                viewer = await authenticate(services.database, token)
                if viewer is None:
                    raise DemoError(f"{settings.data_dir} belongs to another installation. Choose another --data-dir.")
                console.print("[green]✓[/] Polyhelm runs: API, worker, observer, Postgres, Redis.")
                await _register(services, viewer, kubeconfigs, console)
                deployment_id = await _deploy(services, viewer, console)
                await _settle(services, deployment_id, console)
                password = await _password(services, viewer)
                _greet(services.settings, token, password, deployment_id, kubeconfigs, console)
                await signalled()
                console.print("Stopping…")


@asynccontextmanager
async def _members(folder: Path, clusters: Clusters) -> AsyncIterator[dict[str, Path]]:
    """The kubeconfig of each member, by its name."""
    if clusters is Clusters.GIVEN:
        paths = [Path(path) for path in os.environ.get(KUBECONFIGS, "").split(":") if path]
        if not paths:
            raise DemoError(f"{KUBECONFIGS} names no kubeconfigs. Set it to their paths, separated by colons.")
        yield {path.stem: path for path in paths}
        return
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        # Without -P, a module in the folder where the demo is started could replace one that the simulator imports.
        *("-P", "-m", "simulator", "--die-with-parent", "--members", ",".join(_PLACES)),
        *("--state", str(folder / "simulator"), "--kubeconfigs", str(folder / "kubeconfigs")),
        stdout=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stdout is not None
    try:
        line = await process.stdout.readline()
        if not line:
            raise DemoError("The simulated clusters did not start: see above.")
        yield {Path(path).stem: Path(path) for path in orjson.loads(line)["kubeconfigs"]}
    finally:
        with suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


async def _register(services: AllServices, viewer: Viewer, kubeconfigs: dict[str, Path], console: Console) -> None:
    for name, path in kubeconfigs.items():
        cloud, distribution, region = _PLACES.get(name, ("other", "other", "here"))
        with suppress(Conflict):
            kubeconfig = await asyncio.to_thread(path.read_text)
            await register_cluster(
                services,
                viewer,
                RegisterCluster(
                    name=name, cloud=cloud, distribution=distribution, region=region, kubeconfig=kubeconfig
                ),
            )
    with suppress(Conflict):
        await create_group(services, viewer, None, GROUP, list(kubeconfigs))
    console.print(f"[green]✓[/] Clusters {', '.join(kubeconfigs)} are members of the group {GROUP}.")


async def _deploy(services: AllServices, viewer: Viewer, console: Console) -> int:
    found = await deployment_by_name(services, viewer.organization(None), GROUP, RELEASE)
    if found is None:
        with suppress(Conflict):  # the chart exists, and only the deployment is gone
            await upload(services, viewer, None, "samples", await asyncio.to_thread(sample_chart))
        request = CreateDeployment(
            group=GROUP,
            chart="samples/hello",
            namespace=NAMESPACE,
            release_name=RELEASE,
            values={"greeting": "Hello"},
            value_overrides=[GivenOverride(name, values) for name, values in _GREETINGS.items()],
        )
        found = (await create_deployment(services, viewer, request, Progress())).deployment
        assert found is not None
    message = f"[green]✓[/] The chart samples/hello is deployed as {RELEASE}, with an override for each cluster."
    console.print(message, soft_wrap=True)
    return found.id


async def _settle(services: AllServices, deployment_id: int, console: Console) -> None:
    """Waits until every target has been processed, and prints the status of each."""
    async with asyncio.timeout(_SETTLE_SECONDS):
        while True:
            async with services.database.reading() as session:
                targets = await targets_of(session, [deployment_id])
            if all(facts.generation is not None or facts.error for facts in targets):
                break
            await asyncio.sleep(0.1)
    states = ", ".join(f"{facts.cluster_name} {facts.status}" for facts in targets)
    console.print(f"[green]✓[/] {states}.")


def _greet(
    settings: Settings,
    token: str,
    password: str,
    deployment_id: int,
    kubeconfigs: dict[str, Path],
    console: Console,
) -> None:
    address = f"http://{settings.host}:{settings.port}"
    global_id = b64encode(f"Deployment:{deployment_id}".encode()).decode()
    first = next(iter(kubeconfigs.values()))
    console.print(f"\nOpen [bold]{address}/[/]")
    console.print("Sign in as [bold]admin[/] with this password (also at [bold]/graphiql[/]):")
    console.print(f"  {password}", highlight=False, markup=False, soft_wrap=True)
    console.print("API token for programs (the sign-in page accepts it, too):")
    console.print(f"  {token}", highlight=False, markup=False, soft_wrap=True)
    for number, (question, query) in enumerate(_QUERIES, start=1):
        console.print(f"\n[bold]{number}. {question}[/]")
        console.print(
            "  " + (query % global_id if "%s" in query else query), highlight=False, markup=False, soft_wrap=True
        )
    console.print("\n[bold]Change something by hand[/], ask the second question again, and reconcile it:")
    helm = (_typed(find_helm(settings.helm).path), "--kubeconfig", shlex.quote(str(first)), "-n", NAMESPACE)
    upgrade = ("upgrade", RELEASE, shlex.quote(str(_CHART)), "--reuse-values", "--set", "replicaCount=5")
    lines = (
        " ".join((*helm, *upgrade)),
        f'mutation {{ reconcileDeployment(input: {{ id: "{global_id}" }}) {{ __typename }} }}',
    )
    for line in lines:
        console.print(f"  {line}", highlight=False, markup=False, soft_wrap=True)
    program = _typed(Path(sysconfig.get_path("scripts")) / "polyhelm")
    console.print("\n[bold]The same from a terminal[/], with the token above:")
    for line in (f"{program} login {address}", f"{program} status --watch"):
        console.print(f"  {line}", highlight=False, markup=False, soft_wrap=True)
    console.print("\nPress Ctrl-C to stop. The next start continues where you left off.")


def _typed(program: Path) -> str:
    """The shell command that runs it."""
    found = shutil.which(program.name)
    return program.name if found and Path(found).samefile(program) else shlex.quote(str(program))


async def _password(services: AllServices, viewer: Viewer) -> str:
    """The admin's password. Sets it if there is none yet."""
    path = services.settings.data_dir / "demo.password"
    password = await asyncio.to_thread(_kept, path, lambda: f"{coolname.generate_slug(3)}-{secrets.token_hex(4)}")
    with suppress(Forbidden):  # there is one already
        await set_password(services, viewer, None, password, None)
    return password


def _kept(path: Path, make: Callable[[], str]) -> str:
    """A secret of the demo. Creates it if there is none, and keeps it for the next start."""
    if path.exists():
        return path.read_text().strip()
    path.parent.mkdir(parents=True, exist_ok=True)
    secret = make()
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(secret)
    return secret


def sample_chart() -> str:
    """The sample chart, packaged, in base64; the same bytes each time."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for path in sorted(_CHART.rglob("*")):
            if path.is_file():
                entry = tarfile.TarInfo(f"hello/{path.relative_to(_CHART).as_posix()}")
                entry.size = path.stat().st_size
                with path.open("rb") as file:
                    archive.addfile(entry, file)
    return b64encode(gzip.compress(packed.getvalue(), mtime=0)).decode()
