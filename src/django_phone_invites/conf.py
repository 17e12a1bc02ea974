"""Every ``PHONE_INVITES_*`` setting: its default, its bounds and the id of its check.

A setting is read from ``django.conf.settings`` each time, so that ``override_settings`` works. A
wrong value is reported by ``manage.py check`` (``checks.py``), never by a request.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator
from typing import Any, Generic, TypedDict, TypeVar, overload

from django.conf import settings as django_settings

PREFIX = "PHONE_INVITES_"

#: The fewest and the most digits of a login code.
CODE_LENGTHS = (4, 12)

#: Who may sign up, where no function of the site's says so.
SIGN_UP_POLICIES = ("open", "invite", "closed")

T = TypeVar("T")

#: Says what a value must be, or None when the value is right.
Rule = Callable[[object], "str | None"]


class FixedCode(TypedDict):
    """What a test number is given: its code, and the last day (in UTC) on which it is right."""

    code: str
    until: dt.date


class Setting(Generic[T]):
    """One setting, read live."""

    def __init__(self, check_id: str, default: T, rule: Rule) -> None:
        self.check_id = check_id
        self.default = default
        self.rule = rule
        self.name = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = PREFIX + name.upper()

    @overload
    def __get__(self, instance: None, owner: type) -> Setting[T]: ...
    @overload
    def __get__(self, instance: object, owner: type) -> T: ...
    def __get__(self, instance: object | None, owner: type) -> Setting[T] | T:
        if instance is None:
            return self
        value: T = getattr(django_settings, self.name, self.default)
        return value

    @property
    def problem(self) -> str | None:
        """What the value in force must be instead, or None when it is right."""
        return self.rule(getattr(django_settings, self.name, self.default))


def _is_whole(value: object, low: int, high: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def _whole_number(low: int, high: int, *, optional: bool = False) -> Rule:
    words = f"must be a whole number from {low} to {high}" + (", or None" if optional else "")

    def rule(value: object) -> str | None:
        right = _is_whole(value, low, high) or (optional and value is None)
        return None if right else words

    return rule


def _most(high: int) -> Rule:
    """Return the rule of a limit that can be switched off."""
    return _whole_number(1, high, optional=True)


def _duration(low: dt.timedelta, high: dt.timedelta, *, optional: bool = False) -> Rule:
    words = f"must be a datetime.timedelta from {low} to {high}" + (", or None" if optional else "")

    def rule(value: object) -> str | None:
        right = isinstance(value, dt.timedelta) and low <= value <= high
        return None if right or (optional and value is None) else words

    return rule


def _instance(kind: type, words: str, *, optional: bool = False) -> Rule:
    def rule(value: object) -> str | None:
        right = isinstance(value, kind) or (optional and value is None)
        return None if right else f"must be {words}" + (" or None" if optional else "")

    return rule


def _one_of(*values: str) -> Rule:
    def rule(value: object) -> str | None:
        return (
            None if value in values else "must be " + " or ".join(f'"{value}"' for value in values)
        )

    return rule


def _sign_up(value: object) -> str | None:
    right = isinstance(value, str) and (value in SIGN_UP_POLICIES or "." in value)
    words = "".join(f'"{policy}", ' for policy in SIGN_UP_POLICIES)
    return None if right else f"must be {words}or the dotted path of a function"


def _link_user(value: object) -> str | None:
    names = {"FIELD", "VERIFIED_FIELD"}
    is_dict = isinstance(value, dict) and "FIELD" in value and names >= value.keys()
    if is_dict and all(isinstance(one, str) and one for one in value.values()):  # type: ignore[attr-defined]
        return None
    if value is None or (isinstance(value, str) and "." in value):
        return None
    return 'must be a dict such as {"FIELD": "mobile"}, the dotted path of a function, or None'


def _lengths(value: object) -> str | None:
    right = isinstance(value, dict) and all(
        _is_whole(failures, 1, 100_000) and _is_whole(digits, *CODE_LENGTHS)
        for failures, digits in value.items()
    )
    if right:
        return None
    return "must be a dict from failures (1 to 100000) to digits (4 to 12) such as {10: 8}"


def _region(value: object) -> str | None:
    right = value is None or (isinstance(value, str) and re.fullmatch("[A-Z]{2}", value))
    return None if right else 'must be an ISO 3166-1 region code such as "RU", or None'


def _regions(value: object) -> str | None:
    if value is None:
        return None
    listed = value if isinstance(value, (list, tuple, set, frozenset)) else []
    if listed and all(region is not None and _region(region) is None for region in listed):
        return None
    return 'must be a list of ISO 3166-1 region codes such as ["RU", "KZ"], or None for all'


def _paused(value: object) -> str | None:
    if isinstance(value, bool) or value == [] or (value is not None and _regions(value) is None):
        return None
    return 'must be True, False or a list of ISO 3166-1 region codes such as ["RU", "KZ"]'


def _share(value: object) -> str | None:
    right = value is None or (
        isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value <= 1
    )
    return None if right else "must be a number over 0 and up to 1, or None"


def _test_numbers(value: object) -> str | None:
    if not isinstance(value, dict):
        return 'must be a dict of numbers in E.164, each with its "code" and "until"'
    found = (_test_number(number, fixed) for number, fixed in value.items())
    return next((problem for problem in found if problem is not None), None)


def _test_number(number: object, fixed: object) -> str | None:
    # None of these says the code: what a check prints is read by more people than the settings.
    if not isinstance(number, str) or not re.fullmatch(r"\+[1-9][0-9]{6,14}", number):
        return f"must have numbers in E.164, such as '+79096869700', and not {number!r}"
    if not isinstance(fixed, dict) or set(fixed) != {"code", "until"}:
        return f'must have a "code" and an "until" for {number!r}, and nothing else'
    code, until = fixed["code"], fixed["until"]
    if not isinstance(code, str) or not re.fullmatch("[0-9]{4,12}", code):
        return f'must have a string of 4 to 12 digits as the "code" of {number!r}'
    # A datetime is a date too, but not one that a day can be compared with.
    if not isinstance(until, dt.date) or isinstance(until, dt.datetime):
        return f'must have a datetime.date, its last day, as the "until" of {number!r}'
    return None


def _host(value: object) -> str | None:
    # RFC 1123, 2.1: labels of letters, digits and inner hyphens, at most 63 octets each.
    label = "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
    right = value is None or (
        isinstance(value, str)
        and len(value) <= 253
        and re.fullmatch(rf"{label}(\.{label})*", value)
    )
    return None if right else 'must be a lower-case host name such as "example.com", or None'


def _android_hash(value: object) -> str | None:
    # The first 11 characters of a digest in Base64.
    right = value is None or (isinstance(value, str) and re.fullmatch("[A-Za-z0-9+/]{11}", value))
    return None if right else 'must be the 11 characters of a hash such as "FA+9qCX9VSu", or None'


class AppSettings:
    """The settings in force, one attribute each: ``app_settings.code_length``."""

    code_length: Setting[int] = Setting("phone_invites.E101", 6, _whole_number(*CODE_LENGTHS))
    code_lifetime: Setting[dt.timedelta] = Setting(
        "phone_invites.E102",
        dt.timedelta(minutes=5),
        # OWASP ASVS 5.0, 6.5.5 and NIST SP 800-63B-4, 3.1.3.2: ten minutes at most.
        _duration(dt.timedelta(seconds=30), dt.timedelta(minutes=10)),
    )
    code_attempts: Setting[int] = Setting("phone_invites.E103", 5, _whole_number(1, 10))
    resend_cooldown: Setting[dt.timedelta] = Setting(
        "phone_invites.E104",
        dt.timedelta(minutes=1),
        _duration(dt.timedelta(0), dt.timedelta(hours=1)),
    )
    resend_cooldown_max: Setting[dt.timedelta] = Setting(
        "phone_invites.E105",
        dt.timedelta(minutes=32),
        _duration(dt.timedelta(0), dt.timedelta(hours=24)),
    )
    phone_messages_per_hour: Setting[int] = Setting("phone_invites.E106", 5, _whole_number(1, 60))
    phone_messages_per_day: Setting[int] = Setting("phone_invites.E107", 10, _whole_number(1, 100))
    sender: Setting[dict[str, Any]] = Setting(
        "phone_invites.E108",
        {"BACKEND": "django_phone_invites.senders.console.ConsoleSender"},
        _instance(dict, 'a dict such as {"BACKEND": "...", "OPTIONS": {...}}'),
    )
    routes: Setting[dict[str, str]] = Setting(
        "phone_invites.E109", {}, _instance(dict, "a dict of route names and paths")
    )
    api_routes: Setting[dict[str, str]] = Setting(
        "phone_invites.E110", {}, _instance(dict, "a dict of route names and paths")
    )
    default_region: Setting[str | None] = Setting("phone_invites.E111", None, _region)
    regions: Setting[list[str] | None] = Setting("phone_invites.E112", None, _regions)
    host: Setting[str | None] = Setting("phone_invites.E113", None, _host)
    site_name: Setting[str] = Setting("phone_invites.E114", "", _instance(str, "a string"))
    mask_invitees: Setting[bool] = Setting(
        "phone_invites.E115", True, _instance(bool, "True or False")
    )
    token_issuer: Setting[str] = Setting(
        "phone_invites.E116",
        "django_phone_invites.api.issuers.authtoken.AuthTokenIssuer",
        _instance(str, "the dotted path of an issuer or a function"),
    )
    create_user: Setting[str | None] = Setting(
        "phone_invites.E117", None, _instance(str, "the dotted path of a function", optional=True)
    )
    authentication_backend: Setting[str | None] = Setting(
        "phone_invites.E118",
        None,
        _instance(str, "a dotted path out of AUTHENTICATION_BACKENDS", optional=True),
    )
    trusted_proxies: Setting[int] = Setting("phone_invites.E119", 0, _whole_number(0, 10))
    limit_store: Setting[dict[str, Any]] = Setting(
        "phone_invites.E120",
        {"BACKEND": "django_phone_invites.limits.database.DatabaseStore"},
        _instance(dict, 'a dict such as {"BACKEND": "...", "OPTIONS": {...}}'),
    )
    address_messages_per_hour: Setting[int | None] = Setting("phone_invites.E121", 10, _most(10**6))
    address_messages_per_day: Setting[int | None] = Setting("phone_invites.E122", 30, _most(10**6))
    address_failures_per_hour: Setting[int | None] = Setting("phone_invites.E123", 30, _most(10**6))
    block_messages_per_hour: Setting[int | None] = Setting("phone_invites.E124", 10, _most(1000))
    site_messages_per_hour: Setting[int | None] = Setting("phone_invites.E125", None, _most(10**9))
    site_messages_per_day: Setting[int | None] = Setting("phone_invites.E126", None, _most(10**9))
    invite_failures_per_hour: Setting[int | None] = Setting("phone_invites.E127", 10, _most(1000))
    phone_failure_lengths: Setting[dict[int, int]] = Setting(
        "phone_invites.E128", {10: 8, 100: 12}, _lengths
    )
    site_failure_lengths: Setting[dict[int, int]] = Setting(
        "phone_invites.E129", {250: 8}, _lengths
    )
    gate: Setting[str | None] = Setting(
        "phone_invites.E130", None, _instance(str, "the dotted path of a function", optional=True)
    )
    paused: Setting[bool | list[str]] = Setting("phone_invites.E131", False, _paused)
    region_alert_share: Setting[float | None] = Setting("phone_invites.E132", None, _share)
    region_alert_minimum: Setting[int] = Setting("phone_invites.E133", 50, _whole_number(1, 10_000))
    region_alert_pauses: Setting[bool] = Setting(
        "phone_invites.E134", False, _instance(bool, "True or False")
    )
    login_redirect_url: Setting[str | None] = Setting(
        "phone_invites.E135", None, _instance(str, "a URL or the name of one", optional=True)
    )
    logout_redirect_url: Setting[str | None] = Setting(
        "phone_invites.E136", None, _instance(str, "a URL or the name of one", optional=True)
    )
    send: Setting[str] = Setting("phone_invites.E137", "inline", _one_of("inline", "task"))
    test_numbers: Setting[dict[str, FixedCode]] = Setting("phone_invites.E138", {}, _test_numbers)
    android_hash: Setting[str | None] = Setting("phone_invites.E139", None, _android_hash)
    claim_max_age: Setting[dt.timedelta | None] = Setting(
        "phone_invites.E140",
        None,
        _duration(dt.timedelta(days=1), dt.timedelta(days=3650), optional=True),
    )
    undo_window: Setting[dt.timedelta] = Setting(
        "phone_invites.E141",
        dt.timedelta(days=3),
        _duration(dt.timedelta(0), dt.timedelta(days=30)),
    )
    link_user: Setting[dict[str, str] | str | None] = Setting(
        "phone_invites.E142", None, _link_user
    )
    sign_up: Setting[str] = Setting("phone_invites.E145", "open", _sign_up)
    sign_up_notice: Setting[bool] = Setting(
        "phone_invites.E146", False, _instance(bool, "True or False")
    )

    def __iter__(self) -> Iterator[Setting[Any]]:
        """Yield the declarations, in their order."""
        return (item for item in vars(type(self)).values() if isinstance(item, Setting))


app_settings = AppSettings()
