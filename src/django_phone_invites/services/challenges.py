"""Ask for a login code, and find one that was asked for."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import models
from django.utils import timezone, translation

from django_phone_invites import codes, limits, phones
from django_phone_invites.conf import app_settings
from django_phone_invites.delivery import deliver
from django_phone_invites.exceptions import CodeNotFound, PhoneInvalid
from django_phone_invites.limits import policy
from django_phone_invites.models import LoginCode, PhoneAccount
from django_phone_invites.services import gate, pauses, watch
from django_phone_invites.services.allowance import Allowance
from django_phone_invites.services.boundary import service
from django_phone_invites.transactions import run_durably


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
    submitted: Mapping[str, Any] | None = None,
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
        submitted: the fields that came with the request, for the site's gate.

    Raises:
        PhoneInvalid, PhoneTypeRefused, PhoneRegionRefused: nothing is sent to this number.
        SendingPaused: nothing is sent at the moment, to its region or at all.
        GateRefused: the site's gate did not let the request through.
        RateLimited: too soon, or too often.
        Unavailable: the database does not answer, or the gate failed.
    """
    phone = _textable(phone)
    region = phones.region_of(phone)
    # Before anything is counted: whoever comes back later has lost no message.
    pauses.require_sending(region)
    gate.require_passage(phone=phone, channel=channel, address=address, submitted=submitted or {})
    allowance = Allowance(phone=phone, region=region, address=address)
    login_code = LoginCode(
        phone=phone,
        region=region,
        purpose=LoginCode.Purpose.LOGIN,
        channel=channel,
        length=allowance.code_length,
        locale=translation.get_language() or "en",
        address=address,
        invite=codes.fold_invite_code(invite) or "",
        created_at=allowance.now,
        expires_at=allowance.now + app_settings.code_lifetime,
    )

    def count_and_store() -> None:
        allowance.take()
        _end_older(login_code, replaces=replaces, previous=allowance.previous)
        login_code.pk = None
        login_code.save(force_insert=True)

    run_durably(count_and_store)
    deliver(login_code)
    watch.look_when_due(region, allowance.reading)
    return Challenge(login_code, allowance.resend_at)


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


@service
def get_challenge(login_code: LoginCode) -> Challenge:
    """Return a code that was asked for, with the moment at which the next one can be."""
    now = timezone.now()
    limit = policy.phone_messages(login_code.phone)
    events = limits.read([limit], now).events(limit)
    return Challenge(login_code, limit.next_at(events) or now)


@service
def find_code(
    *,
    channel: str,
    token: str | None = None,
    pk: int | None = None,
    address: str | None = None,
) -> LoginCode:
    """Return a code that was asked for through ``channel``, by the id that its route holds.

    Args:
        channel: one of ``LoginCode.Channel``.
        token: the id that cannot be guessed, or
        pk: the one that can. It names a code for the address alone that asked for it: a stranger
            who counts up must not spend other people's attempts.
        address: the address of whoever enters the code; it matters with ``pk`` only.

    Raises:
        CodeNotFound: there is none.
    """
    if token is not None and not codes.is_token(token):
        raise CodeNotFound
    if pk is not None and pk > models.BigIntegerField.MAX_BIGINT:
        raise CodeNotFound
    key = {"token": token} if pk is None else {"pk": pk, "address": address}
    found = LoginCode.objects.filter(channel=channel, **key).first()
    if found is None:
        raise CodeNotFound
    return found
