"""Vonage's SMS API.

Answers and receipts are those of Vonage's OpenAPI description of it (version 1.5), errors those of
https://developer.vonage.com/api-errors/sms.
"""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import hmac
import json
import time
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
)
from django_phone_invites.senders.http import Answer
from django_phone_invites.senders.vonage import VonageSender
from django_phone_invites.testing import SenderContract
from tests.senders.provider import Serve, http, running
from tests.senders.test_http import MESSAGE

URL = "https://example.com/receipts/vonage/"
ID = "0C000000217B7F02"


def answer(*statuses: Any) -> bytes:
    parts = [
        {"to": "79096869722", "status": status, "message-id": f"{ID}{n or ''}"}
        if status == "0"
        else {"status": status, "error-text": "No credit for 79096869722"}
        for n, status in enumerate(statuses)
    ]
    return json.dumps({"message-count": str(len(parts)), "messages": parts}).encode()


def sender(**options: Any) -> VonageSender:
    return VonageSender(
        **{
            "api_key": "abcd1234",
            "api_secret": "s3cret",
            "from_": "AcmeInc",
            "signature_secret": "5igned",
            **options,
        }
    )


class VonageSenderTests(SenderContract, TestCase):
    def answered(self, serve: Serve) -> Sender:
        context = running(serve)
        provider = context.__enter__()
        self.addCleanup(context.__exit__, None, None, None)
        return sender(url=provider.url.removesuffix("/send"))

    def make_sender(self) -> Sender:
        return self.answered(http(200, answer("0")))

    def make_failing_sender(self) -> Sender:
        return self.answered(http(200, answer("7")))


def fields(**changes: Any) -> dict[str, list[str]]:
    request = sender().request(dataclasses.replace(MESSAGE, **changes))
    return parse_qs(request.body.decode())


def test_vonage_receives_what_its_description_names() -> None:
    with running(http(200, answer("0"))) as provider:
        receipt = sender(url=provider.url.removesuffix("/send"), callback_url=URL).send(MESSAGE)
    assert receipt == Receipt(ID, DeliveryState.QUEUED)
    (received,) = provider.requests
    head, _, body = received.decode().partition("\r\n\r\n")
    line, *headers = head.split("\r\n")
    assert line == "POST /sms/json HTTP/1.1"
    assert "Content-Type: application/x-www-form-urlencoded" in headers
    assert f"Authorization: Basic {base64.b64encode(b'abcd1234:s3cret').decode()}" in headers
    assert parse_qs(body) == {
        "to": ["79096869722"],
        "from": ["AcmeInc"],
        "text": ["012345 is your code."],
        "type": ["text"],
        "client-ref": ["login"],
        "ttl": ["300000"],
        "callback": [URL],
    }


@pytest.mark.parametrize(
    ("text", "kind"),
    [("@example.com #123456\n{[~|^\\]}_", "text"), ("Ваш код", "unicode"), ("`1`", "unicode")],
)
def test_a_text_beyond_the_gsm_alphabet_is_sent_as_unicode(text: str, kind: str) -> None:
    assert fields(text=text)["type"] == [kind]


@pytest.mark.parametrize(
    ("lifetime", "ttl"), [(0, None), (5, ["20000"]), (20, ["20000"]), (10**6, ["604800000"])]
)
def test_a_message_lives_as_long_as_its_code_within_the_bounds(lifetime: int, ttl: Any) -> None:
    assert fields(lifetime=lifetime).get("ttl") == ttl


def test_of_a_long_message_the_first_part_is_named() -> None:
    assert sender().read(Answer(200, answer("0", "0"))).message_id == ID


