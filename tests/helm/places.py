"""Releases on members, for runs of Helm without a database."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from app.clusters.kubeconfig import Access, read_kubeconfig
from app.clusters.member import Member
from app.helm.command import Place
from app.helm.fence import Fence
from app.network.addresses import Allowed, Policies

POLICY = Policies(Allowed.parse("127.0.0.0/8")).clusters


class Open:
    """A fence that allows each write, and counts what it is asked."""

    def __init__(self) -> None:
        self.checked = self.confirmed = 0

    def check(self) -> None:
        self.checked += 1

    async def confirm(self) -> None:
        self.confirmed += 1


@asynccontextmanager
async def place_on(
    kubeconfig: str | Access, *, name: str = "web", uid: str | None = None, fence: Fence | None = None
) -> AsyncIterator[Place]:
    """The release of this name in the namespace `default`; `uid` is what the member has to prove."""
    access = kubeconfig if isinstance(kubeconfig, Access) else read_kubeconfig(kubeconfig)
    async with Member(access, POLICY, timeout=10, uid=uid) as member:
        yield Place(1, 1, member, "default", name, fence or Open())
