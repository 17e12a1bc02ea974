"""Every limit of the settings is the limit in force."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace
from typing import Any

import pytest

from django_phone_invites.limits import policy, read
from django_phone_invites.limits.rules import Cooldown, Limit, Tally, Window, event
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


def test_a_test_number_has_the_limit_of_its_address_alone() -> None:
    limits = policy.messages(phone=PHONE, address="192.0.2.1", is_test=True)
    assert limits == [policy.test_codes(PHONE), policy.address_messages("192.0.2.1")]


def test_the_next_code_of_a_test_number_can_be_had_at_once() -> None:
    limit = policy.requests(PHONE, is_test=True)
    assert (limit.name, limit.subject) == ("test-codes", PHONE)
    assert limit.next_at([(event(NOW)[0], 10_000)]) is None
    assert limit.add([], NOW) == [event(NOW)]
    assert policy.requests(PHONE, is_test=False) == policy.phone_messages(PHONE)


def test_messages_to_a_block_are_limited_by_the_settings(settings: Any) -> None:
    settings.PHONE_INVITES_BLOCK_MESSAGES_PER_HOUR = 7
    expected = Limit("block-messages", "+79096869", (Window(7, HOUR),))
    assert policy.block_messages(PHONE) == policy.block_messages("+79096869000") == expected
    assert policy.block_messages("+79096868722") != expected


def test_codes_for_an_address_are_limited_by_the_settings(settings: Any) -> None:
    settings.PHONE_INVITES_ADDRESS_MESSAGES_PER_HOUR = 7
    settings.PHONE_INVITES_ADDRESS_MESSAGES_PER_DAY = 9
    windows = (Window(7, HOUR), Window(9, DAY))
    assert policy.address_messages("192.0.2.1") == Limit("address-messages", "192.0.2.1", windows)


def test_messages_of_the_site_are_limited_by_the_settings(settings: Any) -> None:
    assert policy.site_messages() == Limit("site-messages", "", ())
    settings.PHONE_INVITES_SITE_MESSAGES_PER_HOUR = 7
    settings.PHONE_INVITES_SITE_MESSAGES_PER_DAY = 9
    windows = (Window(7, HOUR), Window(9, DAY))
    assert policy.site_messages() == Limit("site-messages", "", windows)


def test_guesses_are_limited_by_the_settings(settings: Any) -> None:
    settings.PHONE_INVITES_ADDRESS_FAILURES_PER_HOUR = 7
    settings.PHONE_INVITES_PHONE_FAILURE_LENGTHS = {3: 7, 5: 8}
    settings.PHONE_INVITES_SITE_FAILURE_LENGTHS = {30: 7, 9: 8}
    windows = (Window(7, HOUR),)
    assert policy.address_failures("192.0.2.1") == Limit("address-failures", "192.0.2.1", windows)
    assert policy.phone_failures(PHONE) == Tally("phone-failures", PHONE, 5, 30 * DAY)
    assert policy.site_failures() == Tally("site-failures", "", 30, DAY)


def test_invite_codes_of_a_user_are_limited_by_the_settings(settings: Any) -> None:
    settings.PHONE_INVITES_INVITE_FAILURES_PER_HOUR = 7
    user = SimpleNamespace(pk=3)
    assert policy.invite_failures(user) == Limit("invite-failures", "3", (Window(7, HOUR),))


def test_a_step_is_told_once_a_day_and_a_region_looked_at_once_a_minute() -> None:
    assert policy.site_step(30) == Limit("site-step", "30", (Window(1, DAY),))
    assert policy.region_watch("RU") == Limit("region-watch", "ru", (Window(1, MINUTE),))
    assert policy.region_alert("RU") == Limit("region-alert", "ru", (Window(1, HOUR),))


def test_none_switches_a_limit_off(settings: Any) -> None:
    for name in ("BLOCK_MESSAGES", "ADDRESS_MESSAGES", "ADDRESS_FAILURES", "INVITE_FAILURES"):
        setattr(settings, f"PHONE_INVITES_{name}_PER_HOUR", None)
    settings.PHONE_INVITES_ADDRESS_MESSAGES_PER_DAY = None
    for limit in (
        policy.block_messages(PHONE),
        policy.address_messages("192.0.2.1"),
        policy.address_failures("192.0.2.1"),
        policy.invite_failures(SimpleNamespace(pk=3)),
    ):
        assert limit.windows == ()


def test_a_message_counts_against_each_of_its_limits_the_phones_first() -> None:
    found = policy.messages(phone=PHONE, address="192.0.2.1")
    assert [limit.name for limit in found] == [
        "phone-messages",
        "block-messages",
        "address-messages",
        "site-messages",
    ]


@pytest.mark.parametrize(
    ("phone", "site", "digits"),
    [(0, 0, 6), (2, 0, 6), (3, 0, 7), (5, 0, 9), (0, 30, 8), (3, 30, 8), (5, 30, 9)],
)
def test_the_longest_step_decides(settings: Any, phone: int, site: int, digits: int) -> None:
    settings.PHONE_INVITES_PHONE_FAILURE_LENGTHS = {5: 9, 3: 7}
    settings.PHONE_INVITES_SITE_FAILURE_LENGTHS = {30: 8}
    assert policy.code_length(phone_failures=phone, site_failures=site) == digits


def test_a_step_never_makes_codes_shorter(settings: Any) -> None:
    settings.PHONE_INVITES_CODE_LENGTH = 10
    assert policy.code_length(phone_failures=10, site_failures=250) == 10


@pytest.mark.parametrize(
    ("length", "phone", "site", "longest"),
    [
        (10, {5: 9}, {30: 8}, 10),
        (6, {5: 9, 9: 7}, {30: 8}, 9),
        (6, {5: 7}, {30: 8}, 8),
        (6, {}, {}, 6),
    ],
)
def test_no_code_is_longer_than_the_longest(
    settings: Any, length: int, phone: dict[int, int], site: dict[int, int], longest: int
) -> None:
    settings.PHONE_INVITES_CODE_LENGTH = length
    settings.PHONE_INVITES_PHONE_FAILURE_LENGTHS = phone
    settings.PHONE_INVITES_SITE_FAILURE_LENGTHS = site
    assert policy.longest_code() == longest
    assert policy.code_length(phone_failures=100_000, site_failures=100_000) == longest


@pytest.mark.parametrize(
    ("address", "network"),
    [
        (None, "unknown"),
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:DB8:1:2::", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::", "2001:db8:1:3::/64"),
        ("::1", "::/64"),
    ],
)
def test_an_ipv6_address_stands_for_its_network(address: str | None, network: str) -> None:
    assert policy.network_of(address) == network


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
