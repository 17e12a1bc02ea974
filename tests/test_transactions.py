"""What was counted stays counted, conflicts are tried again, outages become a refusal."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event
from typing import Any

import pytest
from django.db import (
    DatabaseError,
    IntegrityError,
    OperationalError,
    connection,
    connections,
    transaction,
)
from django.utils import timezone

from django_phone_invites import transactions
from django_phone_invites.exceptions import RateLimited
from django_phone_invites.models import LimitCounter
from django_phone_invites.transactions import (
    Conflict,
    outside_transactions,
    run_durably,
)
from tests.attack.isolation import options


class DriverError(Exception):
    """What a driver raises, below the exception that Django makes of it."""

    def __init__(self, *args: object, sqlstate: str | None = None) -> None:
        super().__init__(*args)
        self.sqlstate = sqlstate


def failure(kind: type[DatabaseError], cause: Exception | None, text: str = "") -> DatabaseError:
    error = kind(text)
    error.__cause__ = cause
    return error


CONFLICTS: list[Exception] = [
    Conflict("the row was inserted meanwhile"),
    failure(OperationalError, DriverError("could not serialize", sqlstate="40001")),
    failure(OperationalError, DriverError("deadlock detected", sqlstate="40P01")),
    failure(OperationalError, DriverError(1213, "Deadlock found")),
    failure(OperationalError, DriverError(1020, "Record has changed since last read")),
    failure(OperationalError, DriverError("database is locked"), "database is locked"),
]

OTHERS = [
    failure(OperationalError, DriverError("server closed the connection", sqlstate="57P01")),
    failure(OperationalError, DriverError(2006, "Server has gone away")),
    failure(OperationalError, DriverError()),
    failure(OperationalError, None),
    failure(IntegrityError, DriverError("duplicate key", sqlstate="23505")),
]


class Work:
    """Writes a row and then fails with ``error``, ``failures`` times."""

    def __init__(self, error: Exception, failures: int) -> None:
        self.error = error
        self.failures = failures
        self.calls = 0

    def __call__(self) -> int:
        self.calls += 1
        LimitCounter.objects.create(key=f"call {self.calls}", updated_at=timezone.now())
        if self.calls <= self.failures:
            raise self.error
        return self.calls


def keys() -> list[str]:
    return list(LimitCounter.objects.order_by("pk").values_list("key", flat=True))


@pytest.fixture
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transactions.time, "sleep", lambda seconds: None)


@pytest.mark.django_db(transaction=True)
def test_work_is_committed_before_its_result_is_returned() -> None:
    assert run_durably(lambda: connection.in_atomic_block) is True
    assert connection.in_atomic_block is False


@pytest.mark.django_db(transaction=True)
def test_a_transaction_around_it_is_a_programming_error() -> None:
    with transaction.atomic(), pytest.raises(RuntimeError, match="durable"):
        run_durably(lambda: None)


@pytest.mark.django_db(transaction=True)
def test_a_refusal_inside_undoes_the_work() -> None:
    work = Work(RateLimited(retry_at=timezone.now(), now=timezone.now()), failures=1)
    with pytest.raises(RateLimited):
        run_durably(work)
    assert (work.calls, keys()) == (1, [])


@pytest.mark.django_db
@pytest.mark.parametrize("error", CONFLICTS, ids=lambda error: str(error.__cause__ or error))
def test_a_conflict_is_tried_again_and_leaves_nothing_behind(error: Exception) -> None:
    work = Work(error, failures=1)
    assert run_durably(work) == 2
    assert keys() == ["call 2"]


@pytest.mark.django_db
@pytest.mark.usefixtures("_no_pause")
def test_a_race_of_a_hundred_is_run_to_its_end() -> None:
    work = Work(CONFLICTS[0], failures=100)
    assert run_durably(work) == 101
    assert keys() == ["call 101"]


@pytest.mark.django_db
@pytest.mark.parametrize("error", CONFLICTS[:2], ids=repr)
def test_conflicts_that_do_not_end_are_given_up(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transactions, "PATIENCE", 0.1)
    work = Work(error, failures=10**6)
    with pytest.raises(type(error)):
        run_durably(work)
    assert work.calls > 1
    assert keys() == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("level", ["repeatable read", "serializable"])
def test_who_waits_for_a_row_goes_on_with_what_the_first_committed(
    level: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if connection.vendor == "sqlite":
        pytest.skip("SQLite has one isolation level")
    described = connections.settings["default"]
    monkeypatch.setitem(
        described, "OPTIONS", described["OPTIONS"] | options(described["ENGINE"], level)
    )
    LimitCounter.objects.create(key="shared", events="0", updated_at=timezone.now())
    begun, held = Barrier(2, timeout=30), Event()
    runs: list[str] = []

    def add_one(name: str, pause: Callable[[], object]) -> None:
        def work() -> None:
            runs.append(name)
            # A snapshot is taken by the first statement.
            LimitCounter.objects.count()
            if runs.count(name) == 1:
                begun.wait()
            pause()
            counter = LimitCounter.objects.select_for_update().get(key="shared")
            held.set()
            counter.events = str(int(counter.events) + 1)
            counter.save()

        try:
            run_durably(work)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(add_one, "first", lambda: None)
        second = pool.submit(add_one, "second", lambda: held.wait(30))
        first.result(), second.result()
    assert LimitCounter.objects.get(key="shared").events == "2"
    assert sorted(runs) == ["first", "second"]


@pytest.mark.django_db
@pytest.mark.parametrize("error", OTHERS, ids=lambda error: repr(error.__cause__))
def test_no_other_failure_is_tried_again(error: DatabaseError) -> None:
    work = Work(error, failures=1)
    with pytest.raises(type(error)):
        run_durably(work)
    assert (work.calls, keys()) == (1, [])


@pytest.mark.django_db
def test_a_conflict_under_psycopg2_is_tried_again() -> None:
    cause = Exception("could not serialize access")
    cause.pgcode = "40001"  # type: ignore[attr-defined]
    assert run_durably(Work(failure(OperationalError, cause), failures=1)) == 2


def test_a_view_is_kept_out_of_atomic_requests_on_every_database() -> None:
    def view(request: Any) -> None: ...

    kept: Callable[..., Any] = outside_transactions(view)
    assert kept is view
    assert view._non_atomic_requests == set(connections)  # type: ignore[attr-defined]
