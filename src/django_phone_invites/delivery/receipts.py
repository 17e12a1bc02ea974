"""What providers say of messages after they took them."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils import timezone

from django_phone_invites import logs
from django_phone_invites.delivery.handover import as_column
from django_phone_invites.models import LoginCode
from django_phone_invites.senders import DeliveryState, Receipt
from django_phone_invites.transactions import run_durably

_State = LoginCode.Delivery

#: From which states a receipt leads on. Receipts come in any order, and again: what was delivered
#: stays so, and what failed may only turn out to have been delivered after all.
_BEFORE = {
    DeliveryState.QUEUED: [],
    DeliveryState.SENT: [_State.QUEUED, _State.SENDING, _State.UNKNOWN],
    DeliveryState.FAILED: [_State.QUEUED, _State.SENDING, _State.UNKNOWN, _State.SENT],
    DeliveryState.DELIVERED: [
        _State.QUEUED,
        _State.SENDING,
        _State.UNKNOWN,
        _State.SENT,
        _State.FAILED,
    ],
    DeliveryState.UNKNOWN: [],
}


def apply_receipts(receipts: Iterable[Receipt], *, sender: str) -> int:
    """Keep what ``sender`` reports; return how many codes that changed.

    An id that is not known changes nothing, as does one that says nothing new.

    Raises:
        RuntimeError: there is a transaction around it.
    """
    return sum(_apply(receipt, sender) for receipt in receipts if receipt.message_id)


def _apply(receipt: Receipt, sender: str) -> int:
    reported = LoginCode.objects.filter(
        message_id=as_column(receipt.message_id),
        delivered_by=sender,
        delivery__in=_BEFORE[receipt.state],
    )
    changes = {
        "delivery": receipt.state.value,
        "delivery_at": timezone.now(),
        "delivery_error": as_column(receipt.error),
    }
    changed = run_durably(lambda: reported.update(**changes))
    if changed and receipt.state is DeliveryState.FAILED:
        logs.record(
            "delivery_failed",
            "%s did not deliver the message %s: %s.",
            sender,
            as_column(receipt.message_id),
            changes["delivery_error"] or "no reason given",
        )
    return changed
