"""The error of a target's last action."""

from datetime import datetime
from typing import Any

import strawberry

from schema.targets.enums import NextStep


@strawberry.type(description="The error of a failed action.")
class TargetError:
    code: str = strawberry.field(description="Stable: docs/reference/errors.md lists all codes.")
    message: str
    output: str | None = strawberry.field(description="The output of Helm or the API server.")
    at: datetime
    attempts: int
    next_steps: list[NextStep] = strawberry.field(
        description="What to do about the error, or what happens automatically."
    )
    advice: str = strawberry.field(description="The next steps as text.")

    @classmethod
    def of(cls, error: dict[str, Any] | None) -> "TargetError | None":
        if error is None:
            return None
        return cls(
            code=error["code"],
            message=error["message"],
            output=error.get("output"),
            at=datetime.fromisoformat(error["at"]),
            attempts=error["attempts"],
            next_steps=[NextStep(step) for step in error.get("next_steps", [])],
            advice=error.get("advice", ""),
        )
