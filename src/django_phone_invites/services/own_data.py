"""What is held about a phone: all of it, to be given to its owner, and its end."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, models
from django.db.models import F
from django.utils import timezone

from django_phone_invites import codes, limits, logs, phones, signals
from django_phone_invites.exceptions import UserProtected
from django_phone_invites.limits import policy, rules
from django_phone_invites.models import (
    ActiveLogin,
    ErasedPhone,
    InviteActivation,
    InviteCode,
    LoginCode,
    PhoneAccount,
    PhoneChange,
    SiteUser,
)
from django_phone_invites.services import accounts
from django_phone_invites.services.boundary import service
from django_phone_invites.transactions import run_durably

#: Of a login code: not what it is derived from, nor an address, which may be a stranger's.
_OF_LOGIN_CODE = (
    *("purpose", "channel", "locale", "invite", "attempts", "length"),
    *("created_at", "expires_at", "used_at", "ended_at"),
    *(
        "withheld",
        "delivery",
        "delivery_at",
        "delivered_by",
        "message_id",
        "delivery_error",
        "tries",
    ),
)
_OF_INVITE_CODE = ("code", "uses", "max_uses", "expires_at", "revoked_at", "label", "created_at")


@dataclass(frozen=True)
class Erasure:
    """What :func:`erase_phone` did."""

    had_account: bool
    user_deleted: bool
    login_codes: int
    #: Logins of the user who stays that could not be ended, as ``end_logins`` names them.
    logins_left: tuple[str, ...]


@service
def export_phone(*, phone: str) -> dict[str, Any]:
    """Return everything that is held about a phone, by names that say what it is.

    Times are datetimes, and what there is none of is None or an empty list. Other people's numbers
    are masked; whose invite code was activated is not told. There is no code that logs in, no token
    and no address in it.

    Raises:
        PhoneInvalid: it is no number.
        Unavailable: the database or the counters do not answer.
    """
    phone = phones.parse(phone)
    account = accounts.find(phone)
    data = {
        "phone": phone,
        "account": None if account is None else _columns(account, "verified_at", "created_at"),
        **_of_user(None if account is None else account.user),
        "login_codes": [
            _columns(code, *_OF_LOGIN_CODE)
            for code in LoginCode.objects.filter(phone=phone).order_by("pk")
        ],
        "changes": _changes(phone, None if account is None else account.user),
        "counters": _counters(phone),
        "erased": [
            _columns(row, "digest", "has_activated", "erased_at") for row in ErasedPhone.of(phone)
        ],
    }
    logs.record("phone_exported", "What is held about %s was exported.", phones.mask(phone))
    return data


def _of_user(user: SiteUser | None) -> dict[str, Any]:
    if user is None:
        return {"user": None, "invite_code": None, "activated": None, "invitees": [], "logins": []}
    invite_code = InviteCode.objects.filter(owner=user).first()
    activated = InviteActivation.objects.filter(invitee=user).first()
    name = user.get_username()
    return {
        "user": {"id": user.pk, "username": None if name is None else str(name)},
        "invite_code": None if invite_code is None else _columns(invite_code, *_OF_INVITE_CODE),
        "activated": None if activated is None else _columns(activated, "code", "activated_at"),
        "invitees": _invitees(user),
        "logins": [
            _columns(login, "issuer", "user_agent", "created_at")
            for login in ActiveLogin.objects.filter(user=user).order_by("pk")
        ],
    }


def _invitees(user: SiteUser) -> list[dict[str, Any]]:
    found = InviteActivation.objects.filter(inviter=user).order_by("pk")
    values = found.values_list("invitee__phone_account__phone", "activated_at")
    return [
        {"phone": None if phone is None else phones.mask(phone.as_e164), "activated_at": at}
        for phone, at in values
    ]


def _changes(phone: str, user: SiteUser | None) -> list[dict[str, Any]]:
    """Return the changes from and to a phone, and all of its user's; other numbers are masked."""
    return [
        {
            **{name: _shown(getattr(change, name), phone) for name in ("old", "new")},
            **_columns(change, "changed_at", "undo_until", "undone_at"),
        }
        for change in _changes_of(phone, user).order_by("pk")
    ]


def _changes_of(phone: str, user: SiteUser | None) -> models.QuerySet[PhoneChange]:
    own = models.Q(old=phone) | models.Q(new=phone)
    return PhoneChange.objects.filter(own if user is None else own | models.Q(user=user))


