"""What a run's requests and their answers tell of it."""

import json
from typing import Any

import pytest

from app.core.errors import PermanentError, TemporaryError
from app.helm.ledger import Exchange, Ledger, Progress, Stage, WriteOutcome
from app.helm.request import Request, read_request
from app.releases.error_codes import ActionCode

RECORDS = "/api/v1/namespaces/shop/secrets"
RECORD = f"{RECORDS}/sh.helm.release.v1.web.v2"
CONFIG = "/api/v1/namespaces/shop/configmaps"
LOST = TemporaryError(ActionCode.CLUSTER_UNREACHABLE, "The connection to the API server failed: it was closed")


def new_record(revision: int = 2) -> Request:
    return read_request(
        "POST", RECORDS, b"k8s\0\n\x0c\n\x02v1\x12\x06Secret\x12\x40\n\x1bsh.helm.release.v1.web.v%d\x12" % revision
    )


def created(kind: str = "ConfigMap", hook: str | None = None) -> Request:
    metadata: dict[str, Any] = {"name": "a"} | ({"annotations": {"helm.sh/hook": hook}} if hook else {})
    path = "/apis/batch/v1/namespaces/shop/jobs" if kind == "Job" else CONFIG
    return read_request("POST", path, json.dumps({"kind": kind, "metadata": metadata}).encode())


class Run:
    """A run of Helm, request by request."""

    def __init__(self) -> None:
        self.told: list[Progress] = []
        self.ledger = Ledger(self.told.append)
        self.now = 0.0
        self.exchanges: list[Exchange] = []

    def _begin(self, request: Request) -> Exchange:
        self.exchanges.append(self.ledger.begin(request, self.now))
        return self.exchanges[-1]

    def asks(
        self, request: Request, status: int = 200, message: str = "", *, reason: str = "", after: float = 0
    ) -> None:
        """A request with its answer; `after` seconds in which Helm asked for nothing."""
        self.now += after
        exchange = self._begin(request)
        self.ledger.sent(exchange)
        answer = {"kind": "Status", "message": message, "reason": reason, "code": status}
        self.ledger.answered(exchange, status, None, json.dumps(answer).encode() if status >= 400 else b"")
        self.ledger.ended(exchange, self.now)

    def loses(self, request: Request, *, sent: bool = True) -> None:
        exchange = self._begin(request)
        if sent:
            self.ledger.sent(exchange)
        self.ledger.failed(exchange, LOST)
        self.ledger.ended(exchange, self.now)

    @property
    def record(self) -> WriteOutcome:
        """What became of the record that the run has created, or tried to."""
        records = [found for found in self.exchanges if found.request.revision and found.request.method == "POST"]
        return records[-1].fate if records else WriteOutcome.NONE

    def stage(self) -> Stage:
        return self.ledger.progress.stage

    @property
    def stages(self) -> list[Stage]:
        found: list[Stage] = []
        for progress in self.told:
            if not found or progress.stage is not found[-1]:
                found.append(progress.stage)
        return found


def read(path: str) -> Request:
    return read_request("GET", path)


@pytest.fixture
def run() -> Run:
    return Run()


def test_a_run_that_only_reads_has_written_nothing(run: Run) -> None:
    run.asks(read("/version"))
    run.asks(read(RECORDS))
    run.asks(read(f"{CONFIG}/a"), 404)
    run.asks(read_request("POST", f"{CONFIG}?dryRun=All", b"{}"))
    assert run.ledger.progress == Progress()
    assert run.told == []
    assert run.ledger.cause() is None


def test_validation_is_over_with_the_first_write_of_the_record_and_not_with_a_namespace_or_crd(run: Run) -> None:
    run.asks(read_request("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", b"{}"), 201)
    run.asks(read_request("POST", "/api/v1/namespaces", b"k8s\0"), 409, reason="AlreadyExists")
    assert run.ledger.progress == Progress(wrote=True)
    run.asks(new_record(), 201)
    assert (run.ledger.progress, run.record) == (Progress(Stage.WRITING, None, True), WriteOutcome.ACCEPTED)
    assert run.ledger.cause() is None


