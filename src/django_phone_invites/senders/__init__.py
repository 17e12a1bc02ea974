"""Senders hand one message to one provider. Which one is ``PHONE_INVITES_SENDER``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.module_loading import import_string

from django_phone_invites.conf import app_settings
from django_phone_invites.senders.base import (
    Callback,
    CallbackError,
    CodeOwner,
    DeliveryState,
    Message,
    PermanentSendError,
    Receipt,
    Sender,
    SendError,
    TemporarySendError,
    UnclearSendError,
)

__all__ = [
    "Callback",
    "CallbackError",
    "CodeOwner",
    "DeliveryState",
    "Message",
    "PermanentSendError",
    "Receipt",
    "SendError",
    "Sender",
    "TemporarySendError",
    "UnclearSendError",
    "build",
    "get_sender",
]

#: Characters of a sender's name: what a column holds.
NAME_MAX_LENGTH = 128


def get_sender() -> Sender:
    """Return the sender that ``PHONE_INVITES_SENDER`` describes.

    Raises:
        ImportError: there is no such class; ``manage.py check`` has said so (phone_invites.E108).
        TypeError: the class does not take these options; likewise.
    """
    return build(app_settings.sender)


def build(described: Mapping[str, Any]) -> Sender:
    """Return the sender of ``{"BACKEND": ..., "OPTIONS": {...}, "NAME": ...}``.

    Raises:
        ImportError: there is no such class.
        KeyError: there is no ``BACKEND``.
        TypeError: it is not described by a dict, the class does not take these options, or is no
            :class:`Sender`; or the name is no text, or has more characters than are kept.
    """
    if not isinstance(described, Mapping):
        raise TypeError(f"a sender is described by a dict, not by {type(described).__name__}")
    sender = import_string(described["BACKEND"])(**described.get("OPTIONS", {}))
    if not isinstance(sender, Sender):
        raise TypeError(f"{type(sender).__name__} is no Sender")
    sender.name = described.get("NAME") or type(sender).__name__
    if not isinstance(sender.name, str) or len(sender.name) > NAME_MAX_LENGTH:
        raise TypeError(f"NAME is no text of at most {NAME_MAX_LENGTH} characters")
    return sender
