"""Kannel: what is asked of it, and a real one (1.4.5) on loopback."""

from __future__ import annotations

import contextlib
import ctypes
import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar
from unittest import TestCase
from urllib.parse import parse_qsl, unquote_to_bytes, urlsplit

import pytest

from django_phone_invites.segments import GSM_7
from django_phone_invites.senders import (
    Message,
    PermanentSendError,
    Receipt,
    Sender,
    SendError,
    TemporarySendError,
    UnclearSendError,
)
from django_phone_invites.senders.base import Callback, CallbackError, DeliveryState
from django_phone_invites.senders.http import Answer
from django_phone_invites.senders.kannel import KannelSender
from django_phone_invites.testing import SenderContract
from tests.senders.provider import Serve, http, running
from tests.senders.test_http import MESSAGE

URL = "https://sms.example/cgi-bin/sendsms"
RECEIPTS = "https://example.com/receipts/kannel/"
CYRILLIC = replace(MESSAGE, text="012345 — код для входа, ёж")


def sender(**options: Any) -> KannelSender:
    return KannelSender(**{"url": URL, "username": "site", "password": "p&ss", **options})


class KannelSenderTests(SenderContract, TestCase):
    def answered(self, serve: Serve) -> Sender:
        context = running(serve)
        provider = context.__enter__()
        self.addCleanup(context.__exit__, None, None, None)
        return sender(url=provider.url, callback_url=RECEIPTS, callback_secret="s")

    def make_sender(self) -> Sender:
        return self.answered(http(202, b"0: Accepted for delivery"))

    def make_failing_sender(self) -> Sender:
        return self.answered(http(400, b"Denied receivers are: +79096869722"))


def fields(message: Message, **options: Any) -> dict[str, str]:
    request = sender(**options).request(message)
    assert (request.method, request.body, request.headers) == ("GET", b"", {})
    assert request.url.startswith(f"{URL}?")
    return dict(parse_qsl(urlsplit(request.url).query))


def test_a_message_is_a_get_with_these_fields() -> None:
    assert fields(MESSAGE) == {
        "username": "site",
        "password": "p&ss",
        "to": "+79096869722",
        "text": "012345 is your code.",
        "charset": "UTF-8",
        "coding": "0",
        "validity": "5",
    }
    more = fields(CYRILLIC, from_="Site", smsc="main")
    assert (more["from"], more["smsc"], more["text"]) == ("Site", "main", CYRILLIC.text)


@pytest.mark.parametrize(
    ("text", "coding"), [("Grüß Gott, 5 €\n@x #1", "0"), ("a `tick`", "2"), ("код", "2")]
)
def test_what_does_not_fit_into_seven_bits_goes_as_ucs_2(text: str, coding: str) -> None:
    assert fields(replace(MESSAGE, text=text))["coding"] == coding


@pytest.mark.parametrize(("lifetime", "minutes"), [(0, None), (1, "1"), (119, "1"), (600, "10")])
def test_a_message_is_not_sent_after_its_code(lifetime: int, minutes: str | None) -> None:
    assert fields(replace(MESSAGE, lifetime=lifetime)).get("validity") == minutes


def test_the_address_of_the_receipts_carries_an_id_and_the_secret() -> None:
    with running(http(202, b"3: Queued for later delivery")) as provider:
        kannel = sender(url=provider.url, callback_url=RECEIPTS, callback_secret="%/")
        receipts = [kannel.send(MESSAGE) for _ in range(2)]
    assert {receipt.state for receipt in receipts} == {DeliveryState.QUEUED}
    for receipt, received in zip(receipts, provider.requests, strict=True):
        target = received.split()[1].decode()
        asked = dict(parse_qsl(urlsplit(target).query))
        assert asked["dlr-mask"] == "27"
        assert asked["dlr-url"] == f"{RECEIPTS}?secret=%%25%%2F&id={receipt.message_id}&state=%d"
    assert len({receipt.message_id for receipt in receipts}) == 2


def test_without_that_address_there_is_no_id() -> None:
    with running(http(202, b"Sent.")) as provider:
        assert sender(url=provider.url).send(MESSAGE) == Receipt("", DeliveryState.QUEUED)
    assert b"dlr-" not in provider.requests[0]


