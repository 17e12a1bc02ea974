"""Codes whose message waits for a worker. The row is the queue; a task holds its key only.

A code waits while it has a ``next_try_at``. Whoever takes that away, on the condition that it is
there, sends the message: so a task that comes twice, or beside a sweep, sends nothing twice. A
worker that ends before that leaves a code that waits, which the next sweep takes. One that ends
in the middle leaves ``sending`` behind: it may have been sent, and is not sent again.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import models
from django.utils import timezone

from django_phone_invites.delivery import handover, record
from django_phone_invites.models import LoginCode
from django_phone_invites.senders.clock import TIMEOUT
from django_phone_invites.transactions import run_durably

#: The queue has so long to bring a new code to a worker; then a sweep takes it.
PATIENCE = dt.timedelta(seconds=15)
#: Whoever is at it for longer has ended.
LOST_AFTER = dt.timedelta(seconds=6 * TIMEOUT)
#: The pause before the second try; it doubles with each.
FIRST_PAUSE = dt.timedelta(seconds=2)
LONGEST_PAUSE = dt.timedelta(minutes=1)
#: A code that is over so soon is of no use to whoever gets it.
LEAST_LIFE = dt.timedelta(seconds=20)
#: Rows that one sweep takes, at ten seconds each: RQ ends a task after three minutes.
MOST_SWEPT = 10

_State = LoginCode.Delivery


def waiting(now: dt.datetime) -> dict[str, Any]:
    """Return the fields of a new code whose message waits for a worker."""
    return {"delivery": _State.QUEUED, "delivery_at": now, "next_try_at": now + PATIENCE}


def take(pk: int) -> dt.datetime | None:
    """Send the message of a code if it waits; return when the next try is due, if one is."""
    now = timezone.now()
    waits = LoginCode.objects.filter(pk=pk, next_try_at__isnull=False)
    claim = {"delivery": _State.SENDING, "delivery_at": now, "next_try_at": None}
    if not run_durably(lambda: waits.update(**claim)):
        return None
    login_code = LoginCode.objects.get(pk=pk)
    if not login_code.is_of_use(now + LEAST_LIFE):
        record.give_up(login_code)
        return None
    if login_code.is_withheld:
        record.withhold(login_code)
        return None
    tries = handover.hand_over_code(login_code)
    next_at = tries[-1].at + _pause(len(login_code.tries))
    if not tries[-1].is_temporary or next_at > login_code.expires_at - LEAST_LIFE:
        record.keep(login_code, tries)
        return None
    record.keep_for_retry(login_code, tries, next_at)
    return next_at


@dataclass(frozen=True)
class Swept:
    """What a sweep did: codes that it took, and codes that somebody had left in the middle."""

    taken: int
    lost: int


def sweep(*, is_stopped: Callable[[], bool] = bool) -> Swept:
    """Send what should have been sent by now; what was left in the middle becomes ``unknown``.

    Args:
        is_stopped: is asked before each code; True ends the sweep.
    """
    now = timezone.now()
    # By the index on expires_at: an old table is not read for the few codes that wait.
    recent = LoginCode.objects.filter(expires_at__gt=now - dt.timedelta(hours=1))
    lost = _mark_lost(recent, now)
    due = recent.filter(next_try_at__lte=now).order_by("next_try_at")
    taken = 0
    for pk in list(due.values_list("pk", flat=True)[:MOST_SWEPT]):
        if is_stopped():
            break
        take(pk)
        taken += 1
    return Swept(taken, lost)


def _mark_lost(codes: models.QuerySet[LoginCode], now: dt.datetime) -> int:
    lost = codes.filter(delivery=_State.SENDING, delivery_at__lt=now - LOST_AFTER)
    changes = {"delivery": _State.UNKNOWN, "delivery_at": now, "delivery_error": "lost"}
    return run_durably(lambda: lost.update(**changes))


def _pause(earlier: int) -> dt.timedelta:
    doubled: dt.timedelta = FIRST_PAUSE * 2 ** min(earlier, 10)
    return min(doubled, LONGEST_PAUSE)
