"""Every limit of the settings is the limit in force."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from django_phone_invites.limits import policy, read
from django_phone_invites.limits.rules import Cooldown, Limit, Window, event
from django_phone_invites.transactions import run_durably

NOW = dt.datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=dt.timezone.utc)
SECOND = dt.timedelta(seconds=1)
MINUTE = dt.timedelta(minutes=1)
HOUR = dt.timedelta(hours=1)
DAY = dt.timedelta(days=1)
PHONE = "+79096869722"


def test_messages_to_a_phone_are_limited_by_the_settings(settings: Any) -> None:
    settings.PHONE_INVITES_PHONE_MESSAGES_PER_HOUR = 2
    settings.PHONE_INVITES_PHONE_MESSAGES_PER_DAY = 3
    settings.PHONE_INVITES_RESEND_COOLDOWN = 5 * SECOND
    settings.PHONE_INVITES_RESEND_COOLDOWN_MAX = 9 * SECOND
    assert policy.phone_messages(PHONE) == Limit(
        name="phone-messages",
        subject=PHONE,
        windows=(Window(2, HOUR), Window(3, DAY)),
        cooldown=Cooldown(5 * SECOND, 9 * SECOND),
    )


def test_a_region_is_looked_at_once_a_minute_and_told_of_once_an_hour() -> None:
    assert policy.region_watch("RU") == Limit("region-watch", "ru", (Window(1, MINUTE),))
    assert policy.region_alert("RU") == Limit("region-alert", "ru", (Window(1, HOUR),))


@pytest.mark.django_db
def test_a_phone_gets_five_messages_an_hour_and_ten_a_day_by_default() -> None:
    limit, now, sent = policy.phone_messages(PHONE), NOW, []
    for _ in range(11):
        now = max(now, limit.next_at(read([limit], now).events(limit)) or now)
        run_durably(read([limit], now).take)
        sent.append(now)
    # Pauses of 1, 2, 4 and 8 minutes, then the sixth waits for the hour.
    assert [(moment - NOW) // MINUTE for moment in sent[:6]] == [0, 1, 3, 7, 15, 60]
    assert len([moment for moment in sent if moment < NOW + DAY]) == 10
    assert sent[10] == NOW + DAY


def test_a_counter_of_messages_to_a_phone_is_never_coalesced(settings: Any) -> None:
    """The moment of the last message has to be exact: it says which codes end."""
    settings.PHONE_INVITES_PHONE_MESSAGES_PER_HOUR = 60
    settings.PHONE_INVITES_PHONE_MESSAGES_PER_DAY = 100
    settings.PHONE_INVITES_RESEND_COOLDOWN = dt.timedelta(0)
    limit, now, events = policy.phone_messages(PHONE), NOW, []
    for _ in range(200):
        now = max(now + SECOND, limit.next_at(events) or now)
        events = limit.add(events, now)
        assert events[-1] == event(now)
        assert all(number == 1 for _, number in events)
