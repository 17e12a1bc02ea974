"""What is known of a number that asks why it got no code, and the moment at which it does."""

from __future__ import annotations

import dataclasses
import datetime as dt

from django_phone_invites import phones
from django_phone_invites.models import SenderHealth
from django_phone_invites.services.explain import Explanation

NOW = dt.datetime(2026, 1, 2, 12, 1, 0, tzinfo=dt.timezone.utc)
SECOND = dt.timedelta(seconds=1)


def at(seconds):
    return NOW + seconds * SECOND


def found(**fields):
    """Return what is known of a number that can have a code."""
    known = Explanation(
        now=NOW,
        phone="+79096869722",
        region="RU",
        kind=phones.Kind.MOBILE,
        refusal=None,
        is_paused_by_setting=False,
        pauses=[],
        reached=[],
        senders=[SenderHealth(sender="TwilioSender")],
        sender_error="",
        has_account=True,
        is_disabled=False,
        is_test=False,
        codes=[],
    )
    return dataclasses.replace(known, **fields)
