"""Twilio's Messages resource.

Answers are those of Twilio's OpenAPI description (``twilio_api_v2010.json``), errors those
of https://www.twilio.com/docs/api/errors: a number in ``code``, beside ``message`` and ``status``.
"""

from __future__ import annotations

import base64
import dataclasses
import json
from typing import Any
from unittest import TestCase
from urllib.parse import parse_qs, urlencode

import pytest

from django_phone_invites.senders import (
    Callback,
    CallbackError,
    DeliveryState,
    PermanentSendError,
    Receipt,
    Sender,
    SendError,
    TemporarySendError,
    UnclearSendError,
    twilio,
)
from django_phone_invites.senders.http import Answer
from django_phone_invites.senders.twilio import TwilioSender
from django_phone_invites.testing import SenderContract
from tests.senders.provider import Serve, http, running
from tests.senders.test_http import MESSAGE

ACCOUNT = "AC" + "a" * 32
SERVICE = "MG" + "b" * 32
KEY = "SK" + "c" * 32
MESSAGE_ID = "SM" + "d" * 32
TAKEN = json.dumps({"sid": MESSAGE_ID, "status": "queued", "error_code": None}).encode()
URL = "https://example.com/receipts/twilio/"


def refusal(code: int, status: int) -> bytes:
    return json.dumps(
        {"code": code, "message": "To +79096869722: 012345", "status": status}
    ).encode()


def sender(**options: Any) -> TwilioSender:
    return TwilioSender(
        **{"account_sid": ACCOUNT, "auth_token": "t0ken", "from_": "+15005550006", **options}
    )


class TwilioSenderTests(SenderContract, TestCase):
    def answered(self, serve: Serve) -> Sender:
        context = running(serve)
        provider = context.__enter__()
        self.addCleanup(context.__exit__, None, None, None)
        return sender(url=provider.url.removesuffix("/send"))

    def make_sender(self) -> Sender:
        return self.answered(http(201, TAKEN))

    def make_failing_sender(self) -> Sender:
        return self.answered(http(400, refusal(21211, 400)))


def test_twilio_receives_what_its_description_names() -> None:
    with running(http(201, TAKEN)) as provider:
        receipt = sender(url=provider.url.removesuffix("/send"), callback_url=URL).send(MESSAGE)
    assert receipt == Receipt(MESSAGE_ID, DeliveryState.QUEUED)
    (received,) = provider.requests
    head, _, body = received.decode().partition("\r\n\r\n")
    line, *headers = head.split("\r\n")
    assert line == f"POST /2010-04-01/Accounts/{ACCOUNT}/Messages.json HTTP/1.1"
    assert "Content-Type: application/x-www-form-urlencoded" in headers
    assert (
        f"Authorization: Basic {base64.b64encode(f'{ACCOUNT}:t0ken'.encode()).decode()}" in headers
    )
    assert parse_qs(body) == {
        "To": ["+79096869722"],
        "From": ["+15005550006"],
        "Body": ["012345 is your code."],
        "ValidityPeriod": ["300"],
        "StatusCallback": [URL],
    }


def test_an_api_key_and_a_messaging_service_stand_in_for_token_and_sender() -> None:
    options = {"auth_token": "t0ken", "api_key_sid": KEY, "api_key_secret": "s3cret"}
    request = sender(**options, from_="", messaging_service_sid=SERVICE).request(MESSAGE)
    pair = base64.b64encode(f"{KEY}:s3cret".encode()).decode()
    assert request.headers["Authorization"] == f"Basic {pair}"
    fields = parse_qs(request.body.decode())
    assert fields["MessagingServiceSid"] == [SERVICE] and "From" not in fields
    assert f"/Accounts/{ACCOUNT}/" in request.url


@pytest.mark.parametrize(("lifetime", "period"), [(0, None), (1, ["1"]), (90_000, ["36000"])])
def test_a_message_does_not_wait_longer_than_its_code_is_valid(lifetime: int, period: Any) -> None:
    request = sender().request(dataclasses.replace(MESSAGE, lifetime=lifetime))
    assert parse_qs(request.body.decode()).get("ValidityPeriod") == period


