"""Test numbers: their code stands in the settings, and nothing is sent to them."""

from __future__ import annotations

import datetime as dt
import logging
from types import SimpleNamespace

import pytest
from django.contrib.auth import get_user_model
from django.utils import timezone

from django_phone_invites import codes
from django_phone_invites.exceptions import (
    AccountDisabled,
    CodeExhausted,
    CodeExpired,
    CodeInvalid,
    CodeMalformed,
    CodeUsed,
    GateRefused,
    RateLimited,
    SendingPaused,
)
from django_phone_invites.models import InviteCode, LoginCode, PhoneAccount
from django_phone_invites.senders.memory import outbox
from django_phone_invites.services import fixed_codes, upkeep
from django_phone_invites.services.challenges import get_challenge, request_code
from django_phone_invites.services.login import verify_code
from django_phone_invites.testing import sign_up
from tests.log_records import told

pytestmark = pytest.mark.django_db

PHONE = "+79096869700"
NEIGHBOUR = "+79096869722"
CODE = "0246813579"
WRONG = "1246813579"
LAST_DAY = dt.date(2026, 3, 31)
MICROSECOND = dt.timedelta(microseconds=1)


@pytest.fixture(autouse=True)
def one_test_number(settings, clock):
    """One test number, on 1 March 2026; its code has more digits than any other."""
    settings.PHONE_INVITES_TEST_NUMBERS = {PHONE: {"code": CODE, "until": LAST_DAY}}


def ask(phone=PHONE, **arguments):
    return request_code(phone=phone, channel="web", **arguments).login_code


def ask_often(number):
    """Ask so many times, each time from another address."""
    return [ask(address=f"192.0.2.{count}") for count in range(number)]


def enter(login_code, guess=CODE, **arguments):
    fresh = LoginCode.objects.get(pk=login_code.pk)
    return verify_code(login_code=fresh, guess=guess, sign_in=lambda user: user.pk, **arguments)


def move_to_end_of_last_day(clock):
    clock.move_to(dt.datetime(2026, 4, 1, tzinfo=dt.timezone.utc) - MICROSECOND, tick=False)


# Asking


def test_nothing_is_sent_to_a_test_number():
    login_code = ask("+7 (909) 686-97-00")
    stored = LoginCode.objects.get()
    assert outbox == []
    assert (stored.pk, stored.phone, stored.is_test) == (login_code.pk, PHONE, True)
    assert (stored.delivery, stored.get_delivery_display()) == ("none", "Not sent")
    assert (stored.delivered_by, stored.message_id, stored.delivery_error) == ("", "", "")


def test_any_other_number_is_sent_a_message():
    login_code = ask(NEIGHBOUR)
    assert [message.phone for message in outbox] == [NEIGHBOUR]
    assert (login_code.is_test, login_code.delivery) == (False, LoginCode.Delivery.SENT)
    assert enter(login_code, outbox[0].code).created


def test_the_code_is_as_long_as_it_is_written(settings, caplog):
    """Failures make other codes longer, and not what is written down."""
    settings.PHONE_INVITES_PHONE_FAILURE_LENGTHS = {1: 12}
    settings.PHONE_INVITES_SITE_FAILURE_LENGTHS = {1: 12}
    first = ask()
    with pytest.raises(CodeInvalid):
        enter(first, WRONG)
    caplog.clear()
    with caplog.at_level(logging.DEBUG, "django_phone_invites"):
        assert ask().length == first.length == len(CODE)
    assert [record.event for record in caplog.records] == ["test_code_requested"]


def test_a_test_number_has_neither_cooldown_nor_limits_of_messages(settings):
    settings.PHONE_INVITES_PHONE_MESSAGES_PER_HOUR = 1
    settings.PHONE_INVITES_BLOCK_MESSAGES_PER_HOUR = 1
    settings.PHONE_INVITES_SITE_MESSAGES_PER_HOUR = 1
    settings.PHONE_INVITES_SITE_MESSAGES_PER_DAY = 1
    last = ask_often(20)[-1]
    assert get_challenge(last).resend_at == timezone.now()
    with pytest.raises(CodeInvalid) as refused:
        enter(last, WRONG)
    assert refused.value.resend_at == timezone.now()


