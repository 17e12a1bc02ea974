"""When a right code was last entered, and whether that is recent."""

from __future__ import annotations

import datetime as dt
import json

import pytest
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.signed_cookies import SessionStore
from django.db import OperationalError, connection
from django.utils import timezone

from django_phone_invites.exceptions import Unavailable
from django_phone_invites.models import PhoneAccount
from django_phone_invites.services import verifications
from django_phone_invites.testing import sign_up

pytestmark = pytest.mark.django_db

PHONE, OTHER = "+79096869722", "+79096869723"
MINUTE = dt.timedelta(minutes=1)


def test_a_session_remembers_the_moment_of_its_user(clock):
    session, user = SessionStore(), sign_up(PHONE)
    assert verifications.in_session(session, user) is None
    verifications.remember(session, user)
    then = timezone.now()
    clock.shift(30)
    assert verifications.in_session(session, user) == then


def test_what_a_session_remembers_can_be_json():
    session = SessionStore()
    verifications.remember(session, sign_up(PHONE))
    assert json.loads(json.dumps(dict(session.items()))) == dict(session.items())


def test_another_user_in_the_same_session_has_verified_nothing():
    session = SessionStore()
    verifications.remember(session, sign_up(PHONE))
    assert verifications.in_session(session, sign_up(OTHER)) is None
    assert verifications.in_session(session, AnonymousUser()) is None


def test_nobody_has_no_key():
    assert verifications.key_of(AnonymousUser()) == ""


def test_the_account_knows_of_every_client(clock, ask):
    user = sign_up(PHONE)
    clock.shift(90)
    ask(channel="api").enter()
    assert verifications.of_account(user) == timezone.now()


def test_a_user_without_a_phone_has_verified_none():
    user = sign_up(PHONE)
    PhoneAccount.objects.all().delete()
    assert verifications.of_account(user) is None


def test_a_silent_database_does_not_say():
    user = sign_up(PHONE)

    def silent(*arguments):
        raise OperationalError("server closed the connection unexpectedly")

    with connection.execute_wrapper(silent), pytest.raises(Unavailable):
        verifications.of_account(user)


@pytest.mark.parametrize(
    ("age", "recent"),
    [(dt.timedelta(0), True), (MINUTE - dt.timedelta(microseconds=1), True), (MINUTE, False)],
)
def test_recent_is_less_than_the_age(clock, age, recent):
    assert verifications.is_recent(timezone.now() - age, MINUTE) is recent


def test_never_is_not_recent():
    assert not verifications.is_recent(None, dt.timedelta.max)
