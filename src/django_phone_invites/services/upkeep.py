"""Remove what is over, and find what should not be."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from django.db.models import Count, F, Q
from django.utils import timezone

from django_phone_invites.models import (
    InviteActivation,
    InviteCode,
    LimitCounter,
    LoginCode,
    PhoneAccount,
)

#: Rows deleted by one statement: enough to be quick, few enough to hold no lock for long.
BATCH = 1000

#: No counter looks back further: a row that has not changed for so long counts nothing.
COUNTER_LIFE = dt.timedelta(days=30)


def purge_login_codes(*, older_than: dt.timedelta) -> Iterator[int]:
    """Delete the login codes that ended that long ago; yield how many, batch by batch."""
    yield from _delete(LoginCode, Q(expires_at__lt=timezone.now() - older_than))


def purge_counters() -> Iterator[int]:
    """Delete the counters that no longer count anything; yield how many, batch by batch."""
    yield from _delete(LimitCounter, Q(updated_at__lt=timezone.now() - COUNTER_LIFE))


def _delete(model: type[LoginCode] | type[LimitCounter], over: Q) -> Iterator[int]:
    while keys := list(model._default_manager.filter(over).values_list("pk", flat=True)[:BATCH]):
        yield model._default_manager.filter(over, pk__in=keys).delete()[0]


def find_broken() -> Iterator[str]:
    """Yield, in words, everything that breaks what this package promises."""
    yield from _accounts_without_invite_code()
    yield from _used_codes_without_an_attempt()
    yield from _miscounted_uses()
    yield from _overused()
    yield from _own_activations()


def _accounts_without_invite_code() -> Iterator[str]:
    for account in PhoneAccount.objects.filter(user__invite_code=None):
        yield f"Phone account {account.pk} has no invite code."


def _used_codes_without_an_attempt() -> Iterator[str]:
    for code in LoginCode.objects.filter(used_at__isnull=False, attempts=0):
        yield f"Login code {code.pk} was used without an attempt."


def _miscounted_uses() -> Iterator[str]:
    counted = InviteCode.objects.annotate(found=Count("activations")).exclude(uses=F("found"))
    for code in counted:
        yield f"Invite code {code.pk} counts {code.uses} uses and has {code.found} activations."


def _overused() -> Iterator[str]:
    for code in InviteCode.objects.filter(uses__gt=F("max_uses")):
        yield f"Invite code {code.pk} was used {code.uses} times, {code.max_uses} at most."


def _own_activations() -> Iterator[str]:
    for activation in InviteActivation.objects.filter(inviter=F("invitee")):
        yield f"Invite activation {activation.pk} is of the user's own code."