def test_a_hook_runs_from_its_creation_to_the_next_write(run: Run) -> None:
    run.asks(new_record(), 201)
    run.asks(read_request("PUT", RECORD))
    run.asks(created("Job", "pre-upgrade,pre-install"), 201)
    hook = run.ledger.progress.hook
    assert hook is not None
    assert (hook.kind, hook.name, hook.namespace, hook.events) == ("Job", "a", "shop", ("pre-upgrade", "pre-install"))
    run.asks(read_request("GET", "/apis/batch/v1/namespaces/shop/jobs?watch=true"), after=5)
    assert run.stage() is Stage.HOOK
    run.asks(read_request("PATCH", f"{CONFIG}/a"))
    assert (run.ledger.progress.stage, run.ledger.progress.hook) == (Stage.WRITING, None)
    assert run.stages == [Stage.WRITING, Stage.HOOK, Stage.WRITING]


def test_helm_waits_when_it_asks_again_after_a_pause(run: Run) -> None:
    run.asks(read(f"{CONFIG}/a"), after=10)  # before it has written anything, it may render for as long as it likes
    run.asks(new_record(), 201)
    run.asks(created(), 201)
    run.asks(read(f"{CONFIG}/a"), after=0.5)
    assert run.stage() is Stage.WRITING
    run.asks(read(f"{CONFIG}/a"), after=2)
    assert run.stage() is Stage.WAITING
    run.asks(read_request("PUT", RECORD), after=2)
    assert run.stages == [Stage.WRITING, Stage.WAITING, Stage.WRITING]


def test_a_slow_member_is_no_pause_of_helm(run: Run) -> None:
    run.asks(new_record(), 201)
    slow = run.ledger.begin(read(f"{CONFIG}/a"), run.now)
    run.now += 30
    run.asks(read(f"{CONFIG}/b"))  # while the first one is still asked for
    run.ledger.ended(slow, run.now)
    run.asks(read(f"{CONFIG}/c"), after=0.1)
    assert run.stage() is Stage.WRITING


@pytest.mark.parametrize(
    ("status", "reason", "fate", "wrote"),
    [
        (201, "", WriteOutcome.ACCEPTED, True),
        (403, "Forbidden", WriteOutcome.REFUSED, False),
        (409, "AlreadyExists", WriteOutcome.REFUSED, False),
        (429, "", WriteOutcome.REFUSED, False),
        (503, "", WriteOutcome.UNKNOWN, True),
        (504, "", WriteOutcome.UNKNOWN, True),
    ],
)
def test_the_fate_of_the_record_is_that_of_its_first_write(
    run: Run, status: int, reason: str, fate: WriteOutcome, wrote: bool
) -> None:
    run.asks(new_record(), status, "no", reason=reason)
    assert (run.record, run.ledger.progress.wrote) == (fate, wrote)


def test_the_fate_is_unknown_where_our_connection_fails_after_the_request_and_none_before(run: Run) -> None:
    run.loses(new_record(), sent=False)
    assert (run.record, run.ledger.progress.wrote) == (WriteOutcome.NONE, False)
    other = Run()
    other.loses(new_record())
    assert (other.record, other.ledger.progress.wrote) == (WriteOutcome.UNKNOWN, True)


def test_the_record_of_an_older_revision_that_is_pruned_is_not_the_runs_own(run: Run) -> None:
    run.asks(read_request("DELETE", f"{RECORDS}/sh.helm.release.v1.web.v1"))
    before = run.record
    run.asks(new_record(12), 201)
    assert (before, run.record) == (WriteOutcome.NONE, WriteOutcome.ACCEPTED)


def test_a_record_written_first_by_another_helm_is_a_lost_race(run: Run) -> None:
    run.asks(new_record(), 409, 'secrets "sh.helm.release.v1.web.v2" already exists', reason="AlreadyExists")
    cause = run.ledger.cause()
    assert isinstance(cause, TemporaryError)
    assert cause.code == "release_changed"


