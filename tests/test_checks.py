"""Every check is reported with its id, and says nothing of what is right."""

from __future__ import annotations

import datetime as dt
import sys
import types
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.checks import CheckMessage, Warning, run_checks
from django.core.checks.registry import registry

from django_phone_invites import checks
from django_phone_invites.conf import app_settings
from django_phone_invites.limits import Store
from django_phone_invites.senders import Message, Receipt, Sender

pytestmark = pytest.mark.django_db  # Django's checks of JSONField ask the database.

needs_api = pytest.mark.skipif(not django_settings.HAS_DRF, reason="REST framework is missing")

MEMORY = "django_phone_invites.senders.memory.MemorySender"

#: For each setting, a value that is wrong.
WRONG = {
    "PHONE_INVITES_CODE_LENGTH": 3,
    "PHONE_INVITES_CODE_LIFETIME": 300,
    "PHONE_INVITES_CODE_ATTEMPTS": 0,
    "PHONE_INVITES_RESEND_COOLDOWN": 60,
    "PHONE_INVITES_RESEND_COOLDOWN_MAX": None,
    "PHONE_INVITES_PHONE_MESSAGES_PER_HOUR": 0,
    "PHONE_INVITES_PHONE_MESSAGES_PER_DAY": 101,
    "PHONE_INVITES_SENDER": MEMORY,
    "PHONE_INVITES_ROUTES": [],
    "PHONE_INVITES_API_ROUTES": None,
    "PHONE_INVITES_DEFAULT_REGION": "ru",
    "PHONE_INVITES_REGIONS": "RU",
    "PHONE_INVITES_HOST": "https://example.com",
    "PHONE_INVITES_SITE_NAME": None,
    "PHONE_INVITES_MASK_INVITEES": "no",
    "PHONE_INVITES_TOKEN_ISSUER": None,
    "PHONE_INVITES_CREATE_USER": len,
    "PHONE_INVITES_AUTHENTICATION_BACKEND": 3,
    "PHONE_INVITES_TRUSTED_PROXIES": -1,
    "PHONE_INVITES_LIMIT_STORE": "redis",
    "PHONE_INVITES_ADDRESS_MESSAGES_PER_HOUR": 0,
    "PHONE_INVITES_ADDRESS_MESSAGES_PER_DAY": "30",
    "PHONE_INVITES_ADDRESS_FAILURES_PER_HOUR": -1,
    "PHONE_INVITES_BLOCK_MESSAGES_PER_HOUR": 1001,
    "PHONE_INVITES_SITE_MESSAGES_PER_HOUR": 1.5,
    "PHONE_INVITES_SITE_MESSAGES_PER_DAY": True,
    "PHONE_INVITES_INVITE_FAILURES_PER_HOUR": 0,
    "PHONE_INVITES_PHONE_FAILURE_LENGTHS": {10: 13},
    "PHONE_INVITES_SITE_FAILURE_LENGTHS": [(250, 8)],
    "PHONE_INVITES_GATE": len,
    "PHONE_INVITES_PAUSED": "RU",
    "PHONE_INVITES_REGION_ALERT_SHARE": 0,
    "PHONE_INVITES_REGION_ALERT_MINIMUM": 0,
    "PHONE_INVITES_REGION_ALERT_PAUSES": None,
    "PHONE_INVITES_LOGIN_REDIRECT_URL": False,
    "PHONE_INVITES_LOGOUT_REDIRECT_URL": 3,
}


class ChattySender(Sender):
    """A sender whose own error tells too much."""

    def __init__(self) -> None:
        raise ValueError("the key hunter2 is not valid")

    def send(self, message: Message) -> Receipt:
        raise NotImplementedError


class RealSender(Sender):
    """A sender that a site could deploy."""

    def __init__(self, *, key: str = "") -> None:
        self.key = key

    def send(self, message: Message) -> Receipt:
        return Receipt()

    def check(self) -> list[CheckMessage]:
        if self.key == "expired":
            return [Warning("The key has expired."), Warning("Renew it.", id="site.W007")]
        return []


def make_people() -> None:
    """Stand in for a site's own function."""


NOT_CALLABLE = "a string"


def found(*, deploy: bool = False) -> list[CheckMessage]:
    """Return what ``manage.py check`` says of us."""
    return [
        message
        for message in run_checks(include_deployment_checks=deploy)
        if message.id and message.id.startswith("phone_invites.")
    ]


def ids(*, deploy: bool = False) -> list[str | None]:
    return [message.id for message in found(deploy=deploy)]


