"""Every kind of request that Polyhelm makes to a member, each with the function of ours that makes it.

A request of ours that is none of these fails the tests (`tests/conftest.py`), so that there is a kind, and the hostile
answers of `tests/hostile/answers.py` for it, as soon as there is a request."""

import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from app.clusters.access_reviews import may_impersonate, missing_permissions
from app.clusters.applying import OWN_MANAGER, PatchType, apply, create, delete, patch
from app.clusters.changes import Change, Head
from app.clusters.definitions import compare_definitions
from app.clusters.discovery import Discovery, discover, discover_version
from app.clusters.dry_run import Trial, try_out
from app.clusters.member import Member
from app.clusters.objects import (
    OF_HELM,
    ObjectChange,
    ObjectType,
    ObjectWatch,
    Page,
    get_object,
    list_by_fields,
    list_objects,
    object_changes,
)
from app.clusters.release_records import fetch_record, is_in_config_maps, list_releases, list_revisions, watch_releases
from app.clusters.service_accounts import ServiceAccount
from app.logs.lines import Line
from app.logs.options import LARGEST_LOG, LogOptions
from app.logs.pods import Pod
from app.logs.reading import log_lines
from app.releases.release import Observed
from app.resources.live import EVENTS
from app.resources.object_events import Subject, events_about
from app.resources.seen import key_of, read_seen
from app.resources.tree import REPLICA_SET, node_of
from app.tables.columns import now
from app.targets.sightings import Sighting
from reconcilers.actions.marking import mark_failed
from reconcilers.actions.migration import create_record
from simulator import Member as SimulatedMember
from simulator.logs import At
from tests.helm.places import Open
from tests.releases.test_release import RECORD, written

OURS = "polyhelm"
"""The User-Agent of all that does not come from Helm."""

Request = tuple[str, str, str, str]
"""Method, path, query and User-Agent."""
NEVER_OURS = re.compile(r"/simulator/")
Ask = Callable[[Member], Awaitable[Any]]


@dataclass(frozen=True)
class Kind:
    """Requests of ours with this method and path, and this in the query. `ask` makes one, and may make others before.
    Hostile answers that are good enough for what is asked are named in `takes_as_well`."""

    name: str
    method: str
    path: str
    ask: Ask
    query: str = ""
    takes_as_well: tuple[str, ...] = ()
    is_asked_of_new_connections: bool = False
    is_text: bool = False
    """Whether any text is a right answer."""

    def takes(self, method: str, path: str, query: str) -> bool:
        is_at_path = re.fullmatch(self.path, path) is not None
        return is_at_path and method == self.method and re.search(self.query, query) is not None


NAMES = r"[^/]+"
SECRETS = rf"/api/v1/namespaces/{NAMES}/secrets"
RECORDS = rf"{SECRETS}/sh\.helm\.release\.v1\.{NAMES}"
OBJECTS = rf"/(api/v1|apis/{NAMES}/{NAMES})(/namespaces/{NAMES})?/{NAMES}"
SHOP = Head("default", "shop", 3, "deployed", "sh.helm.release.v1.shop.v3", "1")
CONFIG: dict[str, Any] = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": {"a": "b"}}
IDENTITY = ("", "ConfigMap", "default", "settings")
MOST_WORDS = 10_000


DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"


def definition(name: str, *versions: str) -> dict[str, Any]:
    plural, _, group = name.partition(".")
    listed = [
        {
            "name": version,
            "served": True,
            "storage": version == versions[0],
            "schema": {"openAPIV3Schema": {"type": "object"}},
        }
        for version in versions
    ]
    names = {"plural": plural, "singular": plural[:-1], "kind": plural[:-1].title(), "listKind": f"{plural}List"}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": name},
        "spec": {"group": group, "scope": "Namespaced", "names": names, "versions": listed},
    }


WIDGETS = "widgets.example.test"


