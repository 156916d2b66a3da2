"""Finds what the server rejects with 422 Invalid, with the messages of k8s.io/apimachinery/pkg/util/validation."""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING, Any

import orjson

from simulator.errors import ApiError, bad_request, invalid

if TYPE_CHECKING:
    from collections.abc import Callable

    from simulator.records import Object
    from simulator.resources import Resource

Cause = tuple[str, str, str]

_LABEL = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_LABEL_1035 = r"[a-z]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = rf"{_LABEL}(\.{_LABEL})*"
_VALUE = r"(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?"

_SUBDOMAIN_RULE = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and "
    f"end with an alphanumeric character (e.g. 'example.com', regex used for validation is '{_SUBDOMAIN}')"
)
_LABEL_RULE = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with "
    f"an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '{_LABEL}')"
)
_LABEL_1035_RULE = (
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, "
    f"and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for "
    f"validation is '{_LABEL_1035}')"
)
_VALUE_RULE = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and "
    "end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is "
    f"'{_VALUE}')"
)

DATA_LIMIT = 1024 * 1024
"""The maximum size of all values of a Secret or a ConfigMap, in bytes. This also limits Helm's releases."""
_TOO_LONG = f"Too long: may not be more than {DATA_LIMIT} bytes"

_IMMUTABLE: dict[tuple[str, str], tuple[tuple[str, ...], ...]] = {
    ("apps", "deployments"): (("spec", "selector"),),
    ("apps", "daemonsets"): (("spec", "selector"),),
    ("apps", "replicasets"): (("spec", "selector"),),
    ("apps", "statefulsets"): (("spec", "selector"), ("spec", "serviceName"), ("spec", "podManagementPolicy")),
    ("batch", "jobs"): (("spec", "template"), ("spec", "completions")),
    ("", "secrets"): (("type",),),
    ("rbac.authorization.k8s.io", "rolebindings"): (("roleRef",),),
    ("rbac.authorization.k8s.io", "clusterrolebindings"): (("roleRef",),),
}


def _name_causes(resource: Resource, name: str, field: str) -> list[Cause]:
    if resource.group == "rbac.authorization.k8s.io":  # its names are path segments, such as `system:node`
        bad = name in (".", "..") or "/" in name or "%" in name
        return [("FieldValueInvalid", f"Invalid value: \"{name}\": may not contain '/' or '%'", field)] if bad else []
    if resource.kind == "Namespace":
        limit, pattern, rule = 63, _LABEL, _LABEL_RULE
    elif resource.kind == "Service":
        limit, pattern, rule = 63, _LABEL_1035, _LABEL_1035_RULE
    else:
        limit, pattern, rule = 253, _SUBDOMAIN, _SUBDOMAIN_RULE
    causes = []
    if len(name) > limit:
        message = f'Invalid value: "{name}": must be no more than {limit} characters'
        causes.append(("FieldValueInvalid", message, field))
    if not re.fullmatch(pattern, name):
        causes.append(("FieldValueInvalid", f'Invalid value: "{name}": {rule}', field))
    return causes


def _label_causes(labels: dict[str, Any]) -> list[Cause]:
    causes = []
    for value in labels.values():
        if not isinstance(value, str):
            raise bad_request("unable to decode: json: cannot unmarshal a value of metadata.labels into a string")
        if len(value) > 63:
            message = f'Invalid value: "{value}": must be no more than 63 bytes'
            causes.append(("FieldValueInvalid", message, "metadata.labels"))
        elif not re.fullmatch(_VALUE, value):
            causes.append(("FieldValueInvalid", f'Invalid value: "{value}": {_VALUE_RULE}', "metadata.labels"))
    return causes


def _secret_causes(obj: Object) -> list[Cause]:
    size = 0
    for value in (obj.get("data") or {}).values():
        try:
            size += len(base64.b64decode(value, validate=True))
        except (binascii.Error, TypeError, ValueError) as error:
            raise bad_request('Secret in version "v1" cannot be handled as a Secret: illegal base64 data') from error
    return [("FieldValueTooLong", _TOO_LONG, "data")] if size > DATA_LIMIT else []