@pytest.mark.parametrize(
    ("status", "body", "error", "code"),
    [
        *[
            (200, answer(str(code)), TemporarySendError, str(code))
            for code in (1, 2, 4, 5, 8, 9, 10, 11, 14, 15, 23, 29, 32)
        ],
        *[
            (200, answer(str(code)), PermanentSendError, str(code))
            for code in (3, 6, 7, 12, 22, 33, 99)
        ],
        (200, answer(9), TemporarySendError, "9"),
        (200, answer("1", "1"), TemporarySendError, "1"),
        (200, answer("0", "9"), UnclearSendError, "9"),
        (200, answer("9", "0"), UnclearSendError, "9"),
        (401, answer("4"), TemporarySendError, "4"),
        (401, b"<html>", TemporarySendError, "HTTP 401"),
        (402, b"", TemporarySendError, "HTTP 402"),
        (403, b"", TemporarySendError, "HTTP 403"),
        (429, answer("1"), TemporarySendError, "1"),
        (420, b"", PermanentSendError, "HTTP 420"),
        (500, b"", UnclearSendError, "HTTP 500"),
    ],
)
def test_errors_of_the_account_may_pass_and_those_of_the_number_do_not(
    status: int, body: bytes, error: type[SendError], code: str
) -> None:
    with pytest.raises(error) as refused:
        sender().read(Answer(status, body))
    assert (type(refused.value), refused.value.code) == (error, code)


@pytest.mark.parametrize(
    "body", [b"", b"{}", b'{"messages": []}', b'{"messages": 1}', b'{"messages": [{}]}', b"[]"]
)
def test_an_answer_of_another_shape_is_unclear(body: bytes) -> None:
    with running(http(200, body)) as provider, pytest.raises(UnclearSendError):
        sender(url=provider.url.removesuffix("/send")).send(MESSAGE)


def receipt_fields(**changes: str) -> dict[str, str]:
    return {
        "msisdn": "79096869722",
        "to": "AcmeInc",
        "network-code": "25001",
        "messageId": ID,
        "price": "0.03330000",
        "status": "delivered",
        "scts": "2001011400",
        "err-code": "0",
        "api-key": "abcd1234",
        "client-ref": "a=b&c",
        "message-timestamp": "2026-11-25 12:00:00",
        "timestamp": str(int(time.time())),
        "nonce": "ec11dd3e-1e7f-4db5-9467-82b02cd223b9",
        **changes,
    }


def sign(
    fields: dict[str, str], key: str = "5igned", method: Any = hashlib.sha256
) -> dict[str, str]:
    """Sign as https://github.com/Vonage/vonage-ruby-sdk does in ``signature.rb``."""
    pairs = [
        f"&{name}={fields[name].replace('&', '_').replace('=', '_')}" for name in sorted(fields)
    ]
    digest = hmac.new(key.encode(), "".join(pairs).encode(), method)
    return {**fields, "sig": digest.hexdigest().upper()}


def as_json(fields: object) -> Callback:
    kind = {"content-type": "application/json; charset=utf-8"}
    return Callback(url=URL, headers=kind, body=json.dumps(fields).encode())


def as_form(fields: dict[str, str]) -> Callback:
    kind = {"content-type": "application/x-www-form-urlencoded"}
    return Callback(url=URL, headers=kind, body=urlencode(fields).encode())


def test_the_signature_is_that_of_vonages_own_tests() -> None:
    """From ``test/vonage/signature_test.rb`` of https://github.com/Vonage/vonage-ruby-sdk."""
    fields = {
        "message-timestamp": "2013-11-21 15:27:30",
        "messageId": "020000001B0FE827",
        "msisdn": "14843472194",
        "text": "Test again",
        "timestamp": "1385047698",
        "to": "13239877404",
        "type": "text",
        "sig": "not signed itself",
    }
    assert sender(signature_secret="my_secret_key_for_testing")._signature(fields) == (
        "DDB8397C2B90AAC7F3882D306475C9A5058C92322EEF43C92B298B6E0FC0D330"
    )


