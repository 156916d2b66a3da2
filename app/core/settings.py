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
        None, description="Postgres, as `postgresql://user:password@host/name`. Left out: `polyhelm up` embeds one."
    )
    program_role: str | None = Field(
        None,
        description="The Postgres role that Polyhelm's processes use, if it does not own the tables. `polyhelm"
        " migrate`, run as the owner, grants it what it needs. Such a role cannot change or remove events.",
    )
    database_pool_size: int = Field(10, ge=2, description="Connections to Postgres that one process holds at most.")
    redis_url: str | None = Field(
        None, description="Redis, as `redis://host:6379/0`. Left out: `polyhelm up` embeds one."
    )
    data_dir: Path = Field(
        default_factory=_default_data_dir,
        description="Where embedded services and generated keys are kept; everything in it is needed after a restart.",
    )
    cache_dir: Path | None = Field(
        None,
        description="Where charts and Helm's caches lie; may be emptied at any time. Left out: within the data dir.",
    )
    host: str = Field("127.0.0.1", description="The address the API listens on.")
    trusted_proxies: str = Field(
        "127.0.0.1,::1",
        description="Proxies whose word is taken for where a request comes from and whether by TLS (X-Forwarded-For and"
        " X-Forwarded-Proto): addresses and networks, comma-separated.",
    )
    event_retention: float = Field(
        90 * 24 * 3600, ge=24 * 3600, description="How long events are kept, in seconds; at least a day."
    )
    credentials_warning: float = Field(
        14 * 24 * 3600,
        ge=0,
        description="How long before a cluster's credentials expire an event says so, in seconds.",
    )
    port: int = Field(8000, ge=0, le=65535, description="The port the API listens on; 0 takes a free one.")
    metrics_port: int | None = Field(
        None,
        ge=1,
        le=65535,
        description="The port on which `polyhelm worker` and `polyhelm observer` serve `/metrics`, at POLYHELM_HOST. If"
        " it is not set, they serve none. The API always serves its own.",
    )
    bootstrap_token: SecretStr | None = Field(
        None, description="The first admin's API token. Used only while there is no user; at least 20 characters."
    )
    registration: Literal["enabled", "admin_only", "disabled"] = Field(
        "admin_only",
        description="Who may register with a name and a password: everyone; only the first user, who needs the setup"
        " code and becomes the admin; or no one, so that the first admin is created with the bootstrap token.",
    )
    reserved_names: str = Field(
        "admin,administrator,anonymous,api,nobody,operator,owner,polyhelm,root,security,support,system",
        description="Names that no user can take, comma-separated; the first admin by a bootstrap token is `admin`.",
    )
    public_url: str | None = Field(
        None,
        pattern=r"^https?://[^/?#]+/?$",
        description="Where browsers reach the API, as `https://polyhelm.example.com`. Left out: as each request says;"
        " a proxy's X-Forwarded-Proto is believed from those in POLYHELM_TRUSTED_PROXIES.",
    )
    allowed_hosts: str = Field(
        "",
        description="More host names under which the API answers, comma-separated; `*.example.com` stands for all names"
        " below example.com. IP addresses, `localhost` and the host of POLYHELM_PUBLIC_URL are always allowed. Other"
        " names are refused, which protects against DNS rebinding.",
    )
    session_idle: Seconds = Field(12 * 3600, description="How long the app stays signed in while nobody uses it.")
    session_lifetime: Seconds = Field(
        7 * 24 * 3600, description="How long the app stays signed in at most, however much it is used."
    )
    token_lifetime: Seconds | None = Field(
        None,
        description="How long a new API token is good for at most. Left out: no limit.",
    )
    oidc_issuer: str | None = Field(
        None,
        pattern=r"^https?://",
        description="An issuer of OpenID Connect, as it calls itself. Left out: nobody signs in with one.",
    )
    oidc_client_id: str = Field("polyhelm", description="What the issuer calls us.")
    oidc_client_secret: SecretStr | None = Field(
        None, description="The secret that we share with the issuer. Left out: we are a public client, with PKCE alone."
    )
    oidc_label: str = Field("Single sign-on", description="What the sign-in page calls the issuer.")
    oidc_scopes: str = Field("openid profile email", description="What the issuer is asked for; some need `groups`.")
    oidc_name_claim: str = Field("preferred_username", description="The claim that a new user's name is made of.")
    oidc_groups_claim: str = Field(
        "groups", description="The claim with somebody's groups, in the id token or else at the userinfo endpoint."
    )
    oidc_roles: Roles = Field(
        {},
        description='What groups give, as JSON: `{"platform": {"default": "ADMIN"}}`. Memberships in the organizations'
        " that it names follow the groups at each sign-in; others are left alone.",
    )
    oidc_admins: list[str] = Field(
        [], description='Groups whose members administer the installation, as JSON: `["platform"]`.'
    )
    ldap_url: str | None = Field(
        None,
        pattern=r"^ldaps?://[^/?#]+/?$",
        description="An LDAP directory, as `ldaps://host` or `ldap://host`. Left out: nobody signs in with one.",
    )
    ldap_start_tls: bool = Field(True, description="Whether a connection by `ldap://` goes over to TLS at once.")
    ldap_ca_file: Path | None = Field(
        None, description="The authorities that the directory's certificate may come from. Left out: the system's."
    )
    ldap_bind_dn: str = Field("", description="Who looks for people in the directory. Empty: anybody may.")
    ldap_bind_password: SecretStr | None = Field(None, description="Their password.")
    ldap_user_base: str = Field("", description="Where people are looked for, as `ou=people,dc=example,dc=com`.")
    ldap_user_filter: str = Field(
        "(uid={name})",
        description="How a person is found by the name that they type; in Active Directory, say,"
        " `(sAMAccountName={name})`.",
    )
    ldap_name_attribute: str = Field("uid", description="The attribute that a new user's name is made of.")
    ldap_group_base: str = Field("", description="Where groups are looked for. Empty: nowhere.")
    ldap_group_filter: str = Field(
        "(member={dn})", description="How somebody's groups are found, by `{dn}` or by `{name}`."
    )
    ldap_group_attribute: str = Field("cn", description="The attribute that names a group.")
    ldap_roles: Roles = Field({}, description="What groups give, as in POLYHELM_OIDC_ROLES.")
    ldap_admins: list[str] = Field(
        [], description="Groups whose members administer the installation, as in POLYHELM_OIDC_ADMINS."
    )
    encryption_keys: SecretStr | None = Field(
        None,
        description="The key ring for stored credentials: `id:base64,…`, each key 32 bytes; the first one seals, all of"
        " them open. Left out: a key in the data dir, made when first needed.",
    )
    worker_concurrency: int = Field(
        100, ge=1, description="Targets that one worker works on at once; most of them wait."
    )
    helm_concurrency: int = Field(
        4 * (os.cpu_count() or 1), ge=1, description="Helm processes that one worker runs at once."
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
        description="The percentage of POLYHELM_WORKER_CONCURRENCY, POLYHELM_HELM_CONCURRENCY and POLYHELM_HELM_WAITING"
        " that one organization may use at once, rounded up. It does not apply while there is only one organization.",
    )
    helm_waiting: int = Field(
        50,
        ge=0,
        description="Helm processes of one worker that are in hooks or wait for readiness. Beyond that, they count as"
        " POLYHELM_HELM_CONCURRENCY's.",
    )
    cluster_concurrency: int = Field(
        4,
        ge=1,
        description="Actions at once on one cluster, over all workers, without those that are in hooks or wait for"
        " readiness.",
    )
    cluster_waiting: int = Field(
        32,
        ge=0,
        description="Actions at once on one cluster that are in hooks or wait for readiness. Beyond that, they count as"
        " POLYHELM_CLUSTER_CONCURRENCY's.",
    )
    lease_seconds: Seconds = Field(
        30,
        description="How long a worker that died keeps a target to itself; it renews its lease three times as often.",
    )
    sweep_every: Seconds = Field(5, description="How often work whose wake-up was lost is looked for.")
    retry_base: Seconds = Field(1, description="The longest pause before the first retry of a temporary failure.")
    retry_cap: Seconds = Field(300, description="The longest pause before any retry.")
    confirm_every: Seconds = Field(
        60, description="How often every status is confirmed at least; after three times as long it is UNKNOWN."
    )
    unreachable_after: Seconds = Field(
        15, description="How long a member may be out of reach before its targets are UNKNOWN."
    )
    member_timeout: Seconds = Field(10, description="How long a member's API server may take to answer.")
    chart_refresh_every: Seconds = Field(600, description="How often the indexes of chart repositories are read again.")
    helm: Path | None = Field(
        None,
        description="The Helm binary. Left out: `helm` on the PATH from 3.18.4, else the one that is installed along.",
    )
    helm_memory_bytes: int = Field(
        2**30, ge=2**28, description="The memory that one Helm process may use; an ordinary one needs a fifth of this."
    )
    helm_cpu_seconds: int = Field(
        60, ge=1, description="The CPU time that one Helm process may use; an ordinary one needs less than a second."
    )
    helm_retries: int = Field(
        2,
        ge=0,
        description="How often a failed action is repeated where each try makes a Helm revision or runs hooks. One that"
        " has changed nothing is repeated until it succeeds.",
    )
    chart_max_bytes: int = Field(20 * 2**20, ge=1, description="The largest chart archive.")
    chart_max_unpacked_bytes: int = Field(100 * 2**20, ge=1, description="The most that a chart may unpack to.")
    organization_chart_storage: int = Field(
        5 * 2**30, ge=1, description="Bytes of chart archives that are kept for one organization at most."
    )
    index_max_bytes: int = Field(64 * 2**20, ge=1, description="The largest index of a chart repository.")
    repository_timeout: Seconds = Field(
        120, description="How long a download from a chart repository may take in total, in seconds."
    )
    repository_connections: int = Field(
        60, ge=1, description="Connections to chart repositories that one process has at once."
    )
    organization_repository_connections: int = Field(
        10, ge=1, description="Connections to chart repositories that one organization has at once, in each process."
    )
    schema_processes: int = Field(
        4,
        ge=1,
        description="Checks of values against a chart's schema that one process runs at once; one organization has at"
        " most half of them.",
    )
    schema_cpu_seconds: Seconds = Field(
        5, description="CPU time that checking up to 100 sets of values against a chart's schema may use, in seconds."
    )
    schema_memory_bytes: int = Field(
        256 * 2**20, ge=64 * 2**20, description="Memory that checking values against a chart's schema may use."
    )
    plain_http_hosts: str = Field(
        "", description="Chart repositories and OCI registries reached over plain HTTP: `host:port`, comma-separated."
    )
    allowed_networks: str = Field(
        "",
        description="What Polyhelm may connect to though it is not on the internet: networks (`10.0.0.0/8`), addresses"
        " and host names, comma-separated. API servers in private networks need not be named, those on this machine do."
        " Link-local and metadata addresses are never connected to.",
    )
    s3_bucket: str | None = Field(
        None, description="An S3-compatible bucket for chart archives. Left out: they are kept in Postgres."
    )
    s3_endpoint_url: str | None = Field(None, description="The endpoint of that bucket, where it is not Amazon's.")
    s3_region: str | None = Field(
        None, description="The region of that bucket. Credentials come as for any AWS client."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="The least that is logged.")
    log_format: Literal["auto", "json", "console"] = Field(
        "auto", description="`auto` is `console` on a terminal and `json` elsewhere."
    )
    graphiql: bool = Field(
        True, description="Whether there is GraphiQL, at /graphiql; browsers that open /graphql are led there."
    )

    introspection: bool = Field(
        True, description="Whether the schema can be asked for; without, errors suggest no names either."
    )
    query_length: int = Field(100_000, ge=1, description="Characters of a GraphQL document, at most.")
    query_tokens: int = Field(5_000, ge=1, description="Tokens of a GraphQL document, at most.")
    anonymous_query_tokens: int = Field(
        1_000, ge=1, description="Tokens of a GraphQL document of somebody who is not signed in, at most."
    )
    query_depth: int = Field(15, ge=1, description="Fields within each other in a GraphQL document, at most.")
    query_fields: int = Field(
        2_000, ge=1, description="Fields of a GraphQL document with its fragments written out, at most."
    )
    query_aliases: int = Field(100, ge=0, description="Aliases of a GraphQL document, counted likewise, at most.")
    query_root_fields: int = Field(50, ge=1, description="Fields at the root of a GraphQL document, at most.")
    query_directives: int = Field(100, ge=0, description="Directives of a GraphQL document, at most.")
    query_cost: int = Field(
        100_000, ge=1, description="Fields that an answer may have, as counted before anything is done: docs/limits.md."
    )
    filter_length: int = Field(100, ge=1, description="Entries of a list in an argument of a query or subscription.")
    input_length: int = Field(
        5_000, ge=1, description="Entries of a list in a mutation's input: clusters, or overrides for them."
    )
    operation_timeout: Seconds = Field(
        60, description="How long a query or mutation may take. Subscriptions have no end of their own."
    )
    plan_wait: float = Field(
        20,
        ge=0,
        description="Seconds that a request waits for the plan of a dry run, at most half of"
        " POLYHELM_OPERATION_TIMEOUT. A plan that takes longer is continued; the query `planProgress` asks for it.",
    )

    body_size: int = Field(32 * 2**20, ge=1, description="Bytes of a request, at most: a chart in base64 has to fit.")
    anonymous_body_size: int = Field(2**16, ge=1, description="Bytes of a request of somebody who is not signed in.")
    bodies_size: int = Field(
        256 * 2**20,
        ge=1,
        description="Bytes of requests that an API process reads and answers at once: a quarter of them for one user,"
        " and another quarter for all who are not signed in.",
    )
    request_timeout: Seconds = Field(
        20, description="How long a request may take to arrive: its head, and each 640 KB of its body."
    )
    connections: int = Field(
        10_000, ge=1, description="Connections to an API process; fewer where it may open fewer files than it takes."
    )
    address_connections: int = Field(2_000, ge=1, description="Those of one address, or of one proxy.")
    waiting_sockets: int = Field(2_000, ge=1, description="WebSockets that have not said yet who they are.")
    address_waiting_sockets: int = Field(500, ge=1, description="Those of one address.")
    init_timeout: Seconds = Field(10, description="How long a WebSocket may take to say who it is.")
    socket_operations: int = Field(100, ge=1, description="Operations at once on one WebSocket.")
    user_subscriptions: int = Field(
        2_000, ge=1, description="Subscriptions that a user has at once, in each API process."
    )

    rate: float = Field(3_000, gt=0, description="Requests that a user may make in a minute.")
    rate_burst: int = Field(600, ge=1, description="As many of them may come at once.")
    anonymous_rate: float = Field(
        600, gt=0, description="Requests that may come in a minute from one address of people who are not signed in."
    )
    anonymous_rate_burst: int = Field(200, ge=1, description="As many of them may come at once.")
    sign_in_rate: float = Field(
        10,
        gt=0,
        description="Attempts to sign in or register under one name in a minute; five times as many from one address.",
    )
    sign_in_burst: int = Field(10, ge=1, description="As many of them may come at once; five times as many likewise.")

    def is_plain_http(self, host: str) -> bool:
        """Whether a `host` or `host:port` is named as one to reach over plain HTTP."""
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
        """Whether no user can take this name."""
        return name in {reserved.strip().lower() for reserved in self.reserved_names.split(",")}

    @property
    def cache(self) -> Path:
        return self.cache_dir or self.data_dir / "cache"
