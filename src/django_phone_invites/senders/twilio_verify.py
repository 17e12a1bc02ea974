"""Twilio Verify: the provider makes, sends and checks the code."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import ClassVar

from django.views.decorators.debug import sensitive_variables

from django_phone_invites.senders.base import (
    CodeOwner,
    Message,
    PermanentSendError,
    Receipt,
    TemporarySendError,
)
from django_phone_invites.senders.http import Answer, Request, exchange
from django_phone_invites.senders.twilio import TwilioAPI, is_sid, refused

#: Errors of the account and its service: settings, country switched off, traffic blocked for hours.
#: Source: Twilio, Error and Warning Dictionary, https://www.twilio.com/docs/api/errors
_TEMPORARY = {"60204", "60206", "60220", "60223", "60228", "60229", "60238", "60410", "60605"}
#: A landline: of the number, although it comes as a 403. Same source.
_LANDLINE = "60205"
#: The verification took its last guess. Same source.
_NO_MORE_GUESSES = "60202"

_CHANNELS = ("sms", "call", "whatsapp")


class TwilioVerifySender(TwilioAPI, CodeOwner):
    """Starts a verification of Twilio Verify, and asks Twilio whether a code is right.

    The code, its length, its text and its ten minutes are Twilio's: ``message.code`` and
    ``message.text`` are not sent.

    Names of fields and states are those of Twilio's own OpenAPI description
    (https://github.com/twilio/twilio-oai, ``twilio_verify_v2.json``), errors those of
    https://www.twilio.com/docs/api/errors.

    Not verified: an account of Twilio's; that a verification that is over answers 404, which is
    known from articles of others.

    Args:
        account_sid: ``AC...``.
        service_sid: ``VA...``, the Verify service.
        auth_token: the primary auth token.
        api_key_sid: ``SK...``, to use an API key in place of the auth token.
        api_key_secret: the secret of that key.
        digits: the code length of the service, 4 to 10.
        channel: ``sms``, ``call`` or ``whatsapp``.
        locales: Twilio's languages by the site's, for example ``{"zh-hans": "zh"}``. For one that
            is not there Twilio goes by the country of the number. One that Twilio does not have is
            refused by it.
        url: another address of the API.
    """

    sends_text: ClassVar[bool] = False

    def __init__(
        self,
        *,
        account_sid: str,
        service_sid: str,
        auth_token: str = "",
        api_key_sid: str = "",
        api_key_secret: str = "",
        digits: int = 6,
        channel: str = "sms",
        locales: Mapping[str, str] | None = None,
        url: str = "https://verify.twilio.com",
    ) -> None:
        super().__init__(
            account_sid=account_sid,
            auth_token=auth_token,
            api_key_sid=api_key_sid,
            api_key_secret=api_key_secret,
            url=url,
        )
        self.service_sid = service_sid
        self.digits = digits
        self.channel = channel
        self.locales = locales or {}

    def problems(self) -> list[str]:
        """Return what is wrong with the credentials, the service or the channel."""
        problems = super().problems()
        if not is_sid("VA", self.service_sid):
            problems.append("service_sid is not VA and 32 hexadecimal digits.")
        if not 4 <= self.digits <= 10:
            problems.append("digits is not from 4 to 10.")
        if self.channel not in _CHANNELS:
            problems.append('channel is none of "sms", "call" and "whatsapp".')
        return problems

    def request(self, message: Message) -> Request:
        """Start a verification."""
        fields = {"To": message.phone, "Channel": self.channel}
        if message.locale in self.locales:
            fields["Locale"] = self.locales[message.locale]
        return self._post("Verifications", fields)

    def read(self, answer: Answer) -> Receipt:
        """Look at the status, then for the id, which a repetition within ten minutes shares."""
        code = answer.at("code")
        if code == _LANDLINE:
            raise PermanentSendError(code=code)
        if code in _TEMPORARY:
            raise TemporarySendError(code=code)
        if answer.status >= 300:
            raise refused(answer)
        return Receipt(message_id=answer.json()["sid"])

    @sensitive_variables()
    def verify(self, phone: str, code: str) -> bool:
        """Ask whether ``code`` is right; it is right once.

        False is the answer also where no verification is on its way: it has ended after ten
        minutes, after a right code, or after five wrong ones.

        Raises:
            SendError: Twilio did not say.
        """
        answer = exchange(self._post("VerificationCheck", {"To": phone, "Code": code}))
        if answer.status == HTTPStatus.NOT_FOUND or answer.at("code") == _NO_MORE_GUESSES:
            return False
        if answer.status >= 300:
            raise refused(answer)
        return bool(answer.json().get("status") == "approved")

    def _post(self, resource: str, fields: Mapping[str, str]) -> Request:
        url = f"{self.url}/v2/Services/{self.service_sid}/{resource}"
        return Request.form(url, fields, self.headers())
