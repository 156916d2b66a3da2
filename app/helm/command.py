"""Runs Helm for one release on one member. No other module uses pyhelm3.

Each run talks to an endpoint of this process that stands for its member, and ends with the process: without the
endpoint it can change nothing (docs/decisions/runs-end-with-worker.md). It gets a minimal environment, no credentials,
no file that holds a secret, and hard limits (docs/decisions/confinement.md).
"""

import asyncio
import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyhelm3
import structlog

from app.core.errors import TemporaryError
from app.core.files import nameless
from app.core.threads import in_thread
from app.helm.binary import HelmBinary
from app.helm.endpoint import Endpoint
from app.helm.expectation import Expectation
from app.helm.failure import MAX_OUTPUT, MAX_SEARCHED, beyond_limits, failure
from app.helm.fence import READ_ONLY, Fence
from app.helm.ledger import Ledger, Progress, Stage, nobody_watches
from app.helm.runs import Runs
from app.helm.slots import HelmSlot, HelmSlots
from app.helm.upstream import Destination
from app.releases.error_codes import ActionCode
from app.releases.scrubbing import NOTHING, Scrubber
from app.releases.step import HISTORY
from app.releases.texts import without_nul
from app.releases.values import Values, to_helm
from app.sandbox import process
from app.sandbox.limits import Limits

log = structlog.get_logger()

GRACE_SECONDS = 5.0
"""How long a Helm process that is being terminated has to record that it failed."""
MARGIN_SECONDS = 30
"""How long Helm may run beyond its own `--timeout` before it is terminated, for work that this timeout does not cover,
such as rendering."""

_MOST_HANGS = 3
"""How many times in a row a run may hang before the failure is permanent. A cluster that is slow for a while is worth
another try; a chart that takes forever to render hangs each time."""


@dataclass(frozen=True)
class Place:
    """Where a release is: its member, namespace and name. `organization_id` determines whose slot a run takes.
    `cluster_id` separates caches; if it is None, nothing is cached from one run to the next. `fence` is checked before
    each write. `expected` is the revision that may be written; a write of any other revision ends the run."""

    organization_id: int
    cluster_id: int | None
    member: Destination
    namespace: str
    release_name: str
    fence: Fence = READ_ONLY
    expected: Expectation | None = None


@dataclass(frozen=True)
class Options:
    """How an action is performed. `hooks` enables the chart's hooks. `create_namespace` makes an install create a
    missing namespace, which requires the permission to do so in any case. `skip_crds` makes an install create
    none of the chart's CustomResourceDefinitions. `validate` makes Helm check the manifest
    against the member's OpenAPI, and `check_schema` the values against the chart's schemas. `scrubber` keeps values of
    secrets out of Helm's output. `on_progress` is called on the event loop as the run continues."""

    atomic: bool = False
    wait: bool = False
    timeout_seconds: int = 300
    hooks: bool = True
    create_namespace: bool = True
    validate: bool = True
    check_schema: bool = True
    skip_crds: bool = False
    scrubber: Scrubber = NOTHING
    on_progress: Callable[[Progress], None] = nobody_watches


class Helm:
    """Runs Helm's actions. Those that change a release return Helm's own output, including the notes of the chart."""

    def __init__(self, binary: HelmBinary, cache: Path, limits: Limits, slots: HelmSlots) -> None:
        self.binary = binary
        self._limits = limits
        self._cache = cache
        self._runs = Runs(cache / "runs")
        self.slots = slots

    def close(self) -> None:
        """Removes the folder of this process's runs. No run may be left."""
        self._runs.close()

    def sweep(self) -> None:
        """Removes what the runs of killed processes have left behind."""
        self._runs.sweep()

    async def deploy(self, place: Place, chart: Path, values: Values, options: Options, *, exists: bool) -> str:
        """Runs `helm upgrade` for a release that exists, else `helm install`, which fails if the name is taken by a
        release that was not uninstalled. An upgrade uses exactly these values: without `--reset-values`, an empty
        object would mean the installed ones."""
        if exists:
            verb = ["upgrade", "--reset-values", "--history-max", str(HISTORY)]
        else:
            verb = ["install", "--replace", *(["--create-namespace"] if options.create_namespace else [])]
        arguments = [*verb, place.release_name, str(chart), "--values", "-", *_validation(options)]
        if options.atomic:
            arguments.append("--atomic")
        if options.wait:
            arguments += ["--wait", "--wait-for-jobs"]
        if not options.hooks:
            arguments.append("--no-hooks")
        if options.skip_crds:
            arguments.append("--skip-crds")
        return await self._output(place, arguments, options, to_helm(values))

    async def uninstall(self, place: Place, options: Options) -> str:
        """Removes a release and its history. Succeeds if the release is already gone."""
        arguments = ["uninstall", place.release_name, "--ignore-not-found"]
        if options.wait:
            arguments.append("--wait")
        if not options.hooks:
            arguments.append("--no-hooks")
        return await self._output(place, arguments, options)

    async def preview(self, place: Place, chart: Path, values: Values, options: Options, *, exists: bool) -> bytes:
        """The release that an install or upgrade would make, as JSON. Changes nothing."""
        verb = ["upgrade", "--reset-values"] if exists else ["install", "--replace"]
        arguments = [*verb, place.release_name, str(chart), "--dry-run=server", "--hide-notes", "--output", "json"]
        arguments += ["--values", "-", *_validation(options)]
        return await self._run(place, arguments, options, to_helm(values))

    async def _output(self, place: Place, arguments: list[str], options: Options, values: bytes = b"") -> str:
        """Runs Helm for its effect. Returns its output, without values of secrets."""
        output = await self._run(place, arguments, options, values)
        words = without_nul(output.decode(errors="replace"))[:MAX_SEARCHED]
        return (await in_thread(options.scrubber.clean, words))[:MAX_OUTPUT].strip()

    async def _run(self, place: Place, arguments: list[str], options: Options, values: bytes = b"") -> bytes:
        async with self.slots.slot(place.organization_id) as slot, self._runs.folder() as folder:
            return await self._run_in(folder, slot, place, arguments, options, values)

    async def _run_in(
        self, folder: Path, slot: HelmSlot, place: Place, arguments: list[str], options: Options, values: bytes
    ) -> bytes:
        seconds = options.timeout_seconds

        def follow(progress: Progress) -> None:
            if progress.stage in (Stage.HOOK, Stage.WAITING):
                slot.wait()
            options.on_progress(progress)

        ledger = Ledger(follow, place.member.account)
        async with Endpoint(place.member, place.fence, ledger, place.expected) as endpoint:
            command = _Command(
                executable=str(self.binary.path),
                environment=self._environment(place, folder) | endpoint.environment,
                folder=folder,
                seconds=seconds + MARGIN_SECONDS,
                limits=self._limits,
                endpoint=endpoint,
                ledger=ledger,
                scrubber=options.scrubber,
            )
            return await command.run(
                [*arguments, "--namespace", place.namespace, "--timeout", f"{seconds}s"], input=values
            )

    def _environment(self, place: Place, folder: Path) -> dict[str, str]:
        kept = self._cache / "helm" / str(place.cluster_id) if place.cluster_id is not None else folder
        return {
            "HOME": str(folder),
            "TMPDIR": str(folder),
            "PATH": os.defpath,
            "HELM_CACHE_HOME": str(folder / "cache"),
            "HELM_CONFIG_HOME": str(folder / "config"),
            "HELM_DATA_HOME": str(folder / "data"),
            "HELM_PLUGINS": str(folder / "no-plugins"),
            "HELM_DRIVER": "secret",
            # The API of a member seldom changes: client-go caches its discovery here for six hours.
            "KUBECACHEDIR": str(kept / "kube"),
            # A run lasts a fraction of a second. Garbage collection would take a quarter of the CPU time and gain
            # nothing. It still runs for a chart that needs more memory than this limit.
            "GOGC": "off",
            "GOMEMLIMIT": "128MiB",
            # A run does one thing at a time, next to other runs: more threads would only search for work.
            "GOMAXPROCS": "1",
            "KUBECONFIG": os.devnull,
        }


