"""Returns the caller with their sessions and tokens, and the users and members."""

import strawberry

from app.core.paging import DEFAULT, Window
from app.identity import registration
from app.identity.roles import members_page
from app.identity.sessions import sessions_of
from app.identity.tokens import tokens_of
from app.identity.users import users_page
from schema.context import Info
from schema.identity.types import ApiToken, Member, Membership, Session, SignInOptions, SignInProvider, User
from schema.relay.connections import Connection, to_connection


@strawberry.type
class Queries:
    @strawberry.field(description="The caller; null without a valid token or session.")
    def viewer(self, info: Info) -> User | None:
        return User.of_viewer(info.context.signed_in) if info.context.signed_in else None

    @strawberry.field(description="The ways to sign in. Available without signing in.")
    async def sign_in_options(self, info: Info) -> SignInOptions:
        services = info.context.services
        providers = (
            [SignInProvider(label=services.settings.oidc_label, path="/auth/oidc/start")]
            if services.settings.oidc_issuer
            else []
        )
        return SignInOptions(
            registration=await registration.is_open(services),
            setup_code=await registration.needs_setup_code(services),
            providers=providers,
        )

    @strawberry.field(description="All users of the installation by name, for its admins. `search` matches names.")
    async def users(
        self, info: Info, first: int | None = DEFAULT, after: str | None = None, search: str | None = None
    ) -> Connection[User]:
        window = Window.of(first, after)
        page = await users_page(info.context.services, info.context.viewer, window, search=search)
        return to_connection(page, User.of)

    @strawberry.field(description="The caller's sessions in browsers, newest first.")
    async def sessions(self, info: Info) -> list[Session]:
        viewer = info.context.viewer
        return [Session.of(row, viewer) for row in await sessions_of(info.context.services, viewer)]

    @strawberry.field(description="The organizations that the caller belongs to.")
    def memberships(self, info: Info) -> list[Membership]:
        return [Membership.of(membership) for membership in info.context.viewer.memberships.values()]

    @strawberry.field(description="The members of an organization by name, with their roles.")
    async def members(
        self, info: Info, organization: str | None = None, first: int | None = DEFAULT, after: str | None = None
    ) -> Connection[Member]:
        organization_id = info.context.viewer.organization(organization)
        page = await members_page(info.context.services, organization_id, Window.of(first, after))
        return to_connection(page, Member.of)

    @strawberry.field(description="The caller's own API tokens, by name.")
    async def api_tokens(self, info: Info) -> list[ApiToken]:
        return [ApiToken.of(*found) for found in await tokens_of(info.context.services, info.context.viewer)]
