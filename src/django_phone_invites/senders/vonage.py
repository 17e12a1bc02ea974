"""Vonage: the SMS API, once Nexmo's."""

from __future__ import annotations

import hmac
import json
import re
import time
from collections.abc import Mapping
from http import HTTPStatus
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
    UnclearSendError,
)
from django_phone_invites.senders.http import Answer, HTTPSender, Request, basic_auth, refusal

#: Statuses of the account and its settings, and those that pass.
#: Source: Vonage, SMS API errors, https://developer.vonage.com/api-errors/sms
_TEMPORARY = (
    {"2", "4", "8", "9", "11", "14", "32"}  # credentials, suspended, no credit, no HTTP, signature
    | {"15", "23", "29"}  # sender address, callback address, demo mode
    | {"1", "5", "10"}  # too fast, error of the platform, too many connections
)
_ACCOUNT = {HTTPStatus.UNAUTHORIZED, HTTPStatus.PAYMENT_REQUIRED, HTTPStatus.FORBIDDEN}

#: Source: Vonage, Delivery receipts,
#: https://developer.vonage.com/messaging/sms/guides/delivery-receipts
_STATES = {
    "accepted": DeliveryState.SENT,
    "buffered": DeliveryState.SENT,
    "delivered": DeliveryState.DELIVERED,
    "expired": DeliveryState.FAILED,
    "failed": DeliveryState.FAILED,
    "rejected": DeliveryState.FAILED,
}

#: Seconds that ``ttl`` may be, from the OpenAPI description.
_SHORTEST, _LONGEST = 20, 604_800
#: ASCII that the GSM alphabet has too: all that is printable but the backtick.
_GSM = re.compile(r"[\n\r -_a-~]*")
#: Seconds by which the time of a callback may differ from ours.
_TOO_OLD = 300


class VonageSender(HTTPSender):
    """Sends the text through Vonage's SMS API.

    Names of fields and bounds are those of Vonage's OpenAPI description of the SMS API, version
    1.5 (https://developer.vonage.com/en/api/sms), errors those of
    https://developer.vonage.com/api-errors/sms. Signatures of callbacks are those of
    https://developer.vonage.com/getting-started/concepts/signing-messages and of Vonage's own
    library for Ruby: ``sig`` among the fields. The signed JWT of other Vonage APIs
    (Messages, Voice) is not sent by this one.

    Not verified: an account of Vonage's; whether a repeated callback has a new timestamp.

    Args:
        api_key: the API key.
        api_secret: its secret.
        from_: a number of the account without ``+``, or a sender name.
        callback_url: where Vonage reports deliveries to, 100 characters at most.
        signature_secret: checks the callbacks.
        signature_method: ``sha256`` or ``sha512``: the HMAC that the account's settings name.
        url: another address of the API.
    """

    provider: ClassVar[str] = "vonage"

    def __init__(
        self,
        *,
        api_key: str,
        api_secret: str,
        from_: str,
        callback_url: str = "",
        signature_secret: str = "",
        signature_method: str = "sha256",
        url: str = "https://rest.nexmo.com",
    ) -> None:
        self.api_key = api_key
        self.api_secret = api_secret
        self.from_ = from_
        self.callback_url = callback_url
        self.signature_secret = signature_secret
        self.signature_method = signature_method
        self.url = url

    def problems(self) -> list[str]:
        """Report what cannot be right."""
        problems = super().problems()
        if not (self.api_key and self.api_secret):
            problems.append("api_key or api_secret is missing.")
        if not self.from_ or self.from_.startswith("+"):
            problems.append("from_ is missing, or begins with +.")
        if len(self.callback_url) > 100:
            problems.append("callback_url has more than 100 characters.")
        if self.callback_url and not self.signature_secret:
            problems.append("callback_url needs signature_secret, which checks what comes there.")
        if self.signature_method not in {"sha256", "sha512"}:
            problems.append('signature_method is neither "sha256" nor "sha512".')
        return problems

    def request(self, message: Message) -> Request:
        """Give the message as long as the code is valid, within the bounds."""
        fields = {
            "to": message.phone.removeprefix("+"),
            "from": self.from_,
            "text": message.text,
            "type": "text" if _GSM.fullmatch(message.text) else "unicode",
            "client-ref": message.purpose,
        }
        if message.lifetime:
            fields["ttl"] = str(1000 * min(max(message.lifetime, _SHORTEST), _LONGEST))
        if self.callback_url:
            fields["callback"] = self.callback_url
        headers = basic_auth(self.api_key, self.api_secret)
        return Request.form(f"{self.url}/sms/json", fields, headers)

    def read(self, answer: Answer) -> Receipt:
        """Look at the status, then at that of each part of the message."""
        if answer.status >= 300:
            code = answer.at("messages.0.status")
            raise refusal(answer, "" if code == "0" else code)
        parts = answer.json()["messages"]
        errors = [str(part["status"]) for part in parts if str(part["status"]) != "0"]
        if not errors:
            return Receipt(parts[0]["message-id"], DeliveryState.QUEUED)
        if len(errors) < len(parts):
            raise UnclearSendError("A part of the message was taken.", code=errors[0])
        raise (TemporarySendError if errors[0] in _TEMPORARY else PermanentSendError)(
            code=errors[0]
        )

    def read_callback(self, callback: Callback) -> list[Receipt]:
        """Check the signature and the time among the fields, which come as a form or as JSON.

        Raises:
            CallbackError: they are wrong, or a field is missing.
        """
        fields = _fields(callback)
        try:
            right = self._signature(fields)
            if not (self.signature_secret and constant_time_compare(fields["sig"].upper(), right)):
                raise CallbackError("The signature is wrong.")
            if abs(time.time() - int(fields["timestamp"])) > _TOO_OLD:
                raise CallbackError("The callback is too old.")
            state = _STATES.get(fields["status"], DeliveryState.UNKNOWN)
            error = fields["err-code"] if state is DeliveryState.FAILED else ""
            return [Receipt(fields["messageId"], state, error)]
        except (LookupError, ValueError):
            raise CallbackError("A field is missing or cannot be read.") from None

    def _signature(self, fields: Mapping[str, str]) -> str:
        signed = "".join(
            f"&{name}={re.sub('[&=]', '_', value)}"
            for name, value in sorted(fields.items())
            if name != "sig"
        )
        secret = self.signature_secret.encode()
        return hmac.new(secret, signed.encode(), self.signature_method).hexdigest().upper()


def _fields(callback: Callback) -> dict[str, str]:
    if "json" not in callback.headers.get("content-type", ""):
        return callback.form()
    try:
        found = json.loads(callback.body)
    except (ValueError, RecursionError):
        found = None
    if not (isinstance(found, dict) and all(isinstance(it, str | int) for it in found.values())):
        raise CallbackError("The body is no JSON object of texts and numbers.")
    return {name: str(value) for name, value in found.items()}
