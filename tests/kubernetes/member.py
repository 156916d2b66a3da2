"""One Kubernetes cluster of a test: an API server that can be stopped, hung, and made to forget a token."""

from __future__ import annotations

import asyncio
import contextlib
import re
import signal
import ssl
from dataclasses import replace
from typing import TYPE_CHECKING

import aiohttp

from .credentials import Tokens, certify, kubeconfig, write_private
from .kubelet import Kubelet
from .process import HOST, Port, Process

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from .binaries import Binaries

CONTROLLERS = [
    "cronjob-controller",
    "daemonset-controller",
    "deployment-controller",
    "garbage-collector-controller",
    "horizontal-pod-autoscaler-controller",
    "job-controller",
    "namespace-controller",
    "replicaset-controller",
    "serviceaccount-controller",
    "statefulset-controller",
]


class Member:
    """A cluster. Its port, certificates, tokens and data stay the same however often it stops and starts."""

    def __init__(
        self, name: str, folder: Path, programs: Binaries, etcd_url: str, *, controllers: bool, ready_pods: bool
    ) -> None:
        if not re.fullmatch(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?", name):
            raise ValueError(f"{name!r} is no name for a member: use lower-case letters, digits, dashes")
        folder.mkdir(parents=True, exist_ok=True)
        self.name = name
        self._folder = folder
        self._programs = programs
        self._etcd_url = etcd_url
        self._ready_pods = ready_pods
        self._ca = certify(folder, name)
        self._tokens = Tokens.kept(folder)
        self._port = _kept_port(folder / "port")
        self._api_server = Process(self._api_server_command(), folder / "kube-apiserver.log")
        self._controller_manager: Process | None = None
        if controllers:
            harness = folder / "harness.yaml"
            write_private(harness, kubeconfig(name, self.server, self._ca, "harness", self._tokens.harness))
            command = self._controller_manager_command(harness)
            self._controller_manager = Process(command, folder / "kube-controller-manager.log")
        self._kubelet: asyncio.Task[None] | None = None

    @property
    def server(self) -> str:
        return f"https://{HOST}:{self._port.number}"

    @property
    def token(self) -> str:
        """The administrator's token: a new one after each `revoke`."""
        return self._tokens.admin

    @property
    def kubeconfig(self) -> str:
        """The administrator's kubeconfig, as YAML that names no file."""
        return kubeconfig(self.name, self.server, self._ca, "admin", self.token)

    @property
    def viewer_kubeconfig(self) -> str:
        """The kubeconfig of a user whom the server knows and who may do nothing (but discover the API)."""
        return kubeconfig(self.name, self.server, self._ca, "viewer", self._tokens.viewer)

    def session(self) -> aiohttp.ClientSession:
        """Requests to the member as its administrator."""
        tls = ssl.create_default_context(cadata=self._ca)
        headers = {"Authorization": f"Bearer {self.token}"}
        return aiohttp.ClientSession(self.server, headers=headers, connector=aiohttp.TCPConnector(ssl=tls))

    async def start(self) -> None:
        """Start, or start again after `stop`; returns when requests succeed. Raises process.StartFailed."""
        self._api_server.start()
        for path in ("/readyz", "/api/v1/namespaces/default"):  # the namespace comes a moment after /readyz
            await self._api_server.answers(self.server + path, token=self._tokens.harness, ca=self._ca)
        if self._controller_manager and not self._controller_manager.running:
            self._controller_manager.start()
        if self._ready_pods and self._kubelet is None:
            kubelet = Kubelet(self.server, self._tokens.harness, self._ca)
            self._kubelet = asyncio.create_task(kubelet.run(), name=f"kubelet of {self.name}")

    async def stop(self) -> None:
        """Kill the API server, as a crash does: connections are refused until `start`, the data stays."""
        await self._api_server.stop(grace=0)

    def suspend(self) -> None:
        """Make the API server hang: connections open, nothing is answered, until `resume`."""
        self._api_server.send(signal.SIGSTOP)

    def resume(self) -> None:
        self._api_server.send(signal.SIGCONT)

    @contextlib.asynccontextmanager
    async def stopped(self) -> AsyncIterator[None]:
        """Stop for the length of a block, and start again whatever happens in it."""
        await self.stop()
        try:
            yield
        finally:
            await self.start()

    @contextlib.contextmanager
    def suspended(self) -> Iterator[None]:
        """Suspend for the length of a block."""
        self.suspend()
        try:
            yield
        finally:
            self.resume()

    async def revoke(self) -> None:
        """Make the administrator's token invalid: a kubeconfig read before gets 401, one read afterwards works.

        The server is restarted for it, as it reads its tokens only when it starts.
        """
        self._tokens = replace(self._tokens, admin=Tokens().admin)
        self._tokens.write(self._folder)
        await self.stop()
        await self.start()

    async def close(self) -> None:
        """End everything that belongs to the member; its port is free for others afterwards."""
        if self._kubelet:
            self._kubelet.cancel()
            await asyncio.gather(self._kubelet, return_exceptions=True)
            self._kubelet = None
        if self._controller_manager:
            await self._controller_manager.stop()
        await self._api_server.stop(grace=0)  # all that matters is in etcd, and its watchers would hold it up for long
        self._port.close()

    def _api_server_command(self) -> list[str | Path]:
        """Without nodes and kubelets to defend against, what costs memory or start-up time is left out.

        The ServiceAccount plugin would refuse Pods until a controller has made a `default` account for their namespace,
        and TaintNodesByCondition would keep Pods from a node until another controller has seen that it is ready.
        """
        return [
            self._programs.api_server,
            f"--etcd-servers={self._etcd_url}",
            f"--etcd-prefix=/{self.name}",
            f"--bind-address={HOST}",
            f"--advertise-address={HOST}",
            f"--secure-port={self._port.number}",
            "--permit-port-sharing",
            "--endpoint-reconciler-type=none",
            f"--cert-dir={self._folder}",
            f"--tls-cert-file={self._folder / 'apiserver.crt'}",
            f"--tls-private-key-file={self._folder / 'apiserver.key'}",
            "--authorization-mode=RBAC",
            f"--token-auth-file={self._folder / 'tokens.csv'}",
            f"--service-account-issuer=https://kubernetes.{self.name}.test",
            f"--service-account-key-file={self._folder / 'service-account.key'}",
            f"--service-account-signing-key-file={self._folder / 'service-account.key'}",
            "--service-cluster-ip-range=10.0.0.0/16",
            "--disable-admission-plugins=ServiceAccount,TaintNodesByCondition",
            "--enable-priority-and-fairness=false",
            "--max-requests-inflight=100",
            "--max-mutating-requests-inflight=50",
            "--etcd-db-metric-poll-interval=0",
            "--event-ttl=10m",
            "--profiling=false",
        ]

    def _controller_manager_command(self, harness: Path) -> list[str | Path]:
        return [
            self._programs.controller_manager,
            f"--kubeconfig={harness}",
            f"--controllers={','.join(CONTROLLERS)}",
            f"--service-account-private-key-file={self._folder / 'service-account.key'}",
            "--leader-elect=false",
            "--secure-port=0",
            "--concurrent-gc-syncs=4",
            "--horizontal-pod-autoscaler-sync-period=1s",
            "--kube-api-qps=200",
            "--kube-api-burst=400",
        ]


def _kept_port(path: Path) -> Port:
    """The port whose number is in the file, or a new one. Raises OSError when the kept one is taken."""
    if path.exists():
        number = int(path.read_text())
        try:
            return Port(number)
        except OSError as error:
            raise OSError(f"port {number}, kept in {path}, is in use: does another run use this folder?") from error
    port = Port()
    path.write_text(f"{port.number}\n")
    return port
