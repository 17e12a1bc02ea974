"""One request to a provider: what may come of it, however the provider behaves."""

from __future__ import annotations

import socket
import time
from typing import Any

import pytest

from django_phone_invites.senders import (
    Message,
    PermanentSendError,
    Receipt,
    TemporarySendError,
    UnclearSendError,
    clock,
)
from django_phone_invites.senders import http as http_sender
from django_phone_invites.senders.http import Answer, HTTPSender, Request
from django_phone_invites.testing import SenderContract
from tests.senders.provider import http, raw, reset, running, silence, trickle

MESSAGE = SenderContract().make_message()


class PlainSender(HTTPSender):
    """Takes an id out of a JSON object."""

    def __init__(self, url: str) -> None:
        self.url = url

    def request(self, message: Message) -> Request:
        return Request.json(self.url, {"to": message.phone, "text": message.text}, {})

    def read(self, answer: Answer) -> Receipt:
        if answer.status != 200:
            raise http_sender.refusal(answer)
        return Receipt(message_id=answer.json()["id"])


def test_the_request_arrives_whole() -> None:
    with running(http(200, b'{"id": "m-1"}')) as provider:
        assert PlainSender(provider.url).send(MESSAGE) == Receipt(message_id="m-1")
    (received,) = provider.requests
    head, _, body = received.partition(b"\r\n\r\n")
    assert head.startswith(b"POST /send HTTP/1.1\r\n")
    assert b"content-type: application/json" in head.lower()
    assert body == b'{"to": "+79096869722", "text": "012345 is your code."}'


@pytest.mark.parametrize("url", ["sms.example", "", "ftp://sms.example"])
def test_a_url_that_no_request_goes_to_is_reported(url: str) -> None:
    reported = PlainSender(url).check()
    assert [one.msg for one in reported] == [
        "PlainSender: url begins with neither https:// nor http://."
    ]
    assert PlainSender(f"http://{url}").check() == []


