"""Twilio: messages, and what its APIs share."""

from __future__ import annotations

import base64
import hmac
import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import ClassVar
from urllib.parse import urlsplit

from django.utils.crypto import constant_time_compare

from django_phone_invites.senders.base import (
    Callback,
    CallbackError,
    DeliveryState,
    Message,
    Receipt,
    SendError,
    TemporarySendError,
)
from django_phone_invites.senders.http import Answer, HTTPSender, Request, basic_auth, refusal

#: Errors of the account and its settings, and those that pass: another provider may do.
#: Source: Twilio, Error and Warning Dictionary, https://www.twilio.com/docs/api/errors
_TEMPORARY = (
    {"10001", "20005", "20010", "21608"}  # account closed, not funded, restricted, on trial
    | {"21408"}  # country switched off in the account
    | {"21212", "21603", "21606", "21612", "21657", "21659", "21660"}  # sender
    | {"21609", "21701", "21702", "21703", "21704", "21705"}  # callback address, messaging service
    | {"14107", "21611", "30001", "63038"}  # too many at once, or in a day
)

#: Source: Twilio, Messages resource, https://www.twilio.com/docs/messaging/api/message-resource
_STATES = {
    "accepted": DeliveryState.QUEUED,
    "scheduled": DeliveryState.QUEUED,
    "queued": DeliveryState.QUEUED,
    "sending": DeliveryState.QUEUED,
    "sent": DeliveryState.SENT,
    "delivered": DeliveryState.DELIVERED,
    "read": DeliveryState.DELIVERED,
    "undelivered": DeliveryState.FAILED,
    "failed": DeliveryState.FAILED,
    "canceled": DeliveryState.FAILED,
}

#: Seconds a message may wait in Twilio's queue, at most. Same source.
_LONGEST = 36_000

#: E.164, a short code, or a name of up to 11 characters.
_FROM = re.compile(r"\+[0-9]{7,15}|[0-9]{3,8}|[A-Za-z0-9 +&_-]{1,11}")


class TwilioAPI(HTTPSender):
    """What the senders for Twilio's APIs share: credentials, and errors."""

    def __init__(
        self, *, account_sid: str, auth_token: str, api_key_sid: str, api_key_secret: str, url: str
    ) -> None:
        self.account_sid = account_sid
        self.auth_token = auth_token
        self.api_key_sid = api_key_sid
        self.api_key_secret = api_key_secret
        self.url = url

    def problems(self) -> list[str]:
        """Return what is wrong with the options."""
        problems = super().problems()
        if not is_sid("AC", self.account_sid):
            problems.append("account_sid is not AC and 32 hexadecimal digits.")
        if bool(self.api_key_sid) != bool(self.api_key_secret):
            problems.append("of api_key_sid and api_key_secret one is missing.")
        elif not (self.auth_token or self.api_key_sid):
            problems.append("neither auth_token nor an API key is set.")
        return problems

    def headers(self) -> dict[str, str]:
        """Return the credentials: of the API key where there is one."""
        user, password = self.account_sid, self.auth_token
        if self.api_key_sid:
            user, password = self.api_key_sid, self.api_key_secret
        return basic_auth(user, password)


def is_sid(kind: str, sid: str) -> bool:
    """Tell whether ``sid`` has the form of Twilio's ids that begin with ``kind``."""
    return re.fullmatch(f"{kind}[0-9a-fA-F]{{32}}", sid) is not None


def refused(answer: Answer) -> SendError:
    """Return the exception for an answer of Twilio's that reports an error."""
    code = answer.at("code")
    # 404: there is no such account or service.
    if code in _TEMPORARY or answer.status == HTTPStatus.NOT_FOUND:
        return TemporarySendError(code=code or f"HTTP {answer.status}")
    return refusal(answer, code)


