"""What a user can do about a target with a problem, or what Polyhelm does automatically. Every step can be taken, and
at least one of them makes progress."""

from collections.abc import Iterable
from enum import StrEnum

from app.releases.error_codes import CONNECTION_FAILED, ActionCode
from app.releases.release import DELETION_HOOKS, Observed
from app.releases.storage import secret_name


class NextStep(StrEnum):
    WAIT = "WAIT"
    RECONCILE = "RECONCILE"
    UPDATE_DEPLOYMENT = "UPDATE_DEPLOYMENT"
    SKIP_HOOKS = "SKIP_HOOKS"
    FORCE = "FORCE"
    FREE_NAME = "FREE_NAME"
    FREE_OBJECT = "FREE_OBJECT"
    HELM_ROLLBACK = "HELM_ROLLBACK"
    HELM_UNINSTALL = "HELM_UNINSTALL"
    DELETE_RECORD = "DELETE_RECORD"
    DELETE_RECORDS = "DELETE_RECORDS"
    UPDATE_CLUSTER = "UPDATE_CLUSTER"
    CONFIRM_CLUSTER = "CONFIRM_CLUSTER"
    GRANT_PERMISSION = "GRANT_PERMISSION"
    ALLOW_CRD_VERSION_REMOVAL = "ALLOW_CRD_VERSION_REMOVAL"


_SENTENCES = {
    NextStep.WAIT: "Polyhelm retries automatically.",
    NextStep.RECONCILE: "Reconcile once the cause is gone.",
    NextStep.UPDATE_DEPLOYMENT: "Update the deployment if its chart or values are the cause.",
    NextStep.SKIP_HOOKS: "Repeat it without hooks (skipHooks) if a hook is the cause.",
    NextStep.FORCE: "Repeat it with force to leave behind what cannot be removed.",
    NextStep.FREE_NAME: "Uninstall the other release with `{uninstall}`, or choose another releaseName.",
    NextStep.FREE_OBJECT: (
        "Delete the existing object, or let Helm adopt it: set its label app.kubernetes.io/managed-by=Helm"
        " and its annotations {adopted_by}."
    ),
    NextStep.HELM_ROLLBACK: "If no Helm process is working on it, run `{rollback}`.",
    NextStep.HELM_UNINSTALL: (
        "If no Helm process is working on it, run `{uninstall}`, with `--no-hooks` if a hook is the cause."
    ),
    NextStep.DELETE_RECORD: "Restore the record, or delete it with `{delete_record}`.",
    NextStep.DELETE_RECORDS: (
        "Or delete all records of the release with `{delete_records}`: its objects stay, and the next installation"
        " takes them over."
    ),
    NextStep.UPDATE_CLUSTER: "Update the cluster if its address or credentials have changed.",
    NextStep.CONFIRM_CLUSTER: "Confirm the cluster if it was rebuilt.",
    NextStep.GRANT_PERMISSION: "To allow this, grant the permission on the cluster with a Role and a"
    " RoleBinding (docs/permissions.md).",
    NextStep.ALLOW_CRD_VERSION_REMOVAL: (
        "If the versions are no longer needed, reconcile with allowCrdVersionRemoval and the names of the"
        " CustomResourceDefinitions."
    ),
}