@pytest.mark.parametrize(
    ("serve", "error", "code"),
    [
        (http(429, b"{}", Retry_After="7"), TemporarySendError, "HTTP 429"),
        (http(503, b"{}"), TemporarySendError, "HTTP 503"),
        (http(400, b"{}"), PermanentSendError, "HTTP 400"),
        (http(401, b"{}"), TemporarySendError, "HTTP 401"),
        (http(500, b"{}"), UnclearSendError, "HTTP 500"),
        (http(502, b"<html>"), UnclearSendError, "HTTP 502"),
        (http(302, b"", Location="http://127.0.0.1:1/"), UnclearSendError, "HTTP 302"),
        (http(200, b"<html>"), UnclearSendError, "answer"),
        (http(200, b'["id"]'), UnclearSendError, "answer"),
        (http(200, b"[" * 60_000), UnclearSendError, "answer"),
        (http(200, b'{"error": 5}'), UnclearSendError, "answer"),
        (http(200, b"\xff\xfe"), UnclearSendError, "answer"),
        (http(200, b'{"id": "' + b"x" * 50_000_000), UnclearSendError, "answer"),
        (raw(b"SSH-2.0-OpenSSH\r\n"), UnclearSendError, "RemoteProtocolError"),
        (
            raw(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"),
            UnclearSendError,
            "RemoteProtocolError",
        ),
        (raw(b""), UnclearSendError, "RemoteProtocolError"),
        (reset, UnclearSendError, "ReadError"),
        (silence, UnclearSendError, "ReadTimeout"),
        (trickle, UnclearSendError, "ReadTimeout"),
    ],
)
def test_the_provider_from_hell(
    serve: Any, error: type[Exception], code: str, monkeypatch: Any
) -> None:
    monkeypatch.setattr(clock, "TIMEOUT", 0.5)
    begin = time.monotonic()
    with running(serve) as provider:
        with pytest.raises(error) as refused:
            PlainSender(provider.url).send(MESSAGE)
        assert time.monotonic() - begin < 5
    assert refused.value.code == code  # type: ignore[attr-defined]
    assert type(refused.value) is error
    assert "012345" not in repr(refused.value) and "9096869722" not in repr(refused.value)
    assert len(provider.requests) == 1


def test_what_never_got_a_connection_was_surely_not_sent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        free = listener.getsockname()[1]
    for url in (
        f"http://127.0.0.1:{free}/",
        "http://nowhere.invalid/",
        f"http://{'x' * 70}.invalid/",
        "127.0.0.1:9911/smsru",
    ):
        with pytest.raises(TemporarySendError) as refused:
            PlainSender(url).send(MESSAGE)
        assert refused.value.code in {"ConnectError", "UnsupportedProtocol"}
        assert str(refused.value)


def test_a_header_that_is_none_was_surely_not_sent_and_is_not_told() -> None:
    # As of a credential that is not set: "Bearer ".
    with running(http(200, b"{}")) as provider:
        request = Request.json(provider.url, {}, {"Authorization": "Bearer s3cret "})
        with pytest.raises(TemporarySendError) as caught:
            http_sender.exchange(request)
    assert caught.value.code == "LocalProtocolError"
    assert "s3cret" not in repr(caught.value)
    assert b"".join(provider.requests) == b""


def test_a_connection_whose_time_is_up_before_tls_is_closed(monkeypatch: Any) -> None:
    opened: list[Any] = []

    class Late(http_sender.httpcore.SyncBackend):
        """Connects, and lets the time pass."""

        def connect_tcp(self, *arguments: Any, **named: Any) -> Any:
            stream = super().connect_tcp(*arguments, **named)
            opened.append(stream.get_extra_info("socket"))
            time.sleep(0.3)
            return stream

    monkeypatch.setattr(http_sender.httpcore, "SyncBackend", Late)
    monkeypatch.setattr(clock, "TIMEOUT", 0.3)
    with running(silence) as provider, pytest.raises(TemporarySendError) as refused:
        PlainSender(provider.url.replace("http://", "https://")).send(MESSAGE)
    assert refused.value.code == "ConnectTimeout"
    assert [one.fileno() for one in opened] == [-1]


def test_a_provider_that_speaks_no_tls_gets_nothing(monkeypatch: Any) -> None:
    monkeypatch.setattr(clock, "TIMEOUT", 0.5)
    with running(http(200, b'{"id": "m-1"}')) as provider, pytest.raises(TemporarySendError):
        PlainSender(provider.url.replace("http://", "https://")).send(MESSAGE)
    assert b"012345" not in b"".join(provider.requests)


def test_no_time_is_left_for_what_comes_after_the_deadline(monkeypatch: Any) -> None:
    monkeypatch.setattr(clock, "TIMEOUT", 0.0)
    with running(http(200, b"{}")) as provider, pytest.raises(TemporarySendError) as refused:
        PlainSender(provider.url).send(MESSAGE)
    assert refused.value.code == "ConnectTimeout"
    assert provider.requests == []


def test_the_second_address_is_tried_where_the_first_does_not_answer(monkeypatch: Any) -> None:
    with running(http(200, b'{"id": "m-1"}')) as provider:
        found = socket.getaddrinfo("127.0.0.1", provider.port, type=socket.SOCK_STREAM)
        nobody = [(*found[0][:4], ("127.0.0.2", provider.port))]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kw: nobody + found)
        assert PlainSender(provider.url).send(MESSAGE).message_id == "m-1"


def test_a_resolver_that_hangs_is_not_waited_for(monkeypatch: Any) -> None:
    monkeypatch.setattr(clock, "TIMEOUT", 0.3)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kw: time.sleep(5))
    begin = time.monotonic()
    with pytest.raises(TemporarySendError) as refused:
        PlainSender("http://127.0.0.1:9/").send(MESSAGE)
    assert refused.value.code == "ConnectTimeout"
    assert time.monotonic() - begin < 2


def test_no_repr_shows_what_is_sent() -> None:
    request = Request.form(
        "https://x.example/?key=5ecret", {"a": "012345"}, {"Authorization": "5ecret"}
    )
    assert "5ecret" not in repr(request) and "012345" not in repr(request)
    assert "5ecret" not in repr(Answer(200, b"5ecret"))
