"""Hands a message to the senders that may take it, and says what each of them answered."""

from __future__ import annotations

import datetime as dt
import time
from dataclasses import dataclass, field

from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from django_phone_invites.delivery.circuits import Circuits
from django_phone_invites.models import LoginCode
from django_phone_invites.senders import (
    CodeOwner,
    DeliveryState,
    Message,
    PermanentSendError,
    Receipt,
    Sender,
    SendError,
    TemporarySendError,
    UnclearSendError,
    get_sender,
)
from django_phone_invites.senders.clock import time_left, time_limit
from django_phone_invites.text import render

#: Characters of a provider's words that are kept.
WORDS_MAX_LENGTH = 128


@dataclass(frozen=True)
class Try:
    """What one sender answered: a receipt, or an error; both where the receipt says so."""

    sender: str
    at: dt.datetime
    receipt: Receipt | None = None
    error: Exception | None = field(default=None, repr=False)
    #: How many digits the code has, where it is the provider's own.
    digits: int | None = None
    #: How long it took to answer.
    seconds: float = 0.0

    @property
    def state(self) -> DeliveryState:
        """How far the message is, as far as this sender knows."""
        if self.receipt:
            return self.receipt.state
        unclear = isinstance(self.error, UnclearSendError)
        return DeliveryState.UNKNOWN if unclear else DeliveryState.FAILED

    @property
    def reason(self) -> str:
        """The error's name and the provider's code, "" without an error.

        The text of a foreign exception may hold the message, the number or credentials (an URL, a
        header), so it is not kept.
        """
        if self.error is None:
            return ""
        code = self.error.code if isinstance(self.error, SendError) else ""
        return as_column(f"{type(self.error).__name__} {code}".rstrip())

    @property
    def is_temporary(self) -> bool:
        """Tell whether the message was surely not sent, and another try may do."""
        return isinstance(self.error, TemporarySendError)

    @property
    def outage(self) -> str:
        """The reason where it is the provider that fails, not the number; else ""."""
        return "" if isinstance(self.error, PermanentSendError) else self.reason


@sensitive_variables()
def hand_over_code(login_code: LoginCode) -> list[Try]:
    """Hand the message of a code to the sender in force, as :func:`hand_over` does."""
    try:
        return hand_over(get_sender(), render(login_code))
    except Exception as error:  # noqa: BLE001 - a template or a sender may be anybody's code
        return [Try("", timezone.now(), error=error)]


@sensitive_variables()
def hand_over(sender: Sender, message: Message) -> list[Try]:
    """Ask the senders that may take ``message`` in turn, within ``clock.TIMEOUT`` for all of them.

    Only after a :class:`TemporarySendError` is the next one asked. No exception of a sender gets
    out. The last try says what became of the message; there is always one.
    """
    able = [one for one in sender.candidates(message) if message.code or one.sends_text]
    circuits = Circuits(able)
    tries: list[Try] = []
    with time_limit():
        for candidate in circuits.in_order():
            if tries and time_left() <= 0:
                break
            tries.append(_try(candidate, message))
            circuits.count(candidate, outage=tries[-1].outage)
            if not tries[-1].is_temporary:
                break
    return tries or [Try(sender.name, timezone.now(), error=TemporarySendError(code="no sender"))]


@sensitive_variables()
def _try(sender: Sender, message: Message) -> Try:
    receipt, refused = None, None
    start = time.monotonic()
    try:
        receipt = _read(sender.send(message))
    except Exception as error:  # noqa: BLE001 - a sender may be anybody's code
        refused = error
    else:
        if receipt.state is DeliveryState.FAILED:
            refused = PermanentSendError(code=receipt.error)
    digits = sender.digits if isinstance(sender, CodeOwner) else None
    seconds = time.monotonic() - start
    return Try(sender.name, timezone.now(), receipt, refused, digits, seconds)


def _read(returned: object) -> Receipt:
    """Return a receipt that fits its columns.

    Raises:
        TypeError: the sender returned something else.
        ValueError: there is no such state.
    """
    if not isinstance(returned, Receipt):
        raise TypeError("A sender returns a Receipt.")
    return Receipt(
        message_id=as_column(returned.message_id or ""),
        state=DeliveryState(returned.state),
        error=as_column(returned.error),
    )


def as_column(text: object) -> str:
    """Return a provider's words as a column takes them: PostgreSQL stores no NUL."""
    return str(text).replace("\0", "")[:WORDS_MAX_LENGTH]
