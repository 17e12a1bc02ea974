"""Log in with a login code."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, NoReturn, TypeVar

from django.db import IntegrityError
from django.views.decorators.debug import sensitive_variables

from django_phone_invites import logs, phones, signals
from django_phone_invites.exceptions import (
    AccountConflict,
    AccountDisabled,
    AccountMissing,
    CodeNotFound,
    InviteRefusal,
    PhoneReserved,
    Refusal,
    SignUpRefusal,
    Unavailable,
)
from django_phone_invites.models import (
    InviteActivation,
    InviteCode,
    LoginCode,
    PhoneAccount,
    SiteUser,
)
from django_phone_invites.services import accounts, fixed_codes, invites, linking, sign_up
from django_phone_invites.services.attempts import Attempt, settle
from django_phone_invites.services.boundary import service
from django_phone_invites.transactions import run_durably

T = TypeVar("T")


class _Trusted(AccountDisabled):
    """A test number leads to staff or a superuser: what the transaction did is undone."""


@dataclass(frozen=True)
class Login(Generic[T]):
    """A right code: who is in, whether they are new, and what ``sign_in`` returned."""

    account: PhoneAccount
    created: bool
    result: T
    #: Why the invite code that was brought along was not activated, if it was not.
    invite_refusal: Refusal | None = None


@dataclass(frozen=True)
class _Done(Generic[T]):
    """What the transaction that used up a code did."""

    account: PhoneAccount
    created: bool
    result: T
    activation: InviteActivation | None


@sensitive_variables()
@service
def verify_code(
    *,
    login_code: LoginCode,
    guess: object,
    sign_in: Callable[[SiteUser], T],
    address: str | None = None,
    only: SiteUser | None = None,
) -> Login[T]:
    """Log in with a code: once, and within its attempts and its life.

    Args:
        login_code: from :func:`challenges.find_code`.
        guess: what was entered; a string of ASCII digits or an int.
        sign_in: called with the user inside the transaction that uses up the code, so that no code
            is used without a login. What it returns is ``Login.result``.
        address: the address that the guess comes from.
        only: the user to verify again. With them nobody else is logged in, and nobody is made: the
            phone may have gone to somebody else since the code was asked for.

    Raises:
        CodeNotFound: the code changes a number, and logs nobody in.
        CodeMalformed: no code could look like this; no attempt is spent.
        CodeInvalid: a wrong guess; one attempt is spent.
        CodeExpired, CodeUsed, CodeExhausted: the code is over.
        RateLimited: too many wrong guesses from this address; this one was not evaluated.
        AccountConflict: right, but there is a user that the phone's user would collide with, or the
            phone is another user's than ``only``.
        AccountMissing: right, but the phone is nobody's any more, ``only``'s neither.
        PhoneReserved: right, but whoever has changed the number may get it back yet.
        AccountDisabled: right, but the user may not log in, or not with the code of a test number.
        InviteRequired, SignUpClosed: right, but the phone has no account and may not have one.
        Unavailable: the database does not answer, or the provider whose code it is, or the site's
            rule for a sign-up failed.
    """
    if login_code.purpose == LoginCode.Purpose.CHANGE:
        raise CodeNotFound
    attempt = Attempt(login_code, address)
    attempt.require_right(guess)
    # An invite code that others have just used up is none: the policy is asked without it.
    done = settle(lambda: _try_log_in(attempt, sign_in, only), IntegrityError, InviteRefusal)
    account, created = done.account, done.created
    _record_verified(login_code)
    if created:
        signals.account_created.send_robust(PhoneAccount, account=account, user=account.user)
    signals.phone_verified.send_robust(
        PhoneAccount, account=account, user=account.user, created=created
    )
    refusal = _bring_along(login_code, done) if created else None
    return Login(account, created, done.result, refusal)


def _record_verified(login_code: LoginCode) -> None:
    if not login_code.is_test:
        logs.record("code_verified", "Login code %s was verified.", login_code.pk)
        return
    logs.record(
        "test_code_verified",
        "Login code %s of the test number %s was verified.",
        login_code.pk,
        phones.mask(login_code.phone),
    )


def _bring_along(login_code: LoginCode, done: _Done[T]) -> Refusal | None:
    """Activate the invite code that came with a first login; the login stands either way."""
    if done.activation is not None:
        invites.tell(done.activation)
        return None
    if not login_code.invite:
        return None
    try:
        invites.activate_invite(user=done.account.user, code=login_code.invite)
    except Refusal as refusal:
        return refusal
    return None


def _try_log_in(
    attempt: Attempt, sign_in: Callable[[SiteUser], T], only: SiteUser | None
) -> _Done[T]:
    # Read before the transaction: on SQLite a transaction that begins with a write waits for its
    # turn, and one that begins with a read fails instead.
    login_code, now = attempt.login_code, attempt.now
    known = accounts.find(login_code.phone)
    refusal = _why_not(known, only)
    if refusal is not None:
        attempt.refuse_right("login_refused", "may not log in", refusal)
    user = None if known else _find_user(attempt)
    invite = None if known or user else _require_leave(attempt)

    def use_up() -> _Done[T]:
        attempt.spend(used_at=now)
        account = (
            accounts.confirm(known, now) if known else accounts.create(login_code.phone, now, user)
        )
        if known or user:
            accounts.hold_active(account.user)
        activation = _activate(account, invite, now)
        # A site's own PHONE_INVITES_CREATE_USER may link a user that was there before, so that only
        # now it is known who this is.
        if login_code.is_test and fixed_codes.is_trusted(account.user):
            raise _Trusted
        return _Done(account, known is None, sign_in(account.user), activation)

    try:
        return run_durably(use_up)
    except _Trusted:
        _refuse_trusted(attempt)
    except PhoneReserved as reserved:
        attempt.refuse_right("login_refused", "may not log in", reserved)


def _why_not(known: PhoneAccount | None, only: SiteUser | None) -> Refusal | None:
    if known is not None and not known.user.is_active:
        return AccountDisabled()
    if only is None:
        return None
    if known is None:
        return AccountMissing()
    return None if known.user_id == only.pk else AccountConflict()


def _find_user(attempt: Attempt) -> SiteUser | None:
    """Return the user whom the phone belongs to by the site's rule.

    Raises:
        Unavailable: the site's rule failed.
        Refusal: it may not be linked to them, AccountConflict or AccountDisabled unless the rule
            has another; the code is over.
    """
    try:
        return linking.find_user(attempt.login_code.phone)
    except Unavailable:
        raise
    except Refusal as refusal:
        attempt.refuse_right("link_refused", "is not linked to its user", refusal)


def _require_leave(attempt: Attempt) -> InviteCode | None:
    """Let a phone without an account sign up; return the invite code that it does so with.

    An open site needs none: there the one that was brought along comes after the login.

    Raises:
        InviteRequired, SignUpClosed: it may not; the code is over.
    """
    if sign_up.is_open():
        return None
    invite = sign_up.find_invite(attempt.login_code, attempt.now)
    try:
        sign_up.require_leave(attempt.login_code, invite)
    except SignUpRefusal as refusal:
        attempt.refuse_right("sign_up_refused", "may not sign up", refusal)
    return invite


def _activate(
    account: PhoneAccount, invite: InviteCode | None, now: dt.datetime
) -> InviteActivation | None:
    if invite is None:
        return None
    return invites.activate_for_new(user=account.user, invite_code=invite, now=now)


def _refuse_trusted(attempt: Attempt) -> NoReturn:
    attempt.end_code()
    logs.record(
        "test_code_refused",
        "Login code %s of the test number %s was refused: staff or a superuser.",
        attempt.login_code.pk,
        phones.mask(attempt.login_code.phone),
    )
    raise AccountDisabled
