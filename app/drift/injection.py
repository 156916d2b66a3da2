"""CA bundles that another client injects, as cert-manager does."""

from collections.abc import Iterator, Mapping
from typing import Any

from app.drift.comparison import IgnoreRule
from app.drift.pointers import pointer_of
from app.health.fields import text
from app.health.kinds import Kind, kind_of

_CONFIGURATIONS = frozenset(
    Kind("admissionregistration.k8s.io", kind)
    for kind in ("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration")
)
_SINGLE = {
    Kind("apiextensions.k8s.io", "CustomResourceDefinition"): ("spec", "conversion", "webhook", "clientConfig"),
    Kind("apiregistration.k8s.io", "APIService"): ("spec",),
}
_PLACEHOLDERS = ("", "Cg==", "Cgo=")
"""Empty values of charts that leave the bundle to an injector: nothing, or line breaks in base64."""


def injected(wanted: Mapping[str, Any]) -> list[IgnoreRule]:
    """The rules that ignore the CA bundles for which the manifest has an empty value. Without one, webhooks and
    aggregated APIs do not work.

    Args:
        wanted: the answer to a dry run of applying the manifest's object.
    """
    paths = tuple(pointer_of((*segments, "caBundle")) for segments in _places(wanted))
    name = text(wanted, "metadata", "name")
    return [IgnoreRule("empty CA bundle in the manifest", paths, kind_of(wanted), name)] if paths else []


def _places(wanted: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    kind = kind_of(wanted)
    if (segments := _SINGLE.get(kind)) is not None and text(wanted, *segments, "caBundle") in _PLACEHOLDERS:
        yield segments
    webhooks = wanted.get("webhooks")
    if kind in _CONFIGURATIONS and isinstance(webhooks, list):
        for index, webhook in enumerate(webhooks):
            if isinstance(webhook, Mapping) and text(webhook, "clientConfig", "caBundle") in _PLACEHOLDERS:
                yield ("webhooks", str(index), "clientConfig")
