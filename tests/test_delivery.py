"""What is sent, in which language, what is kept of it, and that no failure gets out."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.dispatch import Signal
from django.template import TemplateDoesNotExist
from django.utils import timezone, translation
from django.views.debug import SafeExceptionReporterFilter

from django_phone_invites import codes, delivery, signals
from django_phone_invites.models import LoginCode
from django_phone_invites.senders import (
    DeliveryState,
    Message,
    PermanentSendError,
    Receipt,
    Sender,
    TemporarySendError,
)
from django_phone_invites.senders.memory import outbox

PHONE = "+79096869722"
MASKED = "+7 •••-•••-••-22"
API_KEY = "sk-live-5ecret"
NOW = dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.timezone.utc)


class SitesOwnSender(Sender):
    """Does what ``answer`` says; takes a credential, as a provider's sender does."""

    answer: Callable[[Message], Any]

    def __init__(self, *, api_key: str = API_KEY) -> None:
        self.api_key = api_key

    def send(self, message: Message) -> Receipt:
        return type(self).answer(message)  # type: ignore[no-any-return]


@pytest.fixture
def answer(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], None]:
    """Let the sender in force answer with a receipt, or raise an exception."""
    settings.PHONE_INVITES_SENDER = {
        "BACKEND": f"{__name__}.SitesOwnSender",
        "OPTIONS": {"api_key": API_KEY},
    }

    def answer_with(what: Any) -> None:
        def reply(message: Message) -> Any:
            if isinstance(what, Exception):
                raise what
            return what

        monkeypatch.setattr(SitesOwnSender, "answer", staticmethod(reply), raising=False)

    return answer_with


def make_code(**changes: Any) -> LoginCode:
    now = timezone.now()
    return LoginCode.objects.create(
        **{
            "phone": PHONE,
            "purpose": "login",
            "channel": "web",
            "length": 6,
            "locale": "en",
            "created_at": now,
            "expires_at": now + dt.timedelta(minutes=5),
            **changes,
        }
    )


def row(login_code: LoginCode) -> dict[str, Any]:
    fields = ("delivery", "delivered_by", "message_id", "delivery_error")
    return LoginCode.objects.filter(pk=login_code.pk).values(*fields).get()


@contextmanager
def listening(signal: Signal) -> Iterator[list[dict[str, Any]]]:
    heard: list[dict[str, Any]] = []

    def receive(sender: Any, **arguments: Any) -> None:
        heard.append({"sender": sender, **arguments})

    signal.connect(receive)
    try:
        yield heard
    finally:
        signal.disconnect(receive)


@contextmanager
def failing_receiver(signal: Signal) -> Iterator[None]:
    def receive(sender: Any, **arguments: Any) -> None:
        raise RuntimeError("a receiver is broken")

    signal.connect(receive)
    try:
        yield
    finally:
        signal.disconnect(receive)


def use_template(settings: Any, text: str) -> None:
    settings.TEMPLATES = [
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "OPTIONS": {
                "loaders": [
                    (
                        "django.template.loaders.locmem.Loader",
                        {"phone_invites/message/login.txt": text},
                    )
                ]
            },
        }
    ]


# --- the message ---


@pytest.mark.django_db
def test_the_message_carries_what_a_sender_needs(time_machine: Any) -> None:
    time_machine.move_to(NOW, tick=False)
    login_code = make_code()
    time_machine.move_to(NOW + dt.timedelta(seconds=2), tick=False)
    code = codes.derive(login_code.seed)
    assert delivery.render(login_code) == Message(
        phone=PHONE,
        code=code,
        purpose="login",
        locale="en",
        lifetime=298,
        text=f"{code} is your code. It is valid for 5 minutes.",
    )


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("seconds", "words"),
    [(30, "1 minute."), (60, "1 minute."), (90, "2 minutes."), (600, "10 minutes.")],
)
def test_the_life_is_told_in_whole_minutes(seconds: int, words: str) -> None:
    now = timezone.now()
    login_code = make_code(created_at=now, expires_at=now + dt.timedelta(seconds=seconds))
    assert delivery.render(login_code).text.endswith(f"valid for {words}")


@pytest.mark.django_db
def test_the_life_of_an_expired_code_is_zero() -> None:
    now = timezone.now()
    hour = dt.timedelta(hours=1)
    login_code = make_code(created_at=now - 2 * hour, expires_at=now - hour)
    assert delivery.render(login_code).lifetime == 0


