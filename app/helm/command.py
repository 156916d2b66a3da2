"""Runs Helm for one release on one member. pyhelm3 is used here and nowhere else.

Each run gets a session of its own, so that it outlives a worker that is killed, and ends what it began: a new worker
finds the lease, the intent and its time limit in Postgres, and waits (docs/decisions/helm-outlives-worker.md). That is
also why values and output go through files: with pipes, Helm could read half of the values, or die of a warning that
nobody reads. It gets a minimal environment, files that only we can read, and hard limits
(docs/decisions/confinement.md).
"""

import asyncio
import os
import shutil
import signal
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyhelm3
import structlog

from app.clusters.kubeconfig import Access
from app.errors import TemporaryError
from app.helm import process
from app.helm.binary import HelmBinary
from app.helm.confinement import Limits
from app.helm.failure import MAX_OUTPUT, beyond_limits, failure
from app.releases.scrubbing import NOTHING, Scrubber
from app.releases.values import Values, to_helm

log = structlog.get_logger()

GRACE_SECONDS = 5.0
"""What a Helm that is to end gets to write down that it failed."""
MARGIN_SECONDS = 30
"""What Helm gets beyond its own `--timeout` before it is ended, for what that does not count, such as rendering."""

_MOST_HANGS = 3
"""A cluster that is slow for a while is worth another try; a chart that takes for ever to render does so each time."""

HISTORY = 10
_STALE_RUN_SECONDS = 24 * 3600
_DNS = 53


@dataclass(frozen=True)
class Place:
    """Where a release is: on which member, in which namespace, under which name. `cluster_id` keeps caches apart; where
    it is None, nothing is cached from one run to the next."""

    cluster_id: int | None
    access: Access
    namespace: str
    release_name: str


@dataclass(frozen=True)
class Options:
    """How an action is done. `validate` has Helm check the manifest against the member's OpenAPI; `check_schema` the
    values against the chart's schemas; `scrubber` takes values of secrets out of Helm's words."""

    atomic: bool = False
    wait: bool = False
    timeout_seconds: int = 300
    validate: bool = True
    check_schema: bool = True
    scrubber: Scrubber = NOTHING


class Helm:
    """Each action gives Helm's own words about it, the notes of the chart among them."""

    def __init__(self, binary: HelmBinary, cache: Path, limits: Limits, *, at_once: int) -> None:
        self.binary = binary
        self._limits = limits
        self._cache = cache
        self._runs = cache / "runs"
        self._gate = asyncio.Semaphore(at_once)

    def sweep(self) -> None:
        """Removes what runs of a worker that was killed have left behind."""
        for folder in self._runs.glob("*"):
            with suppress(FileNotFoundError):
                if time.time() - folder.stat().st_mtime > _STALE_RUN_SECONDS:
                    shutil.rmtree(folder, ignore_errors=True)

    async def install(self, place: Place, chart: Path, values: Values, options: Options) -> str:
        """`helm install`: fails where the name is taken, except by a release that was uninstalled."""
        return await self._change(place, ["install", "--create-namespace", "--replace"], chart, values, options)

    async def upgrade(self, place: Place, chart: Path, values: Values, options: Options) -> str:
        """`helm upgrade` to just these values: without `--reset-values`, none at all would mean the installed ones."""
        verb = ["upgrade", "--reset-values", "--history-max", str(HISTORY)]
        return await self._change(place, verb, chart, values, options)

    async def rollback(self, place: Place, revision: int, options: Options) -> str:
        arguments = ["rollback", place.release_name, str(revision), "--history-max", str(HISTORY)]
        if options.wait:
            arguments.append("--wait")
        return await self._told(place, arguments, options)

    async def uninstall(self, place: Place, options: Options) -> str:
        """Removes a release and its history; one that is gone already is fine."""
        arguments = ["uninstall", place.release_name, "--ignore-not-found"]
        if options.wait:
            arguments.append("--wait")
        return await self._told(place, arguments, options)

    async def preview(self, place: Place, chart: Path, values: Values, options: Options, *, exists: bool) -> bytes:
        """The release that an install or upgrade would make, as JSON; nothing is changed."""
        verb = ["upgrade", "--reset-values"] if exists else ["install", "--replace"]
        arguments = [*verb, place.release_name, str(chart), "--dry-run=server", "--hide-notes", "--output", "json"]
        arguments += ["--values", "-", *_validation(options)]
        return await self._run(place, arguments, options, to_helm(values))

    async def _change(self, place: Place, verb: list[str], chart: Path, values: Values, options: Options) -> str:
        arguments = [*verb, place.release_name, str(chart), "--values", "-", *_validation(options)]
        if options.atomic:
            arguments.append("--atomic")
        if options.wait:
            arguments += ["--wait", "--wait-for-jobs"]
        return await self._told(place, arguments, options, to_helm(values))

    async def _told(self, place: Place, arguments: list[str], options: Options, values: bytes = b"") -> str:
        """Runs Helm for what it does; gives what it says, as it may be shown."""
        output = await self._run(place, arguments, options, values)
        return options.scrubber.clean(output.decode(errors="replace"))[:MAX_OUTPUT].strip()

    async def _run(self, place: Place, arguments: list[str], options: Options, values: bytes = b"") -> bytes:
        seconds = options.timeout_seconds
        async with self._gate, self._folder() as folder:
            kubeconfig = folder / "kubeconfig"
            _write(kubeconfig, place.access.to_kubeconfig())
            command = _Command(
                executable=str(self.binary.path),
                kubeconfig=kubeconfig,
                environment=self._environment(place, folder),
                seconds=seconds + MARGIN_SECONDS,
                limits=self._limits,
                port=place.access.port,
                scrubber=options.scrubber,
            )
            return await command.run(
                [*arguments, "--namespace", place.namespace, "--timeout", f"{seconds}s"], input=values
            )

    @asynccontextmanager
    async def _folder(self) -> AsyncIterator[Path]:
        """A folder of one run alone. It stays when we are killed, since Helm goes on; `sweep` removes it later."""
        self._runs.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder = Path(tempfile.mkdtemp(dir=self._runs))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

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
            # What a member can do changes seldom: client-go keeps its discovery here for six hours.
            "KUBECACHEDIR": str(kept / "kube"),
            # A run lasts a fraction of a second, in which collecting garbage costs a quarter of the CPU time and brings
            # nothing; a chart that needs more memory than this has it collected all the same.
            "GOGC": "off",
            "GOMEMLIMIT": "128MiB",
            # It does one thing after the other, beside others of its kind: more threads would only look for work.
            "GOMAXPROCS": "1",
            # Helm follows a member that redirects it, with the token. Plain HTTP leads nowhere; for HTTPS, who answers
            # must have a certificate of the member's CA.
            "HTTP_PROXY": "http://0.0.0.0:1",
        }


