"""SMSC.ru, as its API and the clients that follow it describe it."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any
from unittest import TestCase
from urllib.parse import parse_qsl, urlencode

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
from django_phone_invites.senders.smsc import SMSCSender
from django_phone_invites.testing import SenderContract
from tests.senders.provider import Serve, http, running
from tests.senders.test_http import MESSAGE

KEY = "5ecret-key"
SECRET = "5ecret-phrase"
#: Both as clients quote them from https://smsc.ru/api/http/ for fmt=3.
TAKEN = b'{"id": 348, "cnt": 1}'
UNDELIVERABLE = b'{"error": "no delivery to 79096869722", "error_code": 8, "id": 348}'


class SMSCSenderTests(SenderContract, TestCase):
    def answered(self, serve: Serve) -> Sender:
        context = running(serve)
        provider = context.__enter__()
        self.addCleanup(context.__exit__, None, None, None)
        return SMSCSender(api_key=KEY, url=provider.url)

    def make_sender(self) -> Sender:
        return self.answered(http(200, TAKEN))

    def make_failing_sender(self) -> Sender:
        return self.answered(http(200, UNDELIVERABLE))


@pytest.mark.parametrize(
    ("options", "credentials"),
    [
        ({"api_key": KEY}, {"apikey": KEY}),
        ({"login": "me", "password": "pa&ss"}, {"login": "me", "psw": "pa&ss"}),
        ({"api_key": KEY, "login": "me", "password": "x"}, {"apikey": KEY}),
        ({"api_key": KEY, "sender": "Example"}, {"apikey": KEY, "sender": "Example"}),
    ],
)
def test_the_form_arrives_and_the_message_is_queued(
    options: dict[str, str], credentials: dict[str, str]
) -> None:
    with running(http(200, TAKEN)) as provider:
        receipt = SMSCSender(url=provider.url, **options).send(replace(MESSAGE, text="Код 012345"))
    assert receipt == Receipt(message_id="348", state=DeliveryState.QUEUED)
    head, _, body = provider.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /send HTTP/1.1\r\n")
    assert b"content-type: application/x-www-form-urlencoded" in head.lower()
    assert dict(parse_qsl(body.decode())) == {
        "phones": "+79096869722",
        "mes": "Код 012345",
        "valid": "00:05",
        "charset": "utf-8",
        "fmt": "3",
        **credentials,
    }


def test_the_address_is_that_of_the_documentation() -> None:
    assert SMSCSender(api_key=KEY).request(MESSAGE).url == "https://smsc.ru/sys/send.php"


@pytest.mark.parametrize(
    ("lifetime", "valid"),
    [(0, "00:01"), (119, "00:01"), (3599, "00:59"), (5400, "01:30"), (10**6, "24:00")],
)
def test_a_message_dies_before_its_code(lifetime: int, valid: str) -> None:
    body = SMSCSender(api_key=KEY).request(replace(MESSAGE, lifetime=lifetime)).body
    assert dict(parse_qsl(body.decode()))["valid"] == valid


@pytest.mark.parametrize(
    ("status", "body", "error", "code"),
    [
        # The error codes of send.php, https://smsc.ru/api/http/; 99 is one to come.
        *[
            (200, b'{"error": "x", "error_code": %d}' % code, TemporarySendError, str(code))
            for code in (1, 2, 3, 4, 5, 6, 9, 99)
        ],
        (200, b'{"error": "x", "error_code": 7}', PermanentSendError, "7"),
        (200, UNDELIVERABLE, PermanentSendError, "8"),
        (401, b"", TemporarySendError, "HTTP 401"),
        (402, b"", TemporarySendError, "HTTP 402"),
        (403, b"", TemporarySendError, "HTTP 403"),
        (404, b"", PermanentSendError, "HTTP 404"),
        (503, b"", TemporarySendError, "HTTP 503"),
        (500, b"<html>", UnclearSendError, "HTTP 500"),
        (200, b"ERROR = 2 (authorise error)", UnclearSendError, "answer"),
        (200, b'{"error": "x", "error_code": "79096869722x"}', UnclearSendError, "answer"),
        (200, b'{"cnt": 1}', UnclearSendError, "answer"),
    ],
)
def test_an_error_code_says_whether_it_is_the_number_or_the_account(
    status: int, body: bytes, error: type[SendError], code: str
) -> None:
    with running(http(status, body)) as provider, pytest.raises(error) as refused:
        SMSCSender(api_key=KEY, url=provider.url).send(MESSAGE)
    assert (type(refused.value), refused.value.code) == (error, code)


NO_CREDENTIALS = "SMSCSender: there is neither api_key nor login and password."
BAD_SENDER = "SMSCSender: sender is neither 1 to 11 characters of ASCII nor 1 to 15 digits."


@pytest.mark.parametrize(
    ("options", "problems"),
    [
        ({"api_key": KEY, "sender": "Example"}, []),
        ({"login": "me", "password": "x", "sender": "790968697221234"}, []),
        ({}, [NO_CREDENTIALS]),
        ({"login": "me"}, [NO_CREDENTIALS]),
        ({"password": "x", "sender": "Example-2.01"}, [NO_CREDENTIALS, BAD_SENDER]),
        ({"api_key": KEY, "sender": "Пример"}, [BAD_SENDER]),
    ],
)
def test_wrong_options_are_reported(options: dict[str, str], problems: list[str]) -> None:
    assert [message.msg for message in SMSCSender(**options).check()] == problems


def callback(status: str = "1", secret: str = SECRET, **changed: str) -> Callback:
    """Return what SMSC sends: its signature is MD5 of id, phone, status and secret phrase."""
    signed = hashlib.md5(f"348:79096869722:{status}:{secret}".encode()).hexdigest()  # noqa: S324 - the provider's
    said = {"id": "348", "phone": "79096869722", "status": status, "err": "6", "md5": signed}
    body = urlencode({**said, **changed}).encode()
    return Callback(url="https://example.com/", headers={}, body=body)


def read(callback: Callback, **options: Any) -> list[Receipt]:
    return SMSCSender(**{"callback_secret": SECRET, **options}).read_callback(callback)


@pytest.mark.parametrize(
    ("state", "statuses"),
    [
        (DeliveryState.QUEUED, ["-1"]),
        (DeliveryState.SENT, ["0"]),
        (DeliveryState.DELIVERED, ["1", "2"]),
        (DeliveryState.FAILED, ["3", "20", "22", "23", "24", "25"]),
        (DeliveryState.UNKNOWN, ["-3", "99", "", "x"]),
    ],
)
def test_each_state_of_the_documentation_is_known(
    state: DeliveryState, statuses: list[str]
) -> None:
    """https://smsc.ru/api/http/status_messages."""
    for status in statuses:
        error = status if state is DeliveryState.FAILED else ""
        assert read(callback(status)) == [Receipt(message_id="348", state=state, error=error)]


@pytest.mark.parametrize(
    "forged",
    [
        callback(status="1", md5=""),
        callback(status="1", md5="ключ"),
        callback(secret="another"),
        callback(status="1", id="349"),
        callback(status="20", phone="79096869723"),
        Callback(url="https://example.com/", headers={}, body=b""),
        Callback(url="https://example.com/", headers={}, body=b"\xff\0%ff=%ff&md5"),
        replace(callback(), body=callback().body.replace(b"status=1", b"status=20")),
    ],
)
def test_a_callback_that_is_not_signed_is_refused(forged: Callback) -> None:
    with pytest.raises(CallbackError):
        read(forged)


def test_without_a_secret_nothing_is_signed() -> None:
    with pytest.raises(CallbackError):
        read(callback(secret=""), callback_secret="")
