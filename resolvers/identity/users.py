"""Sets passwords, and disables and enables users."""

import strawberry

from app.identity import users
from app.identity.permissions import Access
from resolvers.engine.mutation import mutation
from resolvers.identity import browser
from schema.context import Info
from schema.identity import inputs, payloads
from schema.identity.types import User


@strawberry.type
class Users:
    @mutation(
        "Changes the caller's password or, for admins, the password of any user. All sessions with"
        " the previous password end.",
        Access.OWN_OR_INSTALLATION,
    )
    async def set_password(
        self,
        info: Info,
        input: inputs.SetPasswordInput,  # noqa: A002
    ) -> payloads.SetPasswordResult:
        if input.user in (None, info.context.viewer.name):  # who has to give the old one
            await browser.count_attempt(info.context, info.context.viewer.name)
        row = await users.set_password(
            info.context.services, info.context.viewer, input.user, input.password, input.current_password
        )
        return payloads.AccountPayload(user=User.of(row))

    @mutation("Disables a user. Their tokens and sessions are refused from the next request on.", Access.INSTALLATION)
    async def disable_user(
        self,
        info: Info,
        input: inputs.DisableUserInput,  # noqa: A002
    ) -> payloads.DisableUserResult:
        row = await users.disable_user(info.context.services, info.context.viewer, input.user)
        return payloads.AccountPayload(user=User.of(row))

    @mutation("Enables a disabled user.", Access.INSTALLATION)
    async def enable_user(
        self,
        info: Info,
        input: inputs.EnableUserInput,  # noqa: A002
    ) -> payloads.EnableUserResult:
        row = await users.enable_user(info.context.services, info.context.viewer, input.user)
        return payloads.AccountPayload(user=User.of(row))
