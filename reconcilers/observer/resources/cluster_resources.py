"""Follows the resources of one member: release records say which there are, watches report their state."""

import asyncio

import structlog
from sqlmodel import col, select

from app.clusters.member import Member
from app.clusters.objects import Object, ObjectType, get_object
from app.core.concurrency import for_each
from app.core.errors import ActionError
from app.core.repeating import lasting
from app.fleet.services import AllServices
from app.health.health import Health
from app.health.kinds import Kind
from app.releases.error_codes import ActionCode
from app.releases.inventory import ResourceOrigin
from app.resources.custom_rules import CustomRule, judge
from app.resources.inventory import known_resources
from app.resources.seen import Key, Seen, absent, is_judged, key_of, read_seen, unreadable
from app.tables.columns import now
from app.tables.targets import Target
from reconcilers.observer.assignments import Assignment
from reconcilers.observer.resources.drift import Drift
from reconcilers.observer.resources.followed import Due, Followed, Index, KindName
from reconcilers.observer.resources.inventories import Inventories
from reconcilers.observer.resources.pods import Pods
from reconcilers.observer.resources.stream import KindListener, KindStream
from reconcilers.observer.resources.writer import ResourceWriter

log = structlog.get_logger()

_AT_ONCE = 2  # requests for single objects, to one member
_AGAIN = 300.0  # seconds until a healthy object that no watch follows is read again
_AGAIN_SOON = 15.0  # the same for an object that is not healthy
_AFTER_TROUBLE = 5.0
_NOT_NOW = (ActionCode.CLUSTER_UNREACHABLE, ActionCode.CLUSTER_THROTTLED)
_DEFINITION = KindName("apiextensions.k8s.io", "CustomResourceDefinition")


