"""What an API server's answer to one of Helm's requests means: who refused what, and whether that may pass. Pure.

Only the answer decides, by its status and the fields of its `Status` object. Texts of others (a webhook's, a policy's)
are part of its message, and always after words of the API server: that is why patterns are anchored here.
"""

import re
from typing import Any

from app.clusters.answers import asked_pause
from app.clusters.member import REFUSED, THROTTLED, UNAUTHORIZED, UNREACHABLE
from app.clusters.service_accounts import ServiceAccount, forbidden
from app.errors import ActionError, PermanentError, TemporaryError
from app.helm.request import Request
from app.helm.status import status_object
from app.tables import now

LOST_RACE = "release_changed"
"""Another Helm wrote the release's record first, or took it away."""
RESOURCE_EXISTS = "resource_exists"

_MOST_WORDS = 1000
# What the API server passes on from its store, word for word, as status 500.
_STORE_IN_TROUBLE = re.compile(
    r"etcdserver: (request timed out.*|leader changed|no leader|not capable|server stopped|too many requests)"
    r"|rpc error: code = (Unavailable|DeadlineExceeded|Canceled|Unknown) .*|context (deadline exceeded|canceled)",
    re.DOTALL,
)
_WEBHOOK_AWAY = re.compile(r'Internal error occurred: failed calling webhook "([^"]+)": (.*)', re.DOTALL)
_WEBHOOK_SERVICE = re.compile(r'.*?Post "https://([^./"]+)\.([^./"]+)\.svc[:/]', re.DOTALL)
_WEBHOOK_URL = re.compile(r'.*?Post "(https://[^"?]+)', re.DOTALL)
_WEBHOOK = re.compile(r'admission webhook "([^"]+)" denied the request(?:: | without explanation)?(.*)', re.DOTALL)
_IS_FORBIDDEN = r'\S+(?: "[^"]*")? is forbidden: '
_QUOTA = re.compile(rf"{_IS_FORBIDDEN}(exceeded quota: ([^,]+), .*|failed quota: ([^:]+): .*)", re.DOTALL)
_POLICY = re.compile(
    rf"(?:{_IS_FORBIDDEN})?(ValidatingAdmissionPolicy '([^']+)' with binding '([^']+)' denied request: (.*))", re.DOTALL
)
_POD_SECURITY = re.compile(rf'{_IS_FORBIDDEN}(violates PodSecurity "([^"]+)": .*)', re.DOTALL)


def trouble(
    request: Request, status: int, retry_after: str | None, body: bytes, account: ServiceAccount | None = None
) -> ActionError | None:
    """The error that an answer is; None for one that Helm goes on with. `account` is the service account that sent the
    request, if one did."""
    if status < 400 or (not request.writes and (status == 404 or (request.is_discovery_of_a_group and status >= 500))):
        return None
    answer = status_object(body)
    words = str(answer.get("message") or f"HTTP status {status}")[:_MOST_WORDS]
    if status == 429:
        pause = asked_pause(retry_after, now())
        return TemporaryError(THROTTLED, "The API server asks for a pause (429).", words, retry_after=pause)
    if status == 401:
        return TemporaryError(UNAUTHORIZED, "The API server does not accept our credentials (401).", words)
    if status == 403 and (refused := forbidden(account, words)):
        return refused
    if request.writes:
        return _refused_write(request, status, answer, words)
    if status == 403:
        return TemporaryError(UNAUTHORIZED, f"Our credentials do not allow this: {words}", words)
    return TemporaryError(UNREACHABLE, f"The API server is in trouble: {words}", words)


def _refused_write(request: Request, status: int, answer: dict[str, Any], words: str) -> ActionError | None:
    exists = status == 409 and answer.get("reason") == "AlreadyExists"
    if request.revision is not None and status in (404, 409):
        if request.method == "DELETE" and status == 404:
            return None
        return TemporaryError(LOST_RACE, f"Somebody else's Helm changed the release at the same time: {words}", words)
    if exists and request.method == "POST" and request.path.endswith(("/namespaces", "/customresourcedefinitions")):
        return None  # Helm takes them as they are
    if request.method == "DELETE" and status == 404:
        return None
    if exists:
        return PermanentError(RESOURCE_EXISTS, f"{request.object} exists already: {words}", words)
    if status == 409 or status in (408, 502, 503, 504) or not answer or _store_is_in_trouble(status, words):
        return TemporaryError(UNREACHABLE, f"The API server did not take {request.object}: {words}", words)
    return PermanentError(REFUSED, refusal(request.object, words), words)


def _store_is_in_trouble(status: int, words: str) -> bool:
    return status == 500 and _STORE_IN_TROUBLE.fullmatch(words) is not None


def refusal(what: str, words: str) -> str:
    """A sentence that names who refused `what`, by the API server's words."""
    if found := _WEBHOOK_AWAY.fullmatch(words):
        where = ""
        if service := _WEBHOOK_SERVICE.match(found[2]):
            where = f" (service {service[1]} in namespace {service[2]})"
        elif url := _WEBHOOK_URL.match(found[2]):
            where = f" ({url[1]})"
        return f"The webhook {found[1]}{where} has to allow {what}, and does not answer: {found[2]}"
    if found := _WEBHOOK.fullmatch(words):
        return f"The webhook {found[1]} refuses {what}: {found[2].strip() or 'it gives no reason'}"
    if found := _POLICY.fullmatch(words):
        return f"The policy {found[2]} (binding {found[3]}) refuses {what}: {found[4]}"
    if found := _QUOTA.fullmatch(words):
        return f"The quota {found[2] or found[3]} refuses {what}: {found[1]}"
    if found := _POD_SECURITY.fullmatch(words):
        return f"The pod security standard {found[2]} refuses {what}: {found[1]}"
    return f"The API server refuses {what}: {words}"
