"""Each setting has its default, its bounds and its check, and is read live."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest

from django_phone_invites.conf import PREFIX, AppSettings, app_settings

DEFAULTS = {
    "code_length": 6,
    "code_lifetime": dt.timedelta(minutes=5),
    "code_attempts": 5,
    "resend_cooldown": dt.timedelta(minutes=1),
    "resend_cooldown_max": dt.timedelta(minutes=32),
    "phone_messages_per_hour": 5,
    "phone_messages_per_day": 10,
    "sender": {"BACKEND": "django_phone_invites.senders.console.ConsoleSender"},
    "routes": {},
    "api_routes": {},
    "default_region": None,
    "regions": None,
    "host": None,
    "site_name": "",
    "mask_invitees": True,
    "token_issuer": "django_phone_invites.api.issuers.authtoken.AuthTokenIssuer",
    "create_user": None,
    "authentication_backend": None,
    "trusted_proxies": 0,
    "limit_store": {"BACKEND": "django_phone_invites.limits.database.DatabaseStore"},
    "address_messages_per_hour": 10,
    "address_messages_per_day": 30,
    "address_failures_per_hour": 30,
    "block_messages_per_hour": 10,
    "site_messages_per_hour": None,
    "site_messages_per_day": None,
    "invite_failures_per_hour": 10,
    "phone_failure_lengths": {10: 8, 100: 12},
    "site_failure_lengths": {250: 8},
    "gate": None,
    "paused": False,
    "region_alert_share": None,
    "region_alert_minimum": 50,
    "region_alert_pauses": False,
    "login_redirect_url": None,
    "logout_redirect_url": None,
    "send": "inline",
    "test_numbers": {},
    "android_hash": None,
    "claim_max_age": None,
    "undo_window": dt.timedelta(days=3),
    "link_user": None,
    "sign_up": "open",
    "sign_up_notice": False,
}

SECOND = dt.timedelta(seconds=1)

LAST_DAY = dt.date(2027, 1, 31)
#: A test number, as the settings have it.
FIXED = {"code": "123456", "until": LAST_DAY}

RIGHT: list[tuple[str, Any]] = [
    ("code_length", 4),
    ("code_length", 12),
    ("code_lifetime", dt.timedelta(seconds=30)),
    ("code_lifetime", dt.timedelta(minutes=10)),
    ("code_attempts", 1),
    ("code_attempts", 10),
    ("resend_cooldown", dt.timedelta(0)),
    ("resend_cooldown", dt.timedelta(hours=1)),
    ("resend_cooldown_max", dt.timedelta(0)),
    ("resend_cooldown_max", dt.timedelta(hours=24)),
    ("phone_messages_per_hour", 1),
    ("phone_messages_per_hour", 60),
    ("phone_messages_per_day", 1),
    ("phone_messages_per_day", 100),
    ("default_region", "RU"),
    ("default_region", None),
    ("regions", ["RU", "KZ"]),
    ("regions", ("RU",)),
    ("regions", {"RU"}),
    ("regions", frozenset({"RU"})),
    ("regions", None),
    ("host", "example.com"),
    ("host", "localhost"),
    ("host", "xn--e1afmkfd.xn--p1ai"),
    ("host", "a" * 63 + ".com"),
    ("host", ".".join(["a" * 63, "b" * 63, "c" * 63, "d" * 61])),
    ("host", None),
    ("site_name", "Сайт"),
    ("mask_invitees", False),
    ("create_user", "site.people.make"),
    ("authentication_backend", "django.contrib.auth.backends.ModelBackend"),
    ("trusted_proxies", 0),
    ("trusted_proxies", 10),
    ("paused", True),
    ("paused", ["RU", "KZ"]),
    ("paused", {"RU"}),
    ("paused", []),
    ("region_alert_share", 0.001),
    ("region_alert_share", 1),
    ("region_alert_share", 1.0),
    ("region_alert_share", None),
    ("region_alert_minimum", 1),
    ("region_alert_minimum", 10_000),
    ("region_alert_pauses", True),
    ("android_hash", "FA+9qCX9VSu"),
    ("android_hash", "/0123456789"),
    ("android_hash", None),
    ("claim_max_age", dt.timedelta(days=1)),
    ("claim_max_age", dt.timedelta(days=3650)),
    ("claim_max_age", None),
    ("undo_window", dt.timedelta(0)),
    ("undo_window", dt.timedelta(days=30)),
    ("test_numbers", {"+79096869700": FIXED, "+12015550123": {**FIXED, "code": "0000"}}),
    ("test_numbers", {"+79096869700": {**FIXED, "code": "0" * 12, "until": dt.date(2020, 1, 1)}}),
    ("test_numbers", {"+1234567": FIXED, "+123456789012345": FIXED}),
]

WRONG: list[tuple[str, Any, str]] = [
    ("code_length", 3, "must be a whole number from 4 to 12"),
    ("code_length", 13, "must be a whole number from 4 to 12"),
    ("code_length", "6", "must be a whole number from 4 to 12"),
    ("code_length", 6.0, "must be a whole number from 4 to 12"),
    ("code_attempts", True, "must be a whole number from 1 to 10"),
    ("code_attempts", 0, "must be a whole number from 1 to 10"),
    ("code_attempts", 11, "must be a whole number from 1 to 10"),
    ("code_lifetime", 300, "must be a datetime.timedelta from 0:00:30 to 0:10:00"),
    (
        "code_lifetime",
        dt.timedelta(seconds=30) - SECOND,
        "must be a datetime.timedelta from 0:00:30 to 0:10:00",
    ),
    (
        "code_lifetime",
        dt.timedelta(minutes=10) + SECOND,
        "must be a datetime.timedelta from 0:00:30 to 0:10:00",
    ),
    ("resend_cooldown", -SECOND, "must be a datetime.timedelta from 0:00:00 to 1:00:00"),
    (
        "resend_cooldown",
        dt.timedelta(hours=1) + SECOND,
        "must be a datetime.timedelta from 0:00:00 to 1:00:00",
    ),
    (
        "resend_cooldown_max",
        dt.timedelta(hours=24) + SECOND,
        "must be a datetime.timedelta from 0:00:00 to 1 day, 0:00:00",
    ),
    *[
        (
            "claim_max_age",
            value,
            "must be a datetime.timedelta from 1 day, 0:00:00 to 3650 days, 0:00:00, or None",
        )
        for value in (dt.timedelta(days=1) - SECOND, dt.timedelta(days=3650) + SECOND, 400, False)
    ],
    *[
        ("undo_window", value, "must be a datetime.timedelta from 0:00:00 to 30 days, 0:00:00")
        for value in (-SECOND, dt.timedelta(days=30) + SECOND, 3, None)
    ],
    ("phone_messages_per_hour", 0, "must be a whole number from 1 to 60"),
    ("phone_messages_per_hour", 61, "must be a whole number from 1 to 60"),
    ("phone_messages_per_day", 0, "must be a whole number from 1 to 100"),
    ("phone_messages_per_day", 101, "must be a whole number from 1 to 100"),
    ("sender", "a.b.C", 'must be a dict such as {"BACKEND": "...", "OPTIONS": {...}}'),
    ("sender", None, 'must be a dict such as {"BACKEND": "...", "OPTIONS": {...}}'),
    ("routes", [], "must be a dict of route names and paths"),
    ("api_routes", None, "must be a dict of route names and paths"),
    ("default_region", "ru", 'must be an ISO 3166-1 region code such as "RU", or None'),
    ("default_region", "RUS", 'must be an ISO 3166-1 region code such as "RU", or None'),
    ("default_region", 7, 'must be an ISO 3166-1 region code such as "RU", or None'),
    ("site_name", None, "must be a string"),
    ("mask_invitees", 1, "must be True or False"),
    ("mask_invitees", None, "must be True or False"),
    ("token_issuer", None, "must be the dotted path of an issuer or a function"),
    ("create_user", len, "must be the dotted path of a function or None"),
    (
        "authentication_backend",
        3,
        "must be a dotted path out of AUTHENTICATION_BACKENDS or None",
    ),
    ("trusted_proxies", -1, "must be a whole number from 0 to 10"),
    ("trusted_proxies", 11, "must be a whole number from 0 to 10"),
    ("region_alert_minimum", 0, "must be a whole number from 1 to 10000"),
    ("region_alert_minimum", 10_001, "must be a whole number from 1 to 10000"),
    ("region_alert_pauses", 1, "must be True or False"),
    *[
        (
            "paused",
            value,
            'must be True, False or a list of ISO 3166-1 region codes such as ["RU", "KZ"]',
        )
        for value in (None, "RU", 1, ["ru"], [""], [None], {"RU": 1})
    ],
    *[
        ("region_alert_share", value, "must be a number over 0 and up to 1, or None")
        for value in (0, 0.0, -0.1, 1.001, True, "0.3", float("nan"))
    ],
    *[
        (
            "regions",
            value,
            'must be a list of ISO 3166-1 region codes such as ["RU", "KZ"], or None for all',
        )
        for value in ("RU", [], ["ru"], [None], ["RU", 7], {"RU": 1})
    ],
    *[
        (
            "test_numbers",
            value,
            'must be a dict of numbers in E.164, each with its "code" and "until"',
        )
        for value in (None, [], "+79096869700", [("+79096869700", FIXED)])
    ],
    *[
        (
            "test_numbers",
            {"+79096869722": FIXED, number: FIXED},
            f"must have numbers in E.164, such as '+79096869700', and not {number!r}",
        )
        for number in (
            *("79096869700", "+7 909 686-97-00", "+0123456789", "+123456", "+1234567890123456"),
            *("+79096869700\n", "+٧٩٠٩٦٨٦٩٧٠٠", "", 79096869700, None),
        )
    ],
    *[
        (
            "test_numbers",
            {"+79096869700": fixed},
            'must have a "code" and an "until" for \'+79096869700\', and nothing else',
        )
        for fixed in (
            *({"code": "123456"}, {"until": LAST_DAY}, {}, {**FIXED, "from": LAST_DAY}),
            *("123456", None, ["code", "until"], {"code", "until"}),
        )
    ],
    *[
        (
            "test_numbers",
            {"+79096869700": {**FIXED, "code": code}},
            "must have a string of 4 to 12 digits as the \"code\" of '+79096869700'",
        )
        for code in ("123", "0" * 13, "12345a", "123456\n", " 123456", "１２３４５６", 123456, None)
    ],
    *[
        (
            "test_numbers",
            {"+79096869700": {**FIXED, "until": until}},
            "must have a datetime.date, its last day, as the \"until\" of '+79096869700'",
        )
        for until in ("2027-01-31", None, dt.datetime(2027, 1, 31), dt.timedelta(days=30))  # noqa: DTZ001
    ],
    *[
        ("host", value, 'must be a lower-case host name such as "example.com", or None')
        for value in (
            "",
            "Example.com",
            "https://example.com",
            "example.com:8000",
            "example.com/",
            "example.com\n",
            "-a.com",
            "a-.com",
            "a..com",
            "a" * 64 + ".com",
            ".".join(["a" * 63, "b" * 63, "c" * 63, "d" * 62]),
            "пример.рф",
            b"example.com",
        )
    ],
    *[
        (
            "android_hash",
            value,
            'must be the 11 characters of a hash such as "FA+9qCX9VSu", or None',
        )
        for value in (
            "",
            "FA+9qCX9VS",
            "FA+9qCX9VSu=",
            "FA+9qCX9VSu\n",
            "FA-9qCX9VSu",
            "FA 9qCX9VSu",
            "ЁA+9qCX9VSu",
            b"FA+9qCX9VSu",
        )
    ],
]


def declared(name: str) -> Any:
    return getattr(AppSettings, name)


def test_defaults_are_the_documented_ones(settings: Any) -> None:
    del settings.PHONE_INVITES_SENDER
    assert {name: getattr(app_settings, name) for name in DEFAULTS} == DEFAULTS


def test_every_setting_is_iterated_in_the_order_of_its_check() -> None:
    found = list(app_settings)
    assert [setting.name for setting in found] == [PREFIX + name.upper() for name in DEFAULTS]
    check_ids = [setting.check_id for setting in found]
    assert check_ids == sorted(set(check_ids))
    assert all(re.fullmatch(r"phone_invites\.E1\d\d", check_id) for check_id in check_ids)


@pytest.mark.parametrize("name", DEFAULTS)
def test_defaults_are_right(name: str, settings: Any) -> None:
    if hasattr(settings, declared(name).name):
        delattr(settings, declared(name).name)
    assert declared(name).problem is None


def test_a_setting_is_read_live(settings: Any) -> None:
    settings.PHONE_INVITES_CODE_LENGTH = 8
    assert app_settings.code_length == 8
    settings.PHONE_INVITES_CODE_LENGTH = 9
    assert app_settings.code_length == 9


@pytest.mark.parametrize(("name", "value"), RIGHT)
def test_right_values_pass_up_to_their_bounds(name: str, value: Any, settings: Any) -> None:
    setattr(settings, declared(name).name, value)
    assert declared(name).problem is None
    assert getattr(app_settings, name) == value


@pytest.mark.parametrize(("name", "value", "problem"), WRONG)
def test_wrong_values_are_told_what_they_must_be(
    name: str, value: Any, problem: str, settings: Any
) -> None:
    setattr(settings, declared(name).name, value)
    assert declared(name).problem == problem
