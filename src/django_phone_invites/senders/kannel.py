"""Kannel, the SMS gateway that a site runs itself."""

from __future__ import annotations

import re
import secrets
from dataclasses import replace
from http import HTTPStatus
from typing import ClassVar
from urllib.parse import parse_qsl, urlencode, urlsplit

from django.views.decorators.debug import sensitive_variables

from django_phone_invites.segments import GSM_7
from django_phone_invites.senders.base import (
    Callback,
    CallbackError,
    DeliveryState,
    Message,
    Receipt,
    TemporarySendError,
)
from django_phone_invites.senders.http import Answer, HTTPSender, Request, exchange, refusal

#: The values of ``%d`` in a ``dlr-url``, and their sum without 4, which says nothing new:
#: user guide, "SMS Push (send-sms) CGI Variables", dlr-mask.
_STATES = {
    "1": DeliveryState.DELIVERED,
    "2": DeliveryState.FAILED,
    "4": DeliveryState.SENT,  # the SMS centre has it, and waits for the phone
    "8": DeliveryState.SENT,
    "16": DeliveryState.FAILED,
}
_MASK = "27"

#: Bodies of 4xx that speak of the gateway's configuration (gw/smsbox.c).
_CONFIGURATION = {
    b"Authorization failed for sendsms": "authorization",
    b"Sender missing and no global set, rejected": "sender",
    b"Not routable. Do not try again.": "not routable",
    b"Unknown request.": "path",
}

#: A number, or a name: 3GPP TS 23.040, 9.1.2.5 has room for eleven letters.
_SENDER = re.compile(r"\+?[0-9]{1,15}|[ -~]{1,11}")


class KannelSender(HTTPSender):
    """Sends through the ``sendsms`` address of a Kannel's smsbox.

    Names, values and answers are those of the Kannel User's Guide, "Using the HTTP interface to
    send SMS messages" (https://www.kannel.org/userguide.shtml), and were tried with Kannel 1.4.5.

    Kannel gives no id. A random one goes into the address of the receipts, and is the message's.

    Args:
        url: for example ``http://127.0.0.1:13013/cgi-bin/sendsms``. The password stands in the
            query, so let it be HTTPS unless it is the same machine or network.
        username: of a ``sendsms-user`` group.
        password: of the same.
        from_: what the phone shows as the sender; "" for Kannel's ``global-sender``.
        smsc: the SMS centre to route by; "" for Kannel's choice.
        callback_url: the address of the receipts, without a query; "" for none.
        callback_secret: Kannel signs nothing, so this goes into that address and must come back.
    """

    provider: ClassVar[str] = "kannel"

    def __init__(
        self,
        *,
        url: str,
        username: str,
        password: str,
        from_: str = "",
        smsc: str = "",
        callback_url: str = "",
        callback_secret: str = "",
    ) -> None:
        self.url = url
        self.username = username
        self.password = password
        self.from_ = from_
        self.smsc = smsc
        self.callback_url = callback_url
        self.callback_secret = callback_secret

    def problems(self) -> list[str]:
        """Report a URL without a scheme, missing credentials, a sender that no phone shows."""
        problems = super().problems()
        if not (self.username and self.password):
            problems.append("username or password is empty.")
        if self.from_ and not _SENDER.fullmatch(self.from_):
            problems.append("from_ is neither a number nor at most 11 ASCII characters.")
        if self.callback_url and not self.callback_secret:
            problems.append("callback_url needs a callback_secret.")
        return problems

    @sensitive_variables()
    def send(self, message: Message) -> Receipt:
        """Send ``message`` under an id of its own, if anybody is to be told of it.

        Raises:
            TemporarySendError, PermanentSendError: Kannel did not take the message.
            UnclearSendError: it may have.
        """
        message_id = secrets.token_hex(16) if self.callback_url else ""
        receipt = self.read(exchange(self.request(message, message_id)))
        return replace(receipt, message_id=message_id)

    def request(self, message: Message, message_id: str = "") -> Request:
        """Return a GET; with an id, receipts are asked for."""
        fields = {
            "username": self.username,
            "password": self.password,
            "to": message.phone,
            "text": message.text,
            "charset": "UTF-8",
            # It sends "?" for what is not in GSM-7, unless it is asked for UCS-2.
            "coding": "0" if GSM_7.issuperset(message.text) else "2",
        }
        if self.from_:
            fields["from"] = self.from_
        if self.smsc:
            fields["smsc"] = self.smsc
        if message.lifetime:
            fields["validity"] = str(max(1, message.lifetime // 60))  # minutes
        if message_id:
            fields |= {"dlr-mask": _MASK, "dlr-url": self._receipts_at(message_id)}
        return Request("GET", f"{self.url}?{urlencode(fields)}")

    def _receipts_at(self, message_id: str) -> str:
        """Return an address in which Kannel fills in ``%d``; any other ``%`` is written twice."""
        query = urlencode({"secret": self.callback_secret, "id": message_id})
        return f"{self.callback_url}?{query}".replace("%", "%%") + "&state=%d"

    def read(self, answer: Answer) -> Receipt:
        """Take 202 for a message that Kannel keeps until the SMS centre has it."""
        if answer.status == HTTPStatus.ACCEPTED:
            return Receipt(state=DeliveryState.QUEUED)
        code = _CONFIGURATION.get(answer.body.strip(), "")
        if code or answer.status == HTTPStatus.NOT_FOUND:
            raise TemporarySendError(code=code or f"HTTP {answer.status}")
        raise refusal(answer)

    def read_callback(self, callback: Callback) -> list[Receipt]:
        """Return what Kannel says of one message, if it knows the secret.

        Raises:
            CallbackError: it does not, none is set, or the query says nothing that can be read.
        """
        if not callback.has_secret(self.callback_secret):
            raise CallbackError("The secret is another one, or none is set.")
        fields = dict(parse_qsl(urlsplit(callback.url).query))
        value, message_id = fields.get("state", ""), fields.get("id", "")
        if value not in _STATES or not message_id:
            raise CallbackError("There is no id or no known state.")
        state = _STATES[value]
        return [Receipt(message_id, state, value if state is DeliveryState.FAILED else "")]
