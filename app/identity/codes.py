"""The kinds of events and the codes of errors about users, roles, tokens and sessions."""

from app.registers.register import ErrorCode, EventKind


class IdentityEvent(EventKind):
    """Events of users, roles, sessions and tokens"""

    USER_CREATED = "user.created", "A user was created."
    USER_REGISTERED = "user.registered", "A user registered."
    USER_DISABLED = "user.disabled", "A user was disabled."
    USER_ENABLED = "user.enabled", "A user was enabled again."
    USER_PASSWORD_SET = "user.password_set", "The password of a user was changed."
    USER_ADMIN_SET = (
        "user.admin_set",
        "A user became an administrator of the installation, or no longer is one, because of their groups.",
    )
    USER_ADMIN_KEPT = (
        "user.admin_kept",
        "A user stays the last administrator of the installation, although their groups do not grant it.",
    )
    ORGANIZATION_CREATED = "organization.created", "An organization was created."
    ORGANIZATION_WITHOUT_ADMIN = "organization.without_admin", "An organization has no admin who can sign in."
    ROLE_SET = "role.set", "A role was assigned to a user or removed."
    ROLE_KEPT = "role.kept", "A user stays the last admin of an organization, although their groups do not grant it."
    SESSION_OPENED = "session.opened", "A user signed in."
    SESSION_ENDED = "session.ended", "A user signed out, or ended another session."
    TOKEN_CREATED = "token.created", "An API token was created."
    TOKEN_REVOKED = "token.revoked", "An API token was revoked."


class IdentityCode(ErrorCode):
    """Errors about users, roles, sessions and tokens"""

    FORBIDDEN = "forbidden", "The caller's role does not allow it."
    TOKEN_LIMITED = "token_limited", "The API token is limited and does not allow it."
    TOKEN_EXPIRES = "token_expires", "The API token expires and may not create what would outlive it."
    WRONG_CREDENTIALS = "wrong_credentials", "The user name or the password is wrong."
    TOO_MANY_ATTEMPTS = "too_many_attempts", "There were too many attempts to sign in."
    USER_DISABLED = "user_disabled", "The user is disabled."
    DIRECTORY_UNREACHABLE = "directory_unreachable", "The LDAP directory cannot be reached."
    NAME_NOT_FIT = "name_not_fit", "The name of the user in the directory or issuer is not a valid user name."
    NO_ADMIN_YET = "no_admin_yet", "An administrator must sign in first."
    REGISTRATION_CLOSED = "registration_closed", "Users cannot register themselves."
    SETUP_CODE_WRONG = "setup_code_wrong", "The setup code is missing or wrong."
    USER_NOT_FOUND = "user_not_found", "The user does not exist, or the caller cannot see it."
    NOT_LOCAL = "not_local", "The user signs in with a directory or an issuer, which manages the password."
    PASSWORD_CHANGED = "password_changed", "The password was changed by another request at the same time."
    LAST_ADMIN = "last_admin", "The user is the last admin."
    NOT_A_MEMBER = "not_a_member", "The user is not a member of the organization."
    ROLE_NOT_OF_GROUPS = "role_not_of_groups", "The role cannot be assigned in a cluster group."
    ORGANIZATION_NEEDED = "organization_needed", "The caller belongs to several organizations and must name one."
    ORGANIZATION_NOT_FOUND = (
        "organization_not_found",
        "The organization does not exist, or the caller does not belong to it.",
    )
    SESSION_NOT_FOUND = "session_not_found", "The caller has no such session."
    TOKEN_NOT_FOUND = "token_not_found", "The caller has no such API token."
    OIDC_UNREACHABLE = "oidc_unreachable", "The OpenID Connect issuer cannot be reached."
    OIDC_EXPIRED = "oidc_expired", "The attempt to sign in is too old, or was started in another browser."
    OIDC_REFUSED = "oidc_refused", "The OpenID Connect issuer refused the sign-in."
    OIDC_FAILED = "oidc_failed", "The answer of the OpenID Connect issuer is not valid."
    EXPIRES_AT = "expires_at", "The expiry of an API token needs a time zone."
    EXPIRES_AT_PAST = "expires_at_past", "The expiry of an API token is in the past."
    EXPIRES_AT_LATE = "expires_at_late", "The expiry of an API token is later than allowed."
