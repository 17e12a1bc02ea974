"""The watch over regions: when it looks, what it counts, and what it does about it."""

from __future__ import annotations

import datetime as dt
import logging

import pytest
from django.db import OperationalError, connection
from django.utils import timezone

from django_phone_invites import limits, signals
from django_phone_invites.conf import AppSettings
from django_phone_invites.exceptions import SendingPaused
from django_phone_invites.limits import policy
from django_phone_invites.models import LimitCounter, LoginCode, SendingPause
from django_phone_invites.services import pauses, watch
from django_phone_invites.testing import sign_up

pytestmark = pytest.mark.django_db

MINUTE = dt.timedelta(minutes=1)
SECOND = dt.timedelta(seconds=1)


@pytest.fixture(autouse=True)
def watched(settings):
    """Ten codes are enough here, and half of them have to be entered."""
    settings.PHONE_INVITES_REGION_ALERT_SHARE = 0.5
    settings.PHONE_INVITES_REGION_ALERT_MINIMUM = 10


@pytest.fixture
def heard():
    """What receivers of the signal were told."""
    alerts = []

    def listen(sender, signal, **arguments):
        alerts.append((sender, arguments))

    signals.region_alerted.connect(listen)
    yield alerts
    signals.region_alerted.disconnect(listen)


def add_codes(sent, verified=0, *, region="RU", age=30 * MINUTE, **more):
    """Add rows as requests left them that long ago."""
    created_at = timezone.now() - age
    LoginCode.objects.bulk_create(
        LoginCode(
            phone="+79096869722",
            region=region,
            channel="web",
            length=6,
            locale="en",
            created_at=created_at,
            expires_at=created_at + 5 * MINUTE,
            used_at=created_at + MINUTE if number < verified else None,
            **{"delivery": LoginCode.Delivery.SENT, "purpose": "login", **more},
        )
        for number in range(sent)
    )


def look(region="RU"):
    reading = limits.read(watch.counters(region), timezone.now())
    watch.look_when_due(region, reading)


# What it does


def test_few_entered_codes_are_told(heard, clock, caplog):
    add_codes(10, 4)
    with caplog.at_level(logging.WARNING, "django_phone_invites"):
        look()
    assert heard == [
        (LoginCode, {"region": "RU", "sent": 10, "verified": 4, "paused": False}),
    ]
    assert caplog.messages == ["Of 10 codes sent to region RU in an hour 4 were entered."]
    assert not SendingPause.objects.exists()


def test_a_code_that_is_asked_for_brings_the_look(ask, heard, clock):
    add_codes(10)
    ask()
    assert [arguments["region"] for _, arguments in heard] == ["RU"]


def test_a_code_of_another_region_does_not(ask, heard, clock):
    add_codes(10)
    ask("+77012345678")
    assert heard == []


def test_the_setting_pauses_the_region(ask, heard, clock, settings, caplog):
    settings.PHONE_INVITES_REGION_ALERT_PAUSES = True
    add_codes(10, 1)
    with caplog.at_level(logging.WARNING, "django_phone_invites"):
        first = ask()
    assert [arguments["paused"] for _, arguments in heard] == [True]
    assert caplog.messages[-1].endswith("1 were entered. Sending to it is paused.")
    row = SendingPause.objects.get()
    assert (row.region, row.reason) == ("RU", SendingPause.Reason.ALERT)
    assert row.note == "Of 10 codes sent in an hour 1 were entered."
    with pytest.raises(SendingPaused):
        ask("+79096869723")
    assert first.enter().created


def test_a_pause_by_hand_meanwhile_keeps_its_note(heard, clock, settings):
    settings.PHONE_INVITES_REGION_ALERT_PAUSES = True
    add_codes(10)
    pauses.pause(region="RU", note="dear")
    look()
    assert SendingPause.objects.get().note == "dear"
    assert [arguments["paused"] for _, arguments in heard] == [False]


def test_a_failing_receiver_stops_nothing(ask, clock):
    def listen(**arguments):
        raise ZeroDivisionError

    signals.region_alerted.connect(listen)
    try:
        add_codes(10)
        assert ask().enter().created
    finally:
        signals.region_alerted.disconnect(listen)


# What it counts


@pytest.mark.parametrize(
    ("sent", "verified", "told"), [(9, 0, 0), (10, 0, 1), (10, 4, 1), (10, 5, 0), (10, 10, 0)]
)
def test_the_bounds_are_exact(heard, clock, sent, verified, told):
    add_codes(sent, verified)
    look()
    assert len(heard) == told


def test_a_share_that_binary_numbers_miss_is_exact_too(heard, clock, settings):
    settings.PHONE_INVITES_REGION_ALERT_SHARE = 0.07
    add_codes(100, 7)
    look()
    assert heard == []


@pytest.mark.parametrize(
    ("age", "told"),
    [
        (5 * MINUTE - SECOND, 0),  # may still be entered
        (5 * MINUTE, 1),
        (60 * MINUTE - SECOND, 1),
        (60 * MINUTE, 0),
    ],
)
def test_codes_count_from_their_end_for_an_hour(heard, clock, age, told):
    add_codes(10, age=age)
    look()
    assert len(heard) == told