def _config_map_causes(obj: Object) -> list[Cause]:
    size = sum(len(value.encode()) for value in (obj.get("data") or {}).values())
    return [("FieldValueTooLong", _TOO_LONG, "[]")] if size > DATA_LIMIT else []


def _workload_causes(obj: Object) -> list[Cause]:
    spec = obj.get("spec") or {}
    template = spec.get("template") or {}
    selector = (spec.get("selector") or {}).get("matchLabels") or {}
    labels = (template.get("metadata") or {}).get("labels")
    causes: list[Cause] = []
    if not spec.get("selector"):
        causes.append(("FieldValueRequired", "Required value", "spec.selector"))
    if not spec.get("selector") or not selector.items() <= (labels or {}).items():
        message = f"Invalid value: {orjson.dumps(labels).decode()}: `selector` does not match template `labels`"
        causes.append(("FieldValueInvalid", message, "spec.template.metadata.labels"))
    if not (template.get("spec") or {}).get("containers"):
        causes.append(("FieldValueRequired", "Required value", "spec.template.spec.containers"))
    return causes


def _definition_causes(obj: Object) -> list[Cause]:
    spec = obj.get("spec") or {}
    names = spec.get("names") or {}
    missing = [f"spec.{part}" for part in ("group", "versions", "scope") if not spec.get(part)]
    missing += [f"spec.names.{part}" for part in ("plural", "kind") if not names.get(part)]
    if missing:
        return [("FieldValueRequired", "Required value", field) for field in missing]
    expected = f"{names['plural']}.{spec['group']}"
    name = obj["metadata"]["name"]
    if name == expected:
        return []
    message = f'Invalid value: "{name}": must be spec.names.plural+"."+spec.group'
    return [("FieldValueInvalid", message, "metadata.name")]


_CAUSES: dict[tuple[str, str], Callable[[Object], list[Cause]]] = {
    ("", "configmaps"): _config_map_causes,
    ("", "secrets"): _secret_causes,
    ("apiextensions.k8s.io", "customresourcedefinitions"): _definition_causes,
    ("apps", "daemonsets"): _workload_causes,
    ("apps", "deployments"): _workload_causes,
    ("apps", "replicasets"): _workload_causes,
    ("apps", "statefulsets"): _workload_causes,
}


def check(resource: Resource, obj: Object, old: Object | None = None) -> None:
    """Raises an error for an object that is invalid for its kind, or for an update that the kind does not allow."""
    metadata = obj["metadata"]
    name = metadata["name"]
    causes = _name_causes(resource, name, "metadata.name")
    if metadata.get("labels"):
        causes += _label_causes(metadata["labels"])
    if resource.key in _CAUSES:
        causes += _CAUSES[resource.key](obj)
    if old is not None:
        causes += _change_causes(resource, old, obj)
    if causes:
        raise invalid(resource.group, resource.kind, name, causes)


def _change_causes(resource: Resource, old: Object, new: Object) -> list[Cause]:
    causes: list[Cause] = []
    for path in _IMMUTABLE.get(resource.key, ()):
        before: Any = old
        after: Any = new
        for step in path:
            before = (before or {}).get(step)
            after = (after or {}).get(step)
        if before != after:
            value = orjson.dumps(after).decode()
            causes.append(("FieldValueInvalid", f"Invalid value: {value}: field is immutable", ".".join(path)))
    if old.get("immutable") and resource.kind in ("Secret", "ConfigMap"):
        fixed = ("data", "binaryData", "immutable")
        message = "Forbidden: field is immutable when `immutable` is set"
        causes += [("FieldValueForbidden", message, part) for part in fixed if old.get(part) != new.get(part)]
    return causes


def name_required(resource: Resource) -> ApiError:
    cause = ("FieldValueRequired", "Required value: name or generateName is required", "metadata.name")
    return invalid(resource.group, resource.kind, "", [cause])
