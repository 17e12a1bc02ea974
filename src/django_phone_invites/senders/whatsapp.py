"""WhatsApp: login codes as messages of an authentication template."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlsplit

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

#: "Error codes" in Meta's documentation: those that speak of the person who is written to. All
#: others speak of the account, its limits, the template or Meta itself.
_OF_THE_NUMBER = {
    "130403",  # this business has blocked them
    "130472",  # they are part of an experiment of Meta's
    "131021",  # it is the sender's own number
    "131026",  # undeliverable: no WhatsApp, for example
    "131050",  # they want no messages from this business
}
#: "Invalid request or possible server error."
_ANYTHING = "1"

#: "Status messages webhook reference" in Meta's documentation.
_STATES = {
    "sent": DeliveryState.SENT,
    "delivered": DeliveryState.DELIVERED,
    "read": DeliveryState.DELIVERED,
    "failed": DeliveryState.FAILED,
}

#: "en", "en_US", "zh_CN", "fil".
_LANGUAGE = re.compile(r"[a-z]{2,3}(_[A-Z]{2,3})?")


class WhatsAppSender(HTTPSender):
    """Sends the code in an approved authentication template, through Meta's Cloud API.

    Names, values and errors are those of "Copy code authentication templates", "Error codes",
    "Status messages webhook reference" and "Create a webhook endpoint" below
    https://developers.facebook.com/documentation/business-messaging/whatsapp/.

    Not verified: any of it with Meta itself.

    Args:
        phone_number_id: Meta's id of the number that messages come from; it is not that number.
        access_token: of a system user, with ``whatsapp_business_messaging``.
        template: the name of a template of the category "authentication" with a button that
            copies the code, or fills it in.
        language: a language that the template is approved in.
        languages: others, by the site's language code: ``{"ru": "ru", "pt-br": "pt_BR"}``.
        app_secret: of the app that Meta sends receipts for; they are signed with it.
        verify_token: what is entered beside the address of the receipts in Meta's dashboard.
        url: the Graph API, with its version.
    """

    provider: ClassVar[str] = "whatsapp"
    sends_text: ClassVar[bool] = False

    def __init__(
        self,
        *,
        phone_number_id: str,
        access_token: str,
        template: str,
        language: str = "en_US",
        languages: Mapping[str, str] | None = None,
        app_secret: str = "",
        verify_token: str = "",
        url: str = "https://graph.facebook.com/v25.0",
    ) -> None:
        self.phone_number_id = phone_number_id
        self.access_token = access_token
        self.template = template
        self.language = language
        self.languages = languages or {}
        self.app_secret = app_secret
        self.verify_token = verify_token
        self.url = url

    def problems(self) -> list[str]:
        """Report missing credentials, and names that neither templates nor languages have."""
        problems = super().problems()
        if not self.access_token:
            problems.append("access_token is empty.")
        if not re.fullmatch("[0-9]+", self.phone_number_id):
            problems.append("phone_number_id is no row of digits.")
        if not re.fullmatch("[a-z0-9_]{1,512}", self.template):
            problems.append("template is no name in small letters, digits and underscores.")
        problems += [
            f"{language!r} is no language of templates, such as en_US."
            for language in (self.language, *self.languages.values())
            if not _LANGUAGE.fullmatch(language)
        ]
        return problems

    def request(self, message: Message) -> Request:
        """Return a POST that fills the code into the text and into the button."""
        code = [{"type": "text", "text": message.code}]
        data = {
            "messaging_product": "whatsapp",
            "recipient_type": "individual",
            "to": message.phone,
            "type": "template",
            "template": {
                "name": self.template,
                "language": {"code": self._language_for(message.locale)},
                "components": [
                    {"type": "body", "parameters": code},
                    {"type": "button", "sub_type": "url", "index": "0", "parameters": code},
                ],
            },
        }
        headers = {"Authorization": f"Bearer {self.access_token}"}
        return Request.json(f"{self.url}/{self.phone_number_id}/messages", data, headers)

    def _language_for(self, locale: str) -> str:
        general = locale.partition("-")[0]
        return self.languages.get(locale) or self.languages.get(general) or self.language

    def read(self, answer: Answer) -> Receipt:
        """Look for the error's code, then at the status, then for the id."""
        code = answer.at("error.code")
        if code == _ANYTHING:
            raise UnclearSendError(code=code)
        if re.fullmatch("[0-9]{1,7}", code):
            raise (PermanentSendError if code in _OF_THE_NUMBER else TemporarySendError)(code=code)
        if answer.status >= 300:
            raise refusal(answer)
        return Receipt(answer.json()["messages"][0]["id"], DeliveryState.QUEUED)

    def read_callback(self, callback: Callback) -> list[Receipt]:
        """Return what Meta says of messages; of an event of another kind nothing.

        A receipt may come days late, so its age is not looked at. Before the first one Meta asks
        whether the address is the app's, with ``verify_token`` in the query.

        Raises:
            CallbackError: the signature or the token is another one, or the body is no event.
        """
        if asked := _asked(callback):
            if self.verify_token and constant_time_compare(asked["token"], self.verify_token):
                return []
            raise CallbackError("The verify_token is another one, or none is set.")
        signature = callback.headers.get("x-hub-signature-256", "")
        right = hmac.new(self.app_secret.encode(), callback.body, hashlib.sha256).hexdigest()
        try:
            if not (self.app_secret and constant_time_compare(signature, f"sha256={right}")):
                raise CallbackError("The signature is another one, or no app_secret is set.")
            return list(_receipts(json.loads(callback.body)))
        except (LookupError, TypeError, ValueError, AttributeError, RecursionError):
            raise CallbackError("The body is no event.") from None

    def answer_callback(self, callback: Callback) -> str:
        """Return what Meta wants to read again when it asks whose the address is."""
        asked = _asked(callback)
        return asked["challenge"] if asked else ""


def _asked(callback: Callback) -> dict[str, str] | None:
    """Return the question whose the address is, if it is that."""
    query = dict(parse_qsl(urlsplit(callback.url).query))
    if callback.body or query.get("hub.mode") != "subscribe":
        return None
    return {
        "token": query.get("hub.verify_token", ""),
        "challenge": query.get("hub.challenge", ""),
    }


def _receipts(event: Any) -> Iterator[Receipt]:
    for entry in event["entry"]:
        for change in entry["changes"]:
            for status in change["value"].get("statuses", []):
                state = _STATES.get(status["status"])
                if state is DeliveryState.FAILED:
                    yield Receipt(str(status["id"]), state, str(status["errors"][0]["code"]))
                elif state is not None:
                    yield Receipt(str(status["id"]), state)
