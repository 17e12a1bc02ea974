"""Asking for a login code, and finding it again; no client, no request."""

from __future__ import annotations

import datetime as dt
from collections import Counter

import pytest
from django.contrib.auth import get_user_model
from django.db import transaction
from django.utils import timezone, translation

from django_phone_invites.exceptions import (
    CodeExpired,
    CodeNotFound,
    CodeUsed,
    PhoneInvalid,
    RateLimited,
    Refusal,
)
from django_phone_invites.models import InviteCode, LimitCounter, LoginCode, PhoneAccount
from django_phone_invites.senders import Message, Receipt, Sender, SendError
from django_phone_invites.senders.memory import outbox
from django_phone_invites.services.challenges import (
    find_code,
    get_challenge,
    replace_invite,
    request_code,
)
from django_phone_invites.testing import sign_up

pytestmark = pytest.mark.django_db

PHONE = "+79096869722"
OTHER_PHONE = "+79096869723"
THREADS = 20


class FailingSender(Sender):
    """A provider that refuses every message."""

    def send(self, message: Message) -> Receipt:
        raise SendError("no credit for +79096869722", code="402")


class BrokenSender(Sender):
    """A sender with a fault of its own."""

    def send(self, message: Message) -> Receipt:
        raise ZeroDivisionError


def codes_of(results):
    return Counter(getattr(result, "code", "done") for result in results)


# Asking


def test_asking_makes_nobody(ask):
    ask()
    assert not get_user_model().objects.exists()
    assert not PhoneAccount.objects.exists()
    assert not InviteCode.objects.exists()


def test_the_code_stands_in_no_row(ask, settings):
    settings.PHONE_INVITES_CODE_LENGTH = 12
    asked = ask()
    for model in (LoginCode, LimitCounter):
        for row in model.objects.values_list():
            assert asked.digits not in repr(row)
    assert asked.digits not in f"{asked.fresh} {asked.fresh!r} {asked.challenge!r} {outbox[-1]!r}"


def test_the_message_is_sent_to_the_number_in_e164(ask):
    ask("+7 (909) 686-97-22")
    assert [message.phone for message in outbox] == [PHONE]


def test_the_code_has_the_length_and_life_of_the_settings(ask, settings, clock):
    settings.PHONE_INVITES_CODE_LENGTH = 8
    settings.PHONE_INVITES_CODE_LIFETIME = dt.timedelta(seconds=90)
    asked = ask()
    assert len(asked.digits) == 8
    assert asked.fresh.expires_at - timezone.now() == dt.timedelta(seconds=90)


def test_the_row_keeps_the_language_and_address_of_the_asker(ask):
    with translation.override("ru"):
        asked = ask(address="2001:db8::1")
    assert (asked.fresh.locale, asked.fresh.address) == ("ru", "2001:db8::1")


def test_the_row_has_a_language_when_translation_is_off(ask):
    with translation.override(None):
        assert ask().fresh.locale == "en"


@pytest.mark.parametrize(
    ("phone", "code"),
    [
        ("", "phone_invalid"),
        ("+7909686972", "phone_invalid"),
        ("+7909686\x009722", "phone_invalid"),
        ("+790968697\u200b22", "phone_invalid"),
        ("+1 800 FLOWERS", "phone_invalid"),
        ("+74956869722 ext. 5", "phone_invalid"),
        ("+70000000000", "phone_invalid"),
        ("+7" + "9" * 100, "phone_invalid"),
        ("+78001234567", "phone_type_refused"),
        ("+74951234567", "phone_type_refused"),
        ("+380501234567", "phone_region_refused"),
    ],
)
def test_a_refused_number_is_neither_stored_nor_counted(phone, code, settings):
    settings.PHONE_INVITES_REGIONS = ["RU"]
    with pytest.raises(Refusal) as refused:
        request_code(phone=phone, channel="web")
    assert refused.value.code == code
    assert not LoginCode.objects.exists()
    assert not LimitCounter.objects.exists()
    assert outbox == []