def _validation(options: Options) -> list[str]:
    arguments = [] if options.validate else ["--disable-openapi-validation"]
    return arguments if options.check_schema else [*arguments, "--skip-schema-validation"]


class _Command(pyhelm3.Command):  # type: ignore[misc]
    """pyhelm3's command, run without a shell and under limits. It is terminated with its children when it is cancelled
    or late."""

    def __init__(
        self,
        *,
        environment: dict[str, str],
        folder: Path,
        seconds: float,
        limits: Limits,
        endpoint: Endpoint,
        ledger: Ledger,
        scrubber: Scrubber,
        **more: Any,
    ) -> None:
        super().__init__(**more)
        self._environment = environment
        self._folder = folder
        self._seconds = seconds
        self._limits = limits
        self._endpoint = endpoint
        self._ledger = ledger
        self._scrubber = scrubber

    async def run(self, command: list[str], input: bytes | None = None) -> bytes:  # noqa: A002 - pyhelm3's name
        """Runs Helm.

        Raises:
            ActionError: if Helm fails or exceeds its limits, or if another cluster answers.
        """
        with nameless(input or b"") as stdin, nameless() as stdout, nameless() as stderr:
            child = process.start(
                [self._executable, *command],
                environment=self._environment,
                folder=self._folder,
                stdin=stdin,
                stdout=stdout,
                stderr=stderr,
                limits=self._limits,
                ports=[self._endpoint.port],
            )
            began = time.monotonic()
            try:
                code = await self._ended(child)
            finally:
                child.close()
            log.debug("helm.ran", verb=command[0], code=code, seconds=round(time.monotonic() - began, 3))
            stdout.seek(0)
            stderr.seek(0)
            words = without_nul(stderr.read().decode(errors="replace"))
            if code:
                wrote = self._ledger.progress.wrote
                exceeded = beyond_limits(code, child.cpu_seconds, words, self._limits, wrote=wrote)
                if exceeded is not None:
                    raise exceeded
            failed = await in_thread(failure, self._ledger, code, words, self._scrubber)
            if failed is not None:
                raise failed
            return stdout.read()

    async def _ended(self, child: process.Process) -> int:
        """Waits for the end of the run and returns its exit code. Terminates the run if it is late or cancelled, or if
        its endpoint reports an error."""
        ended = asyncio.ensure_future(child.wait())
        try:
            await asyncio.wait(
                (ended, self._endpoint.ended), timeout=self._seconds, return_when=asyncio.FIRST_COMPLETED
            )
            if self._endpoint.ended.done():
                raise self._endpoint.ended.result()
            if not ended.done():
                words = (
                    f"Helm did not end within {self._seconds:g} s and was terminated. If the cluster is the cause,"
                    " reconcile; if the chart takes too long to render, change the chart."
                )
                raise TemporaryError(ActionCode.HELM_HUNG, words, wrote=self._ledger.progress.wrote, most=_MOST_HANGS)
            return ended.result()
        finally:
            if not ended.done():
                await _end(child, ended)


async def _end(child: process.Process, ended: "asyncio.Future[int]") -> None:
    """Sends TERM, so that Helm can record that it failed, and then KILL, to the whole session."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(child.pid, number)
        if (await asyncio.wait((ended,), timeout=GRACE_SECONDS))[0]:
            return
