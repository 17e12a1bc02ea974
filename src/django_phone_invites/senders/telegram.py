"""Telegram Gateway: login codes in Telegram's own channel for them."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import time
from typing import Any, ClassVar

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
from django_phone_invites.senders.http import Answer, HTTPSender, Request, refusal

#: Seconds that ``ttl`` may have.
_SHORTEST, _LONGEST = 30, 3600

#: The documentation names ACCESS_TOKEN_INVALID alone; the others are those that clients of the API
#: know (github.com/apifonica/tg-gateway-go, errors.go). Any further one is the account's.
_OF_THE_NUMBER = {"PHONE_NUMBER_INVALID", "PHONE_NUMBER_NOT_FOUND"}

#: "DeliveryStatus" in the documentation.
_STATES = {
    "sent": DeliveryState.SENT,
    "delivered": DeliveryState.DELIVERED,
    "read": DeliveryState.DELIVERED,
    "expired": DeliveryState.FAILED,
    "revoked": DeliveryState.FAILED,
}

#: Seconds for which the signature of a receipt is good.
_FRESH = 300

#: A name, without the seconds at its end: FLOOD_WAIT_30.
_ERROR = re.compile(r"([A-Z]+(?:_[A-Z]+)*)(?:_[0-9]+)?")


class TelegramGatewaySender(HTTPSender):
    """Sends the code itself, 4 to 8 digits; Telegram writes the text around it.

    Names, values and the signature are those of "Telegram Gateway API"
    (https://core.telegram.org/gateway/api).

    Not verified: errors other than ``ACCESS_TOKEN_INVALID``, which the documentation does not list,
    and the status that they come with.

    Args:
        token: from "Telegram Gateway account settings"; receipts are signed with it too.
        sender_username: a verified channel of the same account that codes come from; "" for
            Telegram's own.
        callback_url: the address of the receipts, HTTPS, at most 256 bytes; "" for none.
        payload: at most 128 bytes that come back in receipts; Telegram shows them to nobody.
        url: where the methods of the API are.
    """

    provider: ClassVar[str] = "telegram"
    sends_text: ClassVar[bool] = False

    def __init__(
        self,
        *,
        token: str,
        sender_username: str = "",
        callback_url: str = "",
        payload: str = "",
        url: str = "https://gatewayapi.telegram.org",
    ) -> None:
        self.token = token
        self.sender_username = sender_username
        self.callback_url = callback_url
        self.payload = payload
        self.url = url

    def problems(self) -> list[str]:
        """Report a missing token, a name that no channel has, and what is too long."""
        problems = super().problems()
        if not self.token:
            problems.append("token is empty.")
        if self.sender_username and not re.fullmatch(r"\w{4,32}", self.sender_username, re.ASCII):
            problems.append("sender_username is no name of a channel.")
        if self.callback_url and not self.callback_url.startswith("https://"):
            problems.append("callback_url does not begin with https://.")
        if len(self.callback_url.encode()) > 256:
            problems.append("callback_url is longer than 256 bytes.")
        if len(self.payload.encode()) > 128:
            problems.append("payload is longer than 128 bytes.")
        return problems

    def request(self, message: Message) -> Request:
        """Return a POST of the code, that is good for as long as the code is."""
        fields: dict[str, Any] = {
            "phone_number": message.phone,
            "code": message.code,
            "ttl": min(max(message.lifetime, _SHORTEST), _LONGEST),
        }
        optional = {
            "sender_username": self.sender_username,
            "callback_url": self.callback_url,
            "payload": self.payload,
        }
        fields |= {name: value for name, value in optional.items() if value}
        return Request.json(
            f"{self.url}/sendVerificationMessage", fields, {"Authorization": f"Bearer {self.token}"}
        )

    def read(self, answer: Answer) -> Receipt:
        """Look for ``ok``, then for the error, then at the status."""
        if answer.at("ok") == "True":
            status = answer.at("result.delivery_status.status")
            return Receipt(answer.at("result.request_id"), _STATES.get(status, DeliveryState.SENT))
        named = _ERROR.fullmatch(answer.at("error"))
        if not named:
            raise refusal(answer)
        error = named[1]
        if error == "MESSAGE_ALREADY_SENT":
            raise UnclearSendError(code=error)
        raise (PermanentSendError if error in _OF_THE_NUMBER else TemporarySendError)(code=error)

    def read_callback(self, callback: Callback) -> list[Receipt]:
        """Return what Telegram says of one message, if the signature is right and fresh.

        Raises:
            CallbackError: it is not, or there is no state of a message.
        """
        try:
            self._verify(callback)
            report = json.loads(callback.body)
            message_id, status = str(report["request_id"]), report["delivery_status"]["status"]
            state = _STATES[status]
        except (LookupError, TypeError, ValueError, RecursionError):
            raise CallbackError("There is no state of a message.") from None
        return [Receipt(message_id, state, status if state is DeliveryState.FAILED else "")]

    def _verify(self, callback: Callback) -> None:
        """Compare the signature: "Checking report integrity" in the documentation."""
        timestamp = callback.headers.get("x-request-timestamp", "")
        signature = callback.headers.get("x-request-signature", "")
        key = hashlib.sha256(self.token.encode()).digest()
        signed = timestamp.encode() + b"\n" + callback.body
        right = hmac.new(key, signed, hashlib.sha256).hexdigest()
        if not (self.token and constant_time_compare(signature, right)):
            raise CallbackError("The signature is another one.")
        if abs(time.time() - int(timestamp)) > _FRESH:
            raise CallbackError("The signature is too old.")
