"""WhatsApp's Cloud API.

Names and errors: https://developers.facebook.com/documentation/business-messaging/whatsapp/, pages
"Copy code authentication templates", "Error codes" and "Status messages webhook reference".
"""

from __future__ import annotations

import hmac
import json
from dataclasses import replace
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
from django_phone_invites.senders.base import Callback, CallbackError, DeliveryState
from django_phone_invites.senders.http import Answer
from django_phone_invites.senders.whatsapp import WhatsAppSender
from django_phone_invites.testing import SenderContract
from tests.senders.provider import Serve, http, running
from tests.senders.test_http import MESSAGE

RECEIPTS = "https://example.com/receipts/whatsapp/"
ID = "wamid.HBgLMTIxMTU1NTc5NDcVAgARGBIyRkQxREUxRDJFQUJGMkQ3NDIA"
TAKEN = {
    "messaging_product": "whatsapp",
    "contacts": [{"input": "+79096869722", "wa_id": "79096869722"}],
    "messages": [{"id": ID}],
}


def body(data: object) -> bytes:
    return json.dumps(data).encode()


def failure(code: object) -> bytes:
    """An answer as in "Error response syntax"."""
    error = {
        "message": f"(#{code}) Something about +79096869722",
        "type": "OAuthException",
        "code": code,
        "error_data": {"messaging_product": "whatsapp", "details": "012345"},
        "fbtrace_id": "Az8or2yhqkZfEZ-_4Qn_Bam",
    }
    return body({"error": error})


def sender(**options: Any) -> WhatsAppSender:
    given = {
        "phone_number_id": "105954558954427",
        "access_token": "EAAJB",
        "template": "login_code",
    }
    return WhatsAppSender(**{**given, "app_secret": "s", **options})


class WhatsAppSenderTests(SenderContract, TestCase):
    def answered(self, serve: Serve) -> Sender:
        context = running(serve)
        provider = context.__enter__()
        self.addCleanup(context.__exit__, None, None, None)
        return sender(url=provider.url)

    def make_sender(self) -> Sender:
        return self.answered(http(200, body(TAKEN)))

    def make_failing_sender(self) -> Sender:
        return self.answered(http(400, failure(131026)))


def test_the_code_is_posted_twice_in_a_template() -> None:
    with running(http(200, body(TAKEN))) as provider:
        receipt = sender(url=provider.url).send(MESSAGE)
    assert receipt == Receipt(ID, DeliveryState.QUEUED)
    head, _, sent = provider.requests[0].partition(b"\r\n\r\n")
    line, *headers = head.decode().split("\r\n")
    assert line == "POST /send/105954558954427/messages HTTP/1.1"
    assert "Authorization: Bearer EAAJB" in headers
    assert "Content-Type: application/json" in headers
    assert json.loads(sent) == {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": "+79096869722",
        "type": "template",
        "template": {
            "name": "login_code",
            "language": {"code": "en_US"},
            "components": [
                {"type": "body", "parameters": [{"type": "text", "text": "012345"}]},
                {
                    "type": "button",
                    "sub_type": "url",
                    "index": "0",
                    "parameters": [{"type": "text", "text": "012345"}],
                },
            ],
        },
    }


def test_it_is_asked_at_metas_address() -> None:
    url = sender().request(MESSAGE).url
    assert url == "https://graph.facebook.com/v25.0/105954558954427/messages"


@pytest.mark.parametrize(
    ("locale", "language"),
    [("ru", "ru"), ("pt-br", "pt_BR"), ("pt", "pt_PT"), ("pt-ao", "pt_PT"), ("de", "en_GB")],
)
def test_the_language_is_the_nearest_that_the_template_has(locale: str, language: str) -> None:
    languages = {"ru": "ru", "pt-br": "pt_BR", "pt": "pt_PT"}
    request = sender(language="en_GB", languages=languages).request(replace(MESSAGE, locale=locale))
    assert json.loads(request.body)["template"]["language"] == {"code": language}


@pytest.mark.parametrize(
    ("status", "answer", "error", "code"),
    [
        # "Error codes": authorization, integrity, throttling, then the others.
        (401, failure(190), TemporarySendError, "190"),
        (403, failure(10), TemporarySendError, "10"),
        (403, failure(368), TemporarySendError, "368"),
        (403, failure(131031), TemporarySendError, "131031"),
        (429, failure(130429), TemporarySendError, "130429"),
        (400, failure(131048), TemporarySendError, "131048"),
        (400, failure(131056), TemporarySendError, "131056"),
        (503, failure(2), TemporarySendError, "2"),
        (500, failure(131000), TemporarySendError, "131000"),
        (400, failure(131042), TemporarySendError, "131042"),
        (400, failure(131047), TemporarySendError, "131047"),
        (400, failure(132000), TemporarySendError, "132000"),
        (404, failure(132001), TemporarySendError, "132001"),
        (400, failure(132015), TemporarySendError, "132015"),
        (400, failure(130403), PermanentSendError, "130403"),
        (400, failure(130472), PermanentSendError, "130472"),
        (400, failure(131021), PermanentSendError, "131021"),
        (400, failure(131026), PermanentSendError, "131026"),
        (400, failure(131050), PermanentSendError, "131050"),
        (500, failure(1), UnclearSendError, "1"),
        # What is no code is not kept.
        (400, failure("+79096869722"), PermanentSendError, "HTTP 400"),
        (403, b"<html>", TemporarySendError, "HTTP 403"),
        (503, b"<html>", TemporarySendError, "HTTP 503"),
        (502, b"<html>", UnclearSendError, "HTTP 502"),
    ],
)
def test_only_what_is_wrong_with_the_number_is_for_good(
    status: int, answer: bytes, error: type[SendError], code: str
) -> None:
    with pytest.raises(error) as refused:
        sender().read(Answer(status, answer))
    assert (type(refused.value), refused.value.code) == (error, code)


