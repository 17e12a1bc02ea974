"""SMS.ru, as its pages and its PHP sample for callbacks describe it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import Any
from unittest import TestCase
from urllib.parse import parse_qsl, urlencode

import pytest
from django.test.client import encode_multipart

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
from django_phone_invites.senders.smsru import SMSRuSender
from django_phone_invites.testing import SenderContract
from tests.senders.provider import Serve, http, running
from tests.senders.test_http import MESSAGE

API_ID = "C0DE-5ECRET"
#: Both as in the example on https://sms.ru/api/send.
TAKEN = {"status": "OK", "status_code": 100, "sms_id": "000000-10000000"}
NO_ROUTE = {"status": "ERROR", "status_code": 207, "status_text": "79096869722"}


def about(message: dict[str, Any]) -> bytes:
    """Answer the request as a whole with OK, and its message with this."""
    whole = {"status": "OK", "status_code": 100, "sms": {"79096869722": message}, "balance": 4122.5}
    return json.dumps(whole).encode()


def whole(code: int) -> bytes:
    """Refuse the request as a whole."""
    return json.dumps({"status": "ERROR", "status_code": code, "status_text": "no"}).encode()


class SMSRuSenderTests(SenderContract, TestCase):
    def answered(self, serve: Serve) -> Sender:
        context = running(serve)
        provider = context.__enter__()
        self.addCleanup(context.__exit__, None, None, None)
        return SMSRuSender(api_id=API_ID, url=provider.url)

    def make_sender(self) -> Sender:
        return self.answered(http(200, about(TAKEN)))

    def make_failing_sender(self) -> Sender:
        return self.answered(http(200, about(NO_ROUTE)))


def test_the_form_arrives_and_the_message_is_queued() -> None:
    with running(http(200, about(TAKEN))) as provider:
        sender = SMSRuSender(api_id=API_ID, sender="Example", url=provider.url)
        receipt = sender.send(MESSAGE)
    assert receipt == Receipt(message_id="000000-10000000", state=DeliveryState.QUEUED)
    head, _, body = provider.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /send HTTP/1.1\r\n")
    assert b"content-type: application/x-www-form-urlencoded" in head.lower()
    assert dict(parse_qsl(body.decode())) == {
        "api_id": API_ID,
        "to": "79096869722",
        "msg": "012345 is your code.",
        "ttl": "5",
        "json": "1",
        "from": "Example",
    }


def test_the_address_is_that_of_the_documentation_and_no_sender_is_the_default_one() -> None:
    request = SMSRuSender(api_id=API_ID).request(MESSAGE)
    assert request.url == "https://sms.ru/sms/send"
    assert b"from=" not in request.body


@pytest.mark.parametrize(
    ("lifetime", "minutes"), [(0, "1"), (59, "1"), (119, "1"), (300, "5"), (10**6, "1440")]
)
def test_a_message_dies_before_its_code(lifetime: int, minutes: str) -> None:
    body = SMSRuSender(api_id=API_ID).request(replace(MESSAGE, lifetime=lifetime)).body
    assert dict(parse_qsl(body.decode()))["ttl"] == minutes


@pytest.mark.parametrize(
    ("error", "codes"),
    [
        (PermanentSendError, [202, 203, 205, 207, 209, 215]),
        # The account: api_id, money, name, daily limit, own IP or abroad, limits of a number.
        (TemporarySendError, [200, 201, 204, 206, 214, 230, 231, 232, 233, 300, 301, 302]),
        # SMS.ru itself, and what it may add.
        (TemporarySendError, [220, 500, 999]),
    ],
)
def test_a_code_says_whether_it_is_the_number_or_the_account(
    error: type[SendError], codes: list[int]
) -> None:
    """The codes of https://sms.ru/api/send, for the request and for the message in it."""
    for code in codes:
        for body in (whole(code), about({"status": "ERROR", "status_code": code})):
            with pytest.raises(error) as refused:
                SMSRuSender(api_id=API_ID).read(Answer(200, body))
            assert (type(refused.value), refused.value.code) == (error, str(code))


@pytest.mark.parametrize(
    ("status", "body", "error", "code"),
    [
        (401, b"", TemporarySendError, "HTTP 401"),
        (402, b"", TemporarySendError, "HTTP 402"),
        (403, b"", TemporarySendError, "HTTP 403"),
        (404, b"", PermanentSendError, "HTTP 404"),
        (502, b"<html>", UnclearSendError, "HTTP 502"),
        (200, b"100\n000000-10000000", UnclearSendError, "answer"),
        (200, b"{}", UnclearSendError, "answer"),
        (200, b'{"status": "OK", "status_code": 100}', UnclearSendError, "answer"),
        (200, b'{"status": "OK", "sms": {}}', UnclearSendError, "answer"),
        (200, b'{"status": "ERROR", "status_code": "x"}', UnclearSendError, "answer"),
        (200, about({"status": "OK", "status_code": 100}), UnclearSendError, "answer"),
    ],
)
def test_an_answer_without_a_code_is_judged_by_its_status(
    status: int, body: bytes, error: type[SendError], code: str
) -> None:
    with running(http(status, body)) as provider, pytest.raises(error) as refused:
        SMSRuSender(api_id=API_ID, url=provider.url).send(MESSAGE)
    assert (type(refused.value), refused.value.code) == (error, code)


