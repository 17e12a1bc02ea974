"""A code that waits is sent once, is tried again in time, and is never lost without a word."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from django.utils import timezone

from django_phone_invites.delivery import queue
from django_phone_invites.models import LoginCode
from django_phone_invites.senders import (
    DeliveryState,
    PermanentSendError,
    Receipt,
    TemporarySendError,
    UnclearSendError,
)
from django_phone_invites.senders.memory import outbox
from tests.delivery.stand_ins import Script, events, failover_described, fresh, make_code, row

pytestmark = pytest.mark.django_db

SECOND = dt.timedelta(seconds=1)
MINUTE = dt.timedelta(minutes=1)
BUSY = TemporarySendError(code="busy")


class PowerCut(BaseException):
    """Ends a worker in the middle, as far as a test can."""


def make_waiting(**changes: Any) -> LoginCode:
    return make_code(**{**queue.waiting(timezone.now()), **changes})


def take(login_code: LoginCode) -> dt.datetime | None:
    return queue.take(login_code.pk)


# --- once ---


def test_a_waiting_code_is_sent() -> None:
    waiting = make_waiting()
    assert take(waiting) is None
    assert len(outbox) == 1
    stored = fresh(waiting)
    assert (stored.delivery, stored.next_try_at) == ("sent", None)


@pytest.mark.parametrize("state", DeliveryState)
def test_a_task_that_comes_twice_sends_nothing(state: DeliveryState, answer: Any) -> None:
    # "queued" too: what waits in the provider's own queue does not wait for us.
    script = answer(Receipt("m-1", state))
    waiting = make_waiting()
    take(waiting)
    assert take(waiting) is None
    queue.sweep()
    assert len(script.messages) == 1
    assert fresh(waiting).delivery == state.value


def test_a_code_that_is_being_sent_is_not_taken_again(answer: Any) -> None:
    waiting = make_waiting()

    def come_again() -> Receipt:
        assert fresh(waiting).delivery == "sending"
        assert take(waiting) is None
        return Receipt()

    script = answer(come_again)
    take(waiting)
    assert len(script.messages) == 1


def test_a_key_without_a_row_is_passed_over() -> None:
    assert queue.take(4711) is None


def test_of_workers_that_come_at_once_one_sends(
    in_parallel: Callable[[Sequence[Callable[[], Any]]], list[Any]],
) -> None:
    for rounds in range(1, 21):
        waiting = make_waiting()
        in_parallel([lambda code=waiting: take(code)] * 2 + [queue.sweep] * 2)
        assert len(outbox) == rounds
        assert fresh(waiting).delivery == "sent"


def test_of_sweeps_that_come_at_once_one_sends(
    in_parallel: Callable[[Sequence[Callable[[], Any]]], list[Any]],
) -> None:
    for _ in range(5):
        make_waiting(next_try_at=timezone.now())
    in_parallel([queue.sweep] * 4)
    assert len(outbox) == 5


# --- over ---


@pytest.mark.parametrize(
    "changes",
    [
        {"used_at": timezone.now()},
        {"ended_at": timezone.now()},
        {"attempts": 5},
    ],
    ids=["used", "replaced", "guessed at"],
)
def test_a_code_that_is_over_is_given_up(changes: dict[str, Any], caplog: Any) -> None:
    waiting = make_waiting(**changes)
    assert take(waiting) is None
    assert outbox == []
    assert (row(waiting)["delivery"], row(waiting)["delivery_error"]) == ("failed", "over")
    assert events(caplog) == ["code_given_up"]


@pytest.mark.parametrize(("left", "is_sent"), [(20, False), (21, True)])
def test_a_code_that_ends_in_twenty_seconds_is_of_no_use(
    left: int, is_sent: bool, clock: Any
) -> None:
    waiting = make_waiting(expires_at=timezone.now() + left * SECOND)
    take(waiting)
    assert len(outbox) == is_sent


# --- again ---


def test_pauses_double_up_to_a_minute_and_end_before_the_code_does(
    clock: Any, answer: Any, caplog: Any
) -> None:
    script = answer(BUSY)
    begin = timezone.now()
    waiting = make_waiting(expires_at=begin + 5 * MINUTE)
    pauses = []
    while (next_at := take(waiting)) is not None:
        stored = fresh(waiting)
        assert (stored.delivery, stored.next_try_at) == ("queued", next_at)
        pauses.append((next_at - timezone.now()).total_seconds())
        clock.move_to(next_at)
    assert pauses == [2, 4, 8, 16, 32, 60, 60, 60]
    assert timezone.now() <= waiting.expires_at - queue.LEAST_LIFE
    assert len(script.messages) == len(fresh(waiting).tries) == 9
    assert row(waiting)["delivery"] == "failed"
    assert row(waiting)["delivery_error"] == "TemporarySendError busy"
    assert events(caplog) == ["code_retried"] * 8 + ["code_failed"]


def test_a_retry_that_is_taken_sends(clock: Any, answer: Any) -> None:
    script = answer(BUSY, BUSY, Receipt("m-1"))
    waiting = make_waiting()
    clock.move_to(take(waiting))
    clock.move_to(take(waiting))
    assert take(waiting) is None
    assert len(script.messages) == 3
    assert {message.code for message in script.messages} == {script.messages[0].code}
    assert (row(waiting)["delivery"], row(waiting)["message_id"]) == ("sent", "m-1")


def test_a_message_says_how_long_its_code_is_still_valid(clock: Any, answer: Any) -> None:
    script = answer(BUSY, Receipt())
    waiting = make_waiting()
    clock.move_to(take(waiting))
    take(waiting)
    assert [message.lifetime for message in script.messages] == [300, 298]


@pytest.mark.parametrize("error", [PermanentSendError(), UnclearSendError(), OSError()], ids=repr)
def test_only_what_was_surely_not_sent_is_tried_again(error: Exception, answer: Any) -> None:
    answer(error)
    waiting = make_waiting()
    assert take(waiting) is None
    assert fresh(waiting).next_try_at is None


def test_all_senders_are_asked_before_a_pause(settings: Any) -> None:
    settings.PHONE_INVITES_SENDER = failover_described(a=Script(BUSY), b=Script(BUSY))
    waiting = make_waiting()
    assert take(waiting) is not None
    assert [one["sender"] for one in fresh(waiting).tries] == ["a", "b"]


# --- swept ---


def test_what_should_have_been_sent_by_now_is_swept(clock: Any) -> None:
    waiting = make_waiting()
    clock.shift(queue.PATIENCE - SECOND)
    assert queue.sweep() == queue.Swept(taken=0, lost=0)
    clock.shift(SECOND)
    assert queue.sweep() == queue.Swept(taken=1, lost=0)
    assert fresh(waiting).delivery == "sent"
    assert queue.sweep() == queue.Swept(taken=0, lost=0)


def test_a_retry_whose_task_is_lost_is_swept_when_it_is_due(clock: Any, answer: Any) -> None:
    answer(BUSY, Receipt())
    waiting = make_waiting()
    next_at = take(waiting)
    queue.sweep()
    assert fresh(waiting).delivery == "queued"
    clock.move_to(next_at)
    queue.sweep()
    assert fresh(waiting).delivery == "sent"


def test_a_sweep_ends() -> None:
    now = timezone.now()
    codes = [make_waiting(next_try_at=now - number * SECOND) for number in range(12)]
    assert queue.sweep().taken == queue.MOST_SWEPT == 10
    # Those that have waited longest come first.
    assert [fresh(code).delivery for code in codes] == ["queued"] * 2 + ["sent"] * 10


def test_a_sweep_stops_between_two_codes() -> None:
    now = timezone.now()
    for _ in range(3):
        make_waiting(next_try_at=now)
    assert queue.sweep(is_stopped=lambda: len(outbox) == 2).taken == 2
    assert LoginCode.objects.filter(delivery="queued").count() == 1


def test_what_was_left_in_the_middle_is_unknown_and_not_sent_again(clock: Any, answer: Any) -> None:
    def cut_power() -> None:
        raise PowerCut

    script = answer(cut_power)
    waiting = make_waiting()
    with pytest.raises(PowerCut):
        take(waiting)
    assert fresh(waiting).delivery == "sending"
    clock.shift(queue.LOST_AFTER)
    assert queue.sweep() == queue.Swept(taken=0, lost=0)
    clock.shift(SECOND)
    assert queue.sweep() == queue.Swept(taken=0, lost=1)
    assert (row(waiting)["delivery"], row(waiting)["delivery_error"]) == ("unknown", "lost")
    clock.shift(MINUTE)
    assert queue.sweep() == queue.Swept(taken=0, lost=0)
    assert take(waiting) is None
    assert len(script.messages) == 1


def test_nobody_is_called_lost_who_may_still_be_at_it() -> None:
    # Ten seconds for the senders; the rest is for a slow resolver and a database that waits.
    assert queue.LOST_AFTER == MINUTE


def test_a_code_that_ended_while_nobody_swept_is_given_up(clock: Any) -> None:
    waiting = make_waiting()
    clock.move_to(waiting.expires_at + 59 * MINUTE)
    assert queue.sweep().taken == 1
    assert row(waiting)["delivery_error"] == "over"


def test_an_hour_after_its_end_a_code_is_left_alone(clock: Any) -> None:
    waiting = make_waiting()
    clock.move_to(waiting.expires_at + 60 * MINUTE)
    assert queue.sweep().taken == 0
    assert fresh(waiting).delivery == "queued"