def test_messages_of_before_it_was_a_test_number_hold_no_code_back(settings):
    numbers = settings.PHONE_INVITES_TEST_NUMBERS
    settings.PHONE_INVITES_TEST_NUMBERS = {}
    ask()
    settings.PHONE_INVITES_TEST_NUMBERS = numbers
    login_code = ask()
    assert get_challenge(login_code).resend_at == timezone.now()
    with pytest.raises(CodeInvalid) as refused:
        enter(login_code, WRONG)
    assert refused.value.resend_at == timezone.now()


def test_an_address_has_its_limit_with_a_test_number_too(settings):
    settings.PHONE_INVITES_ADDRESS_MESSAGES_PER_HOUR = 2
    for _ in range(2):
        ask(address="192.0.2.1")
    with pytest.raises(RateLimited) as refused:
        ask(address="192.0.2.1")
    assert refused.value.limit == "address-messages"
    assert LoginCode.objects.count() == 2
    ask(address="192.0.2.2")


def test_a_test_number_uses_up_nobody_s_messages(settings):
    settings.PHONE_INVITES_PHONE_MESSAGES_PER_HOUR = 1
    settings.PHONE_INVITES_BLOCK_MESSAGES_PER_HOUR = 2
    settings.PHONE_INVITES_SITE_MESSAGES_PER_HOUR = 2
    ask_often(3)
    ask(NEIGHBOUR)
    settings.PHONE_INVITES_TEST_NUMBERS = {}
    ask(PHONE)
    assert [message.phone for message in outbox] == [NEIGHBOUR, PHONE]


def test_the_gate_judges_a_test_number_too(settings):
    settings.PHONE_INVITES_GATE = f"{__name__}.refuse"
    with pytest.raises(GateRefused):
        ask()
    assert not LoginCode.objects.exists()


def refuse(passage):
    return False


def test_a_pause_holds_for_a_test_number_too(settings):
    settings.PHONE_INVITES_PAUSED = ["RU"]
    with pytest.raises(SendingPaused):
        ask()


def test_at_most_two_codes_of_a_test_number_live(clock):
    asked = []
    for end in range(4):
        asked.append(ask(address=f"192.0.2.{end}"))
        clock.shift(MICROSECOND)
    live = LoginCode.objects.filter(LoginCode.live(timezone.now()))
    assert [code.pk for code in live.order_by("pk")] == [code.pk for code in asked[-2:]]
    with pytest.raises(CodeExpired):
        enter(asked[0])
    assert enter(asked[-2]).created


def test_the_code_that_a_browser_asked_for_before_ends():
    first = ask()
    ask(replaces=first.token)
    with pytest.raises(CodeExpired):
        enter(first)


def test_two_live_codes_of_each_kind_break_no_promise(settings, clock):
    for _ in range(2):
        ask(NEIGHBOUR)
        clock.shift(120)
    settings.PHONE_INVITES_TEST_NUMBERS = {NEIGHBOUR: {"code": CODE, "until": LAST_DAY}}
    ask(NEIGHBOUR)
    assert LoginCode.objects.filter(LoginCode.live(timezone.now())).count() == 3
    assert list(upkeep.find_broken()) == []


# Entering


def test_the_fixed_code_logs_in_once():
    login_code = ask()
    done = enter(login_code)
    assert done.created and done.account.e164 == PHONE
    with pytest.raises(CodeUsed):
        enter(login_code)
    assert not enter(ask()).created
    assert PhoneAccount.objects.count() == 1


def test_leading_zeros_of_the_fixed_code_may_be_left_out_of_a_number():
    assert enter(ask(), int(CODE)).created


