"""What an answer of an API server means that is an error. Our own requests and Helm's are read alike. Pure.

The status and the fields of the answer's `Status` object decide. Texts of others (a webhook's, a policy's) are part of
its message, and always after words of the API server: that is why patterns are anchored here.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self

from app.core.errors import TemporaryError
from app.releases.error_codes import ActionCode
from app.releases.texts import without_objects

_MOST_WORDS = 1000
# What the API server passes on from its store, word for word, as status 500.
_STORE_IN_TROUBLE = re.compile(
    r"etcdserver: (request timed out.*|leader changed|no leader|not capable|server stopped|too many requests)"
    r"|rpc error: code = (Unavailable|DeadlineExceeded|Canceled|Unknown) .*|context (deadline exceeded|canceled)",
    re.DOTALL,
)

# As the API server's admission refuses what is created in a namespace that is being deleted.
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
    CONFLICT = "CONFLICT"  # the object has changed meanwhile
    EXPIRED = "EXPIRED"  # the server's history does not reach back so far
    UNAVAILABLE = "UNAVAILABLE"  # the server could not do it now; it may have been done
    FAILED = "FAILED"  # the server, or a webhook that it asked, failed
    INVALID = "INVALID"  # it is refused for what it is


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
    """`message` and `reason` are those of the `Status` object in the answer. Where none came, something else than an
    API server may have answered, such as a load balancer: `is_of_api_server` is False then."""

    status: int
    message: str = ""
    reason: str = ""
    is_of_api_server: bool = False

    @classmethod
    def of(cls, status: int, body: Any) -> Self:
        """`body` is the JSON of the answer, if it had any."""
        found = body if isinstance(body, dict) else {}
        message, reason = (str(found.get(field) or "") for field in ("message", "reason"))
        words = without_objects(message)[:_MOST_WORDS]
        return cls(status, words, reason[:_MOST_WORDS], found.get("kind") == "Status")

    @property
    def words(self) -> str:
        return self.message or self.reason or f"HTTP status {self.status}"

    @property
    def terminating(self) -> str:
        """What to say where the kind is TERMINATING."""
        found = _IN_DELETED_NAMESPACE.fullmatch(self.message)
        namespace = found[1] if found else ""
        return (
            f"The namespace {namespace} is being deleted, and nothing can be created in it until it is gone. If it"
            " stays, its status says what keeps it."
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
    """The error for a request that may be answered later. `pause` is what the server asked for, in seconds; `advice`
    says what to do where it does not accept the credentials."""
    code, words = ActionCode.CLUSTER_UNREACHABLE, refusal.words
    message = f"The API server is in trouble: {words}"
    match refusal.kind:
        case RefusalKind.UNAUTHENTICATED:
            code, pause = ActionCode.CLUSTER_UNAUTHORIZED, None
            message = f"The API server does not accept our credentials (401).{advice}"
        case RefusalKind.FORBIDDEN:
            code, pause = ActionCode.CLUSTER_UNAUTHORIZED, None
            message = f"Our credentials do not allow this: {words}"
        case RefusalKind.THROTTLED:
            code, message = ActionCode.CLUSTER_THROTTLED, "The API server asks for a pause (429)."
    return TemporaryError(code, message, words, retry_after=pause)
