"""Logging in with a login code; no client, no request."""

from __future__ import annotations

import datetime as dt
from collections import Counter

import pytest
from django.contrib.auth import get_user_model
from django.db import IntegrityError, OperationalError, connection, transaction

from django_phone_invites import codes, signals
from django_phone_invites.exceptions import (
    AccountConflict,
    AccountDisabled,
    AccountMissing,
    CodeExhausted,
    CodeExpired,
    CodeInvalid,
    CodeMalformed,
    CodeUsed,
    InviteUnknown,
    Unavailable,
)
from django_phone_invites.models import InviteCode, PhoneAccount
from django_phone_invites.senders.memory import outbox
from django_phone_invites.services import accounts, linking
from django_phone_invites.services.challenges import find_code, get_challenge, request_code
from django_phone_invites.services.login import verify_code
from django_phone_invites.testing import sign_up

pytestmark = pytest.mark.django_db

PHONE = "+79096869722"
OTHER_PHONE = "+79096869723"
THREADS = 20


def codes_of(results):
    return Counter(getattr(result, "code", "done") for result in results)


# Asking


def test_exactly_so_many_guesses_are_evaluated(ask, settings):
    settings.PHONE_INVITES_CODE_ATTEMPTS = 3
    asked = ask()
    for left in (2, 1, 0):
        with pytest.raises(CodeInvalid) as refused:
            asked.enter(asked.wrong(left + 1))
        assert refused.value.attempts_left == left
        assert refused.value.resend_at == asked.challenge.resend_at
    with pytest.raises(CodeExhausted):
        asked.enter(asked.wrong())
    with pytest.raises(CodeExhausted):
        asked.enter()
    assert asked.fresh.attempts == 3
    assert not PhoneAccount.objects.exists()


def test_the_right_code_is_the_last_guess_that_counts(ask, settings):
    settings.PHONE_INVITES_CODE_ATTEMPTS = 2
    asked = ask()
    with pytest.raises(CodeInvalid):
        asked.enter(asked.wrong())
    assert asked.enter().created


def test_a_code_is_right_once(ask):
    asked = ask()
    asked.enter()
    with pytest.raises(CodeUsed):
        asked.enter()
    with pytest.raises(CodeUsed):
        asked.enter(asked.wrong())
    assert asked.fresh.attempts == 1


def test_a_stale_row_decides_nothing(ask):
    """What a process read before another one used up the code is worth nothing."""
    asked = ask()
    stale = asked.fresh
    asked.enter()
    with pytest.raises(CodeUsed):
        verify_code(login_code=stale, guess=asked.digits, sign_in=lambda user: None)


def test_a_code_ends_at_its_last_moment(ask, clock):
    early, late = ask(), ask(OTHER_PHONE)
    clock.shift(dt.timedelta(seconds=299.999))
    assert early.enter().created
    clock.shift(dt.timedelta(seconds=0.001))
    with pytest.raises(CodeExpired):
        late.enter()
    with pytest.raises(CodeExpired):
        late.enter(late.wrong())
    assert late.fresh.attempts == 0


def test_a_code_is_right_for_its_own_challenge_only(ask, settings):
    settings.PHONE_INVITES_CODE_LENGTH = 12
    one, other = ask(), ask(OTHER_PHONE)
    with pytest.raises(CodeInvalid):
        one.enter(other.digits)


@pytest.mark.parametrize(
    "guess",
    [
        "", " ", "12345", "1234567", "12345\n", " 123456", "12345a", "-12345", "8_9171", "１２３４５６",
        "٠١٢٣٤٥", "12345\0", -1, 10**6, 10**400, True, False, 1.0, float("nan"), None, [], {}, b"123456",
    ],
)  # fmt: skip
def test_a_malformed_guess_costs_nothing(ask, guess):
    asked = ask()
    with pytest.raises(CodeMalformed):
        verify_code(login_code=asked.row, guess=guess, sign_in=lambda user: None)
    assert asked.fresh.attempts == 0


@pytest.fixture
def zeros(ask, settings):
    """A code of four digits that begins with a zero; with another nonce, as it happens one time in ten."""
    settings.PHONE_INVITES_CODE_LENGTH = 4
    asked = ask()
    row = asked.fresh
    while not (digits := codes.derive(row.seed)).startswith("0"):
        row.nonce = codes.new_nonce()
    row.save()
    return asked._replace(digits=digits)


