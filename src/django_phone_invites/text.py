"""The message of a login code or a notice: its template, and what browsers and apps read."""

from __future__ import annotations

from django.template.loader import render_to_string
from django.urls import NoReverseMatch
from django.utils import timezone, translation
from django.views.decorators.debug import sensitive_variables

from django_phone_invites import codes
from django_phone_invites.conf import app_settings
from django_phone_invites.models import LoginCode
from django_phone_invites.routes import web_url
from django_phone_invites.senders import Message


@sensitive_variables()
def render(login_code: LoginCode) -> Message:
    """Return the message of a login code, in the language of whoever asked for it.

    Its ``code`` is "" in a notice: that there is no account, or that the number was changed.

    A site's own template may raise anything.
    """
    tells_code = login_code.tells_code
    code = codes.derive(login_code.seed) if tells_code else ""
    lifetime = max(0, round((login_code.expires_at - timezone.now()).total_seconds()))
    undo_url, undo_token = _undo(login_code)
    context = {
        "code": code,
        "minutes": round((login_code.expires_at - login_code.created_at).total_seconds() / 60) or 1,
        "site_name": app_settings.site_name,
        "host": app_settings.host,
        "channel": login_code.channel,
        "undo_url": undo_url,
        "undo_token": undo_token,
    }
    with translation.override(login_code.locale):
        text = render_to_string(_templates(login_code), context).strip()
    if app_settings.android_hash and tells_code and login_code.channel == LoginCode.Channel.API:
        text = _end_in(app_settings.android_hash, text)
    return Message(
        phone=login_code.phone,
        code=code,
        purpose=login_code.purpose,
        locale=login_code.locale,
        lifetime=lifetime,
        text=text,
    )


@sensitive_variables()
def _undo(login_code: LoginCode) -> tuple[str, str]:
    """Return the link that undoes a change, "" where there is none, and its token."""
    if login_code.purpose != LoginCode.Purpose.CHANGED or not app_settings.undo_window:
        return "", ""
    token = codes.derive_undo_token(login_code.seed)
    if app_settings.host is None:
        return "", token
    try:
        path = web_url("undo", token=token)
    except NoReverseMatch:  # a site without the pages
        return "", token
    return f"https://{app_settings.host}{path}", token


def _templates(login_code: LoginCode) -> list[str]:
    """Return the names to look for, the most particular first: ``pt-br``, then ``pt``, then any."""
    name = f"phone_invites/message/{login_code.purpose}"
    language = login_code.locale.partition("-")[0]
    locales = dict.fromkeys([login_code.locale, language])
    return [*(f"{name}.{locale}.txt" for locale in locales), f"{name}.txt"]


def _end_in(android_hash: str, text: str) -> str:
    """Return ``text`` with the hash of an app at its end, where Android's SMS Retriever finds it.

    ``@host #code`` must begin the last line, and what follows it there is ignored (Origin-bound
    one-time codes, 3.2), so the hash goes behind it and not on a line of its own.
    """
    last_line = text.rpartition("\n")[2]
    return f"{text} {android_hash}" if last_line.startswith("@") else f"{text}\n{android_hash}"
