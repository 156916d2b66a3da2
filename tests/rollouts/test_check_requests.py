from typing import Any

import pytest

from app.rollouts.check_requests import UnreadableAnswerError, samples_of


def answer(kind: str, result: Any) -> Any:
    return {"status": "success", "data": {"resultType": kind, "result": result}}


def test_the_samples_of_a_vector_and_of_a_scalar_have_numbers_or_nothing() -> None:
    vector = [{"metric": {"pod": "a"}, "value": [1.5, "0.25"]}, {"metric": {}, "value": [1.5, "NaN"]}]
    assert samples_of(answer("vector", vector)) == [
        {"labels": {"pod": "a"}, "value": 0.25},
        {"labels": {}, "value": None},
    ]
    assert samples_of(answer("scalar", [1.5, "+Inf"])) == [{"labels": {}, "value": None}]
    assert samples_of(answer("vector", [])) == []


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"status": "error", "errorType": "bad_data", "error": "parse error"},
            "Prometheus answers: parse error",
        ),
        (answer("matrix", []), "The result of the query is a matrix, not a vector or a scalar."),
        (answer("vector", [{}]), "The answer is not one of Prometheus."),
        (answer("vector", [{"metric": {}, "value": [1]}]), "The answer is not one of Prometheus."),
        (answer("vector", [0] * 1001), "The query has more than 1,000 results."),
        ([], "The answer is not one of Prometheus."),
        (None, "The answer is not one of Prometheus."),
    ],
)
def test_an_answer_without_samples_is_refused(given: Any, message: str) -> None:
    with pytest.raises(UnreadableAnswerError, match=f"^{message}$"):
        samples_of(given)