def _shown(number: str, phone: str) -> str | None:
    if not number:
        return None
    return number if number == phone else phones.mask(number)


def _counters(phone: str) -> list[dict[str, Any]]:
    counted = policy.of_phone(phone)
    reading = limits.read(counted, timezone.now())
    return [
        {
            "name": one.name,
            "events": [
                {"at": rules.to_moment(moment), "count": number}
                for moment, number in reading.events(one)
            ],
        }
        for one in counted
    ]


def _columns(row: models.Model, *names: str) -> dict[str, Any]:
    return {name: getattr(row, name) for name in names}


@service
def erase_phone(
    *,
    phone: str,
    end_logins: Callable[[SiteUser], Sequence[str]],
    delete_user: bool = False,
) -> Erasure:
    """Erase a phone: its account, its login codes, changes and counters; all of it or nothing.

    What is left is a keyed digest, so that the number is not invited a second time. Its next right
    code makes somebody new. Invites keep their counts. Nothing changes where nothing is held.

    Args:
        phone: a number as a person writes it.
        end_logins: called with the user, inside the transaction. It ends their sessions and tokens,
            and returns the names of those that it cannot end: ``logins.end_all``.
        delete_user: delete the user as well, their own invite code with them. Else they stay,
            without a phone, and with their invite code.

    Raises:
        PhoneInvalid: it is no number.
        UserNeedsPhone: the user cannot stay, as their name is the phone and may not be empty.
        UserProtected: the user cannot be deleted, as other rows refer to them.
        Unavailable: the database or the counters do not answer.
    """
    phone = phones.parse(phone)
    now = timezone.now()

    def erase() -> tuple[Erasure, Any]:
        is_there = PhoneAccount.hold(phone=phone)
        login_codes, _ = LoginCode.objects.filter(phone=phone).delete()
        limits.forget(policy.of_phone(phone))
        left: Sequence[str] = ()
        user_id = None
        if is_there:
            account = PhoneAccount.objects.get(phone=phone)
            user_id = account.user_id
            left = _erase_account(account, end_logins, now, delete_user=delete_user)
        _changes_of(phone, None).delete()
        erasure = Erasure(is_there, is_there and delete_user, login_codes, tuple(left))
        return erasure, user_id

    erasure, user_id = run_durably(erase)
    if erasure.had_account:
        logs.record("phone_erased", "The phone of user %s was erased.", user_id)
        signals.phone_erased.send_robust(PhoneAccount, user_id=user_id, user_deleted=delete_user)
    return erasure


def _erase_account(
    account: PhoneAccount,
    end_logins: Callable[[SiteUser], Sequence[str]],
    now: dt.datetime,
    *,
    delete_user: bool,
) -> Sequence[str]:
    """Erase an account, held already, and what it is of; return what ``end_logins`` does."""
    user = account.user
    has_activated = InviteActivation.objects.filter(invitee=user).exists()
    _remember(account.e164, has_activated, now)
    if has_activated:
        for phone in _left_behind(user):
            _remember(phone, has_activated, now)
    left = end_logins(user)
    if delete_user:
        _delete(user)
        return []  # nobody can be logged in as a user who is gone
    PhoneChange.objects.filter(user=user).delete()
    account.delete()
    accounts.forget_name(user, account.e164)
    return left


def _left_behind(user: SiteUser) -> list[str]:
    """Return the numbers that ``user`` had before, as far as is kept, and that are nobody's now."""
    left = {change.old for change in PhoneChange.objects.filter(user=user).exclude(old="")}
    taken = PhoneAccount.objects.filter(phone__in=left)
    return sorted(left - {account.e164 for account in taken})


def _delete(user: SiteUser) -> None:
    # Whoever activates the user's code at this moment comes before, or finds it gone.
    InviteCode.objects.filter(owner=user).update(uses=F("uses"))
    limits.forget([policy.invite_failures(user)])
    try:
        user.delete()
    except IntegrityError as error:
        raise UserProtected from error


def _remember(phone: str, has_activated: bool, now: dt.datetime) -> None:
    """Keep the digest under the key in force, in place of one from an erasure before."""
    earlier = ErasedPhone.of(phone)
    has_activated = has_activated or earlier.filter(has_activated=True).exists()
    earlier.delete()
    ErasedPhone.objects.create(
        digest=codes.digest_phone(phone), has_activated=has_activated, erased_at=now
    )
