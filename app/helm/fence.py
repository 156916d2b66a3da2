"""The check of a Helm run before it writes: whether Polyhelm may still change the release."""

from typing import Protocol

from app.core.errors import PermanentError
from app.releases.error_codes import ActionCode


class Fence(Protocol):
    def check(self) -> None:
        """Raises if nothing more may be written, as far as this process knows. It is cheap, because it is called
        for each write."""

    async def confirm(self) -> None:
        """Raises if nothing more may be written, according to what is stored outside of this process. It is called
        for each write of a release record: a process that was suspended does not know for how long."""


class ReadOnly:
    """The fence of a run that only reads."""

    def check(self) -> None:
        raise PermanentError(ActionCode.HELM_FAILED, "Helm tried to change the cluster in a run that only reads.")

    async def confirm(self) -> None:
        self.check()


READ_ONLY = ReadOnly()
