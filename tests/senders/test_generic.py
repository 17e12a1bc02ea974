"""A provider that is described by settings alone."""

from __future__ import annotations

from typing import Any
from unittest import TestCase

import pytest

from django_phone_invites.senders import (
    PermanentSendError,
    Receipt,
    Sender,
    SendError,
    TemporarySendError,
    UnclearSendError,
)
from django_phone_invites.senders.generic import GenericHTTPSender
from django_phone_invites.senders.http import Answer
from django_phone_invites.testing import SenderContract
from tests.senders.provider import Serve, http, running
from tests.senders.test_http import MESSAGE

URL = "https://sms.example/send"
FIELDS = {"to": "{digits}", "text": "{text}"}


class GenericHTTPSenderTests(SenderContract, TestCase):
    def answered(self, serve: Serve) -> Sender:
        context = running(serve)
        provider = context.__enter__()
        self.addCleanup(context.__exit__, None, None, None)
        return GenericHTTPSender(url=provider.url, fields=FIELDS, message_id="id")

    def make_sender(self) -> Sender:
        return self.answered(http(200, b'{"id": 4711}'))

    def make_failing_sender(self) -> Sender:
        return self.answered(http(400, b'{"error": "no credit for +79096869722: 012345"}'))


def sender(**options: Any) -> GenericHTTPSender:
    return GenericHTTPSender(**{"url": URL, "fields": FIELDS, **options})


def test_fields_are_filled_in_at_any_depth() -> None:
    fields = {
        "messages": [{"to": ["{phone}"], "n": 1}, "{{}}"],
        "pair": ("{code}", None),
        "unicode": "{text} и всё",
    }
    request = sender(fields=fields, headers={"Authorization": "Bearer k"}).request(MESSAGE)
    assert (request.method, request.url) == ("POST", URL)
    assert request.headers == {"Content-Type": "application/json", "Authorization": "Bearer k"}
    assert Answer(200, request.body).json() == {
        "messages": [{"to": ["+79096869722"], "n": 1}, "{}"],
        "pair": ["012345", None],
        "unicode": "012345 is your code. и всё",
    }


def test_a_form_is_encoded_as_one() -> None:
    request = sender(encoding="form", fields={"to": "{phone}", "key": "a&b"}).request(MESSAGE)
    assert request.body == b"to=%2B79096869722&key=a%26b"
    assert request.headers == {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.mark.parametrize(
    ("url", "asked"), [(URL, f"{URL}?to=79096869722"), (f"{URL}?v=1", f"{URL}?v=1&to=79096869722")]
)
def test_a_query_is_a_get(url: str, asked: str) -> None:
    request = sender(url=url, encoding="query", fields={"to": "{digits}"}).request(MESSAGE)
    assert (request.method, request.url, request.body) == ("GET", asked, b"")


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ("id", "7"),
        ("messages.0.id", "m-1"),
        ("messages.1.id", ""),
        ("messages.x.id", ""),
        ("messages.0.id.deeper", ""),
        ("null", ""),
        ("nowhere", ""),
        ("", ""),
    ],
)
def test_the_id_is_found_where_it_is_said_to_stand(where: str, found: str) -> None:
    answer = Answer(200, b'{"id": 7, "null": null, "messages": [{"id": "m-1"}]}')
    assert sender(message_id=where).read(answer) == Receipt(message_id=found)


def test_an_answer_nobody_looks_into_may_be_anything() -> None:
    assert sender().read(Answer(204, b"<html>")) == Receipt()


@pytest.mark.parametrize(
    ("status", "body", "error", "code"),
    [
        (200, b'{"e": 12}', PermanentSendError, "12"),
        (200, b'{"e": "busy"}', TemporarySendError, "busy"),
        (400, b'{"e": "busy"}', TemporarySendError, "busy"),
        (400, b'{"e": 0}', PermanentSendError, "HTTP 400"),
        (400, b'{"e": "number"}', PermanentSendError, "number"),
        (401, b'{"e": "invalid_key"}', TemporarySendError, "invalid_key"),
        (503, b'{"e": "maintenance"}', TemporarySendError, "maintenance"),
        (500, b'{"e": "oops"}', UnclearSendError, "oops"),
        (429, b"{}", TemporarySendError, "HTTP 429"),
        (503, b"<html>", TemporarySendError, "HTTP 503"),
        (200, b"OK", UnclearSendError, "answer"),
    ],
)
def test_an_error_that_is_not_known_is_what_the_status_says(
    status: int, body: bytes, error: type[SendError], code: str
) -> None:
    described = sender(error="e", no_errors=["0"], temporary_errors=["busy"])
    with pytest.raises(error) as refused:
        described.read(Answer(status, body))
    assert (type(refused.value), refused.value.code) == (error, code)


@pytest.mark.parametrize("body", [b'{"id": "m"}', b'{"id": "m", "e": 0}', b'{"id": "m", "e": ""}'])
def test_no_error_is_one_of_those_that_are_none(body: bytes) -> None:
    read = sender(message_id="id", error="e", no_errors=["0"]).read(Answer(200, body))
    assert read.message_id == "m"


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({}, ""),
        ({"url": "sms.example"}, "url begins with neither https:// nor http://."),
        ({"encoding": "xml"}, 'encoding is none of "json", "form" and "query".'),
        ({"fields": {"to": "{number}"}}, "fields cannot be filled in: KeyError 'number'."),
        ({"fields": {"to": "{"}}, "fields cannot be filled in: ValueError"),
        ({"fields": {"to": "{phone.x}"}}, "fields cannot be filled in: AttributeError"),
        ({"fields": {"to": "{phone}", "text": "Hello"}}, "no field has {text} or {code}."),
        ({"fields": {"code": "{code}"}}, ""),
        ({"no_errors": [0]}, 'no_errors is no list of texts, such as ["0"].'),
        ({"temporary_errors": "busy"}, 'temporary_errors is no list of texts, such as ["0"].'),
        (
            {"headers": {"Authorization": "Bearer "}},
            "the header Authorization is empty, or has a space",
        ),
        ({"headers": {"X-Key": ""}}, "the header X-Key is empty, or has a space"),
        ({"headers": {"X-Key": "k"}}, ""),
    ],
)
def test_wrong_options_are_reported(options: dict[str, Any], problem: str) -> None:
    found = [message.msg for message in sender(**options).check()]
    if problem:
        (message,) = found
        assert message.startswith(f"GenericHTTPSender: {problem}")
    else:
        assert found == []
