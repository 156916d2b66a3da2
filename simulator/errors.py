"""Errors in the form of a Kubernetes API server: a `Status` object with a code, a reason and details.

Clients act on code and reason (`IsNotFound`, `IsConflict`), and people read the message, so both follow
k8s.io/apimachinery/pkg/api/errors.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from simulator.resources import Resource


class ApiError(Exception):
    """Ends a request with a `Status`."""

    def __init__(
        self,
        code: int,
        reason: str,
        message: str,
        details: dict[str, Any] | None = None,
        *,
        retry_after: int | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.details = details
        self.retry_after = retry_after

    def status(self) -> dict[str, Any]:
        status: dict[str, Any] = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": str(self),
        }
        if self.reason:
            status["reason"] = self.reason
        if self.details is not None:
            status["details"] = self.details
        status["code"] = self.code
        return status


def _details(resource: Resource, name: str) -> dict[str, Any]:
    details = {"name": name, "group": resource.group, "kind": resource.plural}
    return {key: value for key, value in details.items() if value}


def unauthorized() -> ApiError:
    return ApiError(401, "Unauthorized", "Unauthorized")


def forbidden(user: str, verb: str, resource: Resource, namespace: str | None, name: str | None) -> ApiError:
    where = f'in the namespace "{namespace}"' if namespace else "at the cluster scope"
    what = f'{resource.qualified} "{name}"' if name else resource.qualified
    message = (
        f'{what} is forbidden: User "{user}" cannot {verb} resource "{resource.plural}" '
        f'in API group "{resource.group}" {where}'
    )
    return ApiError(403, "Forbidden", message, _details(resource, name or ""))


def terminating(resource: Resource, name: str, namespace: str) -> ApiError:
    message = (
        f'{resource.qualified} "{name}" is forbidden: unable to create new content in namespace {namespace} '
        "because it is being terminated"
    )
    causes = [
        {
            "reason": "NamespaceTerminating",
            "message": f"namespace {namespace} is being terminated",
            "field": "metadata.namespace",
        }
    ]
    return ApiError(403, "Forbidden", message, {**_details(resource, name), "causes": causes})


def unknown_path() -> ApiError:
    return ApiError(404, "NotFound", "the server could not find the requested resource", {})


def not_found(resource: Resource, name: str) -> ApiError:
    return ApiError(404, "NotFound", f'{resource.qualified} "{name}" not found', _details(resource, name))


def method_not_allowed() -> ApiError:
    return ApiError(405, "MethodNotAllowed", "the server does not allow this method on the requested resource", {})


def already_exists(resource: Resource, name: str) -> ApiError:
    return ApiError(409, "AlreadyExists", f'{resource.qualified} "{name}" already exists', _details(resource, name))


def wrong_precondition(kind: str, name: str, what: str, given: str, current: str) -> ApiError:
    """A deletion that is meant for another object than the existing one."""
    hint = {
        "UID": "The object might have been deleted and then recreated",
        "ResourceVersion": "The object might have been modified",
    }[what]
    message = (
        f'Operation cannot be fulfilled on {kind} "{name}": the {what} in the precondition ({given}) '
        f"does not match the {what} in record ({current}). {hint}"
    )
    return ApiError(409, "Conflict", message, {"name": name, "kind": kind})


def conflict(resource: Resource, name: str, why: str = "") -> ApiError:
    why = why or "the object has been modified; please apply your changes to the latest version and try again"
    message = f'Operation cannot be fulfilled on {resource.qualified} "{name}": {why}'
    return ApiError(409, "Conflict", message, _details(resource, name))


def expired(message: str) -> ApiError:
    return ApiError(410, "Expired", message)


def bad_request(message: str) -> ApiError:
    return ApiError(400, "BadRequest", message)


def plain(message: str) -> ApiError:
    """An error that the real server does not expect: it has code 500 and no reason."""
    return ApiError(500, "", message)


def too_large(limit: int) -> ApiError:
    return ApiError(413, "RequestEntityTooLarge", f"Request entity too large: limit is {limit}")


def unsupported_media_type(content_type: str, accepted: Sequence[str]) -> ApiError:
    message = f"the body of the request was in an unknown format ({content_type}) - accepted media types include: "
    return ApiError(415, "UnsupportedMediaType", message + ", ".join(accepted), {})


def invalid(group: str, kind: str, name: str, causes: Sequence[tuple[str, str, str]]) -> ApiError:
    """`causes` are (reason, message, field), as in field.Error of k8s.io/apimachinery."""
    told = [f"{field}: {message}" for _, message, field in causes]
    text = told[0] if len(told) == 1 else "[" + ", ".join(told) + "]"
    details: dict[str, Any] = {"name": name, "group": group, "kind": kind}
    details = {key: value for key, value in details.items() if value}
    details["causes"] = [{"reason": reason, "message": message, "field": field} for reason, message, field in causes]
    qualified = f"{kind}.{group}" if group else kind
    return ApiError(422, "Invalid", f'{qualified} "{name}" is invalid: {text}', details)


def rejected_patch() -> ApiError:
    """A JSON patch whose `test` fails or whose path is missing."""
    return ApiError(422, "Invalid", "the server rejected our request due to an error in our request", {})


def throttled(seconds: int) -> ApiError:
    message = "The server has received too many requests and has asked us to try again later"
    details = {"retryAfterSeconds": seconds}
    return ApiError(429, "TooManyRequests", message, details, retry_after=seconds)


def internal() -> ApiError:
    return ApiError(500, "InternalError", "Internal error occurred in the simulator; see its log")


def version_too_large(asked: int, current: int) -> ApiError:
    message = f"Timeout: Too large resource version: {asked}, current: {current}"
    causes = [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}]
    return ApiError(504, "Timeout", message, {"causes": causes, "retryAfterSeconds": 1}, retry_after=1)