def test_exactly_so_many_guesses_at_a_test_number_are_evaluated(settings):
    settings.PHONE_INVITES_CODE_ATTEMPTS = 2
    login_code = ask()
    for left in (1, 0):
        with pytest.raises(CodeInvalid) as refused:
            enter(login_code, WRONG)
        assert refused.value.attempts_left == left
    with pytest.raises(CodeExhausted):
        enter(login_code)


def test_a_malformed_guess_at_a_test_number_costs_nothing():
    login_code = ask()
    with pytest.raises(CodeMalformed):
        enter(login_code, CODE[:6])
    login_code.refresh_from_db()
    assert login_code.attempts == 0


def test_an_address_has_its_limit_of_guesses_at_a_test_number(settings):
    settings.PHONE_INVITES_ADDRESS_FAILURES_PER_HOUR = 1
    login_code = ask()
    with pytest.raises(CodeInvalid):
        enter(login_code, WRONG, address="192.0.2.1")
    with pytest.raises(RateLimited) as refused:
        enter(login_code, address="192.0.2.1")
    assert refused.value.limit == "address-failures"
    assert enter(login_code, address="192.0.2.2").created


def test_a_code_of_a_test_number_expires(clock):
    login_code = ask()
    clock.shift(300)
    with pytest.raises(CodeExpired):
        enter(login_code)


def test_the_derived_code_of_a_test_number_is_wrong():
    login_code = ask()
    with pytest.raises(CodeInvalid):
        enter(login_code, codes.derive(login_code.seed))


def test_a_code_that_was_sent_is_not_the_fixed_one(settings):
    """The row decides, also where the number has become a test number since."""
    settings.PHONE_INVITES_CODE_LENGTH = len(CODE)
    login_code = ask(NEIGHBOUR)
    settings.PHONE_INVITES_TEST_NUMBERS = {NEIGHBOUR: {"code": CODE, "until": LAST_DAY}}
    with pytest.raises(CodeInvalid):
        enter(login_code)
    assert enter(login_code, outbox[0].code).created


def test_a_fixed_code_that_was_changed_is_wrong(settings):
    login_code = ask()
    settings.PHONE_INVITES_TEST_NUMBERS = {PHONE: {"code": WRONG, "until": LAST_DAY}}
    with pytest.raises(CodeInvalid):
        enter(login_code)
    assert enter(login_code, WRONG).created


def test_a_number_that_is_no_test_number_any_more_accepts_nothing(settings):
    login_code = ask()
    settings.PHONE_INVITES_TEST_NUMBERS = {}
    for guess in (CODE, codes.derive(login_code.seed)):
        with pytest.raises(CodeExpired):
            enter(login_code, guess)
    login_code.refresh_from_db()
    assert login_code.attempts == 0


@pytest.mark.parametrize("zone", ["UTC", "Asia/Tokyo", "America/Los_Angeles"])
def test_a_test_number_ends_with_its_last_day_in_utc(clock, zone):
    move_to_end_of_last_day(clock)
    with timezone.override(zone):
        in_time, late = ask(), ask()
        assert enter(in_time).created
        clock.shift(MICROSECOND)
        with pytest.raises(CodeExpired):
            enter(late)
        assert not ask().is_test
    assert [message.phone for message in outbox] == [PHONE]


# Whom it logs in


@pytest.mark.parametrize("right", ["is_staff", "is_superuser"])
def test_a_test_number_logs_in_neither_staff_nor_superusers(right, clock, caplog):
    user = sign_up(PHONE)
    get_user_model().objects.update(**{right: True})
    verified_at = PhoneAccount.objects.get().verified_at
    clock.shift(1)
    login_code = ask()
    with pytest.raises(CodeInvalid):
        enter(login_code, WRONG)
    caplog.clear()
    with caplog.at_level(logging.WARNING), pytest.raises(AccountDisabled):
        enter(login_code)
    assert [record.event for record in caplog.records] == ["test_code_refused"]
    with pytest.raises(CodeExpired):
        enter(login_code)
    login_code.refresh_from_db()
    assert (login_code.attempts, login_code.used_at) == (2, None)
    assert login_code.ended_at == timezone.now()
    assert PhoneAccount.objects.get(user=user).verified_at == verified_at


