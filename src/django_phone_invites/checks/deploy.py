"""What a deployment must decide."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.conf import settings as django_settings
from django.core.checks import CheckMessage, Error, Warning
from django.utils import timezone

from django_phone_invites import sessions
from django_phone_invites.checks.routes import check_routes
from django_phone_invites.checks.settings import wrong
from django_phone_invites.conf import FixedCode, app_settings
from django_phone_invites.routes import (
    api_path,
    parameters,
    web_path,
)
from django_phone_invites.senders import get_sender
from django_phone_invites.services import fixed_codes

#: A test number that lasts longer has been forgotten.
TEST_NUMBER_LIFE = dt.timedelta(days=366)


def check_code_length(**kwargs: Any) -> list[CheckMessage]:
    """W002: codes are long enough (OWASP ASVS 5.0, 6.5.4; NIST SP 800-63B-4, 3.1.3.2)."""
    if wrong("code_length") or app_settings.code_length >= 6:
        return []
    return [
        Warning(
            f"PHONE_INVITES_CODE_LENGTH is {app_settings.code_length}: short codes are guessed.",
            hint="Set it to 6 or more.",
            id="phone_invites.W002",
        )
    ]


def check_development_sender(**kwargs: Any) -> list[CheckMessage]:
    """E010: codes do not go where others read them."""
    try:
        sender = get_sender()
    except Exception:  # noqa: BLE001 - E003 has said so
        return []
    names = [type(member).__name__ for member in sender.members() if member.development]
    return [
        Error(
            f"{name} shows login codes on the server and sends no messages.",
            hint="Let PHONE_INVITES_SENDER name senders of your providers only.",
            id="phone_invites.E010",
        )
        for name in dict.fromkeys(names)
    ]


def check_sessions(**kwargs: Any) -> list[CheckMessage]:
    """W014: sessions are kept where they can be ended (OWASP ASVS 5.0, 7.4.1)."""
    try:
        are_kept = sessions.can_be_shown()
    except (ImportError, AttributeError):  # Django says so at the first request.
        return []
    if are_kept:
        return []
    return [
        Warning(
            "SESSION_ENGINE keeps sessions in cookies: nobody sees where they are logged in, and"
            " a copy of a cookie works on after the logout.",
            hint="Keep them in the database or in a cache.",
            id="phone_invites.W014",
        )
    ]


def check_guessable_ids(**kwargs: Any) -> list[CheckMessage]:
    """W003: the ids of codes are not counted up."""
    if wrong("routes", "api_routes") or check_routes():
        return []
    paths = {"PHONE_INVITES_ROUTES": web_path("code"), "PHONE_INVITES_API_ROUTES": api_path("code")}
    return [
        Warning(
            f"{name}: the route 'code' holds an id that can be guessed.",
            hint="With it a stranger can spend the attempts of somebody else's code. "
            "Use <str:token> in place of <int:pk>.",
            id="phone_invites.W003",
        )
        for name, path in paths.items()
        if "pk" in parameters(path)
    ]


def check_regions(**kwargs: Any) -> list[CheckMessage]:
    """W004: it was decided which countries messages are paid for."""
    if app_settings.regions is not None:
        return []
    return [
        Warning(
            "PHONE_INVITES_REGIONS is not set: messages are sent to every country.",
            hint='Name the regions of your users, for example ["RU", "KZ"]. Fraudsters live on '
            "messages to expensive ones.",
            id="phone_invites.W004",
        )
    ]


def check_host(**kwargs: Any) -> list[CheckMessage]:
    """W005: messages are bound to the site, so that browsers fill in the code nowhere else."""
    if app_settings.host is not None:
        return []
    return [
        Warning(
            "PHONE_INVITES_HOST is not set: messages are not bound to your site.",
            hint='Set it to the host of your pages, for example "example.com".',
            id="phone_invites.W005",
        )
    ]


def check_site_messages(**kwargs: Any) -> list[CheckMessage]:
    """W007: it was decided how many messages the site pays for."""
    if app_settings.site_messages_per_hour or app_settings.site_messages_per_day:
        return []
    return [
        Warning(
            "The messages of the site are not limited.",
            hint="Set PHONE_INVITES_SITE_MESSAGES_PER_HOUR, PHONE_INVITES_SITE_MESSAGES_PER_DAY or "
            "both to what you can pay for.",
            id="phone_invites.W007",
        )
    ]


def check_proxies(**kwargs: Any) -> list[CheckMessage]:
    """W008: a site that says it is behind a proxy trusts one."""
    behind = django_settings.SECURE_PROXY_SSL_HEADER or django_settings.USE_X_FORWARDED_HOST
    if not behind or app_settings.trusted_proxies:
        return []
    return [
        Warning(
            "PHONE_INVITES_TRUSTED_PROXIES is 0, and the site is behind a proxy.",
            hint="Set it to the number of proxies. With 0 all visitors share the address of the "
            "proxy, and its limits.",
            id="phone_invites.W008",
        )
    ]


def check_test_numbers_in_force(**kwargs: Any) -> list[CheckMessage]:
    """W009: nobody logs in with a code that others know."""
    if wrong("test_numbers"):
        return []
    now = timezone.now()
    return [
        Warning(
            f"PHONE_INVITES_TEST_NUMBERS: {number} {_standing(fixed, now)}.",
            hint=_advice(fixed, now),
            id="phone_invites.W009",
        )
        for number, fixed in app_settings.test_numbers.items()
    ]


def _standing(fixed: FixedCode, now: dt.datetime) -> str:
    if fixed_codes.is_in_force(fixed, now):
        return f"logs in with a code that never changes until {fixed['until']}"
    return f"was a test number until {fixed['until']}"


def _advice(fixed: FixedCode, now: dt.datetime) -> str:
    if not fixed_codes.is_in_force(fixed, now):
        return "Remove it."
    if fixed["until"] > now.date() + TEST_NUMBER_LIFE:
        return "Let it end within a year: it is set anew with the next review."
    return "Remove it once the review is over."
