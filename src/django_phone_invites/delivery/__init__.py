"""From a login code to its message: handed over now or by a worker, and what became of it.

A code's ``delivery`` tells how far its message is:

- ``queued``: it waits for a worker, or the provider has it in its own queue;
- ``sending``: somebody is at it;
- ``sent``, ``delivered``, ``failed``: as the provider says;
- ``unknown``: it may have been sent. It is not sent again;
- ``none``: nothing was sent, to a test number or to a phone that may not sign up.

A notice, which holds no code, goes the same way.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.utils.module_loading import import_string

from django_phone_invites import logs
from django_phone_invites.conf import app_settings
from django_phone_invites.delivery import pace, queue, record
from django_phone_invites.delivery.handover import hand_over_code
from django_phone_invites.delivery.receipts import apply_receipts
from django_phone_invites.models import LoginCode

__all__ = ["apply_receipts", "deliver", "first_state"]


def first_state(now: dt.datetime) -> dict[str, Any]:
    """Return the fields of a new code that say who sends its message."""
    if app_settings.send == "task":
        return queue.waiting(now)
    return {"delivery": LoginCode.Delivery.SENDING, "delivery_at": now}


def deliver(login_code: LoginCode) -> None:
    """See to it that the message of a new login code is sent. Call it after the commit.

    No failure gets out: whoever asked for the code is answered the same either way, so that the
    answer tells nothing about the number.
    """
    if login_code.next_try_at is None:
        _send(login_code)
    else:
        _enqueue(login_code)


def _send(login_code: LoginCode) -> None:
    seconds = pace.draw(login_code) if pace.matters() else 0.0
    if not login_code.is_withheld:
        record.keep(login_code, hand_over_code(login_code))
        return
    pace.wait(login_code, seconds)
    record.withhold(login_code)


def _enqueue(login_code: LoginCode) -> None:
    try:
        # Imported where it is used: django.tasks is not on every Django.
        import_string("django_phone_invites.delivery.tasks.enqueue")(login_code.pk)
    except Exception as error:  # noqa: BLE001 - a queue may be anybody's code
        # The row waits: the next sweep takes it.
        logs.record(
            "queue_failed",
            "Login code %s was not queued: %s.",
            login_code.pk,
            type(error).__name__,
        )