def furnish(member: SimulatedMember) -> None:
    """Has the member what the requests below ask for."""
    labels = {"owner": "helm", "name": "shop", "version": "3", "status": "pending-upgrade"}
    metadata = {"name": SHOP.secret, "namespace": "default", "labels": labels}
    secret = written(RECORD | {"info": RECORD["info"] | {"status": "pending-upgrade"}})
    member.put("secrets", {"type": "helm.sh/release.v1", "metadata": metadata, "data": secret["data"]})
    ours = {
        "labels": {"app.kubernetes.io/managed-by": "Helm"},
        "annotations": {"meta.helm.sh/release-name": "shop", "meta.helm.sh/release-namespace": "default"},
    }
    member.put("configmaps", CONFIG | {"metadata": CONFIG["metadata"] | ours})
    established = {"conditions": [{"type": "Established", "status": "True"}], "storedVersions": ["v1"]}
    member.put("customresourcedefinitions", definition(WIDGETS, "v1") | {"status": established}, "apiextensions.k8s.io")
    labels, spec = {"app": "web"}, {"containers": [{"name": "web", "image": "web:1"}]}
    deployment = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "shop", "namespace": "default", **ours},
        "spec": {"selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": spec}},
    }
    member.put("deployments", deployment, "apps")
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "web", "labels": labels},
        "spec": spec | {"nodeName": "a"},
    }
    member.put("pods", pod)
    member.logs.write(At("default", "web", "web"), "a line")
    member.put(
        "events",
        {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": "shop.1", "namespace": "default"},
            "involvedObject": {"kind": "Deployment", "namespace": "default", "name": "shop"},
            "type": "Normal",
            "reason": "ScalingReplicaSet",
            "message": "Scaled up",
            "lastTimestamp": "2026-11-30T12:00:00Z",
        },
    )


async def known_kinds(member: Member) -> bytes:
    found = await discover(member)
    assert found.with_definitions([]).resources is not None
    return found.document(found.core) + found.document(found.named) + found.digest


async def first_changes(member: Member) -> list[Change]:
    async with aclosing(watch_releases(member, 0, seconds=1)) as stream:
        return await anext(stream, [])


DEPLOYMENTS = ObjectType("apps", "v1", "Deployment", "deployments", namespaced=True)
CONFIG_MAPS = ObjectType("", "v1", "ConfigMap", "configmaps", namespaced=True)
PODS = ObjectType("", "v1", "Pod", "pods", namespaced=True)


LOGGING = Pod("default", "web", "uid", False, ())


async def seen_in(pages: AsyncGenerator[Page], kind: ObjectType) -> list[Any]:
    async with aclosing(pages) as stream:
        return [(key_of(item, kind), read_seen(item, kind, now())) async for page in stream for item in page.items]


async def listed_objects(member: Member) -> Any:
    return await seen_in(list_objects(member, DEPLOYMENTS, OF_HELM, whole=True), DEPLOYMENTS)


async def listed_metadata(member: Member) -> Any:
    return await seen_in(list_objects(member, CONFIG_MAPS, OF_HELM, whole=False), CONFIG_MAPS)


async def listed_pods(member: Member) -> Any:
    return await seen_in(list_objects(member, PODS, "app=web", whole=True, namespace="default", most=50), PODS)


async def listed_replica_sets(member: Member) -> Any:
    found = list_objects(member, REPLICA_SET, "app=web", whole=True, namespace="default", most=100)
    async with aclosing(found) as stream:
        return [node_of(item, REPLICA_SET, None, now()) async for page in stream for item in page.items]


async def listed_events(member: Member) -> Any:
    subject = Subject("Deployment", "default", "shop")
    found = await list_by_fields(member, EVENTS, subject.selector, namespace="default", most=500)
    return events_about(subject, found, 100)


async def log_of_container(member: Member) -> Any:
    lines: list[Line] = []
    async with aclosing(log_lines(member, LOGGING, "web", LogOptions(), seconds=1)) as stream:
        async for found in stream:
            lines = (lines + found)[-10:]
            if sum(len(line.text) for line in found) > LARGEST_LOG:
                break
    return lines


