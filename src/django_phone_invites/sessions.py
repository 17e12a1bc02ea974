"""Sessions of Django, for the skins that log in with one: start, show and end those of a user."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from importlib import import_module
from typing import Any

from django.conf import settings as django_settings
from django.contrib.auth import (
    HASH_SESSION_KEY,
    SESSION_KEY,
    get_backends,
    get_user_model,
    login,
    logout,
)
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.hashers import make_password
from django.contrib.sessions.backends import signed_cookies
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.exceptions import SessionInterrupted
from django.db.models import QuerySet
from django.http import HttpRequest
from django.middleware.csrf import rotate_token
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from django_phone_invites import codes, seals, user_agents
from django_phone_invites.conf import app_settings
from django_phone_invites.models import ActiveLogin, SiteUser
from django_phone_invites.services import verifications
from django_phone_invites.services.boundary import service

#: Sessions of a user that are looked up, each with a statement of its own: the newest.
MOST_SHOWN = 100

# The session names its record as well as the record its session, so that a key leads to no other.
_LOGIN = "phone_invites_login"

_ENDED = "The login was ended before the request was over."


def start(request: HttpRequest, user: SiteUser) -> None:
    """Start the user's session, store it, and remember the login.

    Called inside the transaction that uses up the code, so that no code is used without a session.
    """
    session = request.session
    if session.get(SESSION_KEY) == verifications.key_of(user):
        # Django keeps the key of a session that is this user's already; here it changes.
        del session[SESSION_KEY]
    earlier = session.get(_LOGIN)
    login(request, user, backend=login_backend())
    verifications.remember(session, user)
    remember(session, user, user_agent=user_agents.describe(request.META), earlier=earlier)


def renew(request: HttpRequest, user: SiteUser) -> None:
    """Keep the session of whoever has just proved to be its user, under a new key.

    It is no login: the session stays that of whichever backend began it. Call it in the transaction
    of what was proved.

    Raises:
        SessionInterrupted: the login was ended meanwhile, and stays so.
    """
    session = request.session
    reference = session.get(_LOGIN) if can_be_shown() else None
    is_kept = reference is not None and _of(user).filter(reference=reference).exists()
    if reference is not None and not session.exists(str(session.session_key)):
        raise SessionInterrupted(_ENDED)
    session.cycle_key()
    rotate_token(request)
    verifications.remember(session, user)
    session.save()
    if not is_kept:
        _follow(request, user)
    elif not _of(user).filter(reference=reference).update(**_place(session)):
        session.flush()
        raise SessionInterrupted(_ENDED)


def end(request: HttpRequest) -> None:
    """End the session of ``request``, and forget its login."""
    reference = request.session.get(_LOGIN)
    logout(request)
    if reference is not None:
        _forget(reference)


@service
def _forget(reference: str) -> None:
    ActiveLogin.objects.filter(reference=reference).delete()


def can_be_shown() -> bool:
    """Tell whether sessions are kept anywhere but in the browser, and so can be shown and ended."""
    return not issubclass(_store(), signed_cookies.SessionStore)


def remember(
    session: SessionBase, user: SiteUser, *, user_agent: str, earlier: str | None = None
) -> None:
    """Store ``session``, and remember it as a login of ``user``.

    Args:
        session: it is the user's.
        user: who has logged in.
        user_agent: a few words on what with.
        earlier: the reference of a login that this one takes the place of, in the same browser.
    """
    if not can_be_shown():
        session.save()
        return
    reference = session[_LOGIN] = codes.new_token()
    session.save()
    values = {
        "user": user,
        "reference": reference,
        "user_agent": user_agent,
        "created_at": timezone.now(),
        **_place(session),
    }
    known = ActiveLogin.objects.filter(reference=earlier)
    if earlier is None or not known.update(**values):
        ActiveLogin.objects.create(**values)


@service
def present(request: HttpRequest, user: SiteUser) -> str | None:
    """Return what names the login of the session of ``request``, which is that of ``user``.

    None where it was not made through this package. If its key was changed by something else, as
    Django does where ``SECRET_KEY_FALLBACKS`` is in use, its record learns the new one.

    Raises:
        Unavailable: the database does not answer.
    """
    reference: str | None = request.session.get(_LOGIN)
    if reference is not None and can_be_shown():
        record = ActiveLogin.objects.filter(reference=reference).first()
        keys = [] if record is None else seals.unseal(record.sealed_key)
        if str(request.session.session_key) not in keys:
            _follow(request, user)
    return reference


def show(user: SiteUser) -> Iterator[ActiveLogin]:
    """Yield the logins of ``user`` whose sessions go on, newest first."""
    if can_be_shown():
        found = _of(user).order_by("-created_at", "-pk")
        yield from (one for one in found[:MOST_SHOWN] if _session_of(one, user) is not None)


def goes_on(record: ActiveLogin) -> bool:
    """Tell whether the session of a login does."""
    return can_be_shown() and _session_of(record, record.user) is not None


def end_one(user: SiteUser, reference: str) -> bool:
    """End the session of a login of ``user``, inside a transaction; tell whether there was one.

    The record decides: whoever gives the session another key at this moment writes it there, and
    what was read before is not deleted then.
    """
    while record := _of(user).filter(reference=reference).first():
        session = _session_of(record, user) if can_be_shown() else None
        if session is None:
            return False
        same = ActiveLogin.objects.filter(pk=record.pk, sealed_key=record.sealed_key)
        if same.delete()[0]:
            session.delete(session.session_key)
            return True
    return False


def end_all(user: SiteUser) -> bool:
    """End every session of ``user``, whatever keeps them; tell whether that can be done.

    A session holds a digest of the user's password, and Django ends it when the two part. An
    unusable password is a random string, so another one ends them all at once. A password that
    somebody knows cannot be replaced, and to look through all sessions of the site takes minutes.
    """
    if user.has_usable_password():
        return False
    # Only that password: one that was set a moment ago stays, and has ended the sessions itself.
    known, password = user.password, make_password(None)
    same = get_user_model()._default_manager.filter(pk=user.pk, password=known)
    if same.update(password=password):
        # Whoever saves this object afterwards does not bring the sessions back.
        user.password = password
    _of(user).delete()
    return True


def end_stored(user: SiteUser) -> bool:
    """End the sessions of ``user`` one by one, where a table keeps them; tell whether one does.

    For users with a password. It reads all sessions of the site, which may take minutes.
    """
    store = _store()
    if not issubclass(store, SessionStore):
        return False
    key = verifications.key_of(user)
    live = store.get_model_class()._default_manager.filter(expire_date__gt=timezone.now())
    own = [
        row.session_key for row in live.iterator() if str(row.get_decoded().get(SESSION_KEY)) == key
    ]
    for session_key in own:
        store(session_key).delete(session_key)
    _of(user).delete()
    return True


def end_remembered(user: SiteUser) -> None:
    """End the sessions that are remembered as logins of ``user``, wherever they are kept.

    For users with a password whose sessions are kept in no table. There may be others.
    """
    for record in _of(user) if can_be_shown() else ():
        session = _session_of(record, user)
        if session is not None:
            session.delete(session.session_key)
    _of(user).delete()


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


def _of(user: SiteUser) -> QuerySet[ActiveLogin]:
    return ActiveLogin.objects.filter(user=user, issuer="")


def _store() -> Any:
    return import_module(django_settings.SESSION_ENGINE).SessionStore


def _place(session: SessionBase) -> dict[str, Any]:
    """Return the columns that say where the session of a login is."""
    life = dt.timedelta(seconds=session.get_expiry_age())
    return {
        "sealed_key": seals.seal(str(session.session_key)),
        "check_after": timezone.now() + life,
    }


def _follow(request: HttpRequest, user: SiteUser) -> None:
    """Let the record of the session, if it has one, know its key."""
    reference = request.session.get(_LOGIN)
    if reference is None or not can_be_shown():
        return
    place = _place(request.session)
    if not _of(user).filter(reference=reference).update(**place):
        # It was ended at this moment, or purged while its key was another: it goes on.
        ActiveLogin.objects.create(
            user=user,
            reference=reference,
            user_agent=user_agents.describe(request.META),
            created_at=timezone.now(),
            **place,
        )


def _session_of(record: ActiveLogin, user: SiteUser) -> SessionBase | None:
    """Return the session of a login, None where it is over."""
    for key in seals.unseal(record.sealed_key):
        session: SessionBase = _store()(key)
        if session.get(_LOGIN) == record.reference and _is_of(session, user):
            return session
    return None


def _is_of(session: SessionBase, user: SiteUser) -> bool:
    """Tell whether Django takes ``session`` for that of ``user``, with the password of now."""
    if session.get(SESSION_KEY) != verifications.key_of(user):
        return False
    kept = session.get(HASH_SESSION_KEY, "")
    hashes = [user.get_session_auth_hash(), *user.get_session_auth_fallback_hash()]
    return any(constant_time_compare(kept, one) for one in hashes)
