"""Circuit breakers: a provider that keeps failing is asked last, until a pause is over.

The state is a row for each sender, so that all processes share it. It is read only where there is
somebody else to ask: a site with one provider has nothing to choose.
"""

from __future__ import annotations

import datetime as dt
from contextlib import suppress

from django.db import DatabaseError
from django.db.models import F, Q
from django.utils import timezone

from django_phone_invites import logs
from django_phone_invites.models import SenderHealth
from django_phone_invites.senders import Sender
from django_phone_invites.transactions import run_durably

#: So many failures in a row open a circuit.
FAILURES = 5
#: For so long it stays open. The next failure after that opens it again, a success closes it.
PAUSE = dt.timedelta(minutes=1)


class Circuits:
    """Those of the senders that may take one message."""

    def __init__(self, senders: list[Sender]) -> None:
        self._senders = senders
        self._are_read = len(senders) > 1
        names = [sender.name for sender in senders] if self._are_read else []
        rows = SenderHealth.objects.filter(sender__in=names) if names else ()
        self._rows = {row.sender: row for row in rows}

    def in_order(self) -> list[Sender]:
        """Return the senders, those whose circuit is open last: if all are, all are asked."""
        now = timezone.now()
        return sorted(self._senders, key=lambda sender: self._is_open(sender, now))

    def _is_open(self, sender: Sender, now: dt.datetime) -> bool:
        row = self._rows.get(sender.name)
        return row is not None and row.is_skipped(now)

    def count(self, sender: Sender, *, outage: str) -> None:
        """Keep whether the provider failed, and by which reason; "" is that it did not."""
        if not self._are_read:
            return
        row = self._rows.get(sender.name)
        # The message has gone its way: what became of it is recorded, even if this cannot be.
        with suppress(DatabaseError):
            if outage:
                _count_failure(sender.name, outage)
            elif row is not None and row.failures:
                _close(sender.name)


def _count_failure(name: str, reason: str) -> None:
    SenderHealth.objects.get_or_create(sender=name)
    if run_durably(lambda: _count_and_open(name, timezone.now())):
        logs.record(
            "sender_skipped", "%s fails (%s) and is asked last for %s.", name, reason, PAUSE
        )


def _count_and_open(name: str, now: dt.datetime) -> bool:
    """Count a failure; tell whether this one opened the circuit."""
    row = SenderHealth.objects.filter(sender=name)
    # The count locks the row, so that of several processes each sees the count of the one before.
    row.update(failures=F("failures") + 1, failed_at=now)
    is_closed = Q(skipped_until=None) | Q(skipped_until__lte=now)
    return bool(row.filter(is_closed, failures__gte=FAILURES).update(skipped_until=now + PAUSE))


def _close(name: str) -> None:
    row = SenderHealth.objects.filter(sender=name)
    run_durably(lambda: row.update(failures=0, skipped_until=None))
