"""The task that sends a code, in the queues that come with Django and with django-tasks."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.utils import timezone

from django_phone_invites.delivery import queue
from django_phone_invites.delivery.tasks import send_login_code
from django_phone_invites.models import LoginCode
from django_phone_invites.senders import Receipt, TemporarySendError
from django_phone_invites.senders.memory import outbox
from django_phone_invites.services.challenges import request_code
from tests.delivery.stand_ins import PHONE, fresh, make_code

pytestmark = pytest.mark.django_db

SECOND = dt.timedelta(seconds=1)


@pytest.mark.usefixtures("immediate_tasks")
def test_a_code_goes_all_the_way() -> None:
    asked = request_code(phone=PHONE, channel="web").login_code
    assert len(outbox) == 1
    assert fresh(asked).delivery == "sent"


def test_a_worker_sends_what_it_is_told_to(queued_tasks: Any) -> None:
    asked = request_code(phone=PHONE, channel="web").login_code
    (task,) = queued_tasks()
    for _ in range(2):
        send_login_code.call(*task.args, **task.kwargs)
    assert len(outbox) == 1
    assert fresh(asked).delivery == "sent"
    assert len(queued_tasks()) == 1


def test_a_worker_takes_overdue_ones_along(queued_tasks: Any, clock: Any) -> None:
    forgotten = make_code(**queue.waiting(timezone.now()))
    clock.shift(queue.PATIENCE)
    told = make_code(**queue.waiting(timezone.now()))
    send_login_code.call(told.pk)
    assert {fresh(forgotten).delivery, fresh(told).delivery} == {"sent"}


def test_a_retry_is_queued_for_when_it_is_due(queued_tasks: Any, clock: Any, answer: Any) -> None:
    answer(TemporarySendError(), Receipt())
    waiting = make_code(**queue.waiting(timezone.now()))
    send_login_code.call(waiting.pk)
    (task,) = queued_tasks()
    assert list(task.args) == [waiting.pk]
    assert task.task.run_after == timezone.now() + 2 * SECOND == fresh(waiting).next_try_at
    clock.shift(2 * SECOND)
    send_login_code.call(*task.args)
    assert fresh(waiting).delivery == "sent"


@pytest.mark.usefixtures("immediate_tasks")
def test_a_queue_that_cannot_wait_leaves_the_retry_to_a_sweep(clock: Any, answer: Any) -> None:
    script = answer(TemporarySendError(), Receipt())
    asked = request_code(phone=PHONE, channel="web").login_code
    assert len(script.messages) == 1
    assert fresh(asked).next_try_at == timezone.now() + 2 * SECOND
    clock.shift(2 * SECOND)
    queue.sweep()
    assert fresh(asked).delivery == "sent"


@pytest.mark.usefixtures("immediate_tasks")
def test_a_code_that_was_purged_is_passed_over() -> None:
    gone = make_code(**queue.waiting(timezone.now()))
    LoginCode.objects.all().delete()
    send_login_code.call(gone.pk)
    assert outbox == []
