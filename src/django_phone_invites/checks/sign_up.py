"""Who may sign up, whom a phone belongs to already, and what strangers are sent."""

from __future__ import annotations

from typing import Any

from django.core.checks import CheckMessage, Error, Warning
from django.core.exceptions import FieldError, ValidationError

from django_phone_invites.checks.imports import check_sender
from django_phone_invites.checks.settings import wrong
from django_phone_invites.conf import app_settings
from django_phone_invites.senders import get_sender
from django_phone_invites.services import linking


def check_notice(**kwargs: Any) -> list[CheckMessage]:
    """E020: there are strangers whom the notice is for."""
    if wrong("sign_up", "sign_up_notice") or not app_settings.sign_up_notice:
        return []
    if app_settings.sign_up != "open":
        return []
    return [
        Error(
            "PHONE_INVITES_SIGN_UP_NOTICE is True, but everybody may sign up.",
            hint="Set PHONE_INVITES_SIGN_UP, or remove the notice.",
            id="phone_invites.E020",
        )
    ]


def check_notice_sender(**kwargs: Any) -> list[CheckMessage]:
    """E021: the notice is a text, and a sender sends it."""
    if wrong("sign_up_notice", "sender") or not app_settings.sign_up_notice:
        return []
    if check_sender() or any(member.sends_text for member in get_sender().members()):
        return []
    return [
        Error(
            "PHONE_INVITES_SIGN_UP_NOTICE is True, but PHONE_INVITES_SENDER sends codes only.",
            hint="Add a sender of text messages, or remove the notice.",
            id="phone_invites.E021",
        )
    ]


def check_link_fields(**kwargs: Any) -> list[CheckMessage]:
    """E016: the fields by which users are found are there."""
    rule = app_settings.link_user
    if wrong("link_user") or not isinstance(rule, dict):
        return []
    try:
        linking.by_fields(rule, "+79096869722")
    except (FieldError, ValidationError, ValueError, TypeError) as error:
        return [_finds_no_users(str(error))]
    if "VERIFIED_FIELD" in rule and linking.is_text(rule["VERIFIED_FIELD"]):
        return [_finds_no_users(f"{rule['VERIFIED_FIELD']} is text, and never True.")]
    return []


def _finds_no_users(why: str) -> CheckMessage:
    return Error(
        f"PHONE_INVITES_LINK_USER finds no users: {why}",
        hint='"FIELD" and "VERIFIED_FIELD" are look-ups from the user model.',
        id="phone_invites.E016",
    )


def check_linked_numbers(**kwargs: Any) -> list[CheckMessage]:
    """W015: nobody is linked by a number that somebody else wrote down."""
    rule = app_settings.link_user
    if wrong("link_user") or not isinstance(rule, dict) or "VERIFIED_FIELD" in rule:
        return []
    return [
        Warning(
            f"PHONE_INVITES_LINK_USER takes every number in {rule['FIELD']} for verified.",
            hint='Name a "VERIFIED_FIELD". Silence this only if nobody could write a number there '
            "that they had not verified: its owner logs in to their account.",
            id="phone_invites.W015",
        )
    ]
