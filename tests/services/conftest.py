"""What the tests of the services share: asking for a code, and entering it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from time_machine import TimeMachineFixture

from django_phone_invites.models import LoginCode, SiteUser
from django_phone_invites.senders.memory import outbox
from django_phone_invites.services.challenges import Challenge, request_code
from django_phone_invites.services.login import Login, verify_code
from django_phone_invites.services.numbers import Changed
from django_phone_invites.testing import sign_up
from tests.services import number_steps

PHONE = "+79096869722"


class Asked(NamedTuple):
    """A code that was asked for, and the digits that the phone received."""

    challenge: Challenge
    digits: str

    @property
    def row(self) -> LoginCode:
        return self.challenge.login_code

    @property
    def fresh(self) -> LoginCode:
        return LoginCode.objects.get(pk=self.row.pk)

    def wrong(self, step: int = 1) -> str:
        """Return digits of the right length that are not the code; each step gives others."""
        length = len(self.digits)
        return str((int(self.digits) + step) % 10**length).zfill(length)

    def enter(self, guess: object = None) -> Login[Any]:
        """Enter a guess, the right one if none is given, as a request of its own would."""
        guess = self.digits if guess is None else guess
        return verify_code(login_code=self.fresh, guess=guess, sign_in=lambda user: user.pk)


@pytest.fixture
def ask() -> Callable[..., Asked]:
    """Ask for a code and read the message."""

    def ask(phone: str = PHONE, *, channel: str = "web", **arguments: Any) -> Asked:
        challenge = request_code(phone=phone, channel=channel, **arguments)
        return Asked(challenge, outbox[-1].code)

    return ask


@pytest.fixture
def user(db: None) -> SiteUser:
    """A user who has a number."""
    return sign_up(number_steps.OLD)


@pytest.fixture
def move(ask: Callable[..., Asked]) -> Callable[..., Changed]:
    """Ask for a code to another number, and enter it."""

    def move(user: SiteUser, phone: str = number_steps.NEW, **arguments: Any) -> Changed:
        return number_steps.change(ask(phone, user=user), user, **arguments)

    return move


@pytest.fixture
def clock(time_machine: TimeMachineFixture) -> TimeMachineFixture:
    """A clock that only moves when it is shifted."""
    time_machine.move_to(dt.datetime(2026, 3, 1, 12, tzinfo=dt.timezone.utc), tick=False)
    return time_machine
