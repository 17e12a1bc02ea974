"""What became of a login code and of its message: pure functions of the row and the time."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Collection

from django_phone_invites.delivery import queue
from django_phone_invites.exceptions import InviteRequired, SignUpClosed
from django_phone_invites.models import LoginCode
from django_phone_invites.senders import DeliveryState, PermanentSendError, TemporarySendError

_State = LoginCode.Delivery


class Fate(enum.Enum):
    """What became of the message of a code."""

    #: It waits for a worker: before any try, or after tries that came to nothing.
    WAITING = enum.auto()
    RETRYING = enum.auto()
    #: A worker should have taken it by now; likewise.
    OVERDUE = enum.auto()
    RETRY_OVERDUE = enum.auto()
    #: Somebody is at it, or was and has ended.
    SENDING = enum.auto()
    LOST = enum.auto()
    #: A provider took it or may have, and this is the last that is known.
    QUEUED = enum.auto()
    SENT = enum.auto()
    DELIVERED = enum.auto()
    UNDELIVERED = enum.auto()
    UNCLEAR = enum.auto()
    #: No provider took it, or there was none to ask.
    REFUSED = enum.auto()
    NOT_TAKEN = enum.auto()
    NO_SENDER = enum.auto()
    #: A fault on this side: in a sender, or before any was asked.
    BROKEN = enum.auto()
    UNPREPARED = enum.auto()
    #: Nothing is sent to a test number.
    NOT_SENT = enum.auto()
    #: Nor to a phone without an account that may not sign up, or not without an invite code.
    CLOSED = enum.auto()
    NOT_INVITED = enum.auto()
    #: Its code was over before a worker came, or before a provider took it.
    NO_WORKER = enum.auto()
    GIVEN_UP = enum.auto()


class End(enum.Enum):
    """How a code ended, if it did."""

    LIVE = enum.auto()
    USED = enum.auto()
    EXHAUSTED = enum.auto()
    REPLACED = enum.auto()
    #: Its browser asked for a code to another number, or it was right and its user disabled.
    ENDED = enum.auto()
    #: It ran out: after wrong guesses, or without any.
    MISTYPED = enum.auto()
    NOT_ENTERED = enum.auto()
    #: It was none: the message tells the old number of a change.
    NOTICE = enum.auto()


def fate_of(code: LoginCode, now: dt.datetime) -> Fate:
    """Return what became of the message of ``code``, as far as is known at ``now``."""
    if code.next_try_at is not None:
        return _waiting(code, is_due=code.next_try_at <= now)
    rules = {
        _State.QUEUED: Fate.QUEUED,
        _State.SENDING: Fate.LOST if _is_lost(code, now) else Fate.SENDING,
        _State.SENT: Fate.SENT,
        _State.DELIVERED: Fate.DELIVERED,
        _State.FAILED: _failure(code),
        _State.NONE: _withheld(code),
        # The word of the sweep that found it, as "over" below.
        _State.UNKNOWN: Fate.LOST if code.delivery_error == "lost" else Fate.UNCLEAR,
    }
    return rules[_State(code.delivery)]


def _withheld(code: LoginCode) -> Fate:
    reasons = {InviteRequired.code: Fate.NOT_INVITED, SignUpClosed.code: Fate.CLOSED}
    return reasons.get(code.withheld, Fate.NOT_SENT)


def _waiting(code: LoginCode, *, is_due: bool) -> Fate:
    if code.tries:
        return Fate.RETRY_OVERDUE if is_due else Fate.RETRYING
    return Fate.OVERDUE if is_due else Fate.WAITING


def _is_lost(code: LoginCode, now: dt.datetime) -> bool:
    """Tell whether whoever was at it has ended; without workers no sweep comes to say so."""
    return (code.delivery_at or code.created_at) < now - queue.LOST_AFTER


def _failure(code: LoginCode) -> Fate:
    """Return why it failed; the errors are named as ``delivery`` keeps them."""
    error = code.delivery_error
    if error == "over":
        return Fate.GIVEN_UP if code.tries else Fate.NO_WORKER
    if code.tries and code.tries[-1]["state"] != DeliveryState.FAILED.value:
        return Fate.UNDELIVERED  # a receipt came after the provider had taken it
    if code.tries and not code.tries[-1]["sender"]:
        return Fate.UNPREPARED
    if error == f"{TemporarySendError.__name__} no sender":
        return Fate.NO_SENDER
    names = {
        PermanentSendError.__name__: Fate.REFUSED,
        TemporarySendError.__name__: Fate.NOT_TAKEN,
    }
    return names.get(error.partition(" ")[0], Fate.BROKEN)


def end_of(code: LoginCode, now: dt.datetime, *, asked: Collection[dt.datetime]) -> End:
    """Return how ``code`` ended.

    ``asked`` are the times at which codes to its phone were asked for, at least those after it: a
    code that is replaced ends at the very moment of the one that takes its place.
    """
    if code.purpose == LoginCode.Purpose.CHANGED:
        return End.NOTICE
    if code.used_at is not None:
        return End.USED
    if code.attempts_left == 0:
        return End.EXHAUSTED
    # A newer code ends all older ones, those too that had run out before.
    if code.ended_at is not None and code.ended_at < code.expires_at:
        return End.REPLACED if code.ended_at in asked else End.ENDED
    if code.expires_at > now:
        return End.LIVE
    return End.MISTYPED if code.attempts else End.NOT_ENTERED
