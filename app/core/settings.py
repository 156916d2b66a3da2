"""All settings: environment variables with the prefix POLYHELM_. `polyhelm settings` prints their reference page."""

import os
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from app.network.addresses import Allowed


def _default_data_dir() -> Path:
    base = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(base) / "polyhelm"


Seconds = Annotated[float, Field(gt=0)]
Roles = dict[str, dict[str, Literal["VIEWER", "DEPLOYER", "ADMIN"]]]
"""Roles by group, and then by organization."""


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="POLYHELM_", frozen=True, extra="forbid")

    database_url: str | None = Field(
        None,
        description="The address of Postgres, as `postgresql://user:password@host/name`. If it is not set, `polyhelm"
        " up` starts an embedded Postgres.",
    )
    program_role: str | None = Field(
        None,
        description="The Postgres role that Polyhelm's processes use, if it does not own the tables. `polyhelm"
        " migrate`, run as the owner, grants it what it needs. Such a role cannot change or remove events.",
    )
    database_pool_size: int = Field(
        12,
        ge=2,
        description="The maximum number of Postgres connections of one process. Half of them only read.",
    )
    redis_url: str | None = Field(
        None,
        description="The address of Redis, as `redis://host:6379/0`. If it is not set, `polyhelm up` starts an"
        " embedded Redis.",
    )
    data_dir: Path = Field(
        default_factory=_default_data_dir,
        description="The directory of embedded services and generated keys. Keep it: everything in it is needed after"
        " a restart.",
    )
    cache_dir: Path | None = Field(
        None,
        description="The directory of cached charts and of Helm's caches. It can be emptied at any time. Default: a"
        " directory in POLYHELM_DATA_DIR.",
    )
    host: str = Field("127.0.0.1", description="The address that the API listens on.")
    trusted_proxies: str = Field(
        "127.0.0.1,::1",
        description="Addresses and networks of reverse proxies, comma-separated. Their X-Forwarded-For and"
        " X-Forwarded-Proto headers are trusted.",
    )
    event_retention: float = Field(
        90 * 24 * 3600, ge=24 * 3600, description="How long events are kept, in seconds. The minimum is one day."
    )
    credentials_warning: float = Field(
        14 * 24 * 3600,
        ge=0,
        description="How long before the expiry of a cluster's credentials an event warns about it, in seconds.",
    )
    port: int = Field(
        8000, ge=0, le=65535, description="The port that the API listens on. With 0, the system chooses a free port."
    )
    metrics_port: int | None = Field(
        None,
        ge=1,
        le=65535,
        description="The port on which `polyhelm worker` and `polyhelm observer` serve `/metrics`, at POLYHELM_HOST. If"
        " it is not set, they serve none. The API always serves its own.",
    )
    bootstrap_token: SecretStr | None = Field(
        None,
        description="The API token of the first admin, at least 20 characters. It is only used while there are no"
        " users.",
    )
    registration: Literal["enabled", "admin_only", "disabled"] = Field(
        "admin_only",
        description="Who may register with a name and a password: everyone; only the first user, who needs the setup"
        " code and becomes the admin; or no one, so that the first admin is created with the bootstrap token.",
    )
    reserved_names: str = Field(
        "admin,administrator,anonymous,api,nobody,operator,owner,polyhelm,root,security,support,system",
        description="User names that cannot be registered, comma-separated. The first admin created with the bootstrap"
        " token is named `admin`.",
    )
    public_url: str | None = Field(
        None,
        pattern=r"^https?://[^/?#]+/?$",
        description="The URL at which browsers reach the API, as `https://polyhelm.example.com`. If it is not set,"
        " the URL is taken from each request; X-Forwarded-Proto is accepted from POLYHELM_TRUSTED_PROXIES.",
    )
    allowed_hosts: str = Field(
        "",
        description="More host names under which the API answers, comma-separated; `*.example.com` stands for all names"
        " below example.com. IP addresses, `localhost` and the host of POLYHELM_PUBLIC_URL are always allowed. Other"
        " names are refused, which protects against DNS rebinding.",
    )
    session_idle: Seconds = Field(
        12 * 3600, description="How long a session of the app lasts without activity, in seconds."
    )
    session_lifetime: Seconds = Field(
        7 * 24 * 3600, description="How long a session of the app lasts at most, in seconds."
    )
    token_lifetime: Seconds | None = Field(
        None,
        description="The maximum lifetime of a new API token, in seconds. Default: no limit.",
    )
    oidc_issuer: str | None = Field(
        None,
        pattern=r"^https?://",
        description="The issuer URL of an OpenID Connect provider. If it is not set, sign-in with OpenID Connect is"
        " disabled.",
    )
    oidc_client_id: str = Field("polyhelm", description="The client ID of Polyhelm at the OpenID Connect provider.")
    oidc_client_secret: SecretStr | None = Field(
        None,
        description="The client secret of Polyhelm at the OpenID Connect provider. Without one, Polyhelm is a public"
        " client and uses PKCE alone.",
    )
    oidc_label: str = Field(
        "Single sign-on", description="The name of the OpenID Connect provider on the sign-in page."
    )
    oidc_scopes: str = Field(
        "openid profile email",
        description="The scopes that are requested from the OpenID Connect provider. Some providers need `groups`.",
    )
    oidc_name_claim: str = Field(
        "preferred_username", description="The claim from which the name of a new user is derived."
    )
    oidc_groups_claim: str = Field(
        "groups", description="The claim that lists a user's groups, in the ID token or at the userinfo endpoint."
    )
    oidc_roles: Roles = Field(
        {},
        description='The roles that groups grant, as JSON: `{"platform": {"default": "ADMIN"}}`. Memberships in the'
        " organizations named here are updated at each sign-in; other memberships are not changed.",
    )
    oidc_admins: list[str] = Field(
        [], description='Groups whose members administer the installation, as a JSON list: `["platform"]`.'
    )
    ldap_url: str | None = Field(
        None,
        pattern=r"^ldaps?://[^/?#]+/?$",
        description="The address of an LDAP server, as `ldaps://host` or `ldap://host`. If it is not set, sign-in"
        " with LDAP is disabled.",
    )
    ldap_start_tls: bool = Field(
        True, description="Whether connections to an `ldap://` address switch to TLS with StartTLS."
    )
    ldap_ca_file: Path | None = Field(
        None, description="A file with CA certificates for the LDAP server. Default: the CA certificates of the system."
    )
    ldap_bind_dn: str = Field(
        "", description="The DN that Polyhelm binds as to search for users. If it is empty, Polyhelm binds anonymously."
    )
    ldap_bind_password: SecretStr | None = Field(None, description="The password of POLYHELM_LDAP_BIND_DN.")
    ldap_user_base: str = Field(
        "", description="The base DN of the search for users, as `ou=people,dc=example,dc=com`."
    )
    ldap_user_filter: str = Field(
        "(uid={name})",
        description="The filter that finds a user by the name that was entered. In Active Directory, for example,"
        " `(sAMAccountName={name})`.",
    )
    ldap_name_attribute: str = Field("uid", description="The attribute from which the name of a new user is derived.")
    ldap_group_base: str = Field(
        "", description="The base DN of the search for groups. If it is empty, groups are not read."
    )
    ldap_group_filter: str = Field(
        "(member={dn})", description="The filter that finds a user's groups, by `{dn}` or `{name}`."
    )
    ldap_group_attribute: str = Field("cn", description="The attribute with the name of a group.")
    ldap_roles: Roles = Field(
        {}, description="The roles that LDAP groups grant, as JSON in the format of POLYHELM_OIDC_ROLES."
    )
    ldap_admins: list[str] = Field(
        [], description="LDAP groups whose members administer the installation, as a JSON list."
    )
    encryption_keys: SecretStr | None = Field(
        None,
        description="The keys that encrypt stored credentials, as `id:base64,…`, each with 32 bytes. The first key"
        " encrypts; all keys decrypt. If it is not set, a key is generated in POLYHELM_DATA_DIR.",
    )
    worker_concurrency: int = Field(
        100,
        ge=1,
        description="The maximum number of targets that one worker processes at once. Most of them wait for a cluster.",
    )
    helm_concurrency: int = Field(
        4 * (os.cpu_count() or 1),
        ge=1,
        description="The maximum number of Helm processes that one worker runs at once, without those counted by"
        " POLYHELM_HELM_WAITING.",
    )
    max_removal: int = Field(
        25,
        ge=0,
        le=100,
        description="The percentage of a deployment's targets, or of a group's members, that one update may remove"
        " without `confirmRemoval`. Two may always be removed; removing all of them always needs it.",
    )
    organization_share: int = Field(
        75,
        ge=1,
        le=100,
        description="The percentage of POLYHELM_WORKER_CONCURRENCY, POLYHELM_HELM_CONCURRENCY, POLYHELM_HELM_WAITING,"
        " POLYHELM_DATABASE_POOL_SIZE, POLYHELM_SUBSCRIPTIONS, POLYHELM_BODIES_SIZE and what an observer reads of"
        " clusters at once that one organization may use, rounded up. In workers, it does not apply while there is only"
        " one organization.",
    )
    helm_waiting: int = Field(
        50,
        ge=0,
        description="The maximum number of Helm processes of one worker that run hooks or wait for readiness. Further"
        " ones are counted by POLYHELM_HELM_CONCURRENCY.",
    )
    cluster_concurrency: int = Field(
        4,
        ge=1,
        description="The maximum number of actions on one cluster at once, across all workers, without those counted"
        " by POLYHELM_CLUSTER_WAITING.",
    )
    cluster_waiting: int = Field(
        32,
        ge=0,
        description="The maximum number of actions on one cluster that run hooks or wait for readiness. Further ones"
        " are counted by POLYHELM_CLUSTER_CONCURRENCY.",
    )
    lease_seconds: Seconds = Field(
        30,
        description="How long a target stays leased to a worker that died, in seconds. A worker renews its leases"
        " three times in this time.",
    )
    sweep_every: Seconds = Field(5, description="How often a worker looks for work whose wake-up was lost, in seconds.")
    retry_base: Seconds = Field(
        1, description="The longest pause before the first retry after a temporary failure, in seconds."
    )
    retry_cap: Seconds = Field(300, description="The longest pause between retries, in seconds.")
    confirm_every: Seconds = Field(
        60,
        description="How often the status of every target is confirmed, in seconds. A status that was not confirmed"
        " for three times as long becomes UNKNOWN.",
    )
    unreachable_after: Seconds = Field(
        15, description="How long a cluster can be unreachable before its targets become UNKNOWN, in seconds."
    )
    member_timeout: Seconds = Field(
        10, description="How long Polyhelm waits for an answer of a cluster's API server, in seconds."
    )
    cluster_releases: int = Field(
        10_000,
        ge=1,
        description="The maximum number of releases of one cluster that are followed and listed. Releases of"
        " deployments are always followed. A cluster with more releases than that says so.",
    )
    chart_refresh_every: Seconds = Field(
        600, description="How often the indexes of chart repositories are refreshed, in seconds."
    )
    helm: Path | None = Field(
        None,
        description="The path of the Helm binary. Default: `helm` on the PATH if its version is at least 3.18.4, else"
        " the bundled binary.",
    )
    helm_memory_bytes: int = Field(
        2**30,
        ge=2**28,
        description="The memory limit of one Helm process, in bytes. A typical process needs a fifth of the default.",
    )
    helm_cpu_seconds: int = Field(
        60,
        ge=1,
        description="The CPU time limit of one Helm process, in seconds. A typical process needs less than a second.",
    )
    helm_retries: int = Field(
        2,
        ge=0,
        description="How often a failed action is repeated if each attempt creates a Helm revision or runs hooks. An"
        " action that changed nothing is repeated until it succeeds.",
    )
    chart_max_bytes: int = Field(20 * 2**20, ge=1, description="The maximum size of a chart archive, in bytes.")
    chart_max_unpacked_bytes: int = Field(
        100 * 2**20, ge=1, description="The maximum size of an unpacked chart, in bytes."
    )
    organization_chart_storage: int = Field(
        5 * 2**30, ge=1, description="The maximum total size of the chart archives of one organization, in bytes."
    )
    index_max_bytes: int = Field(
        64 * 2**20, ge=1, description="The maximum size of the index of a chart repository, in bytes."
    )
    repository_timeout: Seconds = Field(
        120, description="How long a download from a chart repository can take, in seconds."
    )
    repository_connections: int = Field(
        60, ge=1, description="The maximum number of connections to chart repositories of one process."
    )
    organization_repository_connections: int = Field(
        10,
        ge=1,
        description="The maximum number of connections to chart repositories of one organization, in each process.",
    )
    schema_processes: int = Field(
        4,
        ge=1,
        description="The maximum number of checks of values against a chart's schema that one process runs at once,"
        " and of evaluations of expressions. One organization can use half of them.",
    )
    schema_cpu_seconds: Seconds = Field(
        5,
        description="The CPU time limit of checking up to 100 sets of values against a chart's schema, or of evaluating"
        " the expressions for up to 50 clusters, in seconds.",
    )
    schema_memory_bytes: int = Field(
        256 * 2**20,
        ge=64 * 2**20,
        description="The memory limit of checking values against a chart's schema or evaluating expressions, in bytes.",
    )
    plain_http_hosts: str = Field(
        "",
        description="Chart repositories and OCI registries that are accessed over plain HTTP, as `host:port`,"
        " comma-separated.",
    )
    allowed_networks: str = Field(
        "",
        description="Networks (`10.0.0.0/8`), addresses and host names that Polyhelm can connect to although they are"
        " not public, comma-separated. API servers in private networks are always allowed; those on this"
        " machine have to be listed. Link-local and metadata addresses are never allowed.",
    )
    s3_bucket: str | None = Field(
        None, description="An S3-compatible bucket for chart archives. If it is not set, they are stored in Postgres."
    )
    s3_endpoint_url: str | None = Field(None, description="The endpoint of the bucket, if it is not on Amazon S3.")
    s3_region: str | None = Field(
        None, description="The region of the bucket. Credentials are found as by any AWS client."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="The minimum level of log messages."
    )
    log_format: Literal["auto", "json", "console"] = Field(
        "auto",
        description="The format of log messages: `console`, `json`, or `auto`, which is `console` on a terminal and"
        " `json` elsewhere.",
    )
    graphiql: bool = Field(
        True, description="Whether GraphiQL is served at /graphiql. Browsers that open /graphql are redirected to it."
    )

    introspection: bool = Field(
        True, description="Whether the schema can be queried. If not, errors do not suggest names either."
    )
    query_length: int = Field(100_000, ge=1, description="The maximum length of a GraphQL document, in characters.")
    query_tokens: int = Field(5_000, ge=1, description="The maximum number of tokens in a GraphQL document.")
    anonymous_query_tokens: int = Field(
        1_000, ge=1, description="The maximum number of tokens in a GraphQL document of a caller who is not signed in."
    )
    query_depth: int = Field(15, ge=1, description="The maximum depth of nested fields in a GraphQL document.")
    query_fields: int = Field(
        2_000, ge=1, description="The maximum number of fields in a GraphQL document with expanded fragments."
    )
    query_aliases: int = Field(
        100, ge=0, description="The maximum number of aliases in a GraphQL document with expanded fragments."
    )
    query_root_fields: int = Field(50, ge=1, description="The maximum number of root fields in a GraphQL document.")
    query_directives: int = Field(100, ge=0, description="The maximum number of directives in a GraphQL document.")
    query_cost: int = Field(
        100_000,
        ge=1,
        description="The maximum cost of a GraphQL document: the estimated number of fields in its answer"
        " (docs/limits.md).",
    )
    filter_length: int = Field(
        100, ge=1, description="The maximum number of entries in a list argument of a query or subscription."
    )
    input_length: int = Field(
        5_000,
        ge=1,
        description="The maximum number of entries in a list of a mutation's input, such as clusters or overrides.",
    )
    operation_timeout: Seconds = Field(
        60, description="How long a query or mutation can take, in seconds. It does not apply to subscriptions."
    )
    plan_wait: float = Field(
        20,
        ge=0,
        description="How long a request waits for the plan of a dry run, in seconds; at most half of"
        " POLYHELM_OPERATION_TIMEOUT. A longer plan continues in the background, and the query"
        " `planProgress` returns it.",
    )

    plan_lifetime: Seconds = Field(
        7 * 86_400,
        description="How long a stored plan can be applied, in seconds, unless the request gives an earlier time.",
    )

    body_size: int = Field(
        32 * 2**20,
        ge=1,
        description="The maximum size of a request, in bytes. It has to fit a chart archive in base64.",
    )
    anonymous_body_size: int = Field(
        2**16, ge=1, description="The maximum size of a request of a caller who is not signed in, in bytes."
    )
    bodies_size: int = Field(
        256 * 2**20,
        ge=1,
        description="The maximum total size of the requests that an API process handles at once, in bytes. One user"
        " can use a quarter of it; all callers who are not signed in can together use another quarter.",
    )
    request_timeout: Seconds = Field(
        20, description="How long a request can take to arrive, in seconds: its head, and each 640 KB of its body."
    )
    connections: int = Field(
        10_000,
        ge=1,
        description="The maximum number of connections to an API process. The system's limit of open files can lower"
        " it.",
    )
    address_connections: int = Field(
        2_000, ge=1, description="The maximum number of connections from one address or proxy to an API process."
    )
    waiting_sockets: int = Field(
        2_000, ge=1, description="The maximum number of WebSockets of an API process that have not authenticated yet."
    )
    address_waiting_sockets: int = Field(
        500, ge=1, description="The maximum number of WebSockets from one address that have not authenticated yet."
    )
    init_timeout: Seconds = Field(10, description="How long a WebSocket can take to authenticate, in seconds.")
    socket_operations: int = Field(100, ge=1, description="The maximum number of operations at once on one WebSocket.")
    subscriptions: int = Field(20_000, ge=1, description="The maximum number of subscriptions of an API process.")
    user_subscriptions: int = Field(
        2_000, ge=1, description="The maximum number of subscriptions of one user in each API process."
    )

    rate: float = Field(3_000, gt=0, description="The number of requests that one user can make per minute.")
    rate_burst: int = Field(600, ge=1, description="The number of requests that one user can make at once.")
    anonymous_rate: float = Field(
        600, gt=0, description="The number of requests per minute from one address by callers who are not signed in."
    )
    anonymous_rate_burst: int = Field(
        200, ge=1, description="The number of requests at once from one address by callers who are not signed in."
    )
    sign_in_rate: float = Field(
        10,
        gt=0,
        description="The number of attempts per minute to sign in or register under one name. From one address, five"
        " times as many are allowed.",
    )
    sign_in_burst: int = Field(
        10,
        ge=1,
        description="The number of attempts at once to sign in or register under one name. From one address, five"
        " times as many are allowed.",
    )

    def is_plain_http(self, host: str) -> bool:
        """Returns whether a `host` or `host:port` may be accessed over plain HTTP."""
        return host in {name.strip() for name in self.plain_http_hosts.split(",")} - {""}

    @field_validator("allowed_networks")
    @classmethod
    def _check_networks(cls, text: str) -> str:
        Allowed.parse(text)
        return text

    @property
    def allowed(self) -> Allowed:
        return Allowed.parse(self.allowed_networks)

    def is_reserved(self, name: str) -> bool:
        """Returns whether the name is reserved."""
        return name in {reserved.strip().lower() for reserved in self.reserved_names.split(",")}

    @property
    def cache(self) -> Path:
        return self.cache_dir or self.data_dir / "cache"
