"""What follows the last failure of a target to get a generation."""

import pytest

from app.releases.remediation import Failure, Remediation, Remedy


@pytest.mark.parametrize("remedy", list(Remedy))
def test_a_failed_generation_is_remedied_as_the_deployment_asks(remedy: Remedy) -> None:
    failure = Failure(generation=3, converged=2, was_deployed=True, verified=1)
    assert Remediation(remedy=remedy).after(failure) is remedy


@pytest.mark.parametrize(
    ("failure", "expected"),
    [
        (Failure(generation=1, converged=None, was_deployed=False), Remedy.UNINSTALL),
        (Failure(generation=2, converged=1, was_deployed=True), Remedy.NOTHING),
        (Failure(generation=2, converged=None, was_deployed=True), Remedy.NOTHING),
    ],
)
def test_without_a_verified_generation_only_a_release_that_has_never_worked_is_removed(
    failure: Failure, expected: Remedy
) -> None:
    assert Remediation(remedy=Remedy.ROLLBACK).after(failure) is expected


@pytest.mark.parametrize("remedy", list(Remedy))
@pytest.mark.parametrize(
    "failure",
    [
        Failure(generation=2, converged=2, was_deployed=True, verified=1),
        Failure(generation=2, converged=None, was_deployed=False, verified=2),
        Failure(generation=1, converged=3, was_deployed=True, verified=2),
    ],
)
def test_a_generation_that_the_target_has_had_and_a_return_to_one_are_not_remedied(
    failure: Failure, remedy: Remedy
) -> None:
    assert Remediation(remedy=remedy).after(failure) is Remedy.NOTHING


def test_the_stored_form_is_read_as_it_was_written() -> None:
    given = Remediation(2, Remedy.ROLLBACK)
    assert Remediation.of_json(given.as_json()) == given
    assert Remediation.of_json(None) == Remediation(0, Remedy.NOTHING)
