"""A model of one target for the walk of `test_ways_out`: a member with a release, Helm as it behaves, Polyhelm's
operations by its own decisions (`next_step`, `next_steps`), and a person who does what is advised and nothing else.

No cause passes by itself: a hook that fails goes on failing, and a foreign Helm that was interrupted never goes on.
"""

from dataclasses import dataclass, replace

from app.core.errors import TemporaryError
from app.releases.error_codes import ActionCode
from app.releases.next_steps import NextStep, next_steps
from app.releases.ownership import Owner
from app.releases.release import Desired, Observed
from app.releases.status import TargetStatus, judge
from app.releases.step import Recovery, ReleaseAction, ReleaseStep, next_step
from app.tables.clusters import Reachability
from app.targets.claims import blocked

UPGRADABLE = ("deployed", "failed", "superseded")
_HOOKS = {
    ReleaseAction.INSTALL: "pre-install",
    ReleaseAction.UPGRADE: "pre-upgrade",
    ReleaseAction.UNINSTALL: "pre-delete",
}
_CODES = {Reachability.UNREACHABLE: "cluster_unreachable", Reachability.MISMATCHED: "cluster_mismatched"}


@dataclass(frozen=True)
class World:
    """`failing` are the events whose hooks fail; `version` is that of the chart that is wanted, if any is."""

    release: Observed | None
    owner: Owner
    reachability: Reachability = Reachability.REACHABLE
    failing: frozenset[str] = frozenset()
    version: str | None = "1.0.0"
    is_atomic: bool = False
    is_api_removed: bool = False
    """The cluster does not serve what the release has, and serves all that the wanted one has."""

    @property
    def desired(self) -> Desired | None:
        return None if self.version is None else Desired("web", self.version, {"a": 1})

    @property
    def is_as_wanted(self) -> bool:
        if self.reachability is not Reachability.REACHABLE:
            return False
        if self.desired is None:
            return self.release is None or self.owner is Owner.OTHER
        ours = self.release is not None and self.owner is Owner.OURS and self.release.is_readable
        return ours and judge(self.desired, self.release).status is TargetStatus.DEPLOYED


@dataclass(frozen=True)
class Trouble:
    """What a result tells, and whether its operation goes on by itself."""

    code: str
    steps: tuple[NextStep, ...]
    goes_on: bool
    skip_hooks: bool = False
    force: bool = False


@dataclass(frozen=True)
class Outcome:
    """The world after an operation; `is_left` says that the release was given up."""

    world: World
    trouble: Trouble | None = None
    is_left: bool = False


def operate(world: World, *, skip_hooks: bool = False, force: bool = False) -> Outcome:
    """An operation, until it ends or can't go on."""
    step: ReleaseStep | None = None
    for _ in range(6):
        code, is_temporary = "", False
        if world.reachability is not Reachability.REACHABLE:
            code, is_temporary = _CODES[world.reachability], True
        else:
            step = next_step(world.desired, world.release, world.owner, force=force)
            if step.is_done:
                return Outcome(world)
            if step.block is not None:
                assert world.release is not None
                error = blocked(step.block, world.release, "paris")
                code, is_temporary = error.code, isinstance(error, TemporaryError)
            elif world.is_api_removed and step.runs in (ReleaseAction.UPGRADE, ReleaseAction.UNINSTALL):
                code = "api_removed"
            else:
                world, succeeded = _perform(world, step, hooks=step.hooks and not skip_hooks)
                code = "" if succeeded else "helm_failed"
        if code:
            if force and world.desired is None:  # what passes by itself is tried a few times more
                return Outcome(world, is_left=True)
            advised = next_steps(
                ActionCode.of(code),
                is_temporary=is_temporary,
                is_wanted=world.desired is not None,
                observed=world.release if world.reachability is Reachability.REACHABLE else None,
                runs_hooks=not skip_hooks and (step is None or step.hooks),
            )
            return Outcome(world, Trouble(code, advised, is_temporary, skip_hooks, force))
    raise AssertionError(f"no end: {world}")


def follow(world: World, trouble: Trouble, step: NextStep) -> Outcome | None:
    """What comes of it when a person does this; None where it leads nowhere."""
    given = {"skip_hooks": trouble.skip_hooks, "force": trouble.force}
    match step:
        case NextStep.WAIT:
            return operate(world, **given) if trouble.goes_on else None
        case NextStep.RECONCILE:
            return operate(world)
        case NextStep.SKIP_HOOKS:
            return operate(world, skip_hooks=True)
        case NextStep.FORCE:
            return operate(world, force=True)
        case NextStep.UPDATE_DEPLOYMENT:
            assert world.version is not None
            fixed = world.failing & {"pre-delete"}
            return operate(replace(world, version="2.0.0", failing=fixed))
        case NextStep.UPDATE_CLUSTER | NextStep.CONFIRM_CLUSTER:
            world = replace(world, reachability=Reachability.REACHABLE)
        case NextStep.FREE_NAME | NextStep.HELM_UNINSTALL:
            world = replace(world, release=None, owner=Owner.OURS)
        case NextStep.HELM_ROLLBACK:
            assert world.release is not None
            assert world.release.revision > 1
            changed = replace(world.release, status="deployed", revision=world.release.revision + 1)
            world = replace(world, release=changed, owner=Owner.OURS)
        case NextStep.DELETE_RECORD:
            world = replace(world, release=_before(world.release), owner=Owner.OURS)
        case NextStep.DELETE_RECORDS:
            world = replace(world, release=None, owner=Owner.OURS)
    if trouble.goes_on:
        return operate(world, **given)
    return operate(world) if NextStep.RECONCILE in trouble.steps else None


def _before(release: Observed | None) -> Observed | None:
    assert release is not None
    if release.revision == 1:
        return None
    return replace(release, revision=release.revision - 1, status="superseded", unreadable=None)


def _perform(world: World, step: ReleaseStep, *, hooks: bool) -> tuple[World, bool]:
    """What Helm, or the marking, makes of a release."""
    found = world.release
    if step.recovery is Recovery.MARK_FAILED:
        assert found is not None
        assert found.is_readable
        return replace(world, release=replace(found, status="failed")), True
    fails = hooks and _HOOKS[step.runs] in world.failing
    if step.runs is ReleaseAction.UNINSTALL:
        assert found is not None
        left = replace(found, status="uninstalling") if fails else None
        return replace(world, release=left, owner=Owner.OURS), not fails
    made = Observed(
        *("shop", "default", found.revision + 1 if found else 1, "failed" if fails else "deployed", "web"),
        world.version or "",
        values={"a": 1},
        hooks=world.failing,
        was_deployed=not fails or (found is not None and found.was_deployed),
    )
    if step.runs is ReleaseAction.INSTALL:
        assert found is None or found.status == "uninstalled" or (found.status == "failed" and not found.was_deployed)
        left = None if fails and world.is_atomic else made
    else:
        assert found is not None
        assert found.status in UPGRADABLE  # Helm refuses any other
        left = made
        if fails and world.is_atomic and found.was_deployed:
            left = replace(found, revision=made.revision + 1, status="deployed")
    return replace(world, release=left, owner=Owner.OURS), not fails
