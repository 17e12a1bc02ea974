"""Remove what is over, and find what should not be."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from django.db.models import Count, Exists, F, Max, OuterRef, Q
from django.utils import timezone

from django_phone_invites.conf import app_settings
from django_phone_invites.models import (
    InviteActivation,
    InviteCode,
    LimitCounter,
    LoginCode,
    PhoneAccount,
    PhoneChange,
)

#: Rows deleted by one statement: enough to be quick, few enough to hold no lock for long.
BATCH = 1000

#: No counter looks back further: a row that has not changed for so long counts nothing.
COUNTER_LIFE = dt.timedelta(days=30)

#: A code and its account hold the same moment, unless two logins meet: the later one may then bring
#: the earlier moment, as the clocks of several servers differ and a conflict is waited out.
CLOCKS_DIFFER = dt.timedelta(minutes=1)

#: The code that was asked for last, and the one before it.
MOST_LIVE_CODES = 2


def purge_login_codes(*, older_than: dt.timedelta) -> Iterator[int]:
    """Delete the login codes that ended that long ago; yield how many, batch by batch."""
    yield from _delete(LoginCode, Q(expires_at__lt=timezone.now() - older_than))


def purge_changes(*, older_than: dt.timedelta) -> Iterator[int]:
    """Delete the changes that could be undone until that long ago, or were never to be."""
    over = timezone.now() - older_than
    ended = Q(undo_until__lt=over) | Q(undo_until=None, changed_at__lt=over)
    yield from _delete(PhoneChange, ended)


def purge_counters() -> Iterator[int]:
    """Delete the counters that no longer count anything; yield how many, batch by batch."""
    yield from _delete(LimitCounter, Q(updated_at__lt=timezone.now() - COUNTER_LIFE))


def _delete(
    model: type[LoginCode] | type[LimitCounter] | type[PhoneChange], over: Q
) -> Iterator[int]:
    while keys := list(model._default_manager.filter(over).values_list("pk", flat=True)[:BATCH]):
        yield model._default_manager.filter(over, pk__in=keys).delete()[0]


def find_broken() -> Iterator[str]:
    """Yield, in words, everything that breaks what this package promises.

    The database does the work: one statement for each promise, and only what breaks it is read.
    """
    yield from _accounts_without_invite_code()
    yield from _used_codes_without_an_attempt()
    yield from _used_codes_without_a_login()
    yield from _codes_used_when_over()
    yield from _codes_guessed_too_often()
    yield from _phones_with_many_live_codes()
    yield from _codes_for_a_number_of_nobody()
    yield from _reserved_numbers_of_others()
    yield from _miscounted_uses()
    yield from _overused()
    yield from _own_activations()
    yield from _mutual_activations()
    yield from _unguarded_activations()
    yield from _activations_of_another_owner()


def _accounts_without_invite_code() -> Iterator[str]:
    for account in PhoneAccount.objects.filter(user__invite_code=None):
        yield f"Phone account {account.pk} has no invite code."


def _used_codes_without_an_attempt() -> Iterator[str]:
    for code in LoginCode.objects.filter(used_at__isnull=False, attempts=0):
        yield f"Login code {code.pk} was used without an attempt."


def _used_codes_without_a_login() -> Iterator[str]:
    """Compare with the account; one that is gone, or was made later, tells nothing."""
    account = PhoneAccount.objects.filter(
        phone=OuterRef("phone"),
        created_at__lte=OuterRef("used_at"),
        verified_at__lt=OuterRef("used_at") - CLOCKS_DIFFER,
    )
    for code in LoginCode.objects.filter(Exists(account), used_at__isnull=False):
        yield f"Login code {code.pk} was used and its phone account does not know of it."


def _codes_used_when_over() -> Iterator[str]:
    over = Q(ended_at__isnull=False) | Q(used_at__gte=F("expires_at"))
    for code in LoginCode.objects.filter(over, used_at__isnull=False):
        yield f"Login code {code.pk} was used when it was over."


def _codes_guessed_too_often() -> Iterator[str]:
    most = app_settings.code_attempts
    for code in LoginCode.objects.filter(attempts__gt=most):
        yield f"Login code {code.pk} has {code.attempts} attempts, {most} at most."


def _phones_with_many_live_codes() -> Iterator[str]:
    live = LoginCode.objects.filter(LoginCode.live(timezone.now())).order_by()
    # A phone that has just become a test number, or ceased to be one, may have two of each kind.
    crowded = live.values("phone", "is_test").annotate(found=Count("pk"), newest=Max("pk"))
    for phone in crowded.filter(found__gt=MOST_LIVE_CODES):
        yield (
            f"Login code {phone['newest']} is one of {phone['found']} live codes of its phone,"
            f" {MOST_LIVE_CODES} at most."
        )


def _codes_for_a_number_of_nobody() -> Iterator[str]:
    is_change = Q(purpose=LoginCode.Purpose.CHANGE)
    unbound = Q(is_change, user=None) | Q(~is_change, user__isnull=False)
    for code in LoginCode.objects.filter(unbound):
        yield f"Login code {code.pk} changes the number of nobody, or is bound and changes none."


def _reserved_numbers_of_others() -> Iterator[str]:
    holder = PhoneAccount.objects.filter(phone=OuterRef("old")).exclude(user=OuterRef("user"))
    undoable = PhoneChange.objects.filter(PhoneChange.undoable(timezone.now()))
    for change in undoable.filter(Exists(holder)):
        yield f"Change {change.pk} can be undone, and its old number is another user's."


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


def _mutual_activations() -> Iterator[str]:
    """Find A by B and B by A, from the later of the two."""
    back = "inviter__invite_activation"
    mutual = InviteActivation.objects.filter(
        **{f"{back}__inviter": F("invitee"), f"{back}__pk__lt": F("pk")}
    )
    for activation in mutual:
        yield f"Invite activation {activation.pk} is of the code of the user's own invitee."


def _unguarded_activations() -> Iterator[str]:
    # Who activated their own code is found as such.
    activations = InviteActivation.objects.exclude(inviter=F("invitee")).filter(
        invitee__isnull=False, inviter__isnull=False
    )
    columns = activations.values_list("pk", "invitee_id", "inviter_id", "pair")
    for pk, invitee_id, inviter_id, pair in columns.iterator():
        if pair != InviteActivation.pair_of(invitee_id, inviter_id):
            yield f"Invite activation {pk} can be mirrored: its pair is not that of its users."


def _activations_of_another_owner() -> Iterator[str]:
    owner = "invite_code__owner"
    differs = Q(**{f"{owner}__isnull": False}) & ~Q(inviter=F(owner))
    ownerless = Q(invite_code__isnull=False, inviter__isnull=False, **{f"{owner}__isnull": True})
    for activation in InviteActivation.objects.filter(differs | ownerless):
        yield f"Invite activation {activation.pk} is not of its inviter's code."
