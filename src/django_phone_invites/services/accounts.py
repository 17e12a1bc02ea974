"""Make a phone's user, and show a user what is theirs."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.auth import get_user_model
from django.db import IntegrityError, models
from django.utils.module_loading import import_string
from phonenumber_field.modelfields import PhoneNumberField

from django_phone_invites.conf import app_settings
from django_phone_invites.exceptions import AccountMissing, PhoneReserved, UserNeedsPhone
from django_phone_invites.models import (
    InviteActivation,
    InviteCode,
    PhoneAccount,
    PhoneChange,
    SiteUser,
)
from django_phone_invites.services import invites
from django_phone_invites.services.boundary import service

#: Invitees in one answer; the rest come in pages.
PAGE_SIZE = 100


@dataclass(frozen=True)
class Profile:
    """What a user sees of their own."""

    account: PhoneAccount
    invite_code: InviteCode
    activated_code: str | None
    invitees: Sequence[InviteActivation]


@dataclass(frozen=True)
class InviteePage:
    """Invitees, newest first; ``older_than`` asks for the next page and is None at the last."""

    invitees: Sequence[InviteActivation]
    older_than: int | None


def find(phone: str) -> PhoneAccount | None:
    """Return the account of a phone in E.164, with its user."""
    return PhoneAccount.objects.select_related("user").filter(phone=phone).first()


@service
def has_phone(user: SiteUser) -> bool:
    """Tell whether ``user`` is signed in and has a phone account, and so a profile.

    Raises:
        Unavailable: the database does not answer.
    """
    return bool(user.is_authenticated) and PhoneAccount.objects.filter(user=user).exists()


@service
def get_account(user: SiteUser) -> PhoneAccount:
    """Return the phone account of ``user``.

    Raises:
        AccountMissing: they have none.
        Unavailable: the database does not answer.
    """
    account = PhoneAccount.objects.filter(user=user).first()
    if account is None:
        raise AccountMissing
    return account


def confirm(account: PhoneAccount, now: dt.datetime) -> PhoneAccount:
    """Record that the phone was verified again.

    Raises:
        IntegrityError: the account was deleted at the same moment, or has another number.
    """
    account.verified_at = now
    same = PhoneAccount.objects.filter(pk=account.pk, phone=account.e164)
    if not same.update(verified_at=now):
        raise IntegrityError("The phone account was deleted or changed.")
    return account


def hold_active(user: SiteUser) -> None:
    """Let nobody disable a user before this transaction ends.

    By a write to the row that disabling writes too: whoever comes second waits for the first.

    Raises:
        IntegrityError: they were disabled, or deleted, at the same moment.
    """
    if all(field.name != "is_active" for field in user._meta.concrete_fields):
        return  # Django requires no such field.
    active = type(user)._base_manager.filter(pk=user.pk, is_active=True)
    if not active.update(is_active=True):
        raise IntegrityError("The user was disabled or deleted.")


def create(
    phone: str,
    now: dt.datetime,
    user: SiteUser | None = None,
    *,
    verified_at: dt.datetime | None = None,
) -> PhoneAccount:
    """Make the user of a phone, their account and their invite code.

    Call it inside a transaction. With ``user`` the phone becomes theirs, who keep an invite code
    that they have. It was verified now, or at ``verified_at``.

    Raises:
        IntegrityError: another login has made them at the same moment.
        PhoneReserved: the phone may be given back to whoever changed it.
    """
    has_code = user is not None and hasattr(user, "invite_code")
    user = user or _create_user(phone)
    account = PhoneAccount(user=user, phone=phone, verified_at=verified_at or now, created_at=now)
    account.save(force_insert=True)
    require_unreserved(account, now)
    if not has_code:
        invites.create_own_code(user, now)
    return account


def require_unreserved(account: PhoneAccount, now: dt.datetime) -> None:
    """Refuse a phone that may be given back to somebody else yet.

    Call it in the transaction that gave ``account`` the phone, and after that: whoever had it has
    let it go by then, and told of it in the same transaction.

    Raises:
        PhoneReserved: that is so.
    """
    if PhoneChange.reserves(account.e164, user=account.user, now=now):
        raise PhoneReserved


def _create_user(phone: str) -> SiteUser:
    if app_settings.create_user is not None:
        made: SiteUser = import_string(app_settings.create_user)(phone)
        return made
    model: Any = get_user_model()
    name_field = _name_field()
    user = model(**{name_field.name: _username(name_field, phone)})
    user.set_unusable_password()
    user.save(force_insert=True)
    return user


def _username(field: models.Field[Any, Any], phone: str) -> str | None:
    """Return a unique value for ``USERNAME_FIELD`` that tells nothing about the user."""
    if isinstance(field, PhoneNumberField) or "phone" in field.name:
        return phone
    if field.null:
        return None
    return _random_name(field)


def _random_name(field: models.Field[Any, Any]) -> str:
    name = f"phone-{secrets.token_hex(12)}"
    if isinstance(field, models.EmailField):
        return f"{name}@phone.invalid"  # RFC 2606, 2: no mail ever goes there.
    return name[: field.max_length]


def forget_name(user: SiteUser, phone: str) -> None:
    """Give ``user`` a name that tells nothing, if theirs is ``phone``. Inside a transaction.

    Raises:
        UserNeedsPhone: only a phone can stand there.
    """
    field = _name_field()
    if not _is_named(user, field, phone):
        return
    if isinstance(field, PhoneNumberField) and not field.null:
        raise UserNeedsPhone
    _rename(user, field, None if field.null else _random_name(field))


def follow_name(user: SiteUser, old: str, new: str) -> None:
    """Let the name of ``user`` be ``new``, if it was their number ``old``. Inside a transaction.

    Raises:
        IntegrityError: another user has that name.
    """
    field = _name_field()
    if old and _is_named(user, field, old):
        _rename(user, field, new)


def _name_field() -> Any:
    model: Any = get_user_model()
    return model._meta.get_field(str(model.USERNAME_FIELD))


def _is_named(user: SiteUser, field: Any, phone: str) -> bool:
    name = getattr(user, field.name)
    return str(getattr(name, "as_e164", name)) == phone


def _rename(user: SiteUser, field: Any, name: str | None) -> None:
    setattr(user, field.name, name)
    user.save(update_fields=[field.name])


@service
def get_profile(user: SiteUser) -> Profile:
    """Return what a user sees of their own, with their newest invitees.

    Raises:
        AccountMissing: the user has no phone account, or it is not whole.
        Unavailable: the database does not answer.
    """
    account = (
        PhoneAccount.objects.select_related("user__invite_code", "user__invite_activation")
        .filter(user=user)
        .first()
    )
    invite_code = None if account is None else getattr(account.user, "invite_code", None)
    if account is None or invite_code is None:
        raise AccountMissing
    activation = getattr(account.user, "invite_activation", None)
    return Profile(
        account=account,
        invite_code=invite_code,
        activated_code=activation and activation.code,
        invitees=list(_invitees(user)[:PAGE_SIZE]),
    )


@service
def get_invitees(user: SiteUser, *, older_than: int | None = None) -> InviteePage:
    """Return a page of who activated the user's code, newest first.

    Args:
        user: the inviter.
        older_than: ``InviteePage.older_than`` of the page before.
    """
    found = _invitees(user)
    if older_than is not None:
        found = found.filter(pk__lt=older_than)
    page = list(found[: PAGE_SIZE + 1])
    return InviteePage(
        invitees=page[:PAGE_SIZE],
        older_than=page[PAGE_SIZE - 1].pk if len(page) > PAGE_SIZE else None,
    )


def _invitees(user: SiteUser) -> models.QuerySet[InviteActivation]:
    return (
        InviteActivation.objects.select_related("invitee__phone_account")
        .filter(inviter=user, invitee__phone_account__isnull=False)
        .order_by("-pk")
    )
