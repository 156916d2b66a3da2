"""Interprets an API server's answer to one of Helm's requests: who refused what, and whether a retry may succeed. Pure.

`app/clusters/refusals.py` explains why the patterns are anchored.
"""

import re

from app.clusters.answers import asked_pause
from app.clusters.refusals import Refusal, RefusalKind, not_now
from app.clusters.service_accounts import ServiceAccount, forbidden
from app.core.errors import ActionError, PermanentError, TemporaryError
from app.helm.request import Request
from app.helm.status import status_object
from app.releases.error_codes import ActionCode
from app.tables.columns import now

_WEBHOOK_AWAY = re.compile(r'Internal error occurred: failed calling webhook "([^"]+)": (.*)', re.DOTALL)
_WEBHOOK_SERVICE = re.compile(r'.*?Post "https://([^./"]+)\.([^./"]+)\.svc[:/]', re.DOTALL)
_WEBHOOK_URL = re.compile(r'.*?Post "(https://[^"?]+)', re.DOTALL)
_WEBHOOK = re.compile(r'admission webhook "([^"]+)" denied the request(?:: | without explanation)?(.*)', re.DOTALL)
_CONVERSION = re.compile(r"conversion webhook for ([^,]+, Kind=\S+) (failed|returned)(.*)", re.DOTALL)
_IS_FORBIDDEN = r'\S+(?: "[^"]*")? is forbidden: '
_QUOTA = re.compile(rf"{_IS_FORBIDDEN}(exceeded quota: ([^,]+), .*|failed quota: ([^:]+): .*)", re.DOTALL)
_POLICY = re.compile(
    rf"(?:{_IS_FORBIDDEN})?(ValidatingAdmissionPolicy '([^']+)' with binding '([^']+)' denied request: (.*))", re.DOTALL
)
_POD_SECURITY = re.compile(rf'{_IS_FORBIDDEN}(violates PodSecurity "([^"]+)": .*)', re.DOTALL)


def trouble(
    request: Request, status: int, retry_after: str | None, body: bytes, account: ServiceAccount | None = None
) -> ActionError | None:
    """The error that an answer means; None if Helm continues after it. `account` is the service account, if any, that
    sent the request."""
    if status < 400:
        return None
    refusal = Refusal.of(status, status_object(body))
    if not request.writes and _is_passed_over(request, refusal):
        return None
    if refusal.kind is RefusalKind.FORBIDDEN and (error := forbidden(account, refusal.words)):
        return error
    if request.writes and refusal.kind not in (RefusalKind.UNAUTHENTICATED, RefusalKind.THROTTLED):
        return _refused_write(request, refusal)
    if refusal.kind is RefusalKind.FAILED and _CONVERSION.fullmatch(refusal.words):
        return PermanentError(ActionCode.CLUSTER_REFUSED, sentence(request.object, refusal.words), refusal.words)
    return not_now(refusal, asked_pause(retry_after, now()))


def _is_passed_over(request: Request, refusal: Refusal) -> bool:
    """Whether Helm continues without what it tried to read."""
    if refusal.status == 404:  # a load balancer without a backend answers 404, too
        return refusal.is_of_api_server or request.is_discovery_of_a_group or request.path.startswith("/openapi/")
    return request.is_discovery_of_a_group and refusal.status >= 500


def _refused_write(request: Request, refusal: Refusal) -> ActionError | None:
    kind, words = refusal.kind, refusal.words
    if request.method == "DELETE" and kind is RefusalKind.NOT_FOUND:
        return None
    if request.revision is not None and kind in (RefusalKind.NOT_FOUND, RefusalKind.EXISTS, RefusalKind.CONFLICT):
        message = f"Another Helm process changed the release at the same time: {words}"
        return TemporaryError(ActionCode.RELEASE_CHANGED, message, words)
    if kind is RefusalKind.TERMINATING:
        return TemporaryError(ActionCode.NAMESPACE_TERMINATING, refusal.terminating, words)
    if kind is RefusalKind.EXISTS:
        return PermanentError(ActionCode.RESOURCE_EXISTS, f"{request.object} already exists: {words}", words)
    if kind in (RefusalKind.CONFLICT, RefusalKind.UNAVAILABLE) or not refusal.is_of_api_server:
        message = f"The API server did not accept {request.object}: {words}"
        return TemporaryError(ActionCode.CLUSTER_UNREACHABLE, message, words)
    return PermanentError(ActionCode.CLUSTER_REFUSED, sentence(request.object, words), words)


def sentence(what: str, words: str) -> str:
    """A sentence that names who refused `what`, derived from the API server's message."""
    if found := _WEBHOOK_AWAY.fullmatch(words):
        return f"The webhook {found[1]}{_where(found[2])} must approve {what}, but does not answer: {found[2]}"
    if found := _CONVERSION.fullmatch(words):
        return f"The conversion webhook of {found[1]}{_where(found[3])} must convert {what}, but fails: {words}"
    if found := _WEBHOOK.fullmatch(words):
        return f"The webhook {found[1]} refuses {what}: {found[2].strip() or 'no reason was given'}"
    if found := _POLICY.fullmatch(words):
        return f"The policy {found[2]} (binding {found[3]}) refuses {what}: {found[4]}"
    if found := _QUOTA.fullmatch(words):
        return f"The quota {found[2] or found[3]} refuses {what}: {found[1]}"
    if found := _POD_SECURITY.fullmatch(words):
        return f"The pod security standard {found[2]} refuses {what}: {found[1]}"
    return f"The API server refuses {what}: {words}"


def _where(words: str) -> str:
    """The server of a webhook, as named in the error of a request to it."""
    if service := _WEBHOOK_SERVICE.match(words):
        return f" (service {service[1]} in namespace {service[2]})"
    if url := _WEBHOOK_URL.match(words):
        return f" ({url[1]})"
    return ""
