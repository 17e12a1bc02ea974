"""What the settings say on their own."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.conf import settings as django_settings

from django_phone_invites.conf import Setting, app_settings
from tests.checks.reports import MEMORY, found, ids, one

pytestmark = pytest.mark.django_db  # Django's checks of JSONField ask the database.


needs_api = pytest.mark.skipif(not django_settings.HAS_DRF, reason="REST framework is missing")


#: What a test number is given.
FIXED = {"code": "123456", "until": dt.date(2027, 1, 31)}

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
    "PHONE_INVITES_SEND": "later",
    "PHONE_INVITES_TEST_NUMBERS": ["+79096869700"],
    "PHONE_INVITES_ANDROID_HASH": "FA+9qCX9VSu=",
    "PHONE_INVITES_CLAIM_MAX_AGE": dt.timedelta(hours=23),
    "PHONE_INVITES_UNDO_WINDOW": 3,
    "PHONE_INVITES_LINK_USER": "mobile",
    "PHONE_INVITES_SIGN_UP": "shut",
    "PHONE_INVITES_SIGN_UP_NOTICE": 1,
}


def test_each_setting_has_a_wrong_value_here() -> None:
    assert list(WRONG) == [setting.name for setting in app_settings]


@pytest.mark.parametrize("setting", list(app_settings), ids=lambda setting: setting.name)
def test_a_wrong_setting_is_reported_under_its_own_id(setting: Setting[Any], settings: Any) -> None:
    name = setting.name
    setattr(settings, name, WRONG[name])
    message = one(setting.check_id)
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


def test_a_number_is_not_taken_over_within_the_window_to_undo(settings: Any) -> None:
    settings.PHONE_INVITES_CLAIM_MAX_AGE = dt.timedelta(days=3)
    assert (one("phone_invites.E017").hint or "").startswith("Let it be as long as")
    settings.PHONE_INVITES_CLAIM_MAX_AGE += dt.timedelta(microseconds=1)
    assert found() == []


def test_pausing_without_watching_is_reported(settings: Any) -> None:
    settings.PHONE_INVITES_REGION_ALERT_PAUSES = True
    assert one("phone_invites.E012").hint == "Set PHONE_INVITES_REGION_ALERT_SHARE."
    settings.PHONE_INVITES_REGION_ALERT_SHARE = 0.3
    assert found() == []


def test_watching_without_pausing_passes(settings: Any) -> None:
    settings.PHONE_INVITES_REGION_ALERT_SHARE = 0.3
    assert found() == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PHONE_INVITES_PAUSED", ["RU", "UK"]),
        ("PHONE_INVITES_REGIONS", ["RU", "UK"]),
        ("PHONE_INVITES_DEFAULT_REGION", "UK"),
    ],
)
def test_a_region_that_does_not_exist_is_reported(name: str, value: Any, settings: Any) -> None:
    setattr(settings, name, value)
    assert one("phone_invites.E013").msg == f"{name}: there is no region 'UK'."


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("PHONE_INVITES_PAUSED", value) for value in (True, False, [], ["GB", "KZ"])),
        ("PHONE_INVITES_REGIONS", ["GB", "KZ"]),
        ("PHONE_INVITES_REGIONS", None),
        ("PHONE_INVITES_DEFAULT_REGION", "GB"),
        ("PHONE_INVITES_DEFAULT_REGION", None),
    ],
)
def test_a_region_that_exists_passes(name: str, value: Any, settings: Any) -> None:
    setattr(settings, name, value)
    assert found() == []


def test_a_list_of_regions_that_is_none_is_reported_once(settings: Any) -> None:
    settings.PHONE_INVITES_REGIONS = ["ru"]
    assert one("phone_invites.E112").msg.startswith("PHONE_INVITES_REGIONS must be a list")


@pytest.mark.parametrize(
    ("number", "hint"),
    [
        ("+70000000000", "Enter a valid phone number, beginning with + and its country code."),
        ("+5215512345678", "Enter a valid phone number, beginning with + and its country code."),
        ("+74951234567", "Codes are sent to mobile numbers only."),
        ("+77011234567", "Codes are not sent to numbers of this country."),
    ],
    ids=["unknown", "written otherwise", "fixed line", "region"],
)
def test_a_test_number_that_nobody_can_enter_is_reported(
    number: str, hint: str, settings: Any
) -> None:
    settings.PHONE_INVITES_REGIONS = ["RU", "MX"]
    settings.PHONE_INVITES_TEST_NUMBERS = {"+79096869700": FIXED, number: FIXED}
    message = one("phone_invites.E138")
    assert message.is_serious()
    assert message.msg == f"PHONE_INVITES_TEST_NUMBERS: no code can be asked for with {number}."
    assert message.hint == hint


def test_a_test_number_with_an_end_passes(settings: Any) -> None:
    settings.PHONE_INVITES_TEST_NUMBERS = {"+79096869700": FIXED}
    assert found() == []


@pytest.mark.parametrize(
    "wrong",
    [{"code": "13579246"}, {"code": 13579246, "until": "2027-01-31"}],
    ids=["no end", "no text"],
)
def test_what_is_wrong_with_a_test_number_does_not_tell_its_code(wrong: Any, settings: Any) -> None:
    settings.PHONE_INVITES_TEST_NUMBERS = {"+79096869700": wrong}
    assert "13579246" not in repr(one("phone_invites.E138"))
