"""What the settings say on their own."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import Any

from django.conf import settings as django_settings
from django.core.checks import CheckMessage, Error

from django_phone_invites import phones
from django_phone_invites.conf import PREFIX, AppSettings, app_settings
from django_phone_invites.exceptions import FieldRefusal, PhoneInvalid


def check_values(**kwargs: Any) -> list[CheckMessage]:
    """E101 and on: each setting is of its type and within its bounds."""
    return [
        Error(f"{setting.name} {setting.problem}.", id=setting.check_id)
        for setting in app_settings
        if setting.problem
    ]


def check_names(**kwargs: Any) -> list[CheckMessage]:
    """E001: every setting with the prefix is one that exists."""
    known = [setting.name for setting in app_settings]
    unknown = [
        name for name in dir(django_settings) if name.startswith(PREFIX) and name not in known
    ]
    return [
        Error(f"{name} is not a setting.", hint=did_you_mean(name, known), id="phone_invites.E001")
        for name in unknown
    ]


def check_cooldown(**kwargs: Any) -> list[CheckMessage]:
    """E002: the longest cooldown is not shorter than the first."""
    if wrong("resend_cooldown", "resend_cooldown_max"):
        return []
    if app_settings.resend_cooldown <= app_settings.resend_cooldown_max:
        return []
    return [
        Error(
            "PHONE_INVITES_RESEND_COOLDOWN_MAX is shorter than PHONE_INVITES_RESEND_COOLDOWN.",
            hint="The cooldown doubles from the one up to the other.",
            id="phone_invites.E002",
        )
    ]


def check_claim_age(**kwargs: Any) -> list[CheckMessage]:
    """E017: nobody takes over a number that was changed to within the window to undo it."""
    if wrong("claim_max_age", "undo_window") or app_settings.claim_max_age is None:
        return []
    if app_settings.undo_window < app_settings.claim_max_age:
        return []
    return [
        Error(
            "PHONE_INVITES_CLAIM_MAX_AGE is not longer than PHONE_INVITES_UNDO_WINDOW.",
            hint="Let it be as long as your operators keep a number before they give it out again.",
            id="phone_invites.E017",
        )
    ]


def check_region_alert(**kwargs: Any) -> list[CheckMessage]:
    """E012: what pauses regions by itself watches over them."""
    if wrong("region_alert_share", "region_alert_pauses"):
        return []
    if not app_settings.region_alert_pauses or app_settings.region_alert_share is not None:
        return []
    return [
        Error(
            "PHONE_INVITES_REGION_ALERT_PAUSES is True, but no region is watched.",
            hint="Set PHONE_INVITES_REGION_ALERT_SHARE.",
            id="phone_invites.E012",
        )
    ]


def check_regions_exist(**kwargs: Any) -> list[CheckMessage]:
    """E013: the regions that settings name are some."""
    named = {
        "default_region": [app_settings.default_region],
        "regions": app_settings.regions,
        "paused": app_settings.paused,
    }
    return [
        Error(
            f"{PREFIX}{name.upper()}: there is no region {region!r}.",
            hint="Use ISO 3166-1 codes. The United Kingdom is GB.",
            id="phone_invites.E013",
        )
        for name, regions in named.items()
        if not wrong(name) and regions and regions is not True
        for region in sorted({*regions} - {None} - phones.REGIONS)
    ]


def check_test_numbers(**kwargs: Any) -> list[CheckMessage]:
    """E138: a code can be asked for with each test number, as it is written."""
    if wrong("test_numbers", "regions", "default_region"):
        return []
    refused = {number: _refusal_of(number) for number in app_settings.test_numbers}
    return [
        Error(
            f"PHONE_INVITES_TEST_NUMBERS: no code can be asked for with {number}.",
            hint=str(refusal),
            id="phone_invites.E138",
        )
        for number, refusal in refused.items()
        if refusal is not None
    ]


def _refusal_of(number: str) -> FieldRefusal | None:
    try:
        if phones.parse(number) != number:
            return PhoneInvalid()
        phones.require_textable(number)
    except FieldRefusal as refusal:
        return refusal
    return None


def wrong(*names: str) -> bool:
    """Tell whether E101 and on have something to say about one of these settings."""
    return any(getattr(AppSettings, name).problem for name in names)


def did_you_mean(name: str, known: Sequence[str]) -> str:
    """Return the hint for a name that does not exist."""
    close = difflib.get_close_matches(name, known, n=1)
    return f"Did you mean {close[0]}?" if close else f"Known are: {', '.join(sorted(known))}."
