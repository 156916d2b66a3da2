"""What a run of Helm asks before it writes: whether the release is still ours to change."""

from typing import Protocol

from app.core.errors import PermanentError
from app.releases.error_codes import ActionCode


class Fence(Protocol):
    def check(self) -> None:
        """Raises where nothing may be written any more, as far as this process knows. It is cheap: each write asks."""

    async def confirm(self) -> None:
        """Raises where nothing may be written any more, by what is written down outside of this process. Each write of
        a release record asks: a process that was stopped does not know for how long."""


class ReadOnly:
    """The fence of a run that only looks."""

    def check(self) -> None:
        raise PermanentError(ActionCode.HELM_FAILED, "Helm tried to change the cluster in a run that only reads.")

    async def confirm(self) -> None:
        self.check()


READ_ONLY = ReadOnly()