def test_leading_zeros_may_be_left_out_of_a_number(zeros):
    assert zeros.enter(int(zeros.digits)).created


def test_leading_zeros_count_in_text(zeros):
    with pytest.raises(CodeMalformed):
        zeros.enter(zeros.digits[1:])
    assert zeros.enter(zeros.digits).created


def test_a_code_outlives_the_rotation_of_the_key(ask, settings):
    asked = ask()
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "newer", ["older", "tests"]
    assert asked.enter().created


def test_a_code_ends_with_its_key(ask, settings):
    settings.PHONE_INVITES_CODE_LENGTH = 12
    asked = ask()
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "newer", ["older"]
    with pytest.raises(CodeInvalid):
        asked.enter()


@pytest.mark.django_db(transaction=True)
def test_attempts_survive_the_refusal(ask):
    asked = ask()
    for _ in range(2):
        with pytest.raises(CodeInvalid):
            asked.enter(asked.wrong())
    connection.close()
    assert asked.fresh.attempts == 2


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("right", [True, False])
def test_guessing_inside_a_transaction_is_a_fault_of_the_caller(ask, right):
    asked = ask()
    with transaction.atomic(), pytest.raises(RuntimeError):
        asked.enter(asked.digits if right else asked.wrong())
    assert asked.fresh.attempts == 0
    assert not PhoneAccount.objects.exists()


# Logging in


def test_the_first_right_code_makes_user_account_and_invite_code(ask):
    done = ask().enter()
    account = PhoneAccount.objects.get()
    assert done.created and done.account == account and done.result == account.user.pk
    assert account.e164 == PHONE
    assert account.user.invite_code.uses == 0
    assert not account.user.has_usable_password()


def test_a_later_right_code_finds_the_same_user(ask, clock):
    first = ask().enter()
    clock.shift(61)
    second = ask().enter()
    assert not second.created
    assert second.account == first.account
    assert second.account.verified_at > first.account.verified_at
    assert PhoneAccount.objects.get().verified_at == second.account.verified_at
    assert InviteCode.objects.count() == 1


def test_a_disabled_user_is_refused_by_the_right_code_alone(ask):
    user = sign_up(PHONE)
    user.is_active = False
    user.save()
    asked = ask()
    with pytest.raises(CodeInvalid):
        asked.enter(asked.wrong())
    with pytest.raises(AccountDisabled):
        asked.enter()
    assert (asked.fresh.attempts, asked.fresh.used_at) == (2, None)
    with pytest.raises(CodeExpired):
        asked.enter()


def test_a_right_code_of_a_disabled_user_is_logged(ask, caplog):
    user = sign_up(PHONE)
    asked = ask()
    type(user)._default_manager.update(is_active=False)
    caplog.set_level("INFO")
    caplog.clear()
    with pytest.raises(AccountDisabled):
        asked.enter()
    (record,) = caplog.records
    assert record.event == "login_refused"
    assert record.getMessage() == (
        f"Login code {asked.fresh.pk} was right, and its phone may not log in: account_disabled."
    )


def test_a_user_disabled_after_asking_is_refused(ask):
    user = sign_up(PHONE)
    asked = ask()
    type(user).objects.update(is_active=False)
    with pytest.raises(AccountDisabled):
        asked.enter()


@pytest.mark.parametrize(("module", "name"), [(accounts, "find"), (linking, "find_user")])
def test_a_user_disabled_while_the_code_is_entered_is_refused(
    ask, monkeypatch, settings, module, name
):
    user = sign_up(PHONE)
    if module is linking:
        PhoneAccount.objects.all().delete()
        settings.PHONE_INVITES_LINK_USER = f"{__name__}.only_user"
    asked = ask()
    find = getattr(module, name)

    def disable_after(phone):
        found = find(phone)
        type(user)._default_manager.update(is_active=False)
        return found

    monkeypatch.setattr(module, name, disable_after)
    with pytest.raises(AccountDisabled):
        asked.enter()
    assert asked.fresh.used_at is None
    assert asked.fresh.ended_at is not None