async def one_object(member: Member) -> Any:
    found = await get_object(member, DEPLOYMENTS, "default", "shop", whole=True)
    return found and read_seen(found, DEPLOYMENTS, now())


async def first_object_changes(member: Member) -> Any:
    found = object_changes(member, DEPLOYMENTS, OF_HELM, 0, whole=True, seconds=1)
    async with aclosing(found) as stream:
        await anext(stream)
        changes: list[ObjectChange] = await anext(stream, [])
    return [each.item and read_seen(each.item, DEPLOYMENTS, now()) for each in changes]


async def first_states(member: Member) -> Any:
    async with aclosing(ObjectWatch(CONFIG_MAPS, "default", "settings").states(member)) as stream:
        return await anext(stream)


async def next_state(member: Member) -> Any:
    async with aclosing(ObjectWatch(CONFIG_MAPS, "default", "settings", 0).states(member, seconds=1)) as stream:
        return await anext(stream, None)


async def deleted(member: Member) -> None:
    live = await get_object(member, CONFIG_MAPS, "default", "settings", whole=False)
    await delete(member, CONFIG_MAPS, "default", "settings", uid=live["metadata"]["uid"] if live else "uid")


async def first_pod_changes(member: Member) -> Any:
    found = object_changes(member, PODS, "app=web", 0, whole=True, seconds=1, namespace="default")
    async with aclosing(found) as stream:
        await anext(stream)
        changes: list[ObjectChange] = await anext(stream, [])
    return [each.item and read_seen(each.item, PODS, now()) for each in changes]


def trying(trial: Trial) -> Ask:
    """Tries it out; what the member can do is known."""

    async def ask(member: Member) -> Any:
        known = Discovery({}, CORE, [])
        return await try_out(member, known, trial)

    return ask


async def compared_definitions(member: Member) -> Any:
    return await compare_definitions(member, [definition(WIDGETS, "v1", "v2")], replaces=True)


CORE: list[dict[str, Any]] = [
    {
        "metadata": {"name": ""},
        "versions": [
            {
                "version": "v1",
                "resources": [
                    {"resource": "configmaps", "responseKind": {"kind": "ConfigMap"}, "scope": "Namespaced"},
                ],
            }
        ],
    }
]


async def mark(member: Member) -> None:
    heads = await list_revisions(member, namespace="default", name="shop")
    seen = Sighting((1, "default", "shop"), 1, _observed("pending-upgrade"), heads.heads[0].resource_version)
    await mark_failed(member, Open(), seen)


async def record_next(member: Member) -> Any:
    metadata = {"name": "sh.helm.release.v1.shop.v4", "labels": {"owner": "helm", "name": "shop"}}
    return await create_record(member, Open(), "default", {"kind": "Secret", "metadata": metadata})


def _observed(status: str) -> Observed:
    return Observed("shop", "default", 3, status, "web", "1.2.3")


