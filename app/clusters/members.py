"""The connections to members that a process holds: opened when first needed, shared, bounded, closed at the end."""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass

from app.clusters.kubeconfig import Access
from app.clusters.member import Member
from app.core.encryption import KeyRing, Sealed
from app.network.addresses import Policy
from app.tables.clusters import Cluster

_MOST = 2000
AT_ONCE = 32
"""Members that one request reads concurrently."""

_GRACE_SECONDS = 120.0  # longer than any request, and than an observer takes to use the new connection


@dataclass(frozen=True, slots=True)
class _Entry:
    """`key` has the columns of the cluster's row on which a connection depends."""

    key: tuple[Sealed, str, str]
    member: Member


class Members:
    def __init__(self, key_ring: KeyRing, policy: Policy, *, timeout: float) -> None:
        self._key_ring = key_ring
        self._policy = policy
        self._timeout = timeout
        self._entries: OrderedDict[int, _Entry] = OrderedDict()
        self._leaving: list[Member] = []
        self._closing: set[asyncio.Task[None]] = set()

    def of(self, cluster: Cluster) -> Member:
        """The connection to a registered cluster, with the credentials in its row.

        Raises:
            KeyRingError: if they cannot be decrypted.
        """
        sealed = Sealed(cluster.credentials_key, cluster.credentials)
        key = sealed, cluster.uid, cluster.name
        entry = self._entries.get(cluster.id)
        if entry is None or entry.key != key:
            access = Access.from_json(self._key_ring.open(sealed, f"cluster:{cluster.id}"))
            if entry is not None and (entry.member.access, *entry.key[1:]) == (access, *key[1:]):
                member = entry.member  # the same credentials, encrypted with another key
            else:
                member = Member(access, self._policy, timeout=self._timeout, uid=cluster.uid, name=cluster.name)
                if entry is not None:
                    self._replace(entry.member)
            entry = self._entries[cluster.id] = _Entry(key, member)
        self._entries.move_to_end(cluster.id)
        while len(self._entries) > _MOST:
            self._leaving.append(self._entries.popitem(last=False)[1].member)
        return entry.member

    def _replace(self, member: Member) -> None:
        """Closes an outdated connection after a while, when no request can still be using it."""
        self._leaving.append(member)
        asyncio.get_running_loop().call_later(_GRACE_SECONDS, self._close_replaced, member)

    def _close_replaced(self, member: Member) -> None:
        if member in self._leaving:
            self._leaving.remove(member)
            task = asyncio.get_running_loop().create_task(member.close())
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)

    def connect(self, access: Access, uid: str | None = None) -> Member:
        """A connection with credentials that are not stored (yet), which the caller has to close: to the cluster `uid`,
        or to any cluster if that is None."""
        return Member(access, self._policy, timeout=self._timeout, uid=uid)

    def seal(self, access: Access, cluster_id: int) -> Sealed:
        return self._key_ring.seal(access.to_json(), f"cluster:{cluster_id}")

    async def close(self) -> None:
        for member in [*self._leaving, *(entry.member for entry in self._entries.values())]:
            await member.close()
        await asyncio.gather(*self._closing)
        self._leaving.clear()
        self._entries.clear()
