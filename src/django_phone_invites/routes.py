"""The paths of the pages and of the API, and the way back from a name to a path."""

from __future__ import annotations

import re
from typing import Any

from django.urls import reverse

from django_phone_invites.conf import app_settings

WEB_NAMESPACE = "phone_invites"
API_NAMESPACE = "phone_invites_api"

WEB_ROUTES = {
    "phone": "",
    "verify": "verify/",
    "code": "code/<str:token>/",
    "profile": "profile/",
    "invitees": "profile/invitees/",
    "number": "number/",
    "number_code": "number/<str:token>/",
    "undo_form": "undo/",
    "undo": "undo/<str:token>/",
    "logins": "logins/",
    "logout": "logout/",
}

API_ROUTES = {
    "logout": "logout/",
    "logout_all": "logout/all/",
    "logins": "logins/",
    "login": "logins/<str:reference>/",
    "me": "me/",
    "codes": "codes/",
    "code": "codes/<str:token>/",
    "profile": "profile/",
    "invitees": "profile/invitees/",
    "number": "number/",
    "number_code": "number/<str:token>/",
    "number_undo": "number/undo/",
}

#: What may stand in the path of a route, by its name; that of a code or a login holds exactly one.
PARAMETERS = {
    "code": frozenset({"token", "pk"}),
    "login": frozenset({"reference"}),
    "profile": frozenset({"pk"}),
    "invitees": frozenset({"pk"}),
    "number_code": frozenset({"token", "pk"}),
    "undo": frozenset({"token"}),
}


def web_path(name: str) -> str:
    """Return the path of a page below the place where the pages are included."""
    return _path(app_settings.routes, name, WEB_ROUTES)


def api_path(name: str) -> str:
    """Return the path of an endpoint below the place where the API is included."""
    return _path(app_settings.api_routes, name, API_ROUTES)


def _path(routes: object, name: str, defaults: dict[str, str]) -> str:
    # A setting of the wrong kind is reported by the checks, which need URLs that can be imported.
    path = routes.get(name) if isinstance(routes, dict) else None
    return path if isinstance(path, str) else defaults[name]


def parameters(path: str) -> frozenset[str]:
    """Return the names of the parameters in a path: ``{"pk"}`` for ``auth/<int:pk>/``."""
    return frozenset(re.findall(r"<(?:[^>:]+:)?(\w+)>", path))


def web_url(name: str, **values: Any) -> str:
    """Return the URL of a page; of ``values``, those that its path has a place for."""
    return _url(WEB_NAMESPACE, name, web_path(name), values)


def api_url(name: str, **values: Any) -> str:
    """Return the URL of an endpoint; of ``values``, those that its path has a place for."""
    return _url(API_NAMESPACE, name, api_path(name), values)


def _url(namespace: str, name: str, path: str, values: dict[str, Any]) -> str:
    kwargs = {key: values[key] for key in parameters(path)}
    return reverse(f"{namespace}:{name}", kwargs=kwargs)
