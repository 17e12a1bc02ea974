"""Why a phone got no code: all that is known of it, for whoever answers its owner."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils import timezone

from django_phone_invites import limits, phones
from django_phone_invites.exceptions import FieldRefusal, Unavailable
from django_phone_invites.limits import policy
from django_phone_invites.limits.rules import Limit
from django_phone_invites.models import LoginCode, SenderHealth, SendingPause
from django_phone_invites.senders import Message, get_sender
from django_phone_invites.services import accounts, challenges, fixed_codes, linking, pauses
from django_phone_invites.services.boundary import service

#: Codes that are looked at, the newest.
MOST_CODES = 10


@dataclass(frozen=True)
class Reached:
    """A limit, by its name in ``limits.policy``, that refuses the next code until a moment."""

    name: str
    until: dt.datetime


@dataclass(frozen=True)
class Explanation:
    """What stands between a phone and a code that is asked for now, and what became of others."""

    now: dt.datetime
    phone: str
    region: str
    kind: phones.Kind
    #: Why codes are not sent to such a number, if they are not.
    refusal: FieldRefusal | None
    is_paused_by_setting: bool
    pauses: Sequence[SendingPause]
    #: None where the counters did not answer.
    reached: Sequence[Reached] | None
    #: In the order in which they are asked; those that have not failed are not saved.
    senders: Sequence[SenderHealth]
    #: The name of the error that ``PHONE_INVITES_SENDER`` ends in, "" for none.
    sender_error: str
    is_disabled: bool
    #: Or that ``PHONE_INVITES_LINK_USER`` finds a user for it.
    has_account: bool
    #: Nothing is sent to it, and its code stands in the settings.
    is_test: bool
    #: Newest first.
    codes: Sequence[LoginCode]


@service
def explain(phone: str) -> Explanation:
    """Return what is known of ``phone``, in E.164. Nothing is counted, sent or written.

    What a request was refused for leaves no row: the site's log has it.

    Raises:
        Unavailable: the database does not answer, or the site's rule that links users failed.
    """
    now = timezone.now()
    region = phones.region_of(phone)
    codes = list(LoginCode.objects.filter(phone=phone).order_by("-created_at")[:MOST_CODES])
    account = accounts.find(phone)
    is_test = fixed_codes.length_of(phone, now) is not None
    senders, sender_error = ([], "") if is_test else _senders(phone, now)
    return Explanation(
        now=now,
        phone=phone,
        region=region,
        kind=phones.kind_of(phone),
        refusal=_refusal(phone),
        is_paused_by_setting=not _pausing(region).isdisjoint(pauses.paused_by_setting()),
        pauses=[row for row in pauses.in_force() if row.region in _pausing(region)],
        reached=_reached(_limits(phone, codes, is_test=is_test), now),
        senders=senders,
        sender_error=sender_error,
        has_account=account is not None or linking.is_somebodys(phone),
        is_disabled=account is not None and not account.user.is_active,
        is_test=is_test,
        codes=codes,
    )


def _refusal(phone: str) -> FieldRefusal | None:
    try:
        challenges.require_textable(phone)
    except FieldRefusal as refusal:
        return refusal
    return None


def _pausing(region: str) -> set[str]:
    """Return the regions whose pause stops ``region``."""
    return {pauses.EVERYWHERE, region}


def _limits(phone: str, codes: Sequence[LoginCode], *, is_test: bool) -> list[Limit]:
    # Whoever asks now is not known; it may well be who asked last. Nobody asks for a notice.
    asked = [code for code in codes if code.purpose != LoginCode.Purpose.CHANGED]
    counted = [policy.address_messages(code.address) for code in asked[:1]]
    if is_test:
        return counted
    messages = [policy.phone_messages(phone), policy.block_messages(phone), policy.site_messages()]
    return messages + counted


def _reached(counted: Sequence[Limit], now: dt.datetime) -> list[Reached] | None:
    try:
        reading = limits.read(counted, now)
    except Unavailable:
        return None
    found = [(limit.name, limit.next_at(reading.events(limit))) for limit in counted]
    return [Reached(name, until) for name, until in found if until is not None and until > now]


def _senders(phone: str, now: dt.datetime) -> tuple[list[SenderHealth], str]:
    message = Message(
        phone=phone, code="", purpose=LoginCode.Purpose.LOGIN, locale="", lifetime=0, text=""
    )
    try:
        names = [sender.name for sender in get_sender().candidates(message)]
    except Exception as error:  # noqa: BLE001 - a sender may be anybody's code
        return [], type(error).__name__
    if len(names) < 2:
        # Whoever is asked alone is not counted: what is kept of it may be of long ago.
        return [SenderHealth(sender=name) for name in names], ""
    known = {row.sender: row for row in SenderHealth.objects.filter(sender__in=names)}
    rows = [known.get(name) or SenderHealth(sender=name) for name in names]
    return sorted(rows, key=lambda row: row.is_skipped(now)), ""
