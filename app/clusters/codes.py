"""The kinds of events and the codes of errors about clusters."""

from app.registers.register import ErrorCode, EventKind


class ClusterEvent(EventKind):
    """Events of clusters"""

    REGISTERED = "cluster.registered", "A cluster was registered."
    UPDATED = "cluster.updated", "A cluster was updated."
    REMOVED = "cluster.removed", "A cluster was removed."
    CONFIRMED = "cluster.confirmed", "A rebuilt cluster was confirmed with its new uid."
    CREDENTIALS_EXPIRING = "cluster.credentials_expiring", "A cluster's credentials expire soon, or have expired."
    REACHABLE = "cluster.reachable", "A cluster can be reached again."
    UNREACHABLE = "cluster.unreachable", "A cluster can no longer be reached."
    UNAUTHORIZED = "cluster.unauthorized", "A cluster no longer accepts its credentials."
    MISMATCHED = "cluster.mismatched", "A different cluster answers at a cluster's address."


class ClusterCode(ErrorCode):
    """Errors about clusters and kubeconfigs"""

    CLUSTER_NOT_FOUND = "cluster_not_found", "The cluster does not exist, or the caller cannot see it."
    CLUSTER_REGISTERED = "cluster_registered", "The cluster is already registered under another name."
    CLUSTER_IN_USE = "cluster_in_use", "The cluster still has releases."
    CLUSTER_NOT_KUBERNETES = "cluster_not_kubernetes", "What answers at the address is not a Kubernetes API server."
    CLUSTER_PERMISSIONS = "cluster_permissions", "The credentials lack permissions that Helm needs."
    KUBECONFIG_MALFORMED = "kubeconfig_malformed", "The text is not a kubeconfig."
    KUBECONFIG_TOO_LARGE = "kubeconfig_too_large", "The kubeconfig is larger than allowed."
    KUBECONFIG_CONTEXT = "kubeconfig_context", "The kubeconfig has no such context, or does not say which one to use."
    KUBECONFIG_CLUSTER = "kubeconfig_cluster", "The kubeconfig lacks the cluster of its context."
    KUBECONFIG_USER = "kubeconfig_user", "The kubeconfig lacks the user of its context."
    KUBECONFIG_UNKNOWN_FIELD = (
        "kubeconfig_unknown_field",
        "The kubeconfig has a field that Polyhelm does not know.",
    )
    KUBECONFIG_SERVER = "kubeconfig_server", "The server of the kubeconfig is not a valid address."
    KUBECONFIG_SERVER_NOT_HTTPS = "kubeconfig_server_not_https", "The server of the kubeconfig does not use HTTPS."
    KUBECONFIG_TOKEN = "kubeconfig_token", "The token of the kubeconfig is not valid."
    KUBECONFIG_CERTIFICATE_AUTHORITY_DATA = (
        "kubeconfig_certificate_authority_data",
        "The CA of the kubeconfig is not PEM in base64.",
    )
    KUBECONFIG_CLIENT_CERTIFICATE_DATA = (
        "kubeconfig_client_certificate_data",
        "The client certificate of the kubeconfig is not PEM in base64.",
    )
    KUBECONFIG_CLIENT_KEY_DATA = "kubeconfig_client_key_data", "The client key of the kubeconfig is not valid."
    KUBECONFIG_NO_CREDENTIALS = "kubeconfig_no_credentials", "The user of the kubeconfig has no inline credentials."
    KUBECONFIG_EXEC = (
        "kubeconfig_exec",
        "The kubeconfig has `exec`, which runs a program to get credentials and is not supported.",
    )
    KUBECONFIG_AUTH_PROVIDER = (
        "kubeconfig_auth_provider",
        "The kubeconfig has `auth-provider`, which needs a plugin and is not supported.",
    )
    KUBECONFIG_TOKENFILE = (
        "kubeconfig_tokenFile",
        "The kubeconfig has `tokenFile`, which names a file with a token and is not supported.",
    )
    KUBECONFIG_CLIENT_CERTIFICATE = (
        "kubeconfig_client_certificate",
        "The kubeconfig has `client-certificate`, which names a file with a certificate and is not supported.",
    )
    KUBECONFIG_CLIENT_KEY = (
        "kubeconfig_client_key",
        "The kubeconfig has `client-key`, which names a file with a key and is not supported.",
    )
    KUBECONFIG_USERNAME = (
        "kubeconfig_username",
        "The kubeconfig has `username`, which uses basic authentication and is not supported.",
    )
    KUBECONFIG_PASSWORD = (
        "kubeconfig_password",
        "The kubeconfig has `password`, which uses basic authentication and is not supported.",
    )
    KUBECONFIG_AS = "kubeconfig_as", "The kubeconfig has `as`, which impersonates another user and is not supported."
    KUBECONFIG_AS_UID = (
        "kubeconfig_as_uid",
        "The kubeconfig has `as-uid`, which impersonates another user and is not supported.",
    )
    KUBECONFIG_AS_GROUPS = (
        "kubeconfig_as_groups",
        "The kubeconfig has `as-groups`, which impersonates another user and is not supported.",
    )
    KUBECONFIG_AS_USER_EXTRA = (
        "kubeconfig_as_user_extra",
        "The kubeconfig has `as-user-extra`, which impersonates another user and is not supported.",
    )
    KUBECONFIG_CERTIFICATE_AUTHORITY = (
        "kubeconfig_certificate_authority",
        "The kubeconfig has `certificate-authority`, which names a file with a CA and is not supported.",
    )
    KUBECONFIG_PROXY_URL = (
        "kubeconfig_proxy_url",
        "The kubeconfig has `proxy-url`, which uses a proxy and is not supported.",
    )
    KUBECONFIG_TLS_SERVER_NAME = (
        "kubeconfig_tls_server_name",
        "The kubeconfig has `tls-server-name`, which names another TLS server name and is not supported.",
    )
    KUBECONFIG_INSECURE_SKIP_TLS_VERIFY = (
        "kubeconfig_insecure_skip_tls_verify",
        "The kubeconfig has `insecure-skip-tls-verify`, which leaves the server unverified and is not supported.",
    )
