"""The service account that deployments of a group use on its members, and errors for its missing permissions. Pure."""

import re
from dataclasses import dataclass
from typing import Self

from app.core.errors import PermanentError
from app.core.names import LONGEST_SUBDOMAIN, is_label, is_subdomain
from app.releases.error_codes import ActionCode

# The text of a refusal by the API server's authorization. Text from webhooks and policies comes later in a message.
_FORBIDDEN = re.compile(
    r'(?:\S+(?: "[^"]*")? is )?forbidden: [Uu]ser "([^"]+)" (cannot impersonate |cannot |\(groups=)'
)


@dataclass(frozen=True, slots=True)
class ServiceAccount:
    """A service account that Polyhelm impersonates: the API server authenticates the cluster's credentials, and then
    applies only the permissions of the service account."""

    namespace: str
    name: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Reads `namespace/name`.

        Raises:
            ValueError: if the text is not of this form.
        """
        namespace, _, name = text.partition("/")
        if not is_label(namespace) or not is_subdomain(name):
            raise ValueError(
                "A service account is written as namespace/name. A namespace has at most 63 characters, a-z, 0-9 and"
                f" `-`; a name has at most {LONGEST_SUBDOMAIN}, a-z, 0-9, `-` and `.`."
            )
        return cls(namespace, name)

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"

    @property
    def user(self) -> str:
        """Its user name on the API server."""
        return f"system:serviceaccount:{self.namespace}:{self.name}"

    @property
    def headers(self) -> dict[str, str]:
        """The headers of a request that impersonates it. The API server adds the groups of every service account;
        naming them here would also need the permission to impersonate groups."""
        return {"Impersonate-User": self.user}


def forbidden(account: ServiceAccount | None, words: str) -> PermanentError | None:
    """The error for a message that refuses a permission to a service account, or the impersonation of it. None for any
    other refusal, and without a service account."""
    found = _FORBIDDEN.match(words)
    if account is None or found is None:
        return None
    if found[1] == account.user:
        return PermanentError(
            ActionCode.SERVICE_ACCOUNT_FORBIDDEN,
            f"The service account {account} lacks a permission: {words}",
            words,
        )
    if found[2] == "cannot impersonate ":
        message = f"The cluster's credentials may not impersonate the service account {account}: {words}"
        return PermanentError(ActionCode.IMPERSONATION_FORBIDDEN, message, words)
    return None
