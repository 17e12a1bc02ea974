"""All logins of a user, whichever skin they came through: sessions, and what the API gave out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.utils.module_loading import import_string

from django_phone_invites import sessions
from django_phone_invites.conf import app_settings
from django_phone_invites.exceptions import LogoutImpossible
from django_phone_invites.models import SiteUser

#: What ``end_all`` calls sessions that it cannot end; all else is called by its issuer's path.
SESSIONS = "sessions"

# By name: the API is imported where a site has it, and nowhere else.
_API = "django_phone_invites.api.issuers"

#: The app that keeps what an issuer gives out. All that are installed are asked, as a site that has
#: changed its issuer may still take what the one before gave out.
_ISSUERS = {
    f"{_API}.authtoken.AuthTokenIssuer": "rest_framework.authtoken",
    f"{_API}.knox.KnoxIssuer": "knox",
    f"{_API}.jwt.JWTIssuer": "rest_framework_simplejwt.token_blacklist",
}
_NOT_ASKED = {*_ISSUERS, f"{_API}.session.SessionIssuer"}


def end_all(user: SiteUser) -> list[str]:
    """End every session and token of ``user``; return the names of those that go on.

    An access token of Simple JWT works until its own end, five minutes by default.
    """
    are_over = sessions.end_all(user) or sessions.end_stored(user)
    left = [] if are_over else [SESSIONS]
    return left + [path for path, issuer in _issuers() if not _ends(issuer, user)]


def _issuers() -> Iterator[tuple[str, Any]]:
    for path, app in _ISSUERS.items():
        if apps.is_installed(app):
            yield path, import_string(path)()
    own = app_settings.token_issuer
    if own not in _NOT_ASKED:
        yield own, import_string(f"{_API}.get_issuer")()


def _ends(issuer: Any, user: SiteUser) -> bool:
    try:
        issuer.revoke_all(user)
    except LogoutImpossible:
        return False
    return True
