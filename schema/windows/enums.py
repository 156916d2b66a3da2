"""The subject's enums, as those of the API."""

import strawberry

from app.rollouts.windows import OverrideRole, WindowKind

strawberry.enum(
    WindowKind,
    name="ChangeWindowKind",
    description=(
        "ALLOW: targets move only while such a window is open, if there is one. DENY: targets do not move while the"
        " window is open; it is stronger than ALLOW."
    ),
)

strawberry.enum(
    OverrideRole,
    name="WindowOverrideRole",
    description="The least role of users who may let a change pass in spite of a window.",
)

__all__ = ["OverrideRole", "WindowKind"]
