"""Counters in the database: one row each, and few statements."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from django_phone_invites.exceptions import RateLimited
from django_phone_invites.limits.database import DatabaseStore
from django_phone_invites.limits.rules import Limit, Window
from django_phone_invites.models import LimitCounter
from django_phone_invites.transactions import Conflict, run_durably

NOW = dt.datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=dt.timezone.utc)
SECOND = dt.timedelta(seconds=1)
HOUR = dt.timedelta(hours=1)
CONTROL = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE", "ROLLBACK")

pytestmark = pytest.mark.django_db


def limits(*subjects: str, most: int = 5) -> list[Limit]:
    return [Limit("test", subject, (Window(most, HOUR),)) for subject in subjects]


def count(*subjects: str, now: dt.datetime = NOW) -> None:
    run_durably(DatabaseStore().read(limits(*subjects), now).take)


def statements(*subjects: str) -> list[str]:
    with CaptureQueriesContext(connection) as captured:
        count(*subjects, now=NOW + SECOND)
    sql = [query["sql"] for query in captured.captured_queries]
    return [text.split()[0] for text in sql if not text.upper().startswith(CONTROL)]


def test_however_many_counters_are_read_and_changed_by_one_statement_each() -> None:
    # Where rows are locked one by one, several are held in one order before they are changed.
    hold = ["SELECT"] if connection.features.has_select_for_update else []
    assert statements("a", "b", "c") == ["SELECT", "INSERT"]
    assert statements("a", "b", "c") == ["SELECT", *hold, "UPDATE"]
    assert statements("a", "b", "d") == ["SELECT", *hold, "UPDATE", "INSERT"]
    assert statements("a") == ["SELECT", "UPDATE"]


def test_a_row_knows_how_often_and_when_it_was_changed() -> None:
    for number in range(3):
        count("a", now=NOW + number * SECOND)
    row = LimitCounter.objects.get()
    assert (row.key, row.version, row.updated_at) == ("test:a", 2, NOW + 2 * SECOND)


def test_several_rows_are_changed_each_to_its_own() -> None:
    count("a")
    count("a", "b", now=NOW + SECOND)
    count("b", "a", now=NOW + 2 * SECOND)
    reading = DatabaseStore().read(limits("a", "b"), NOW)
    assert [len(reading.events(limit)) for limit in limits("a", "b")] == [3, 2]


def test_whoever_was_not_first_says_so_and_changes_nothing() -> None:
    count("a")
    reading = DatabaseStore().read(limits("a", "b"), NOW + SECOND)
    count("a", now=NOW + SECOND)
    with pytest.raises(Conflict), transaction.atomic():
        reading.take()
    counted = DatabaseStore().read(limits("a", "b"), NOW)
    assert [len(counted.events(limit)) for limit in limits("a", "b")] == [2, 0]


def test_whoever_is_refused_by_what_was_read_waits_for_no_row() -> None:
    for number in range(5):
        count("a", "b", now=NOW + number * SECOND)
    reading = DatabaseStore().read(limits("a", "b"), NOW + 6 * SECOND)
    with CaptureQueriesContext(connection) as captured, pytest.raises(RateLimited):
        reading.take()
    assert len(captured) == 0


def test_after_a_lost_race_only_what_is_counted_on_is_held() -> None:
    count("a", "b")
    reading = DatabaseStore().read(limits("a", "b"), NOW + SECOND)
    count("a", now=NOW + SECOND)
    with CaptureQueriesContext(connection) as captured:
        run_durably(lambda: reading.take(*limits("a")))
    sql = [query["sql"] for query in captured]
    assert any("test:a" in text for text in sql)
    assert not any("test:b" in text for text in sql)
    assert [len(reading.events(limit)) for limit in limits("a", "b")] == [2, 1]


def test_a_counter_that_was_purged_meanwhile_counts_from_nothing() -> None:
    count("a")
    reading = DatabaseStore().read(limits("a"), NOW + 2 * HOUR)
    LimitCounter.objects.all().delete()
    run_durably(reading.take)
    assert LimitCounter.objects.get().version == 0
