"""SMSC.ru (SMS Centre), a Russian SMS provider; smsc.kz and others run on the same API."""

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

#: Of the error codes 1 to 9 of send.php (https://smsc.ru/api/http/) those about the number: its
#: form, and that nothing can be delivered to it. The others are parameters, password, money, a
#: blocked IP, a date, a forbidden text or sender name, and a request that was just made.
_PERMANENT = {7, 8}

#: https://smsc.ru/api/http/status_messages; 2 is "read". -3 is "not found", a state of nothing.
_STATES = {
    "-1": DeliveryState.QUEUED,
    "0": DeliveryState.SENT,
    "1": DeliveryState.DELIVERED,
    "2": DeliveryState.DELIVERED,
    "3": DeliveryState.FAILED,
    "20": DeliveryState.FAILED,
    "22": DeliveryState.FAILED,
    "23": DeliveryState.FAILED,
    "24": DeliveryState.FAILED,
    "25": DeliveryState.FAILED,
}

#: A name, or the digits of a number.
_SENDER = re.compile(r"[ -~]{1,11}|[0-9]{1,15}")


class SMSCSender(HTTPSender):
    """Sends through https://smsc.ru.

    Sources: SMSC's API (https://smsc.ru/api/http/), as archived copies and clients quote it; the
    signature of callbacks is from codewiser/laravel-smscenter-mailer on GitHub, which takes them.

    Not verified: nothing was sent through a real account; that callbacks are POSTs of form fields.

    Args:
        api_key: from the account's settings; or instead of it:
        login: of the account.
        password: of the account, or one for the API alone.
        sender: a name that SMSC has approved; "" for the account's default.
        callback_secret: the secret phrase of the account's settings, which signs callbacks.
        url: the address of send.php.
    """

    provider: ClassVar[str] = "smsc"

    def __init__(
        self,
        *,
        api_key: str = "",
        login: str = "",
        password: str = "",
        sender: str = "",
        callback_secret: str = "",
        url: str = "https://smsc.ru/sys/send.php",
    ) -> None:
        self.api_key = api_key
        self.login = login
        self.password = password
        self.sender = sender
        self.callback_secret = callback_secret
        self.url = url

    def problems(self) -> list[str]:
        """Report missing credentials and a name that no phone would show."""
        problems = super().problems()
        if not self.api_key and not (self.login and self.password):
            problems.append("there is neither api_key nor login and password.")
        if self.sender and not _SENDER.fullmatch(self.sender):
            problems.append("sender is neither 1 to 11 characters of ASCII nor 1 to 15 digits.")
        return problems

    def request(self, message: Message) -> Request:
        """Return the form. ``valid`` is hours and minutes, from 00:01 to 24:00."""
        hours, minutes = divmod(max(1, min(message.lifetime // 60, 1440)), 60)
        fields = {
            # Without "+" SMSC takes the liberty to correct it.
            "phones": message.phone,
            "mes": message.text,
            "valid": f"{hours:02}:{minutes:02}",
            "charset": "utf-8",
            "fmt": "3",
        }
        if self.api_key:
            fields["apikey"] = self.api_key
        else:
            fields.update(login=self.login, psw=self.password)
        if self.sender:
            fields["sender"] = self.sender
        return Request.form(self.url, fields, {})

    def read(self, answer: Answer) -> Receipt:
        """Look for an error code, and for the id where there is none."""
        if answer.status >= 300:
            raise refusal(answer)
        said = answer.json()
        if "error_code" not in said:
            return Receipt(message_id=str(said["id"]), state=DeliveryState.QUEUED)
        code = int(said["error_code"])
        kind = PermanentSendError if code in _PERMANENT else TemporarySendError
        raise kind(code=str(code))

    def read_callback(self, callback: Callback) -> list[Receipt]:
        """Return the state of the one message that a callback is about."""
        fields = callback.form()
        message_id, status = fields.get("id", ""), fields.get("status", "")
        said = ":".join([message_id, fields.get("phone", ""), status, self.callback_secret])
        # The provider's choice. The flag is for systems where OpenSSL has MD5 for nothing else.
        signed = hashlib.md5(said.encode(), usedforsecurity=False).hexdigest()
        if not self.callback_secret or not constant_time_compare(fields.get("md5", ""), signed):
            raise CallbackError("The signature is wrong.")
        state = _STATES.get(status, DeliveryState.UNKNOWN)
        # Not "err", which may say more: it is not signed.
        error = status if state is DeliveryState.FAILED else ""
        return [Receipt(message_id=message_id, state=state, error=error)]
