"""What the settings name can be imported and built."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.checks import run_checks

from django_phone_invites.limits import Store
from django_phone_invites.senders import Message, Receipt, Sender
from tests.checks.reports import MEMORY, found, ids, one

pytestmark = pytest.mark.django_db  # Django's checks of JSONField ask the database.


needs_api = pytest.mark.skipif(not django_settings.HAS_DRF, reason="REST framework is missing")


class ChattySender(Sender):
    """A sender whose own error tells too much."""

    def __init__(self) -> None:
        raise ValueError("the key hunter2 is not valid")

    def send(self, message: Message) -> Receipt:
        raise NotImplementedError


NOT_CALLABLE = "a string"


@pytest.mark.parametrize(
    ("configured", "words"),
    [
        ({}, "KeyError"),
        ({"BACKEND": "nowhere.Sender"}, "ModuleNotFoundError"),
        ({"BACKEND": MEMORY, "OPTIONS": {"speed": 1}}, "TypeError"),
        ({"BACKEND": "django_phone_invites.senders.Sender"}, "TypeError"),
        ({"BACKEND": f"{__name__}.ChattySender"}, "ValueError"),
        ({"BACKEND": "builtins.int"}, "TypeError: int is no Sender"),
    ],
)
def test_a_sender_that_cannot_be_built_is_reported(
    configured: dict[str, Any], words: str, settings: Any
) -> None:
    settings.PHONE_INVITES_SENDER = configured
    message = one("phone_invites.E003")
    assert words in message.msg
    assert "hunter2" not in message.msg
    assert message.hint
    assert ids() == ["phone_invites.E003"]


def test_what_a_sender_says_of_its_options_is_reported(settings: Any) -> None:
    settings.PHONE_INVITES_SENDER = {
        "BACKEND": "tests.checks.reports.RealSender",
        "OPTIONS": {"key": "expired"},
    }
    assert one("phone_invites.E004").msg == "The key has expired."
    assert "site.W007" in [message.id for message in run_checks()]


def test_a_sender_with_right_options_passes(settings: Any) -> None:
    settings.PHONE_INVITES_SENDER = {
        "BACKEND": "tests.checks.reports.RealSender",
        "OPTIONS": {"key": "right"},
    }
    assert found() == []


class NeedyStore(Store):
    """A store that says too much when it fails."""

    def __init__(self, *, url: str) -> None:
        raise ValueError(f"{url} is not valid")

    def read(self, counted: Any, now: Any) -> Any:
        raise NotImplementedError

    def forget(self, counted: Any) -> Any:
        raise NotImplementedError


@pytest.mark.parametrize(
    ("configured", "words"),
    [
        ({}, "KeyError"),
        ({"BACKEND": "nowhere.Store"}, "ModuleNotFoundError"),
        ({"BACKEND": f"{__name__}.NeedyStore", "OPTIONS": {"url": "hunter2"}}, "ValueError"),
        ({"BACKEND": "builtins.int"}, "int, no Store"),
    ],
)
def test_a_store_that_cannot_be_built_is_reported(
    configured: dict[str, Any], words: str, settings: Any
) -> None:
    settings.PHONE_INVITES_LIMIT_STORE = configured
    message = one("phone_invites.E011")
    assert words in message.msg
    assert "hunter2" not in message.msg
    assert message.hint
    assert ids() == ["phone_invites.E011"]


def test_a_store_in_redis_without_redis_py_is_reported(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "redis", None)
    monkeypatch.delitem(sys.modules, "django_phone_invites.limits.redis", raising=False)
    settings.PHONE_INVITES_LIMIT_STORE = {
        "BACKEND": "django_phone_invites.limits.redis.RedisStore",
        "OPTIONS": {"url": "redis://:hunter2@localhost"},
    }
    message = one("phone_invites.E011").msg
    assert 'pip install "django-phone-invites[redis]"' in message
    assert "hunter2" not in message


@pytest.mark.parametrize(
    "path",
    ["nowhere.make", "nodots", "django.nothing_here", f"{__name__}.NOT_CALLABLE"],
)
def test_a_function_that_cannot_be_imported_is_reported(path: str, settings: Any) -> None:
    settings.PHONE_INVITES_CREATE_USER = path
    message = one("phone_invites.E007")
    assert message.msg == f"PHONE_INVITES_CREATE_USER cannot be imported: {path!r}."
    assert message.hint == "It is the dotted path of a function."


def test_a_function_that_can_be_imported_passes(settings: Any) -> None:
    settings.PHONE_INVITES_CREATE_USER = "tests.checks.reports.make_people"
    settings.PHONE_INVITES_TOKEN_ISSUER = "tests.checks.reports.make_people"
    assert found() == []


@needs_api
def test_a_token_issuer_that_cannot_be_imported_is_reported(settings: Any) -> None:
    settings.PHONE_INVITES_TOKEN_ISSUER = "nowhere.issue"
    assert one("phone_invites.E007").msg.startswith("PHONE_INVITES_TOKEN_ISSUER ")


def test_a_token_issuer_does_not_matter_without_the_api(settings: Any, no_api: None) -> None:
    settings.PHONE_INVITES_TOKEN_ISSUER = "nowhere.issue"
    assert found() == []


@pytest.mark.parametrize("path", ["", "."])
def test_an_empty_path_is_reported(path: str, settings: Any) -> None:
    settings.PHONE_INVITES_CREATE_USER = path
    assert ids() == ["phone_invites.E007"]


def test_a_backend_that_django_does_not_ask_is_reported(settings: Any) -> None:
    settings.PHONE_INVITES_AUTHENTICATION_BACKEND = "site.backends.PhoneBackend"
    message = one("phone_invites.E008")
    assert message.hint == "A session that names it would log nobody in."


def test_a_backend_that_django_asks_passes(settings: Any) -> None:
    settings.PHONE_INVITES_AUTHENTICATION_BACKEND = settings.AUTHENTICATION_BACKENDS[0]
    assert found() == []


def test_the_backend_of_phones_is_reported_until_django_asks_it(settings: Any) -> None:
    path = "django_phone_invites.backends.PhoneBackend"
    settings.PHONE_INVITES_AUTHENTICATION_BACKEND = path
    assert path in one("phone_invites.E008").msg
    settings.AUTHENTICATION_BACKENDS = [path, "django.contrib.auth.backends.ModelBackend"]
    assert found() == []
