"""Everything that this package refuses, each with a stable code.

::

    PhoneInvitesError
    └── Refusal
        ├── FieldRefusal                 invalid
        │   ├── PhoneInvalid             phone_invalid
        │   ├── PhoneTypeRefused         phone_type_refused
        │   ├── PhoneRegionRefused       phone_region_refused
        │   └── CodeMalformed            code_malformed
        ├── CodeRefusal
        │   ├── CodeNotFound             code_not_found
        │   ├── CodeInvalid              code_invalid
        │   └── CodeOver
        │       ├── CodeExpired          code_expired
        │       ├── CodeUsed             code_used
        │       └── CodeExhausted        code_exhausted
        ├── InviteRefusal
        │   ├── InviteUnknown            invite_unknown
        │   ├── InviteOwn                invite_own
        │   ├── InviteMutual             invite_mutual
        │   ├── InviteAlreadyActivated   invite_already_activated
        │   ├── InviteExpired            invite_expired
        │   └── InviteExhausted          invite_exhausted
        ├── IdempotencyKeyInvalid        idempotency_key_invalid
        ├── IdempotencyKeyReused         idempotency_key_reused
        ├── GateRefused                  gate_refused
        ├── SignUpRefusal
        │   ├── InviteRequired           invite_required
        │   └── SignUpClosed             sign_up_closed
        ├── AccountConflict              account_conflict
        ├── AccountDisabled              account_disabled
        ├── AccountMissing               account_missing
        ├── PhoneTaken                   phone_taken
        ├── PhoneReserved                phone_reserved
        ├── UndoNotFound                 undo_not_found
        ├── UserProtected                user_protected
        ├── UserNeedsPhone               user_needs_phone
        ├── VerificationRequired         verification_required
        ├── LogoutImpossible             logout_impossible
        ├── RateLimited                  rate_limited
        ├── SendingPaused                sending_paused
        └── Unavailable                  unavailable

A skin catches ``Refusal`` once and shows its ``message``; ``status`` is the HTTP status of the API.
"""

from __future__ import annotations

import datetime as dt
import math
from typing import ClassVar

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class PhoneInvitesError(Exception):
    """Whatever this package raises on purpose."""


class Refusal(PhoneInvitesError):
    """A request that was understood and not granted.

    Its argument, where a site's rule gives one, is shown in place of ``message``.
    """

    code: ClassVar[str]
    status: ClassVar[int]
    message: ClassVar[str | Promise]
    #: Seconds after which it is worth to come back; None where waiting alone does not help.
    retry_after: int | None = None

    def __str__(self) -> str:
        return str(next(iter(self.args), "") or self.message)


class FieldRefusal(Refusal):
    """One field that is not what it should be; ``field`` is its name in forms and JSON."""

    status = 400
    field: ClassVar[str]


class PhoneInvalid(FieldRefusal):
    code = "phone_invalid"
    field = "phone"
    message = _("Enter a valid phone number, beginning with + and its country code.")


class PhoneTypeRefused(FieldRefusal):
    code = "phone_type_refused"
    field = "phone"
    message = _("Codes are sent to mobile numbers only.")


class PhoneRegionRefused(FieldRefusal):
    code = "phone_region_refused"
    field = "phone"
    message = _("Codes are not sent to numbers of this country.")


class CodeMalformed(FieldRefusal):
    """A guess that no code could be equal to; it costs no attempt."""

    code = "code_malformed"
    field = "auth_number"
    message = _("Enter the code from the message, digits only.")


class CodeRefusal(Refusal):
    """A login code that does not log in."""


class CodeNotFound(CodeRefusal):
    code = "code_not_found"
    status = 404
    message = _("This code was not requested here. Ask for a new one.")


class CodeInvalid(CodeRefusal):
    """A wrong guess: ``attempts_left`` remain, a new code can be had at ``resend_at``."""

    code = "code_invalid"
    status = 400
    message = _("This code is wrong.")

    def __init__(self, *, attempts_left: int, resend_at: dt.datetime) -> None:
        super().__init__()
        self.attempts_left = attempts_left
        self.resend_at = resend_at


class CodeOver(CodeRefusal):
    """A code that logs in no more; a new one can be had at ``resend_at``, where that is known."""

    def __init__(self, *, resend_at: dt.datetime | None = None) -> None:
        super().__init__()
        self.resend_at = resend_at


class CodeExpired(CodeOver):
    code = "code_expired"
    status = 409
    message = _("This code is no longer valid. Ask for a new one.")


class CodeUsed(CodeOver):
    code = "code_used"
    status = 409
    message = _("This code was used already. Ask for a new one.")


class CodeExhausted(CodeOver):
    code = "code_exhausted"
    status = 409
    message = _("Too many wrong attempts. Ask for a new code.")


class InviteRefusal(Refusal):
    """An invite code that is not activated; nothing has changed."""


class InviteUnknown(InviteRefusal):
    code = "invite_unknown"
    status = 400
    message = _("There is no such invite code.")