def one(check_id: str, *, deploy: bool = False) -> CheckMessage:
    (message,) = [message for message in found(deploy=deploy) if message.id == check_id]
    return message


@pytest.fixture
def no_api(settings: Any) -> None:
    settings.ROOT_URLCONF = "django_phone_invites.web.urls"


# --- all of them ---


def test_a_right_project_passes() -> None:
    assert found() == []


def test_a_right_project_passes_check_deploy(settings: Any, no_api: None) -> None:
    settings.PHONE_INVITES_SENDER = {"BACKEND": f"{__name__}.RealSender"}
    settings.PHONE_INVITES_REGIONS = ["RU"]
    settings.PHONE_INVITES_HOST = "example.com"
    settings.PHONE_INVITES_SITE_MESSAGES_PER_DAY = 1000
    assert found(deploy=True) == []


def test_every_check_is_registered_once_and_where_it_belongs() -> None:
    ours = [name for name in vars(checks) if name.startswith("check_")]
    assert sorted(check.__name__ for check in [*checks.ALWAYS, *checks.DEPLOY]) == sorted(ours)
    assert set(checks.ALWAYS) <= set(registry.registered_checks)
    assert set(checks.DEPLOY) <= set(registry.deployment_checks)
    assert not set(checks.DEPLOY) & set(registry.registered_checks)


# --- E101 and on, and E001 ---


def test_each_setting_has_a_wrong_value_here() -> None:
    assert list(WRONG) == [setting.name for setting in app_settings]


@pytest.mark.parametrize(("number", "name"), list(enumerate(WRONG, start=1)))
def test_a_wrong_setting_is_reported_under_its_own_id(
    number: int, name: str, settings: Any
) -> None:
    setattr(settings, name, WRONG[name])
    message = one(f"phone_invites.E{100 + number}")
    assert message.is_serious()
    assert message.msg.startswith(f"{name} must be ")
    assert message.msg.endswith(".")


@pytest.mark.parametrize("name", [name for name in WRONG if "BACKEND" not in name])
def test_a_wrong_setting_is_reported_once(name: str, settings: Any) -> None:
    setattr(settings, name, WRONG[name])
    assert len(found()) == 1


@pytest.mark.parametrize("name", ["PHONE_INVITES_ROUTES", "PHONE_INVITES_API_ROUTES"])
@pytest.mark.parametrize("value", [[], {"code": 5}], ids=repr)
def test_wrong_routes_do_not_break_check_deploy(name: str, value: Any, settings: Any) -> None:
    setattr(settings, name, value)
    assert {"phone_invites.E109", "phone_invites.E110", "phone_invites.E006"} & set(
        ids(deploy=True)
    )


def test_an_unknown_setting_is_reported_with_the_one_that_was_meant(settings: Any) -> None:
    settings.PHONE_INVITES_CODE_LENGHT = 6
    message = one("phone_invites.E001")
    assert message.msg == "PHONE_INVITES_CODE_LENGHT is not a setting."
    assert message.hint == "Did you mean PHONE_INVITES_CODE_LENGTH?"


def test_an_unknown_setting_that_resembles_none_gets_the_whole_list(settings: Any) -> None:
    settings.PHONE_INVITES_ZZZZZZZZZZZZZZZZZZZZZZZZZZZZ = 1
    hint = one("phone_invites.E001").hint
    assert hint is not None
    assert hint.startswith("Known are: ")
    assert all(setting.name in hint for setting in app_settings)


# --- E002 ---


def test_a_longest_cooldown_below_the_first_is_reported(settings: Any) -> None:
    settings.PHONE_INVITES_RESEND_COOLDOWN = dt.timedelta(minutes=33)
    message = one("phone_invites.E002")
    assert message.hint == "The cooldown doubles from the one up to the other."


def test_a_cooldown_that_stays_the_same_passes(settings: Any) -> None:
    settings.PHONE_INVITES_RESEND_COOLDOWN = dt.timedelta(minutes=32)
    assert found() == []


# --- E003 and E004 ---


@pytest.mark.parametrize(
    ("configured", "words"),
    [
        ({}, "KeyError"),
        ({"BACKEND": "nowhere.Sender"}, "ModuleNotFoundError"),
        ({"BACKEND": MEMORY, "OPTIONS": {"speed": 1}}, "TypeError"),
        ({"BACKEND": "django_phone_invites.senders.Sender"}, "TypeError"),
        ({"BACKEND": f"{__name__}.ChattySender"}, "ValueError"),
        ({"BACKEND": "builtins.int"}, "int, which is no Sender"),
    ],
)
def test_a_sender_that_cannot_be_built_is_reported(
    configured: dict[str, Any], words: str, settings: Any
) -> None:
    settings.PHONE_INVITES_SENDER = configured
    message = one("phone_invites.E003")
    assert words in message.msg
    assert "hunter2" not in message.msg
    assert message.hint
    assert ids() == ["phone_invites.E003"]


