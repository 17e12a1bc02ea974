"""What is limited: one function for each, with its numbers from the settings."""

from __future__ import annotations

import datetime as dt

from django_phone_invites.conf import app_settings
from django_phone_invites.limits.rules import Cooldown, Limit, Window

HOUR = dt.timedelta(hours=1)
DAY = dt.timedelta(days=1)


def phone_messages(phone: str) -> Limit:
    """Return the limit of messages to one phone."""
    return Limit(
        "phone-messages",
        phone,
        (
            Window(app_settings.phone_messages_per_hour, HOUR),
            Window(app_settings.phone_messages_per_day, DAY),
        ),
        Cooldown(app_settings.resend_cooldown, app_settings.resend_cooldown_max),
    )
