"""Ask for a login code, and find one that was asked for."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, models
from django.utils import timezone, translation

from django_phone_invites import codes, limits, logs, phones
from django_phone_invites.conf import app_settings
from django_phone_invites.delivery import deliver, first_state
from django_phone_invites.exceptions import CodeNotFound, PhoneInvalid
from django_phone_invites.limits import policy
from django_phone_invites.models import LoginCode, PhoneAccount, SiteUser
from django_phone_invites.services import gate, idempotency, pauses, sign_up, watch
from django_phone_invites.services.allowance import Allowance
from django_phone_invites.services.boundary import service
from django_phone_invites.transactions import run_durably

#: The code of a test number stands in the settings.
_NOT_SENT = {"delivery": LoginCode.Delivery.NONE}

#: A notice is no code; that there is no account may have changed when the code is entered.
_LOGGING_IN = [LoginCode.Purpose.LOGIN, LoginCode.Purpose.NO_ACCOUNT]


@dataclass(frozen=True)
class Challenge:
    """A code that was asked for, and when the next one can be."""

    login_code: LoginCode
    resend_at: dt.datetime


@service
def request_code(
    *,
    phone: str,
    channel: str,
    address: str | None = None,
    replaces: str = "",
    invite: str = "",
    user: SiteUser | None = None,
    submitted: Mapping[str, Any] | None = None,
    idempotency_key: str | None = None,
) -> Challenge:
    """Send a login code to ``phone`` and return what it can be entered against.

    The answer is the same whether or not the phone has an account, and whether or not the provider
    took the message. A test number is sent nothing: its code is in the settings. Nor is a phone
    without an account that may not sign up.

    Args:
        phone: a number as a person writes it.
        channel: one of ``LoginCode.Channel``; the code can be entered through it only.
        address: the address of the asker.
        replaces: the token of the code that the same browser asked for before, which ends.
        invite: an invite code to activate if this turns out to be a first login.
        user: who wants the phone for their number: the code changes it, and logs nobody in.
        submitted: the fields that came with the request, for the site's gate.
        idempotency_key: names the request. While the code lives, another one with the same key from
            the same address sends and counts nothing, and returns the same code.

    Raises:
        IdempotencyKeyInvalid: the key is empty, too long, or not of printable ASCII.
        IdempotencyKeyReused: the key came with another request.
        PhoneInvalid, PhoneTypeRefused, PhoneRegionRefused: nothing is sent to this number.
        SendingPaused: nothing is sent at the moment, to its region or at all, or to that of the
            number which ``user`` has and which would be told.
        GateRefused: the site's gate did not let the request through.
        RateLimited: too soon, or too often.
        Unavailable: the database does not answer, or the gate or the site's rule for a sign-up
            failed.
    """
    phone, submitted = phones.parse(phone), submitted or {}
    asked = [phone, invite, dict(submitted), user and user.pk]
    claim = idempotency.claim(idempotency_key, channel=channel, address=address, asked=asked)
    answered = idempotency.find_answered(claim)
    if answered is not None:
        return get_challenge(answered)
    require_textable(phone)
    region = phones.region_of(phone)
    # Before anything is counted: whoever comes back later has lost no message.
    for told in {region, *_region_of_number(user)}:
        pauses.require_sending(told)
    gate.require_passage(phone=phone, channel=channel, address=address, submitted=submitted)
    allowance = Allowance(phone=phone, region=region, address=address)
    login_code = LoginCode(
        phone=phone,
        region=region,
        user_id=None if user is None else user.pk,
        purpose=LoginCode.Purpose.LOGIN if user is None else LoginCode.Purpose.CHANGE,
        channel=channel,
        length=allowance.code_length,
        is_test=allowance.is_test,
        locale=translation.get_language() or "en",
        address=address,
        invite=codes.fold_invite_code(invite) or "",
        created_at=allowance.now,
        expires_at=allowance.now + app_settings.code_lifetime,
        **(claim.columns if claim else {}),
        **(_NOT_SENT if allowance.is_test else first_state(allowance.now)),
    )
    if user is None:
        login_code.withheld = sign_up.withheld_for(login_code, allowance.now)
    if login_code.withheld and app_settings.sign_up_notice:
        login_code.purpose = LoginCode.Purpose.NO_ACCOUNT

    try:
        run_durably(lambda: _count_and_store(login_code, allowance, replaces=replaces))
    except IntegrityError:
        # Another request with the same key was first.
        answered = idempotency.find_answered(claim)
        if answered is None:
            raise
        return get_challenge(answered)
    _hand_over(login_code)
    watch.look_when_due(region, allowance.reading)
    return Challenge(login_code, allowance.resend_at)


def _region_of_number(user: SiteUser | None) -> set[str]:
    """Return where the number of ``user`` is, if they have one: a change is told to it."""
    account = None if user is None else PhoneAccount.objects.filter(user=user).first()
    return set() if account is None else {phones.region_of(account.e164)}


def _count_and_store(login_code: LoginCode, allowance: Allowance, *, replaces: str) -> None:
    login_code.pk = None
    if login_code.request_key:
        # First: whoever comes with the same key waits here for what becomes of this row, and does
        # not meet the limits that it counts on. Without a key, a refusal should write nothing.
        login_code.save(force_insert=True)
    allowance.take()
    _end_older(login_code, replaces=replaces, previous=allowance.previous)
    if login_code.pk is None:
        login_code.save(force_insert=True)


def _hand_over(login_code: LoginCode) -> None:
    if not login_code.is_test:
        deliver(login_code)
        return
    logs.record(
        "test_code_requested",
        "Login code %s was asked for the test number %s.",
        login_code.pk,
        phones.mask(login_code.phone),
    )


def require_textable(phone: str) -> None:
    """Refuse a number in E.164 that codes are not sent to.

    Raises:
        PhoneInvalid, PhoneTypeRefused, PhoneRegionRefused: as ``phones.require_textable`` does.
    """
    try:
        phones.require_textable(phone)
    except PhoneInvalid:
        # Numbering plans change: whoever has an account keeps it when a newer phonenumbers no
        # longer knows the number.
        if not PhoneAccount.objects.filter(phone=phone).exists():
            raise


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
    older = LoginCode.objects.filter(taken, used_at=None, ended_at=None)
    older.exclude(pk=login_code.pk).update(ended_at=login_code.created_at)


@service
def get_challenge(login_code: LoginCode) -> Challenge:
    """Return a code that was asked for, with the moment at which the next one can be."""
    now = timezone.now()
    limit = policy.requests(login_code.phone, is_test=login_code.is_test)
    events = limits.read([limit], now).events(limit)
    return Challenge(login_code, limit.next_at(events) or now)


@service
def replace_invite(*, login_code: LoginCode, invite: str) -> None:
    """Let a first login with ``login_code`` activate ``invite``, whatever it was asked for with.

    What can be no invite code, and a code that is over, change nothing.
    """
    folded = codes.fold_invite_code(invite)
    if folded is not None:
        live = LoginCode.objects.filter(LoginCode.live(timezone.now()), pk=login_code.pk)
        live.update(invite=folded)


@service
def find_code(
    *,
    channel: str,
    token: str | None = None,
    pk: int | None = None,
    address: str | None = None,
    user: SiteUser | None = None,
) -> LoginCode:
    """Return a code that was asked for through ``channel``, by the id that its route holds.

    Args:
        channel: one of ``LoginCode.Channel``.
        token: the id that cannot be guessed, or
        pk: the one that can. It names a code for the address alone that asked for it: a stranger
            who counts up must not spend other people's attempts.
        address: the address of whoever enters the code; it matters with ``pk`` only.
        user: whose number the code changes; None finds those that log in, and no other.

    Raises:
        CodeNotFound: there is none.
    """
    if token is not None and not codes.is_token(token):
        raise CodeNotFound
    if pk is not None and pk > models.BigIntegerField.MAX_BIGINT:
        raise CodeNotFound
    key = {"token": token} if pk is None else {"pk": pk, "address": address}
    kinds = _LOGGING_IN if user is None else [LoginCode.Purpose.CHANGE]
    found = LoginCode.objects.filter(channel=channel, purpose__in=kinds, user=user, **key).first()
    if found is None:
        raise CodeNotFound
    return found
