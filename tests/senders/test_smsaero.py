"""SMS Aero, as its own clients and those of others describe it."""

from __future__ import annotations

import json
from typing import Any
from unittest import TestCase
from urllib.parse import parse_qsl

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
)
from django_phone_invites.senders.http import Answer
from django_phone_invites.senders.smsaero import SMSAeroSender
from django_phone_invites.testing import SenderContract
from tests.senders.provider import Serve, http, running
from tests.senders.test_http import MESSAGE

OPTIONS = {"email": "me@example.com", "api_key": "5ecret-key", "sign": "Example"}
RECEIPTS = "https://example.com/receipts/smsaero/"
CALLBACKS = {"callback_url": RECEIPTS, "callback_secret": "5ecret&more"}


def taken(status: int, extended: str) -> bytes:
    """Answer as in smsaero/smsaero_python, ``send_sms``, within the envelope of its answers."""
    data = {
        "id": 12345,
        "from": "SMS Aero",
        "number": "79096869722",
        "text": "012345 is your code.",
        "status": status,
        "extendStatus": extended,
        "channel": "FREE SIGN",
        "cost": 5.49,
        "dateCreate": 1719119523,
        "dateSend": 1719119523,
    }
    return json.dumps({"success": True, "data": data, "message": None}).encode()


#: As in the tests of cloudloyalty/smsaero-client.
WRONG_NUMBER = (
    b'{"success": false, "data": {"number": ["incorrect"]}, "message": "Validation error."}'
)
WRONG_SIGN = b'{"success": false, "data": {"sign": ["incorrect"]}, "message": "Validation error."}'
WRONG_KEY = b'{"success": false, "data": null, "message": "Your request was made with invalid credentials."}'


class SMSAeroSenderTests(SenderContract, TestCase):
    def answered(self, serve: Serve) -> Sender:
        context = running(serve)
        provider = context.__enter__()
        self.addCleanup(context.__exit__, None, None, None)
        return SMSAeroSender(**OPTIONS, url=provider.url)

    def make_sender(self) -> Sender:
        return self.answered(http(200, taken(0, "queue")))

    def make_failing_sender(self) -> Sender:
        body = b'{"success": false, "data": {"number": ["79096869722"]}, "message": "012345"}'
        return self.answered(http(400, body))


@pytest.mark.parametrize(
    ("options", "callbacks"),
    [
        ({}, {}),
        ({"callback_secret": "unused"}, {}),
        (
            CALLBACKS,
            {"callbackUrl": f"{RECEIPTS}?secret=5ecret%26more", "callbackFormat": "JSON"},
        ),
        (
            {"callback_url": f"{RECEIPTS}?a=1", "callback_secret": "x"},
            {"callbackUrl": f"{RECEIPTS}?a=1&secret=x", "callbackFormat": "JSON"},
        ),
    ],
)
def test_the_form_arrives_and_the_message_is_queued(
    options: dict[str, str], callbacks: dict[str, str]
) -> None:
    with running(http(200, taken(0, "queue"))) as provider:
        receipt = SMSAeroSender(**OPTIONS, **options, url=provider.url).send(MESSAGE)
    assert receipt == Receipt(message_id="12345", state=DeliveryState.QUEUED)
    head, _, body = provider.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /send HTTP/1.1\r\n")
    assert b"content-type: application/x-www-form-urlencoded" in head.lower()
    assert b"Authorization: Basic bWVAZXhhbXBsZS5jb206NWVjcmV0LWtleQ==" in head.split(b"\r\n")
    assert dict(parse_qsl(body.decode())) == {
        "number": "79096869722",
        "text": "012345 is your code.",
        "sign": "Example",
        **callbacks,
    }


def test_the_address_is_that_of_the_official_clients() -> None:
    assert SMSAeroSender(**OPTIONS).request(MESSAGE).url == "https://gate.smsaero.ru/v2/sms/send"


@pytest.mark.parametrize(
    ("status", "extended", "state"),
    [
        (0, "queue", DeliveryState.QUEUED),
        (8, "moderation", DeliveryState.QUEUED),
        (3, "sent", DeliveryState.SENT),
        (4, "wait", DeliveryState.SENT),
        (1, "delivery", DeliveryState.DELIVERED),
        (99, "to come", DeliveryState.SENT),
    ],
)
def test_a_message_that_is_taken_says_how_far_it_is(
    status: int, extended: str, state: DeliveryState
) -> None:
    receipt = SMSAeroSender(**OPTIONS).read(Answer(200, taken(status, extended)))
    assert receipt == Receipt(message_id="12345", state=state)


