"""Asks a member what its credentials allow."""

import asyncio
from collections.abc import Iterable

from app.clusters.answers import read_field
from app.clusters.member import Member, expect_success
from app.clusters.service_accounts import ServiceAccount

_PATH = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"


async def missing_permissions(member: Member, verbs: Iterable[str], resource: str) -> list[str]:
    """The verbs that the credentials do not allow on a core resource in all namespaces."""
    asked = list(verbs)
    answers = await asyncio.gather(*(_allows(member, {"verb": verb, "resource": resource}) for verb in asked))
    return [verb for verb, is_allowed in zip(asked, answers, strict=True) if not is_allowed]


async def may_impersonate(member: Member, account: ServiceAccount) -> bool:
    """Whether the credentials allow acting as this service account."""
    named = {"namespace": account.namespace, "name": account.name}
    return await _allows(member, {"verb": "impersonate", "resource": "serviceaccounts", **named})


async def _allows(member: Member, attributes: dict[str, str]) -> bool:
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": attributes},
    }
    answer = await member.request("POST", _PATH, body=review)
    body = expect_success(answer, "Checking permissions failed").body
    return read_field(bool, body, "status", "allowed")
