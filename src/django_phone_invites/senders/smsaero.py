"""SMS Aero, a Russian SMS provider."""

from __future__ import annotations

from http import HTTPStatus
from typing import ClassVar
from urllib.parse import urlencode

from django_phone_invites.senders.base import (
    Callback,
    CallbackError,
    DeliveryState,
    Message,
    PermanentSendError,
    Receipt,
    TemporarySendError,
)
from django_phone_invites.senders.http import Answer, HTTPSender, Request, basic_auth, refusal

#: Another provider may do. 400 is a sign or a text that SMS Aero does not want (a number that it
#: does not want is seen before), 404 a forbidden IP address.
_ACCOUNT = {HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND}

#: What the official clients look for; anything else may be prose.
_RESULTS = {"no credits", "reject"}

#: queue, delivery, undelivered, sent, wait (for a report), reject, moderation:
#: https://smsaero.ru/integration/documentation/api/, as cloudloyalty/smsaero-client has it.
_STATES = {
    "0": DeliveryState.QUEUED,
    "1": DeliveryState.DELIVERED,
    "2": DeliveryState.FAILED,
    "3": DeliveryState.SENT,
    "4": DeliveryState.SENT,
    "6": DeliveryState.FAILED,
    "8": DeliveryState.QUEUED,
}


class SMSAeroSender(HTTPSender):
    """Sends through https://smsaero.ru, API v2. A message has no lifetime there.

    Sources: SMS Aero's own clients (smsaero/smsaero_python, smsaero/smsaero_golang on GitHub) for
    requests and answers, cloudloyalty/smsaero-client for states and the answer to a wrong number.

    Not verified: nothing was sent through a real account; that a callback is a JSON object with
    ``id`` and ``status``, as the answer has them; the statuses 402 and 404, known from a client.

    Args:
        email: the account's login.
        api_key: from the account's settings.
        sign: a sender name that SMS Aero has approved.
        callback_url: where it reports to, for example
            ``https://example.com/receipts/smsaero/``; "" for no reports.
        callback_secret: what is added to that address, since SMS Aero signs nothing.
        url: the address of "sms/send"; gate.smsaero.org and .net are others of its gates.
    """

    provider: ClassVar[str] = "smsaero"

    def __init__(
        self,
        *,
        email: str,
        api_key: str,
        sign: str,
        callback_url: str = "",
        callback_secret: str = "",
        url: str = "https://gate.smsaero.ru/v2/sms/send",
    ) -> None:
        self.email = email
        self.api_key = api_key
        self.sign = sign
        self.callback_url = callback_url
        self.callback_secret = callback_secret
        self.url = url

    def problems(self) -> list[str]:
        """Report what is missing, a sign of another length, and an address without its secret."""
        problems = super().problems()
        if not (self.email and self.api_key):
            problems.append("email or api_key is empty.")
        if not 2 <= len(self.sign) <= 64:
            problems.append("sign is not 2 to 64 characters long.")
        if self.callback_url and not self.callback_url.startswith(("https://", "http://")):
            problems.append("callback_url begins with neither https:// nor http://.")
        if self.callback_url and not self.callback_secret:
            problems.append("callback_url needs a callback_secret.")
        return problems

    def request(self, message: Message) -> Request:
        """Return the form; the reports are asked for as JSON."""
        fields = {
            "number": message.phone.lstrip("+"),
            "text": message.text,
            "sign": self.sign,
        }
        if self.callback_url:
            mark = "&" if "?" in self.callback_url else "?"
            secret = urlencode({"secret": self.callback_secret})
            fields["callbackUrl"] = f"{self.callback_url}{mark}{secret}"
            fields["callbackFormat"] = "JSON"
        return Request.form(self.url, fields, basic_auth(self.email, self.api_key))

    def read(self, answer: Answer) -> Receipt:
        """Look for a word on the number, then at the status, then for the message."""
        if answer.at("data.number.0"):
            raise PermanentSendError(code="number")
        if answer.status in _ACCOUNT:
            raise TemporarySendError(code=f"HTTP {answer.status}")
        if answer.status >= 300:
            raise refusal(answer)
        said = answer.json()
        if not said.get("success"):
            result = answer.at("result")
            raise TemporarySendError(code=result if result in _RESULTS else "no success")
        status = str(said["data"]["status"])
        state = _STATES.get(status, DeliveryState.SENT)
        if state is DeliveryState.FAILED:
            raise PermanentSendError(code=status)
        return Receipt(message_id=str(said["data"]["id"]), state=state)

    def read_callback(self, callback: Callback) -> list[Receipt]:
        """Return the state of the one message that a callback is about."""
        if not callback.has_secret(self.callback_secret):
            raise CallbackError("The secret is wrong.")
        said = Answer(HTTPStatus.OK, callback.body)  # for it reads JSON, whoever sent it
        message_id, status = said.at("id"), said.at("status")
        if not (message_id.isdecimal() and status.isdecimal()):
            raise CallbackError("It reports no state of a message.")
        state = _STATES.get(status, DeliveryState.UNKNOWN)
        error = status if state is DeliveryState.FAILED else ""
        return [Receipt(message_id=message_id, state=state, error=error)]
