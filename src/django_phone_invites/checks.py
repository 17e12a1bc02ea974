"""System checks. Each rule is one function; ids are stable and listed in the documentation."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from typing import Any

from django.apps import apps
from django.conf import settings as django_settings
from django.core.checks import CheckMessage, Error, Warning
from django.core.exceptions import ImproperlyConfigured
from django.urls import URLResolver, get_resolver
from django.urls.converters import IntConverter, StringConverter
from django.urls.resolvers import RoutePattern
from django.utils.module_loading import import_string

from django_phone_invites import phones
from django_phone_invites.conf import PREFIX, AppSettings, app_settings
from django_phone_invites.limits import Store, get_store
from django_phone_invites.routes import (
    API_NAMESPACE,
    API_ROUTES,
    PARAMETERS,
    WEB_ROUTES,
    api_path,
    parameters,
    web_path,
)
from django_phone_invites.senders import Sender, get_sender


def check_values(**kwargs: Any) -> list[CheckMessage]:
    """E101 and on: each setting is of its type and within its bounds."""
    return [
        Error(f"{setting.name} {setting.problem}.", id=setting.check_id)
        for setting in app_settings
        if setting.problem
    ]


def check_names(**kwargs: Any) -> list[CheckMessage]:
    """E001: every setting with the prefix is one that exists."""
    known = [setting.name for setting in app_settings]
    unknown = [
        name for name in dir(django_settings) if name.startswith(PREFIX) and name not in known
    ]
    return [
        Error(f"{name} is not a setting.", hint=_did_you_mean(name, known), id="phone_invites.E001")
        for name in unknown
    ]


def check_cooldown(**kwargs: Any) -> list[CheckMessage]:
    """E002: the longest cooldown is not shorter than the first."""
    if _wrong("resend_cooldown", "resend_cooldown_max"):
        return []
    if app_settings.resend_cooldown <= app_settings.resend_cooldown_max:
        return []
    return [
        Error(
            "PHONE_INVITES_RESEND_COOLDOWN_MAX is shorter than PHONE_INVITES_RESEND_COOLDOWN.",
            hint="The cooldown doubles from the one up to the other.",
            id="phone_invites.E002",
        )
    ]


def check_sender(**kwargs: Any) -> list[CheckMessage]:
    """E003 and E004: the sender can be built, and has nothing to say against its options."""
    if _wrong("sender"):
        return []
    try:
        sender = get_sender()
    except Exception as error:  # noqa: BLE001 - a sender may be anybody's code
        return [
            Error(
                f"PHONE_INVITES_SENDER cannot be built: {_told(error)}.",
                hint='It is {"BACKEND": "dotted.path.to.Class", "OPTIONS": {...}}.',
                id="phone_invites.E003",
            )
        ]
    if not isinstance(sender, Sender):
        return [
            Error(
                f"PHONE_INVITES_SENDER names {type(sender).__name__}, which is no Sender.",
                hint="Subclass django_phone_invites.senders.Sender.",
                id="phone_invites.E003",
            )
        ]
    found = sender.check()
    for message in found:
        message.id = message.id or "phone_invites.E004"
    return found


def check_limit_store(**kwargs: Any) -> list[CheckMessage]:
    """E011: the store of the limits' counters can be built."""
    if _wrong("limit_store"):
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


def check_region_alert(**kwargs: Any) -> list[CheckMessage]:
    """E012: what pauses regions by itself watches over them."""
    if _wrong("region_alert_share", "region_alert_pauses"):
        return []
    if not app_settings.region_alert_pauses or app_settings.region_alert_share is not None:
        return []
    return [
        Error(
            "PHONE_INVITES_REGION_ALERT_PAUSES is True, but no region is watched.",
            hint="Set PHONE_INVITES_REGION_ALERT_SHARE.",
            id="phone_invites.E012",
        )
    ]


