"""What stands between a phone and its next code."""

from __future__ import annotations

import datetime as dt
from typing import ClassVar

import pytest
from django.db import OperationalError
from django.utils import timezone

from django_phone_invites import limits, phones
from django_phone_invites.exceptions import (
    PhoneInvalid,
    PhoneRegionRefused,
    PhoneTypeRefused,
    Unavailable,
)
from django_phone_invites.limits import policy
from django_phone_invites.models import LimitCounter, LoginCode, SenderHealth
from django_phone_invites.senders.base import Message
from django_phone_invites.senders.memory import MemorySender, outbox
from django_phone_invites.services import pauses
from django_phone_invites.services.challenges import request_code
from django_phone_invites.services.explain import MOST_CODES, explain
from django_phone_invites.testing import sign_up
from tests.users.models import Contact

pytestmark = pytest.mark.django_db

PHONE = "+79096869722"
MEMORY = "django_phone_invites.senders.memory.MemorySender"
MINUTE = dt.timedelta(minutes=1)


def add_code(at, **fields):
    row = {"purpose": "login", "channel": "web", "created_at": at, "expires_at": at, "length": 6}
    return LoginCode.objects.create(phone=PHONE, **{**row, **fields})


def test_a_number_that_nothing_is_known_of_can_have_a_code():
    found = explain(PHONE)
    assert (found.phone, found.region, found.kind) == (PHONE, "RU", phones.Kind.MOBILE)
    assert found.refusal is None
    assert not found.is_paused_by_setting
    assert (found.pauses, found.reached, found.codes) == ([], [], [])
    assert [row.sender for row in found.senders] == ["MemorySender"]
    assert found.sender_error == ""
    assert not found.is_disabled


def test_nothing_is_sent_counted_or_written():
    explain(PHONE)
    assert not outbox
    assert not LimitCounter.objects.exists()
    assert not SenderHealth.objects.exists()


def test_it_costs_the_same_for_many_codes(django_assert_num_queries):
    for number in range(MOST_CODES + 1):
        add_code(timezone.now() - number * MINUTE)
    with django_assert_num_queries(4):
        explain(PHONE)


def test_it_tells_whether_there_is_an_account():
    assert not explain(PHONE).has_account
    sign_up(PHONE)
    assert explain(PHONE).has_account


def test_a_phone_of_a_user_of_the_site_counts_as_one(settings):
    settings.PHONE_INVITES_LINK_USER = {"FIELD": "contacts__phone"}
    user = sign_up("+79096869723")
    Contact.objects.create(user=user, phone=PHONE)
    assert explain(PHONE).has_account


# The number


@pytest.mark.parametrize(
    ("phone", "refusal"),
    [
        ("+70000000000", PhoneInvalid),
        ("+74951234567", PhoneTypeRefused),
        ("+77011234567", PhoneRegionRefused),
    ],
)
def test_a_number_that_codes_are_not_sent_to_says_why(settings, phone, refusal):
    settings.PHONE_INVITES_REGIONS = ["RU"]
    assert isinstance(explain(phone).refusal, refusal)


def test_a_number_that_no_plan_knows_any_more_keeps_its_codes():
    sign_up("+70000000000")
    assert explain("+70000000000").refusal is None


def test_a_disabled_user_is_told_of():
    user = sign_up(PHONE)
    assert not explain(PHONE).is_disabled
    user.is_active = False
    user.save()
    assert explain(PHONE).is_disabled


# Pauses


@pytest.mark.parametrize(
    ("paused", "expected"),
    [(True, True), (["RU"], True), (["KZ", "RU"], True), (["KZ"], False), (False, False)],
)
def test_the_setting_pauses_its_regions(settings, paused, expected):
    settings.PHONE_INVITES_PAUSED = paused
    assert explain(PHONE).is_paused_by_setting is expected


def test_only_pauses_that_stop_this_number_count():
    for region in ("RU", "KZ", pauses.EVERYWHERE):
        pauses.pause(region=region)
    assert [row.region for row in explain(PHONE).pauses] == [pauses.EVERYWHERE, "RU"]
    pauses.lift(region="RU")
    assert [row.region for row in explain(PHONE).pauses] == [pauses.EVERYWHERE]


# Limits


def test_the_cooldown_after_a_code_is_a_limit_of_the_phone():
    challenge = request_code(phone=PHONE, channel="web", address="192.0.2.1")
    reached = explain(PHONE).reached
    assert [(one.name, one.until) for one in reached] == [("phone-messages", challenge.resend_at)]


def test_a_limit_is_over_at_the_moment_at_which_the_next_code_can_be_had(clock):
    resend_at = request_code(phone=PHONE, channel="web").resend_at
    clock.move_to(resend_at - dt.timedelta(microseconds=1))
    assert [one.until for one in explain(PHONE).reached] == [resend_at]
    clock.move_to(resend_at)
    assert explain(PHONE).reached == []


@pytest.mark.parametrize(
    ("setting", "phone", "name"),
    [
        ("BLOCK_MESSAGES_PER_HOUR", "+79096869723", "block-messages"),
        ("SITE_MESSAGES_PER_HOUR", "+79261234567", "site-messages"),
    ],
)
def test_limits_that_others_use_up_are_told_of(settings, setting, phone, name):
    setattr(settings, f"PHONE_INVITES_{setting}", 1)
    request_code(phone=phone, channel="web")
    assert [one.name for one in explain(PHONE).reached] == [name]


