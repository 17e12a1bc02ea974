"""Keeps what became of a message, and tells the log and the site."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.utils import timezone

from django_phone_invites import logs, signals
from django_phone_invites.delivery.handover import Try
from django_phone_invites.models import LoginCode
from django_phone_invites.phones import mask
from django_phone_invites.transactions import run_durably

#: Tries of one code that are kept, the last ones.
MOST_TRIES = 20


def keep(login_code: LoginCode, tries: list[Try]) -> None:
    """Keep what the tries of a code came to."""
    _keep(login_code, tries, delivery=tries[-1].state.value)
    if tries[-1].error is not None:
        _tell_failure(login_code, tries[-1])
        return
    logs.record("code_sent", "Sent login code %s to %s.", login_code.pk, mask(login_code.phone))
    signals.code_sent.send_robust(LoginCode, login_code=login_code, receipt=tries[-1].receipt)


def keep_for_retry(login_code: LoginCode, tries: list[Try], next_at: dt.datetime) -> None:
    """Keep that the tries came to nothing, and when the next one is due."""
    _keep(login_code, tries, delivery=LoginCode.Delivery.QUEUED, next_try_at=next_at)
    logs.record(
        "code_retried",
        "Login code %s to %s was not sent: %s. It is tried again.",
        login_code.pk,
        mask(login_code.phone),
        tries[-1].reason,
    )


def _keep(login_code: LoginCode, tries: list[Try], **changes: Any) -> None:
    last = tries[-1]
    changes |= {
        "delivery_at": last.at,
        "delivered_by": last.sender,
        "message_id": last.receipt.message_id if last.receipt else "",
        "delivery_error": last.reason,
        "tries": [*login_code.tries, *map(_as_json, tries)][-MOST_TRIES:],
    }
    if last.digits is not None:
        changes["length"] = last.digits
    _save(login_code, changes)


def _save(login_code: LoginCode, changes: dict[str, Any]) -> None:
    for name, value in changes.items():
        setattr(login_code, name, value)
    # The code may be entered at this moment, which changes the same row, or be erased.
    row = LoginCode.objects.filter(pk=login_code.pk)
    run_durably(lambda: row.update(**changes))


def _as_json(one: Try) -> dict[str, Any]:
    return {
        "sender": one.sender,
        "at": one.at.isoformat(),
        "state": one.state.value,
        "error": one.reason,
        "seconds": round(one.seconds, 3),
    }


def _tell_failure(login_code: LoginCode, last: Try) -> None:
    unclear = login_code.delivery == LoginCode.Delivery.UNKNOWN
    logs.record(
        "code_failed",
        "Login code %s to %s %s sent: %s.",
        login_code.pk,
        mask(login_code.phone),
        "may not have been" if unclear else "was not",
        last.reason,
    )
    signals.code_failed.send_robust(LoginCode, login_code=login_code, error=last.error)


def withhold(login_code: LoginCode) -> None:
    """Keep that nothing is sent to a phone that may not sign up."""
    _save(login_code, {"delivery": LoginCode.Delivery.NONE, "delivery_at": timezone.now()})
    logs.record(
        "code_withheld",
        "Login code %s to %s is not sent: %s.",
        login_code.pk,
        mask(login_code.phone),
        login_code.withheld,
    )


def give_up(login_code: LoginCode) -> None:
    """Keep that a waiting message is not sent any more: its code is over."""
    failed = LoginCode.Delivery.FAILED
    changes = {"delivery": failed, "delivery_at": timezone.now(), "delivery_error": "over"}
    _save(login_code, changes)
    logs.record(
        "code_given_up",
        "Login code %s to %s is not sent any more: it is over.",
        login_code.pk,
        mask(login_code.phone),
    )
