"""Sessions of Django, for the skins that log in with one: start it, and end all of a user's."""

from __future__ import annotations

from importlib import import_module

from django.conf import settings as django_settings
from django.contrib.auth import SESSION_KEY, get_backends, get_user_model, login
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.hashers import make_password
from django.contrib.sessions.backends.db import SessionStore
from django.http import HttpRequest
from django.middleware.csrf import rotate_token
from django.utils import timezone

from django_phone_invites.conf import app_settings
from django_phone_invites.models import SiteUser
from django_phone_invites.services import verifications


def start(request: HttpRequest, user: SiteUser) -> None:
    """Start the user's session, and store it.

    Called inside the transaction that uses up the code, so that no code is used without a session.
    """
    session = request.session
    if session.get(SESSION_KEY) == verifications.key_of(user):
        # Django keeps the key of a session that is this user's already; here it changes.
        del session[SESSION_KEY]
    login(request, user, backend=login_backend())
    verifications.remember(session, user)
    session.save()


def renew(request: HttpRequest, user: SiteUser) -> None:
    """Keep the session of whoever has just proved to be its user, under a new key.

    It is no login: the session stays that of whichever backend began it.
    """
    request.session.cycle_key()
    rotate_token(request)
    verifications.remember(request.session, user)
    request.session.save()


def end_all(user: SiteUser) -> bool:
    """End every session of ``user``, whatever keeps them; tell whether that can be done.

    A session holds a digest of the user's password, and Django ends it when the two part. An
    unusable password is a random string, so another one ends them all at once. A password that
    somebody knows cannot be replaced, and to look through all sessions of the site takes minutes.
    """
    if user.has_usable_password():
        return False
    # Only that password: one that was set a moment ago stays, and has ended the sessions itself.
    get_user_model()._default_manager.filter(pk=user.pk, password=user.password).update(
        password=make_password(None)
    )
    return True


def end_stored(user: SiteUser) -> bool:
    """End the sessions of ``user`` one by one, where a table keeps them; tell whether one does.

    For users with a password. It reads all sessions of the site, which may take minutes.
    """
    store = import_module(django_settings.SESSION_ENGINE).SessionStore
    if not issubclass(store, SessionStore):
        return False
    key = verifications.key_of(user)
    live = store.get_model_class()._default_manager.filter(expire_date__gt=timezone.now())
    own = [
        row.session_key for row in live.iterator() if str(row.get_decoded().get(SESSION_KEY)) == key
    ]
    for session_key in own:
        store(session_key).delete(session_key)
    return True


def login_backend() -> str:
    """Return the authentication backend that the session names.

    ``PHONE_INVITES_AUTHENTICATION_BACKEND``, else the first ``ModelBackend`` of
    ``AUTHENTICATION_BACKENDS``, else the first of all.
    """
    if app_settings.authentication_backend:
        return app_settings.authentication_backend
    backends = get_backends()
    chosen = next((found for found in backends if isinstance(found, ModelBackend)), backends[0])
    return f"{type(chosen).__module__}.{type(chosen).__qualname__}"
