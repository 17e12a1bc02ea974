"""Receipts come in any order, again, for nothing, and from anybody."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from django.utils import timezone

from django_phone_invites.delivery import apply_receipts, queue
from django_phone_invites.models import LoginCode
from django_phone_invites.senders import DeliveryState, Receipt
from tests.delivery.stand_ins import events, fresh, make_code, row

pytestmark = pytest.mark.django_db

STATE = DeliveryState


@pytest.fixture
def sent() -> LoginCode:
    return make_code(delivery="sent", delivered_by="ours", message_id="m-1")


def receive(*receipts: Receipt, sender: str = "ours") -> int:
    return apply_receipts(receipts, sender=sender)


def test_what_the_provider_says_is_kept_with_its_time(sent: LoginCode, clock: Any) -> None:
    assert receive(Receipt("m-1", STATE.DELIVERED)) == 1
    assert fresh(sent).delivery == "delivered"
    assert fresh(sent).delivery_at == timezone.now()


def test_a_failure_is_kept_with_the_providers_code(sent: LoginCode) -> None:
    assert receive(Receipt("m-1", STATE.FAILED, "E17\0" + "x" * 200)) == 1
    assert row(sent)["delivery"] == "failed"
    assert row(sent)["delivery_error"] == "E17" + "x" * 125


@pytest.mark.parametrize(("error", "told"), [("E17", "E17"), ("", "no reason given")])
def test_a_failure_is_logged_once(error: str, told: str, sent: LoginCode, caplog: Any) -> None:
    for message_id in ("m-1", "m-1", "m-2"):
        receive(Receipt(message_id, STATE.FAILED, error))
    assert events(caplog) == ["delivery_failed"]
    assert caplog.messages == [f"ours did not deliver the message m-1: {told}."]


@pytest.mark.parametrize("state", [STATE.QUEUED, STATE.UNKNOWN, STATE.SENT])
def test_what_says_nothing_new_changes_nothing(state: DeliveryState, sent: LoginCode) -> None:
    before = fresh(sent)
    assert receive(Receipt("m-1", state)) == 0
    assert (fresh(sent).delivery, fresh(sent).delivery_at) == ("sent", before.delivery_at)


def test_a_receipt_that_comes_again_changes_nothing(sent: LoginCode) -> None:
    assert receive(Receipt("m-1", STATE.DELIVERED), Receipt("m-1", STATE.DELIVERED)) == 1
    assert receive(Receipt("m-1", STATE.DELIVERED)) == 0


@pytest.mark.parametrize(
    "order", list(itertools.permutations([STATE.QUEUED, STATE.SENT, STATE.DELIVERED]))
)
def test_in_any_order_a_delivered_message_is_delivered(
    order: tuple[DeliveryState, ...], sent: LoginCode
) -> None:
    receive(*[Receipt("m-1", state) for state in order])
    assert fresh(sent).delivery == "delivered"


def test_what_was_delivered_cannot_fail(sent: LoginCode) -> None:
    assert receive(Receipt("m-1", STATE.DELIVERED), Receipt("m-1", STATE.FAILED, "E17")) == 1
    assert (row(sent)["delivery"], row(sent)["delivery_error"]) == ("delivered", "")


def test_what_failed_may_turn_out_to_have_been_delivered(sent: LoginCode) -> None:
    assert receive(Receipt("m-1", STATE.FAILED, "E17"), Receipt("m-1", STATE.DELIVERED)) == 2
    assert (row(sent)["delivery"], row(sent)["delivery_error"]) == ("delivered", "")


@pytest.mark.parametrize("before", ["queued", "sending", "unknown"])
@pytest.mark.parametrize("state", [STATE.SENT, STATE.FAILED, STATE.DELIVERED])
def test_what_was_not_known_is_known_then(
    before: str, state: DeliveryState, sent: LoginCode
) -> None:
    LoginCode.objects.update(delivery=before)
    assert receive(Receipt("m-1", state)) == 1
    assert fresh(sent).delivery == state.value


@pytest.mark.parametrize("message_id", ["m-2", "", "m-10", "m-1%"])
def test_an_id_that_is_not_known_changes_nothing(message_id: str, sent: LoginCode) -> None:
    never_sent = make_code(delivered_by="ours")
    assert receive(Receipt(message_id, STATE.DELIVERED)) == 0
    assert (fresh(sent).delivery, fresh(never_sent).delivery) == ("sent", "sending")


def test_the_id_of_another_sender_changes_nothing(sent: LoginCode) -> None:
    assert receive(Receipt("m-1", STATE.FAILED), sender="theirs") == 0
    assert fresh(sent).delivery == "sent"


def test_an_id_is_cut_as_it_was_when_it_was_kept() -> None:
    make_code(delivery="sent", delivered_by="ours", message_id="x" * 128)
    assert receive(Receipt("x" * 200, STATE.DELIVERED)) == 1


def test_several_receipts_are_counted_by_what_they_changed(sent: LoginCode) -> None:
    other = make_code(delivery="sent", delivered_by="ours", message_id="m-2")
    receipts = [
        Receipt("m-3", STATE.SENT),
        Receipt("m-1", STATE.DELIVERED),
        Receipt("m-2", STATE.FAILED),
    ]
    assert receive(*receipts) == 2
    assert (fresh(sent).delivery, fresh(other).delivery) == ("delivered", "failed")


def test_a_receipt_does_not_wake_a_code_that_waits() -> None:
    waiting = make_code(**queue.waiting(timezone.now()), delivered_by="ours")
    assert receive(Receipt("", STATE.SENT)) == 0
    assert fresh(waiting).next_try_at is not None