def test_what_a_sender_says_of_its_options_is_reported(settings: Any) -> None:
    settings.PHONE_INVITES_SENDER = {
        "BACKEND": f"{__name__}.RealSender",
        "OPTIONS": {"key": "expired"},
    }
    assert one("phone_invites.E004").msg == "The key has expired."
    assert "site.W007" in [message.id for message in run_checks()]


def test_a_sender_with_right_options_passes(settings: Any) -> None:
    settings.PHONE_INVITES_SENDER = {
        "BACKEND": f"{__name__}.RealSender",
        "OPTIONS": {"key": "right"},
    }
    assert found() == []


# --- E011 ---


class NeedyStore(Store):
    """A store that says too much when it fails."""

    def __init__(self, *, url: str) -> None:
        raise ValueError(f"{url} is not valid")

    def read(self, counted: Any, now: Any) -> Any:
        raise NotImplementedError


@pytest.mark.parametrize(
    ("configured", "words"),
    [
        ({}, "KeyError"),
        ({"BACKEND": "nowhere.Store"}, "ModuleNotFoundError"),
        ({"BACKEND": f"{__name__}.NeedyStore", "OPTIONS": {"url": "hunter2"}}, "ValueError"),
        ({"BACKEND": "builtins.int"}, "int, no Store"),
    ],
)
def test_a_store_that_cannot_be_built_is_reported(
    configured: dict[str, Any], words: str, settings: Any
) -> None:
    settings.PHONE_INVITES_LIMIT_STORE = configured
    message = one("phone_invites.E011")
    assert words in message.msg
    assert "hunter2" not in message.msg
    assert message.hint
    assert ids() == ["phone_invites.E011"]


def test_a_store_in_redis_without_redis_py_is_reported(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "redis", None)
    monkeypatch.delitem(sys.modules, "django_phone_invites.limits.redis", raising=False)
    settings.PHONE_INVITES_LIMIT_STORE = {
        "BACKEND": "django_phone_invites.limits.redis.RedisStore",
        "OPTIONS": {"url": "redis://:hunter2@localhost"},
    }
    message = one("phone_invites.E011").msg
    assert 'pip install "django-phone-invites[redis]"' in message
    assert "hunter2" not in message


# --- E012 and E013 ---


def test_pausing_without_watching_is_reported(settings: Any) -> None:
    settings.PHONE_INVITES_REGION_ALERT_PAUSES = True
    assert one("phone_invites.E012").hint == "Set PHONE_INVITES_REGION_ALERT_SHARE."
    settings.PHONE_INVITES_REGION_ALERT_SHARE = 0.3
    assert found() == []


def test_watching_without_pausing_passes(settings: Any) -> None:
    settings.PHONE_INVITES_REGION_ALERT_SHARE = 0.3
    assert found() == []


def test_a_region_that_does_not_exist_is_not_paused(settings: Any) -> None:
    settings.PHONE_INVITES_PAUSED = ["RU", "UK"]
    assert one("phone_invites.E013").msg == "PHONE_INVITES_PAUSED: there is no region 'UK'."


@pytest.mark.parametrize("value", [True, False, [], ["GB", "KZ"]])
def test_a_pause_of_what_exists_passes(value: Any, settings: Any) -> None:
    settings.PHONE_INVITES_PAUSED = value
    assert found() == []


# --- E005 and E006 ---


@pytest.mark.parametrize("setting", ["PHONE_INVITES_ROUTES", "PHONE_INVITES_API_ROUTES"])
def test_a_route_that_does_not_exist_is_reported(setting: str, settings: Any) -> None:
    setattr(settings, setting, {"profil": "me/"})
    message = one("phone_invites.E005")
    assert message.msg == f"{setting}: there is no route 'profil'."
    assert message.hint == "Did you mean profile?"


