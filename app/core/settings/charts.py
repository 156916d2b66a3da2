"""Charts: repositories, sizes, and the processes that check values."""

from pydantic import Field

from app.core.settings.group import Seconds, SettingsGroup


class ChartSettings(SettingsGroup):
    chart_refresh_every: Seconds = Field(
        600, description="How often the indexes of chart repositories are refreshed, in seconds."
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
    index_max_bytes: int = Field(
        64 * 2**20, ge=1, description="The maximum size of the index of a chart repository, in bytes."
    )
    chart_max_bytes: int = Field(20 * 2**20, ge=1, description="The maximum size of a chart archive, in bytes.")
    chart_max_unpacked_bytes: int = Field(
        100 * 2**20, ge=1, description="The maximum size of an unpacked chart, in bytes."
    )
    organization_chart_storage: int = Field(
        5 * 2**30, ge=1, description="The maximum total size of the chart archives of one organization, in bytes."
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
