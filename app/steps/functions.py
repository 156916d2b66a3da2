"""The function of each step type that has one. A new step type is a module beside this one, its description in
`app/workflows/step_types.py`, and a line here."""

from collections.abc import Mapping

from app.steps.asserting import check
from app.steps.clusters import select_clusters
from app.steps.context import StepFunction
from app.steps.deployments import deploy, reconcile
from app.steps.jobs import run_job
from app.steps.log import log
from app.steps.objects import apply_object, delete_object, patch_object, read_object
from app.steps.requests import http_request
from app.steps.results import pending_result
from app.steps.runs import run_workflow
from app.steps.waiting import wait_for
from app.workflows.step_types import PENDING_RESULT, RUN_WORKFLOW

FUNCTIONS: Mapping[str, StepFunction] = {
    "assert": check,
    "http-request": http_request,
    "log": log,
    PENDING_RESULT: pending_result,
    RUN_WORKFLOW: run_workflow,
    "select-clusters": select_clusters,
    "read-object": read_object,
    "apply-object": apply_object,
    "patch-object": patch_object,
    "delete-object": delete_object,
    "wait-for": wait_for,
    "run-job": run_job,
    "deploy": deploy,
    "reconcile": reconcile,
}
