"""What a check answers, as a function of its measurements so far."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from itertools import takewhile
from typing import Any

from app.rollouts.durations import duration
from app.rollouts.states import Answer, CheckVerdict


class CheckKind(StrEnum):
    """What a check measures."""

    HEALTH = "HEALTH"
    OBJECT = "OBJECT"
    HTTP = "HTTP"
    PROMETHEUS = "PROMETHEUS"
    JOB = "JOB"


@dataclass(frozen=True, slots=True)
class CheckRule:
    """A check is measured every `interval`, until `count` measurements have a result, or one of its limits is exceeded:
    that of failed measurements, of inconclusive ones, or of errors in a row. `spec` says what is measured."""

    name: str
    kind: CheckKind
    interval: timedelta
    count: int
    failure_limit: int
    inconclusive_limit: int
    error_limit: int
    spec: Mapping[str, Any]

    @classmethod
    def of_json(cls, stored: Mapping[str, Any]) -> "CheckRule":
        return cls(
            name=stored["name"],
            kind=CheckKind(stored["kind"]),
            interval=duration(stored["interval"]),
            count=stored["count"],
            failure_limit=stored["failureLimit"],
            inconclusive_limit=stored["inconclusiveLimit"],
            error_limit=stored["errorLimit"],
            spec=stored["spec"],
        )

    def verdict(self, answers: Sequence[Answer]) -> CheckVerdict:
        """The verdict after these measurements, the oldest first.

        As in an AnalysisRun of Argo Rollouts, an error does not count as a result, and only errors in a row end it.
        """
        failed, unsure = answers.count(Answer.FAILED), answers.count(Answer.INCONCLUSIVE)
        errors = sum(1 for _ in takewhile(lambda answer: answer is Answer.ERROR, reversed(answers)))
        if failed > self.failure_limit:
            return CheckVerdict.FAILED
        if unsure > self.inconclusive_limit:
            return CheckVerdict.INCONCLUSIVE
        if errors > self.error_limit:
            return CheckVerdict.ERROR
        return (
            CheckVerdict.PASSED
            if failed + unsure + answers.count(Answer.PASSED) >= self.count
            else CheckVerdict.RUNNING
        )


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one measurement, or of its part on one cluster."""

    answer: Answer
    message: str = ""


_WORST_FIRST = (Answer.FAILED, Answer.ERROR, Answer.INCONCLUSIVE, Answer.PASSED)


def of_conditions(passes: bool | None, fails: bool | None, shown: str) -> Finding:
    """The result by the values of the two conditions, of which None is one that the check does not have. If it has both
    and neither is true, it is not known whether the check passes."""
    if fails:
        return Finding(Answer.FAILED, f"The condition `fails` is true{shown}.")
    if passes:
        return Finding(Answer.PASSED, f"The condition `passes` is true{shown}.")
    if passes is None:
        return Finding(Answer.PASSED, f"The condition `fails` is false{shown}.")
    if fails is None:
        return Finding(Answer.FAILED, f"The condition `passes` is false{shown}.")
    return Finding(Answer.INCONCLUSIVE, f"Neither condition is true{shown}.")


def summed_up(findings: Mapping[str, Finding]) -> Finding:
    """One result for several clusters, given by name: the worst one."""
    answer = min((each.answer for each in findings.values()), key=_WORST_FIRST.index)
    names = sorted(name for name, each in findings.items() if each.answer is answer)
    if answer is Answer.PASSED:
        return Finding(answer, f"It passes on {_counted(len(names))}.")
    message = findings[names[0]].message.removeprefix(f"{names[0]}: ")  # errors of a member begin with its name
    return Finding(answer, f"{some_clusters(names)}: {message}")


def some_clusters(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"


def worst_first(findings: Mapping[str, Finding]) -> Iterable[tuple[str, Finding]]:
    return sorted(findings.items(), key=lambda item: (_WORST_FIRST.index(item[1].answer), item[0]))


def _counted(number: int) -> str:
    return "1 cluster" if number == 1 else f"{number} clusters"