@pytest.mark.parametrize("encode", [as_json, as_form])
@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("accepted", DeliveryState.SENT),
        ("buffered", DeliveryState.SENT),
        ("delivered", DeliveryState.DELIVERED),
        ("expired", DeliveryState.FAILED),
        ("failed", DeliveryState.FAILED),
        ("rejected", DeliveryState.FAILED),
        ("unknown", DeliveryState.UNKNOWN),
    ],
)
def test_a_callback_says_how_far_a_message_is(
    encode: Any, status: str, state: DeliveryState
) -> None:
    made = encode(sign(receipt_fields(status=status, **{"err-code": "6"})))
    error = "6" if state is DeliveryState.FAILED else ""
    assert sender().read_callback(made) == [Receipt(ID, state, error)]


def test_the_hash_is_the_one_that_the_account_names() -> None:
    made = as_json(sign(receipt_fields(), method=hashlib.sha512))
    (receipt,) = sender(signature_method="sha512").read_callback(made)
    assert receipt.message_id == ID
    with pytest.raises(CallbackError):
        sender().read_callback(made)


def test_the_time_of_a_callback_is_within_five_minutes() -> None:
    for shift in (-290, 290):
        made = as_json(sign(receipt_fields(timestamp=str(int(time.time()) + shift))))
        assert sender().read_callback(made)
    for shift in (-310, 310):
        made = as_json(sign(receipt_fields(timestamp=str(int(time.time()) + shift))))
        with pytest.raises(CallbackError, match="too old"):
            sender().read_callback(made)


def without(name: str) -> dict[str, str]:
    fields = receipt_fields()
    del fields[name]
    return sign(fields)


@pytest.mark.parametrize(
    "wrong",
    [
        as_json(sign(receipt_fields(), key="another")),
        as_json({**sign(receipt_fields()), "status": "failed"}),
        as_json({**sign(receipt_fields()), "sig": ""}),
        as_json({**sign(receipt_fields()), "sig": "\ud800"}),
        as_json({**receipt_fields(), "sig": "ff", "nonce": "\ud800"}),
        as_json(receipt_fields()),
        as_json(without("timestamp")),
        as_json(without("messageId")),
        as_json(without("status")),
        as_json(sign(receipt_fields(timestamp="soon"))),
        as_json(sign(receipt_fields(timestamp="9" * 5000))),
        as_json({**sign(receipt_fields()), "price": 0.1}),
        as_json([sign(receipt_fields())]),
        as_form(receipt_fields()),
        dataclasses.replace(as_json({}), body=b"\xff\xfe{"),
        dataclasses.replace(as_json({}), body=b"[" * 100_000),
        Callback(url=URL, headers={}, body=b"\xff=%ff"),
        Callback(url=URL, headers={}, body=b""),
    ],
)
def test_a_callback_that_is_not_vonages_is_refused(wrong: Callback) -> None:
    with pytest.raises(CallbackError):
        sender().read_callback(wrong)


def test_without_the_secret_no_callback_is_believed() -> None:
    with pytest.raises(CallbackError):
        sender(signature_secret="").read_callback(as_json(sign(receipt_fields(), key="")))


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({}, ""),
        ({"callback_url": URL}, ""),
        ({"api_key": ""}, "api_key or api_secret is missing."),
        ({"api_secret": ""}, "api_key or api_secret is missing."),
        ({"from_": ""}, "from_ is missing, or begins with +."),
        ({"from_": "+447700900000"}, "from_ is missing, or begins with +."),
        ({"callback_url": URL + "x" * 66}, "callback_url has more than 100 characters."),
        (
            {"callback_url": URL, "signature_secret": ""},
            "callback_url needs signature_secret, which checks what comes there.",
        ),
        ({"signature_method": "md5"}, 'signature_method is neither "sha256" nor "sha512".'),
        ({"url": "rest.nexmo.com"}, "url begins with neither https:// nor http://."),
    ],
)
def test_wrong_options_are_reported(options: dict[str, Any], problem: str) -> None:
    found = [message.msg for message in sender(**options).check()]
    assert found == ([f"VonageSender: {problem}"] if problem else [])
