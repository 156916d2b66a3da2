"""The digest of a plan: equal for plans that do the same. Pure."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from app.releases.basis import Foundation
from app.releases.canonical import canonical
from app.releases.step import ReleaseAction

_FORM = 2
"""The form of the digested text. It increases when the text changes, so that no approval counts for another text."""


@dataclass(frozen=True, slots=True)
class Deed:
    """What is done on one cluster. `texts` are everything that a person is shown of it: the manifest, the differences
    of values and manifests, and the changes of CustomResourceDefinitions and of live objects. A new part of a plan
    that changes what is done belongs in here."""

    cluster: str
    action: ReleaseAction
    desired: str
    texts: tuple[str | None, ...] = ()


def plan_digest(what: Mapping[str, Any], found: Foundation, deeds: Iterable[Deed]) -> str:
    """The digest of a plan, in hexadecimal digits. `what` names the kind of the change, the release, and the options of
    the request.

    What the plan was made against is left out, except what decides what is done: the chart, the secrets, the options
    and the service account. Secrets are in it as marks."""
    targets = sorted(
        [deed.cluster, deed.action.value, deed.desired, [_short(text) for text in deed.texts]] for deed in deeds
    )
    whole = found.as_json()
    del whole["generation"]
    return hashlib.sha256(canonical([_FORM, dict(what), whole, targets])).hexdigest()


def _short(text: str | None) -> str:
    return "" if text is None else hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()