class InviteOwn(InviteRefusal):
    code = "invite_own"
    status = 400
    message = _("This is your own invite code.")


class InviteMutual(InviteRefusal):
    code = "invite_mutual"
    status = 409
    message = _("The owner of this code was invited by you.")


class InviteAlreadyActivated(InviteRefusal):
    code = "invite_already_activated"
    status = 409
    message = _("You have activated an invite code already.")


class InviteExpired(InviteRefusal):
    code = "invite_expired"
    status = 409
    message = _("This invite code is no longer valid.")


class InviteExhausted(InviteRefusal):
    code = "invite_exhausted"
    status = 409
    message = _("This invite code was used as often as it can be.")


class IdempotencyKeyInvalid(Refusal):
    code = "idempotency_key_invalid"
    status = 400
    message = _("The idempotency key must have 1 to 255 printable characters of ASCII.")


class IdempotencyKeyReused(Refusal):
    """The key stands for another request of the same address, whose code is still alive."""

    code = "idempotency_key_reused"
    status = 409
    message = _("This idempotency key was used for another request.")


class GateRefused(Refusal):
    """The site's gate did not let a request for a code through; it may say so in its own words."""

    code = "gate_refused"
    status = 403
    message = _("No code was sent. Load the page again and try once more.")


class SignUpRefusal(Refusal):
    """A right code, and a phone without an account that does not get one."""

    status = 403


class InviteRequired(SignUpRefusal):
    """No invite code was brought along, or none that can be activated still."""

    code = "invite_required"
    message = _("To sign up, ask for a code with an invite code that is still valid.")


class SignUpClosed(SignUpRefusal):
    """Nobody may sign up, or not this phone; a site's own rule may say so in its own words."""

    code = "sign_up_closed"
    message = _("Nobody can sign up at the moment.")


class AccountConflict(Refusal):
    """There is a user with this phone's name that was not made here; linking it is the site's."""

    code = "account_conflict"
    status = 409
    message = _("There is another account with this number.")


class AccountDisabled(Refusal):
    code = "account_disabled"
    status = 403
    message = _("This account is disabled.")


class AccountMissing(Refusal):
    """A user that has no phone account, for example one made by ``createsuperuser``."""

    code = "account_missing"
    status = 404
    message = _("This user has no phone number.")


class PhoneTaken(Refusal):
    """A right code for a number that is another account's, or the user's own already."""

    code = "phone_taken"
    status = 409
    message = _("This number belongs to an account already.")


class PhoneReserved(Refusal):
    """A right code for a number that was changed a moment ago, and may be given back still."""

    code = "phone_reserved"
    status = 409
    message = _("This number was changed a short time ago. Nobody else can use it yet.")


class UndoNotFound(Refusal):
    """The token of no change, or of one that was undone or cannot be undone any more."""

    code = "undo_not_found"
    status = 404
    message = _("There is nothing to undo: the link was used, or its time is over.")


class UserProtected(Refusal):
    """A user whom a phone cannot be erased with: rows of the site refer to them and forbid it."""

    code = "user_protected"
    status = 409
    message = _("This user cannot be deleted: other data of the site belongs to them.")


class UserNeedsPhone(Refusal):
    """A user whose name is the phone and may not be empty: they end with it, or not at all."""

    code = "user_needs_phone"
    status = 409
    message = _("This user cannot be without a phone number. Delete the user with it.")


class VerificationRequired(Refusal):
    """A user who is signed in, and whose last right code is too long ago for this."""

    code = "verification_required"
    status = 403
    message = _("Confirm that it is you: ask for a code, enter it, and try again.")


class LogoutImpossible(Refusal):
    """The token issuer did not give this login out, or has no way to end it."""

    code = "logout_impossible"
    status = 409
    message = _("This login cannot be ended here.")


class RateLimited(Refusal):
    """A limit was reached. It does not say which one; ``retry_at`` says when to come back."""

    code = "rate_limited"
    status = 429
    message = _("Too many requests. Try again later.")
    retry_after: int

    def __init__(self, *, retry_at: dt.datetime, now: dt.datetime, limit: str = "") -> None:
        super().__init__()
        self.retry_at = retry_at
        #: The name of the limit, for logs; it is in no answer.
        self.limit = limit
        #: Whole seconds, at least 1 (RFC 9110, 10.2.3).
        self.retry_after = max(1, math.ceil((retry_at - now).total_seconds()))

    @property
    def resend_at(self) -> dt.datetime | None:
        """When the next code can be asked for; None where it is not messages that are limited."""
        return self.retry_at if self.limit.endswith("-messages") else None


class SendingPaused(Refusal):
    """No code is sent, to this region or to any. Codes that were sent before still log in."""

    code = "sending_paused"
    status = 503
    message = _("Codes are not sent at the moment. Try again later.")
    retry_after = 300


class Unavailable(Refusal):
    """The database or the store of the limits did not answer: nothing was sent or verified."""

    code = "unavailable"
    status = 503
    message = _("The service is not available right now. Try again in a moment.")
    retry_after = 5