def _validation(options: Options) -> list[str]:
    arguments = [] if options.validate else ["--disable-openapi-validation"]
    return arguments if options.check_schema else [*arguments, "--skip-schema-validation"]


class _Command(pyhelm3.Command):  # type: ignore[misc]
    """pyhelm3's command, run without a shell, under limits, and ended with its children when cancelled or late."""

    def __init__(
        self,
        *,
        environment: dict[str, str],
        seconds: float,
        limits: Limits,
        port: int,
        scrubber: Scrubber,
        **more: Any,
    ) -> None:
        super().__init__(**more)
        self._scrubber = scrubber
        self._environment = environment
        self._seconds = seconds
        self._limits = limits
        self._ports = (port, _DNS)

    async def run(self, command: list[str], input: bytes | None = None) -> bytes:  # noqa: A002 - pyhelm3's name
        """Runs Helm.

        Raises:
            ActionError: with Helm's words, where it fails, or needs more than it may have.
        """
        folder: Path = self._kubeconfig.parent
        _write(folder / "values", input or b"")
        with (
            (folder / "values").open("rb") as stdin,
            (folder / "stdout").open("w+b") as stdout,
            (folder / "stderr").open("w+b") as stderr,
        ):
            child = process.start(
                [self._executable, *command, "--kubeconfig", str(self._kubeconfig)],
                environment=self._environment,
                folder=folder,
                stdin=stdin,
                stdout=stdout,
                stderr=stderr,
                limits=self._limits,
                ports=self._ports,
            )
            began = time.monotonic()
            try:
                async with asyncio.timeout(self._seconds):
                    await child.wait()
            except TimeoutError:
                await _end(child)
                words = (
                    f"Helm did not end within {self._seconds:g} s and was ended. Where that is the cluster's doing,"
                    " reconcile; where the chart takes so long to render, mend it."
                )
                raise TemporaryError("helm_hung", words, most=_MOST_HANGS) from None
            except BaseException:
                await _end(child)
                raise
            log.debug("helm.ran", verb=command[0], code=child.returncode, seconds=round(time.monotonic() - began, 3))
            stdout.seek(0)
            stderr.seek(0)
            if child.returncode:
                words = stderr.read().decode(errors="replace")
                exceeded = beyond_limits(child.returncode, child.cpu_seconds, words, self._limits)
                raise exceeded or failure(self._scrubber.clean(words))
            return stdout.read()


def _write(path: Path, content: bytes) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)


async def _end(child: process.Process) -> None:
    """TERM, so that Helm can write down that it failed; then KILL, to the whole session."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(child.pid, number)
        try:
            async with asyncio.timeout(GRACE_SECONDS):
                await child.wait()
                return
        except TimeoutError:
            continue
