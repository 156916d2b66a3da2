"""The one-time code with which the first admin of a new installation registers.

Without it, the first person to reach a new installation would become its admin. The server prints the code and stores
its digest in the database, so any API process can check it. A new code replaces the previous one. It becomes invalid
when the first user exists.
"""

import hashlib
import hmac
import secrets

from sqlmodel import delete

from app.core.errors import Forbidden
from app.core.services import Services
from app.core.transaction import Transaction
from app.identity.accounts import any_user, lock_bootstrap
from app.identity.codes import IdentityCode
from app.tables.identity import SetupCode

_BYTES = 10
"""80 bits cannot be guessed at the allowed rate of attempts to register."""


async def new_setup_code(services: Services) -> str | None:
    """Creates the code, in groups of four hexadecimal digits. Returns None if there is a user already."""
    code = secrets.token_hex(_BYTES)
    async with services.transaction() as transaction:
        await lock_bootstrap(transaction)
        if await any_user(transaction.session):
            return None
        await end_setup_code(transaction)
        transaction.session.add(SetupCode(digest=_digest(code)))
    return "-".join(code[start : start + 4] for start in range(0, len(code), 4))


async def check_setup_code(transaction: Transaction, code: str | None) -> None:
    """Raises Forbidden unless this is the code. The caller holds the bootstrap lock."""
    row = await transaction.session.get(SetupCode, 1)
    if row is not None and code is not None and hmac.compare_digest(row.digest, _digest(code)):
        return
    raise Forbidden(
        IdentityCode.SETUP_CODE_WRONG,
        "The first user needs the setup code that the server printed when it started. `polyhelm setup-code` on the"
        " server prints a new one.",
        ("setupCode",),
    )


async def end_setup_code(transaction: Transaction) -> None:
    await transaction.session.execute(delete(SetupCode))


def _digest(code: str) -> bytes:
    return hashlib.sha256("".join(code.split()).replace("-", "").lower().encode("utf-8", "surrogatepass")).digest()
