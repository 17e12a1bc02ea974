"""What is limited: one function for each, with its numbers from the settings."""

from __future__ import annotations

import datetime as dt

from django_phone_invites.conf import app_settings
from django_phone_invites.limits.rules import Cooldown, Limit, Window

MINUTE = dt.timedelta(minutes=1)
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


def region_watch(region: str) -> Limit:
    """Return the limit of looks at how many codes of a region are entered."""
    return Limit("region-watch", region.lower(), (Window(1, MINUTE),))


def region_alert(region: str) -> Limit:
    """Return the limit of alerts about a region."""
    return Limit("region-alert", region.lower(), (Window(1, HOUR),))
