"""Give a user an invite code of their own, and activate somebody else's."""

from __future__ import annotations

import datetime as dt

from django.db import IntegrityError, models, router, transaction
from django.utils import timezone

from django_phone_invites import codes, limits, logs, signals
from django_phone_invites.exceptions import (
    AccountMissing,
    InviteAlreadyActivated,
    InviteExhausted,
    InviteExpired,
    InviteMutual,
    InviteOwn,
    InviteRefusal,
    InviteUnknown,
)
from django_phone_invites.limits import policy
from django_phone_invites.limits.rules import Room
from django_phone_invites.models import (
    ErasedPhone,
    InviteActivation,
    InviteCode,
    PhoneAccount,
    SiteUser,
)
from django_phone_invites.services.boundary import service
from django_phone_invites.transactions import run_durably

# Of 8.9e8 codes a site with a million users has given out one in 887: five collisions in a row
# happen once in 5e14 sign-ups.
_CODE_TRIES = 5


def create_own_code(user: SiteUser, now: dt.datetime) -> InviteCode:
    """Give ``user`` an invite code. Call it inside a transaction.

    Raises:
        IntegrityError: the user has one already, or no free code was found.
    """
    for _ in range(_CODE_TRIES - 1):
        try:
            with transaction.atomic(using=router.db_for_write(InviteCode)):
                return _insert_code(user, now)
        except IntegrityError:
            continue
    return _insert_code(user, now)


def _insert_code(user: SiteUser, now: dt.datetime) -> InviteCode:
    return InviteCode.objects.create(owner=user, code=codes.new_invite_code(), created_at=now)


@service
def activate_invite(*, user: SiteUser, code: str) -> InviteActivation:
    """Activate somebody's invite code for ``user``: once, ever.

    Args:
        user: the invitee.
        code: as it was typed; its case does not matter.

    Raises:
        AccountMissing: the user has no phone.
        InviteAlreadyActivated: the user has activated one, or their phone had before it was erased.
        InviteUnknown: there is no such code, it was revoked, or its owner is disabled.
        InviteOwn: it is the user's own.
        InviteMutual: its owner has activated the user's.
        InviteExpired, InviteExhausted: the code is over.
        RateLimited: too many wrong codes from this user; this one was not looked at.
        Unavailable: the database does not answer.
    """
    _require_first(user)
    now = timezone.now()
    failures = policy.invite_failures(user)
    reading = limits.read([failures], now)
    try:
        invite_code = _find(code)
    except InviteUnknown:
        run_durably(reading.take)
        raise
    if invite_code.owner_id == user.pk:
        raise InviteOwn

    def activate() -> InviteActivation:
        reading.take(Room(failures))
        # Its phone may be erased at this moment, and what is remembered of it is final.
        if not PhoneAccount.hold(user=user):
            raise AccountMissing
        return _activate(user, invite_code, now)

    try:
        activation = run_durably(activate)
    except IntegrityError:
        # Another request was first: either this user's own, or the owner's with this user's code.
        _require_first(user)
        raise InviteMutual from None
    tell(activation)
    return activation


def require_usable(code: str, *, phone: str, now: dt.datetime) -> InviteCode:
    """Return the invite code that a new user of ``phone`` could activate at ``now``.

    Raises:
        InviteUnknown, InviteExpired, InviteExhausted: nobody can.
        InviteAlreadyActivated: the phone had activated one before it was erased.
    """
    invite_code = _find(code)
    if not InviteCode.objects.filter(InviteCode.usable(now), pk=invite_code.pk).exists():
        raise _why_over(invite_code)
    if _was_invited(phone):
        raise InviteAlreadyActivated
    return invite_code


def activate_for_new(
    *, user: SiteUser, invite_code: InviteCode, now: dt.datetime
) -> InviteActivation:
    """Activate an invite code for a user who is made in this transaction; then :func:`tell`.

    Raises:
        InviteUnknown, InviteExpired, InviteExhausted: others were first.
    """
    return _activate(user, invite_code, now)


def tell(activation: InviteActivation) -> None:
    """Tell the log and the site of an activation, once it is committed."""
    logs.record("invite_activated", "Invite code %s was activated.", activation.invite_code_id)
    signals.invite_activated.send_robust(InviteActivation, activation=activation)


def _require_first(user: SiteUser) -> None:
    """Refuse a user who has activated a code, or who has no phone to be invited by.

    A phone that was erased counts as its next user's: it is invited once.
    """
    found = list(
        PhoneAccount.objects.filter(user=user).values_list("phone", "user__invite_activation")
    )
    if not found:
        raise AccountMissing
    phone, activation = found[0]
    if activation is not None or _was_invited(phone.as_e164):
        raise InviteAlreadyActivated


def _was_invited(phone: str) -> bool:
    return ErasedPhone.of(phone).filter(has_activated=True).exists()


def _find(code: str) -> InviteCode:
    folded = codes.fold_invite_code(code)
    if folded is None:
        raise InviteUnknown
    codes_of_users = InviteCode.objects.select_related("owner__phone_account")
    found = codes_of_users.filter(folded=folded).first()
    if found is None or found.revoked_at is not None:
        raise InviteUnknown
    # Without a phone they are who may sign up anew, and would be invited by themselves.
    owner = found.owner
    if owner is not None and not (owner.is_active and hasattr(owner, "phone_account")):
        raise InviteUnknown
    return found


def _activate(user: SiteUser, invite_code: InviteCode, now: dt.datetime) -> InviteActivation:
    usable = InviteCode.objects.filter(InviteCode.usable(now), pk=invite_code.pk)
    if not usable.update(uses=models.F("uses") + 1):
        raise _why_over(invite_code)
    owner = invite_code.owner
    return InviteActivation.objects.create(
        invitee=user,
        inviter=owner,
        invite_code=invite_code,
        code=invite_code.code,
        pair=None if owner is None else InviteActivation.pair_of(user.pk, owner.pk),
        activated_at=now,
    )


def _why_over(invite_code: InviteCode) -> InviteRefusal:
    found = InviteCode.objects.filter(pk=invite_code.pk).first()
    if found is None:  # deleted, or erased with its owner, since it was found
        return InviteUnknown()
    is_exhausted = found.max_uses is not None and found.uses >= found.max_uses
    return InviteExhausted() if is_exhausted else InviteExpired()
