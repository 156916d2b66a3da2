"""CA bundles that another client injects are ignored."""

from typing import Any

import pytest

from app.drift.comparison import differences
from app.drift.injection import injected

BUNDLE = "LS0tLS1CRUdJTg=="


def configuration(*bundles: str | None, policy: str = "Fail") -> dict[str, Any]:
    clients = [{} if bundle is None else {"caBundle": bundle} for bundle in bundles]
    webhooks = [
        {"name": f"{index}.test", "failurePolicy": policy, "clientConfig": client}
        for index, client in enumerate(clients)
    ]
    kind = {"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration"}
    return {**kind, "metadata": {"name": "shop"}, "webhooks": webhooks}


def definition(bundle: str) -> dict[str, Any]:
    conversion = {"webhook": {"clientConfig": {"caBundle": bundle}}}
    kind = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition"}
    return {**kind, "metadata": {"name": "shop"}, "spec": {"conversion": conversion}}


def service(bundle: str) -> dict[str, Any]:
    kind = {"apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService"}
    return {**kind, "metadata": {"name": "shop"}, "spec": {"caBundle": bundle}}


@pytest.mark.parametrize(
    ("wanted", "live", "counted"),
    [
        (configuration("", None, "Cg=="), configuration(BUNDLE, BUNDLE, BUNDLE), []),
        (configuration("", "b3Vycw=="), configuration(BUNDLE, BUNDLE), ["/webhooks/1/clientConfig/caBundle"]),
        (configuration(""), configuration(BUNDLE, policy="Ignore"), ["/webhooks/0/failurePolicy"]),
        (definition("Cg=="), definition(BUNDLE), []),
        (definition("b3Vycw=="), definition(BUNDLE), ["/spec/conversion/webhook/clientConfig/caBundle"]),
        (service(""), service(BUNDLE), []),
        ({**service(""), "kind": "Other"}, {**service(BUNDLE), "kind": "Other"}, ["/spec/caBundle"]),
        ({**configuration(), "webhooks": "text"}, configuration(), ["/webhooks"]),
    ],
)
def test_a_bundle_is_ignored_where_the_manifest_has_an_empty_one(wanted: Any, live: Any, counted: list[str]) -> None:
    found = differences(wanted, live, injected(wanted))
    assert [each.path for each in found if each.ignored_by is None] == counted