_PERMISSION = (NextStep.GRANT_PERMISSION, NextStep.RECONCILE)
_LOCKED = {NextStep.FORCE: "Repeat it with force to uninstall it even if another Helm process is still working on it."}
_BY_CODE = {
    ActionCode.SERVICE_ACCOUNT_FORBIDDEN: _PERMISSION,
    ActionCode.IMPERSONATION_FORBIDDEN: _PERMISSION,
    ActionCode.RELEASE_NAME_TAKEN: (NextStep.FREE_NAME, NextStep.RECONCILE),
    ActionCode.RESOURCE_EXISTS: (NextStep.FREE_OBJECT, NextStep.RECONCILE, NextStep.UPDATE_DEPLOYMENT),
    ActionCode.RECORD_UNREADABLE: (NextStep.DELETE_RECORD, NextStep.RECONCILE),
    ActionCode.NAMESPACE_TERMINATING: (NextStep.WAIT,),
    ActionCode.API_REMOVED: (NextStep.RECONCILE, NextStep.DELETE_RECORDS),
    ActionCode.CRD_VERSION_REMOVED: (NextStep.ALLOW_CRD_VERSION_REMOVAL, NextStep.UPDATE_DEPLOYMENT),
    ActionCode.CLUSTER_MISMATCHED: (NextStep.CONFIRM_CLUSTER, NextStep.UPDATE_CLUSTER),
}
_BEFORE_HOOKS = frozenset({ActionCode.CHART_NOT_RENDERED, ActionCode.VALUES_REFUSED})


def next_steps(
    code: ActionCode, *, is_temporary: bool, is_wanted: bool, observed: Observed | None, runs_hooks: bool = True
) -> tuple[NextStep, ...]:
    """The next steps after a failure with this code.

    Args:
        code: the code of the error.
        is_temporary: whether Polyhelm retries automatically.
        is_wanted: whether the release should exist; otherwise it should be removed.
        observed: the release as observed after the failure, or None.
        runs_hooks: whether the action runs the chart's hooks.
    """
    steps = list(_BY_CODE.get(code, ()))
    if code == ActionCode.RELEASE_LOCKED:
        can_go_back = observed is not None and observed.is_pending and observed.was_deployed and observed.revision > 1
        steps = [NextStep.WAIT, NextStep.HELM_ROLLBACK if can_go_back else NextStep.HELM_UNINSTALL]
    if not steps:
        steps = [NextStep.WAIT] if is_temporary else [NextStep.RECONCILE]
        if code in CONNECTION_FAILED:
            steps.append(NextStep.UPDATE_CLUSTER)
        elif is_wanted and not is_temporary:
            steps.append(NextStep.UPDATE_DEPLOYMENT)
        may_be_hook = runs_hooks and code not in _BEFORE_HOOKS and not (is_temporary and code in CONNECTION_FAILED)
        if may_be_hook and _may_have_run_hooks(observed, is_wanted=is_wanted, is_temporary=is_temporary):
            steps.append(NextStep.SKIP_HOOKS)
    if not is_wanted:
        steps.append(NextStep.FORCE)
    return tuple(steps)


def _may_have_run_hooks(observed: Observed | None, *, is_wanted: bool, is_temporary: bool) -> bool:
    """Whether the action may have run hooks, judged by the hooks of the release that it left behind. An atomic install
    that failed leaves no release to examine."""
    if observed is None:
        return is_wanted and not is_temporary
    if not is_wanted:
        return bool(observed.hooks & DELETION_HOOKS)
    # A release whose uninstall was interrupted is uninstalled before it is installed, so its deletion hooks count too.
    return bool(observed.hooks if observed.status == "uninstalling" else observed.hooks - DELETION_HOOKS)


def advice(steps: Iterable[NextStep], *, namespace: str, release_name: str, revision: int = 0) -> str:
    """The steps as sentences, with the commands for this release."""
    where = f"--namespace {namespace}"
    owner = f"meta.helm.sh/release-name={release_name} and meta.helm.sh/release-namespace={namespace}"
    commands = {
        "adopted_by": owner,
        "rollback": f"helm rollback {release_name} {where}",
        "uninstall": f"helm uninstall {release_name} {where}",
        "delete_records": f"kubectl delete secrets --selector owner=helm,name={release_name} {where}",
        "delete_record": f"kubectl delete secret {secret_name(release_name, revision)} {where}",
    }
    chosen = list(steps)
    sentences = _SENTENCES | (_LOCKED if {NextStep.HELM_ROLLBACK, NextStep.HELM_UNINSTALL} & {*chosen} else {})
    return " ".join(sentences[step].format(**commands) for step in chosen)