@pytest.mark.parametrize(
    ("options", "problems"),
    [
        ({}, []),
        ({"sender": "Example-2.0"}, []),
        ({"sender": "790968697221234"}, []),
        ({"api_id": ""}, ["SMSRuSender: api_id is empty."]),
        (
            {"sender": "Пример"},
            ["SMSRuSender: sender is neither 1 to 11 characters of ASCII nor 1 to 15 digits."],
        ),
        (
            {"sender": "Example-2.01"},
            ["SMSRuSender: sender is neither 1 to 11 characters of ASCII nor 1 to 15 digits."],
        ),
    ],
)
def test_wrong_options_are_reported(options: dict[str, str], problems: list[str]) -> None:
    sender = SMSRuSender(**{"api_id": API_ID, **options})
    assert [message.msg for message in sender.check()] == problems


def fields(*entries: str, api_id: str = API_ID) -> dict[str, str]:
    """Return the fields as SMS.ru signs them: its sample takes SHA-256 of api_id and entries."""
    signed = hashlib.sha256((api_id + "".join(entries)).encode()).hexdigest()
    return {**{f"data[{n}]": entry for n, entry in enumerate(entries)}, "hash": signed}


def multipart(form: dict[str, str]) -> Callback:
    kind = "multipart/form-data; boundary=----b0undary"
    body = encode_multipart("----b0undary", form)
    return Callback(url="https://example.com/", headers={"content-type": kind}, body=body)


def urlencoded(form: dict[str, str]) -> Callback:
    kind = "application/x-www-form-urlencoded"
    body = urlencode(form).encode()
    return Callback(url="https://example.com/", headers={"content-type": kind}, body=body)


def read(callback: Callback, api_id: str = API_ID) -> list[Receipt]:
    return SMSRuSender(api_id=api_id).read_callback(callback)


@pytest.mark.parametrize("send", [multipart, urlencoded])
def test_a_callback_reports_all_its_messages_in_either_encoding(send: Any) -> None:
    """A report, the heartbeat, a call and a kind to come; old ones too, for they are repeated."""
    entries = (
        "test\n1782404811",
        "sms_status\n202626-48053517\n103\n1782404881",
        "callcheck_status\n202626-48054630\n401\n1782405619",
        "sms_status\n202626-48053518\n104\n1",
        "новость",
        "sms_status\n202626-48053519",
        "",
    )
    assert read(send(fields(*entries))) == [
        Receipt(message_id="202626-48053517", state=DeliveryState.DELIVERED),
        Receipt(message_id="202626-48053518", state=DeliveryState.FAILED, error="104"),
    ]


def test_ten_and_more_entries_are_signed_in_the_order_they_come_in() -> None:
    entries = [f"sms_status\n202626-{n}\n103\n1782404881" for n in range(12)]
    assert len(read(multipart(fields(*entries)))) == 12


@pytest.mark.parametrize(
    ("state", "codes"),
    [
        (DeliveryState.QUEUED, ["100"]),
        (DeliveryState.SENT, ["101", "102"]),
        (DeliveryState.DELIVERED, ["103", "110"]),
        (DeliveryState.FAILED, ["104", "105", "106", "107", "108", "150"]),
        (DeliveryState.UNKNOWN, ["-1", "199", "x"]),
    ],
)
def test_each_state_of_the_documentation_is_known(state: DeliveryState, codes: list[str]) -> None:
    """https://sms.ru/api/status."""
    for code in codes:
        (receipt,) = read(multipart(fields(f"sms_status\n1-1\n{code}\n1782404881")))
        assert receipt.state is state
        assert receipt.error == (code if state is DeliveryState.FAILED else "")


RIGHT = fields("sms_status\n1-1\n103\n1782404881")


@pytest.mark.parametrize(
    "callback",
    [
        multipart({**RIGHT, "data[0]": RIGHT["data[0]"].replace("103", "104")}),
        multipart({**RIGHT, "data[1]": "sms_status\n1-2\n103\n1782404881"}),
        multipart({"data[0]": RIGHT["data[0]"]}),
        multipart(fields("sms_status\n1-1\n103\n1", api_id="another")),
        multipart({**RIGHT, "hash": "ключ"}),
        replace(multipart(RIGHT), headers={}),
        replace(multipart(RIGHT), headers={"content-type": "boundary=another"}),
        replace(multipart(RIGHT), headers={"content-type": "boundary=\udcff"}),
        replace(multipart(RIGHT), body=b"\xff\0\xfe" * 99),
        replace(multipart(RIGHT), body=b'------b0undary\r\n name="\xff"\r\n\r\n1------b0undary'),
        replace(multipart(RIGHT), body=b""),
        replace(urlencoded(RIGHT), body=b"\xff%ff=%ff"),
        replace(urlencoded(RIGHT), body=b"data[]=1&hash=1"),
    ],
)
def test_a_callback_that_is_not_signed_is_refused(callback: Callback) -> None:
    with pytest.raises(CallbackError):
        read(callback)


def test_without_a_key_nothing_is_signed() -> None:
    with pytest.raises(CallbackError):
        read(multipart(fields("sms_status\n1-1\n103\n1", api_id="")), api_id="")


def test_smsru_is_told_that_a_report_arrived() -> None:
    sender = SMSRuSender(api_id="k")
    assert sender.answer_callback(Callback("https://example.com/", {}, b"")) == "100"