def test_staff_are_not_signed_in_before_they_are_refused():
    sign_up(PHONE)
    get_user_model().objects.update(is_staff=True)
    signed_in = []
    with pytest.raises(AccountDisabled):
        verify_code(login_code=ask(), guess=CODE, sign_in=signed_in.append)
    assert signed_in == []


def test_staff_log_in_with_a_code_that_was_sent():
    user = sign_up(NEIGHBOUR)
    get_user_model().objects.update(is_staff=True, is_superuser=True)
    login_code = ask(NEIGHBOUR)
    assert enter(login_code, outbox[0].code).account.user == user


def make_staff(phone):
    """Stand in for a site that links a first login to a member of its staff."""
    model = get_user_model()
    return model.objects.create(**{model.USERNAME_FIELD: phone, "is_staff": True})


def test_a_first_login_is_not_linked_to_staff(settings):
    settings.PHONE_INVITES_CREATE_USER = f"{__name__}.make_staff"
    login_code = ask()
    with pytest.raises(AccountDisabled):
        enter(login_code)
    assert not get_user_model().objects.exists()
    assert not PhoneAccount.objects.exists() and not InviteCode.objects.exists()
    with pytest.raises(CodeExpired):
        enter(login_code)


def test_a_disabled_user_is_refused_with_a_fixed_code_too():
    user = sign_up(PHONE)
    user.is_active = False
    user.save()
    with pytest.raises(AccountDisabled):
        enter(ask())


@pytest.mark.parametrize(
    ("rights", "trusted"),
    [
        ({}, False),
        ({"is_staff": False, "is_superuser": False}, False),
        ({"is_staff": True}, True),
        ({"is_superuser": True}, True),
    ],
)
def test_a_user_model_need_have_no_rights(rights, trusted):
    assert fixed_codes.is_trusted(SimpleNamespace(**rights)) is trusted


# What is logged


def test_every_use_is_logged_with_a_masked_number(caplog):
    caplog.set_level(logging.DEBUG, "django_phone_invites")
    login_code = ask(address="203.0.113.7")
    enter(login_code)
    assert [(record.event, record.levelname) for record in caplog.records] == [
        ("test_code_requested", "WARNING"),
        ("test_code_verified", "WARNING"),
    ]
    assert [record.getMessage() for record in caplog.records] == [
        f"Login code {login_code.pk} was asked for the test number +7 •••-•••-••-00.",
        f"Login code {login_code.pk} of the test number +7 •••-•••-••-00 was verified.",
    ]
    text = caplog.text + "".join(map(told, caplog.records))
    secrets = (CODE, PHONE, PHONE[1:], login_code.token, login_code.nonce, "203.0.113.7")
    assert [secret for secret in secrets if secret in text] == []


def test_a_refusal_of_staff_is_logged_with_a_masked_number(caplog):
    sign_up(PHONE)
    get_user_model().objects.update(is_staff=True)
    login_code = ask()
    with pytest.raises(AccountDisabled):
        enter(login_code)
    assert caplog.records[-1].getMessage() == (
        f"Login code {login_code.pk} of the test number +7 •••-•••-••-00 was refused: staff or a"
        " superuser."
    )


# Races


@pytest.mark.django_db(transaction=True)
def test_parallel_right_guesses_at_a_test_number_give_one_login(in_parallel):
    login_code = ask()
    results = in_parallel([lambda: enter(login_code)] * 20)
    assert sorted(getattr(result, "code", "done") for result in results) == (
        ["code_used"] * 19 + ["done"]
    )


@pytest.mark.django_db(transaction=True)
def test_parallel_requests_leave_two_live_codes_of_a_test_number(in_parallel, clock):
    clock.move_to(timezone.now(), tick=True)
    in_parallel([lambda end=end: ask(address=f"192.0.2.{end}") for end in range(20)])
    assert LoginCode.objects.count() == 20
    assert LoginCode.objects.filter(LoginCode.live(timezone.now())).count() == 2
