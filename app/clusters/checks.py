"""Checks a cluster before it is registered or changed."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.clusters.access_reviews import missing_permissions
from app.clusters.codes import ClusterCode
from app.clusters.errors import MismatchedError
from app.clusters.kubeconfig import Access
from app.clusters.services import ClusterServices
from app.core.errors import ActionError, ClusterUnreachable, Conflict, Problem, TemporaryError, invalid
from app.core.names import label_problem, text_problem
from app.releases.error_codes import ActionCode

CLOUDS = ("amazon", "google", "azure", "alibaba", "oracle", "digitalocean", "onprem", "other")
DISTRIBUTIONS = ("pke", "eks", "gke", "aks", "k3s", "kubeadm", "other")
_VERBS = ("get", "list", "watch", "create", "update", "patch", "delete")
_MAX_LABELS = 64


@dataclass(frozen=True)
class Found:
    """The uid and version that a live API server reports."""

    uid: str
    version: str


def description_problems(
    *, name: str | None, cloud: str | None, distribution: str | None, region: str | None, labels: Any
) -> list[Problem]:
    """The problems of a cluster's description. Fields that are None are not checked."""
    found = [label_problem(name, "name", what="The name of a cluster") if name is not None else None]
    for field_name, value, known in (("cloud", cloud, CLOUDS), ("distribution", distribution, DISTRIBUTIONS)):
        if value is not None and value not in known:
            found.append(Problem((field_name,), f"The {field_name} is one of {', '.join(known)}."))
    if region is not None:
        found.append(text_problem(region, "region", what="A region", longest=100))
    labels = labels or {}
    if not isinstance(labels, Mapping) or len(labels) > _MAX_LABELS:
        found.append(Problem(("labels",), f"Labels are a map of at most {_MAX_LABELS} strings to strings."))
    else:
        for key, value in labels.items():
            found.append(text_problem(key, "labels", what="A label's key", longest=253))
            if not isinstance(value, str):
                found.append(Problem(("labels", key), "A label's value is a string."))
            elif value:
                found.append(text_problem(value, "labels", key, what="A label's value", longest=253))
    return [problem for problem in found if problem]


async def ask(services: ClusterServices, name: str, access: Access, *, uid: str | None = None, field: str) -> Found:
    """Reads the uid and version of a live API server, and checks that the credentials have the needed permissions. With
    a `uid`, only the cluster with that uid is accepted. `field` is the input field that errors name.

    Raises:
        UserError: says what is wrong.
    """
    try:
        async with services.members.connect(access, uid) as anyone:
            seen = await anyone.uid()
        async with services.members.connect(access, seen) as member:
            version, missing = await asyncio.gather(member.version(), missing_permissions(member, _VERBS, "secrets"))
    except MismatchedError as error:
        message = f"The cluster at {access.server} has the uid {error.uid}, not {uid or 'the same one each time'}."
        raise Conflict(error.code, f"{message} Nothing was changed.", (field,)) from None
    except TemporaryError as error:
        if error.code in (ActionCode.CLUSTER_UNAUTHORIZED, ActionCode.CLUSTER_ADDRESS_REFUSED):
            raise invalid(error.code, error.message, field) from None
        raise ClusterUnreachable(ActionCode.CLUSTER_UNREACHABLE, error.message, (field,), [name]) from None
    except (ActionError, KeyError, TypeError) as error:
        message = f"{access.server} is not a supported Kubernetes API server: {error}"
        raise invalid(ClusterCode.CLUSTER_NOT_KUBERNETES, message, field) from None
    if missing:
        verbs = ", ".join(missing)
        message = f"The credentials may not {verbs} Secrets in all namespaces, where Helm keeps its releases."
        raise invalid(ClusterCode.CLUSTER_PERMISSIONS, message, field)
    return Found(seen, version)
