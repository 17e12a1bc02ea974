"""What the message of a login code takes, in each language of the site."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

from django.conf import settings as django_settings
from django.core.checks import CheckMessage, Warning
from django.utils import timezone

from django_phone_invites import segments, text
from django_phone_invites.checks.settings import wrong
from django_phone_invites.conf import app_settings
from django_phone_invites.limits import policy
from django_phone_invites.models import LoginCode
from django_phone_invites.senders import Message

#: What is wrong with a message, and what helps.
_Problem = tuple[str, str]

_TOO_LONG = (
    "One segment holds 160 units of GSM-7, or 70 of UCS-2 as soon as one sign is not in GSM-7. "
    "Shorten the template (phone_invites/message/), PHONE_INVITES_SITE_NAME or PHONE_INVITES_HOST, "
    "or let codes grow less (PHONE_INVITES_PHONE_FAILURE_LENGTHS, "
    "PHONE_INVITES_SITE_FAILURE_LENGTHS)."
)
_BROKEN = "Nobody can log in. Look at what is in phone_invites/message/ among your templates."
_NO_CODE = "Put {{ code }} into the template (phone_invites/message/)."
_NO_LAST_LINE = (
    "PHONE_INVITES_HOST is set, so that browsers fill in the code from a last line "
    "@{{ host }} #{{ code }}. Put it into the template (phone_invites/message/), or set no host."
)

_NAMES: dict[str, str] = {
    LoginCode.Purpose.LOGIN: "the message",
    LoginCode.Purpose.NO_ACCOUNT: "the message that there is no account",
    LoginCode.Purpose.CHANGE: "the message to a new number",
    LoginCode.Purpose.CHANGED: "the message that the number was changed",
}
#: More than one, and how many.
_SEGMENTS: dict[str, int] = {LoginCode.Purpose.CHANGED: 2}


def check_message(**kwargs: Any) -> list[CheckMessage]:
    """W010: messages can be rendered, and their longest form fits one segment of SMS.

    The notice of a change may take two: its link alone is as long as one in UCS-2.
    """
    return _warnings(_length, "phone_invites.W010")


def check_code_in_message(**kwargs: Any) -> list[CheckMessage]:
    """W012: messages that can be rendered hold the code, where it is looked for."""
    return _warnings(_place_of_code, "phone_invites.W012")


def _warnings(
    find: Callable[[LoginCode, Message | Exception], _Problem | None], check_id: str
) -> list[CheckMessage]:
    if wrong(
        *("code_length", "code_lifetime", "phone_failure_lengths", "site_failure_lengths"),
        *("site_name", "host", "android_hash", "sign_up_notice", "undo_window"),
    ):
        return []
    # Languages without a translation or a template of their own share a text, and so a warning.
    found: dict[_Problem, list[str]] = {}
    for (locale, _), channel in product(django_settings.LANGUAGES, LoginCode.Channel.values):
        for purpose in _purposes():
            login_code = _longest(locale, channel, purpose)
            if problem := find(login_code, _render(login_code)):
                found.setdefault(problem, []).append(f"{locale} ({channel})")
    return [
        Warning(f"{told} in: {', '.join(where)}.", hint=hint, id=check_id)
        for (told, hint), where in found.items()
    ]


def _purposes() -> list[LoginCode.Purpose]:
    """Return what messages are sent for."""
    notice = [LoginCode.Purpose.NO_ACCOUNT] if app_settings.sign_up_notice else []
    return [
        LoginCode.Purpose.LOGIN,
        *notice,
        LoginCode.Purpose.CHANGE,
        LoginCode.Purpose.CHANGED,
    ]


def _render(login_code: LoginCode) -> Message | Exception:
    try:
        return text.render(login_code)
    except Exception as error:  # noqa: BLE001 - a template may be anybody's code
        return error


def _length(login_code: LoginCode, message: Message | Exception) -> _Problem | None:
    if isinstance(message, Exception):
        return f"The message cannot be rendered ({type(message).__name__}: {message})", _BROKEN
    taken = segments.count(message.text)
    if taken.segments <= _SEGMENTS.get(message.purpose, 1):
        return None
    what = _NAMES[message.purpose]
    if message.code:
        what = f"with a code of {login_code.length} digits {what}"
    size = f"{taken.segments} segments ({taken.encoding}, {taken.units} units)"
    return f"{what.capitalize()} takes {size}", _TOO_LONG


def _place_of_code(login_code: LoginCode, message: Message | Exception) -> _Problem | None:
    if isinstance(message, Exception):
        return None  # W010 has said so
    if message.code not in message.text:
        return f"{_NAMES[message.purpose].capitalize()} does not hold the code", _NO_CODE
    is_looked_for = message.code and login_code.channel == LoginCode.Channel.WEB
    # Origin-bound one-time codes, 3.2: what follows them in the last line is ignored.
    last_line = message.text.rpartition("\n")[2]
    start = f"@{app_settings.host} #{message.code} "
    if app_settings.host and is_looked_for and not f"{last_line} ".startswith(start):
        return (
            f"The last line of {_NAMES[message.purpose]} is not what browsers look for",
            _NO_LAST_LINE,
        )
    return None


def _longest(locale: str, channel: str, purpose: str) -> LoginCode:
    """Return a code as long as the settings in force allow. It is not stored."""
    now = timezone.now()
    return LoginCode(
        purpose=purpose,
        channel=channel,
        locale=locale,
        length=policy.longest_code(),
        created_at=now,
        expires_at=now + app_settings.code_lifetime,
    )
