"""Where providers report to: what is theirs is kept, and nothing else changes anything."""

from __future__ import annotations

import datetime as dt
import hashlib
from typing import Any

import pytest
import time_machine
from django.db import OperationalError
from django.test import Client
from django.urls import include, path
from django.utils import timezone

from django_phone_invites.models import LoginCode
from django_phone_invites.receipts.views import ReceiptView
from django_phone_invites.senders import Callback, CallbackError, DeliveryState, Receipt, Sender
from django_phone_invites.services import receipts as service

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]

SECRET = "5ecret"


urlpatterns = [path("receipts/", include("django_phone_invites.receipts.urls"))]


class AcmeSender(Sender):
    """Signs the address, the body and a header."""

    provider = "acme"

    def __init__(self, *, secret: str = SECRET) -> None:
        self.secret = secret

    def send(self, message: Any) -> Receipt:
        return Receipt()

    def read_callback(self, callback: Callback) -> list[Receipt]:
        if callback.headers.get("x-signature") != sign(callback.url, callback.body, self.secret):
            raise CallbackError("The signature is wrong.")
        message_id, state = (callback.form() or {"m-1": "delivered"}).popitem()
        return [Receipt(message_id, DeliveryState(state))]

    def answer_callback(self, callback: Callback) -> str:
        return "<taken>"


def sign(url: str, body: bytes, secret: str = SECRET) -> str:
    return hashlib.sha256(url.encode() + body + secret.encode()).hexdigest()


ACME = {"BACKEND": f"{__name__}.AcmeSender"}


@pytest.fixture(autouse=True)
def _acme(settings: Any) -> None:
    settings.PHONE_INVITES_SENDER = ACME


def make_code(**changes: Any) -> LoginCode:
    now = timezone.now()
    values = {
        "phone": "+79096869722",
        "purpose": "login",
        "channel": "web",
        "length": 6,
        "locale": "en",
        "created_at": now,
        "expires_at": now + dt.timedelta(minutes=5),
        "delivery": "sent",
        "delivered_by": "AcmeSender",
        "message_id": "m-1",
    }
    return LoginCode.objects.create(**{**values, **changes})


def report(
    body: str = "m-1=delivered", *, secret: str = SECRET, client: Client | None = None
) -> Any:
    url = "http://testserver/receipts/acme/?a=%20b"
    return (client or Client(enforce_csrf_checks=True)).post(
        "/receipts/acme/?a=%20b",
        body,
        "application/x-www-form-urlencoded",
        headers={"X-Signature": sign(url, body.encode(), secret)},
    )


def test_what_the_provider_reports_is_kept_and_answered_as_it_wants() -> None:
    code = make_code()
    answer = report()
    assert (answer.status_code, answer.content) == (200, b"<taken>")
    assert answer["Content-Type"] == "text/plain"
    code.refresh_from_db()
    assert code.delivery == "delivered"


def test_a_provider_may_put_all_into_the_address() -> None:
    code = make_code()
    headers = {"X-Signature": sign("http://testserver/receipts/acme/?id=1", b"")}
    assert Client().get("/receipts/acme/?id=1", headers=headers).status_code == 200
    code.refresh_from_db()
    assert code.delivery == "delivered"


def test_an_unknown_message_is_answered_like_a_known_one() -> None:
    make_code()
    with time_machine.travel(timezone.now(), tick=False):  # Expires, in whole seconds
        known, unknown = report(), report("m-2=delivered")
    assert (known.status_code, known.content) == (unknown.status_code, unknown.content)
    assert known.headers == unknown.headers


def test_what_is_not_the_providers_changes_nothing_and_is_logged(caplog: Any) -> None:
    code = make_code()
    answer = report(secret="other")
    assert (answer.status_code, answer.content) == (403, b"")
    code.refresh_from_db()
    assert code.delivery == "sent"
    assert [record.event for record in caplog.records if hasattr(record, "event")] == [
        "callback_refused"
    ]
    assert (
        "AcmeSender was refused: The signature is wrong. It came to http://testserver/"
        in caplog.text
    )
    assert "m-1" not in caplog.text and SECRET not in caplog.text


def test_a_secret_in_the_address_is_not_logged(caplog: Any) -> None:
    headers = {"X-Signature": "wrong"}
    assert Client().get("/receipts/acme/?token=t0ken", headers=headers).status_code == 403
    assert "It came to http://testserver/receipts/acme/." in caplog.text
    assert "t0ken" not in caplog.text


@pytest.mark.parametrize("path", ["/receipts/other/", "/receipts/AcmeSender/"])
def test_an_unknown_provider_is_not_found(path: str) -> None:
    assert Client().post(path).status_code == 404


def test_of_two_accounts_the_one_whose_callback_it_is_takes_it(settings: Any) -> None:
    settings.PHONE_INVITES_SENDER = {
        "BACKEND": "django_phone_invites.senders.failover.FailoverSender",
        "OPTIONS": {
            "senders": [
                {**ACME, "NAME": "first", "OPTIONS": {"secret": "another"}},
                {**ACME, "NAME": "second"},
            ]
        },
    }
    theirs, ours = make_code(delivered_by="first"), make_code(delivered_by="second")
    assert report().status_code == 200
    for code, state in ((theirs, "sent"), (ours, "delivered")):
        code.refresh_from_db()
        assert code.delivery == state


def test_a_sender_without_callbacks_has_no_address(settings: Any) -> None:
    settings.PHONE_INVITES_SENDER = {"BACKEND": "django_phone_invites.senders.memory.MemorySender"}
    assert Client().post("/receipts/memory/").status_code == 404


def test_without_the_database_the_provider_is_told_to_come_again(monkeypatch: Any) -> None:
    def fail(*args: Any, **kwargs: Any) -> int:
        raise OperationalError

    monkeypatch.setattr(service.delivery, "apply_receipts", fail)
    assert report().status_code == 503


def test_a_receipt_is_kept_whatever_transactions_a_site_has() -> None:
    view = ReceiptView.as_view()
    assert "default" in view._non_atomic_requests
    assert view.login_required is False


@pytest.mark.parametrize("method", ["put", "delete", "head", "options", "patch"])
def test_other_methods_are_refused(method: str) -> None:
    assert getattr(Client(), method)("/receipts/acme/").status_code == 405
