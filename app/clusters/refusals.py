"""Classifies error answers of an API server, to requests of Polyhelm and of Helm. Pure.

The class depends on the status and on the fields of the answer's `Status` object. Its message may contain text from a
webhook or a policy, but always after the API server's own text: that is why patterns are anchored here.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self

from app.core.errors import TemporaryError
from app.releases.error_codes import ActionCode
from app.releases.texts import without_objects

_MOST_WORDS = 1000
# Errors of etcd, which the API server passes on unchanged, with status 500.
_STORE_IN_TROUBLE = re.compile(
    r"etcdserver: (request timed out.*|leader changed|no leader|not capable|server stopped|too many requests)"
    r"|rpc error: code = (Unavailable|DeadlineExceeded|Canceled|Unknown) .*|context (deadline exceeded|canceled)",
    re.DOTALL,
)

# The API server's refusal to create an object in a namespace that is being deleted.
_IN_DELETED_NAMESPACE = re.compile(
    r'\S+(?: "[^"]*")? is forbidden: unable to create new content in namespace (\S+) because it is being terminated'
)


class RefusalKind(StrEnum):
    UNAUTHENTICATED = "UNAUTHENTICATED"  # the credentials are not accepted
    FORBIDDEN = "FORBIDDEN"  # the credentials do not allow it, or admission does not
    TERMINATING = "TERMINATING"  # its namespace is being deleted
    THROTTLED = "THROTTLED"  # the server asks for a pause
    NOT_FOUND = "NOT_FOUND"
    EXISTS = "EXISTS"  # an object of this name exists already
    CONFLICT = "CONFLICT"  # the object has changed in the meantime
    EXPIRED = "EXPIRED"  # the requested version is older than the server's history
    UNAVAILABLE = "UNAVAILABLE"  # the server could not complete the request now; it may have taken effect
    FAILED = "FAILED"  # the server, or a webhook that it called, failed
    INVALID = "INVALID"  # the object itself is refused


_BY_STATUS = {
    401: RefusalKind.UNAUTHENTICATED,
    403: RefusalKind.FORBIDDEN,
    404: RefusalKind.NOT_FOUND,
    408: RefusalKind.UNAVAILABLE,
    410: RefusalKind.EXPIRED,
    429: RefusalKind.THROTTLED,
    502: RefusalKind.UNAVAILABLE,
    503: RefusalKind.UNAVAILABLE,
    504: RefusalKind.UNAVAILABLE,
}


@dataclass(frozen=True, slots=True)
class Refusal:
    """`message` and `reason` are those of the `Status` object in the answer. Without one, the answer may not be from an
    API server, but from a load balancer for example: `is_of_api_server` is then False."""

    status: int
    message: str = ""
    reason: str = ""
    is_of_api_server: bool = False

    @classmethod
    def of(cls, status: int, body: Any) -> Self:
        """Reads an answer. `body` is its JSON, if it had any."""
        found = body if isinstance(body, dict) else {}
        message, reason = (str(found.get(field) or "") for field in ("message", "reason"))
        words = without_objects(message)[:_MOST_WORDS]
        return cls(status, words, reason[:_MOST_WORDS], found.get("kind") == "Status")

    @property
    def words(self) -> str:
        return self.message or self.reason or f"HTTP status {self.status}"

    @property
    def terminating(self) -> str:
        """The message for a refusal of kind TERMINATING."""
        found = _IN_DELETED_NAMESPACE.fullmatch(self.message)
        namespace = found[1] if found else ""
        return (
            f"The namespace {namespace} is being deleted, and nothing can be created in it until then. If it"
            " is not deleted, its status shows the cause."
        )

    @property
    def kind(self) -> RefusalKind:
        if self.status == 409:
            return RefusalKind.EXISTS if self.reason == "AlreadyExists" else RefusalKind.CONFLICT
        if self.status == 403 and _IN_DELETED_NAMESPACE.fullmatch(self.message):
            return RefusalKind.TERMINATING
        if self.status == 500 and _STORE_IN_TROUBLE.fullmatch(self.message):
            return RefusalKind.UNAVAILABLE
        return _BY_STATUS.get(self.status, RefusalKind.FAILED if self.status >= 500 else RefusalKind.INVALID)


def not_now(refusal: Refusal, pause: float | None, *, advice: str = "") -> TemporaryError:
    """The error for a request that may succeed later. `pause` is the one that the server requested, in seconds;
    `advice` says what to do if the server does not accept the credentials."""
    code, words = ActionCode.CLUSTER_UNREACHABLE, refusal.words
    message = f"The API server failed: {words}"
    match refusal.kind:
        case RefusalKind.UNAUTHENTICATED:
            code, pause = ActionCode.CLUSTER_UNAUTHORIZED, None
            message = f"The API server does not accept the credentials (401).{advice}"
        case RefusalKind.FORBIDDEN:
            code, pause = ActionCode.CLUSTER_UNAUTHORIZED, None
            message = f"The credentials do not allow this: {words}"
        case RefusalKind.THROTTLED:
            code, message = ActionCode.CLUSTER_THROTTLED, "The API server is throttling requests (429)."
    return TemporaryError(code, message, words, retry_after=pause)
