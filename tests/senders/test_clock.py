"""One time for all the senders of a message."""

from __future__ import annotations

import threading
from types import SimpleNamespace

import pytest

from django_phone_invites.senders import clock
from django_phone_invites.senders.clock import TIMEOUT, time_left, time_limit


class Stopwatch:
    """Stands in for the time, which goes on when it is told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def go_on(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Stopwatch:
    stopwatch = Stopwatch()
    monkeypatch.setattr(clock, "time", SimpleNamespace(monotonic=lambda: stopwatch.now))
    return stopwatch


def test_the_user_waits_ten_seconds_at_most() -> None:
    assert TIMEOUT == 10


def test_outside_a_limit_there_is_all_of_the_time(watch: Stopwatch) -> None:
    watch.go_on(100)
    assert time_left() == TIMEOUT


def test_inside_a_limit_what_is_left_grows_less(watch: Stopwatch) -> None:
    with time_limit():
        assert time_left() == TIMEOUT
        watch.go_on(4)
        assert time_left() == TIMEOUT - 4
        watch.go_on(7)
        assert time_left() == -1
    assert time_left() == TIMEOUT


def test_a_limit_inside_another_prolongs_nothing(watch: Stopwatch) -> None:
    with time_limit():
        watch.go_on(4)
        with time_limit():
            assert time_left() == TIMEOUT - 4
        assert time_left() == TIMEOUT - 4


def test_a_limit_ends_with_an_exception_too(watch: Stopwatch) -> None:
    with pytest.raises(ZeroDivisionError), time_limit():
        raise ZeroDivisionError
    watch.go_on(5)
    assert time_left() == TIMEOUT


def test_each_thread_has_a_limit_of_its_own(watch: Stopwatch) -> None:
    found: list[float] = []
    with time_limit():
        watch.go_on(4)
        thread = threading.Thread(target=lambda: found.append(time_left()))
        thread.start()
        thread.join()
    assert found == [TIMEOUT]
