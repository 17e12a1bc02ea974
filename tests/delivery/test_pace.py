"""Whoever is sent nothing is answered no sooner than whoever is sent a code."""

from __future__ import annotations

import time
from typing import Any

import pytest
from django.utils import timezone

from django_phone_invites.delivery import pace
from django_phone_invites.models import LoginCode
from django_phone_invites.senders import Message, Receipt, Sender
from django_phone_invites.services.challenges import request_code
from django_phone_invites.testing import sign_up

pytestmark = pytest.mark.django_db

KNOWN, STRANGER, OTHER = "+79096869722", "+79161234567", "+79261234567"


class SlowSender(Sender):
    """A provider that takes its time."""

    def send(self, message: Message) -> Receipt:
        time.sleep(0.6)
        return Receipt()


def add(*seconds: float, **fields: Any) -> LoginCode:
    """Store a code whose senders took so long, or that nobody was asked to send."""
    now = timezone.now()
    tries = [{"sender": "S", "at": now.isoformat(), "seconds": took} for took in seconds]
    return LoginCode.objects.create(
        **{
            "phone": KNOWN,
            "purpose": "login",
            "created_at": now,
            "expires_at": now,
            "length": 6,
            "locale": "en",
            "tries": tries,
            "delivered_by": "S" if tries else "",
            **fields,
        }
    )


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Keep how long was slept."""
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    return slept


@pytest.mark.parametrize(
    ("policy", "notice", "matters"),
    [
        ("open", False, False),
        ("closed", False, True),
        ("invite", False, True),
        ("closed", True, False),
    ],
)
def test_it_matters_where_some_are_sent_nothing(
    settings: Any, policy: str, notice: bool, matters: bool
) -> None:
    settings.PHONE_INVITES_SIGN_UP = policy
    settings.PHONE_INVITES_SIGN_UP_NOTICE = notice
    assert pace.matters() == matters


def test_times_are_those_of_the_last_deliveries() -> None:
    add(9.0)
    for _ in range(20):
        add(0.25, 0.5)
    add()
    assert {pace.draw(add()) for _ in range(50)} == {0.75}


def test_each_of_them_is_as_likely() -> None:
    add(1.0)
    add(2.0)
    last = add()
    assert {pace.draw(last) for _ in range(100)} == {1.0, 2.0}


def test_there_is_no_time_where_nothing_was_delivered_of_late() -> None:
    old = add(1.0)
    assert pace.draw(add(pk=old.pk + 1000)) == 0.0
    # What a site's own code made may have been told nothing of.
    assert pace.draw(add(pk=old.pk + 3000, delivered_by="S", tries=[{"sender": "S"}])) == 0.0


@pytest.mark.parametrize(("seconds", "pause"), [(0.0, 0.0), (3.5, 3.5), (60.0, 10)])
def test_the_pause_is_as_long_as_the_senders_took_and_no_longer_than_they_may(
    slept: list[float], seconds: float, pause: float
) -> None:
    pace.wait(add(), seconds)
    assert slept == [pause]


def test_a_message_that_cannot_be_rendered_is_no_fault_of_a_stranger_s(
    slept: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(login_code: LoginCode) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(pace, "render", fail)
    pace.wait(add(), 1.0)
    assert slept == [1.0]


def seconds_for(phone: str) -> float:
    start = time.perf_counter()
    request_code(phone=phone, channel="web")
    return time.perf_counter() - start


def test_a_stranger_waits_as_long_as_a_provider_takes(settings: Any) -> None:
    settings.PHONE_INVITES_SIGN_UP = "closed"
    settings.PHONE_INVITES_SENDER = {"BACKEND": f"{__name__}.SlowSender"}
    sign_up(KNOWN)
    known, stranger = seconds_for(KNOWN), seconds_for(STRANGER)
    assert known >= 0.6
    assert abs(stranger - known) < 0.4


def test_nobody_waits_on_an_open_site(settings: Any, slept: list[float]) -> None:
    request_code(phone=STRANGER, channel="web")
    assert slept == []
