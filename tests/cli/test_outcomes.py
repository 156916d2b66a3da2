"""What a result and a plan say of one cluster."""

from typing import Any

from cli.outcomes import outcome_error, plan_why

REFUSED = {"code": "cluster_refused", "message": "The quota small refuses pods/web.", "output": None}


def result(**given: Any) -> Any:
    return {"summary": "upgrade failed", "activity": None, "error": None} | given


def test_a_failed_result_says_what_to_do_about_it() -> None:
    error = REFUSED | {"advice": "Reconcile once the cause is gone."}
    told = "upgrade failed: The quota small refuses pods/web. Reconcile once the cause is gone."
    assert outcome_error(result(error=error)) == told
    assert outcome_error(result(error=REFUSED | {"advice": ""})) == "upgrade failed: The quota small refuses pods/web."
    assert outcome_error(result(summary="upgraded")) == "upgraded"


def test_a_plan_says_what_the_api_server_warns_of() -> None:
    target = {"reasons": [{"message": "version: wanted 2, found 1"}], "error": None, "warnings": ['unknown field "a"']}
    assert plan_why(target) == 'version: wanted 2, found 1; Warning: unknown field "a"'
    assert plan_why(target | {"error": REFUSED, "warnings": []}) == (
        "version: wanted 2, found 1; The quota small refuses pods/web."
    )
