"""What the API gives out, and the issuer that does."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.core.checks import CheckMessage, Error, Warning
from django.utils.module_loading import import_string

from django_phone_invites.checks.imports import import_problem
from django_phone_invites.checks.routes import api_is_included
from django_phone_invites.checks.settings import wrong
from django_phone_invites.conf import app_settings


def check_issuer(**kwargs: Any) -> list[CheckMessage]:
    """E015: the issuer can be built; that it can be imported is E007."""
    if not _is_there():
        return []
    try:
        _get_issuer()
    except Exception as error:  # noqa: BLE001 - an issuer may be anybody's code
        return [
            Error(
                f"PHONE_INVITES_TOKEN_ISSUER cannot be built: {type(error).__name__}: {error}.",
                hint="A class is built without arguments, and has issue, revoke and revoke_all.",
                id="phone_invites.E015",
            )
        ]
    return []


def check_tokens(**kwargs: Any) -> list[CheckMessage]:
    """E009 and W001: what the issuer gives out can be stored, and is understood."""
    if not _is_there() or check_issuer():
        return []
    issuer = _get_issuer()
    found: list[CheckMessage] = [
        Error(
            f"The API gives out what {app} keeps, which is not installed.",
            hint=f'Add "{app}" to INSTALLED_APPS and migrate.',
            id="phone_invites.E009",
        )
        for app in issuer.apps
        if not apps.is_installed(app)
    ]
    # The class may need the app.
    if not found and issuer.authentication and not _is_read(issuer.authentication):
        found.append(
            Warning(
                "The API gives out tokens that REST framework does not read.",
                hint=f"Add {issuer.authentication} to "
                'REST_FRAMEWORK["DEFAULT_AUTHENTICATION_CLASSES"].',
                id="phone_invites.W001",
            )
        )
    return found


def check_token_life(**kwargs: Any) -> list[CheckMessage]:
    """W006: API tokens end (OWASP ASVS 5.0, 7.3)."""
    if not _is_there() or check_issuer() or _get_issuer().ends():
        return []
    return [
        Warning(
            "The API gives out tokens that never end.",
            hint="Point PHONE_INVITES_TOKEN_ISSUER at an issuer of tokens with a life, or silence "
            "this check if your site ends tokens itself.",
            id="phone_invites.W006",
        )
    ]


def _is_there() -> bool:
    if not api_is_included() or wrong("token_issuer"):
        return False
    return import_problem(app_settings.token_issuer) is None


def _get_issuer() -> Any:
    # By name: the API is imported where a site includes it, and nowhere else.
    return import_string("django_phone_invites.api.issuers.get_issuer")()


def _is_read(authentication: str) -> bool:
    settings = import_string("rest_framework.settings.api_settings")
    reader = import_string(authentication)
    return any(issubclass(found, reader) for found in settings.DEFAULT_AUTHENTICATION_CLASSES)
