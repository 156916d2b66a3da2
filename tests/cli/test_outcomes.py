"""What is shown of one cluster: its result, its plan, and what to do next."""

from io import StringIO
from typing import Any

import pytest

from cli.commands.clusters import next_steps
from cli.failure import Failure
from cli.outcomes import outcome_error, plan_why
from cli.progress import late_failure
from cli.terminal import confirm_name

REFUSED = {"code": "cluster_refused", "message": "The quota small refuses pods/web.", "output": None}


def result(**given: Any) -> Any:
    return {"summary": "upgrade failed", "activity": None, "error": None} | given


def test_a_failed_result_says_what_to_do_about_it() -> None:
    error = REFUSED | {"advice": "Reconcile once the cause is gone."}
    told = "upgrade failed: The quota small refuses pods/web. Reconcile once the cause is gone."
    assert outcome_error(result(error=error)) == told
    assert outcome_error(result(error=REFUSED | {"advice": ""})) == "upgrade failed: The quota small refuses pods/web."
    assert outcome_error(result(summary="upgraded")) == "upgraded"


def test_helms_output_is_shown_where_the_message_does_not_contain_it_already() -> None:
    error = {"code": "chart_not_rendered", "message": "It fails: no registry", "advice": "Reconcile."}
    repeated = error | {"output": "Error: It fails:\n no registry\n"}
    assert outcome_error(result(error=repeated)) == "upgrade failed: It fails: no registry; Reconcile."
    other = error | {"output": "line 7"}
    assert outcome_error(result(error=other)) == "upgrade failed: It fails: no registry (line 7) Reconcile."


def test_a_cluster_that_cannot_be_used_is_shown_with_what_to_do() -> None:
    assert next_steps("paris", "REACHABLE") == []
    assert next_steps("paris", "MISMATCHED") == [
        "",
        "Next steps:",
        "  If the address is wrong, correct it there, or: polyhelm cluster update paris --kubeconfig FILE",
        "  If it is the same cluster with a recreated kube-system namespace: polyhelm cluster confirm paris",
    ]


def test_without_a_terminal_a_confirmation_names_the_option_that_replaces_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", StringIO())
    with pytest.raises(Failure) as refused:
        confirm_name("paris is confirmed.", "paris", yes=False, option="--uid UID")
    assert refused.value.next_step == "Add --uid UID to confirm it."


def test_a_timeout_while_a_hook_runs_prints_how_to_skip_it() -> None:
    activity = {"phase": "HOOK", "message": "Running the pre-delete hook Job shop."}
    open_result = result(
        clusterName="paris", state="RUNNING", summary="uninstalling", activity=activity, abandoned=None
    )
    deployment = {"releaseName": "shop", "group": {"name": "web"}}
    operation = {"kind": "DELETE", "state": "RUNNING", "results": [open_result], "deployment": deployment}
    late = late_failure(operation, 5, verbose=False)
    assert late.details == ("paris: uninstalling: Running the pre-delete hook Job shop.",)
    assert late.next_step == (
        "Continue to wait: polyhelm deploy wait web/shop. If a hook never ends:"
        " polyhelm deploy rm web/shop --skip-hooks"
    )


def test_a_plan_says_what_the_api_server_warns_of() -> None:
    target = {"reasons": [{"message": "version: wanted 2, found 1"}], "error": None, "warnings": ['unknown field "a"']}
    assert plan_why(target) == 'version: wanted 2, found 1; Warning: unknown field "a"'
    assert plan_why(target | {"error": REFUSED, "warnings": []}) == (
        "version: wanted 2, found 1; The quota small refuses pods/web."
    )
