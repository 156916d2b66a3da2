"""Users: registration, sign-in, sessions, tokens and identity providers."""

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr

from app.core.settings.group import Seconds, SettingsGroup
from app.tables.identity import Role

Roles = dict[str, dict[str, Role]]
"""Roles by group, and then by organization."""


class IdentitySettings(SettingsGroup):
    bootstrap_token: SecretStr | None = Field(
        None,
        description="The API token of the first admin, at least 20 characters. It is only used while there are no"
        " users.",
    )
    registration: Literal["enabled", "admin_only", "disabled"] = Field(
        "admin_only",
        description="Who may register with a name and a password: everyone; only the first user, who needs the setup"
        " code and becomes the admin; or no one, so that the first admin is created with the bootstrap token.",
    )
    reserved_names: str = Field(
        "admin,administrator,anonymous,api,nobody,operator,owner,polyhelm,root,security,support,system",
        description="User names that cannot be registered, comma-separated. The first admin created with the bootstrap"
        " token is named `admin`.",
    )
    session_idle: Seconds = Field(
        12 * 3600, description="How long a session of the app lasts without activity, in seconds."
    )
    session_lifetime: Seconds = Field(
        7 * 24 * 3600, description="How long a session of the app lasts at most, in seconds."
    )
    token_lifetime: Seconds | None = Field(
        None,
        description="The maximum lifetime of a new API token, in seconds. Default: no limit.",
    )
    sign_in_rate: float = Field(
        10,
        gt=0,
        description="The number of attempts per minute to sign in or register under one name. From one address, five"
        " times as many are allowed.",
    )
    sign_in_burst: int = Field(
        10,
        ge=1,
        description="The number of attempts at once to sign in or register under one name. From one address, five"
        " times as many are allowed.",
    )
    oidc_issuer: str | None = Field(
        None,
        pattern=r"^https?://",
        description="The issuer URL of an OpenID Connect provider. If it is not set, sign-in with OpenID Connect is"
        " disabled.",
    )
    oidc_client_id: str = Field("polyhelm", description="The client ID of Polyhelm at the OpenID Connect provider.")
    oidc_client_secret: SecretStr | None = Field(
        None,
        description="The client secret of Polyhelm at the OpenID Connect provider. Without one, Polyhelm is a public"
        " client and uses PKCE alone.",
    )
    oidc_label: str = Field(
        "Single sign-on", description="The name of the OpenID Connect provider on the sign-in page."
    )
    oidc_scopes: str = Field(
        "openid profile email",
        description="The scopes that are requested from the OpenID Connect provider. Some providers need `groups`.",
    )
    oidc_name_claim: str = Field(
        "preferred_username", description="The claim from which the name of a new user is derived."
    )
    oidc_groups_claim: str = Field(
        "groups", description="The claim that lists a user's groups, in the ID token or at the userinfo endpoint."
    )
    oidc_roles: Roles = Field(
        {},
        description='The roles that groups grant, as JSON: `{"platform": {"default": "ADMIN"}}`. Memberships in the'
        " organizations named here are updated at each sign-in; other memberships are not changed.",
    )
    oidc_admins: list[str] = Field(
        [], description='Groups whose members administer the installation, as a JSON list: `["platform"]`.'
    )
    ldap_url: str | None = Field(
        None,
        pattern=r"^ldaps?://[^/?#]+/?$",
        description="The address of an LDAP server, as `ldaps://host` or `ldap://host`. If it is not set, sign-in"
        " with LDAP is disabled.",
    )
    ldap_start_tls: bool = Field(
        True, description="Whether connections to an `ldap://` address switch to TLS with StartTLS."
    )
    ldap_ca_file: Path | None = Field(
        None, description="A file with CA certificates for the LDAP server. Default: the CA certificates of the system."
    )
    ldap_bind_dn: str = Field(
        "", description="The DN that Polyhelm binds as to search for users. If it is empty, Polyhelm binds anonymously."
    )
    ldap_bind_password: SecretStr | None = Field(None, description="The password of POLYHELM_LDAP_BIND_DN.")
    ldap_user_base: str = Field(
        "", description="The base DN of the search for users, as `ou=people,dc=example,dc=com`."
    )
    ldap_user_filter: str = Field(
        "(uid={name})",
        description="The filter that finds a user by the name that was entered. In Active Directory, for example,"
        " `(sAMAccountName={name})`.",
    )
    ldap_name_attribute: str = Field("uid", description="The attribute from which the name of a new user is derived.")
    ldap_group_base: str = Field(
        "", description="The base DN of the search for groups. If it is empty, groups are not read."
    )
    ldap_group_filter: str = Field(
        "(member={dn})", description="The filter that finds a user's groups, by `{dn}` or `{name}`."
    )
    ldap_group_attribute: str = Field("cn", description="The attribute with the name of a group.")
    ldap_roles: Roles = Field(
        {}, description="The roles that LDAP groups grant, as JSON in the format of POLYHELM_OIDC_ROLES."
    )
    ldap_admins: list[str] = Field(
        [], description="LDAP groups whose members administer the installation, as a JSON list."
    )

    def is_reserved(self, name: str) -> bool:
        """Returns whether the name is reserved."""
        return name in {reserved.strip().lower() for reserved in self.reserved_names.split(",")}