def check_paused_regions(**kwargs: Any) -> list[CheckMessage]:
    """E013: a pause stops something: its regions exist."""
    if _wrong("paused") or isinstance(app_settings.paused, bool):
        return []
    return [
        Error(
            f"PHONE_INVITES_PAUSED: there is no region {region!r}.",
            hint="Use ISO 3166-1 codes. The United Kingdom is GB.",
            id="phone_invites.E013",
        )
        for region in sorted(set(app_settings.paused) - phones.REGIONS)
    ]


def check_routes(**kwargs: Any) -> list[CheckMessage]:
    """E005 and E006: routes have names that exist, and paths that their views can serve."""
    found: list[CheckMessage] = []
    if not _wrong("routes"):
        found += _check_routes("PHONE_INVITES_ROUTES", app_settings.routes, WEB_ROUTES)
    if not _wrong("api_routes"):
        found += _check_routes("PHONE_INVITES_API_ROUTES", app_settings.api_routes, API_ROUTES)
    return found


def check_callables(**kwargs: Any) -> list[CheckMessage]:
    """E007: dotted paths lead to something that can be called."""
    names = ["create_user", "gate"] + (["token_issuer"] if _api_is_included() else [])
    return [
        Error(
            f"{PREFIX}{name.upper()} cannot be imported: {path!r}.",
            hint="It is the dotted path of a function.",
            id="phone_invites.E007",
        )
        for name in names
        if not _wrong(name)
        and (path := getattr(app_settings, name)) is not None
        and not _is_callable(path)
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


def check_tokens(**kwargs: Any) -> list[CheckMessage]:
    """E009 and W001: the tokens of the default issuer can be stored, and are understood."""
    if not _api_is_included() or not _issues_drf_tokens():
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


def check_code_length(**kwargs: Any) -> list[CheckMessage]:
    """W002: codes are long enough (OWASP ASVS 5.0, 6.5.4; NIST SP 800-63B-4, 3.1.3.2)."""
    if _wrong("code_length") or app_settings.code_length >= 6:
        return []
    return [
        Warning(
            f"PHONE_INVITES_CODE_LENGTH is {app_settings.code_length}: short codes are guessed.",
            hint="Set it to 6 or more.",
            id="phone_invites.W002",
        )
    ]


def check_development_sender(**kwargs: Any) -> list[CheckMessage]:
    """E010: codes do not go where others read them."""
    try:
        sender = get_sender()
    except Exception:  # noqa: BLE001 - E003 has said so
        return []
    if not getattr(sender, "development", False):
        return []
    return [
        Error(
            f"{type(sender).__name__} shows login codes on the server and sends no messages.",
            hint="Set PHONE_INVITES_SENDER to the sender of your provider.",
            id="phone_invites.E010",
        )
    ]


def check_guessable_ids(**kwargs: Any) -> list[CheckMessage]:
    """W003: the ids of codes are not counted up."""
    if _wrong("routes", "api_routes") or check_routes():
        return []
    paths = {"PHONE_INVITES_ROUTES": web_path("code"), "PHONE_INVITES_API_ROUTES": api_path("code")}
    return [
        Warning(
            f"{name}: the route 'code' holds an id that can be guessed.",
            hint="With it a stranger can spend the attempts of somebody else's code. "
            "Use <str:token> in place of <int:pk>.",
            id="phone_invites.W003",
        )
        for name, path in paths.items()
        if "pk" in parameters(path)
    ]


def check_regions(**kwargs: Any) -> list[CheckMessage]:
    """W004: it was decided which countries messages are paid for."""
    if app_settings.regions is not None:
        return []
    return [
        Warning(
            "PHONE_INVITES_REGIONS is not set: messages are sent to every country.",
            hint='Name the regions of your users, for example ["RU", "KZ"]. Fraudsters live on '
            "messages to expensive ones.",
            id="phone_invites.W004",
        )
    ]


def check_host(**kwargs: Any) -> list[CheckMessage]:
    """W005: messages are bound to the site, so that browsers fill in the code nowhere else."""
    if app_settings.host is not None:
        return []
    return [
        Warning(
            "PHONE_INVITES_HOST is not set: messages are not bound to your site.",
            hint='Set it to the host of your pages, for example "example.com".',
            id="phone_invites.W005",
        )
    ]


def check_token_life(**kwargs: Any) -> list[CheckMessage]:
    """W006: API tokens end (OWASP ASVS 5.0, 7.3)."""
    if not _api_is_included() or not _issues_drf_tokens():
        return []
    return [
        Warning(
            "The API gives out tokens that never end.",
            hint="Point PHONE_INVITES_TOKEN_ISSUER at a function that gives out tokens with a "
            "life, or silence this check if your site ends tokens itself.",
            id="phone_invites.W006",
        )
    ]


def check_site_messages(**kwargs: Any) -> list[CheckMessage]:
    """W007: it was decided how many messages the site pays for."""
    if app_settings.site_messages_per_hour or app_settings.site_messages_per_day:
        return []
    return [
        Warning(
            "The messages of the site are not limited.",
            hint="Set PHONE_INVITES_SITE_MESSAGES_PER_HOUR and PHONE_INVITES_SITE_MESSAGES_PER_DAY "
            "to what you can pay for.",
            id="phone_invites.W007",
        )
    ]


def check_proxies(**kwargs: Any) -> list[CheckMessage]:
    """W008: a site that says it is behind a proxy trusts one."""
    behind = django_settings.SECURE_PROXY_SSL_HEADER or django_settings.USE_X_FORWARDED_HOST
    if not behind or app_settings.trusted_proxies:
        return []
    return [
        Warning(
            "PHONE_INVITES_TRUSTED_PROXIES is 0, and the site is behind a proxy.",
            hint="Set it to the number of proxies. With 0 all visitors share the address of the "
            "proxy, and its limits.",
            id="phone_invites.W008",
        )
    ]


ALWAYS = [
    check_values,
    check_names,
    check_cooldown,
    check_sender,
    check_limit_store,
    check_region_alert,
    check_paused_regions,
    check_routes,
    check_callables,
    check_backend,
    check_tokens,
]

DEPLOY = [
    check_code_length,
    check_development_sender,
    check_guessable_ids,
    check_regions,
    check_host,
    check_token_life,
    check_site_messages,
    check_proxies,
]


def _wrong(*names: str) -> bool:
    """Tell whether E101 and on have something to say about one of these settings."""
    return any(getattr(AppSettings, name).problem for name in names)


def _told(error: Exception) -> str:
    """Return an error in words; the text of a sender's own error may hold a credential."""
    if isinstance(error, (ImportError, KeyError, TypeError)):
        return f"{type(error).__name__}: {error}"
    return type(error).__name__


def _did_you_mean(name: str, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    return f"Did you mean {close[0]}?" if close else f"Known are: {', '.join(sorted(known))}."


def _check_routes(
    setting: str, routes: dict[str, str], defaults: dict[str, str]
) -> Iterator[CheckMessage]:
    for name, path in routes.items():
        if name not in defaults:
            hint = _did_you_mean(name, list(defaults))
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
    if name == "code" and not _names_a_code(converters):
        return "must hold either <str:token> or <int:pk>"
    return None


def _names_a_code(converters: dict[str, Any]) -> bool:
    kinds = {"token": StringConverter, "pk": IntConverter}
    return len(converters) == 1 and all(
        isinstance(converter, kinds[name]) for name, converter in converters.items()
    )


def _is_callable(path: str) -> bool:
    try:
        return callable(import_string(path))
    except (ImportError, ValueError):
        return False


def _api_is_included() -> bool:
    """Tell whether the site's URLs include the API."""
    return API_NAMESPACE in _app_names(get_resolver())


def _app_names(resolver: URLResolver) -> Iterator[str | None]:
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLResolver):
            yield pattern.app_name
            yield from _app_names(pattern)


def _issues_drf_tokens() -> bool:
    return app_settings.token_issuer == AppSettings.token_issuer.default


def _drf_tokens_are_read() -> bool:
    settings = import_string("rest_framework.settings.api_settings")
    token_authentication = import_string("rest_framework.authentication.TokenAuthentication")
    return any(
        issubclass(found, token_authentication) for found in settings.DEFAULT_AUTHENTICATION_CLASSES
    )
