"""Ask for a login code, and log in with it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, NoReturn, TypeVar

from django.db import IntegrityError, models
from django.utils import timezone, translation
from django.views.decorators.debug import sensitive_variables

from django_phone_invites import codes, limits, phones, signals
from django_phone_invites.conf import app_settings
from django_phone_invites.delivery import deliver
from django_phone_invites.exceptions import (
    AccountConflict,
    AccountDisabled,
    CodeExhausted,
    CodeExpired,
    CodeInvalid,
    CodeNotFound,
    CodeRefusal,
    CodeUsed,
    PhoneInvalid,
    Refusal,
)
from django_phone_invites.limits import policy, rules
from django_phone_invites.models import LoginCode, PhoneAccount, SiteUser
from django_phone_invites.services import accounts, invites, pauses, watch
from django_phone_invites.transactions import refuse_when_unreachable, run_durably

T = TypeVar("T")

#: Two first logins of one phone may meet, or a login its account's end: the loser starts again.
_SIGN_UP_TRIES = 3


@dataclass(frozen=True)
class Challenge:
    """A code that was asked for, and when the next one can be."""

    login_code: LoginCode
    resend_at: dt.datetime


@dataclass(frozen=True)
class Login(Generic[T]):
    """A right code: who is in, whether they are new, and what ``sign_in`` returned."""

    account: PhoneAccount
    created: bool
    result: T
    #: Why the invite code that was brought along was not activated, if it was not.
    invite_refusal: Refusal | None = None


@refuse_when_unreachable
def request_code(
    *,
    phone: str,
    channel: str,
    address: str | None = None,
    replaces: str = "",
    invite: str = "",
) -> Challenge:
    """Send a login code to ``phone`` and return what it can be entered against.

    The answer is the same whether or not the phone has an account, and whether or not the provider
    took the message.

    Args:
        phone: a number as a person writes it.
        channel: one of ``LoginCode.Channel``; the code can be entered through it only.
        address: the address of the asker.
        replaces: the token of the code that the same browser asked for before, which ends.
        invite: an invite code to activate if this turns out to be a first login.

    Raises:
        PhoneInvalid, PhoneTypeRefused, PhoneRegionRefused: nothing is sent to this number.
        SendingPaused: nothing is sent at the moment, to its region or at all.
        RateLimited: too soon, or too often.
        Unavailable: the database does not answer.
    """
    phone = _textable(phone)
    region = phones.region_of(phone)
    # Before anything is counted: whoever comes back later has lost no message.
    pauses.require_sending(region)
    now = timezone.now()
    limit = policy.phone_messages(phone)
    reading = limits.read([limit, *watch.counters(region)], now)
    login_code = LoginCode(
        phone=phone,
        region=region,
        purpose=LoginCode.Purpose.LOGIN,
        channel=channel,
        length=app_settings.code_length,
        locale=translation.get_language() or "en",
        address=address,
        invite=codes.fold_invite_code(invite) or "",
        created_at=now,
        expires_at=now + app_settings.code_lifetime,
    )

    def count_and_store() -> None:
        reading.take(limit)
        previous = rules.last(reading.events(limit))
        _end_older(login_code, replaces=replaces, previous=previous)
        login_code.pk = None
        login_code.save(force_insert=True)

    run_durably(count_and_store)
    deliver(login_code)
    watch.look_when_due(region, reading)
    counted = [*reading.events(limit), rules.event(now)]
    return Challenge(login_code, limit.next_at(counted) or now)


def _textable(raw: str) -> str:
    phone = phones.parse(raw)
    try:
        phones.require_textable(phone)
    except PhoneInvalid:
        # Numbering plans change: whoever has an account keeps it when a newer phonenumbers no
        # longer knows the number.
        if not PhoneAccount.objects.filter(phone=phone).exists():
            raise
    return phone


def _end_older(login_code: LoginCode, *, replaces: str, previous: dt.datetime | None) -> None:
    """End the codes whose place ``login_code`` takes, so that at most two live for its phone.

    The code of the same browser or API client ends, and so does every code before the last one.
    """
    taken = models.Q(token=replaces) if replaces else models.Q(pk__in=[])
    if previous is not None and previous > login_code.created_at - app_settings.code_lifetime:
        others = models.Q(phone=login_code.phone)
        taken |= others & models.Q(created_at__lt=previous)
        if login_code.channel == LoginCode.Channel.API:
            taken |= others & models.Q(channel=login_code.channel, address=login_code.address)
    elif not replaces:
        return
    LoginCode.objects.filter(taken, used_at=None, ended_at=None).update(
        ended_at=login_code.created_at
    )


@refuse_when_unreachable
def get_challenge(login_code: LoginCode) -> Challenge:
    """Return a code that was asked for, with the moment at which the next one can be."""
    now = timezone.now()
    limit = policy.phone_messages(login_code.phone)
    events = limits.read([limit], now).events(limit)
    return Challenge(login_code, limit.next_at(events) or now)


@refuse_when_unreachable
def find_code(*, channel: str, token: str | None = None, pk: int | None = None) -> LoginCode:
    """Return a code that was asked for through ``channel``, by the id that its route holds.

    Raises:
        CodeNotFound: there is none.
    """
    if token is not None and not codes.is_token(token):
        raise CodeNotFound
    if pk is not None and pk > models.BigIntegerField.MAX_BIGINT:
        raise CodeNotFound
    key = {"token": token} if pk is None else {"pk": pk}
    found = LoginCode.objects.filter(channel=channel, **key).first()
    if found is None:
        raise CodeNotFound
    return found


@sensitive_variables()
@refuse_when_unreachable
def verify_code(
    *, login_code: LoginCode, guess: object, sign_in: Callable[[SiteUser], T]
) -> Login[T]:
    """Log in with a code: once, and within its attempts and its life.

    Args:
        login_code: from :func:`find_code`.
        guess: what was entered; a string of ASCII digits or an int.
        sign_in: called with the user inside the transaction that uses up the code, so that no code
            is used without a login. What it returns is ``Login.result``.

    Raises:
        CodeMalformed: no code could look like this; no attempt is spent.
        CodeInvalid: a wrong guess; one attempt is spent.
        CodeExpired, CodeUsed, CodeExhausted: the code is over.
        AccountConflict: right, but there is a user that the phone's user would collide with.
        AccountDisabled: right, but the user may not log in.
        Unavailable: the database does not answer.
    """
    digits = codes.read_guess(guess, length=login_code.length)
    if not codes.matches(login_code.seed, digits):
        _refuse_wrong(login_code)
    account, created, result = _log_in(login_code, sign_in)
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


def _refuse_wrong(login_code: LoginCode) -> NoReturn:
    now = timezone.now()
    run_durably(lambda: _spend_attempt(login_code, now))
    login_code.refresh_from_db()
    raise CodeInvalid(
        attempts_left=login_code.attempts_left, resend_at=get_challenge(login_code).resend_at
    )


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
    login_code: LoginCode, sign_in: Callable[[SiteUser], T]
) -> tuple[PhoneAccount, bool, T]:
    for remaining in reversed(range(_SIGN_UP_TRIES)):
        try:
            return _try_log_in(login_code, sign_in)
        except IntegrityError as collision:
            if not remaining:
                raise AccountConflict from collision
    raise AssertionError("unreachable")  # pragma: no cover


def _try_log_in(
    login_code: LoginCode, sign_in: Callable[[SiteUser], T]
) -> tuple[PhoneAccount, bool, T]:
    # Read before the transaction: on SQLite a transaction that begins with a write waits for its
    # turn, and one that begins with a read fails instead.
    known = accounts.find(login_code.phone)
    now = timezone.now()
    if known is not None and not known.user.is_active:
        run_durably(lambda: _spend_attempt(login_code, now, ended_at=now))
        raise AccountDisabled

    def use_up() -> tuple[PhoneAccount, bool, T]:
        _spend_attempt(login_code, now, used_at=now)
        account = accounts.confirm(known, now) if known else accounts.create(login_code.phone, now)
        return account, known is None, sign_in(account.user)

    return run_durably(use_up)
