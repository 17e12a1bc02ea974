"""``phone_invites_deliver`` sends what no worker has sent, and ends between two codes."""

from __future__ import annotations

import io
import os
import signal
from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from django_phone_invites.delivery import queue
from django_phone_invites.management.commands import phone_invites_deliver
from django_phone_invites.models import LoginCode
from django_phone_invites.senders import Receipt
from django_phone_invites.senders.memory import outbox
from tests.delivery.stand_ins import Script, described, make_code

pytestmark = pytest.mark.django_db

#: Between two rounds it leaves the connection, and a transaction around the test would end with it.
goes_on = pytest.mark.django_db(transaction=True)


def make_due(number: int = 1) -> None:
    for _ in range(number):
        make_code(delivery="queued", next_try_at=timezone.now())


def deliver(*args: str) -> list[str]:
    out = io.StringIO()
    call_command("phone_invites_deliver", *args, stdout=out)
    return out.getvalue().splitlines()


class Clock:
    """A clock that goes on in naps only; each does what is next in ``todo``, the last for good."""

    def __init__(self) -> None:
        self.now = 0.0
        self.naps: list[float] = []
        self.todo: list[Callable[[], None]] = []

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.naps.append(seconds)
        (self.todo.pop(0) if len(self.todo) > 1 else self.todo[0])()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(phone_invites_deliver, "time", clock)
    return clock


def terminate() -> None:
    os.kill(os.getpid(), signal.SIGTERM)


def interrupt() -> None:
    os.kill(os.getpid(), signal.SIGINT)


def test_once_is_enough_for_a_timer() -> None:
    make_due(2)
    lost_at = timezone.now() - 2 * queue.LOST_AFTER
    make_code(delivery="sending", delivery_at=lost_at)
    assert deliver() == ["2 codes were due, 1 had been left half sent."]
    assert len(outbox) == 2
    assert deliver() == ["0 codes were due, 0 had been left half sent."]


@goes_on
@pytest.mark.parametrize("stop", [terminate, interrupt])
def test_it_goes_on_until_it_is_stopped(stop: Callable[[], None], clock: Clock) -> None:
    clock.todo = [make_due, make_due, stop]
    assert deliver("--every", "0.25") == [
        "1 codes were due, 0 had been left half sent.",
        "1 codes were due, 0 had been left half sent.",
        "Stopped.",
    ]
    assert len(outbox) == 2


@goes_on
def test_it_sleeps_for_as_long_as_it_is_told(clock: Clock) -> None:
    def pass_on() -> None:
        if clock.now >= 10:
            make_due()
            clock.todo = [terminate]

    clock.todo = [pass_on]
    assert deliver("--every", "10") == ["1 codes were due, 0 had been left half sent.", "Stopped."]
    # One pause, of which a bit each time: a signal ends it within half a second.
    assert clock.naps == [0.5] * 21


@goes_on
def test_a_code_whose_turn_it_is_is_still_sent(settings: Any) -> None:
    def be_stopped() -> Receipt:
        terminate()
        return Receipt()

    script = Script(be_stopped)
    settings.PHONE_INVITES_SENDER = described(script)
    make_due(3)
    assert deliver("--every", "10")[-1] == "Stopped."
    assert len(script.messages) == 1
    states = LoginCode.objects.order_by("delivery").values_list("delivery", flat=True)
    assert list(states) == ["queued", "queued", "sent"]


@goes_on
def test_signals_are_whose_they_were_before(clock: Clock) -> None:
    before = [signal.getsignal(one) for one in (signal.SIGTERM, signal.SIGINT)]
    clock.todo = [terminate]
    deliver("--every", "10")
    assert [signal.getsignal(one) for one in (signal.SIGTERM, signal.SIGINT)] == before


@pytest.mark.parametrize("pause", ["0", "-1", "3601", "inf", "nan", "often"])
def test_a_pause_is_more_than_nothing_and_an_hour_at_most(pause: str) -> None:
    with pytest.raises(CommandError):
        deliver("--every", pause)
