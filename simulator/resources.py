"""The kinds of objects that a member serves: the built-in ones, and those of its CustomResourceDefinitions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")


@dataclass(frozen=True, slots=True)
class Resource:
    """One kind under one group and version."""

    group: str
    version: str
    plural: str
    kind: str
    namespaced: bool = True
    short: tuple[str, ...] = ()
    status: bool = False
    """Whether it has a status subresource, so that ordinary writes leave the status alone."""
    generation: bool = False
    """Whether the server counts changes of the specification in `metadata.generation`."""
    verbs: tuple[str, ...] = VERBS
    categories: tuple[str, ...] = ()
    custom: bool = False

    @property
    def key(self) -> tuple[str, str]:
        """The key of the collection with its objects, which all versions of a kind share."""
        return (self.group, self.plural)

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def qualified(self) -> str:
        return f"{self.plural}.{self.group}" if self.group else self.plural


def _plain(group: str, version: str, *kinds: str) -> list[Resource]:
    """Each kind as `plural Kind [short,…] [flags]`; flags: c cluster-wide, s status, g generation, a category all."""
    resources = []
    for line in kinds:
        plural, kind, short, flags = [*line.split(), "-", "-"][:4]
        resources.append(
            Resource(
                group,
                version,
                plural,
                kind,
                namespaced="c" not in flags,
                short=() if short == "-" else tuple(short.split(",")),
                status="s" in flags,
                generation="g" in flags,
                categories=("all",) if "a" in flags else (),
            )
        )
    return resources


def _review(group: str, plural: str, kind: str) -> Resource:
    """A resource for questions in the form of an object, which are answered and never stored."""
    return Resource(group, "v1", plural, kind, namespaced=plural == "localsubjectaccessreviews", verbs=("create",))


_BUILT_IN = [
    *_plain(
        "",
        "v1",
        "configmaps ConfigMap cm",
        "endpoints Endpoints ep",
        "events Event ev",
        "limitranges LimitRange limits",
        "namespaces Namespace ns cs",
        "nodes Node no cs",
        "persistentvolumeclaims PersistentVolumeClaim pvc s",
        "persistentvolumes PersistentVolume pv cs",
        "pods Pod po sga",
        "podtemplates PodTemplate",
        "replicationcontrollers ReplicationController rc sga",
        "resourcequotas ResourceQuota quota s",
        "secrets Secret",
        "serviceaccounts ServiceAccount sa",
        "services Service svc sa",
    ),
    *_plain(
        "admissionregistration.k8s.io",
        "v1",
        "mutatingwebhookconfigurations MutatingWebhookConfiguration - cg",
        "validatingadmissionpolicies ValidatingAdmissionPolicy - csg",
        "validatingadmissionpolicybindings ValidatingAdmissionPolicyBinding - cg",
        "validatingwebhookconfigurations ValidatingWebhookConfiguration - cg",
    ),
    *_plain("apiextensions.k8s.io", "v1", "customresourcedefinitions CustomResourceDefinition crd,crds csg"),
    *_plain("apiregistration.k8s.io", "v1", "apiservices APIService - cs"),
    *_plain(
        "apps",
        "v1",
        "controllerrevisions ControllerRevision",
        "daemonsets DaemonSet ds sga",
        "deployments Deployment deploy sga",
        "replicasets ReplicaSet rs sga",
        "statefulsets StatefulSet sts sga",
    ),
    *_plain("autoscaling", "v2", "horizontalpodautoscalers HorizontalPodAutoscaler hpa sa"),
    *_plain("batch", "v1", "cronjobs CronJob cj sga", "jobs Job - sga"),
    *_plain("certificates.k8s.io", "v1", "certificatesigningrequests CertificateSigningRequest csr cs"),
    *_plain("coordination.k8s.io", "v1", "leases Lease"),
    *_plain("discovery.k8s.io", "v1", "endpointslices EndpointSlice - g"),
    *_plain("events.k8s.io", "v1", "events Event ev"),
    *_plain(
        "networking.k8s.io",
        "v1",
        "ingressclasses IngressClass - cg",
        "ingresses Ingress ing sg",
        "networkpolicies NetworkPolicy netpol g",
    ),
    *_plain("node.k8s.io", "v1", "runtimeclasses RuntimeClass - c"),
    *_plain("policy", "v1", "poddisruptionbudgets PodDisruptionBudget pdb sg"),
    *_plain(
        "rbac.authorization.k8s.io",
        "v1",
        "clusterrolebindings ClusterRoleBinding - c",
        "clusterroles ClusterRole - c",
        "rolebindings RoleBinding",
        "roles Role",
    ),
    *_plain("scheduling.k8s.io", "v1", "priorityclasses PriorityClass pc cg"),
    *_plain("storage.k8s.io", "v1", "csidrivers CSIDriver - c", "storageclasses StorageClass sc c"),
    _review("authentication.k8s.io", "selfsubjectreviews", "SelfSubjectReview"),
    _review("authorization.k8s.io", "localsubjectaccessreviews", "LocalSubjectAccessReview"),
    _review("authorization.k8s.io", "selfsubjectaccessreviews", "SelfSubjectAccessReview"),
    _review("authorization.k8s.io", "selfsubjectrulesreviews", "SelfSubjectRulesReview"),
    _review("authorization.k8s.io", "subjectaccessreviews", "SubjectAccessReview"),
]

BUILT_IN: dict[tuple[str, str], dict[str, Resource]] = {}
"""(group, version) -> plural -> resource."""
for _resource in _BUILT_IN:
    BUILT_IN.setdefault((_resource.group, _resource.version), {})[_resource.plural] = _resource

NAMESPACES = BUILT_IN["", "v1"]["namespaces"]
DEFINITIONS = BUILT_IN["apiextensions.k8s.io", "v1"]["customresourcedefinitions"]


class Catalog:
    """The resources of one member. Members share the built-in kinds and store only their own definitions."""

    def __init__(self) -> None:
        self.custom: dict[tuple[str, str], dict[str, Resource]] = {}

    def find(self, group: str, version: str, plural: str) -> Resource | None:
        for known in (BUILT_IN, self.custom):
            resource = known.get((group, version), {}).get(plural)
            if resource is not None:
                return resource
        return None

    def versions(self) -> dict[tuple[str, str], list[Resource]]:
        """Each group and version with its resources, built-in ones first."""
        found = {key: list(resources.values()) for key, resources in BUILT_IN.items()}
        for key, resources in self.custom.items():
            found.setdefault(key, []).extend(resources.values())
        return found

    def define(self, definition: dict[str, Any]) -> None:
        """Adds the resources that a CustomResourceDefinition describes, and removes those that it described before."""
        self.forget(definition)
        spec = definition["spec"]
        names = spec["names"]
        for version in spec["versions"]:
            if version.get("served", True):
                self.custom.setdefault((spec["group"], version["name"]), {})[names["plural"]] = Resource(
                    spec["group"],
                    version["name"],
                    names["plural"],
                    names["kind"],
                    namespaced=spec.get("scope") != "Cluster",
                    short=tuple(names.get("shortNames") or ()),
                    status="status" in (version.get("subresources") or {}),
                    generation=True,
                    categories=tuple(names.get("categories") or ()),
                    custom=True,
                )

    def forget(self, definition: dict[str, Any]) -> None:
        group, plural = definition["spec"]["group"], definition["spec"]["names"]["plural"]
        for key in [key for key in self.custom if key[0] == group]:
            self.custom[key].pop(plural, None)
            if not self.custom[key]:
                del self.custom[key]
