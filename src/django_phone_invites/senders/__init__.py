"""Senders hand one message to one provider. Which one is ``PHONE_INVITES_SENDER``."""

from __future__ import annotations

from django.utils.module_loading import import_string

from django_phone_invites.conf import app_settings
from django_phone_invites.senders.base import (
    DeliveryState,
    Message,
    PermanentSendError,
    Receipt,
    Sender,
    SendError,
    TemporarySendError,
)

__all__ = [
    "DeliveryState",
    "Message",
    "PermanentSendError",
    "Receipt",
    "SendError",
    "Sender",
    "TemporarySendError",
    "get_sender",
]


def get_sender() -> Sender:
    """Return the sender that ``PHONE_INVITES_SENDER`` names, built from its ``OPTIONS``.

    Raises:
        ImportError: there is no such class; ``manage.py check`` has said so (phone_invites.E108).
        TypeError: the class does not take these options; likewise.
    """
    configured = app_settings.sender
    sender: Sender = import_string(configured["BACKEND"])(**configured.get("OPTIONS", {}))
    return sender