STATES = [
    ("accepted", DeliveryState.QUEUED),
    ("scheduled", DeliveryState.QUEUED),
    ("queued", DeliveryState.QUEUED),
    ("sending", DeliveryState.QUEUED),
    ("sent", DeliveryState.SENT),
    ("delivered", DeliveryState.DELIVERED),
    ("read", DeliveryState.DELIVERED),
    ("undelivered", DeliveryState.FAILED),
    ("failed", DeliveryState.FAILED),
    ("canceled", DeliveryState.FAILED),
    ("partially_delivered", DeliveryState.UNKNOWN),
]


@pytest.mark.parametrize(("status", "state"), STATES)
def test_a_message_that_was_made_is_as_far_as_twilio_says(
    status: str, state: DeliveryState
) -> None:
    body = json.dumps({"sid": MESSAGE_ID, "status": status, "error_code": 30008}).encode()
    error = "30008" if state is DeliveryState.FAILED else ""
    assert sender().read(Answer(201, body)) == Receipt(MESSAGE_ID, state, error)


# fmt: off
TEMPORARY = [
    10001, 20005, 20010, 21608, 21408, 21212, 21603, 21606, 21612, 21657, 21659, 21660, 21609,
    21701, 21702, 21703, 21704, 21705, 14107, 21611, 30001, 63038,
]
# fmt: on
PERMANENT = [21211, 21610, 21614, 21617, 21635]


@pytest.mark.parametrize(
    ("status", "body", "error", "code"),
    [
        *[(400, refusal(code, 400), TemporarySendError, str(code)) for code in TEMPORARY],
        *[(400, refusal(code, 400), PermanentSendError, str(code)) for code in PERMANENT],
        (401, refusal(20003, 401), TemporarySendError, "20003"),
        (402, b"", TemporarySendError, "HTTP 402"),
        (403, refusal(20003, 403), TemporarySendError, "20003"),
        (404, refusal(20404, 404), TemporarySendError, "20404"),
        (429, refusal(20429, 429), TemporarySendError, "20429"),
        (503, refusal(20503, 503), TemporarySendError, "20503"),
        (400, b"<html>", PermanentSendError, "HTTP 400"),
        (500, refusal(20500, 500), UnclearSendError, "20500"),
        (504, b"<html>", UnclearSendError, "HTTP 504"),
    ],
)
def test_errors_of_the_account_may_pass_and_those_of_the_number_do_not(
    status: int, body: bytes, error: type[SendError], code: str
) -> None:
    with pytest.raises(error) as refused:
        sender().read(Answer(status, body))
    assert (type(refused.value), refused.value.code) == (error, code)


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b'{"sid": "SM1"}', b'{"sid": "", "status": {}}']
)
def test_an_answer_of_another_shape_is_unclear(body: bytes) -> None:
    with running(http(201, body)) as provider, pytest.raises(UnclearSendError):
        sender(url=provider.url.removesuffix("/send")).send(MESSAGE)


def callback(form: dict[str, str], url: str = URL, key: str = "t0ken", **changes: Any) -> Callback:
    headers = {"x-twilio-signature": twilio._signature(key, url, form)}
    made = Callback(url=url, headers=headers, body=urlencode(form).encode())
    return dataclasses.replace(made, **changes)


FORM = {
    "AccountSid": ACCOUNT,
    "ErrorCode": "",
    "From": "+15005550006",
    "MessageSid": MESSAGE_ID,
    "MessageStatus": "delivered",
    "To": "+79096869722",
}


def test_the_signature_is_that_of_twilios_own_tests() -> None:
    """From the tests of its ``RequestValidator``, for example in twilio-csharp and twilio-php."""
    form = {
        "CallSid": "CA1234567890ABCDE",
        "Digits": "1234",
        "From": "+14158675309",
        "To": "+18005551212",
        "Caller": "+14158675309",
    }
    url = "https://mycompany.com/myapp.php?foo=1&bar=2"
    assert twilio._signature("12345", url, form) == "RSOYDt4T1cUTdK1PDd93/VVr8B8="


