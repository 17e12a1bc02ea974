"""Apprise: its own json:// and bulksms:// plugins against a provider on loopback."""

from __future__ import annotations

import json
import socket
import time
import warnings
from base64 import b64encode
from typing import Any
from unittest import TestCase
from urllib.parse import unquote

import pytest

from django_phone_invites.senders import (
    Message,
    PermanentSendError,
    Receipt,
    Sender,
    UnclearSendError,
    clock,
)
from django_phone_invites.testing import SenderContract
from tests.senders.provider import Serve, http, raw, reset, running, silence
from tests.senders.test_http import MESSAGE

pytest.importorskip("apprise", reason="apprise is not installed.")

from django_phone_invites.senders import apprise


@pytest.fixture(scope="module", autouse=True)
def loaded_plugins() -> None:
    """Apprise loads all of them at once, and some import what is deprecated."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert apprise.Apprise.instantiate("json://127.0.0.1") is not None


BULKSMS = "bulksms://site:5ecret@{phone}"


def json_sender(port: int, rest: str = "/{digits}") -> apprise.AppriseSender:
    return apprise.AppriseSender(url=f"json://127.0.0.1:{port}{rest}")


def trickle(connection: socket.socket) -> None:
    """Answer a byte at a time for two seconds: no single read is late."""
    for byte in b"HTTP/1.1 200 OK\r\nX: " + b"x" * 80:
        connection.sendall(bytes([byte]))
        time.sleep(0.02)


class AppriseSenderTests(SenderContract, TestCase):
    def answered(self, serve: Serve) -> Sender:
        context = running(serve)
        provider = context.__enter__()
        self.addCleanup(context.__exit__, None, None, None)
        return json_sender(provider.port)

    def make_sender(self) -> Sender:
        return self.answered(http(200, b"{}"))

    def make_failing_sender(self) -> Sender:
        return self.answered(http(400, b'{"error": "no credit for +79096869722: 012345"}'))


def test_the_number_is_in_the_url_and_the_text_as_it_was_written() -> None:
    words = "012345 <b>&amp; :key: \\n *код*\n\n@example.com #012345"
    message = Message(**{**vars(MESSAGE), "text": words})
    with running(http(200, b"{}")) as provider:
        receipt = json_sender(provider.port, "/{digits}/{phone}?-to={phone}").send(message)
    assert receipt == Receipt()
    (received,) = provider.requests
    head, _, body = received.partition(b"\r\n\r\n")
    target = head.split(b" ")[1].decode()
    assert unquote(target) == "/79096869722/+79096869722?to=+79096869722"
    assert json.loads(body)["message"] == words
    assert json.loads(body)["title"] == ""


def test_a_plugin_for_sms_gets_its_key_the_number_and_the_text(monkeypatch: Any) -> None:
    from apprise.plugins.bulksms import NotifyBulkSMS

    with running(http(201, b"[]")) as provider:
        monkeypatch.setattr(NotifyBulkSMS, "notify_url", provider.url)
        assert apprise.AppriseSender(url=BULKSMS).send(MESSAGE) == Receipt()
    (received,) = provider.requests
    head, _, body = received.partition(b"\r\n\r\n")
    assert b"Authorization: Basic " + b64encode(b"site:5ecret") in head
    assert json.loads(body)["to"] == "+79096869722"
    assert json.loads(body)["body"] == "012345 is your code."


@pytest.mark.parametrize(
    ("serve", "code"),
    [
        (http(400, b"{}"), "plugin"),
        (http(429, b"{}"), "plugin"),
        (http(503, b"{}"), "plugin"),
        (raw(b""), "plugin"),
        (raw(b"SSH-2.0-OpenSSH\r\n"), "plugin"),
        (reset, "plugin"),
        (silence, "TimeoutError"),
        (trickle, "TimeoutError"),
    ],
)
def test_a_plugin_does_not_say_why_it_failed(serve: Serve, code: str, monkeypatch: Any) -> None:
    monkeypatch.setattr(clock, "TIMEOUT", 0.5)
    begin = time.monotonic()
    with running(serve) as provider:
        with pytest.raises(UnclearSendError) as caught:
            json_sender(provider.port, "/{digits}?rto=0.8").send(MESSAGE)
        assert time.monotonic() - begin < 1.8
    assert caught.value.code == code
    assert len(provider.requests) == 1


def test_what_a_plugin_raises_is_unclear(monkeypatch: Any) -> None:
    from apprise.plugins.custom_json import NotifyJSON

    def fail(*args: Any, **kwargs: Any) -> bool:
        raise RuntimeError("+79096869722")

    monkeypatch.setattr(NotifyJSON, "send", fail)
    with pytest.raises(UnclearSendError) as caught:
        json_sender(1).send(MESSAGE)
    assert caught.value.code == "RuntimeError"


def test_an_url_that_cannot_be_loaded_sends_nothing() -> None:
    with pytest.raises(PermanentSendError) as caught:
        apprise.AppriseSender(url="nowhere://5ecret/{digits}").send(MESSAGE)
    assert caught.value.code == "url"


def test_nothing_of_it_is_logged_but_what_others_send_is(caplog: Any) -> None:
    from apprise import Apprise

    with caplog.at_level(1), running(http(500, b"012345")) as provider:
        with pytest.raises(UnclearSendError):
            json_sender(provider.port, "/{digits}?-key=5ecret").send(MESSAGE)
        json_sender(provider.port).check()
        assert caplog.records == []
        assert not Apprise.instantiate(provider.url.replace("http:", "json:")).notify(body="x")
    assert {"apprise", "urllib3.connectionpool"} <= {record.name for record in caplog.records}


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("bulksms://site:5ecret@79096869722", "url holds neither {digits} nor {phone}."),
        ("twilio://5ecret/{digits}", "Apprise cannot load url."),
        ("nowhere://5ecret/{digits}", "Apprise cannot load url."),
        ("", "url holds neither {digits} nor {phone}."),
        ("bulksms://site:5ecret@{number}", "url cannot be filled in: KeyError."),
        ("bulksms://site:5ecret@{", "url cannot be filled in: ValueError."),
        ("bulksms://site:5ecret@{phone.x}", "url cannot be filled in: AttributeError."),
    ],
)
def test_a_wrong_url_is_reported_without_its_key(url: str, problem: str) -> None:
    (found,) = apprise.AppriseSender(url=url).check()
    assert found.msg == f"AppriseSender: {problem}"


@pytest.mark.parametrize("url", [BULKSMS, "json://user:5ecret@sms.example/{phone}?a={{b}}"])
def test_a_right_url_is_not(url: str) -> None:
    assert apprise.AppriseSender(url=url).check() == []
