"""Twilio Verify.

Answers are those of Twilio's OpenAPI description (``twilio_verify_v2.json``), errors and their
statuses those of https://www.twilio.com/docs/api/errors.
"""

from __future__ import annotations

import base64
import dataclasses
import json
from typing import Any
from unittest import TestCase
from urllib.parse import parse_qs

import pytest

from django_phone_invites.senders import (
    CodeOwner,
    PermanentSendError,
    Receipt,
    Sender,
    SendError,
    TemporarySendError,
    UnclearSendError,
)
from django_phone_invites.senders.http import Answer
from django_phone_invites.senders.twilio_verify import TwilioVerifySender
from django_phone_invites.testing import SenderContract
from tests.senders.provider import Serve, http, running
from tests.senders.test_http import MESSAGE
from tests.senders.test_twilio import ACCOUNT, refusal

SERVICE = "VA" + "b" * 32
STARTED = b'{"sid": "VE1", "status": "pending", "valid": false}'


def sender(**options: Any) -> TwilioVerifySender:
    return TwilioVerifySender(
        **{"account_sid": ACCOUNT, "service_sid": SERVICE, "auth_token": "t0ken", **options}
    )


class TwilioVerifySenderTests(SenderContract, TestCase):
    def answered(self, serve: Serve) -> Sender:
        context = running(serve)
        provider = context.__enter__()
        self.addCleanup(context.__exit__, None, None, None)
        return sender(url=provider.url.removesuffix("/send"))

    def make_sender(self) -> Sender:
        return self.answered(http(201, STARTED))

    def make_failing_sender(self) -> Sender:
        return self.answered(http(400, refusal(60200, 400)))


def check(serve: Serve, code: str = "123456") -> tuple[Any, list[bytes]]:
    """Return what ``verify`` says or raises, and what Twilio was asked."""
    with running(serve) as provider:
        try:
            said: Any = sender(url=provider.url.removesuffix("/send")).verify("+79096869722", code)
        except SendError as error:
            said = type(error), error.code
    return said, provider.requests


def read(received: bytes) -> tuple[str, list[str], dict[str, list[str]]]:
    """Return the first line, the other ones of the head, and the form fields."""
    head, _, body = received.decode().partition("\r\n\r\n")
    line, *headers = head.split("\r\n")
    return line, headers, parse_qs(body)


CREDENTIALS = f"Authorization: Basic {base64.b64encode(f'{ACCOUNT}:t0ken'.encode()).decode()}"


def test_a_verification_is_started_and_nothing_of_ours_is_sent() -> None:
    with running(http(201, STARTED)) as provider:
        receipt = sender(url=provider.url.removesuffix("/send")).send(MESSAGE)
    assert receipt == Receipt("VE1")
    (received,) = provider.requests
    line, headers, fields = read(received)
    assert line == f"POST /v2/Services/{SERVICE}/Verifications HTTP/1.1"
    assert CREDENTIALS in headers
    assert fields == {"To": ["+79096869722"], "Channel": ["sms"]}
    assert MESSAGE.code.encode() not in received


def test_the_channel_and_a_language_that_is_known_to_be_twilios_are_named() -> None:
    chosen = sender(channel="call", locales={"zh-hans": "zh"})
    for locale, named in (("zh-hans", ["zh"]), ("en", None)):
        request = chosen.request(dataclasses.replace(MESSAGE, locale=locale))
        fields = parse_qs(request.body.decode())
        assert (fields["Channel"], fields.get("Locale")) == (["call"], named)


def test_the_code_is_twilios() -> None:
    assert issubclass(TwilioVerifySender, CodeOwner)


def test_twilio_is_asked_whether_a_code_is_right() -> None:
    said, (received,) = check(http(200, b'{"sid": "VE1", "status": "approved", "valid": true}'))
    assert said is True
    line, headers, fields = read(received)
    assert line == f"POST /v2/Services/{SERVICE}/VerificationCheck HTTP/1.1"
    assert CREDENTIALS in headers
    assert fields == {"To": ["+79096869722"], "Code": ["123456"]}


@pytest.mark.parametrize(
    "serve",
    [
        *[
            http(200, json.dumps({"status": status, "valid": True}).encode())
            for status in (
                *("pending", "canceled", "max_attempts_reached", "deleted", "failed", "expired"),
                *("", None, True, "Approved"),
            )
        ],
        http(200, b"{}"),
        http(404, refusal(20404, 404)),
        http(404, b""),
        http(429, refusal(60202, 429)),
    ],
)
def test_a_code_is_right_only_where_twilio_approves_it(serve: Serve) -> None:
    said, asked = check(serve)
    assert said is False and len(asked) == 1


@pytest.mark.parametrize(
    ("serve", "error", "code"),
    [
        (http(401, refusal(20003, 401)), TemporarySendError, "20003"),
        (http(403, refusal(20003, 403)), TemporarySendError, "20003"),
        (http(429, refusal(20429, 429)), TemporarySendError, "20429"),
        (http(503, b""), TemporarySendError, "HTTP 503"),
        (http(400, refusal(60200, 400)), PermanentSendError, "60200"),
        (http(500, b""), UnclearSendError, "HTTP 500"),
        (http(200, b"<html>approved</html>"), UnclearSendError, "answer"),
        (http(200, b'["approved"]'), UnclearSendError, "answer"),
    ],
)
def test_where_twilio_does_not_say_it_is_an_error(
    serve: Serve, error: type[SendError], code: str
) -> None:
    said, _ = check(serve)
    assert said == (error, code)


@pytest.mark.parametrize(
    ("status", "body", "error", "code"),
    [
        *[
            (400, refusal(code, 400), TemporarySendError, str(code))
            for code in (60204, 60206, 60220, 60223, 60228, 60229, 60238)
        ],
        (403, refusal(60410, 403), TemporarySendError, "60410"),
        (403, refusal(60605, 403), TemporarySendError, "60605"),
        (403, refusal(60205, 403), PermanentSendError, "60205"),
        (400, refusal(60200, 400), PermanentSendError, "60200"),
        (401, refusal(20003, 401), TemporarySendError, "20003"),
        (404, refusal(20404, 404), TemporarySendError, "20404"),
        (429, refusal(60203, 429), TemporarySendError, "60203"),
        (429, refusal(60212, 429), TemporarySendError, "60212"),
        (500, b"<html>", UnclearSendError, "HTTP 500"),
        (201, b"", UnclearSendError, "answer"),
    ],
)
def test_errors_of_the_service_may_pass_and_those_of_the_number_do_not(
    status: int, body: bytes, error: type[SendError], code: str
) -> None:
    with pytest.raises(error) as refused:
        sender().read(Answer(status, body))
    assert (type(refused.value), refused.value.code) == (error, code)


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({}, ""),
        ({"service_sid": ""}, "service_sid is not VA and 32 hexadecimal digits."),
        ({"channel": "email"}, 'channel is none of "sms", "call" and "whatsapp".'),
        ({"digits": 3}, "digits is not from 4 to 10."),
        ({"auth_token": ""}, "neither auth_token nor an API key is set."),
    ],
)
def test_wrong_options_are_reported(options: dict[str, Any], problem: str) -> None:
    found = [message.msg for message in sender(**options).check()]
    assert found == ([f"TwilioVerifySender: {problem}"] if problem else [])
