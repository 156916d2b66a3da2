"""The inputs of queries and subscriptions about logs."""

import strawberry

from app.logs.options import LogOptions


@strawberry.input(description="Which lines to read. Without `pod`, those of all pods of the target.")
class LogFilter:
    pod: str | None = None
    container: str | None = strawberry.field(
        default=None, description="A container; without it, all containers that are not init containers."
    )
    previous: bool = strawberry.field(
        default=False, description="The log of the container's last run, before it was restarted."
    )
    since_seconds: int | None = strawberry.field(default=None, description="Only lines of the last seconds.")
    tail: int = strawberry.field(default=200, description="The number of newest lines, at most 5,000.")
    search: str | None = strawberry.field(default=None, description="Only lines that contain this text.")

    @property
    def asked(self) -> LogOptions:
        return LogOptions(**vars(self))
