"""The errors of requests to a member: what it refuses, and why it could not be reached."""

import aiohttp

from app.clusters.answers import asked_pause, parsed
from app.clusters.refusals import Refusal, not_now
from app.core.errors import TemporaryError
from app.network.addresses import AddressRefusedError
from app.releases.error_codes import ActionCode
from app.tables.columns import now

_LONGEST_WORDS = 1000  # characters of a connection error, which quotes what was received


class MismatchedError(TemporaryError):
    """The answer came from another cluster than the registered one; `uid` is that of the other cluster."""

    def __init__(self, expected: str, uid: str) -> None:
        super().__init__(
            ActionCode.CLUSTER_MISMATCHED,
            f"Another cluster answers at its address: the uid of its kube-system namespace is {uid}, and that of the"
            f" registered cluster is {expected}.",
        )
        self.uid = uid


def refusal_of(status: int, text: bytes) -> Refusal:
    """Reads an error answer. A body that is not JSON says nothing: the status alone counts."""
    try:
        return Refusal.of(status, parsed(text))
    except TemporaryError:
        return Refusal(status)


def expired(refusal: Refusal) -> TemporaryError:
    message = "The API server's history does not reach back far enough."
    return TemporaryError(ActionCode.WATCH_EXPIRED, message, refusal.words)


def refused_now(refusal: Refusal, retry_after: str | None, name: str | None) -> TemporaryError:
    """The error for a refusal that does not depend on the request. `name` is the cluster's name."""
    advice = f" Replace them: polyhelm cluster update {name} --kubeconfig FILE" if name else ""
    return not_now(refusal, asked_pause(retry_after, now()), advice=advice)


def refuse_redirect(status: int) -> None:
    """An API server sends no redirects, and one could send the credentials to another server.

    Raises:
        TemporaryError: if an answer with this status is a redirect.
    """
    if status in (301, 302, 303, 307, 308):
        raise TemporaryError(
            ActionCode.CLUSTER_UNREACHABLE, f"The API server redirects ({status}), which is not followed."
        )


def unreachable(error: aiohttp.ClientError | OSError) -> TemporaryError:
    cause = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
    if isinstance(cause, AddressRefusedError):
        message = f"Connecting to the API server is not allowed: {cause}"
        return TemporaryError(ActionCode.CLUSTER_ADDRESS_REFUSED, message)
    return TemporaryError(ActionCode.CLUSTER_UNREACHABLE, f"The API server cannot be reached: {_words(error)}")


def _words(error: Exception) -> str:
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return f"its certificate is not valid: {error.certificate_error}"
    return str(error)[:_LONGEST_WORDS] or type(error).__name__
