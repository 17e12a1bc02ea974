"""A limit holds at exactly its value, in any stretch of time."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from django_phone_invites.exceptions import RateLimited
from django_phone_invites.limits.rules import (
    MOST_PAIRS,
    Cooldown,
    Events,
    Limit,
    Room,
    Tally,
    Window,
    event,
    last,
    to_moment,
    to_number,
)

NOW = dt.datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=dt.timezone.utc)
MICROSECOND = dt.timedelta(microseconds=1)
SECOND = dt.timedelta(seconds=1)
MINUTE = dt.timedelta(minutes=1)
HOUR = dt.timedelta(hours=1)
DAY = dt.timedelta(days=1)


def limit(*windows: Window, cooldown: Cooldown | None = None) -> Limit:
    return Limit("test", "subject", windows, cooldown)


def events_at(*moments: dt.datetime) -> Events:
    return [event(moment) for moment in moments]


def total(events: Events) -> int:
    return sum(number for _, number in events)


def add(rule: Limit | Tally, events: Events, now: dt.datetime) -> Events:
    added = rule.add(events, now)
    assert added is not None
    return added


def refused_until(rule: Limit | Room, events: Events, now: dt.datetime) -> dt.datetime:
    with pytest.raises(RateLimited) as refused:
        rule.add(events, now)
    assert (refused.value.code, refused.value.limit) == ("rate_limited", "test")
    return refused.value.retry_at


# --- moments ---


@given(st.datetimes(timezones=st.just(dt.timezone.utc)))
def test_a_moment_is_kept_to_the_microsecond(moment: dt.datetime) -> None:
    assert to_moment(to_number(moment)) == moment


def test_a_moment_is_the_same_number_in_every_release() -> None:
    """Counters outlive an update."""
    assert to_number(dt.datetime(1970, 1, 1, tzinfo=dt.timezone.utc)) == 0
    assert to_number(NOW) == int(NOW.timestamp()) * 10**6 + NOW.microsecond


def test_the_last_event_is_the_newest() -> None:
    assert last(events_at(NOW, NOW + HOUR)) == NOW + HOUR
    assert last([]) is None


# --- windows ---


def test_the_first_event_is_allowed_at_once() -> None:
    rule = limit(Window(1, HOUR))
    assert rule.next_at([]) is None
    assert rule.add([], NOW) == events_at(NOW)


@pytest.mark.parametrize("most", [1, 2, 5, 10])
def test_exactly_as_many_as_the_window_says(most: int) -> None:
    rule, events = limit(Window(most, HOUR)), events_at()
    for _ in range(most):
        events = add(rule, events, NOW)
    assert total(events) == most
    with pytest.raises(RateLimited) as refused:
        rule.add(events, NOW)
    assert refused.value.retry_at == NOW + HOUR
    assert refused.value.retry_after == 3600


def test_a_window_slides_and_does_not_double_at_its_edge() -> None:
    rule = limit(Window(2, HOUR))
    events = add(rule, add(rule, [], NOW), NOW + 59 * MINUTE)
    assert refused_until(rule, events, NOW + HOUR - MICROSECOND) == NOW + HOUR
    events = add(rule, events, NOW + HOUR)
    assert refused_until(rule, events, NOW + HOUR) == NOW + 59 * MINUTE + HOUR


def test_the_stricter_window_decides() -> None:
    rule = limit(Window(1, HOUR), Window(2, DAY))
    events = add(rule, [], NOW)
    assert rule.next_at(events) == NOW + HOUR
    events = add(rule, events, NOW + HOUR)
    assert rule.next_at(events) == NOW + DAY


def test_without_windows_nothing_is_refused_and_nothing_is_counted() -> None:
    rule = limit()
    assert rule.next_at(events_at(NOW)) is None
    assert rule.add([], NOW) is None
    assert rule.life == dt.timedelta(0)


def test_events_that_no_longer_count_are_dropped() -> None:
    rule = limit(Window(5, HOUR))
    kept = NOW - HOUR + MICROSECOND
    assert rule.add(events_at(NOW - HOUR, kept), NOW) == events_at(kept, NOW)


def test_a_window_longer_than_a_day_keeps_its_events() -> None:
    rule = limit(Window(2, 30 * DAY))
    assert rule.life == 30 * DAY
    assert rule.add(events_at(NOW - 29 * DAY), NOW) == events_at(NOW - 29 * DAY, NOW)


def test_a_clock_that_is_behind_another_server_keeps_the_order() -> None:
    rule = limit(Window(9, HOUR))
    assert rule.add(events_at(NOW + SECOND), NOW) == events_at(NOW, NOW + SECOND)


# --- cooldown ---


def test_the_cooldown_doubles_to_its_maximum_and_no_further() -> None:
    rule = limit(Window(100, DAY), cooldown=Cooldown(MINUTE, 32 * MINUTE))
    events, now, pauses = events_at(), NOW, []
    for _ in range(8):
        events = add(rule, events, now)
        next_at = rule.next_at(events)
        assert next_at is not None
        pauses.append((next_at - now) // MINUTE)
        assert refused_until(rule, events, next_at - MICROSECOND) == next_at
        now = next_at
    assert pauses == [1, 2, 4, 8, 16, 32, 32, 32]


def test_the_cooldown_starts_again_after_a_day() -> None:
    rule = limit(Window(100, DAY), cooldown=Cooldown(MINUTE, HOUR))
    one, two, three = NOW, NOW + 10 * MINUTE, NOW + 10 * MINUTE + DAY
    assert rule.next_at(events_at(one, two)) == two + 2 * MINUTE
    assert rule.next_at(events_at(one, two, three)) == three + MINUTE
    almost = three - MICROSECOND
    assert rule.next_at(events_at(one, two, almost)) == almost + 2 * MINUTE


def test_a_cooldown_looks_back_over_a_day_even_where_no_window_does() -> None:
    rule = limit(Window(100, HOUR), cooldown=Cooldown(MINUTE, HOUR))
    events = add(rule, add(rule, [], NOW), NOW + 23 * HOUR)
    assert rule.next_at(events) == NOW + 23 * HOUR + 2 * MINUTE
    assert rule.life == DAY


def test_a_maximum_below_the_first_pause_does_not_shorten_it() -> None:
    rule = limit(Window(9, DAY), cooldown=Cooldown(HOUR, MINUTE))
    assert rule.next_at(events_at(NOW)) == NOW + HOUR
    assert rule.next_at(events_at(NOW, NOW + HOUR)) == NOW + 2 * HOUR


def test_a_thousand_events_do_not_overflow_the_pause() -> None:
    rule = limit(Window(2000, DAY), cooldown=Cooldown(SECOND, HOUR))
    events = events_at(*[NOW + n * SECOND for n in range(1000)])
    assert rule.next_at(events) == NOW + 999 * SECOND + HOUR


# --- many events ---


def test_a_short_list_is_never_coalesced() -> None:
    rule, events = limit(Window(MOST_PAIRS, DAY)), events_at()
    for number in range(MOST_PAIRS):
        events = add(rule, events, NOW + number * MICROSECOND)
    assert len(events) == MOST_PAIRS
    assert refused_until(rule, events, NOW + HOUR) == NOW + DAY


@pytest.mark.parametrize("most", [300, 2000])
def test_a_long_list_stays_small_and_exact(most: int) -> None:
    rule, events = limit(Window(most, HOUR), Window(4 * most, DAY)), events_at()
    for number in range(most):
        events = add(rule, events, NOW + number * SECOND)
        assert len(events) <= MOST_PAIRS
    assert total(events) == most
    late = NOW + most * SECOND
    assert NOW + HOUR <= refused_until(rule, events, late) <= NOW + HOUR + HOUR / 100


MANY = st.lists(st.integers(0, 30), min_size=0, max_size=1500)


@given(MANY, st.integers(257, 400))
def test_a_coalesced_list_admits_never_too_many_and_is_late_by_a_hundredth(
    steps: list[int], most: int
) -> None:
    rule, events, admitted, now = limit(Window(most, HOUR)), events_at(), [], NOW
    for step in steps:
        now += step * SECOND
        inside = [moment for moment in admitted if moment > now - HOUR]
        try:
            events = add(rule, events, now)
        except RateLimited:
            # Whoever is refused would be one too many, up to a hundredth of the window ago.
            wide = [moment for moment in admitted if moment > now - HOUR - HOUR / 100]
            assert len(wide) >= most
        else:
            assert len(inside) < most
            admitted.append(now)


WINDOWS = st.lists(
    st.builds(Window, st.integers(1, 6), st.integers(1, 2000).map(lambda n: n * MINUTE)),
    min_size=1,
    max_size=3,
).map(tuple)
COOLDOWNS = st.builds(
    Cooldown,
    st.integers(0, 10).map(lambda n: n * MINUTE),
    st.integers(0, 90).map(lambda n: n * MINUTE),
)
STEPS = st.lists(st.one_of(st.integers(0, 120), st.integers(0, 3000)), max_size=60)


@given(WINDOWS, COOLDOWNS, STEPS)
def test_never_more_events_than_the_limit_in_any_window(
    windows: tuple[Window, ...], cooldown: Cooldown, steps: list[int]
) -> None:
    rule, events, admitted, now = limit(*windows, cooldown=cooldown), events_at(), [], NOW
    for step in steps:
        now += step * MINUTE
        try:
            events = add(rule, events, now)
        except RateLimited as refusal:
            assert refusal.retry_at > now
        else:
            admitted.append(now)
    for window in windows:
        for start in admitted:
            inside = [moment for moment in admitted if start <= moment < start + window.length]
            assert len(inside) <= window.limit
    for earlier, later in pairwise(admitted):
        assert later - earlier >= cooldown.first


@given(WINDOWS, COOLDOWNS, STEPS)
def test_who_comes_back_when_told_to_is_let_in(
    windows: tuple[Window, ...], cooldown: Cooldown, steps: list[int]
) -> None:
    rule, events, now = limit(*windows, cooldown=cooldown), events_at(), NOW
    for step in steps:
        now = max(now + step * MINUTE, rule.next_at(events) or now)
        events = add(rule, events, now)
        assert last(events) == now


# --- room ---


def test_room_counts_nothing_and_is_written_all_the_same() -> None:
    room = Room(limit(Window(2, HOUR)))
    assert (room.name, room.subject, room.life) == ("test", "subject", HOUR)
    assert room.add([], NOW) == []
    assert room.add(events_at(NOW), NOW) == events_at(NOW)


def test_no_room_is_left_at_exactly_the_limit() -> None:
    room = Room(limit(Window(2, HOUR)))
    assert refused_until(room, events_at(NOW, NOW), NOW + MINUTE) == NOW + HOUR


def test_room_under_no_limit_is_not_written() -> None:
    assert Room(limit()).add([], NOW) is None


# --- tally ---


def tally(most: int) -> Tally:
    return Tally("test", "subject", most, HOUR)


def test_a_tally_refuses_nothing_and_counts_its_window() -> None:
    rule, events = tally(3), events_at()
    for minute in (0, 10, 20, 30):
        events = add(rule, events, NOW + minute * MINUTE)
    assert rule.count(events, NOW + 30 * MINUTE) == 4
    assert rule.count(events, NOW + HOUR - MICROSECOND) == 4
    assert rule.count(events, NOW + HOUR) == 3
    assert rule.count([], NOW) == 0


def test_a_tally_is_not_written_where_that_would_change_nothing() -> None:
    rule, events = tally(3), events_at()
    for _ in range(3):
        events = add(rule, events, NOW)
    assert rule.add(events, NOW + HOUR / 100 - MICROSECOND) is None
    assert total(add(rule, events, NOW + HOUR / 100)) == 4


def test_a_tally_falls_less_than_a_hundredth_too_early_after_a_flood() -> None:
    rule, events = tally(3), events_at()
    for second in (0, 0, 0, 35):
        events = rule.add(events, NOW + second * SECOND) or events
    assert rule.count(events, NOW + HOUR - MICROSECOND) == 3
    assert rule.count(events, NOW + HOUR) == 0  # and one, of second 35, until 36 seconds are over


def test_a_tally_stays_small_under_a_flood() -> None:
    rule, events = tally(1000), events_at()
    for number in range(5000):
        added = rule.add(events, NOW + number * SECOND / 10)
        events = events if added is None else added
        assert len(events) <= MOST_PAIRS
    assert rule.count(events, NOW + 500 * SECOND) >= 1000
