"""What a sender is: one class with one method. A site's own takes ten lines."""

from __future__ import annotations

import enum
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import ClassVar

from django.core.checks import CheckMessage


class DeliveryState(str, enum.Enum):
    """How far a message has come, as far as is known."""

    QUEUED = "queued"
    SENT = "sent"
    DELIVERED = "delivered"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Message:
    """One message to one phone. Its ``repr`` shows neither the code, the text nor the number."""

    #: E.164, for example ``+79096869722``.
    phone: str = field(repr=False)
    #: Digits, leading zeros included.
    code: str = field(repr=False)
    #: What the code is for: ``login``.
    purpose: str
    #: A language code of the site, for example ``ru``.
    locale: str
    #: How many seconds the code is valid from now.
    lifetime: int
    #: The rendered text, in the language of ``locale``.
    text: str = field(repr=False)


@dataclass(frozen=True)
class Receipt:
    """What the provider answered."""

    #: The provider's own id of the message, "" where it gives none; 128 characters at most.
    message_id: str = ""
    state: DeliveryState = DeliveryState.SENT


class SendError(Exception):
    """A provider did not take a message.

    ``code`` is the provider's own error code. It is kept with the login code and logged, so it
    must hold neither the text, the number nor credentials.
    """

    def __init__(self, detail: str = "", *, code: str = "") -> None:
        super().__init__(detail)
        self.code = code


class TemporarySendError(SendError):
    """It may work later, or through another provider."""


class PermanentSendError(SendError):
    """It will not work for this number, however often it is tried."""


class Sender(ABC):
    """Hands messages to a provider. ``OPTIONS`` in the setting are passed to ``__init__``."""

    #: True for a sender that shows codes to whoever sees the server; refused by ``check --deploy``.
    development: ClassVar[bool] = False

    @abstractmethod
    def send(self, message: Message) -> Receipt:
        """Hand ``message`` over and return what the provider answered, within 10 seconds.

        It is called after the commit, outside any transaction.

        Raises:
            TemporarySendError, PermanentSendError: the provider did not take it.
        """

    def check(self) -> list[CheckMessage]:
        """Return what is wrong with the options, for ``manage.py check``."""
        return []
