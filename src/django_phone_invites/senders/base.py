"""What a sender is: one class with one method. A site's own takes ten lines."""

from __future__ import annotations

import enum
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import ClassVar
from urllib.parse import parse_qs, parse_qsl, urlsplit

from django.core.checks import CheckMessage
from django.utils.crypto import constant_time_compare


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
    #: Digits, leading zeros included; "" where the text holds none.
    code: str = field(repr=False)
    #: What it is for: one of ``LoginCode.Purpose``, or ``test``.
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
    #: The provider's own error code, where ``state`` is ``FAILED``.
    error: str = ""


@dataclass(frozen=True)
class Callback:
    """A request in which a provider says what became of messages. Anybody can make one up."""

    #: As the provider asked for it, with scheme, host and query: signatures cover it.
    url: str = field(repr=False)
    #: Names in lower case.
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    def has_secret(self, secret: str) -> bool:
        """Tell whether ``?secret=`` holds ``secret``: for providers that sign nothing."""
        try:
            given = parse_qs(urlsplit(self.url).query, errors="strict").get("secret", [])
            return secret != "" and len(given) == 1 and constant_time_compare(given[0], secret)
        except ValueError:  # no URL, or no Unicode
            return False

    def form(self) -> dict[str, str]:
        """Return the form fields in the body; of a repeated one the last.

        Raises:
            CallbackError: it is not UTF-8.
        """
        try:
            return dict(parse_qsl(self.body.decode(), keep_blank_values=True, errors="strict"))
        except ValueError:
            raise CallbackError from None


class CallbackError(Exception):
    """A callback is not signed by the provider, is too old, or cannot be read.

    Its text says which, and is logged: it must hold neither a number nor credentials.
    """


class SendError(Exception):
    """A provider did not take a message, or it is not known whether it did.

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


class UnclearSendError(SendError):
    """The provider may have taken the message: it counts as sent and is not sent again."""


class CodeOwner(ABC):
    """Mixed into a sender whose provider makes, sends and compares the code itself."""

    #: How many digits its codes have.
    digits: int

    @abstractmethod
    def verify(self, phone: str, code: str) -> bool:
        """Tell whether ``code`` is the one that was sent to ``phone``, and use it up if it is.

        Raises:
            SendError: the provider did not say.
        """


class Sender(ABC):
    """Hands messages to a provider. ``OPTIONS`` in the setting are passed to ``__init__``."""

    #: True for a sender that shows codes to whoever sees the server; refused by ``check --deploy``.
    development: ClassVar[bool] = False
    #: What stands in the address of its callbacks, for example ``twilio``; "" for none.
    provider: ClassVar[str] = ""
    #: Whether it sends ``message.text``. One that sends codes only is asked for nothing else.
    sends_text: ClassVar[bool] = True

    #: What it is called in records and in the admin: ``NAME`` in the setting, or its class's name.
    name: str = ""

    @abstractmethod
    def send(self, message: Message) -> Receipt:
        """Hand ``message`` over and return what the provider answered, within 10 seconds.

        It is called after the commit, outside any transaction.

        Raises:
            TemporarySendError, PermanentSendError: the provider did not take it.
            UnclearSendError: it may have.
        """

    def candidates(self, message: Message) -> Iterable[Sender]:  # noqa: ARG002 - see subclasses
        """Return the senders that may take ``message``, in the order in which they are asked."""
        return [self]

    def members(self) -> Iterator[Sender]:
        """Yield this sender, or those that it hands messages to."""
        yield self

    def read_callback(self, callback: Callback) -> list[Receipt]:  # noqa: ARG002 - see subclasses
        """Return what the provider says of messages it took, once the signature is found right.

        Raises:
            CallbackError: it is not the provider's, or says nothing that can be read.
        """
        raise CallbackError("This sender has no callbacks.")

    def answer_callback(self, callback: Callback) -> str:  # noqa: ARG002 - see subclasses
        """Return what the provider is to read after :meth:`read_callback` took ``callback``."""
        return ""

    def check(self) -> list[CheckMessage]:
        """Return what is wrong with the options, for ``manage.py check``."""
        return []