def test_the_address_that_asked_last_is_looked_at(settings):
    settings.PHONE_INVITES_ADDRESS_MESSAGES_PER_HOUR = 1
    now = timezone.now()
    for address in ("192.0.2.1", "192.0.2.2"):
        limits.take(policy.address_messages(address), now)
    assert explain(PHONE).reached == []
    add_code(now - 2 * MINUTE, address="192.0.2.1")
    assert [one.name for one in explain(PHONE).reached] == ["address-messages"]
    # Nobody asked for a notice.
    add_code(now - MINUTE, purpose="changed")
    assert [one.name for one in explain(PHONE).reached] == ["address-messages"]
    add_code(now - MINUTE, address="192.0.2.3")
    assert explain(PHONE).reached == []


def test_counters_that_do_not_answer_leave_the_rest_known(monkeypatch):
    def fail(counted, now):
        raise Unavailable

    monkeypatch.setattr(limits, "read", fail)
    found = explain(PHONE)
    assert found.reached is None
    assert found.senders


def test_a_database_that_does_not_answer_is_a_refusal(monkeypatch):
    def fail():
        raise OperationalError

    monkeypatch.setattr(pauses, "in_force", fail)
    with pytest.raises(Unavailable):
        explain(PHONE)


# Senders


def test_senders_stand_in_the_order_in_which_they_are_asked(settings):
    described = [{"BACKEND": MEMORY, "NAME": name} for name in ("A", "B", "C")]
    settings.PHONE_INVITES_SENDER = {
        "BACKEND": "django_phone_invites.senders.failover.FailoverSender",
        "OPTIONS": {"senders": described},
    }
    until = timezone.now() + MINUTE
    SenderHealth.objects.create(sender="A", failures=5, skipped_until=until)
    SenderHealth.objects.create(sender="C", failures=1)
    found = [(row.sender, row.failures, row.skipped_until) for row in explain(PHONE).senders]
    assert found == [("B", 0, None), ("C", 1, None), ("A", 5, until)]


def test_of_two_senders_too_it_is_told_how_often_they_failed(settings):
    settings.PHONE_INVITES_SENDER = {
        "BACKEND": "django_phone_invites.senders.failover.FailoverSender",
        "OPTIONS": {"senders": [{"BACKEND": MEMORY, "NAME": name} for name in ("A", "B")]},
    }
    SenderHealth.objects.create(sender="B", failures=2)
    assert [(row.sender, row.failures) for row in explain(PHONE).senders] == [("A", 0), ("B", 2)]


class AskedSender(MemorySender):
    """Keeps what it was asked to be a candidate for."""

    asked: ClassVar[list[Message]] = []

    def candidates(self, message):
        self.asked.append(message)
        return super().candidates(message)


def test_senders_are_looked_for_as_for_a_code_to_log_in(settings, monkeypatch):
    monkeypatch.setattr(AskedSender, "asked", [])
    settings.PHONE_INVITES_SENDER = {"BACKEND": f"{__name__}.AskedSender"}
    explain(PHONE)
    assert AskedSender.asked == [
        Message(phone=PHONE, code="", purpose="login", locale="", lifetime=0, text="")
    ]


def test_who_is_asked_alone_has_failed_as_often_as_nobody_counts():
    SenderHealth.objects.create(sender="MemorySender", failures=5)
    assert [row.failures for row in explain(PHONE).senders] == [0]


def test_a_region_without_a_sender_has_none(settings):
    settings.PHONE_INVITES_SENDER = {
        "BACKEND": "django_phone_invites.senders.failover.RegionSender",
        "OPTIONS": {"routes": {"KZ": {"BACKEND": MEMORY}}, "default": None},
    }
    found = explain(PHONE)
    assert (found.senders, found.sender_error) == ([], "")


def test_a_sender_that_cannot_be_made_is_told_of(settings):
    settings.PHONE_INVITES_SENDER = {"BACKEND": MEMORY, "OPTIONS": {"key": "s3cret"}}
    found = explain(PHONE)
    assert (found.senders, found.sender_error) == ([], "TypeError")


# Codes


def test_the_last_codes_come_newest_first():
    now = timezone.now()
    made = [add_code(now - number * MINUTE) for number in range(MOST_CODES + 1)]
    assert explain(PHONE).codes == made[:MOST_CODES]


def test_of_a_test_number_no_sender_and_no_limit_of_messages_matters(settings):
    settings.PHONE_INVITES_SITE_MESSAGES_PER_HOUR = 1
    request_code(phone="+79261234567", channel="web", address="203.0.113.8")
    settings.PHONE_INVITES_TEST_NUMBERS = {
        PHONE: {"code": "735184", "until": dt.date.max},
    }
    settings.PHONE_INVITES_ADDRESS_MESSAGES_PER_HOUR = 1
    request_code(phone=PHONE, channel="web", address="203.0.113.7")
    found = explain(PHONE)
    assert (found.is_test, found.senders, found.sender_error) == (True, [], "")
    assert [limit.name for limit in found.reached] == ["address-messages"]
