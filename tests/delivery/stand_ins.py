"""Login codes to deliver, senders that follow a script, and ears for signals."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.dispatch import Signal
from django.utils import timezone

from django_phone_invites.models import LoginCode
from django_phone_invites.senders import Message, Receipt, Sender
from django_phone_invites.senders.failover import FailoverSender

PHONE = "+79096869722"
API_KEY = "sk-live-5ecret"
MESSAGE = Message(
    phone=PHONE,
    code="012345",
    purpose="login",
    locale="en",
    lifetime=300,
    text="012345 is your code.",
)


class Script:
    """What senders answer in turn, the last of it for good, and the messages they were given.

    A receipt is returned, an exception raised; what can be called is called first.
    """

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.messages: list[Message] = []

    def next(self) -> Any:
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return answer() if callable(answer) else answer


class ScriptedSender(Sender):
    """Follows a script; takes a credential, as a provider's sender does."""

    def __init__(self, *, script: Script, api_key: str = API_KEY) -> None:
        self.script = script
        self.api_key = api_key

    def send(self, message: Message) -> Receipt:
        self.script.messages.append(message)
        answer = self.script.next()
        if isinstance(answer, Exception):
            raise answer
        return answer  # type: ignore[no-any-return]


def described(script: Script, name: str = "") -> dict[str, Any]:
    """Return what ``PHONE_INVITES_SENDER`` has to be for it."""
    backend = f"{ScriptedSender.__module__}.{ScriptedSender.__name__}"
    return {"BACKEND": backend, "OPTIONS": {"script": script}, "NAME": name}


def failover_described(**scripts: Script) -> dict[str, Any]:
    """Return the same for several that are asked in turn, by their names."""
    return {
        "BACKEND": "django_phone_invites.senders.failover.FailoverSender",
        "OPTIONS": {"senders": [described(script, name) for name, script in scripts.items()]},
    }


def failover(**scripts: Script) -> FailoverSender:
    """Return a sender that asks these in turn."""
    return FailoverSender(**failover_described(**scripts)["OPTIONS"])


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


def fresh(login_code: LoginCode) -> LoginCode:
    return LoginCode.objects.get(pk=login_code.pk)


def row(login_code: LoginCode) -> dict[str, Any]:
    """Return what is kept of the delivery."""
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


def events(caplog: Any) -> list[str]:
    """Return the names of what was logged."""
    return [record.event for record in caplog.records if record.name == "django_phone_invites"]
