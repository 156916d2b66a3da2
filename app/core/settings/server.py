"""The server: addresses, and limits of connections and requests."""

from pydantic import Field

from app.core.settings.group import Seconds, SettingsGroup


class ServerSettings(SettingsGroup):
    host: str = Field("127.0.0.1", description="The address that the API listens on.")
    port: int = Field(
        8000, ge=0, le=65535, description="The port that the API listens on. With 0, the system chooses a free port."
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
    trusted_proxies: str = Field(
        "127.0.0.1,::1",
        description="Addresses and networks of reverse proxies, comma-separated. Their X-Forwarded-For and"
        " X-Forwarded-Proto headers are trusted.",
    )
    graphiql: bool = Field(
        True, description="Whether GraphiQL is served at /graphiql. Browsers that open /graphql are redirected to it."
    )
    introspection: bool = Field(
        True, description="Whether the schema can be queried. If not, errors do not suggest names either."
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
    request_timeout: Seconds = Field(
        20, description="How long a request can take to arrive, in seconds: its head, and each 640 KB of its body."
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
    rate: float = Field(3_000, gt=0, description="The number of requests that one user can make per minute.")
    rate_burst: int = Field(600, ge=1, description="The number of requests that one user can make at once.")
    anonymous_rate: float = Field(
        600, gt=0, description="The number of requests per minute from one address by callers who are not signed in."
    )
    anonymous_rate_burst: int = Field(
        200, ge=1, description="The number of requests at once from one address by callers who are not signed in."
    )
