"""Health rules of organizations."""

from datetime import datetime

import strawberry

from app.health import health as judged
from app.health.kinds import Kind
from app.health.rules import HealthRule as Expressions
from app.resources.health_rules import replaced_pack
from app.tables import resources as tables
from schema.relay.ids import encode_id
from schema.relay.node import Node
from schema.resources.enums import Health


@strawberry.type(
    description=(
        "A rule that judges the health of all objects of a kind, by expressions in CEL about `apiVersion`, `kind`,"
        " `metadata`, `spec`, `status`, `data` and `object`. The first that is true, in this order, determines the"
        " health: `suspended` (SUSPENDED), `inProgress` (PROGRESSING), `failed` (DEGRADED), `current` (HEALTHY)."
        " If none is, the object is PROGRESSING."
    )
)
class HealthRule(Node):
    group: str = strawberry.field(description="The API group, for example cert-manager.io; empty for the core API.")
    kind: str
    current: str
    in_progress: str | None
    failed: str | None
    suspended: str | None
    reason: str | None = strawberry.field(description="An expression for the reason of what is not HEALTHY.")
    message: str | None = strawberry.field(description="An expression for its message.")
    version: int = strawberry.field(description="Increases by one with every change.")
    updated_at: datetime
    replaces_pack: str | None = strawberry.field(
        description="The shipped pack that judges the kind without this rule, for example cert-manager."
    )

    @classmethod
    def of(cls, row: tables.HealthRule) -> "HealthRule":
        return cls(
            id=encode_id("HealthRule", row.id),
            group=row.api_group,
            kind=row.kind,
            current=row.current,
            in_progress=row.in_progress,
            failed=row.failed,
            suspended=row.suspended,
            reason=row.reason,
            message=row.message,
            version=row.version,
            updated_at=row.updated_at,
            replaces_pack=replaced_pack(row),
        )


@strawberry.type(description="A health rule that ships with Polyhelm. A rule of the organization replaces it.")
class ShippedHealthRule:
    pack: str
    group: str
    kind: str
    current: str
    in_progress: str | None
    failed: str | None
    suspended: str | None
    reason: str | None
    message: str | None

    @classmethod
    def of(cls, pack: str, kind: Kind, rule: Expressions) -> "ShippedHealthRule":
        return cls(
            pack=pack,
            group=kind.group,
            kind=kind.kind,
            current=rule.current.strip(),
            in_progress=rule.in_progress,
            failed=rule.failed,
            suspended=rule.suspended,
            reason=rule.reason,
            message=rule.message,
        )


@strawberry.type(description="What a health rule says about a live object.")
class HealthVerdict:
    health: Health
    reason: str | None
    message: str | None

    @classmethod
    def of(cls, verdict: judged.HealthVerdict) -> "HealthVerdict":
        return cls(health=verdict.health, reason=verdict.reason, message=verdict.message)
