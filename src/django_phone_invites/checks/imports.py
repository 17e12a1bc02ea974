"""What the settings name: classes and functions that can be imported and built."""

from __future__ import annotations

from typing import Any

from django.conf import settings as django_settings
from django.core.checks import CheckMessage, Error
from django.utils.module_loading import import_string

from django_phone_invites.checks.routes import api_is_included
from django_phone_invites.checks.settings import wrong
from django_phone_invites.conf import PREFIX, SIGN_UP_POLICIES, app_settings
from django_phone_invites.limits import Store, get_store
from django_phone_invites.senders import get_sender


def check_sender(**kwargs: Any) -> list[CheckMessage]:
    """E003 and E004: the sender can be built, and has nothing to say against its options."""
    if wrong("sender"):
        return []
    try:
        sender = get_sender()
    except Exception as error:  # noqa: BLE001 - a sender may be anybody's code
        return [
            Error(
                f"PHONE_INVITES_SENDER cannot be built: {_told(error)}.",
                hint='It is {"BACKEND": "dotted.path.to.Class", "OPTIONS": {...}}, '
                "the class a subclass of django_phone_invites.senders.Sender.",
                id="phone_invites.E003",
            )
        ]
    found = sender.check()
    for message in found:
        message.id = message.id or "phone_invites.E004"
    return found


def check_limit_store(**kwargs: Any) -> list[CheckMessage]:
    """E011: the store of the limits' counters can be built."""
    if wrong("limit_store"):
        return []
    try:
        store: object = get_store()
    except Exception as error:  # noqa: BLE001 - a store may be anybody's code
        problem = f"cannot be built: {_told(error)}"
    else:
        problem = "" if isinstance(store, Store) else f"names {type(store).__name__}, no Store"
    if not problem:
        return []
    return [
        Error(
            f"PHONE_INVITES_LIMIT_STORE {problem}.",
            hint='It is {"BACKEND": "dotted.path.to.Class", "OPTIONS": {...}}.',
            id="phone_invites.E011",
        )
    ]


def check_callables(**kwargs: Any) -> list[CheckMessage]:
    """E007: dotted paths lead to something that can be called."""
    names = ["create_user", "gate"] + (["token_issuer"] if api_is_included() else [])
    if app_settings.sign_up not in SIGN_UP_POLICIES:
        names.append("sign_up")
    if isinstance(app_settings.link_user, str):
        names.append("link_user")
    return [
        Error(
            f"{PREFIX}{name.upper()} cannot be imported: {path!r}.",
            hint=problem,
            id="phone_invites.E007",
        )
        for name in names
        if not wrong(name)
        and (path := getattr(app_settings, name)) is not None
        and (problem := import_problem(path)) is not None
    ]


def check_backend(**kwargs: Any) -> list[CheckMessage]:
    """E008: the backend that sessions name is one that Django asks."""
    backend = app_settings.authentication_backend
    if backend is None or backend in django_settings.AUTHENTICATION_BACKENDS:
        return []
    return [
        Error(
            f"PHONE_INVITES_AUTHENTICATION_BACKEND {backend!r} is not in AUTHENTICATION_BACKENDS.",
            hint="A session that names it would log nobody in.",
            id="phone_invites.E008",
        )
    ]


def _told(error: Exception) -> str:
    """Return an error in words; the text of a sender's own error may hold a credential."""
    if isinstance(error, (ImportError, KeyError, TypeError)):
        return f"{type(error).__name__}: {error}"
    return type(error).__name__


def import_problem(path: str) -> str | None:
    """Return what to do about a dotted path that leads to nothing that can be called, or None."""
    hint = "It is the dotted path of a function."
    try:
        found = import_string(path)
    except (ImportError, ValueError) as error:
        # A module of ours says which extra brings what it needs.
        return str(error) if "pip install" in str(error) else hint
    return None if callable(found) else hint