def only_user(phone):
    return get_user_model()._default_manager.get()


def test_a_disabled_user_s_exhausted_code_is_exhausted(ask, settings):
    settings.PHONE_INVITES_CODE_ATTEMPTS = 1
    user = sign_up(PHONE)
    asked = ask()
    with pytest.raises(CodeInvalid):
        asked.enter(asked.wrong())
    type(user).objects.update(is_active=False)
    with pytest.raises(CodeExhausted):
        asked.enter()


def test_a_deleted_user_s_phone_starts_anew(ask, clock):
    old = ask().enter().account.user
    pk = old.pk
    old.delete()
    clock.shift(61)
    done = ask().enter()
    assert done.created and done.account.user.pk != pk


def test_no_code_is_used_without_a_login(ask):
    asked = ask()

    def fail(user):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        verify_code(login_code=asked.row, guess=asked.digits, sign_in=fail)
    assert (asked.fresh.used_at, asked.fresh.attempts) == (None, 0)
    assert not get_user_model().objects.exists()
    assert asked.enter().created


def test_a_conflict_while_signing_in_starts_again(ask):
    asked = ask()
    tries = []

    def conflict_twice(user):
        tries.append(user)
        if len(tries) < 3:
            raise IntegrityError
        return "in"

    done = verify_code(login_code=asked.row, guess=asked.digits, sign_in=conflict_twice)
    assert done.result == "in"
    assert get_user_model().objects.count() == PhoneAccount.objects.count() == 1
    assert asked.fresh.attempts == 1


def test_conflicts_without_end_are_given_up(ask):
    asked = ask()

    def conflict(user):
        raise IntegrityError

    with pytest.raises(AccountConflict):
        verify_code(login_code=asked.row, guess=asked.digits, sign_in=conflict)
    assert asked.fresh.used_at is None
    assert not get_user_model().objects.exists()


def test_an_account_deleted_meanwhile_is_made_anew(ask):
    """A race: the account is deleted between the look-up and the login."""
    sign_up(PHONE)
    asked = ask()
    deleted = []

    def delete_once(execute, sql, params, many, context):
        result = execute(sql, params, many, context)
        if not deleted and sql.startswith("SELECT") and PhoneAccount._meta.db_table in sql:
            deleted.append(sql)
            PhoneAccount.objects.all().delete()
            get_user_model().objects.all().delete()
        return result

    with connection.execute_wrapper(delete_once):
        done = asked.enter()
    assert done.created and PhoneAccount.objects.get() == done.account


def test_signals_are_sent_after_the_login_and_undo_nothing(ask, clock):
    heard = []

    def listen(sender, signal, **arguments):
        heard.append((signal, *(arguments.get(name) for name in ("account", "user", "created"))))
        raise ZeroDivisionError

    signals.account_created.connect(listen)
    signals.phone_verified.connect(listen)
    try:
        account = ask().enter().account
        clock.shift(61)
        ask().enter()
    finally:
        signals.account_created.disconnect(listen)
        signals.phone_verified.disconnect(listen)
    assert heard == [
        (signals.account_created, account, account.user, None),
        (signals.phone_verified, account, account.user, True),
        (signals.phone_verified, account, account.user, False),
    ]


def test_the_invite_brought_along_is_activated_at_the_first_login(ask):
    inviter = sign_up(OTHER_PHONE)
    done = ask(invite=inviter.invite_code.code.swapcase()).enter()
    assert done.invite_refusal is None
    assert accounts.get_profile(done.account.user).activated_code == inviter.invite_code.code
    assert InviteCode.objects.get(owner=inviter).uses == 1


def test_a_first_login_without_an_invite_reports_no_refusal(ask):
    done = ask().enter()
    assert done.created
    assert done.invite_refusal is None


def test_a_refused_invite_does_not_stop_the_login(ask):
    done = ask(invite="NOBODY").enter()
    assert done.created
    assert isinstance(done.invite_refusal, InviteUnknown)
    assert accounts.get_profile(done.account.user).activated_code is None


def test_a_later_login_activates_nothing(ask):
    inviter, invitee = sign_up(OTHER_PHONE), sign_up(PHONE)
    done = ask(invite=inviter.invite_code.code).enter()
    assert done.invite_refusal is None
    assert accounts.get_profile(invitee).activated_code is None