@pytest.mark.parametrize(
    "spellings",
    [
        [
            "+79096869722",
            "8 (909) 686-97-22",
            "\uff0b７ ９０９ 686 97 22",
            "+7\u00a0909\u2011686.97/22",
        ],
        ["+5491123456789", "+54 11 15-2345-6789", "+54 9 11 2345-6789"],
        ["+525512345678", "+52 1 55 1234 5678"],
        ["+5511961234567", "+55 (0)11 96123-4567"],
    ],
    ids=lambda spellings: spellings[0],
)
def test_one_person_s_number_is_one_account_and_one_limit(ask, clock, settings, spellings):
    settings.PHONE_INVITES_DEFAULT_REGION = "RU"
    settings.PHONE_INVITES_PHONE_MESSAGES_PER_HOUR = len(spellings)
    logins = []
    for spelling in spellings:
        logins.append(ask(spelling).enter().account.pk)
        for other in spellings:
            with pytest.raises(RateLimited):
                ask(other)
        clock.shift(dt.timedelta(minutes=10))
    with pytest.raises(RateLimited):
        ask(spellings[-1])
    assert set(logins) == {PhoneAccount.objects.get().pk}
    counters = LimitCounter.objects.filter(key__startswith="phone-messages:")
    assert counters.count() == 1


def test_an_account_survives_its_number_becoming_invalid(ask):
    obsolete = "+70000000000"
    with pytest.raises(PhoneInvalid):
        ask(obsolete)
    sign_up(obsolete)
    assert ask(obsolete).enter().created is False


def describe(challenge):
    """Return what a skin can show of a challenge, random ids left out."""
    row = challenge.login_code
    shown = ("channel", "purpose", "length", "attempts_left", "locale", "address", "invite")
    times = (row.created_at, row.expires_at, row.used_at, row.ended_at, challenge.resend_at)
    return [getattr(row, name) for name in shown], times


def test_new_known_and_disabled_phones_get_the_same_answer(ask, clock):
    sign_up("+79096869701")
    disabled = sign_up("+79096869702")
    disabled.is_active = False
    disabled.save()
    new, known, off = (describe(ask(f"+7909686970{last}").challenge) for last in range(3))
    assert new == known == off
    assert len(outbox) == 3


@pytest.mark.parametrize("sender", [FailingSender, BrokenSender])
def test_a_failing_sender_gets_the_same_answer(ask, sender, settings, clock):
    sent = describe(ask().challenge)
    settings.PHONE_INVITES_SENDER = {"BACKEND": f"{__name__}.{sender.__name__}"}
    failed = request_code(phone=OTHER_PHONE, channel="web")
    assert describe(failed) == sent
    assert LoginCode.objects.get(pk=failed.login_code.pk).delivery == LoginCode.Delivery.FAILED


def test_a_failed_message_counts_as_a_message(settings):
    settings.PHONE_INVITES_SENDER = {"BACKEND": f"{__name__}.FailingSender"}
    request_code(phone=PHONE, channel="web")
    with pytest.raises(RateLimited):
        request_code(phone=PHONE, channel="web")


def test_a_second_code_waits_for_the_cooldown(ask, clock):
    first = ask()
    assert first.challenge.resend_at - timezone.now() == dt.timedelta(seconds=60)
    clock.shift(dt.timedelta(seconds=59))
    with pytest.raises(RateLimited) as refused:
        ask(replaces=first.row.token)
    assert refused.value.retry_after == 1
    assert refused.value.retry_at == first.challenge.resend_at
    assert len(outbox) == LoginCode.objects.count() == 1
    assert first.enter().created

    clock.shift(dt.timedelta(seconds=1))
    assert ask().challenge.resend_at - timezone.now() == dt.timedelta(seconds=120)


def test_another_spelling_is_the_same_limit(ask):
    ask()
    with pytest.raises(RateLimited):
        ask("+7 909 686-97-22")


def test_a_success_gives_no_further_message(ask):
    ask().enter()
    with pytest.raises(RateLimited):
        ask()


def test_a_challenge_tells_when_the_next_code_can_be_had(ask):
    asked = ask()
    assert get_challenge(asked.fresh) == asked.challenge


@pytest.mark.parametrize(
    ("brought", "kept"), [(" abC234 ", "ABC234"), ("", ""), ("a b", ""), ("ÀBC234", ""), ("\0", "")]
)
def test_only_what_can_be_an_invite_code_is_brought_along(ask, brought, kept):
    assert ask(invite=brought).fresh.invite == kept


@pytest.mark.django_db(transaction=True)
def test_asking_inside_a_transaction_is_a_fault_of_the_caller():
    with transaction.atomic(), pytest.raises(RuntimeError):
        request_code(phone=PHONE, channel="web")
    assert outbox == []
    assert not LoginCode.objects.exists()


# Codes that end