class TwilioSender(TwilioAPI):
    """Sends the text through Twilio's Messages resource.

    Names of fields, states and bounds are those of Twilio's own OpenAPI description
    (https://github.com/twilio/twilio-oai, ``twilio_api_v2010.json``), errors those of
    https://www.twilio.com/docs/api/errors, the signature that of
    https://www.twilio.com/docs/usage/security and of Twilio's own ``RequestValidator``.

    Not verified: an account of Twilio's. Callbacks that a webhook rule signs with a shared key are
    refused.

    Args:
        account_sid: ``AC...``.
        auth_token: the primary auth token. It also checks the callbacks, whatever sends.
        api_key_sid: ``SK...``, to send with an API key in place of the auth token.
        api_key_secret: the secret of that key.
        from_: a number of the account, a short code or a sender name.
        messaging_service_sid: ``MG...``, a service that chooses the sender, unless ``from_`` does.
        callback_url: where Twilio reports deliveries to.
        url: another address of the API, for example of a region.
    """

    provider: ClassVar[str] = "twilio"

    def __init__(
        self,
        *,
        account_sid: str,
        auth_token: str = "",
        api_key_sid: str = "",
        api_key_secret: str = "",
        from_: str = "",
        messaging_service_sid: str = "",
        callback_url: str = "",
        url: str = "https://api.twilio.com",
    ) -> None:
        super().__init__(
            account_sid=account_sid,
            auth_token=auth_token,
            api_key_sid=api_key_sid,
            api_key_secret=api_key_secret,
            url=url,
        )
        self.from_ = from_
        self.messaging_service_sid = messaging_service_sid
        self.callback_url = callback_url

    def problems(self) -> list[str]:
        """Return what is wrong with the credentials, the sender or the callback."""
        problems = super().problems()
        if not (self.from_ or self.messaging_service_sid):
            problems.append("neither from_ nor messaging_service_sid is set.")
        if self.from_ and not _FROM.fullmatch(self.from_):
            problems.append("from_ is no E.164 number, short code or name of up to 11 characters.")
        if self.messaging_service_sid and not is_sid("MG", self.messaging_service_sid):
            problems.append("messaging_service_sid is not MG and 32 hexadecimal digits.")
        if self.callback_url and not self.auth_token:
            problems.append("callback_url needs auth_token, which checks what comes there.")
        return problems

    def request(self, message: Message) -> Request:
        """Give the message no longer than the code is valid."""
        fields = {
            "To": message.phone,
            "From": self.from_,
            "MessagingServiceSid": self.messaging_service_sid,
            "Body": message.text,
            "ValidityPeriod": str(min(message.lifetime, _LONGEST) or ""),
            "StatusCallback": self.callback_url,
        }
        return Request.form(
            f"{self.url}/2010-04-01/Accounts/{self.account_sid}/Messages.json",
            {name: value for name, value in fields.items() if value},
            self.headers(),
        )

    def read(self, answer: Answer) -> Receipt:
        """Look at the status, then for the id and how far the message is."""
        if answer.status >= 300:
            raise refused(answer)
        found = answer.json()
        return _receipt(found["sid"], found["status"], answer.at("error_code"))

    def read_callback(self, callback: Callback) -> list[Receipt]:
        """Check the signature with the auth token. It covers no time.

        Raises:
            CallbackError: it is wrong, or a field is missing.
        """
        form = callback.form()
        given = callback.headers.get("x-twilio-signature", "")
        try:
            signed = any(
                constant_time_compare(given, _signature(self.auth_token, url, form))
                for url in _spellings(callback.url)
            )
            if not (self.auth_token and signed):
                raise CallbackError("The signature is wrong.")
            return [_receipt(form["MessageSid"], form["MessageStatus"], form.get("ErrorCode", ""))]
        except (LookupError, ValueError):
            raise CallbackError("A field is missing or cannot be read.") from None


def _receipt(sid: str, status: str, error: str) -> Receipt:
    state = _STATES.get(status, DeliveryState.UNKNOWN)
    return Receipt(sid, state, error if state is DeliveryState.FAILED else "")


def _signature(token: str, url: str, form: Mapping[str, str]) -> str:
    signed = url + "".join(name + form[name] for name in sorted(form))
    return base64.b64encode(hmac.digest(token.encode(), signed.encode(), "sha1")).decode()


def _spellings(url: str) -> list[str]:
    """Return ``url`` without and with its port: Twilio may have signed either."""
    parts = urlsplit(url)
    host, _, port = parts.netloc.partition(":")
    port = port or ("443" if parts.scheme == "https" else "80")
    return [parts._replace(netloc=netloc).geturl() for netloc in (host, f"{host}:{port}")]
