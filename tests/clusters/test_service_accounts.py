"""Service accounts: how they are written, and what an API server says where they are refused something."""

import pytest

from app.clusters.service_accounts import ServiceAccount, forbidden

ACCOUNT = ServiceAccount("team-a", "deployer")
BY_IT = 'User "system:serviceaccount:team-a:deployer" cannot'


def test_a_service_account_is_written_as_namespace_and_name() -> None:
    found = ServiceAccount.parse("team-a/deploy.er")
    assert (found, str(found)) == (ServiceAccount("team-a", "deploy.er"), "team-a/deploy.er")
    assert found.headers == {"Impersonate-User": "system:serviceaccount:team-a:deploy.er"}


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "/",
            "deployer",
            "team-a/",
            "/deployer",
            "a/b/c",
            "Team/x",
            "a.b/c",
            "a/b:c",
            "a/b\r\nX: y",
            "a/-",
            "a/b..c",
        ),
        *(f"a/{'b' * 254}", f"{'a' * 64}/b"),
    ],
)
def test_other_texts_are_not_service_accounts(text: str) -> None:
    with pytest.raises(ValueError, match="namespace/name"):
        ServiceAccount.parse(text)


@pytest.mark.parametrize(
    "words",
    [
        f'secrets is forbidden: {BY_IT} list resource "secrets" in API group "" in the namespace "kube-system"',
        f'secrets "db" is forbidden: {BY_IT} get resource "secrets" in API group "" in the namespace "kube-system"',
        f'forbidden: {BY_IT} get path "/metrics"',
        'clusterrolebindings.rbac.authorization.k8s.io "all" is forbidden: user'
        ' "system:serviceaccount:team-a:deployer" (groups=["system:serviceaccounts"]) is attempting to grant RBAC'
        " permissions not currently held:\n{...}",
    ],
)
def test_a_permission_that_it_lacks_is_reported_for_good_with_the_api_servers_words(words: str) -> None:
    error = forbidden(ACCOUNT, words)
    assert error is not None
    assert (error.code, error.message, error.output) == (
        "service_account_forbidden",
        f"The service account team-a/deployer lacks a permission: {words}",
        words,
    )
    assert forbidden(None, words) is None


def test_credentials_that_may_not_act_as_it_are_reported_as_that() -> None:
    words = (
        'serviceaccounts "deployer" is forbidden: User "polyhelm" cannot impersonate resource "serviceaccounts" in API'
        ' group "" in the namespace "team-a"'
    )
    error = forbidden(ACCOUNT, words)
    assert error is not None
    assert (error.code, error.message) == (
        "impersonation_forbidden",
        f"The cluster's credentials may not impersonate the service account team-a/deployer: {words}",
    )


@pytest.mark.parametrize(
    "words",
    [
        'pods "a" is forbidden: exceeded quota: small, requested: pods=1, used: pods=1, limited: pods=1',
        f'admission webhook "x" denied the request: secrets is forbidden: {BY_IT} get',
        'secrets is forbidden: User "somebody" cannot list resource "secrets" in API group ""',
    ],
)
def test_a_refusal_by_a_webhook_is_not_a_missing_permission(words: str) -> None:
    assert forbidden(ACCOUNT, words) is None
