"""Senders are asked in turn, and what each of them answered is known afterwards."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from typing import Any

import pytest

from django_phone_invites.delivery.handover import Try, hand_over
from django_phone_invites.senders import (
    DeliveryState,
    Message,
    PermanentSendError,
    Receipt,
    Sender,
    TemporarySendError,
    UnclearSendError,
    clock,
)
from django_phone_invites.senders.failover import FailoverSender, RegionSender
from django_phone_invites.senders.memory import MemorySender, outbox
from tests.delivery.stand_ins import MESSAGE, Script, ScriptedSender, described, failover
from tests.senders.provider import http, running, silence, trickle

pytestmark = pytest.mark.django_db

SENT = Receipt("m-1")


def told(tries: list[Try]) -> list[tuple[str, str, str]]:
    return [(one.sender, one.state.value, one.reason) for one in tries]


def single(answer: Any) -> Sender:
    sender = ScriptedSender(script=Script(answer))
    sender.name = "only"
    return sender


@pytest.mark.parametrize(
    ("answer", "state", "reason", "is_temporary", "is_outage"),
    [
        (SENT, "sent", "", False, False),
        (Receipt(state=DeliveryState.QUEUED), "queued", "", False, False),
        (
            Receipt(state=DeliveryState.FAILED, error="E17"),
            "failed",
            "PermanentSendError E17",
            False,
            False,
        ),
        (PermanentSendError(code="E17"), "failed", "PermanentSendError E17", False, False),
        (TemporarySendError(code="busy"), "failed", "TemporarySendError busy", True, True),
        (UnclearSendError(), "unknown", "UnclearSendError", False, True),
        (OSError("https://key@provider.test"), "failed", "OSError", False, True),
        (None, "failed", "TypeError", False, True),
        (Receipt(state="lost"), "failed", "ValueError", False, True),  # type: ignore[arg-type]
    ],
    ids=["sent", "queued", "refused", "permanent", "temporary", "unclear", "broken", "none", "odd"],
)
def test_what_a_sender_answered_says_how_far_the_message_is(
    answer: Any, state: str, reason: str, is_temporary: bool, is_outage: bool
) -> None:
    (only,) = hand_over(single(answer), MESSAGE)
    assert told([only]) == [("only", state, reason)]
    assert (only.is_temporary, only.outage) == (is_temporary, reason if is_outage else "")


@pytest.mark.parametrize(
    "returned",
    [Receipt(message_id=4711), Receipt(message_id=None), Receipt(state="sent")],  # type: ignore[arg-type]
    ids=repr,
)
def test_a_receipt_is_read_with_indulgence(returned: Any) -> None:
    (only,) = hand_over(single(returned), MESSAGE)
    assert only.receipt == Receipt(
        message_id=str(returned.message_id or ""), state=DeliveryState.SENT
    )


def test_a_try_does_not_show_the_error_it_holds() -> None:
    (only,) = hand_over(single(OSError("https://key@provider.test")), MESSAGE)
    assert "key@" not in repr(only)


# --- who is asked ---


def test_only_after_a_temporary_error_is_the_next_one_asked() -> None:
    tries = hand_over(
        failover(
            a=Script(TemporarySendError("busy")), b=Script(TemporarySendError()), c=Script(SENT)
        ),
        MESSAGE,
    )
    assert [(one.sender, one.state.value) for one in tries] == [
        ("a", "failed"),
        ("b", "failed"),
        ("c", "sent"),
    ]


@pytest.mark.parametrize(
    "answer",
    [
        SENT,
        Receipt(state=DeliveryState.UNKNOWN),
        Receipt(state=DeliveryState.FAILED),
        PermanentSendError(),
        UnclearSendError(),
        OSError(),
        None,
    ],
    ids=repr,
)
def test_whoever_may_have_sent_it_or_says_never_is_the_last(answer: Any) -> None:
    second = Script(SENT)
    (only,) = hand_over(failover(a=Script(answer), b=second), MESSAGE)
    assert only.sender == "a"
    assert second.messages == []


def test_a_region_without_a_sender_may_be_tried_again() -> None:
    sender = RegionSender(routes={}, default=None)
    sender.name = "by region"
    (only,) = hand_over(sender, MESSAGE)
    assert told([only]) == [("by region", "failed", "TemporarySendError no sender")]
    assert only.is_temporary


def test_names_are_those_of_the_senders_that_were_asked() -> None:
    by_region = {
        "BACKEND": "django_phone_invites.senders.failover.RegionSender",
        "OPTIONS": {
            "routes": {"RU": described(Script(TemporarySendError()), "russian")},
            "default": None,
        },
        "NAME": "by region",
    }
    sender = FailoverSender(senders=[by_region, described(Script(SENT))])
    assert [one.sender for one in hand_over(sender, MESSAGE)] == ["russian", "ScriptedSender"]


# --- one time for all ---


@pytest.fixture
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    # Long beside what a busy machine adds.
    monkeypatch.setattr(clock, "TIMEOUT", 2.0)


@pytest.fixture
def over_http() -> Callable[..., FailoverSender]:
    """Ask providers in turn, at these addresses."""
    generic = pytest.importorskip("django_phone_invites.senders.generic")

    def asking(*urls: str) -> FailoverSender:
        backend = f"{generic.__name__}.GenericHTTPSender"
        return FailoverSender(
            senders=[
                {
                    "BACKEND": backend,
                    "OPTIONS": {"url": url, "fields": {"to": "{phone}"}},
                    "NAME": f"provider {number}",
                }
                for number, url in enumerate(urls, start=1)
            ]
        )

    return asking


def after(
    seconds: float, answer: Callable[[socket.socket], None]
) -> Callable[[socket.socket], None]:
    def serve(connection: socket.socket) -> None:
        time.sleep(seconds)
        answer(connection)

    return serve


def timed(sender: Sender, message: Message = MESSAGE) -> tuple[list[tuple[str, str, str]], float]:
    begin = time.monotonic()
    tries = hand_over(sender, message)
    return told(tries), time.monotonic() - begin


@pytest.mark.usefixtures("_short")
def test_a_slow_first_sender_leaves_the_second_what_is_left(over_http: Any) -> None:
    with running(after(1.2, http(503, b""))) as slow, running(silence) as silent:
        tries, took = timed(over_http(slow.url, silent.url))
    assert tries == [
        ("provider 1", "failed", "TemporarySendError HTTP 503"),
        ("provider 2", "unknown", "UnclearSendError ReadTimeout"),
    ]
    # With a time of its own the second would have been waited for until 3.2.
    assert 1.9 < took < 3


@pytest.mark.usefixtures("_short")
def test_a_second_sender_that_is_quick_is_in_time(over_http: Any) -> None:
    with running(after(1, http(503, b""))) as slow, running(http(200, b"{}")) as quick:
        tries, took = timed(over_http(slow.url, quick.url))
    assert [state for _, state, _ in tries] == ["failed", "sent"]
    assert took < 2


@pytest.mark.usefixtures("_short")
@pytest.mark.parametrize("serve", [silence, trickle], ids=["silent", "a byte at a time"])
def test_a_sender_that_never_answers_takes_no_more_than_the_time(
    serve: Callable[[socket.socket], None], over_http: Any
) -> None:
    with running(serve) as first, running(http(200, b"{}")) as second:
        tries, took = timed(over_http(first.url, second.url))
        assert second.requests == []
    assert tries == [("provider 1", "unknown", "UnclearSendError ReadTimeout")]
    assert took < 3


@pytest.mark.usefixtures("_short")
def test_ten_senders_that_are_slow_have_the_time_of_one(over_http: Any) -> None:
    with running(after(0.5, http(503, b""))) as slow:
        tries, took = timed(over_http(*[slow.url] * 10))
    assert 1 < len(tries) <= 4
    assert took < 3


@pytest.mark.usefixtures("_short")
def test_a_sender_that_ignores_the_time_is_the_last_one(over_http: Any) -> None:
    def ignore_the_time() -> Exception:
        time.sleep(2.1)
        return TemporarySendError()

    second = Script(SENT)
    tries, _ = timed(failover(a=Script(ignore_the_time), b=second))
    assert [name for name, _, _ in tries] == ["a"]
    assert second.messages == []


def test_a_provider_that_is_not_there_costs_no_time(over_http: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        nowhere = f"http://127.0.0.1:{closed.getsockname()[1]}/"
    with running(http(200, b"{}")) as second:
        tries, took = timed(over_http(nowhere, second.url))
    assert [(state, reason) for _, state, reason in tries] == [
        ("failed", "TemporarySendError ConnectError"),
        ("sent", ""),
    ]
    assert took < 5


class CodesOnly(MemorySender):
    """A sender that sends no text."""

    sends_text = False


def test_what_is_no_code_goes_to_senders_of_text_only() -> None:
    notice = Message("+79096869722", "", "no_account", "en", 0, "There is no account.")
    (tried,) = hand_over(CodesOnly(), notice)
    assert tried.reason == "TemporarySendError no sender"
    assert outbox == []
    (tried,) = hand_over(MemorySender(), notice)
    assert tried.error is None
