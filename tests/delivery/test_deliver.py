"""A code is sent now or left to a worker, and no failure gets out."""

from __future__ import annotations

import datetime as dt
import logging
import sys
from typing import Any

import pytest
from django.utils import timezone

from django_phone_invites import codes, delivery
from django_phone_invites.delivery import queue
from django_phone_invites.models import LoginCode
from django_phone_invites.senders import (
    PermanentSendError,
    Receipt,
    TemporarySendError,
    UnclearSendError,
)
from django_phone_invites.senders.memory import outbox
from django_phone_invites.services.challenges import request_code
from tests.delivery.stand_ins import (
    API_KEY,
    PHONE,
    ScriptedSender,
    events,
    fresh,
    make_code,
    row,
)

pytestmark = pytest.mark.django_db


def test_a_code_is_sent_in_the_request_that_asked_for_it() -> None:
    now = timezone.now()
    assert delivery.first_state(now) == {"delivery": "sending", "delivery_at": now}
    asked = request_code(phone=PHONE, channel="web").login_code
    (message,) = outbox
    assert (message.phone, message.code) == (PHONE, codes.derive(asked.seed))
    assert fresh(asked).delivery == "sent"


def test_a_code_is_left_to_a_worker_by_its_key_alone(queued_tasks: Any) -> None:
    asked = request_code(phone=PHONE, channel="web").login_code
    (task,) = queued_tasks()
    assert (list(task.args), task.kwargs) == ([asked.pk], {})
    assert outbox == []
    stored = fresh(asked)
    assert stored.delivery == "queued"
    assert stored.next_try_at == stored.created_at + queue.PATIENCE


@pytest.mark.parametrize("state", ["inline", "task"])
def test_each_code_is_delivered_as_it_was_made(state: str, settings: Any) -> None:
    made = make_code(**delivery.first_state(timezone.now()))
    settings.PHONE_INVITES_SEND = "task" if state == "inline" else "inline"
    delivery.deliver(made)
    assert [message.phone for message in outbox] == [PHONE]


def test_a_code_that_cannot_be_queued_waits_for_a_sweep(
    queued_tasks: Any, settings: Any, caplog: Any
) -> None:
    settings.TASKS = {"default": {"BACKEND": "nowhere.Backend"}}
    asked = request_code(phone=PHONE, channel="web").login_code
    assert events(caplog) == ["queue_failed"]
    assert f"Login code {asked.pk} was not queued: " in caplog.text
    assert outbox == []
    LoginCode.objects.update(next_try_at=timezone.now())
    assert queue.sweep() == queue.Swept(taken=1, lost=0)
    assert fresh(asked).delivery == "sent"


def test_without_a_framework_for_tasks_a_code_waits(
    settings: Any, monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    settings.PHONE_INVITES_SEND = "task"
    for module in ("django.tasks", "django_tasks"):
        monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.delitem(sys.modules, "django_phone_invites.delivery.tasks", raising=False)
    asked = request_code(phone=PHONE, channel="web").login_code
    assert fresh(asked).next_try_at is not None
    assert f"Login code {asked.pk} was not queued: " in caplog.text


@pytest.mark.parametrize(
    ("configured", "reason"),
    [
        ({}, "KeyError"),
        ({"BACKEND": "nowhere.at.all.Sender"}, "ModuleNotFoundError"),
        ({"BACKEND": "django_phone_invites.senders.NoSuchSender"}, "ImportError"),
        (
            {
                "BACKEND": f"{ScriptedSender.__module__}.ScriptedSender",
                "OPTIONS": {"key": API_KEY},
            },
            "TypeError",
        ),
    ],
    ids=["nothing", "no module", "no class", "other options"],
)
def test_a_sender_that_cannot_be_built_is_a_failure(
    configured: dict[str, Any], reason: str, settings: Any
) -> None:
    settings.PHONE_INVITES_SENDER = configured
    login_code = make_code()
    delivery.deliver(login_code)
    assert row(login_code) == {
        "delivery": "failed",
        "delivered_by": "",
        "message_id": "",
        "delivery_error": reason,
    }


def test_a_sites_broken_template_is_a_failure(settings: Any) -> None:
    settings.TEMPLATES = [
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "OPTIONS": {
                "loaders": [
                    (
                        "django.template.loaders.locmem.Loader",
                        {"phone_invites/message/login.txt": "{% nonsense %}"},
                    )
                ]
            },
        }
    ]
    login_code = make_code()
    delivery.deliver(login_code)
    assert row(login_code)["delivery_error"] == "TemplateSyntaxError"
    assert outbox == []


@pytest.mark.parametrize(
    "error", [PermanentSendError(), TemporarySendError(), UnclearSendError(), OSError()], ids=repr
)
def test_whoever_asked_is_told_nothing_of_the_provider(error: Exception, answer: Any) -> None:
    answer(error)
    request_code(phone=PHONE, channel="web")


def test_delivery_touches_no_other_column() -> None:
    login_code = make_code()
    used_at = timezone.now() - dt.timedelta(minutes=1)
    LoginCode.objects.filter(pk=login_code.pk).update(attempts=2, used_at=used_at)
    delivery.deliver(login_code)
    stored = fresh(login_code)
    assert (stored.attempts, stored.used_at, stored.delivery) == (2, used_at, "sent")


# --- what is told ---


def told(login_code: LoginCode, caplog: Any) -> str:
    """Return everything that the log and the row show, tracebacks included."""
    values = LoginCode.objects.filter(pk=login_code.pk).values(
        "delivery", "delivered_by", "message_id", "delivery_error", "tries", "invite", "locale"
    )
    return f"{caplog.text} {values.get()} {login_code!r} {login_code}"


@pytest.mark.parametrize("kind", [RuntimeError, PermanentSendError, OSError, Receipt])
def test_neither_code_nor_number_nor_credential_is_told(
    kind: type[Any], caplog: Any, answer: Any
) -> None:
    caplog.set_level(logging.DEBUG)
    login_code = make_code(length=12)
    code = codes.derive(login_code.seed)
    url = f"https://provider.test/?key={API_KEY}&to={PHONE}&text={code}"
    answer(Receipt() if kind is Receipt else kind(url))
    delivery.deliver(login_code)
    shown = told(login_code, caplog)
    assert "django_phone_invites" in caplog.text
    for secret in (code, PHONE, PHONE[1:], API_KEY, login_code.token, login_code.nonce):
        assert secret not in shown
