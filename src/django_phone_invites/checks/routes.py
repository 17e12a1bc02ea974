"""The paths of the routes, and whether the site has an API at all."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.core.checks import CheckMessage, Error
from django.core.exceptions import ImproperlyConfigured
from django.urls import URLResolver, get_resolver
from django.urls.converters import IntConverter, StringConverter
from django.urls.resolvers import RoutePattern

from django_phone_invites.checks.settings import did_you_mean, wrong
from django_phone_invites.conf import app_settings
from django_phone_invites.routes import (
    API_NAMESPACE,
    API_ROUTES,
    PARAMETERS,
    WEB_ROUTES,
)

#: The text that the path of a route must hold.
_NEEDED = {"login": "reference", "undo": "token"}


def check_routes(**kwargs: Any) -> list[CheckMessage]:
    """E005 and E006: routes have names that exist, and paths that their views can serve."""
    found: list[CheckMessage] = []
    if not wrong("routes"):
        found += _check_routes("PHONE_INVITES_ROUTES", app_settings.routes, WEB_ROUTES)
    if not wrong("api_routes"):
        found += _check_routes("PHONE_INVITES_API_ROUTES", app_settings.api_routes, API_ROUTES)
    return found


def _check_routes(
    setting: str, routes: dict[str, str], defaults: dict[str, str]
) -> Iterator[CheckMessage]:
    for name, path in routes.items():
        if name not in defaults:
            hint = did_you_mean(name, list(defaults))
            yield Error(
                f"{setting}: there is no route {name!r}.", hint=hint, id="phone_invites.E005"
            )
        elif problem := _path_problem(name, path):
            yield Error(f"{setting}: the path of {name!r} {problem}.", id="phone_invites.E006")


def _path_problem(name: str, path: object) -> str | None:
    if not isinstance(path, str):
        return "is not a string"
    try:
        converters = RoutePattern(path).converters
    except ImproperlyConfigured as error:
        return f"is not a path: {error}"
    allowed = PARAMETERS.get(name, frozenset())
    if converters.keys() - allowed:
        return f"can hold {' or '.join(sorted(allowed)) or 'no parameter'} only"
    if name in {"code", "number_code"} and not _names_a_code(converters):
        return "must hold either <str:token> or <int:pk>"
    needed = _NEEDED.get(name)
    if needed is not None and not isinstance(converters.get(needed), StringConverter):
        return f"must hold <str:{needed}>"
    return None


def _names_a_code(converters: dict[str, Any]) -> bool:
    kinds = {"token": StringConverter, "pk": IntConverter}
    return len(converters) == 1 and all(
        isinstance(converter, kinds[name]) for name, converter in converters.items()
    )


def api_is_included() -> bool:
    """Tell whether the site's URLs include the API."""
    return API_NAMESPACE in _app_names(get_resolver())


def _app_names(resolver: URLResolver) -> Iterator[str | None]:
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLResolver):
            yield pattern.app_name
            yield from _app_names(pattern)