@pytest.mark.parametrize(
    ("status", "body", "error", "code"),
    [
        # Answered by Kannel 1.4.5.
        (403, b"Authorization failed for sendsms", TemporarySendError, "authorization"),
        (400, b"Sender missing and no global set, rejected", TemporarySendError, "sender"),
        (404, b"Unknown request.", TemporarySendError, "path"),
        (
            400,
            b"Number(s) has/have been denied by white- and/or black-lists.",
            PermanentSendError,
            "HTTP 400",
        ),
        (400, b"Coding field misformed, rejected", PermanentSendError, "HTTP 400"),
        # Read in its source, gw/smsbox.c.
        (403, b"Not routable. Do not try again.", TemporarySendError, "not routable"),
        (503, b"Temporal failure, try again later.", TemporarySendError, "HTTP 503"),
        (500, b"Sending failed.", UnclearSendError, "HTTP 500"),
        # Somebody's proxy in front of it.
        (403, b"<html>", TemporarySendError, "HTTP 403"),
        (200, b"<html>", UnclearSendError, "HTTP 200"),
    ],
)
def test_only_what_is_wrong_with_the_message_is_for_good(
    status: int, body: bytes, error: type[SendError], code: str
) -> None:
    with pytest.raises(error) as refused:
        sender().read(Answer(status, body))
    assert (type(refused.value), refused.value.code) == (error, code)


def said(query: str, *, secret: str) -> list[Receipt]:
    callback = Callback(url=f"{RECEIPTS}?{query}", headers={}, body=b"")
    return sender(callback_secret=secret).read_callback(callback)


@pytest.mark.parametrize(
    ("value", "state", "error"),
    [
        ("1", DeliveryState.DELIVERED, ""),
        ("2", DeliveryState.FAILED, "2"),
        ("4", DeliveryState.SENT, ""),
        ("8", DeliveryState.SENT, ""),
        ("16", DeliveryState.FAILED, "16"),
    ],
)
def test_a_receipt_says_how_far_it_came(value: str, state: DeliveryState, error: str) -> None:
    assert said(f"secret=s&id=a1&state={value}", secret="s") == [Receipt("a1", state, error)]


@pytest.mark.parametrize(
    ("query", "secret"),
    [
        ("id=a1&state=1", "s"),
        ("secret=t&id=a1&state=1", "s"),
        ("secret=&id=a1&state=1", ""),
        ("secret=s&id=a1", "s"),
        ("secret=s&id=a1&state=3", "s"),
        ("secret=s&state=1", "s"),
        ("secret=%ff&id=a1&state=1", "s"),
        ("secret=\udcff&id=a1&state=1", "s"),
        ("\x00", "s"),
    ],
)
def test_a_receipt_without_the_secret_or_the_rest_is_refused(query: str, secret: str) -> None:
    with pytest.raises(CallbackError):
        said(query, secret=secret)


def test_an_address_that_is_none_is_refused() -> None:
    with pytest.raises(CallbackError):
        sender(callback_secret="s").read_callback(Callback("http://[", {}, b"\xff"))


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"from_": "Eleven char"}, ""),
        ({"from_": "+79096869722"}, ""),
        ({"callback_url": RECEIPTS, "callback_secret": "s"}, ""),
        ({"url": "sms.example"}, "url begins with neither https:// nor http://."),
        ({"password": ""}, "username or password is empty."),
        ({"username": ""}, "username or password is empty."),
        ({"from_": "Twelve chars"}, "from_ is neither a number nor at most 11 ASCII characters."),
        ({"callback_url": RECEIPTS}, "callback_url needs a callback_secret."),
    ],
)
def test_wrong_options_are_reported(options: dict[str, Any], problem: str) -> None:
    found = [message.msg for message in sender(**options).check()]
    assert found == ([f"KannelSender: {problem}"] if problem else [])


FAKESMSC = "/usr/lib/kannel/test/fakesmsc"
CONFIGURATION = """
group = core
admin-port = 13000
admin-password = p
smsbox-port = 13001
box-allow-ip = 127.0.0.1

group = smsc
smsc = fake
smsc-id = fake
port = 10000
connect-allow-ip = 127.0.0.1

group = smsbox
bearerbox-host = 127.0.0.1
sendsms-port = 13013
white-list-regex = "^\\\\+79"

group = sendsms-user
username = site
password = "p&ss"
max-messages = 2

group = sms-service
keyword = default
text = "."
"""
Work = TypeVar("Work")


