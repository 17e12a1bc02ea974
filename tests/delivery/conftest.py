"""Senders that answer what a test says, and queues of tasks that a test looks into."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings as django_settings
from time_machine import TimeMachineFixture

from tests.delivery.stand_ins import Script, described


@pytest.fixture
def answer(settings: Any) -> Callable[..., Script]:
    """Let the sender in force answer this in turn: receipts are returned, exceptions raised."""

    def answer_with(*answers: Any) -> Script:
        script = Script(*answers)
        settings.PHONE_INVITES_SENDER = described(script)
        return script

    return answer_with


@pytest.fixture
def clock(time_machine: TimeMachineFixture) -> TimeMachineFixture:
    """A clock that only moves when it is shifted."""
    time_machine.move_to(dt.datetime(2026, 3, 1, 12, tzinfo=dt.timezone.utc), tick=False)
    return time_machine


@pytest.fixture
def queued_tasks(settings: Any) -> Callable[[], list[Any]]:
    """Leave codes to a queue that keeps its tasks; return them as they are in it."""
    settings.PHONE_INVITES_SEND = "task"
    backend = f"{django_settings.TASK_FRAMEWORK}.backends.dummy.DummyBackend"
    settings.TASKS = {"default": {**settings.TASKS["default"], "BACKEND": backend}}
    from django_phone_invites.delivery.tasks import send_login_code

    return lambda: send_login_code.get_backend().results


@pytest.fixture
def immediate_tasks(settings: Any) -> None:
    """Leave codes to a queue that runs its tasks at once, and cannot wait."""
    settings.PHONE_INVITES_SEND = "task"
