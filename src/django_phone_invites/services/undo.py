"""Undo a change of a number, with the token out of the message to the old one."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import IntegrityError
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from django_phone_invites import codes, logs, phones
from django_phone_invites.exceptions import UndoNotFound
from django_phone_invites.models import PhoneChange
from django_phone_invites.services import numbers
from django_phone_invites.services.attempts import settle
from django_phone_invites.services.boundary import service
from django_phone_invites.transactions import run_durably


@dataclass(frozen=True)
class Undone(numbers.Changed):
    """A user who has a number of before again."""

    #: Logins that could not be ended, as ``end_logins`` names them.
    logins_left: tuple[str, ...]


@sensitive_variables()
@service
def get_change(token: str) -> PhoneChange:
    """Return the change that an undo token undoes.

    Raises:
        UndoNotFound: there is none, it was undone, or it is too late.
        Unavailable: the database does not answer.
    """
    if codes.is_token(token):
        change = PhoneChange.of_token(token).filter(PhoneChange.undoable(timezone.now())).first()
        if change is not None:
            return change
    raise UndoNotFound


@sensitive_variables()
@service
def undo_change(*, token: str, end_logins: numbers.EndLogins) -> Undone:
    """Give a user the number back that they had before a change; all their logins end.

    Whatever they changed after it falls with it. What they changed before can be undone still.

    Args:
        token: out of the message to the old number.
        end_logins: called with the user inside the transaction: ``logins.end_all``.

    Raises:
        UndoNotFound: there is none, it was undone, or it is too late.
        AccountConflict: another user has the number, by a way of the site's own.
        Unavailable: the database does not answer.
    """
    undone = settle(lambda: _try_undo(token, end_logins), IntegrityError)
    logs.record(
        "phone_change_undone",
        "User %s has the number %s again. Logins that go on: %s.",
        undone.account.user_id,
        phones.mask(undone.account.e164),
        ", ".join(undone.logins_left) or "none",
    )
    numbers.tell_site(undone.account, undone.old)
    return undone


@sensitive_variables()
def _try_undo(token: str, end_logins: numbers.EndLogins) -> Undone:
    change = get_change(token)
    now = timezone.now()
    account = numbers.account_of(change.user_id)
    current = "" if account is None else account.e164

    def undo() -> Undone:
        numbers.hold(account, change.user_id)
        if not PhoneChange.objects.filter(PhoneChange.undoable(now), pk=change.pk).update(
            undone_at=now
        ):
            raise UndoNotFound
        later = PhoneChange.objects.filter(user=change.user_id, pk__gt=change.pk, undone_at=None)
        later.update(undone_at=now)
        # No code was entered: nothing that wants one of late opens by this.
        verified_at = change.changed_at
        restored = numbers.give(account, change.user, change.old, now, verified_at=verified_at)
        numbers.end_codes(restored.user, now)
        return Undone(restored, current, tuple(end_logins(restored.user)))

    return run_durably(undo)