# Verifying somebody again


def verify_again(asked, user, guess=None):
    return verify_code(
        login_code=asked.fresh, guess=guess or asked.digits, sign_in=lambda found: found, only=user
    )


def test_a_right_code_verifies_its_user_again(ask, clock):
    user = sign_up(PHONE)
    clock.shift(90)
    done = verify_again(ask(), user)
    assert (done.result, done.created) == (user, False)
    assert PhoneAccount.objects.get().verified_at == done.account.verified_at
    assert done.account.verified_at > done.account.created_at


def test_a_wrong_code_costs_an_attempt_here_too(ask):
    user, asked = sign_up(PHONE), ask()
    with pytest.raises(CodeInvalid):
        verify_again(asked, user, asked.wrong())
    assert asked.fresh.attempts == 1


def test_a_phone_that_is_another_user_s_by_now_lets_nobody_in(ask):
    user, other, asked = sign_up(PHONE), sign_up(OTHER_PHONE), ask()
    PhoneAccount.objects.filter(user=user).delete()
    PhoneAccount.objects.filter(user=other).update(phone=PHONE)
    before = PhoneAccount.objects.get().verified_at
    with pytest.raises(AccountConflict):
        verify_again(asked, user)
    assert PhoneAccount.objects.get().verified_at == before
    assert asked.fresh.used_at is None
    with pytest.raises(CodeExpired):
        asked.enter()


def test_a_phone_that_is_nobody_s_by_now_makes_nobody(ask):
    user, asked = sign_up(PHONE), ask()
    PhoneAccount.objects.all().delete()
    with pytest.raises(AccountMissing):
        verify_again(asked, user)
    assert not PhoneAccount.objects.exists()
    assert asked.fresh.ended_at is not None


def test_a_user_disabled_meanwhile_is_not_verified(ask):
    user, asked = sign_up(PHONE), ask()
    type(user).objects.update(is_active=False)
    with pytest.raises(AccountDisabled):
        verify_again(asked, user)


# A database that does not answer


@pytest.mark.parametrize(
    "service",
    [
        lambda row: request_code(phone=PHONE, channel="web"),
        lambda row: find_code(channel="web", token=row.token),
        lambda row: get_challenge(row),
        lambda row: verify_code(login_code=row, guess="000000", sign_in=lambda user: None),
        lambda row: accounts.get_account(row),
        lambda row: accounts.get_profile(row),
        lambda row: accounts.get_invitees(row),
    ],
)
def test_a_silent_database_is_a_refusal(ask, service):
    row = ask(OTHER_PHONE).row
    user = sign_up(PHONE)

    def silent(*arguments):
        raise OperationalError("server closed the connection unexpectedly")

    known = user if service.__code__.co_names[:1] == ("accounts",) else row
    with connection.execute_wrapper(silent), pytest.raises(Unavailable):
        service(known)
    assert len(outbox) == 1


# Races


@pytest.mark.django_db(transaction=True)
def test_parallel_right_codes_give_one_login(ask, in_parallel):
    asked = ask()
    results = in_parallel([asked.enter] * THREADS)
    assert codes_of(results) == {"done": 1, "code_used": THREADS - 1}
    assert PhoneAccount.objects.count() == get_user_model().objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_parallel_wrong_guesses_are_evaluated_up_to_the_limit(ask, in_parallel):
    asked = ask()
    results = in_parallel(
        [lambda step=step: asked.enter(asked.wrong(step)) for step in range(1, 21)]
    )
    assert codes_of(results) == {"code_invalid": 5, "code_exhausted": 15}
    assert asked.fresh.attempts == 5
    with pytest.raises(CodeExhausted):
        asked.enter()


@pytest.mark.django_db(transaction=True)
def test_parallel_first_logins_make_one_user(ask, in_parallel, clock):
    first = ask()
    clock.shift(61)
    second = ask()
    results = in_parallel([first.enter, second.enter])
    assert sorted(done.created for done in results) == [False, True]
    assert results[0].account == results[1].account
    assert get_user_model().objects.count() == PhoneAccount.objects.count() == 1
    assert InviteCode.objects.count() == 1
