"""The tokens that the API gives out."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.core.checks import CheckMessage, Error, Warning
from django.utils.module_loading import import_string

from django_phone_invites.checks.routes import api_is_included
from django_phone_invites.conf import AppSettings, app_settings


def check_tokens(**kwargs: Any) -> list[CheckMessage]:
    """E009 and W001: the tokens of the default issuer can be stored, and are understood."""
    if not api_is_included() or not _issues_drf_tokens():
        return []
    found: list[CheckMessage] = []
    if not apps.is_installed("rest_framework.authtoken"):
        found.append(
            Error(
                "The API gives out tokens of rest_framework.authtoken, which is not installed.",
                hint='Add "rest_framework.authtoken" to INSTALLED_APPS and migrate.',
                id="phone_invites.E009",
            )
        )
    if not _drf_tokens_are_read():
        found.append(
            Warning(
                "The API gives out tokens that REST framework does not read.",
                hint="Add rest_framework.authentication.TokenAuthentication to "
                'REST_FRAMEWORK["DEFAULT_AUTHENTICATION_CLASSES"].',
                id="phone_invites.W001",
            )
        )
    return found


def check_token_life(**kwargs: Any) -> list[CheckMessage]:
    """W006: API tokens end (OWASP ASVS 5.0, 7.3)."""
    if not api_is_included() or not _issues_drf_tokens():
        return []
    return [
        Warning(
            "The API gives out tokens that never end.",
            hint="Point PHONE_INVITES_TOKEN_ISSUER at a function that gives out tokens with a "
            "life, or silence this check if your site ends tokens itself.",
            id="phone_invites.W006",
        )
    ]


def _issues_drf_tokens() -> bool:
    return app_settings.token_issuer == AppSettings.token_issuer.default


def _drf_tokens_are_read() -> bool:
    settings = import_string("rest_framework.settings.api_settings")
    token_authentication = import_string("rest_framework.authentication.TokenAuthentication")
    return any(
        issubclass(found, token_authentication) for found in settings.DEFAULT_AUTHENTICATION_CLASSES
    )
