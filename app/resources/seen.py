"""Extracts what is stored of a live object. Pure. The values of ConfigMaps and Secrets are never requested."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, NamedTuple, Self

from app.clusters.objects import Object, ObjectType, equal_labels
from app.core.errors import ActionError
from app.health.health import Health, HealthVerdict
from app.health.judging import health_of
from app.health.shipped import shipped
from app.releases.error_codes import ActionCode
from app.releases.inventory import ResourceOrigin
from app.releases.texts import without_nul

_LABEL = "app.kubernetes.io/managed-by"
_MOST = 20
_LONGEST = 500
_RBAC = "rbac.authorization.k8s.io"
_ADMISSION = "admissionregistration.k8s.io"
_WITHOUT_STATUS = frozenset(
    {
        *(("", kind) for kind in ("ConfigMap", "Endpoints", "LimitRange", "PodTemplate", "ResourceQuota", "Secret")),
        ("", "ServiceAccount"),
        *((_RBAC, kind) for kind in ("ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding")),
        *((_ADMISSION, f"{kind}WebhookConfiguration") for kind in ("Mutating", "Validating")),
        (_ADMISSION, "ValidatingAdmissionPolicyBinding"),
        ("apps", "ControllerRevision"),
        ("coordination.k8s.io", "Lease"),
        ("discovery.k8s.io", "EndpointSlice"),
        ("networking.k8s.io", "IngressClass"),
        ("networking.k8s.io", "NetworkPolicy"),
        ("node.k8s.io", "RuntimeClass"),
        ("scheduling.k8s.io", "PriorityClass"),
        ("storage.k8s.io", "CSIDriver"),
        ("storage.k8s.io", "StorageClass"),
    }
)


class Key(NamedTuple):
    """Identifies an object on a cluster, in whatever version it is read."""

    group: str
    kind: str
    namespace: str
    name: str


@dataclass(frozen=True, slots=True)
class Seen:
    """What is stored of an object. `version` is the object's resource version.

    `is_checked` is False if its kind cannot be read: nothing is known then, and the verdict states why. `is_labelled`
    is False if it lacks the label by which Helm's objects are watched. `selector` finds the pods of a workload.
    """

    verdict: HealthVerdict
    version: int = 0
    uid: str = ""
    images: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    node_ports: tuple[tuple[str, int], ...] = ()
    is_checked: bool = True
    is_labelled: bool = True
    selector: str | None = None

    @property
    def fingerprint(self) -> bytes:
        """Equal for objects that look the same on every screen."""
        verdict = self.verdict
        return fingerprint(
            *(self.uid, verdict.health, verdict.reason, verdict.message),
            *(self.images, self.addresses, self.hosts, self.node_ports, self.is_checked),
        )

    def with_verdict(self, verdict: HealthVerdict) -> Self:
        return replace(self, verdict=verdict)


def fingerprint(*shown: Any) -> bytes:
    return hashlib.blake2b(repr(shown).encode(), digest_size=8).digest()


def is_judged(group: str, kind: str) -> bool:
    """Whether objects of a kind have a status to judge. Of other kinds, only the metadata is read."""
    return (group, kind) not in _WITHOUT_STATUS


def key_of(item: Object, kind: ObjectType) -> Key:
    metadata = item["metadata"]
    return Key(kind.group, kind.kind, metadata.get("namespace") or "" if kind.namespaced else "", metadata["name"])


def read_seen(item: Object, kind: ObjectType, moment: datetime) -> Seen:
    metadata = item["metadata"]
    verdict = health_of(kind.named(item), shipped(), moment)
    spec = _map(item.get("spec"))
    return Seen(
        replace(verdict, reason=_kept(verdict.reason), message=_kept(verdict.message)),
        int(metadata["resourceVersion"]),
        _text(metadata.get("uid")),
        _few(_images(spec)),
        _few(_addresses(spec, _map(item.get("status")))),
        _few(_hosts(spec)),
        tuple(sorted(_node_ports(spec))[:_MOST]),
        is_labelled=_map(metadata.get("labels")).get(_LABEL) == "Helm",
        selector=equal_labels(_map(spec.get("selector")).get("matchLabels")),
    )


def absent(kind: str, origin: ResourceOrigin, *, is_pending: bool) -> Seen:
    """What is shown for an object that does not exist. `is_pending` is True while Helm is working on the release."""
    if origin is ResourceOrigin.HOOK:
        return Seen(HealthVerdict(Health.HEALTHY, "Removed", "The object of this hook no longer exists."))
    if is_pending:
        return Seen(HealthVerdict(Health.PROGRESSING, "NotCreated", "Helm has not created it yet."))
    return Seen(HealthVerdict(Health.MISSING, "NotFound", f"The release has this {kind}, and the cluster does not."))


def unreadable(error: ActionError) -> Seen:
    """What is shown for an object whose kind cannot be read."""
    return _unchecked("Forbidden" if error.code == ActionCode.CLUSTER_UNAUTHORIZED else "Unreadable", error.message)


def not_served(api_version: str, kind: str) -> Seen:
    return _unchecked("NotServed", f"The cluster does not serve {api_version} {kind}.")


def _unchecked(reason: str, message: str) -> Seen:
    return Seen(HealthVerdict(Health.UNKNOWN, reason, _kept(message)), is_checked=False)


def _images(spec: Mapping[str, Any]) -> Iterator[object]:
    job = _map(_map(spec.get("jobTemplate")).get("spec"))
    for holder in (spec, _map(_map(spec.get("template")).get("spec")), _map(_map(job.get("template")).get("spec"))):
        for field in ("initContainers", "containers"):
            yield from (container.get("image") for container in _maps(holder.get(field)))


def _hosts(spec: Mapping[str, Any]) -> Iterator[object]:
    """The hosts for which Ingresses, routes and gateways take requests."""
    yield from (rule.get("host") for rule in _maps(spec.get("rules")))
    yield from spec["hostnames"] if isinstance(spec.get("hostnames"), list) else ()
    yield from (listener.get("hostname") for listener in _maps(spec.get("listeners")))


def _node_ports(spec: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    """The port on every node for each port of a Service, by its name, or its number if it has none."""
    for port in _maps(spec.get("ports")):
        if isinstance(number := port.get("nodePort"), int) and number:
            yield _text(port.get("name")) or str(port.get("port")), number


def _addresses(spec: Mapping[str, Any], status: Mapping[str, Any]) -> Iterator[object]:
    """The addresses at which it is reached: those of load balancers and gateways, and external ones of a Service."""
    for ingress in _maps(_map(status.get("loadBalancer")).get("ingress")):
        yield ingress.get("hostname") or ingress.get("ip")
    yield from (address.get("value") for address in _maps(status.get("addresses")))
    yield from spec["externalIPs"] if isinstance(spec.get("externalIPs"), list) else ()
    yield spec.get("externalName")
    yield status.get("url")


def _few(texts: Iterable[object]) -> tuple[str, ...]:
    found = dict.fromkeys(_text(text) for text in texts)
    found.pop("", None)
    return tuple(found)[:_MOST]


def _text(found: object) -> str:
    return without_nul(found[:_LONGEST]) if isinstance(found, str) else ""


def _kept(text: str | None) -> str | None:
    return text if text is None else without_nul(text[:1000])


def _map(found: Any) -> Mapping[str, Any]:
    return found if isinstance(found, Mapping) else {}


def _maps(found: Any) -> list[Mapping[str, Any]]:
    return [each for each in found if isinstance(each, Mapping)] if isinstance(found, list) else []