@pytest.mark.django_db
def test_the_last_line_binds_the_code_to_the_host(settings: Any) -> None:
    settings.PHONE_INVITES_HOST = "example.com"
    message = delivery.render(make_code())
    assert message.text.splitlines()[-2:] == ["", f"@example.com #{message.code}"]


@pytest.mark.django_db
def test_no_host_no_last_line() -> None:
    assert "@" not in delivery.render(make_code()).text


@pytest.mark.django_db
def test_the_site_is_named_and_not_escaped(settings: Any) -> None:
    settings.PHONE_INVITES_SITE_NAME = "Tea & <Cake>"
    message = delivery.render(make_code())
    assert message.text.startswith(f"{message.code} is your code for Tea & <Cake>.")


@pytest.mark.django_db
def test_the_message_fits_one_segment(settings: Any) -> None:
    # 3GPP TS 23.038: 160 characters of the GSM alphabet.
    settings.PHONE_INVITES_SITE_NAME = "Example"
    settings.PHONE_INVITES_HOST = "accounts.example.com"
    text = delivery.render(make_code(length=12)).text
    assert len(text) <= 160
    assert text.isascii()


@pytest.mark.django_db
@pytest.mark.parametrize("locale", ["en", "ru"])
def test_the_message_is_in_the_language_of_whoever_asked(locale: str, settings: Any) -> None:
    use_template(
        settings, "{% load i18n %}{% get_current_language as language %}{{ language }} {{ code }}"
    )
    with translation.override("ru" if locale == "en" else "en"):
        before = translation.get_language()
        message = delivery.render(make_code(locale=locale))
        assert translation.get_language() == before
    assert message.locale == locale
    assert message.text == f"{locale} {message.code}"


@pytest.mark.django_db
def test_spaces_around_a_sites_own_text_are_dropped(settings: Any) -> None:
    use_template(settings, "\n  {{ code }}, {{ minutes }}\n\n")
    message = delivery.render(make_code())
    assert message.text == f"{message.code}, 5"


# --- the result ---


@pytest.mark.django_db
def test_a_sent_message_is_recorded_and_announced() -> None:
    login_code = make_code()
    with listening(signals.code_sent) as sent, listening(signals.code_failed) as failed:
        delivery.deliver(login_code)
    (message,) = outbox
    assert (message.phone, message.code) == (PHONE, codes.derive(login_code.seed))
    assert row(login_code) == {
        "delivery": "sent",
        "delivered_by": "MemorySender",
        "message_id": "1",
        "delivery_error": "",
    }
    (heard,) = sent
    assert failed == []
    assert heard["sender"] is LoginCode
    assert heard["login_code"] == login_code
    assert heard["receipt"] == Receipt(message_id="1")


@pytest.mark.django_db
@pytest.mark.parametrize("state", DeliveryState)
def test_the_state_of_a_receipt_is_kept(state: DeliveryState, answer: Any) -> None:
    answer(Receipt(message_id="x" * 200, state=state))
    login_code = make_code()
    delivery.deliver(login_code)
    assert row(login_code) == {
        "delivery": state.value,
        "delivered_by": "SitesOwnSender",
        "message_id": "x" * 128,
        "delivery_error": "",
    }


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (PermanentSendError("blocked", code="E17"), "PermanentSendError E17"),
        (TemporarySendError("busy"), "TemporarySendError"),
        (TemporarySendError("busy", code="9" * 200), "TemporarySendError " + "9" * 109),
        (ConnectionResetError("reset by peer"), "ConnectionResetError"),
        (ValueError("garbage"), "ValueError"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_failure_is_recorded_and_announced(error: Exception, reason: str, answer: Any) -> None:
    answer(error)
    login_code = make_code()
    with listening(signals.code_sent) as sent, listening(signals.code_failed) as failed:
        delivery.deliver(login_code)
    assert row(login_code) == {
        "delivery": "failed",
        "delivered_by": "SitesOwnSender",
        "message_id": "",
        "delivery_error": reason,
    }
    (heard,) = failed
    assert sent == []
    assert heard["sender"] is LoginCode
    assert (heard["login_code"], heard["error"]) == (login_code, error)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("configured", "reason"),
    [
        ({"BACKEND": "nowhere.at.all.Sender"}, "ModuleNotFoundError"),
        ({"BACKEND": f"{__name__}.SitesOwnSender", "OPTIONS": {"key": API_KEY}}, "TypeError"),
        ({"BACKEND": f"{__name__}.NoSuchSender"}, "ImportError"),
    ],
)
def test_a_sender_that_cannot_be_built_is_a_failure(
    configured: dict[str, Any], reason: str, settings: Any
) -> None:
    settings.PHONE_INVITES_SENDER = configured
    login_code = make_code()
    delivery.deliver(login_code)
    assert (row(login_code)["delivery"], row(login_code)["delivery_error"]) == ("failed", reason)


