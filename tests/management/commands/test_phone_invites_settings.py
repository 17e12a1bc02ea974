"""``phone_invites_settings`` shows every setting, and no secret."""

from __future__ import annotations

import datetime as dt
import io
from typing import Any

import pytest
from django.core.management import call_command

from django_phone_invites.conf import app_settings

SECRET = "sk-live-5ecret"


def shown() -> dict[str, str]:
    out = io.StringIO()
    call_command("phone_invites_settings", stdout=out)
    return dict(line.split(" = ", 1) for line in out.getvalue().splitlines())


def test_every_setting_is_shown_once() -> None:
    assert [name[2:] for name in shown()] == [setting.name for setting in app_settings]


def test_a_star_marks_what_the_site_has_set(settings: Any) -> None:
    settings.PHONE_INVITES_CODE_LENGTH = 8
    found = shown()
    assert found["* PHONE_INVITES_CODE_LENGTH"] == "8"
    assert found["  PHONE_INVITES_CODE_ATTEMPTS"] == "5"


def test_durations_read_as_durations(settings: Any) -> None:
    settings.PHONE_INVITES_CODE_LIFETIME = dt.timedelta(minutes=3)
    found = shown()
    assert found["* PHONE_INVITES_CODE_LIFETIME"] == "0:03:00"
    assert found["  PHONE_INVITES_RESEND_COOLDOWN_MAX"] == "0:32:00"


def test_strings_are_quoted() -> None:
    assert shown()["  PHONE_INVITES_SITE_NAME"] == "''"
    assert shown()["  PHONE_INVITES_HOST"] == "None"


def test_the_options_of_the_sender_are_named_and_not_shown(settings: Any) -> None:
    settings.PHONE_INVITES_SENDER = {"BACKEND": "site.Sender", "OPTIONS": {"api_key": SECRET}}
    found = shown()["* PHONE_INVITES_SENDER"]
    assert found == "{'BACKEND': 'site.Sender', 'OPTIONS': {'api_key': '…'}}"


def test_a_sender_without_options_is_shown() -> None:
    assert "MemorySender', 'OPTIONS': {}}" in shown()["* PHONE_INVITES_SENDER"]


@pytest.mark.parametrize(
    "sender",
    [
        f"smpp://login:{SECRET}@provider.test",
        {"BACKEND": "site.Sender", "API_KEY": SECRET},
        {"BACKEND": "site.Sender", "OPTIONS": None},
    ],
    ids=["string", "key", "none"],
)
def test_a_sender_of_the_wrong_shape_tells_no_secret(sender: Any, settings: Any) -> None:
    settings.PHONE_INVITES_SENDER = sender
    assert SECRET not in shown()["* PHONE_INVITES_SENDER"]


def test_a_test_number_is_shown_with_its_last_day_and_without_its_code(settings: Any) -> None:
    settings.PHONE_INVITES_TEST_NUMBERS = {
        "+79096869700": {"code": "13579246", "until": dt.date(2027, 1, 31)}
    }
    assert shown()["* PHONE_INVITES_TEST_NUMBERS"] == (
        "{'+79096869700': {'code': '…', 'until': datetime.date(2027, 1, 31)}}"
    )


@pytest.mark.parametrize(
    "numbers",
    [SECRET, {"+79096869700": SECRET}, {"+79096869700": {"pin": SECRET}}],
    ids=["string", "value", "key"],
)
def test_test_numbers_of_the_wrong_shape_tell_no_code(numbers: Any, settings: Any) -> None:
    settings.PHONE_INVITES_TEST_NUMBERS = numbers
    found = shown()["* PHONE_INVITES_TEST_NUMBERS"]
    assert found == "(not shown: see manage.py check)"
