"""The installation: its storage, keys and logs."""

import os
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, field_validator

from app.core.settings.group import SettingsGroup
from app.network.addresses import Allowed


def _default_data_dir() -> Path:
    base = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(base) / "polyhelm"


class InstallationSettings(SettingsGroup):
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
    encryption_keys: SecretStr | None = Field(
        None,
        description="The keys that encrypt stored credentials, as `id:base64,…`, each with 32 bytes. The first key"
        " encrypts; all keys decrypt. If it is not set, a key is generated in POLYHELM_DATA_DIR.",
    )
    s3_bucket: str | None = Field(
        None, description="An S3-compatible bucket for chart archives. If it is not set, they are stored in Postgres."
    )
    s3_endpoint_url: str | None = Field(None, description="The endpoint of the bucket, if it is not on Amazon S3.")
    s3_region: str | None = Field(
        None, description="The region of the bucket. Credentials are found as by any AWS client."
    )
    allowed_networks: str = Field(
        "",
        description="Networks (`10.0.0.0/8`), addresses and host names that Polyhelm can connect to although they are"
        " not public, comma-separated. API servers in private networks are always allowed; those on this"
        " machine have to be listed. Link-local and metadata addresses are never allowed.",
    )
    plain_http_hosts: str = Field(
        "",
        description="Chart repositories, OCI registries and addresses of checks that are accessed over plain HTTP, as"
        " `host:port`, comma-separated.",
    )
    event_retention: float = Field(
        90 * 24 * 3600, ge=24 * 3600, description="How long events are kept, in seconds. The minimum is one day."
    )
    run_retention: float = Field(
        90 * 24 * 3600,
        ge=24 * 3600,
        description="How long runs of workflows are kept after their end, in seconds. The minimum is one day.",
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
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="The minimum level of log messages."
    )
    log_format: Literal["auto", "json", "console"] = Field(
        "auto",
        description="The format of log messages: `console`, `json`, or `auto`, which is `console` on a terminal and"
        " `json` elsewhere.",
    )
    metrics_port: int | None = Field(
        None,
        ge=1,
        le=65535,
        description="The port on which `polyhelm worker` and `polyhelm observer` serve `/metrics`, at POLYHELM_HOST. If"
        " it is not set, they serve none. The API always serves its own.",
    )

    @field_validator("allowed_networks")
    @classmethod
    def _check_networks(cls, text: str) -> str:
        Allowed.parse(text)
        return text

    @property
    def allowed(self) -> Allowed:
        return Allowed.parse(self.allowed_networks)

    def is_plain_http(self, host: str) -> bool:
        """Returns whether a `host` or `host:port` may be accessed over plain HTTP."""
        return host in {name.strip() for name in self.plain_http_hosts.split(",")} - {""}

    @property
    def cache(self) -> Path:
        return self.cache_dir or self.data_dir / "cache"