class ClusterResources:
    def __init__(
        self,
        services: AllServices,
        writer: ResourceWriter,
        member: Member,
        assignment: Assignment,
        organization_id: int,
    ) -> None:
        self.index = Index()
        self.arriving: dict[Key, Seen | None] = {}
        """Objects whose inventory is being written, and the state of each, if it was seen."""
        self.pending: set[int] = set()
        """Targets whose releases are pending: Helm is running on them."""
        self._services = services
        self._writer = writer
        self._member = member
        self._assignment = assignment
        self._organization_id = organization_id
        self._pods = Pods(member, self._tell, writer.pod_watches, assignment.cluster_id)
        self.drift = Drift(services, writer.wanted, self.index, member, assignment)
        self._inventories = Inventories(services, writer, self, member, assignment)
        self._streams: dict[KindName, tuple[KindStream, asyncio.Task[None]]] = {}
        self._group = asyncio.TaskGroup()
        self._due = Due()
        self._is_due = asyncio.Event()

    def notice(self) -> None:
        """A release of the member has changed, and its status is written."""
        self._inventories.notice()

    async def run(self) -> None:
        """Follows the resources until it is cancelled."""
        targets = await self._load()
        await self.drift.read()
        try:
            async with self._group:
                self.follow_kinds()
                self._group.create_task(lasting("resources", self._inventories.run))
                self._group.create_task(lasting("resources", self._pods.run))
                self._group.create_task(lasting("drift", self.drift.run))
                await self._settle(targets)
                await lasting("resources", self._look_always)
        finally:
            self._streams.clear()

    async def _load(self) -> list[int]:
        """Loads the member's resources from the database; returns the member's targets."""
        cluster_id = self._assignment.cluster_id
        async with self._services.database.reading() as session:
            known = await known_resources(session, cluster_id)
            targets = (await session.exec(select(Target.id).where(col(Target.cluster_id) == cluster_id))).all()
        for row in known:
            kind = ObjectType(row.key.group, row.version, row.key.kind, row.plural, bool(row.key.namespace))
            followed = self.index.setdefault(
                row.key, Followed(kind if row.plural else None, ResourceOrigin(row.origin))
            )
            followed.targets.append(row.target_id)
            followed.shown = row.fingerprint
            followed.compared = row.compared
            if not followed.is_labelled:
                self.look(row.key)
        self._inventories.learn(known)
        return list(targets)

    async def _settle(self, targets: list[int]) -> None:
        """Has all targets judged once the state of every object is known. Earlier, outdated states would be shown as
        current."""
        await asyncio.gather(*(stream.is_listed.wait() for stream, _ in list(self._streams.values())))
        await for_each(self._due.take(), self._look, at_once=_AT_ONCE)
        self._writer.judge(self._assignment, targets)

    # Kinds

    def follow_kinds(self) -> list[KindStream]:
        """Follows exactly the kinds in the index, those with a judged status first; returns the new streams."""
        wanted = self.index.kinds()
        for name in self._streams.keys() - wanted.keys():
            _, task = self._streams.pop(name)
            task.cancel()
        new = sorted(wanted.keys() - self._streams.keys(), key=lambda name: (not is_judged(*name), name))
        return [self.follow(wanted[name]) for name in new]

    def follow(self, kind: ObjectType) -> KindStream:
        """Follows a kind; returns its stream, which may already exist."""
        name = KindName(kind.group, kind.kind)
        if name in self._streams:
            return self._streams[name][0]
        settings = self._services.settings
        stream = KindStream(
            self._member,
            kind,
            KindListener(self._take, self._listed, self._unreadable),
            cluster_id=self._assignment.cluster_id,
            streams=self._writer.streams,
            lists=self._writer.lists,
            list_every=settings.confirm_every,
            reported_after=settings.unreachable_after,
        )
        self._streams[name] = stream, self._group.create_task(stream.run())
        return stream

    def _take(self, item: Object, kind: ObjectType, is_deleted: bool) -> None:
        key = key_of(item, kind)
        if (key.group, key.kind) == _DEFINITION:
            self._inventories.definition_changed()
        if key not in self.index and key not in self.arriving:
            return
        if is_deleted:
            self.look(key)  # perhaps only its label was removed
        elif self._rule(kind) is not None:
            self.look(key)  # such an object is judged in another process, and is not kept until then
        else:
            self.drift.notice(key, item)
            self.show(key, read_seen(item, kind, now()))

    def _listed(self, kind: ObjectType, keys: set[Key]) -> None:
        for key, followed in self.index.of_kind(kind):
            if key not in keys and followed.is_labelled:
                self.look(key)

    def _unreadable(self, kind: ObjectType, error: ActionError) -> None:
        for key, _ in list(self.index.of_kind(kind)):
            if error.code == ActionCode.CLUSTER_REFUSED:  # such as a kind that is no longer served
                self.look(key)
            else:
                self.show(key, unreadable(error))

    # Objects

    def show(self, key: Key, seen: Seen) -> None:
        """Takes the newest state of an object."""
        if key in self.arriving:
            self.arriving[key] = seen
        if key in self.index:
            self._tell(key, self._pods.attend(key, seen))

    def _tell(self, key: Key, seen: Seen) -> None:
        """Queues the state of an object to be written, if it differs from the last one."""
        followed = self.index.get(key)
        if followed is None:
            return
        followed.version = seen.version
        if (again_at := seen.verdict.again_at) is not None:
            self.look(key, max(0.1, (again_at - now()).total_seconds()))
        if followed.shown != seen.fingerprint:
            followed.shown = seen.fingerprint
            self._writer.put(self._assignment, followed.targets, key, seen)

    def look(self, key: Key, seconds: float = 0.0) -> None:
        """Schedules a read of an object by its name, after so many seconds."""
        self._due.add(key, seconds)
        self._is_due.set()

    async def _look_always(self) -> None:
        while True:
            self._is_due.clear()
            try:
                async with asyncio.timeout(self._due.pause()):
                    await self._is_due.wait()
            except TimeoutError:
                pass
            await for_each(self._due.take(), self._look, at_once=_AT_ONCE)

    async def _look(self, key: Key) -> None:
        """Reads an object that no watch follows, or that a list did not contain."""
        followed = self.index.get(key)
        if followed is None or followed.kind is None:
            return
        version = followed.version
        try:
            seen = await self.seen(key, followed.kind)
        except ActionError as error:
            if error.code in _NOT_NOW:
                self.look(key, _AFTER_TROUBLE)
                return
            seen = unreadable(error)
        if followed.version not in (version, 0) and seen is not None and seen.version < followed.version:
            return  # a watch has reported a newer state in the meantime
        if seen is None:
            is_pending = self.pending.issuperset(followed.targets)
            seen = absent(key.kind, followed.origin, is_pending=is_pending)
        self.show(key, seen)
        if not (followed.is_labelled and seen.is_labelled):
            self.look(key, _AGAIN if seen.verdict.health is Health.HEALTHY else _AGAIN_SOON)

    async def seen(self, key: Key, kind: ObjectType) -> Seen | None:
        """The present state of an object; None if it does not exist."""
        whole = is_judged(kind.group, kind.kind)
        item = await get_object(self._member, kind, key.namespace, key.name, whole=whole)
        self.drift.notice(key, item)
        if item is None:
            return None
        seen = read_seen(item, kind, now())
        if (rule := self._rule(kind)) is None:
            return seen
        pool = self._services.health_rules
        return seen.with_verdict(await judge(pool, self._organization_id, rule, kind.named(item), now()))

    def _rule(self, kind: ObjectType) -> CustomRule | None:
        return self._writer.rules.of(self._organization_id).get(Kind(kind.group, kind.kind))

    def judge_again(self, kinds: set[Kind]) -> None:
        """The rules for these kinds have changed."""
        for key in self.index:
            if Kind(key.group, key.kind) in kinds:
                self.look(key)
