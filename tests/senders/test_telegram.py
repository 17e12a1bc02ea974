"""Telegram Gateway. Names and signature: https://core.telegram.org/gateway/api."""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import replace
from typing import Any
from unittest import TestCase

import pytest
import time_machine

from django_phone_invites.senders import (
    PermanentSendError,
    Receipt,
    Sender,
    SendError,
    TemporarySendError,
    UnclearSendError,
)
from django_phone_invites.senders.base import Callback, CallbackError, DeliveryState
from django_phone_invites.senders.http import Answer
from django_phone_invites.senders.telegram import TelegramGatewaySender
from django_phone_invites.testing import SenderContract
from tests.senders.provider import Serve, http, running
from tests.senders.test_http import MESSAGE

TOKEN = "AAEC:token"
RECEIPTS = "https://example.com/receipts/telegram/"
NOW = 1_740_000_000
#: A RequestStatus.
TAKEN = {
    "request_id": "1234567890",
    "phone_number": "+79096869722",
    "request_cost": 0.01,
    "delivery_status": {"status": "sent", "updated_at": NOW},
}


def body(**answer: Any) -> bytes:
    return json.dumps(answer).encode()


def sender(**options: Any) -> TelegramGatewaySender:
    return TelegramGatewaySender(**{"token": TOKEN, **options})


class TelegramGatewaySenderTests(SenderContract, TestCase):
    def answered(self, serve: Serve) -> Sender:
        context = running(serve)
        provider = context.__enter__()
        self.addCleanup(context.__exit__, None, None, None)
        return sender(url=provider.url)

    def make_sender(self) -> Sender:
        return self.answered(http(200, body(ok=True, result=TAKEN)))

    def make_failing_sender(self) -> Sender:
        return self.answered(http(200, body(ok=False, error="FLOOD_WAIT_012345")))


def test_a_code_is_posted_as_json_with_these_fields() -> None:
    with running(http(200, body(ok=True, result=TAKEN))) as provider:
        receipt = sender(
            url=provider.url, sender_username="example", callback_url=RECEIPTS, payload="p-1"
        ).send(MESSAGE)
    assert receipt == Receipt("1234567890", DeliveryState.SENT)
    head, _, sent = provider.requests[0].partition(b"\r\n\r\n")
    line, *headers = head.decode().lower().split("\r\n")
    assert line == "post /send/sendverificationmessage http/1.1"
    assert f"authorization: bearer {TOKEN.lower()}" in headers
    assert "content-type: application/json" in headers
    assert json.loads(sent) == {
        "phone_number": "+79096869722",
        "code": "012345",
        "ttl": 300,
        "sender_username": "example",
        "callback_url": RECEIPTS,
        "payload": "p-1",
    }


def test_it_is_asked_at_telegrams_address_and_without_what_is_not_set() -> None:
    request = sender().request(MESSAGE)
    assert (request.method, request.url) == (
        "POST",
        "https://gatewayapi.telegram.org/sendVerificationMessage",
    )
    assert request.headers["Authorization"] == f"Bearer {TOKEN}"
    assert set(json.loads(request.body)) == {"phone_number", "code", "ttl"}


@pytest.mark.parametrize(("lifetime", "ttl"), [(0, 30), (30, 30), (3600, 3600), (86400, 3600)])
def test_a_message_is_good_for_as_long_as_its_code_within_telegrams_bounds(
    lifetime: int, ttl: int
) -> None:
    request = sender().request(replace(MESSAGE, lifetime=lifetime))
    assert json.loads(request.body)["ttl"] == ttl


@pytest.mark.parametrize(
    ("result", "receipt"),
    [
        ({"request_id": "r-1"}, Receipt("r-1", DeliveryState.SENT)),
        (
            {"request_id": "r-1", "delivery_status": {"status": "delivered"}},
            Receipt("r-1", DeliveryState.DELIVERED),
        ),
        ({}, Receipt("", DeliveryState.SENT)),
    ],
)
def test_what_was_taken_is_sent_unless_more_is_said(result: Any, receipt: Receipt) -> None:
    assert sender().read(Answer(200, body(ok=True, result=result))) == receipt


