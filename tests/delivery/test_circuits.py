"""A provider that keeps failing is asked last, until a pause is over."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from django.db import OperationalError
from django.db.models import QuerySet
from django.utils import timezone

from django_phone_invites.delivery.circuits import FAILURES, PAUSE, Circuits
from django_phone_invites.delivery.handover import hand_over
from django_phone_invites.models import SenderHealth
from django_phone_invites.senders import (
    PermanentSendError,
    Receipt,
    Sender,
    TemporarySendError,
    UnclearSendError,
)
from tests.delivery.stand_ins import MESSAGE, Script, ScriptedSender, events, failover

pytestmark = pytest.mark.django_db

SENT = Receipt("m-1")
SECOND = dt.timedelta(seconds=1)


def circuits(*names: str) -> Circuits:
    """Return what another process would see."""
    senders: list[Sender] = []
    for name in names:
        sender = ScriptedSender(script=Script(SENT))
        sender.name = name
        senders.append(sender)
    return Circuits(senders)


def order(*names: str) -> list[str]:
    return [sender.name for sender in circuits(*names).in_order()]


def fail(name: str, times: int = 1) -> None:
    """Let the provider fail, seen by a process of its own each time."""
    for _ in range(times):
        seen = circuits(name, "other")
        seen.count(seen.in_order()[seen_index(seen, name)], outage="TemporarySendError 503")


def seen_index(seen: Circuits, name: str) -> int:
    return [sender.name for sender in seen.in_order()].index(name)


def succeed(name: str) -> None:
    seen = circuits(name, "other")
    seen.count(seen.in_order()[seen_index(seen, name)], outage="")


def test_the_numbers() -> None:
    assert FAILURES == 5
    assert dt.timedelta(minutes=1) == PAUSE


def test_the_fifth_failure_in_a_row_opens_it_for_all_processes(clock: Any) -> None:
    fail("a", 4)
    assert order("a", "b") == ["a", "b"]
    fail("a")
    assert order("a", "b") == ["b", "a"]
    row = SenderHealth.objects.get(sender="a")
    assert (row.failures, row.failed_at) == (5, timezone.now())
    assert row.skipped_until == timezone.now() + PAUSE


def test_a_success_in_between_begins_the_row_anew(clock: Any) -> None:
    fail("a", 4)
    succeed("a")
    fail("a", 4)
    assert order("a", "b") == ["a", "b"]


def test_after_the_pause_it_is_asked_in_its_place(clock: Any) -> None:
    fail("a", 5)
    clock.shift(PAUSE - SECOND)
    assert order("a", "b") == ["b", "a"]
    clock.shift(SECOND)
    assert order("a", "b") == ["a", "b"]


def test_the_next_failure_after_the_pause_opens_it_again(clock: Any) -> None:
    fail("a", 5)
    clock.shift(PAUSE)
    fail("a")
    assert order("a", "b") == ["b", "a"]


def test_a_success_closes_it(clock: Any) -> None:
    fail("a", 5)
    succeed("a")
    assert order("a", "b") == ["a", "b"]
    clock.shift(PAUSE)
    fail("a", 4)
    assert order("a", "b") == ["a", "b"]


def test_failures_while_it_is_open_do_not_prolong_the_pause(clock: Any) -> None:
    fail("a", 5)
    clock.shift(PAUSE - SECOND)
    fail("a", 3)
    clock.shift(SECOND)
    assert order("a", "b") == ["a", "b"]


def test_if_all_are_open_all_are_asked_in_their_order(clock: Any) -> None:
    fail("a", 5)
    fail("b", 5)
    assert order("a", "b") == ["a", "b"]


def test_each_time_it_opens_is_logged_once(clock: Any, caplog: Any) -> None:
    fail("a", 4)
    assert events(caplog) == []
    fail("a", 3)
    assert events(caplog) == ["sender_skipped"]
    assert caplog.messages == ["a fails (TemporarySendError 503) and is asked last for 0:01:00."]
    clock.shift(PAUSE)
    fail("a", 2)
    assert events(caplog) == ["sender_skipped"] * 2


@pytest.mark.parametrize(
    ("error", "counts"),
    [
        (TemporarySendError(), True),
        (UnclearSendError(), True),
        (OSError(), True),
        (PermanentSendError(), False),
    ],
    ids=repr,
)
def test_a_wrong_number_is_not_the_providers_failure(error: Exception, counts: bool) -> None:
    hand_over(failover(a=Script(error), b=Script(SENT)), MESSAGE)
    assert SenderHealth.objects.filter(sender="a", failures=1).exists() is counts


def test_an_open_one_is_asked_last_but_asked() -> None:
    fail("a", 5)
    tries = hand_over(failover(a=Script(SENT), b=Script(TemporarySendError())), MESSAGE)
    assert [one.sender for one in tries] == ["b", "a"]
    assert order("a", "b") == ["a", "b"]


def test_messages_find_their_way_round_a_provider_that_fails() -> None:
    broken, second = Script(TemporarySendError()), Script(SENT)
    for _ in range(20):
        assert hand_over(failover(a=broken, b=second), MESSAGE)[-1].receipt == SENT
    assert (len(broken.messages), len(second.messages)) == (5, 20)


def test_one_sender_costs_no_statement(django_assert_num_queries: Any) -> None:
    for answer in (SENT, TemporarySendError(), UnclearSendError()):
        sender = ScriptedSender(script=Script(answer))
        sender.name = "a"
        with django_assert_num_queries(0):
            hand_over(sender, MESSAGE)
    assert not SenderHealth.objects.exists()


def test_several_that_work_cost_one_statement(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1):
        hand_over(failover(a=Script(SENT), b=Script(SENT)), MESSAGE)


def test_a_message_that_was_sent_is_not_lost_with_the_count(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fail("a")

    def break_off(*args: Any, **kwargs: Any) -> int:
        raise OperationalError("the connection is gone")

    monkeypatch.setattr(QuerySet, "update", break_off)
    (sent,) = hand_over(failover(a=Script(SENT), b=Script(SENT)), MESSAGE)
    assert sent.receipt == SENT


def test_of_parallel_failures_none_is_lost_and_one_opens_it(
    in_parallel: Callable[[Sequence[Callable[[], Any]]], list[Any]], caplog: Any
) -> None:
    for number in range(10):
        in_parallel([lambda name=f"sender {number}": fail(name)] * 6)
    assert list(SenderHealth.objects.values_list("failures", flat=True)) == [6] * 10
    assert events(caplog) == ["sender_skipped"] * 10