def test_an_answer_without_an_id_is_none() -> None:
    with running(http(200, b"{}")) as provider, pytest.raises(UnclearSendError):
        sender(url=provider.url).send(MESSAGE)


def event(value: object) -> bytes:
    change = {"field": "messages", "value": value}
    entry = {"id": "102290129340398", "changes": [change]}
    return body({"object": "whatsapp_business_account", "entry": [entry]})


def status(name: object, **more: object) -> dict[str, object]:
    known = {"id": ID, "timestamp": "1750030073", "recipient_id": "79096869722"}
    return {**known, "status": name, **more}


def signed(content: bytes, key: str = "s") -> Callback:
    signature = hmac.new(key.encode(), content, "sha256").hexdigest()
    return Callback(RECEIPTS, {"x-hub-signature-256": f"sha256={signature}"}, content)


@pytest.mark.parametrize(
    ("given", "receipt"),
    [
        (status("sent"), Receipt(ID, DeliveryState.SENT)),
        (status("delivered"), Receipt(ID, DeliveryState.DELIVERED)),
        (status("read"), Receipt(ID, DeliveryState.DELIVERED)),
        (
            status("failed", errors=[{"code": 131026, "title": "Message undeliverable"}]),
            Receipt(ID, DeliveryState.FAILED, "131026"),
        ),
    ],
)
def test_a_signed_receipt_says_how_far_it_came(given: object, receipt: Receipt) -> None:
    assert sender().read_callback(signed(event({"statuses": [given]}))) == [receipt]


def test_one_event_may_speak_of_several_messages() -> None:
    other = status("delivered", id="wamid.2")
    read = sender().read_callback(signed(event({"statuses": [status("sent"), other]})))
    assert [receipt.message_id for receipt in read] == [ID, "wamid.2"]


@pytest.mark.parametrize("value", [{"messages": [{"id": "m"}]}, {"statuses": [status("played")]}])
def test_an_event_of_another_kind_says_nothing(value: object) -> None:
    """Meta sends incoming messages to the same address, and repeats what is refused."""
    assert sender().read_callback(signed(event(value))) == []


def test_the_signature_is_the_one_that_openssl_makes() -> None:
    """``printf '{}' | openssl dgst -sha256 -hmac s``."""
    assert signed(b"{}").headers["x-hub-signature-256"] == (
        "sha256=143ca8d517ba1b181025d732b1cf275d90104fca57bb02a565542978aa18c4b6"
    )


@pytest.mark.parametrize(
    "callback",
    [
        signed(event({"statuses": [status("sent")]}), key="another"),
        replace(signed(event({"statuses": [status("sent")]})), body=event({"statuses": []})),
        Callback(RECEIPTS, {}, event({})),
        Callback(RECEIPTS, {"x-hub-signature-256": "sha256=\udcff"}, event({})),
        signed(b""),
        signed(b"\xff\x00"),
        signed(b"[" * 100_000),
        signed(b"[]"),
        signed(b"{}"),
        signed(event(None)),
        signed(event({"statuses": 1})),
        signed(event({"statuses": [{"status": "sent"}]})),
        signed(event({"statuses": [status(["sent"])]})),
        signed(event({"statuses": [status("failed", errors=[])]})),
    ],
)
def test_anything_else_is_refused(callback: Callback) -> None:
    with pytest.raises(CallbackError):
        sender().read_callback(callback)


def test_without_a_secret_nobody_can_sign() -> None:
    callback = signed(event({"statuses": [status("sent")]}), key="")
    with pytest.raises(CallbackError):
        sender(app_secret="").read_callback(callback)


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"languages": {"ru": "ru", "zh-hans": "zh_CN", "tl": "fil"}}, ""),
        ({"access_token": ""}, "access_token is empty."),
        ({"phone_number_id": "+15550783881"}, "phone_number_id is no row of digits."),
        (
            {"template": "Login code"},
            "template is no name in small letters, digits and underscores.",
        ),
        ({"language": "english"}, "'english' is no language of templates, such as en_US."),
        ({"languages": {"pt": "pt-br"}}, "'pt-br' is no language of templates, such as en_US."),
    ],
)
def test_wrong_options_are_reported(options: dict[str, Any], problem: str) -> None:
    found = [message.msg for message in sender(**options).check()]
    assert found == ([f"WhatsAppSender: {problem}"] if problem else [])


def asked(query: str) -> Callback:
    return Callback(f"https://example.com/receipts/whatsapp/?{query}", {}, b"")


def test_meta_is_told_whose_the_address_is() -> None:
    question = asked("hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=t0ken")
    ours = sender(verify_token="t0ken")
    assert ours.read_callback(question) == []
    assert ours.answer_callback(question) == "1158201444"


@pytest.mark.parametrize(
    ("query", "token"),
    [
        ("hub.mode=subscribe&hub.challenge=1&hub.verify_token=other", "t0ken"),
        ("hub.mode=subscribe&hub.challenge=1", "t0ken"),
        ("hub.mode=subscribe&hub.challenge=1&hub.verify_token=", ""),
        ("hub.mode=unsubscribe&hub.challenge=1&hub.verify_token=t0ken", "t0ken"),
    ],
)
def test_nobody_else_is_told(query: str, token: str) -> None:
    with pytest.raises(CallbackError):
        sender(verify_token=token).read_callback(asked(query))


def test_a_receipt_is_answered_with_nothing() -> None:
    assert sender().answer_callback(asked("a=b")) == ""