@pytest.mark.parametrize(
    ("status", "answer", "error", "code"),
    [
        # The one error of the documentation, "Making requests".
        (200, "ACCESS_TOKEN_INVALID", TemporarySendError, "ACCESS_TOKEN_INVALID"),
        # Known to github.com/apifonica/tg-gateway-go, errors.go.
        (401, "ACCESS_TOKEN_REQUIRED", TemporarySendError, "ACCESS_TOKEN_REQUIRED"),
        (200, "BALANCE_NOT_ENOUGH", TemporarySendError, "BALANCE_NOT_ENOUGH"),
        (200, "FLOOD_WAIT_30", TemporarySendError, "FLOOD_WAIT"),
        (200, "SENDER_NOT_VERIFIED", TemporarySendError, "SENDER_NOT_VERIFIED"),
        (200, "CODE_INVALID", TemporarySendError, "CODE_INVALID"),
        (200, "PHONE_NUMBER_INVALID", PermanentSendError, "PHONE_NUMBER_INVALID"),
        (200, "PHONE_NUMBER_NOT_FOUND", PermanentSendError, "PHONE_NUMBER_NOT_FOUND"),
        (400, "PHONE_NUMBER_NOT_FOUND", PermanentSendError, "PHONE_NUMBER_NOT_FOUND"),
        (200, "MESSAGE_ALREADY_SENT", UnclearSendError, "MESSAGE_ALREADY_SENT"),
        # What is no name of an error is not kept.
        (200, "no such phone +79096869722", UnclearSendError, "HTTP 200"),
        (403, None, TemporarySendError, "HTTP 403"),
        (400, None, PermanentSendError, "HTTP 400"),
        (503, None, TemporarySendError, "HTTP 503"),
    ],
)
def test_only_what_is_wrong_with_the_number_is_for_good(
    status: int, answer: str | None, error: type[SendError], code: str
) -> None:
    with pytest.raises(error) as refused:
        sender().read(Answer(status, body(ok=False, error=answer)))
    assert (type(refused.value), refused.value.code) == (error, code)


def signed(report: bytes, *, token: str = TOKEN, timestamp: str = str(NOW)) -> Callback:
    key = hashlib.sha256(token.encode()).digest()
    text = timestamp.encode() + b"\n" + report
    headers = {
        "x-request-timestamp": timestamp,
        "x-request-signature": hmac.new(key, text, "sha256").hexdigest(),
    }
    return Callback(RECEIPTS, headers, report)


@time_machine.travel(NOW + 299)
@pytest.mark.parametrize(
    ("status", "state", "error"),
    [
        ("sent", DeliveryState.SENT, ""),
        ("delivered", DeliveryState.DELIVERED, ""),
        ("read", DeliveryState.DELIVERED, ""),
        ("expired", DeliveryState.FAILED, "expired"),
        ("revoked", DeliveryState.FAILED, "revoked"),
    ],
)
def test_a_signed_receipt_says_how_far_it_came(
    status: str, state: DeliveryState, error: str
) -> None:
    report = body(**TAKEN | {"delivery_status": {"status": status, "updated_at": NOW}})
    assert sender().read_callback(signed(report)) == [Receipt("1234567890", state, error)]


def test_the_signature_is_the_one_that_openssl_makes() -> None:
    """Telegram publishes no example, so this one is made apart from Python.

    ``printf '1740000000\\n{}' | openssl dgst -sha256 -mac HMAC -macopt hexkey:$(printf AAEC:token |
    openssl dgst -sha256 -r | cut -d' ' -f1)``
    """
    assert signed(b"{}").headers["x-request-signature"] == (
        "403832aedfe08fbe944f49e2548786ec9ff170fcd3bf9024ea5e60f92391dd5b"
    )


@time_machine.travel(NOW)
@pytest.mark.parametrize(
    "callback",
    [
        signed(body(**TAKEN), token="another"),
        replace(signed(body(**TAKEN)), body=body(**TAKEN | {"request_id": "2"})),
        replace(signed(body(**TAKEN)), headers={}),
        signed(body(**TAKEN), timestamp=str(NOW - 301)),
        signed(body(**TAKEN), timestamp=str(NOW + 301)),
        signed(body(**TAKEN), timestamp="yesterday"),
        replace(
            signed(body(**TAKEN)),
            headers=signed(body(**TAKEN)).headers | {"x-request-timestamp": str(NOW + 1)},
        ),
        Callback(RECEIPTS, {"x-request-signature": "\udcff", "x-request-timestamp": ""}, b"\xff"),
        signed(b""),
        signed(b"\xff\x00"),
        signed(b"[" * 100_000),
        signed(b"[]"),
        signed(b"{}"),
        signed(body(**TAKEN | {"delivery_status": None})),
        signed(body(**TAKEN | {"delivery_status": {"status": ["sent"]}})),
        signed(body(**TAKEN | {"delivery_status": {"status": "lost"}})),
    ],
)
def test_anything_else_is_refused(callback: Callback) -> None:
    with pytest.raises(CallbackError):
        sender().read_callback(callback)


@time_machine.travel(NOW)
def test_without_a_token_nobody_can_sign() -> None:
    with pytest.raises(CallbackError):
        sender(token="").read_callback(signed(body(**TAKEN), token=""))


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({}, ""),
        ({"sender_username": "example_codes", "callback_url": RECEIPTS, "payload": "я" * 64}, ""),
        ({"token": ""}, "token is empty."),
        ({"sender_username": "@example"}, "sender_username is no name of a channel."),
        ({"callback_url": "http://example.com/"}, "callback_url does not begin with https://."),
        (
            {"callback_url": RECEIPTS + "x" * 256},
            "callback_url is longer than 256 bytes.",
        ),
        ({"payload": "я" * 65}, "payload is longer than 128 bytes."),
    ],
)
def test_wrong_options_are_reported(options: dict[str, Any], problem: str) -> None:
    found = [message.msg for message in sender(**options).check()]
    assert found == ([f"TelegramGatewaySender: {problem}"] if problem else [])
