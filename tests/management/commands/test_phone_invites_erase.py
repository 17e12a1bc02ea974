"""``phone_invites_erase`` asks, and erases a phone."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command
from django.test import Client

from django_phone_invites import logins
from django_phone_invites.models import PhoneAccount
from django_phone_invites.services.challenges import request_code
from django_phone_invites.testing import log_in, sign_up

pytestmark = pytest.mark.django_db

PHONE = "+79096869722"
NEEDS_PHONE = get_user_model().__name__ == "PhoneUser"
keeps_users = pytest.mark.skipif(NEEDS_PHONE, reason="no user of this model is without a phone")


def run(*args: str) -> tuple[str, str]:
    out, err = io.StringIO(), io.StringIO()
    call_command("phone_invites_erase", *args, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


@pytest.fixture
def answer(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Answer the question, and return what was asked."""
    asked: list[str] = []

    def answer(words: str) -> list[str]:
        monkeypatch.setattr("builtins.input", lambda text: asked.append(text) or words)
        return asked

    return answer


@keeps_users
def test_the_phone_is_erased_and_its_logins_end() -> None:
    client = Client()
    user = log_in(client, PHONE)
    request_code(phone=PHONE, channel="web")
    assert run(PHONE, "--no-input") == ("Erased a phone account and 1 login codes.\n", "")
    assert not PhoneAccount.objects.exists()
    assert get_user_model()._default_manager.filter(pk=user.pk).exists()
    assert client.get("/user/profile/").status_code == 302
    assert "_auth_user_id" not in client.session


def test_its_user_is_deleted_where_that_is_asked_for() -> None:
    sign_up(PHONE)
    told = ("Erased a phone account with its user and 0 login codes.\n", "")
    assert run(PHONE, "--user", "--no-input") == told
    assert not get_user_model()._default_manager.exists()


def test_a_phone_that_nothing_is_held_about_is_no_error() -> None:
    assert run(PHONE, "--no-input") == ("Erased no phone account and 0 login codes.\n", "")


@pytest.mark.parametrize("words", ["yes", " YES "])
def test_it_asks(answer: Any, words: str) -> None:
    asked = answer(words)
    sign_up(PHONE)
    run(PHONE, "--user")
    assert asked == [f"Erase this phone and its user for good: {PHONE}? Type yes: "]
    assert not PhoneAccount.objects.exists()


@pytest.mark.parametrize("words", ["", "y", "no"])
def test_nothing_is_erased_by_another_answer(answer: Any, words: str) -> None:
    asked = answer(words)
    sign_up(PHONE)
    with pytest.raises(CommandError, match="Nothing was erased"):
        run(PHONE)
    assert asked == [f"Erase this phone for good: {PHONE}? Type yes: "]
    assert PhoneAccount.objects.exists()


@pytest.mark.parametrize("ended", [EOFError, KeyboardInterrupt])
def test_nothing_is_erased_where_nobody_answers(
    ended: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    def end(question: str) -> str:
        raise ended

    monkeypatch.setattr("builtins.input", end)
    sign_up(PHONE)
    with pytest.raises(CommandError, match="Nothing was erased"):
        run(PHONE)
    assert PhoneAccount.objects.exists()


def test_a_refusal_is_an_error_that_says_that_nothing_was_erased() -> None:
    with pytest.raises(CommandError, match=r"valid phone number.* Nothing was erased"):
        run("686", "--no-input")


@keeps_users
def test_logins_that_go_on_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logins, "end_all", lambda user: ["site.issue"])
    sign_up(PHONE)
    _, told = run(PHONE, "--no-input")
    assert told == "These logins of the user could not be ended here: site.issue.\n"
