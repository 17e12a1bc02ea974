"""What rows keep, what they show, and that their conditions agree with their methods."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from django_phone_invites import codes
from django_phone_invites.models import (
    ErasedPhone,
    InviteActivation,
    InviteCode,
    LimitCounter,
    LoginCode,
    PhoneAccount,
)
from django_phone_invites.testing import sign_up

PHONE = "+79096869722"
NOW = dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.timezone.utc)


def test_an_erased_phone_shows_nothing_of_it() -> None:
    row = ErasedPhone(pk=7, digest=codes.digest_phone(PHONE), has_activated=True, erased_at=NOW)
    assert str(row) == "erased phone 7"


def make_code(**changes: Any) -> LoginCode:
    return LoginCode(
        **{
            "phone": PHONE,
            "purpose": "login",
            "channel": "web",
            "length": 6,
            "locale": "en",
            "created_at": NOW,
            "expires_at": NOW + dt.timedelta(minutes=5),
            **changes,
        }
    )


def make_invite(code: str = "SUMMER", **changes: Any) -> InviteCode:
    return InviteCode.objects.create(code=code, **changes)


@pytest.mark.django_db
def test_an_account_is_found_however_its_number_is_written() -> None:
    user = sign_up(PHONE)
    assert PhoneAccount.objects.get(phone="+7 (909) 686-97-22").user == user
    assert PhoneAccount.objects.get(user=user).e164 == PHONE


@pytest.mark.django_db
def test_an_account_shows_its_number_masked() -> None:
    account = PhoneAccount.objects.get(user=sign_up(PHONE))
    assert str(account) == "+7 •••-•••-••-22"
    assert "9096869" not in repr(account)


@pytest.mark.django_db
def test_one_phone_is_one_account() -> None:
    sign_up(PHONE)
    other = sign_up("+79096869723")
    with pytest.raises(IntegrityError), transaction.atomic():
        PhoneAccount.objects.filter(user=other).update(phone=PHONE)


@pytest.mark.django_db
def test_deleting_a_user_deletes_account_and_own_code() -> None:
    sign_up(PHONE).delete()
    assert not PhoneAccount.objects.exists()
    assert not InviteCode.objects.exists()


def test_a_login_code_shows_neither_number_nor_token_nor_nonce() -> None:
    login_code = make_code()
    assert str(login_code) == "+7 •••-•••-••-22, 2026-01-02 03:04:05"
    for secret in (PHONE, login_code.token, login_code.nonce, codes.derive(login_code.seed)):
        assert secret not in f"{login_code!r} {login_code}"


@pytest.mark.django_db
def test_no_column_holds_the_code() -> None:
    login_code = make_code(length=12)
    login_code.save()
    row = LoginCode.objects.filter(pk=login_code.pk).values().get()
    assert codes.derive(login_code.seed) not in {str(value) for value in row.values()}


def test_tokens_and_nonces_of_two_codes_differ() -> None:
    one, two = make_code(), make_code()
    assert one.token != two.token
    assert one.nonce != two.nonce
    assert one.token != one.nonce


@pytest.mark.django_db
def test_a_stored_code_derives_the_same_digits() -> None:
    login_code = make_code()
    login_code.save()
    stored = LoginCode.objects.get(pk=login_code.pk)
    assert stored.seed == login_code.seed
    assert stored.seed == codes.Seed(
        phone=PHONE, purpose="login", token=stored.token, nonce=stored.nonce, length=6
    )


@pytest.mark.parametrize(("attempts", "left"), [(0, 3), (2, 1), (3, 0), (7, 0)])
def test_attempts_left_never_fall_below_zero(attempts: int, left: int, settings: Any) -> None:
    settings.PHONE_INVITES_CODE_ATTEMPTS = 3
    assert make_code(attempts=attempts).attempts_left == left


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("changes", "live"),
    [
        ({}, True),
        ({"attempts": 2}, True),
        ({"attempts": 3}, False),
        ({"used_at": NOW}, False),
        ({"ended_at": NOW}, False),
        ({"expires_at": NOW + dt.timedelta(microseconds=1)}, True),
        ({"expires_at": NOW}, False),
        ({"expires_at": NOW - dt.timedelta(seconds=1)}, False),
    ],
)
def test_the_condition_of_a_live_code_is_the_rule_of_its_method(
    changes: dict[str, Any], live: bool, settings: Any
) -> None:
    settings.PHONE_INVITES_CODE_ATTEMPTS = 3
    login_code = make_code(**changes)
    login_code.save()
    assert login_code.is_live(NOW) is live
    assert LoginCode.objects.filter(LoginCode.live(NOW)).exists() is live


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("changes", "usable"),
    [
        ({}, True),
        ({"expires_at": NOW + dt.timedelta(microseconds=1)}, True),
        ({"expires_at": NOW}, False),
        ({"max_uses": 2, "uses": 1}, True),
        ({"max_uses": 2, "uses": 2}, False),
        ({"max_uses": 0}, False),
        ({"uses": 1_000_000}, True),
        ({"revoked_at": NOW - dt.timedelta(days=1)}, False),
    ],
)
def test_an_invite_code_is_usable_up_to_its_bounds(changes: dict[str, Any], usable: bool) -> None:
    make_invite(**changes)
    assert InviteCode.objects.filter(InviteCode.usable(NOW)).exists() is usable


@pytest.mark.django_db
def test_two_invite_codes_cannot_differ_in_case_only() -> None:
    make_invite("SUMMER")
    with pytest.raises(IntegrityError), transaction.atomic():
        make_invite("summer")


@pytest.mark.django_db
def test_a_code_that_is_saved_can_be_looked_up() -> None:
    row = InviteCode.objects.create(code=" Summer ")
    assert InviteCode.objects.get(folded="SUMMER") == row
    row.code = "Autumn"
    row.save(update_fields=["code"])
    assert InviteCode.objects.get(folded="AUTUMN") == row
    row.label = "leaves"
    row.save(update_fields=["label"])
    assert InviteCode.objects.get(folded="AUTUMN").label == "leaves"


@pytest.mark.django_db
@pytest.mark.parametrize("code", ["", "abc", "sprıng", "spring 26", "x" * 33])
def test_what_cannot_be_a_code_is_not_saved(code: str) -> None:
    with pytest.raises(ValueError, match="is no invite code: use 4 to 32 letters"):
        InviteCode.objects.create(code=code, folded="SUMMER")
    assert not InviteCode.objects.exists()


def test_an_invite_code_reads_as_itself() -> None:
    assert str(InviteCode(code="TwXK36")) == "TwXK36"


def activate(user: Any, code: InviteCode, **changes: Any) -> InviteActivation:
    return InviteActivation.objects.create(
        **{
            "invitee": user,
            "inviter": code.owner,
            "invite_code": code,
            "code": code.code,
            "activated_at": NOW,
            **changes,
        }
    )


@pytest.mark.django_db
def test_an_activation_outlives_inviter_and_invitee() -> None:
    inviter, invitee = sign_up(PHONE), sign_up("+79096869723")
    activation = activate(invitee, inviter.invite_code)
    code = activation.code
    inviter.delete()
    invitee.delete()
    activation.refresh_from_db()
    assert (activation.inviter, activation.invitee, activation.invite_code) == (None, None, None)
    assert activation.code == code
    assert str(activation) == f"{code}, 2026-01-02 03:04:05"


@pytest.mark.django_db
def test_an_activation_knows_the_phone_of_its_invitee() -> None:
    activation = activate(sign_up("+7 909 686-97-22"), make_invite())
    assert activation.invitee_phone == PHONE


@pytest.mark.django_db
def test_the_database_keeps_one_activation_for_a_user() -> None:
    user, code = sign_up(PHONE), make_invite()
    activate(user, code)
    with pytest.raises(IntegrityError), transaction.atomic():
        activate(user, code)


@pytest.mark.django_db
def test_the_database_keeps_one_activation_for_a_pair_and_many_without() -> None:
    code = make_invite()
    activate(sign_up(PHONE), code)
    activate(sign_up("+79096869723"), code)
    activate(sign_up("+79096869724"), code, pair="1:2")
    late = sign_up("+79096869725")
    with pytest.raises(IntegrityError), transaction.atomic():
        activate(late, code, pair="1:2")
    assert InviteActivation.objects.count() == 3


@pytest.mark.django_db
def test_a_counter_shows_its_number_and_not_the_phone() -> None:
    counter = LimitCounter.objects.create(
        key=f"phone-messages:{PHONE}", events="[[1,2]]", updated_at=timezone.now()
    )
    counter.refresh_from_db()
    assert str(counter) == f"limit {counter.pk}"
    assert PHONE not in repr(counter)
    assert (counter.events, counter.version) == ("[[1,2]]", 0)