def test_other_regions_do_not_count(heard, clock):
    add_codes(10, 10)
    add_codes(10, region="KZ")
    look()
    assert heard == []


def test_what_the_provider_did_not_take_was_not_sent(heard, clock):
    add_codes(10, delivery=LoginCode.Delivery.FAILED)
    add_codes(9)
    look()
    assert heard == []


def test_notices_of_a_changed_number_hold_no_code_to_enter(heard, clock):
    add_codes(10, 10)
    add_codes(20, purpose=LoginCode.Purpose.CHANGED)
    look()
    assert heard == []


def test_the_codes_of_test_numbers_were_not_sent(heard, clock):
    add_codes(10, delivery=LoginCode.Delivery.NONE, is_test=True)
    add_codes(9)
    look()
    assert heard == []


def test_what_was_entered_of_test_numbers_counts_for_nobody(heard, clock):
    add_codes(100, 100, delivery=LoginCode.Delivery.NONE, is_test=True)
    add_codes(10, 4)
    look()
    assert [(alert["sent"], alert["verified"]) for _, alert in heard] == [(10, 4)]


def test_only_so_many_are_looked_at_the_newest(heard, clock, monkeypatch):
    monkeypatch.setattr(watch, "MOST_CODES", 10)
    add_codes(50, age=40 * MINUTE)
    add_codes(10, 6, age=20 * MINUTE)
    look()
    assert heard == []


def test_the_largest_minimum_can_be_reached():
    rule = AppSettings.region_alert_minimum.rule
    assert rule(watch.MOST_CODES) is None
    assert rule(watch.MOST_CODES + 1) is not None


@pytest.mark.parametrize("region", ["RU", pauses.EVERYWHERE])
def test_codes_from_before_a_lifted_pause_were_judged_already(heard, clock, settings, region):
    settings.PHONE_INVITES_REGION_ALERT_PAUSES = True
    add_codes(10)
    pauses.pause(region=region)
    pauses.lift(region=region)
    look()
    assert heard == []
    clock.shift(20 * MINUTE)
    add_codes(10, age=6 * MINUTE)
    look()
    assert [arguments["paused"] for _, arguments in heard] == [True]


# How often


def test_a_look_is_due_once_a_minute(heard, clock, django_assert_num_queries):
    look()
    add_codes(10)
    clock.shift(59)
    with django_assert_num_queries(1):  # the reading, which a request has anyway
        look()
    assert heard == []
    clock.shift(1)
    look()
    assert len(heard) == 1


def test_a_region_is_told_of_once_an_hour(heard, clock):
    for _ in range(60):
        add_codes(10)
        look()
        clock.shift(MINUTE)
    assert len(heard) == 1
    add_codes(10)
    look()
    assert len(heard) == 2


def test_each_region_is_told_of(heard, clock):
    for region in ("RU", "KZ"):
        add_codes(10, region=region)
        look(region)
    assert [arguments["region"] for _, arguments in heard] == ["RU", "KZ"]


def test_a_region_that_is_paused_again_is_told_of_at_once(heard, clock, settings):
    settings.PHONE_INVITES_REGION_ALERT_PAUSES = True
    add_codes(10)
    look()
    pauses.lift(region="RU")
    clock.shift(20 * MINUTE)
    add_codes(10, age=10 * MINUTE)
    look()
    assert [arguments["paused"] for _, arguments in heard] == [True, True]


def test_two_processes_that_find_it_due_tell_once(heard, clock):
    add_codes(10)
    readings = [limits.read(watch.counters("RU"), timezone.now()) for _ in range(2)]
    for reading in readings:
        watch.look_when_due("RU", reading)
    assert len(heard) == 1


@pytest.mark.django_db(transaction=True)
def test_parallel_looks_tell_once(heard, in_parallel):
    add_codes(10)
    in_parallel([look] * 10)
    assert len(heard) == 1


# When it does not


def test_without_a_share_nothing_is_counted_or_read(ask, heard, clock, settings):
    settings.PHONE_INVITES_REGION_ALERT_SHARE = None
    add_codes(10)
    ask()
    assert heard == []
    assert watch.counters("RU") == []
    assert not LimitCounter.objects.filter(key__startswith="region").exists()


def test_a_share_taken_back_meanwhile_ends_the_watch(heard, clock, settings):
    add_codes(10)
    reading = limits.read([policy.region_watch("RU")], timezone.now())
    settings.PHONE_INVITES_REGION_ALERT_SHARE = None
    watch.look_when_due("RU", reading)
    assert heard == []


def test_numbers_without_a_region_are_not_watched(ask, heard, clock, settings):
    """Their region is "", and a pause of "" would be one of everywhere."""
    settings.PHONE_INVITES_REGION_ALERT_PAUSES = True
    sign_up("+70000000000")
    add_codes(10, region="")
    ask("+70000000000")
    assert heard == []
    assert not SendingPause.objects.exists()


def test_a_look_that_the_database_breaks_keeps_nobody_from_their_code(ask, heard, clock, caplog):
    add_codes(10)

    def silent(execute, sql, params, many, context):
        if "COUNT" in sql:
            raise OperationalError("canceling statement due to statement timeout")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(silent):
        assert ask().digits
    assert "The codes of region RU could not be looked at." in caplog.messages
    assert heard == []