@pytest.mark.django_db
def test_a_sites_broken_template_is_a_failure(settings: Any) -> None:
    use_template(settings, "{% nonsense %}")
    login_code = make_code()
    delivery.deliver(login_code)
    assert row(login_code)["delivery_error"] == "TemplateSyntaxError"
    assert outbox == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    "returned",
    [None, "sent", Receipt(message_id=4711), Receipt(message_id=None), Receipt(state="sent")],  # type: ignore[arg-type]
    ids=repr,
)
def test_a_sender_that_returns_no_receipt_does_not_get_out(returned: Any, answer: Any) -> None:
    answer(returned)
    login_code = make_code()
    delivery.deliver(login_code)
    assert row(login_code)["delivery"] in {"failed", "sent", "unknown"}


@pytest.mark.django_db
def test_a_setting_without_backend_does_not_get_out(settings: Any) -> None:
    settings.PHONE_INVITES_SENDER = {}
    login_code = make_code()
    delivery.deliver(login_code)
    assert row(login_code)["delivery"] == "failed"


@pytest.mark.django_db
def test_a_receiver_that_fails_undoes_nothing(answer: Any) -> None:
    sent, failed = make_code(), make_code()
    with failing_receiver(signals.code_sent), failing_receiver(signals.code_failed):
        answer(Receipt(message_id="7"))
        delivery.deliver(sent)
        answer(TemporarySendError("busy"))
        delivery.deliver(failed)
    assert row(sent)["message_id"] == "7"
    assert row(failed)["delivery_error"] == "TemporarySendError"


@pytest.mark.django_db
def test_delivery_touches_no_other_column() -> None:
    login_code = make_code()
    LoginCode.objects.filter(pk=login_code.pk).update(attempts=2, used_at=NOW)
    delivery.deliver(login_code)
    stored = LoginCode.objects.get(pk=login_code.pk)
    assert (stored.attempts, stored.used_at, stored.delivery) == (2, NOW, "sent")


# --- what is told ---


def told(login_code: LoginCode, caplog: Any) -> str:
    """Return everything that the log and the row show, tracebacks included."""
    values = LoginCode.objects.filter(pk=login_code.pk).values(
        "delivery", "delivered_by", "message_id", "delivery_error", "invite", "locale"
    )
    return f"{caplog.text} {values.get()} {login_code!r} {login_code}"


@pytest.mark.django_db
def test_success_is_logged_with_a_masked_number(caplog: Any) -> None:
    caplog.set_level(logging.DEBUG)
    login_code = make_code()
    delivery.deliver(login_code)
    (record,) = [found for found in caplog.records if found.name == "django_phone_invites"]
    assert record.levelno == logging.INFO
    assert record.getMessage() == f"Sent login code {login_code.pk} to {MASKED}."


@pytest.mark.django_db
def test_a_failure_is_logged_with_its_type_and_the_providers_code(caplog: Any, answer: Any) -> None:
    answer(PermanentSendError("blocked", code="E17"))
    login_code = make_code()
    delivery.deliver(login_code)
    (record,) = [found for found in caplog.records if found.name == "django_phone_invites"]
    assert record.levelno == logging.ERROR
    assert record.exc_info is None
    assert record.getMessage() == (
        f"Login code {login_code.pk} to {MASKED} was not sent: PermanentSendError E17."
    )


@pytest.mark.django_db
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


@pytest.mark.django_db
def test_an_exception_report_does_not_show_the_code(rf: Any) -> None:
    login_code = make_code(length=12, purpose="missing")
    with pytest.raises(TemplateDoesNotExist) as raised:
        delivery.render(login_code)
    frame = next(found.frame for found in raised.traceback if found.name == "render")
    hiding = SafeExceptionReporterFilter()
    shown = dict(hiding.get_traceback_frame_variables(rf.get("/"), frame.raw))
    assert frame.raw.f_locals["code"] == codes.derive(login_code.seed)
    assert {shown[name] for name in ("code", "context")} == {hiding.cleansed_substitute}