def test_a_new_code_of_the_same_browser_ends_the_older(ask, clock):
    first = ask()
    clock.shift(61)
    second = ask(replaces=first.row.token)
    with pytest.raises(CodeExpired):
        first.enter()
    assert second.enter().created


def test_a_new_code_ends_the_same_browser_s_code_for_another_phone(ask):
    first = ask()
    ask(OTHER_PHONE, replaces=first.row.token)
    with pytest.raises(CodeExpired):
        first.enter()


def test_a_new_code_of_the_same_api_client_ends_the_older(ask, clock):
    first = ask(channel="api", address="192.0.2.1")
    clock.shift(61)
    ask(channel="api", address="192.0.2.1")
    with pytest.raises(CodeExpired):
        first.enter()


@pytest.mark.parametrize(
    ("channel", "address"), [("web", "192.0.2.1"), ("web", "192.0.2.2"), ("api", "192.0.2.2")]
)
def test_a_stranger_s_code_leaves_the_owner_s_alone(ask, channel, address, clock):
    first = ask(channel="api", address="192.0.2.1")
    clock.shift(61)
    second = ask(channel=channel, address=address)
    assert first.enter().created is True
    assert second.enter().created is False


def test_two_codes_of_a_phone_live_at_most(ask, clock):
    first = ask()
    clock.shift(61)
    second = ask()
    clock.shift(121)
    third = ask()
    with pytest.raises(CodeExpired):
        first.enter()
    assert LoginCode.objects.filter(LoginCode.live(timezone.now())).count() == 2
    assert second.enter().created
    assert not third.enter().created


def test_a_code_of_long_ago_ends_by_its_age_alone(ask, clock):
    first = ask()
    clock.shift(301)
    ask()
    assert first.fresh.ended_at is None
    with pytest.raises(CodeExpired):
        first.enter()


def test_a_used_code_stays_used_when_a_newer_one_is_sent(ask, clock):
    first = ask()
    first.enter()
    clock.shift(61)
    ask(replaces=first.row.token)
    assert first.fresh.ended_at is None
    with pytest.raises(CodeUsed):
        first.enter()


# Finding


def test_a_code_is_found_by_the_id_of_its_route(ask):
    row = ask().row
    assert find_code(channel="web", token=row.token) == row
    assert find_code(channel="web", pk=row.pk) == row


def test_the_other_channel_does_not_find_a_code(ask):
    row = ask(channel="web").row
    with pytest.raises(CodeNotFound):
        find_code(channel="api", token=row.token)
    with pytest.raises(CodeNotFound):
        find_code(channel="api", pk=row.pk)


def test_a_token_in_another_case_is_another_token(ask):
    row = ask().row
    LoginCode.objects.filter(pk=row.pk).update(token="ab" * 16)
    assert find_code(channel="web", token="ab" * 16) == row
    with pytest.raises(CodeNotFound):
        find_code(channel="web", token="AB" * 16)


@pytest.mark.parametrize("token", ["", " ", "x" * 10_000, "é", "\U0001f600"])
def test_a_strange_token_is_not_found(ask, token):
    ask()
    with pytest.raises(CodeNotFound):
        find_code(channel="web", token=token)


def test_a_token_with_nul_is_not_found(ask):
    ask()
    with pytest.raises(CodeNotFound):
        find_code(channel="web", token="\0")


@pytest.mark.parametrize("pk", [0, -1, 2**31, 2**63, 10**400])
def test_a_strange_number_is_not_found(ask, pk):
    ask()
    with pytest.raises(CodeNotFound):
        find_code(channel="web", pk=pk)


# Guessing


@pytest.mark.django_db(transaction=True)
def test_parallel_requests_send_one_message(in_parallel):
    results = in_parallel([lambda: request_code(phone=PHONE, channel="web")] * THREADS)
    assert codes_of(results) == {"done": 1, "rate_limited": THREADS - 1}
    assert len(outbox) == LoginCode.objects.count() == 1


# The invite that a first login activates


@pytest.mark.parametrize(("invite", "kept"), [("TwXK 36", "OLDOLD"), ("TwXK36", "TWXK36")])
def test_an_invite_takes_the_place_of_what_came_before(ask, invite, kept):
    asked = ask(invite="oldOld")
    replace_invite(login_code=asked.row, invite=invite)
    assert asked.fresh.invite == kept


def test_the_invite_of_a_code_that_is_over_stays(ask):
    asked = ask(invite="oldOld")
    asked.enter()
    replace_invite(login_code=asked.row, invite="TwXK36")
    assert asked.fresh.invite == "OLDOLD"
