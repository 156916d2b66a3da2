"""Answers to "who am I, and what may I do?": everything is allowed, except Secrets while that fault is on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulator.errors import invalid

if TYPE_CHECKING:
    from simulator.records import Object
    from simulator.resources import Resource

USER = "polyhelm"
_GROUPS = ["system:authenticated"]


def review(resource: Resource, obj: Object, *, secrets_forbidden: bool) -> Object:
    """The review with its status filled in."""
    spec = obj.get("spec") or {}
    answered = {"kind": resource.kind, "apiVersion": resource.api_version, "metadata": {}, "spec": spec}
    match resource.kind:
        case "SelfSubjectReview":
            del answered["spec"]
            answered["status"] = {"userInfo": {"username": USER, "groups": _GROUPS}}
        case "SelfSubjectRulesReview":
            answered["status"] = _rules(secrets_forbidden=secrets_forbidden)
        case _:
            answered["status"] = _allowed(spec, secrets_forbidden=secrets_forbidden)
    return answered


def _allowed(spec: dict[str, Any], *, secrets_forbidden: bool) -> dict[str, Any]:
    attributes = spec.get("resourceAttributes")
    if (attributes is None) == (spec.get("nonResourceAttributes") is None):
        message = "Invalid value: null: exactly one of nonResourceAttributes or resourceAttributes must be specified"
        cause = ("FieldValueInvalid", message, "spec.resourceAttributes")
        raise invalid("authorization.k8s.io", "", "", [cause])
    if secrets_forbidden and attributes is not None:
        group, resource = attributes.get("group", ""), attributes.get("resource", "")
        if group in ("", "*") and resource in ("secrets", "*"):
            return {"allowed": False, "reason": "secrets are forbidden"}
    return {"allowed": True}


def _rules(*, secrets_forbidden: bool) -> dict[str, Any]:
    rules = [{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}]
    if secrets_forbidden:
        rules = [{"verbs": ["*"], "apiGroups": [""], "resources": ["configmaps", "namespaces"]}]
    return {
        "resourceRules": rules,
        "nonResourceRules": [{"verbs": ["*"], "nonResourceURLs": ["*"]}],
        "incomplete": False,
    }
