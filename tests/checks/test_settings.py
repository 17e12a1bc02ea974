"""What the settings say on their own."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.conf import settings as django_settings

from django_phone_invites.conf import app_settings
from tests.checks.reports import MEMORY, found, ids, one

pytestmark = pytest.mark.django_db  # Django's checks of JSONField ask the database.


needs_api = pytest.mark.skipif(not django_settings.HAS_DRF, reason="REST framework is missing")


#: For each setting, a value that is wrong.
WRONG = {
    "PHONE_INVITES_CODE_LENGTH": 3,
    "PHONE_INVITES_CODE_LIFETIME": 300,
    "PHONE_INVITES_CODE_ATTEMPTS": 0,
    "PHONE_INVITES_RESEND_COOLDOWN": 60,
    "PHONE_INVITES_RESEND_COOLDOWN_MAX": None,
    "PHONE_INVITES_PHONE_MESSAGES_PER_HOUR": 0,
    "PHONE_INVITES_PHONE_MESSAGES_PER_DAY": 101,
    "PHONE_INVITES_SENDER": MEMORY,
    "PHONE_INVITES_ROUTES": [],
    "PHONE_INVITES_API_ROUTES": None,
    "PHONE_INVITES_DEFAULT_REGION": "ru",
    "PHONE_INVITES_REGIONS": "RU",
    "PHONE_INVITES_HOST": "https://example.com",
    "PHONE_INVITES_SITE_NAME": None,
    "PHONE_INVITES_MASK_INVITEES": "no",
    "PHONE_INVITES_TOKEN_ISSUER": None,
    "PHONE_INVITES_CREATE_USER": len,
    "PHONE_INVITES_AUTHENTICATION_BACKEND": 3,
    "PHONE_INVITES_TRUSTED_PROXIES": -1,
    "PHONE_INVITES_LIMIT_STORE": "redis",
    "PHONE_INVITES_ADDRESS_MESSAGES_PER_HOUR": 0,
    "PHONE_INVITES_ADDRESS_MESSAGES_PER_DAY": "30",
    "PHONE_INVITES_ADDRESS_FAILURES_PER_HOUR": -1,
    "PHONE_INVITES_BLOCK_MESSAGES_PER_HOUR": 1001,
    "PHONE_INVITES_SITE_MESSAGES_PER_HOUR": 1.5,
    "PHONE_INVITES_SITE_MESSAGES_PER_DAY": True,
    "PHONE_INVITES_INVITE_FAILURES_PER_HOUR": 0,
    "PHONE_INVITES_PHONE_FAILURE_LENGTHS": {10: 13},
    "PHONE_INVITES_SITE_FAILURE_LENGTHS": [(250, 8)],
    "PHONE_INVITES_GATE": len,
    "PHONE_INVITES_PAUSED": "RU",
    "PHONE_INVITES_REGION_ALERT_SHARE": 0,
    "PHONE_INVITES_REGION_ALERT_MINIMUM": 0,
    "PHONE_INVITES_REGION_ALERT_PAUSES": None,
    "PHONE_INVITES_LOGIN_REDIRECT_URL": False,
    "PHONE_INVITES_LOGOUT_REDIRECT_URL": 3,
}


def test_each_setting_has_a_wrong_value_here() -> None:
    assert list(WRONG) == [setting.name for setting in app_settings]


@pytest.mark.parametrize(("number", "name"), list(enumerate(WRONG, start=1)))
def test_a_wrong_setting_is_reported_under_its_own_id(
    number: int, name: str, settings: Any
) -> None:
    setattr(settings, name, WRONG[name])
    message = one(f"phone_invites.E{100 + number}")
    assert message.is_serious()
    assert message.msg.startswith(f"{name} must be ")
    assert message.msg.endswith(".")


@pytest.mark.parametrize("name", [name for name in WRONG if "BACKEND" not in name])
def test_a_wrong_setting_is_reported_once(name: str, settings: Any) -> None:
    setattr(settings, name, WRONG[name])
    assert len(found()) == 1


@pytest.mark.parametrize("name", ["PHONE_INVITES_ROUTES", "PHONE_INVITES_API_ROUTES"])
@pytest.mark.parametrize("value", [[], {"code": 5}], ids=repr)
def test_wrong_routes_do_not_break_check_deploy(name: str, value: Any, settings: Any) -> None:
    setattr(settings, name, value)
    assert {"phone_invites.E109", "phone_invites.E110", "phone_invites.E006"} & set(
        ids(deploy=True)
    )


def test_an_unknown_setting_is_reported_with_the_one_that_was_meant(settings: Any) -> None:
    settings.PHONE_INVITES_CODE_LENGHT = 6
    message = one("phone_invites.E001")
    assert message.msg == "PHONE_INVITES_CODE_LENGHT is not a setting."
    assert message.hint == "Did you mean PHONE_INVITES_CODE_LENGTH?"


def test_an_unknown_setting_that_resembles_none_gets_the_whole_list(settings: Any) -> None:
    settings.PHONE_INVITES_ZZZZZZZZZZZZZZZZZZZZZZZZZZZZ = 1
    hint = one("phone_invites.E001").hint
    assert hint is not None
    assert hint.startswith("Known are: ")
    assert all(setting.name in hint for setting in app_settings)


def test_a_longest_cooldown_below_the_first_is_reported(settings: Any) -> None:
    settings.PHONE_INVITES_RESEND_COOLDOWN = dt.timedelta(minutes=33)
    message = one("phone_invites.E002")
    assert message.hint == "The cooldown doubles from the one up to the other."


def test_a_cooldown_that_stays_the_same_passes(settings: Any) -> None:
    settings.PHONE_INVITES_RESEND_COOLDOWN = dt.timedelta(minutes=32)
    assert found() == []


def test_pausing_without_watching_is_reported(settings: Any) -> None:
    settings.PHONE_INVITES_REGION_ALERT_PAUSES = True
    assert one("phone_invites.E012").hint == "Set PHONE_INVITES_REGION_ALERT_SHARE."
    settings.PHONE_INVITES_REGION_ALERT_SHARE = 0.3
    assert found() == []


def test_watching_without_pausing_passes(settings: Any) -> None:
    settings.PHONE_INVITES_REGION_ALERT_SHARE = 0.3
    assert found() == []


def test_a_region_that_does_not_exist_is_not_paused(settings: Any) -> None:
    settings.PHONE_INVITES_PAUSED = ["RU", "UK"]
    assert one("phone_invites.E013").msg == "PHONE_INVITES_PAUSED: there is no region 'UK'."


@pytest.mark.parametrize("value", [True, False, [], ["GB", "KZ"]])
def test_a_pause_of_what_exists_passes(value: Any, settings: Any) -> None:
    settings.PHONE_INVITES_PAUSED = value
    assert found() == []
