"""What every store of counters holds, whichever it is."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable

import pytest

from django_phone_invites.exceptions import RateLimited
from django_phone_invites.limits.rules import Limit, Room, Tally, Window, event
from django_phone_invites.limits.store import Store, key_of
from django_phone_invites.transactions import Conflict, run_durably

NOW = dt.datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=dt.timezone.utc)
MICROSECOND = dt.timedelta(microseconds=1)
SECOND = dt.timedelta(seconds=1)
HOUR = dt.timedelta(hours=1)
DAY = dt.timedelta(days=1)

Count = Callable[..., None]


def limit(most: int, subject: str = "subject", name: str = "test") -> Limit:
    return Limit(name, subject, (Window(most, HOUR),))


def stored(store: Store, rule: Limit | Tally) -> list[list[int]]:
    return [list(pair) for pair in store.read([rule], NOW).events(rule)]


def at(*moments: dt.datetime) -> list[list[int]]:
    return [list(event(moment)) for moment in moments]


def test_nothing_is_stored_before_something_is_counted(store: Store) -> None:
    assert stored(store, limit(1)) == []


def test_moments_are_kept_to_the_microsecond(store: Store, count: Count) -> None:
    moments = [NOW, NOW + MICROSECOND, NOW + 2 * MICROSECOND]
    for now in moments:
        count(limit(9), now)
    assert stored(store, limit(9)) == at(*moments)


@pytest.mark.parametrize("most", [1, 3])
def test_the_limit_is_exact_and_a_refusal_does_not_count(
    store: Store, count: Count, most: int
) -> None:
    for _ in range(most):
        count(limit(most), NOW)
    before = stored(store, limit(most))
    with pytest.raises(RateLimited) as refused:
        count(limit(most), NOW + HOUR - MICROSECOND)
    assert (refused.value.retry_at, refused.value.limit) == (NOW + HOUR, "test")
    assert stored(store, limit(most)) == before
    count(limit(most), NOW + HOUR)


def test_subjects_and_names_are_counted_apart(store: Store, count: Count) -> None:
    count(limit(1), NOW)
    count(limit(1, subject="other"), NOW)
    count(limit(1, name="other"), NOW)
    with pytest.raises(RateLimited):
        count(limit(1), NOW)


def test_all_are_counted_or_none(store: Store, count: Count) -> None:
    free, full = limit(5, "free"), limit(1, "full")
    count(full, NOW)
    reading = store.read([free, full], NOW)
    with pytest.raises(RateLimited):
        run_durably(reading.take)
    assert stored(store, free) == []


def test_of_two_that_refuse_the_later_says_when_to_come_back(store: Store, count: Count) -> None:
    early, late = limit(1, "early"), limit(1, "late")
    count(early, NOW)
    count(late, NOW + SECOND)
    for order in ([early, late], [late, early]):
        reading = store.read(order, NOW + 2 * SECOND)
        with pytest.raises(RateLimited) as refused:
            run_durably(reading.take)
        assert refused.value.retry_at == NOW + SECOND + HOUR


def test_some_of_what_was_read_can_be_counted(store: Store) -> None:
    one, two = limit(5, "one"), limit(5, "two")
    reading = store.read([one, two], NOW)
    run_durably(lambda: reading.take(two))
    assert (stored(store, one), stored(store, two)) == ([], at(NOW))


def test_what_was_read_does_not_hold_what_was_taken(store: Store, count: Count) -> None:
    count(limit(9), NOW)
    reading = store.read([limit(9)], NOW + SECOND)
    run_durably(reading.take)
    assert [list(pair) for pair in reading.events(limit(9))] == at(NOW)


def test_who_loses_the_race_to_be_first_counts_on_top(store: Store) -> None:
    one, two = store.read([limit(2)], NOW), store.read([limit(2)], NOW + SECOND)
    run_durably(one.take)
    run_durably(two.take)
    assert [list(pair) for pair in two.events(limit(2))] == at(NOW)
    assert stored(store, limit(2)) == at(NOW, NOW + SECOND)


def test_who_loses_the_race_to_be_first_is_refused_where_one_is_the_limit(store: Store) -> None:
    one, two = store.read([limit(1)], NOW), store.read([limit(1)], NOW + SECOND)
    run_durably(one.take)
    with pytest.raises(RateLimited) as refused:
        run_durably(two.take)
    assert refused.value.retry_at == NOW + HOUR
    assert stored(store, limit(1)) == at(NOW)


def test_ten_that_read_the_same_state_do_not_pass_the_limit(store: Store, count: Count) -> None:
    count(limit(4), NOW)
    read = [store.read([limit(4), limit(99, "site")], NOW + SECOND) for _ in range(10)]
    allowed = 0
    for reading in read:
        try:
            run_durably(reading.take)
        except RateLimited as refusal:
            assert refusal.retry_at == NOW + HOUR
        else:
            allowed += 1
    assert allowed == 3
    assert len(stored(store, limit(4))) == 4
    assert len(stored(store, limit(99, "site"))) == 3


def test_a_transaction_that_runs_again_counts_once(store: Store, count: Count) -> None:
    """The conflict is another one, after the count: a deadlock over the rows of the service."""
    count(limit(3), NOW)
    reading, runs = store.read([limit(3), limit(1, "other")], NOW + SECOND), []

    def work() -> None:
        reading.take()
        runs.append([list(pair) for pair in reading.events(limit(3))])
        if len(runs) < 3:
            raise Conflict

    run_durably(work)
    assert runs == [at(NOW)] * 3
    assert stored(store, limit(3)) == at(NOW, NOW + SECOND)
    assert stored(store, limit(1, "other")) == at(NOW + SECOND)


def test_what_is_counted_beside_it_in_the_second_run_is_counted_too(store: Store) -> None:
    one, two = limit(1, "one"), limit(1, "two")
    reading, runs = store.read([one, two], NOW), [[one], [one, two]]

    def work() -> None:
        chosen = runs.pop(0)
        reading.take(*chosen)
        if runs:
            raise Conflict

    run_durably(work)
    assert (stored(store, one), stored(store, two)) == (at(NOW), at(NOW))


def test_the_last_room_is_found_by_one_of_two(store: Store, count: Count) -> None:
    """Whoever only looks meets whoever counts: both have to look at the same state."""
    count(limit(2), NOW)
    looking = store.read([Room(limit(2))], NOW + SECOND)
    counting = store.read([limit(2)], NOW + SECOND)
    run_durably(counting.take)
    with pytest.raises(RateLimited):
        run_durably(looking.take)
    assert len(stored(store, limit(2))) == 2


def test_looking_for_room_counts_nothing(store: Store) -> None:
    for _ in range(3):
        reading = store.read([Room(limit(1))], NOW)
        run_durably(reading.take)
    assert stored(store, limit(1)) == []


def test_a_tally_that_is_full_is_left_alone(store: Store, count: Count) -> None:
    tally = Tally("test", "subject", 2, DAY)
    for _ in range(5):
        count(tally, NOW)
    assert len(stored(store, tally)) == 2


def test_what_no_limit_bounds_is_not_stored(store: Store, count: Count) -> None:
    unlimited = Limit("test", "subject", ())
    count(unlimited, NOW)
    assert stored(store, unlimited) == []


@pytest.mark.parametrize(
    "subject",
    ["", "+79096869722", "2001:db8::/64", "203.0.113.7", "41fad0a4-2c1a-4b4e-8b3c-0d8e0b1c2d3e"],
)
def test_a_plain_subject_stands_in_its_key(subject: str) -> None:
    assert key_of(limit(1, subject)) == f"test:{subject}"


@pytest.mark.parametrize("subject", ["A", "a b", "ä", "a" * 49, "\0", "a_b", "a\n"])
def test_any_other_subject_is_digested(subject: str) -> None:
    key = key_of(limit(1, subject))
    assert key.isascii()
    assert len(key) <= 80
    assert subject not in key or subject == "A"
    assert key != key_of(limit(1, subject + "x"))


def test_the_key_of_a_digested_subject_is_the_same_in_every_release() -> None:
    """Or an update would forget what was counted."""
    digest = hashlib.sha256(b"A").hexdigest()
    assert key_of(limit(1, "A")) == f"test:{digest[:48]}"
    assert key_of(limit(1, "a" * 48)) == "test:" + "a" * 48


def test_what_is_forgotten_was_never_counted(store: Store, count: Count) -> None:
    gone, kept, unknown = limit(1, "gone"), limit(1, "kept"), limit(1, "unknown")
    count(gone, NOW)
    count(kept, NOW)
    run_durably(lambda: store.forget([gone, unknown]))
    assert stored(store, gone) == []
    assert stored(store, kept) == at(NOW)
    count(gone, NOW)


def test_who_counts_on_what_was_forgotten_meanwhile_starts_over(store: Store, count: Count) -> None:
    rule = limit(2)
    count(rule, NOW)
    reading = store.read([rule], NOW)
    store.forget([rule])
    run_durably(reading.take)
    assert stored(store, rule) == at(NOW)