def in_a_network_of_its_own(work: Callable[[], Work]) -> Work:
    """Run ``work`` where there is nothing but a loopback: Kannel binds every address."""

    def alone() -> Work:
        if ctypes.CDLL(None).unshare(0x40000000):  # CLONE_NEWNET, of this thread alone
            pytest.skip("A network namespace cannot be made here.")
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        return work()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(alone).result()


@contextlib.contextmanager
def process(log: Path, *command: str) -> Iterator[None]:
    with log.open("wb") as output:
        started = subprocess.Popen(command, stdout=output, stderr=output)
    try:
        yield
    finally:
        started.kill()
        started.wait(10)


def until(true: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + 60
    while not (found := true()):
        assert time.monotonic() < deadline, "Kannel did not do it in time."
        time.sleep(0.05)
    return found


def listens(port: int) -> bool:
    with socket.socket() as attempt:
        return attempt.connect_ex(("127.0.0.1", port)) == 0


def arrived(log: Path) -> list[tuple[str, str, str]]:
    """Return sender, number and text of what came out at the fake SMS centre."""
    found = re.findall(r"Got message \d+: <(.+?) (\S+) (\S+) (.*)>$", log.read_text(), re.MULTILINE)
    return [(by, to, decoded(text) if kind == "ucs-2" else text) for by, to, kind, text in found]


def decoded(text: str) -> str:
    return unquote_to_bytes(text.replace("+", " ")).decode("utf-16-be")


def test_a_real_kannel_delivers_the_text_whole_and_says_so(tmp_path: Path) -> None:
    missing = [name for name in ("bearerbox", "smsbox", "ip", FAKESMSC) if not shutil.which(name)]
    if missing:
        pytest.skip(f"Kannel is not installed (kannel, kannel-extras): no {', '.join(missing)}.")
    if os.geteuid():
        pytest.skip("Only root may make the network namespace that Kannel runs in.")
    (tmp_path / "kannel.conf").write_text(CONFIGURATION)
    (tmp_path / "smsc").touch()
    # The fake SMS centre is spoken to in lines.
    alphabet = replace(MESSAGE, text="".join(sorted(GSM_7 - set("\r\n"))))

    def work() -> None:
        with contextlib.ExitStack() as stack:

            def start(name: str, *command: str) -> None:
                stack.enter_context(process(tmp_path / name, *command))

            receiver = stack.enter_context(running(http(200, b"")))
            start("bearerbox", "bearerbox", str(tmp_path / "kannel.conf"))
            until(lambda: listens(13001) and listens(10000))
            start("smsbox", "smsbox", str(tmp_path / "kannel.conf"))
            until(lambda: listens(13013))
            options = {
                "url": "http://127.0.0.1:13013/cgi-bin/sendsms",
                "from_": "Site",
                "callback_url": receiver.url,
                "callback_secret": "%d/%25 s&",
            }
            kannel = sender(**options)
            queued = kannel.send(CYRILLIC)
            start("smsc", FAKESMSC, "-H", "127.0.0.1", "-r", "10000", "-m", "1", "1 2 text hello")
            until(lambda: arrived(tmp_path / "smsc"))
            accepted = kannel.send(alphabet)
            until(lambda: ("Site", MESSAGE.phone, alphabet.text) in arrived(tmp_path / "smsc"))
            assert ("Site", CYRILLIC.phone, CYRILLIC.text) in arrived(tmp_path / "smsc")

            def receipts() -> list[Receipt]:
                return [
                    receipt
                    for request in list(receiver.requests)
                    for receipt in kannel.read_callback(
                        Callback(f"http://x.example{request.split()[1].decode()}", {}, b"")
                    )
                ]

            wanted = {
                (sent.message_id, state)
                for sent in (queued, accepted)
                for state in (DeliveryState.SENT, DeliveryState.DELIVERED)
            }
            until(lambda: wanted <= {(r.message_id, r.state) for r in receipts()})
            assert receiver.requests[0].startswith(b"GET ")

            for wrong, to, error, code in (
                ({"password": "x"}, MESSAGE.phone, TemporarySendError, "authorization"),
                ({"from_": ""}, MESSAGE.phone, TemporarySendError, "sender"),
                (
                    {"url": "http://127.0.0.1:13013/other"},
                    MESSAGE.phone,
                    TemporarySendError,
                    "path",
                ),
                ({}, "+15550100", PermanentSendError, "HTTP 400"),
            ):
                with pytest.raises(error) as refused:
                    sender(**options | wrong).send(replace(MESSAGE, phone=to))
                assert refused.value.code == code

    in_a_network_of_its_own(work)