@pytest.mark.parametrize("setting", ["PHONE_INVITES_ROUTES", "PHONE_INVITES_API_ROUTES"])
@pytest.mark.parametrize(
    ("name", "path", "problem"),
    [
        ("profile", 5, "is not a string"),
        ("profile", None, "is not a string"),
        ("profile", "<nothing:pk>/", "is not a path"),
        ("profile", "<int:p k>/", "is not a path"),
        ("profile", "<str:token>/", "can hold pk only"),
        ("invitees", "<slug>/", "can hold pk only"),
        ("code", "auth/", "must hold either <str:token> or <int:pk>"),
        ("code", "<int:pk>/<str:token>/", "must hold either <str:token> or <int:pk>"),
        ("code", "<int:number>/", "can hold pk or token only"),
    ],
)
def test_a_path_that_its_view_cannot_serve_is_reported(
    setting: str, name: str, path: object, problem: str, settings: Any
) -> None:
    setattr(settings, setting, {name: path})
    message = one("phone_invites.E006")
    assert message.msg.startswith(f"{setting}: the path of '{name}' {problem}")


def test_a_page_without_parameters_takes_none(settings: Any) -> None:
    settings.PHONE_INVITES_ROUTES = {"logout": "<int:pk>/"}
    assert "can hold no parameter only" in one("phone_invites.E006").msg


@pytest.mark.parametrize(
    "routes",
    [
        {"code": "auth/<int:pk>/", "profile": "deteil/<int:pk>/"},
        {"code": "auth/<str:token>/", "profile": "me/", "invitees": "me/<uuid:pk>/all/"},
        {"code": "auth/<token>/"},
    ],
)
def test_paths_that_their_views_can_serve_pass(routes: dict[str, str], settings: Any) -> None:
    settings.PHONE_INVITES_ROUTES = routes
    settings.PHONE_INVITES_API_ROUTES = routes
    assert found() == []


@pytest.mark.parametrize("path", ["<int:token>/", "<str:pk>/", "<pk>/", "<uuid:pk>/"])
def test_a_code_route_with_a_converter_of_the_wrong_kind_is_reported(
    path: str, settings: Any
) -> None:
    settings.PHONE_INVITES_ROUTES = {"code": path}
    assert ids() == ["phone_invites.E006"]


# --- E007 and E008 ---


@pytest.mark.parametrize(
    "path",
    ["nowhere.make", "nodots", "django.nothing_here", f"{__name__}.NOT_CALLABLE"],
)
def test_a_function_that_cannot_be_imported_is_reported(path: str, settings: Any) -> None:
    settings.PHONE_INVITES_CREATE_USER = path
    message = one("phone_invites.E007")
    assert message.msg == f"PHONE_INVITES_CREATE_USER cannot be imported: {path!r}."
    assert message.hint == "It is the dotted path of a function."


def test_a_function_that_can_be_imported_passes(settings: Any) -> None:
    settings.PHONE_INVITES_CREATE_USER = f"{__name__}.make_people"
    settings.PHONE_INVITES_TOKEN_ISSUER = f"{__name__}.make_people"
    assert found() == []


@needs_api
def test_a_token_issuer_that_cannot_be_imported_is_reported(settings: Any) -> None:
    settings.PHONE_INVITES_TOKEN_ISSUER = "nowhere.issue"
    assert one("phone_invites.E007").msg.startswith("PHONE_INVITES_TOKEN_ISSUER ")


def test_a_token_issuer_does_not_matter_without_the_api(settings: Any, no_api: None) -> None:
    settings.PHONE_INVITES_TOKEN_ISSUER = "nowhere.issue"
    assert found() == []


@pytest.mark.parametrize("path", ["", "."])
def test_an_empty_path_is_reported(path: str, settings: Any) -> None:
    settings.PHONE_INVITES_CREATE_USER = path
    assert ids() == ["phone_invites.E007"]


def test_a_backend_that_django_does_not_ask_is_reported(settings: Any) -> None:
    settings.PHONE_INVITES_AUTHENTICATION_BACKEND = "site.backends.PhoneBackend"
    message = one("phone_invites.E008")
    assert message.hint == "A session that names it would log nobody in."


def test_a_backend_that_django_asks_passes(settings: Any) -> None:
    settings.PHONE_INVITES_AUTHENTICATION_BACKEND = settings.AUTHENTICATION_BACKENDS[0]
    assert found() == []


# --- E009 and W001 ---


@needs_api
def test_tokens_that_cannot_be_stored_are_reported(settings: Any) -> None:
    settings.INSTALLED_APPS = [
        app for app in settings.INSTALLED_APPS if app != "rest_framework.authtoken"
    ]
    message = one("phone_invites.E009")
    assert message.hint == 'Add "rest_framework.authtoken" to INSTALLED_APPS and migrate.'


