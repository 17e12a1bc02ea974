"""What is limited is limited all the same where the counters are in Redis."""

from __future__ import annotations

import datetime as dt
from collections import Counter

import pytest
from django.db import DatabaseError, OperationalError
from django.utils import timezone

from django_phone_invites.exceptions import RateLimited, Unavailable
from django_phone_invites.models import LimitCounter, LoginCode
from django_phone_invites.senders.memory import outbox

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("limits_in_redis")]

PHONE = "+79096869722"
MINUTE = dt.timedelta(minutes=1)
SECOND = dt.timedelta(seconds=1)
THREADS = 20


@pytest.fixture
def fail_once(monkeypatch):
    """Let the next login code meet a database that fails, once."""

    def prepare(error):
        save = LoginCode.save
        errors = [error]

        def failing(self, *args, **options):
            if errors:
                raise errors.pop()
            save(self, *args, **options)

        monkeypatch.setattr(LoginCode, "save", failing)

    return prepare


def deadlock():
    error = OperationalError("deadlock")
    error.__cause__ = DatabaseError(1213, "Deadlock found")
    return error


def refused(ask):
    with pytest.raises(RateLimited) as refusal:
        ask()
    return refusal.value.retry_at - timezone.now()


def test_a_second_code_waits_for_the_cooldown_which_doubles(ask, clock):
    assert ask().challenge.resend_at == timezone.now() + MINUTE
    clock.shift(MINUTE - SECOND)
    assert refused(ask) == SECOND
    clock.shift(SECOND)
    assert ask().challenge.resend_at == timezone.now() + 2 * MINUTE
    assert refused(ask) == 2 * MINUTE
    assert len(outbox) == LoginCode.objects.count() == 2


def test_an_hour_has_as_many_messages_as_the_setting_says(ask, clock, settings):
    settings.PHONE_INVITES_RESEND_COOLDOWN = dt.timedelta(0)
    settings.PHONE_INVITES_PHONE_MESSAGES_PER_HOUR = 3
    for _ in range(3):
        ask()
        clock.shift(MINUTE)
    assert refused(ask) == 57 * MINUTE
    ask("+79096869723")
    clock.shift(57 * MINUTE)
    ask()


def test_no_counter_is_in_the_database(ask):
    ask()
    assert refused(ask) > dt.timedelta(0)
    assert not LimitCounter.objects.exists()


def test_a_login_does_not_reset_the_cooldown(ask, clock):
    ask().enter()
    assert refused(ask) == MINUTE


def test_of_many_at_once_one_sends_a_message(ask, in_parallel):
    results = in_parallel([ask] * THREADS)
    refusals = Counter(getattr(result, "code", "sent") for result in results)
    assert refusals == {"sent": 1, "rate_limited": THREADS - 1}
    assert [message.phone for message in outbox] == [PHONE]


def test_a_deadlock_after_the_count_is_not_taken_for_a_second_request(ask, fail_once, clock):
    fail_once(deadlock())
    assert ask().challenge.resend_at == timezone.now() + MINUTE
    assert len(outbox) == LoginCode.objects.count() == 1


def test_a_database_that_fails_after_the_count_leaves_too_many_counted(ask, fail_once, clock):
    fail_once(OperationalError("server closed the connection"))
    with pytest.raises(Unavailable):
        ask()
    assert refused(ask) == MINUTE
    assert (outbox, LoginCode.objects.count()) == ([], 0)
