"""Log in with a login code."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, NoReturn, TypeVar

from django.db import IntegrityError, models
from django.views.decorators.debug import sensitive_variables

from django_phone_invites import codes, logs, signals
from django_phone_invites.exceptions import (
    AccountConflict,
    AccountDisabled,
    CodeExhausted,
    CodeExpired,
    CodeInvalid,
    CodeMalformed,
    CodeRefusal,
    CodeUsed,
    Refusal,
)
from django_phone_invites.models import LoginCode, PhoneAccount, SiteUser
from django_phone_invites.services import accounts, invites
from django_phone_invites.services.boundary import service
from django_phone_invites.services.failures import Failures
from django_phone_invites.transactions import run_durably

T = TypeVar("T")

#: Two first logins of one phone may meet, or a login its account's end: the loser starts again.
_SIGN_UP_TRIES = 3


@dataclass(frozen=True)
class Login(Generic[T]):
    """A right code: who is in, whether they are new, and what ``sign_in`` returned."""

    account: PhoneAccount
    created: bool
    result: T
    #: Why the invite code that was brought along was not activated, if it was not.
    invite_refusal: Refusal | None = None


@sensitive_variables()
@service
def verify_code(
    *,
    login_code: LoginCode,
    guess: object,
    sign_in: Callable[[SiteUser], T],
    address: str | None = None,
) -> Login[T]:
    """Log in with a code: once, and within its attempts and its life.

    Args:
        login_code: from :func:`challenges.find_code`.
        guess: what was entered; a string of ASCII digits or an int.
        sign_in: called with the user inside the transaction that uses up the code, so that no code
            is used without a login. What it returns is ``Login.result``.
        address: the address that the guess comes from.

    Raises:
        CodeMalformed: no code could look like this; no attempt is spent.
        CodeInvalid: a wrong guess; one attempt is spent.
        CodeExpired, CodeUsed, CodeExhausted: the code is over.
        RateLimited: too many wrong guesses from this address; this one was not evaluated.
        AccountConflict: right, but there is a user that the phone's user would collide with.
        AccountDisabled: right, but the user may not log in.
        Unavailable: the database does not answer.
    """
    failures = Failures(login_code, address)
    try:
        digits = codes.read_guess(guess, length=login_code.length)
    except CodeMalformed:
        run_durably(failures.count_malformed)
        raise
    if not login_code.is_live(failures.now):
        raise _why_over(login_code)
    if not codes.matches(login_code.seed, digits):
        _refuse_wrong(login_code, failures)
    account, created, result = _log_in(login_code, failures, sign_in)
    logs.record("code_verified", "Login code %s was verified.", login_code.pk)
    if created:
        signals.account_created.send_robust(PhoneAccount, account=account, user=account.user)
    signals.phone_verified.send_robust(
        PhoneAccount, account=account, user=account.user, created=created
    )
    refusal = _bring_along(login_code, account) if created else None
    return Login(account, created, result, refusal)


def _bring_along(login_code: LoginCode, account: PhoneAccount) -> Refusal | None:
    """Activate the invite code that came with a first login; the login stands either way."""
    if not login_code.invite:
        return None
    try:
        invites.activate_invite(user=account.user, code=login_code.invite)
    except Refusal as refusal:
        return refusal
    return None


def _refuse_wrong(login_code: LoginCode, failures: Failures) -> NoReturn:
    def count() -> None:
        # The attempt first: of many guesses at one code those that come too late leave here, and do
        # not queue for the counters, which the whole site shares.
        _spend_attempt(login_code, failures.now)
        failures.count_wrong()

    run_durably(count)
    failures.tell_step()
    login_code.refresh_from_db()
    logs.record("code_wrong", "A wrong guess at login code %s.", login_code.pk)
    raise CodeInvalid(attempts_left=login_code.attempts_left, resend_at=failures.resend_at)


def _spend_attempt(login_code: LoginCode, now: dt.datetime, **changes: dt.datetime) -> None:
    """Count one attempt, on the condition that it is still allowed; this decides every race."""
    spent = LoginCode.objects.filter(LoginCode.live(now), pk=login_code.pk).update(
        attempts=models.F("attempts") + 1, **changes
    )
    if not spent:
        login_code.refresh_from_db()
        raise _why_over(login_code)


def _why_over(login_code: LoginCode) -> CodeRefusal:
    if login_code.used_at is not None:
        return CodeUsed()
    if login_code.attempts_left == 0:
        return CodeExhausted()
    return CodeExpired()


def _log_in(
    login_code: LoginCode, failures: Failures, sign_in: Callable[[SiteUser], T]
) -> tuple[PhoneAccount, bool, T]:
    for remaining in reversed(range(_SIGN_UP_TRIES)):
        try:
            return _try_log_in(login_code, failures, sign_in)
        except IntegrityError as collision:
            if not remaining:
                raise AccountConflict from collision
    raise AssertionError("unreachable")  # pragma: no cover


def _try_log_in(
    login_code: LoginCode, failures: Failures, sign_in: Callable[[SiteUser], T]
) -> tuple[PhoneAccount, bool, T]:
    # Read before the transaction: on SQLite a transaction that begins with a write waits for its
    # turn, and one that begins with a read fails instead.
    known = accounts.find(login_code.phone)
    now = failures.now
    if known is not None and not known.user.is_active:
        run_durably(lambda: _end(login_code, failures))
        login_code.refresh_from_db()
        raise AccountDisabled

    def use_up() -> tuple[PhoneAccount, bool, T]:
        _spend_attempt(login_code, now, used_at=now)
        failures.require_room()
        account = accounts.confirm(known, now) if known else accounts.create(login_code.phone, now)
        return account, known is None, sign_in(account.user)

    return run_durably(use_up)


def _end(login_code: LoginCode, failures: Failures) -> None:
    _spend_attempt(login_code, failures.now, ended_at=failures.now)
    failures.require_room()