@needs_api
def test_tokens_that_rest_framework_does_not_read_are_reported(settings: Any) -> None:
    settings.REST_FRAMEWORK = {
        "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.SessionAuthentication"]
    }
    message = one("phone_invites.W001")
    assert not message.is_serious()
    assert "TokenAuthentication" in (message.hint or "")


@needs_api
def test_the_tokens_of_another_issuer_are_its_own_business(settings: Any) -> None:
    settings.PHONE_INVITES_TOKEN_ISSUER = f"{__name__}.make_people"
    settings.REST_FRAMEWORK = {"DEFAULT_AUTHENTICATION_CLASSES": []}
    assert found() == []
    assert "phone_invites.W006" not in ids(deploy=True)


def test_without_the_api_nobody_asks_for_tokens(settings: Any, no_api: None) -> None:
    settings.REST_FRAMEWORK = {"DEFAULT_AUTHENTICATION_CLASSES": []}
    assert found() == []
    assert "phone_invites.W006" not in ids(deploy=True)


@pytest.fixture
def deeper_urls() -> Iterator[str]:
    """An URLconf that includes the tests' URLs one level further down, beside a plain view."""
    from django.urls import include, path
    from django.views.generic import View

    module = types.ModuleType("deeper_urls")
    module.urlpatterns = [  # type: ignore[attr-defined]
        path("plain/", View.as_view()),
        path("deep/", include("tests.urls")),
    ]
    sys.modules[module.__name__] = module
    yield module.__name__
    del sys.modules[module.__name__]


@needs_api
def test_the_api_is_found_however_deep_it_is_included(deeper_urls: str, settings: Any) -> None:
    settings.ROOT_URLCONF = deeper_urls
    assert "phone_invites.W006" in ids(deploy=True)


# --- check --deploy ---


@pytest.mark.parametrize(
    "check_id",
    [
        "phone_invites.E010",
        "phone_invites.W002",
        "phone_invites.W003",
        "phone_invites.W004",
        "phone_invites.W005",
        pytest.param("phone_invites.W006", marks=needs_api),
    ],
)
def test_what_only_a_deployment_must_not_do_has_a_hint(check_id: str, settings: Any) -> None:
    settings.PHONE_INVITES_CODE_LENGTH = 4
    settings.PHONE_INVITES_ROUTES = {"code": "auth/<int:pk>/"}
    message = one(check_id, deploy=True)
    assert message.hint
    assert message.is_serious() is (check_id == "phone_invites.E010")
    assert check_id not in ids()


@pytest.mark.parametrize(("length", "reported"), [(5, True), (6, False)])
def test_codes_of_six_digits_are_long_enough(length: int, reported: bool, settings: Any) -> None:
    settings.PHONE_INVITES_CODE_LENGTH = length
    assert ("phone_invites.W002" in ids(deploy=True)) is reported


def test_a_wrong_length_is_not_called_short_as_well(settings: Any) -> None:
    settings.PHONE_INVITES_CODE_LENGTH = "4"
    assert "phone_invites.W002" not in ids(deploy=True)


@pytest.mark.parametrize(
    ("configured", "reported"),
    [
        ({"BACKEND": MEMORY}, True),
        ({"BACKEND": "django_phone_invites.senders.console.ConsoleSender"}, True),
        ({"BACKEND": f"{__name__}.RealSender"}, False),
        ({"BACKEND": "nowhere.Sender"}, False),
    ],
)
def test_codes_do_not_go_where_others_read_them(
    configured: dict[str, Any], reported: bool, settings: Any
) -> None:
    settings.PHONE_INVITES_SENDER = configured
    assert ("phone_invites.E010" in ids(deploy=True)) is reported


@pytest.mark.parametrize("name", ["PHONE_INVITES_ROUTES", "PHONE_INVITES_API_ROUTES"])
def test_ids_that_are_counted_up_are_reported(name: str, settings: Any) -> None:
    setattr(settings, name, {"code": "auth/<int:pk>/"})
    assert one("phone_invites.W003", deploy=True).msg.startswith(f"{name}: ")


def test_opaque_ids_pass() -> None:
    assert "phone_invites.W003" not in ids(deploy=True)


def test_named_regions_pass(settings: Any) -> None:
    settings.PHONE_INVITES_REGIONS = ["RU"]
    assert "phone_invites.W004" not in ids(deploy=True)


def test_a_named_host_passes(settings: Any) -> None:
    settings.PHONE_INVITES_HOST = "example.com"
    assert "phone_invites.W005" not in ids(deploy=True)
