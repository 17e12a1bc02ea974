"""SMS.ru, a Russian SMS provider."""

from __future__ import annotations

import hashlib
import re
from typing import ClassVar

from django.utils.crypto import constant_time_compare

from django_phone_invites.senders.base import (
    Callback,
    CallbackError,
    DeliveryState,
    Message,
    PermanentSendError,
    Receipt,
    TemporarySendError,
)
from django_phone_invites.senders.http import Answer, HTTPSender, Request, refusal

#: "The message is in our queue"; any other code says that it is not (https://sms.ru/api/send).
_TAKEN = 100
#: No number, or no route to it (202, 207); no text or too much (203, 205); the number is in the
#: account's or SMS.ru's stop list (209, 215). All else is the account, a limit or SMS.ru itself.
_PERMANENT = {202, 203, 205, 207, 209, 215}

#: https://sms.ru/api/status; 110 is "read". What is not here is no state of a message.
_STATES = {
    "100": DeliveryState.QUEUED,
    "101": DeliveryState.SENT,
    "102": DeliveryState.SENT,
    "103": DeliveryState.DELIVERED,
    "104": DeliveryState.FAILED,
    "105": DeliveryState.FAILED,
    "106": DeliveryState.FAILED,
    "107": DeliveryState.FAILED,
    "108": DeliveryState.FAILED,
    "110": DeliveryState.DELIVERED,
    "150": DeliveryState.FAILED,
}

#: A name, or the digits of a number.
_SENDER = re.compile(r"[ -~]{1,11}|[0-9]{1,15}")


class SMSRuSender(HTTPSender):
    """Sends through https://sms.ru.

    Sources: SMS.ru's pages "send" and "status" (https://sms.ru/api/send, https://sms.ru/api/status)
    and its PHP sample for callbacks, as archived copies and clients quote them. That callbacks come
    as multipart/form-data is known from sites that take them, not from SMS.ru.

    Not verified: nothing was sent through a real account. How long a name in ``sender`` may be is
    GSM's limit (3GPP TS 23.040, 9.1.2.5), not SMS.ru's word.

    Args:
        api_id: the key on the account's page of API settings; it signs callbacks too.
        sender: a name that SMS.ru has approved; "" for the account's default.
        url: the address of "send".
    """

    provider: ClassVar[str] = "smsru"

    def __init__(
        self, *, api_id: str, sender: str = "", url: str = "https://sms.ru/sms/send"
    ) -> None:
        self.api_id = api_id
        self.sender = sender
        self.url = url

    def problems(self) -> list[str]:
        """Report a missing key and a name that no phone would show."""
        problems = super().problems()
        if not self.api_id:
            problems.append("api_id is empty.")
        if self.sender and not _SENDER.fullmatch(self.sender):
            problems.append("sender is neither 1 to 11 characters of ASCII nor 1 to 15 digits.")
        return problems

    def request(self, message: Message) -> Request:
        """Return the form. ``ttl`` is in minutes, from 1 to 1440."""
        fields = {
            "api_id": self.api_id,
            "to": message.phone.lstrip("+"),
            "msg": message.text,
            "ttl": str(max(1, min(message.lifetime // 60, 1440))),
            "json": "1",
        }
        if self.sender:
            fields["from"] = self.sender
        return Request.form(self.url, fields, {})

    def read(self, answer: Answer) -> Receipt:
        """Look at the code of the whole request, then at that of its one message."""
        if answer.status >= 300:
            raise refusal(answer)
        said = answer.json()
        if said["status"] == "OK":
            (said,) = said["sms"].values()
        code = int(said["status_code"])
        if code != _TAKEN:
            kind = PermanentSendError if code in _PERMANENT else TemporarySendError
            raise kind(code=str(code))
        return Receipt(message_id=str(said["sms_id"]), state=DeliveryState.QUEUED)

    def answer_callback(self, callback: Callback) -> str:  # noqa: ARG002 - the same for all
        """Return what SMS.ru takes for a report that arrived; it repeats all others for days."""
        return "100"

    def read_callback(self, callback: Callback) -> list[Receipt]:
        """Return the states of messages; SMS.ru reports other things too, and tests the address.

        An old report is not refused: the time in it is when the state changed, and SMS.ru repeats
        for days what was not answered.
        """
        fields = _fields(callback)
        entries = [entry for name, entry in fields.items() if name.startswith("data[")]
        signed = hashlib.sha256("".join([self.api_id, *entries]).encode()).hexdigest()
        if not self.api_id or not constant_time_compare(fields.get("hash", ""), signed):
            raise CallbackError("The hash is wrong.")
        return [
            _receipt(*lines[1:3])
            for lines in map(str.splitlines, entries)
            if lines[:1] == ["sms_status"] and len(lines) > 2
        ]


def _receipt(message_id: str, code: str) -> Receipt:
    state = _STATES.get(code, DeliveryState.UNKNOWN)
    error = code if state is DeliveryState.FAILED else ""
    return Receipt(message_id=message_id, state=state, error=error)


def _fields(callback: Callback) -> dict[str, str]:
    """Return the form's fields in their order, which the hash follows."""
    _, found, boundary = callback.headers.get("content-type", "").partition("boundary=")
    if not found:
        return callback.form()
    # By hand: django.http is not for this floor, and email.parser recurses into what it is given.
    delimiter = b"--" + boundary.strip('"').encode(errors="replace")
    fields = {}
    for part in callback.body.split(delimiter)[1:-1]:
        head, _, value = part.partition(b"\r\n\r\n")
        name = head.partition(b'name="')[2].partition(b'"')[0]
        try:
            fields[name.decode()] = value.removesuffix(b"\r\n").decode()
        except ValueError:
            raise CallbackError from None
    return fields