def test_a_record_that_another_helm_took_away_is_a_lost_race(run: Run) -> None:
    run.asks(new_record(), 201)
    run.asks(read_request("PUT", RECORD), 404, "not found", reason="NotFound")
    cause = run.ledger.cause()
    assert isinstance(cause, TemporaryError)
    assert cause.code == "release_changed"


def test_the_first_write_that_failed_is_the_cause_whatever_came_after_it(run: Run) -> None:
    run.asks(new_record(), 201)
    run.asks(read(f"{CONFIG}/b"), 503, "busy")
    run.asks(read_request("PATCH", f"{CONFIG}/a"), 422, "it is immutable", reason="Invalid")
    run.asks(read_request("PUT", RECORD))
    run.asks(new_record(3), 201)
    run.asks(read_request("PATCH", f"{CONFIG}/a"))  # rolled back: this undoes no refusal
    run.asks(read_request("PUT", f"{RECORDS}/sh.helm.release.v1.web.v3"))
    cause = run.ledger.cause()
    assert isinstance(cause, PermanentError)
    assert "it is immutable" in cause.message


def test_a_failed_request_that_is_repeated_with_success_is_not_the_cause(run: Run) -> None:
    run.asks(new_record(), 429, "slowly")
    run.asks(new_record(), 201)
    run.loses(read(f"{CONFIG}/a"))
    run.asks(read(f"{CONFIG}/a"))
    assert run.ledger.cause() is None
    assert run.record is WriteOutcome.ACCEPTED


def test_a_read_that_was_refused_for_good_and_is_repeated_with_success_is_no_cause(run: Run) -> None:
    run.asks(new_record(), 201)
    run.asks(read(f"{CONFIG}/a"), 500, "conversion webhook for shop.test/v1, Kind=Widget failed: EOF")
    run.asks(read(f"{CONFIG}/a"))
    assert run.ledger.cause() is None


def test_a_namespace_that_exists_is_a_cause_only_where_the_chart_creates_it(run: Run) -> None:
    namespace = read_request("POST", "/api/v1/namespaces", json.dumps({"metadata": {"name": "shop"}}).encode())
    run.asks(namespace, 409, 'namespaces "shop" already exists', reason="AlreadyExists")
    assert not run.ledger.progress.wrote
    run.asks(new_record(), 201)
    assert run.ledger.cause() is None
    run.asks(namespace, 409, 'namespaces "shop" already exists', reason="AlreadyExists")
    cause = run.ledger.cause()
    assert isinstance(cause, PermanentError)
    assert cause.code == "resource_exists"


def test_a_cut_write_that_a_rollback_does_again_is_still_the_cause(run: Run) -> None:
    run.asks(new_record(), 201)
    run.loses(read_request("PATCH", f"{CONFIG}/a"))
    run.asks(new_record(3), 201)
    run.asks(read_request("PATCH", f"{CONFIG}/a"))
    assert run.ledger.cause() is LOST


def test_a_read_that_failed_before_the_record_was_written_did_not_keep_helm_from_going_on(run: Run) -> None:
    run.loses(read("/apis/metrics.k8s.io/v1beta1"))
    assert run.ledger.cause() is LOST
    run.asks(new_record(), 201)
    assert run.ledger.cause() is None


def test_an_api_of_others_that_is_away_is_no_trouble_of_the_api_server(run: Run) -> None:
    run.asks(read("/apis/metrics.k8s.io/v1beta1"), 503, "no endpoints available")
    assert run.ledger.cause() is None


def test_the_last_write_of_the_record_decides_whether_it_is_written(run: Run) -> None:
    assert run.ledger.last_record_is_written
    run.asks(new_record(), 201)
    assert run.ledger.last_record_is_written
    run.asks(read_request("PUT", RECORD), 503, "busy")
    assert not run.ledger.last_record_is_written
