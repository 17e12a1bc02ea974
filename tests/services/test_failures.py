"""Wrong guesses add up: for an address to a limit, for a phone and the site to longer codes."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from django_phone_invites import signals
from django_phone_invites.exceptions import CodeInvalid, CodeMalformed, RateLimited
from django_phone_invites.models import LimitCounter, LoginCode, PhoneAccount
from django_phone_invites.services.login import verify_code

pytestmark = pytest.mark.django_db

HOUR = dt.timedelta(hours=1)
DAY = dt.timedelta(days=1)
ADDRESS = "203.0.113.7"


def phone(number: int) -> str:
    """Return a number that is in a block of its own."""
    return f"+7909{number:04}722"


@pytest.fixture(autouse=True)
def _no_limit_of_messages(settings: Any) -> None:
    settings.PHONE_INVITES_ADDRESS_MESSAGES_PER_HOUR = None
    settings.PHONE_INVITES_ADDRESS_MESSAGES_PER_DAY = None
    settings.PHONE_INVITES_BLOCK_MESSAGES_PER_HOUR = None
    settings.PHONE_INVITES_RESEND_COOLDOWN = dt.timedelta(0)
    settings.PHONE_INVITES_PHONE_MESSAGES_PER_HOUR = 60
    settings.PHONE_INVITES_PHONE_MESSAGES_PER_DAY = 100


@pytest.fixture
def fail(ask: Any) -> Any:
    """Guess wrong ``times``, with a new code for each five, from an address, at a phone."""

    def fail(times: int, number: int = 1, address: str = ADDRESS) -> None:
        for done in range(times):
            if done % 5 == 0:
                asked = ask(phone(number))
            with pytest.raises(CodeInvalid):
                guess(asked, asked.wrong(), address)

    return fail


def guess(asked: Any, digits: object, address: str | None = ADDRESS) -> Any:
    return verify_code(
        login_code=asked.fresh, guess=digits, sign_in=lambda user: None, address=address
    )


# --- the address ---


def test_exactly_so_many_wrong_guesses_of_an_address_are_evaluated(
    ask: Any, fail: Any, clock: Any, settings: Any
) -> None:
    settings.PHONE_INVITES_ADDRESS_FAILURES_PER_HOUR = 7
    fail(7)
    asked = ask(phone(2))
    with pytest.raises(RateLimited) as refused:
        guess(asked, asked.wrong())
    assert (refused.value.limit, refused.value.retry_after) == ("address-failures", 3600)
    assert asked.fresh.attempts == 0
    clock.shift(HOUR)
    fresh = ask(phone(2))
    with pytest.raises(CodeInvalid):
        guess(fresh, fresh.wrong())


def test_thirty_an_hour_by_default(ask: Any, fail: Any, clock: Any) -> None:
    fail(30)
    asked = ask(phone(2))
    with pytest.raises(RateLimited):
        guess(asked, asked.wrong())


def test_a_right_guess_of_a_spent_address_is_not_evaluated_either(
    ask: Any, fail: Any, settings: Any
) -> None:
    settings.PHONE_INVITES_ADDRESS_FAILURES_PER_HOUR = 3
    fail(3)
    asked = ask(phone(2))
    with pytest.raises(RateLimited):
        guess(asked, asked.digits)
    assert asked.fresh.used_at is None
    assert not PhoneAccount.objects.exists()
    assert guess(asked, asked.digits, "203.0.113.8").created


def test_right_guesses_do_not_count(ask: Any, settings: Any) -> None:
    settings.PHONE_INVITES_ADDRESS_FAILURES_PER_HOUR = 1
    for number in range(5):
        asked = ask(phone(number))
        assert guess(asked, asked.digits).created


def test_a_success_resets_nothing(ask: Any, fail: Any, settings: Any) -> None:
    settings.PHONE_INVITES_ADDRESS_FAILURES_PER_HOUR = 3
    fail(2)
    asked = ask(phone(1))
    guess(asked, asked.digits)
    fail(1)
    asked = ask(phone(2))
    with pytest.raises(RateLimited):
        guess(asked, asked.wrong())


def test_malformed_guesses_count_for_the_address_alone(ask: Any, settings: Any) -> None:
    settings.PHONE_INVITES_ADDRESS_FAILURES_PER_HOUR = 2
    asked = ask(phone(1))
    for _ in range(2):
        with pytest.raises(CodeMalformed):
            guess(asked, "12345x")
    with pytest.raises(RateLimited):
        guess(asked, "12345x")
    assert asked.fresh.attempts == 0
    counted = LimitCounter.objects.filter(key__contains="-failures:")
    assert [row.key for row in counted] == [f"address-failures:{ADDRESS}"]


def test_an_ipv6_address_counts_with_its_network(ask: Any, fail: Any, settings: Any) -> None:
    settings.PHONE_INVITES_ADDRESS_FAILURES_PER_HOUR = 2
    fail(1, address="2001:db8:0:1::1")
    fail(1, address="2001:db8:0:1:ffff::2")
    asked = ask(phone(2))
    with pytest.raises(RateLimited):
        guess(asked, asked.wrong(), "2001:db8:0:1::3")
    with pytest.raises(CodeInvalid):
        guess(asked, asked.wrong(), "2001:db8:0:2::3")


def test_unknown_addresses_are_one(ask: Any, settings: Any) -> None:
    settings.PHONE_INVITES_ADDRESS_FAILURES_PER_HOUR = 1
    asked = ask(phone(1))
    with pytest.raises(CodeInvalid):
        guess(asked, asked.wrong(), None)
    with pytest.raises(RateLimited):
        guess(asked, asked.wrong(), None)


def test_a_guess_at_a_dead_code_counts_for_nobody(ask: Any, settings: Any) -> None:
    settings.PHONE_INVITES_CODE_ATTEMPTS = 1
    asked = ask(phone(1))
    with pytest.raises(CodeInvalid):
        guess(asked, asked.wrong())
    before = list(LimitCounter.objects.values_list("key", "events"))
    with (
        CaptureQueriesContext(connection) as captured,
        pytest.raises(Exception, match="Too many wrong attempts"),
    ):
        guess(asked, asked.wrong(2))
    assert list(LimitCounter.objects.values_list("key", "events")) == before
    # Not even for a moment: a flood of late guesses must not queue for rows that all share.
    written = [query["sql"] for query in captured if not query["sql"].startswith("SELECT")]
    assert not any(LimitCounter._meta.db_table in sql for sql in written)


# --- the phone ---


@pytest.mark.parametrize(
    ("failures", "length"), [(0, 6), (9, 6), (10, 8), (11, 8), (99, 8), (100, 12)]
)
def test_the_next_codes_of_a_phone_grow_with_its_failures(
    ask: Any, fail: Any, settings: Any, failures: int, length: int
) -> None:
    settings.PHONE_INVITES_ADDRESS_FAILURES_PER_HOUR = None
    fail(failures)
    asked = ask(phone(1))
    assert (asked.row.length, len(asked.digits)) == (length, length)
    assert ask(phone(2)).row.length == 6


def test_the_owner_gets_in_with_a_longer_code(ask: Any, fail: Any) -> None:
    fail(10)
    asked = ask(phone(1))
    assert len(asked.digits) == 8
    assert guess(asked, asked.digits).created


def test_failures_of_a_phone_count_for_thirty_days_and_over_logins(
    ask: Any, fail: Any, clock: Any
) -> None:
    fail(9)
    asked = ask(phone(1))
    guess(asked, asked.digits)
    clock.shift(30 * DAY - HOUR)
    fail(1)
    assert ask(phone(1)).row.length == 8
    clock.shift(HOUR)
    assert ask(phone(1)).row.length == 6


# --- the site ---


@pytest.fixture
def stepped_up() -> Any:
    """Return what the signal told."""
    told: list[tuple[int, int]] = []

    def hear(sender: Any, failures: int, length: int, **more: Any) -> None:
        assert sender is LoginCode
        told.append((failures, length))

    signals.site_stepped_up.connect(hear)
    yield told
    signals.site_stepped_up.disconnect(hear)


def test_failures_on_the_site_make_all_codes_longer_and_are_told_once(
    ask: Any, fail: Any, settings: Any, clock: Any, stepped_up: Any, caplog: Any
) -> None:
    settings.PHONE_INVITES_SITE_FAILURE_LENGTHS = {3: 7, 5: 8}
    fail(2)
    assert ask(phone(9)).row.length == 6
    fail(1, number=2)
    assert ask(phone(9)).row.length == 7
    fail(4, number=3)
    assert ask(phone(9)).row.length == 8
    assert stepped_up == [(3, 7), (5, 8)]
    events = [record for record in caplog.records if record.event == "site_stepped_up"]
    assert [record.levelname for record in events] == ["WARNING", "WARNING"]
    assert [record.args for record in events] == [(3, 7), (5, 8)]
    clock.shift(DAY)
    assert ask(phone(9)).row.length == 6


def test_a_step_that_is_crossed_again_the_same_day_is_not_told_again(
    fail: Any, settings: Any, clock: Any, stepped_up: Any
) -> None:
    settings.PHONE_INVITES_SITE_FAILURE_LENGTHS = {2: 7}
    fail(1)
    clock.shift(DAY - HOUR)
    fail(1, number=2)
    clock.shift(HOUR)
    fail(1, number=3)  # the first has gone, so this is the second again
    assert stepped_up == [(2, 7)]
    clock.shift(DAY)
    fail(2, number=4)
    assert stepped_up == [(2, 7), (2, 7)]


def test_with_no_lengths_nothing_grows(ask: Any, fail: Any, settings: Any, stepped_up: Any) -> None:
    settings.PHONE_INVITES_SITE_FAILURE_LENGTHS = {}
    settings.PHONE_INVITES_PHONE_FAILURE_LENGTHS = {}
    fail(12)
    assert ask(phone(1)).row.length == 6
    assert stepped_up == []
    assert not LimitCounter.objects.filter(key__startswith="site-failures").exists()
