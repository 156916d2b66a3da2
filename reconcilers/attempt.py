"""One attempt to reconcile a target: what it has done so far, and what follows if it fails."""

from dataclasses import dataclass

from app.core.errors import ActionError, PermanentError, TemporaryError
from app.operations.endings import in_a_row
from app.operations.work import Work
from app.releases.error_codes import ActionCode
from app.releases.release import DELETION_HOOKS
from app.releases.remediation import Failure
from app.releases.step import ReleaseAction, ReleaseStep
from app.targets.sightings import Sighting


@dataclass
class Attempt:
    """`seen` is the newest observation of the release, `before` the one before it, `step` the last step that was begun,
    `action` the purpose of the steps, and `leaves_marks` whether that step makes a revision or runs hooks.
    `was_deployed` says whether the release had ever worked before it."""

    work: Work
    seen: Sighting | None = None
    before: Sighting | None = None
    step: ReleaseStep | None = None
    action: ReleaseAction = ReleaseAction.NONE
    output: str | None = None
    leaves_marks: bool = False
    was_deployed: bool = False

    def note(self) -> None:
        """Notes from the observation before a step whether the release has ever worked."""
        release = self.seen.release if self.seen else None
        self.was_deployed = release is not None and release.was_deployed

    def begin(self, step: ReleaseStep) -> None:
        self.step, self.action = step, step.action
        self.leaves_marks = self._leaves_marks(step)

    def refuse_useless(self, step: ReleaseStep, *, retries: int) -> None:
        """Refuses a step that is pointless: the previous one had no lasting effect, or there were enough attempts.

        Raises:
            ActionError: says why.
        """
        seen, last = self.seen, self.step
        assert seen is not None
        if last is not None and last.runs is not ReleaseAction.NONE:
            if seen.release is not None and seen.release.is_unfinished:
                # Helm reports no error if it fails to record the end of an install.
                release = seen.release
                message = (
                    f"Helm ended, but its record of revision {release.revision} still has the status {release.status}."
                )
                raise TemporaryError(ActionCode.RELEASE_UNFINISHED, message, wrote=True)
            if self.before is not None and seen.secret_version == self.before.secret_version:
                wrote = last.runs is not ReleaseAction.UNINSTALL
                raise TemporaryError(
                    ActionCode.RELEASE_UNCHANGED,
                    "Helm succeeded, but changed nothing.",
                    wrote=wrote,
                )
            if step == last:
                raise self.not_converged()
        target = self.work.target
        if step.runs is not ReleaseAction.NONE and target.writes > retries and target.error is not None:
            code = ActionCode.of(target.error["code"])
            raise _too_many_attempts(code, target.error["message"], target.error.get("output"), target.writes)

    def refuse_unplanned(self) -> None:
        """Refuses to change a release that is not the one that its plan has shown. A release that is removed, or that
        an attempt has already changed, is not compared.

        Raises:
            PermanentError: says which revision was found.
        """
        planned, target = self.work.planned_version, self.work.target
        if planned is None or self.work.desired is None or target.writes or target.intent is not None:
            return
        if self.step is None and self.seen is not None and self.seen.secret_version != planned:
            raise not_as_planned(self.work.cluster.name, self.seen)

    def not_converged(self) -> PermanentError:
        return PermanentError(
            ActionCode.NOT_CONVERGED,
            f"{self.action.noun} succeeded, but the release still differs from the desired state: another client is"
            " changing it.",
        )

    def is_repeated(self, error: ActionError, *, retries: int) -> bool:
        """Whether a run that has changed something is repeated after a permanent error, because the deployment asks for
        `retries`."""
        is_change = isinstance(error, PermanentError) and error.wrote and self.leaves_marks
        return is_change and self._brings_generation and self.writes_after(error) <= retries

    def failure(self, error: ActionError) -> Failure | None:
        """What decides on the remedy if this error is the last one. None if there is nothing to remedy: no run has
        changed anything, or the operation does not bring a generation to the target."""
        if not self._brings_generation or not self.writes_after(error):
            return None
        converged = self.work.target.generation
        return Failure(
            generation=self.work.generation,
            converged=converged,
            was_deployed=self.was_deployed or converged is not None,
        )

    @property
    def _brings_generation(self) -> bool:
        """Whether a release is installed or upgraded: it is neither removed nor kept."""
        return self.work.desired is not None and not self.work.operation.kind.keeps_release

    @property
    def left_pending(self) -> bool:
        """Whether a Helm run of this attempt has left the release pending."""
        release = self.seen.release if self.seen else None
        ran = self.step is not None and self.step.runs is not ReleaseAction.NONE
        return ran and release is not None and release.is_pending and self.work.target.intent is not None

    def writes_after(self, error: ActionError) -> int:
        """How many attempts at this generation have made a revision or run a hook, this one included."""
        return self.work.target.writes + (1 if error.wrote and self.leaves_marks else 0)

    @property
    def runs_hooks(self) -> bool:
        """Whether the chart's hooks are run: neither the operation nor the step skips them."""
        return not self.work.operation.skip_hooks and (self.step is None or self.step.hooks)

    def _leaves_marks(self, step: ReleaseStep) -> bool:
        """Whether a step makes a revision or runs hooks. An uninstall without hooks can be repeated without limit."""
        if step.runs is not ReleaseAction.UNINSTALL:
            return step.runs is not ReleaseAction.NONE
        release = self.seen.release if self.seen else None
        return self.runs_hooks and release is not None and bool(release.hooks & DELETION_HOOKS)

    def final_error(self, error: TemporaryError, *, retries: int) -> ActionError | None:
        """The error with which the result ends if this attempt was the last one; None if there is another attempt.

        A release that a Helm run has left unfinished is cleaned up first, however many attempts that takes."""
        if error.most is not None and in_a_row(self.work, error) >= error.most:
            return error
        target = self.work.target
        is_given_up = self.work.desired is None and self.work.operation.force
        if is_given_up and target.attempts >= retries:
            return error
        writes = self.writes_after(error)
        if writes <= retries or writes == target.writes or self.seen is None:
            return None
        if self.seen.release is not None and self.seen.release.is_unfinished:
            return None
        return _too_many_attempts(error.code, error.message, error.output, writes)


def not_as_planned(cluster: str, seen: Sighting) -> PermanentError:
    """The error for a release that is not the one that its plan has shown."""
    found = f"revision {seen.release.revision}, {seen.release.status}" if seen.release else "no release"
    return PermanentError(
        ActionCode.RELEASE_NOT_AS_PLANNED,
        f"The release on {cluster} was changed after its plan was made: it now has {found}. Nothing was done. Make a"
        " new plan.",
    )


def _too_many_attempts(code: ActionCode, message: str, output: str | None, writes: int) -> PermanentError:
    return PermanentError(
        code,
        f"{message} {writes} attempts were made. Each creates a revision or runs hooks, so there are no more until"
        " something changes.",
        output,
    )