@pytest.mark.parametrize(
    ("status", "body", "error", "code"),
    [
        (400, WRONG_NUMBER, PermanentSendError, "number"),
        (200, WRONG_NUMBER, PermanentSendError, "number"),
        (400, WRONG_SIGN, TemporarySendError, "HTTP 400"),
        (200, WRONG_SIGN, TemporarySendError, "no success"),
        (401, WRONG_KEY, TemporarySendError, "HTTP 401"),
        (402, b'{"success": false}', TemporarySendError, "HTTP 402"),
        (403, b"", TemporarySendError, "HTTP 403"),
        (404, b'{"success": false}', TemporarySendError, "HTTP 404"),
        (405, b"", PermanentSendError, "HTTP 405"),
        (429, b"", TemporarySendError, "HTTP 429"),
        (500, b"<html>", UnclearSendError, "HTTP 500"),
        # smsaero/smsaero_python, check_response
        (200, b'{"result": "no credits"}', TemporarySendError, "no credits"),
        (200, b'{"result": "reject", "reason": "x"}', TemporarySendError, "reject"),
        (200, b'{"result": "error at 79096869722"}', TemporarySendError, "no success"),
        (200, taken(2, "undelivered"), PermanentSendError, "2"),
        (200, taken(6, "reject"), PermanentSendError, "6"),
        (200, b"<html>", UnclearSendError, "answer"),
        (200, b'{"success": true, "data": null}', UnclearSendError, "answer"),
        (200, b'{"success": true, "data": {"status": 0}}', UnclearSendError, "answer"),
    ],
)
def test_an_error_says_whether_it_is_the_number_or_the_account(
    status: int, body: bytes, error: type[SendError], code: str
) -> None:
    with running(http(status, body)) as provider, pytest.raises(error) as refused:
        SMSAeroSender(**OPTIONS, url=provider.url).send(MESSAGE)
    assert (type(refused.value), refused.value.code) == (error, code)


NO_CREDENTIALS = "SMSAeroSender: email or api_key is empty."
BAD_SIGN = "SMSAeroSender: sign is not 2 to 64 characters long."
BAD_URL = "SMSAeroSender: callback_url begins with neither https:// nor http://."
NO_SECRET = "SMSAeroSender: callback_url needs a callback_secret."


@pytest.mark.parametrize(
    ("options", "problems"),
    [
        ({}, []),
        (CALLBACKS, []),
        ({"email": ""}, [NO_CREDENTIALS]),
        ({"api_key": "", "sign": "x"}, [NO_CREDENTIALS, BAD_SIGN]),
        ({"sign": "x" * 65}, [BAD_SIGN]),
        ({"callback_url": "/user/"}, [BAD_URL, NO_SECRET]),
    ],
)
def test_wrong_options_are_reported(options: dict[str, str], problems: list[str]) -> None:
    sender = SMSAeroSender(**{**OPTIONS, **options})
    assert [message.msg for message in sender.check()] == problems


def read(body: bytes, query: str = "secret=5ecret%26more", **options: Any) -> list[Receipt]:
    sender = SMSAeroSender(**{**OPTIONS, **CALLBACKS, **options})
    return sender.read_callback(Callback(url=f"{RECEIPTS}?{query}", headers={}, body=body))


@pytest.mark.parametrize(
    ("state", "statuses"),
    [
        (DeliveryState.QUEUED, [0, 8]),
        (DeliveryState.SENT, [3, 4]),
        (DeliveryState.DELIVERED, [1]),
        (DeliveryState.FAILED, [2, 6]),
        (DeliveryState.UNKNOWN, [5, 99]),
    ],
)
def test_each_state_of_the_documentation_is_known(
    state: DeliveryState, statuses: list[int]
) -> None:
    for status in statuses:
        error = str(status) if state is DeliveryState.FAILED else ""
        expected = [Receipt(message_id="12345", state=state, error=error)]
        assert read(b'{"id": 12345, "status": %d}' % status) == expected
        assert read(b'{"id": "12345", "status": "%d", "extendStatus": "x"}' % status) == expected


@pytest.mark.parametrize(
    "query",
    [
        "",
        "secret",
        "secret=",
        "secret=5ecret",
        "secret=%D0%BA%FF",
        "secret=a&secret=5ecret%26more",
        "another=5ecret%26more",
        "a=1;" * 9,
        "[",
    ],
)
def test_a_callback_without_the_secret_is_refused(query: str) -> None:
    with pytest.raises(CallbackError, match="secret"):
        read(b'{"id": 12345, "status": 1}', query)


def test_no_secret_is_nobodys() -> None:
    with pytest.raises(CallbackError, match="secret"):
        read(b'{"id": 12345, "status": 1}', "secret=", callback_secret="")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\0\xfe",
        b"id=12345&status=1",
        b"[" * 60_000,
        b'{"id": ' + b"9" * 9_999 + b', "status": 1}',
        b'{"id": 12345}',
        b'{"id": 12345, "status": "delivery"}',
        b'{"id": [12345], "status": 1}',
        b'{"id": "1\\u0000", "status": 1}',
        b'{"status": 1}',
    ],
)
def test_a_callback_that_says_nothing_is_refused(body: bytes) -> None:
    with pytest.raises(CallbackError, match="no state"):
        read(body)
