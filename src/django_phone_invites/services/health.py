"""Senders that keep failing: which are asked last, and how to ask them in their order again."""

from __future__ import annotations

import datetime as dt

from django_phone_invites.models import SenderHealth


def skipped(now: dt.datetime) -> list[SenderHealth]:
    """Return the senders that are asked last at ``now``, by name."""
    return list(SenderHealth.objects.filter(skipped_until__gt=now).order_by("sender"))


def ask_again(*, sender: str) -> bool:
    """Forget the failures of a sender; return whether there were any to forget.

    If the provider still fails, as many failures as before have to come together again.
    """
    found = SenderHealth.objects.filter(sender=sender, failures__gt=0)
    return found.update(failures=0, skipped_until=None) > 0