@pytest.mark.parametrize(("status", "state"), STATES)
def test_a_callback_says_how_far_a_message_is(status: str, state: DeliveryState) -> None:
    form = {**FORM, "MessageStatus": status, "ErrorCode": "30005"}
    error = "30005" if state is DeliveryState.FAILED else ""
    assert sender().read_callback(callback(form)) == [Receipt(MESSAGE_ID, state, error)]


@pytest.mark.parametrize(
    ("signed", "asked"),
    [
        ("https://example.com:443/r/?a=1", "https://example.com/r/?a=1"),
        ("https://example.com/r/?a=1", "https://example.com:443/r/?a=1"),
        ("http://example.com:80/r/", "http://example.com/r/"),
        ("https://example.com:8443/r/", "https://example.com:8443/r/"),
        ("https://example.com/r/", "https://example.com:8443/r/"),
    ],
)
def test_twilio_may_sign_the_port_or_not(signed: str, asked: str) -> None:
    made = dataclasses.replace(callback(FORM, url=signed), url=asked)
    (receipt,) = sender().read_callback(made)
    assert receipt.state is DeliveryState.DELIVERED


@pytest.mark.parametrize(
    "wrong",
    [
        callback(FORM, key="another"),
        callback(FORM, headers={}),
        callback(FORM, headers={"x-twilio-signature": ""}),
        callback(FORM, headers={"x-twilio-signature": "\xff"}),
        callback(FORM, body=urlencode({**FORM, "MessageStatus": "failed"}).encode()),
        callback(FORM, body=b""),
        callback(FORM, body=b"\xff=%ff"),
        dataclasses.replace(callback(FORM), url="https://example.com/elsewhere/"),
        dataclasses.replace(callback(FORM), url="https://[/"),
        dataclasses.replace(callback(FORM), url="https://example.com/\ud800"),
        callback({"MessageSid": MESSAGE_ID}),
        callback({"MessageStatus": "sent"}),
        callback({}),
    ],
)
def test_a_callback_that_is_not_twilios_is_refused(wrong: Callback) -> None:
    with pytest.raises(CallbackError):
        sender().read_callback(wrong)


def test_without_the_auth_token_no_callback_is_believed() -> None:
    with pytest.raises(CallbackError):
        sender(auth_token="").read_callback(callback(FORM, key=""))


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({}, ""),
        ({"from_": "12345"}, ""),
        ({"from_": "My Shop"}, ""),
        ({"from_": "", "messaging_service_sid": SERVICE}, ""),
        ({"auth_token": "", "api_key_sid": KEY, "api_key_secret": "s"}, ""),
        ({"account_sid": ""}, "account_sid is not AC and 32 hexadecimal digits."),
        ({"auth_token": ""}, "neither auth_token nor an API key is set."),
        ({"api_key_sid": KEY}, "of api_key_sid and api_key_secret one is missing."),
        ({"from_": ""}, "neither from_ nor messaging_service_sid is set."),
        ({"from_": "My Shop of Many"}, "from_ is no E.164 number, short code or name"),
        ({"messaging_service_sid": "MG1"}, "messaging_service_sid is not MG and 32"),
        ({"url": "api.twilio.com"}, "url begins with neither https:// nor http://."),
        (
            {"auth_token": "", "api_key_sid": KEY, "api_key_secret": "s", "callback_url": URL},
            "callback_url needs auth_token, which checks what comes there.",
        ),
    ],
)
def test_wrong_options_are_reported(options: dict[str, Any], problem: str) -> None:
    found = [message.msg for message in sender(**options).check()]
    if problem:
        (message,) = found
        assert message.startswith(f"TwilioSender: {problem}")
    else:
        assert found == []
