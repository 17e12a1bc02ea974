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
    InviteUnknown,
)
from django_phone_invites.limits import policy
from django_phone_invites.limits.rules import Room
from django_phone_invites.models import InviteActivation, InviteCode, PhoneAccount, SiteUser
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
        InviteAlreadyActivated: the user has activated one.
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
        return _activate(user, invite_code, now)

    try:
        activation = run_durably(activate)
    except IntegrityError:
        # Another request was first: either this user's own, or the owner's with this user's code.
        _require_first(user)
        raise InviteMutual from None
    logs.record("invite_activated", "Invite code %s was activated.", invite_code.pk)
    signals.invite_activated.send_robust(InviteActivation, activation=activation)
    return activation


def _require_first(user: SiteUser) -> None:
    """Refuse a user who has activated a code, or who has no phone to be invited by."""
    found = list(
        PhoneAccount.objects.filter(user=user).values_list("user__invite_activation", flat=True)
    )
    if not found:
        raise AccountMissing
    if found[0] is not None:
        raise InviteAlreadyActivated


def _find(code: str) -> InviteCode:
    folded = codes.fold_invite_code(code)
    if folded is None:
        raise InviteUnknown
    found = InviteCode.objects.select_related("owner").filter(folded=folded).first()
    if found is None or found.revoked_at is not None:
        raise InviteUnknown
    if found.owner is not None and not found.owner.is_active:
        raise InviteUnknown
    return found


def _activate(user: SiteUser, invite_code: InviteCode, now: dt.datetime) -> InviteActivation:
    usable = InviteCode.objects.filter(InviteCode.usable(now), pk=invite_code.pk)
    if not usable.update(uses=models.F("uses") + 1):
        invite_code.refresh_from_db()
        raise InviteExhausted if _is_exhausted(invite_code) else InviteExpired
    return InviteActivation.objects.create(
        invitee=user,
        inviter=invite_code.owner,
        invite_code=invite_code,
        code=invite_code.code,
        pair=_pair(user, invite_code),
        activated_at=now,
    )


def _is_exhausted(invite_code: InviteCode) -> bool:
    return invite_code.max_uses is not None and invite_code.uses >= invite_code.max_uses


def _pair(user: SiteUser, invite_code: InviteCode) -> str | None:
    """Return the same for A by B and for B by A, so that a unique column refuses the second."""
    if invite_code.owner_id is None:
        return None
    return ":".join(sorted([str(user.pk), str(invite_code.owner_id)]))
