"""Change the number of a user, or give them a first one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.auth import get_user_model
from django.db import IntegrityError
from django.db.models import F
from django.views.decorators.debug import sensitive_variables

from django_phone_invites import codes, logs, phones, signals
from django_phone_invites.conf import app_settings
from django_phone_invites.delivery import deliver, first_state
from django_phone_invites.exceptions import (
    CodeExpired,
    CodeNotFound,
    PhoneReserved,
    PhoneTaken,
    UserNeedsPhone,
)
from django_phone_invites.models import LoginCode, PhoneAccount, PhoneChange, SiteUser
from django_phone_invites.services import accounts, fixed_codes, linking
from django_phone_invites.services.attempts import Attempt, settle
from django_phone_invites.services.boundary import service
from django_phone_invites.transactions import run_durably

#: For so long a worker tries to send the notice of a change.
NOTICE_LIFE = dt.timedelta(hours=1)

#: Ends the logins of a user and names those that it cannot end: ``logins.end_all``.
EndLogins = Callable[[SiteUser], Sequence[str]]
#: Gives the session of a user another key: ``sessions.renew``.
Renew = Callable[[SiteUser], None]


@dataclass(frozen=True)
class Changed:
    """A user who has another number now."""

    account: PhoneAccount
    #: The number before it, in E.164; "" where they had none.
    old: str


@dataclass(frozen=True)
class _Done:
    """What the transaction that used up a code did."""

    account: PhoneAccount
    old: str
    notice: LoginCode | None


@sensitive_variables()
@service
def change_number(
    *,
    login_code: LoginCode,
    user: SiteUser,
    guess: object,
    end_logins: EndLogins,
    renew: Renew | None = None,
    address: str | None = None,
) -> Changed:
    """Make the phone of a code the number of ``user``, who asked for it; nobody is logged in.

    Where they had none their account is made, and an invite code with it. The old number is told,
    and can undo it. Other codes for a new number that they asked for end.

    Args:
        login_code: from :func:`challenges.find_code`, with the same user.
        user: who is signed in.
        guess: what was entered; a string of ASCII digits or an int.
        end_logins: called inside the transaction with the user who loses the number, if one does:
            ``logins.end_all``.
        renew: called with ``user`` inside the transaction, so that a login that is ended at this
            moment is either renewed and then ended, or changes nothing.
        address: the address that the guess comes from.

    Raises:
        CodeNotFound: the code was asked for by somebody else, or to log in.
        CodeMalformed: no code could look like this; no attempt is spent.
        CodeInvalid: a wrong guess; one attempt is spent.
        CodeExpired, CodeUsed, CodeExhausted: the code is over, as it is for a first number where
            the user has one by now.
        RateLimited: too many wrong guesses from this address; this one was not evaluated.
        PhoneTaken: right, but the number is that of an account, and stays its, or that of another
            user by ``PHONE_INVITES_LINK_USER``.
        PhoneReserved: right, but whoever has changed it may get it back yet.
        AccountConflict: right, but another user has the number for a name.
        Unavailable: the database does not answer, or the provider whose code it is, or the site's
            rule that links users failed.
    """
    if login_code.purpose != LoginCode.Purpose.CHANGE or login_code.user_id != user.pk:
        raise CodeNotFound
    attempt = Attempt(login_code, address)
    attempt.require_right(guess)
    done = settle(lambda: _try_change(attempt, end_logins, renew), IntegrityError)
    if done.notice is not None:
        deliver(done.notice)
    logs.record(
        "phone_changed",
        "User %s has the number %s now.",
        done.account.user_id,
        phones.mask(done.account.e164),
    )
    tell_site(done.account, done.old)
    return Changed(done.account, done.old)


def _try_change(attempt: Attempt, end_logins: EndLogins, renew: Renew | None) -> _Done:
    try:
        return _change(attempt, end_logins, renew)
    except (PhoneTaken, PhoneReserved) as refusal:
        attempt.refuse_right("change_refused", "is not given to its user", refusal)


def _change(attempt: Attempt, end_logins: EndLogins, renew: Renew | None) -> _Done:
    # Read before the transaction: on SQLite one that begins with a write waits for its turn, and
    # one that begins with a read fails instead.
    login_code, now = attempt.login_code, attempt.now
    account = account_of(login_code.user_id)
    if account is not None and account.created_at > login_code.created_at:
        # It was asked for as a first number, without the proof that another one wants.
        attempt.end_code()
        raise CodeExpired
    holder = accounts.find(login_code.phone)
    if holder is not None and (holder == account or not _may_lose(holder, now)):
        raise PhoneTaken
    if holder is None and linking.is_anothers(login_code.phone, login_code.user_id):
        # Theirs by the site's rule, though they have not signed in with it yet.
        raise PhoneTaken
    old = "" if account is None else account.e164

    def use_up() -> _Done:
        # Before the code: whatever else changes this user's number waits here, in one order.
        hold(account, login_code.user_id)
        attempt.spend(used_at=now)
        if holder is not None:
            _take_away(holder, end_logins)
        changed = give(account, login_code.user, login_code.phone, now, verified_at=now)
        end_codes(changed.user, now)
        notice = _keep(changed, old, login_code, now)
        if renew is not None:
            renew(changed.user)
        return _Done(changed, old, notice)

    done = run_durably(use_up)
    if holder is not None:
        logs.record(
            "phone_taken_over",
            "The number %s of user %s was not verified for long, and is user %s's now.",
            phones.mask(login_code.phone),
            holder.user_id,
            done.account.user_id,
        )
    return done


def account_of(user_id: Any) -> PhoneAccount | None:
    """Return the phone account of a user, if they have one."""
    return PhoneAccount.objects.select_related("user").filter(user_id=user_id).first()


def _may_lose(holder: PhoneAccount, now: dt.datetime) -> bool:
    """Tell whether the number of an account is taken for recycled: given to somebody else."""
    max_age = app_settings.claim_max_age
    if max_age is None or fixed_codes.is_trusted(holder.user):
        return False
    return holder.verified_at < now - max_age


def hold(account: PhoneAccount | None, user_id: Any) -> None:
    """Let nothing else change the number of a user before this transaction ends.

    Raises:
        IntegrityError: it is not the one that was read.
    """
    if account is None:
        # By a write, as there; without an account there is but the user to meet at.
        model: Any = get_user_model()
        name = str(model.USERNAME_FIELD)
        model._base_manager.filter(pk=user_id).update(**{name: F(name)})
    elif not PhoneAccount.hold(pk=account.pk, phone=account.e164):
        raise IntegrityError("The phone account was deleted or changed.")


def _take_away(holder: PhoneAccount, end_logins: EndLogins) -> None:
    """Take the number from an account; its user stays, with their invites and without a phone."""
    phone = holder.e164
    # On the condition that nobody has verified it in between.
    if not PhoneAccount.hold(pk=holder.pk, phone=phone, verified_at=holder.verified_at):
        raise IntegrityError("The phone was verified at the same moment.")
    end_logins(holder.user)
    PhoneAccount.objects.filter(pk=holder.pk).delete()
    try:
        accounts.forget_name(holder.user, phone)
    except UserNeedsPhone:
        raise PhoneTaken from None


def give(
    account: PhoneAccount | None,
    user: SiteUser,
    phone: str,
    now: dt.datetime,
    *,
    verified_at: dt.datetime,
) -> PhoneAccount:
    """Give ``phone`` to a user, in the account that they have or in a new one.

    Raises:
        IntegrityError: others were first, or another user has the phone for a name.
        PhoneReserved: it may be given back to somebody else yet.
    """
    if account is None:
        return accounts.create(phone, now, user, verified_at=verified_at)
    old = account.e164
    account.phone = phone  # type: ignore[assignment]  # the field makes a number of it
    account.verified_at = verified_at
    account.save(update_fields=["phone", "verified_at"])
    accounts.require_unreserved(account, now)
    accounts.follow_name(account.user, old, phone)
    return account


def end_codes(user: SiteUser, now: dt.datetime) -> None:
    """End the codes for another number that ``user`` asked for: what they replace is gone."""
    asked = LoginCode.objects.filter(user=user, purpose=LoginCode.Purpose.CHANGE)
    asked.filter(used_at=None, ended_at=None).update(ended_at=now)


def _keep(
    account: PhoneAccount, old: str, login_code: LoginCode, now: dt.datetime
) -> LoginCode | None:
    """Keep that the number was changed; return the notice to the old one, if there is one."""
    change = PhoneChange(user=account.user, old=old, new=account.e164, changed_at=now)
    # Nothing is sent to a test number, which is everybody's who knows its code.
    is_told = old != "" and fixed_codes.length_of(old, now) is None
    notice = _notice(old, login_code, now) if is_told else None
    if notice is not None and app_settings.undo_window:
        change.undo_until = now + app_settings.undo_window
        change.undo_digest = codes.digest_undo(codes.derive_undo_token(notice.seed))
    change.save()
    return notice


def _notice(old: str, login_code: LoginCode, now: dt.datetime) -> LoginCode:
    """Store what tells the old number. It has ended from the beginning: it is no code."""
    return LoginCode.objects.create(
        phone=old,
        region=phones.region_of(old),
        purpose=LoginCode.Purpose.CHANGED,
        channel=login_code.channel,
        length=0,
        locale=login_code.locale,
        created_at=now,
        expires_at=now + NOTICE_LIFE,
        ended_at=now,
        **first_state(now),
    )


def tell_site(account: PhoneAccount, old: str) -> None:
    """Send the signal that a user has another number than ``old``. Outside of the transaction."""
    signals.phone_changed.send_robust(PhoneAccount, user=account.user, account=account, old=old)
