"""Signs browsers in and out."""

import strawberry

from app.identity import registration, sessions
from app.identity.permissions import Access
from resolvers.engine.mutation import mutation
from resolvers.identity import browser
from schema.context import Info
from schema.identity import inputs, payloads
from schema.identity.types import User
from schema.relay.ids import row_id


@strawberry.type
class Sessions:
    @mutation(
        "Registers a user with a name and a password, if the settings allow it. The first user becomes the admin.",
        Access.EVERYONE,
    )
    async def register(
        self,
        info: Info,
        input: inputs.RegisterInput,  # noqa: A002
    ) -> payloads.RegisterResult:
        await browser.count_attempt(info.context, input.name)
        row = await registration.register(info.context.services, input.name, input.password, input.setup_code)
        return payloads.RegisterPayload(user=User.of(row))

    @mutation("Signs in with a name and a password, for browsers. The session is kept in a cookie.", Access.EVERYONE)
    async def sign_in(
        self,
        info: Info,
        input: inputs.SignInInput,  # noqa: A002
    ) -> payloads.SignInResult:
        signed_in = await browser.sign_in(info.context, input.name, input.password)
        return payloads.SignInPayload(user=User.of(signed_in.user), expires_at=signed_in.expires_at)

    @mutation("Signs out in this browser, or everywhere.", Access.OWN)
    async def sign_out(
        self,
        info: Info,
        input: inputs.SignOutInput,  # noqa: A002
    ) -> payloads.SignOutResult:
        await browser.sign_out(info.context, everywhere=bool(input.everywhere))
        return payloads.SignOutPayload(user=User.of_viewer(info.context.viewer))

    @mutation("Ends one of the caller's sessions.", Access.OWN)
    async def revoke_session(
        self,
        info: Info,
        input: inputs.RevokeSessionInput,  # noqa: A002
    ) -> payloads.RevokeSessionResult:
        await sessions.revoke_session(info.context.services, info.context.viewer, row_id(input.id, "Session"))
        return payloads.RevokeSessionPayload(id=input.id)