ERRORS = (
    *("no content", "an error without words", "an error whose words are a list", "an error of seven MiB"),
    *("a refusal of seven MiB", "a refusal that is deep", "a refusal with U+0000"),
)
ANYTHING = (
    *("null", "a list", "a number", "a text", "a list of another kind", "a list without a version", "U+0000"),
    *("a success that says nothing", "a refusal of seven MiB", "a refusal with U+0000"),
)
REFUSED = ("an error of seven MiB", "a refusal of seven MiB", "a refusal with U+0000")
"""A write gives what the API server says against it."""
KINDS = (
    Kind("proof of a new connection", "GET", "/api/v1/namespaces/kube-system", lambda m: m.version(), "^$", (), True),
    Kind(
        "sign of life",
        "GET",
        "/api/v1/namespaces/kube-system",
        lambda m: m.ping(seconds=0.5),
        "^resourceVersion=0$",
        ERRORS,  # any answer is a sign of life
    ),
    Kind("uid", "GET", "/api/v1/namespaces/kube-system", lambda m: m.uid(), "^$"),
    Kind("version", "GET", "/version", lambda m: m.version()),
    Kind(
        "what we may do",
        "POST",
        "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
        lambda m: missing_permissions(m, ["get", "list"], "secrets"),
    ),
    Kind(
        "whether we may impersonate",
        "POST",
        "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
        lambda m: may_impersonate(m, ServiceAccount("default", "deployer")),
    ),
    Kind("a namespace", "GET", f"/api/v1/namespaces/{NAMES}", lambda m: m.has_namespace("default"), "^$"),
    Kind("list of all releases", "GET", "/api/v1/secrets", lambda m: list_releases(m, room=10, needed=()), "limit=500"),
    Kind(
        "list of one release",
        "GET",
        SECRETS,
        lambda m: list_revisions(m, namespace=SHOP.namespace, name=SHOP.name),
        "limit=500",
    ),
    Kind(
        "list of releases in ConfigMaps",
        "GET",
        f"/api/v1/namespaces/{NAMES}/configmaps",
        lambda m: is_in_config_maps(m, "default", "shop"),
        "limit=1(&|$)",
        ("a list without a version",),
    ),
    Kind("record", "GET", RECORDS, lambda m: fetch_record(m, SHOP), "^$"),
    Kind("watch", "GET", "/api/v1/secrets", first_changes, "watch=1", ("nothing",)),
    Kind("discovery", "GET", "/apis?", known_kinds),
    Kind("discovery of one version", "GET", rf"/(api|apis/{NAMES})/{NAMES}", known_kinds),
    Kind("list of objects", "GET", rf"/apis/apps/v1/{NAMES}", listed_objects, "managed-by.*limit=100"),
    Kind("list of objects' metadata", "GET", rf"/api/v1/{NAMES}", listed_metadata, "managed-by.*limit=500"),
    Kind("watch of objects", "GET", rf"/apis/apps/v1/{NAMES}", first_object_changes, "watch=1", ("nothing",)),
    Kind(
        "pods of a workload",
        "GET",
        f"/api/v1/namespaces/{NAMES}/pods",
        listed_pods,
        "labelSelector=.*limit=50",
        ("a list of another kind",),  # it is one of pods
    ),
    Kind(
        "watch of a workload's pods",
        "GET",
        f"/api/v1/namespaces/{NAMES}/pods",
        first_pod_changes,
        "watch=1",
        ("nothing",),
    ),
    Kind(
        "events of an object",
        "GET",
        f"/api/v1/namespaces/{NAMES}/events",
        listed_events,
        "fieldSelector=",
    ),
    Kind(
        "what a workload owns",
        "GET",
        f"/apis/(apps|batch)/v1/namespaces/{NAMES}/(replicasets|jobs)",
        listed_replica_sets,
        "labelSelector=.*limit=100",
        ("a list of another kind",),
    ),
    Kind("log of a container", "GET", f"/api/v1/namespaces/{NAMES}/pods/{NAMES}/log", log_of_container, is_text=True),
    Kind("present state of an object", "GET", OBJECTS, first_states, "^fieldSelector=metadata.name"),
    Kind("watch of an object", "GET", OBJECTS, next_state, "watch=1.*fieldSelector=metadata.name", ("nothing",)),
    Kind("object", "GET", f"/apis/apps/v1/namespaces/default/deployments/{NAMES}", one_object, "^$"),
    Kind("kinds of one version", "GET", "/apis/apps/v1", lambda m: discover_version(m, "apps/v1"), "^$"),
    Kind("dry run of a new object", "POST", OBJECTS, trying(Trial("default", "shop", [CONFIG])), "dryRun=All"),
    Kind(
        "dry run of a changed object",
        "PATCH",
        f"{OBJECTS}/{NAMES}",
        trying(Trial("default", "shop", [CONFIG], installed={IDENTITY: CONFIG})),
        "dryRun=All",
    ),
    Kind(
        "object set back",
        "PATCH",
        f"{OBJECTS}/{NAMES}",
        lambda m: apply(m, CONFIG_MAPS, "default", "settings", CONFIG),
        "^fieldManager=helm&force=true$",
        REFUSED,
    ),
    Kind(
        "object set back by a patch",
        "PATCH",
        f"{OBJECTS}/{NAMES}",
        lambda m: patch(m, CONFIG_MAPS, "default", "settings", [{"op": "add", "path": "/data", "value": {"a": "b"}}]),
        "^fieldManager=helm$",
        REFUSED,
    ),
    Kind(
        "object applied by a step",
        "PATCH",
        f"{OBJECTS}/{NAMES}",
        lambda m: apply(m, CONFIG_MAPS, "default", "settings", CONFIG, manager=OWN_MANAGER, force=False),
        "^fieldManager=polyhelm(&force=true)?$",
        REFUSED,
    ),
    Kind(
        "object patched by a step",
        "PATCH",
        f"{OBJECTS}/{NAMES}",
        lambda m: patch(m, CONFIG_MAPS, "default", "settings", {}, patch_type=PatchType.MERGE, manager=OWN_MANAGER),
        "^fieldManager=polyhelm$",
        REFUSED,
    ),
    Kind(
        "object deleted by a step",
        "DELETE",
        f"{OBJECTS}/{NAMES}",
        deleted,
        "^$",
        ANYTHING,  # the step waits until it is gone
    ),
    Kind(
        "object created by a step",
        "POST",
        OBJECTS,
        lambda m: create(
            m, CONFIG_MAPS, "default", "again", CONFIG | {"metadata": {"name": "again"}}, manager=OWN_MANAGER
        ),
        "^fieldManager=polyhelm$",
        REFUSED,
    ),
    Kind(
        "object created again",
        "POST",
        OBJECTS,
        lambda m: create(m, CONFIG_MAPS, "default", "again", CONFIG | {"metadata": {"name": "again"}}),
        "^fieldManager=helm$",
        REFUSED,
    ),
    Kind(
        "object deleted",
        "DELETE",
        f"{OBJECTS}/{NAMES}",
        lambda m: delete(m, CONFIG_MAPS, "default", "settings"),
        "^propagationPolicy=Background$",
        ANYTHING,  # it is deleted again if it is still there
    ),
    Kind("object in the way", "GET", f"{OBJECTS}/{NAMES}", trying(Trial("default", "shop", [CONFIG])), "^$"),
    Kind(
        "what a chart looks up",
        "GET",
        f"{OBJECTS}(/{NAMES})?",
        lambda m: m.request("GET", "/api/v1/namespaces/default/configmaps/settings"),
        takes_as_well=ANYTHING,  # Helm judges it
    ),
    Kind("dry run of a replaced definition", "PUT", f"{DEFINITIONS}/{NAMES}", compared_definitions, "dryRun=All"),
    Kind("definition", "GET", f"{DEFINITIONS}/{NAMES}", compared_definitions, "^$"),
    Kind("record to be marked as failed", "GET", RECORDS, mark, "^$"),
    Kind("record of a new revision", "POST", SECRETS, record_next, "^$"),
    Kind("mark of a record", "PATCH", RECORDS, mark, "^$"),
)


Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


def noting(asked: set[Request], handle: Handler) -> Handler:
    """The handler of a simulator, which has written down what is asked of its members."""

    def noted(http: web.BaseRequest) -> Awaitable[web.StreamResponse]:
        path = re.sub(rf"^/members/{NAMES}", "", http.path)
        if not NEVER_OURS.match(path):
            asked.add((http.method, path, http.query_string, http.headers.get("User-Agent", "")))
        return handle(http)

    return noted


def unknown(requests: Iterable[Request]) -> list[str]:
    """Those requests of ours that are of no kind."""
    return sorted(
        {
            f"{method} {path}?{query}"
            for method, path, query, agent in requests
            if agent == OURS and not any(kind.takes(method, path, query) for kind in KINDS)
        }
    )
