"""The tokens that the API gives out."""

from __future__ import annotations

import sys
import types
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings as django_settings

from tests.checks.reports import found, ids, one

pytestmark = pytest.mark.django_db  # Django's checks of JSONField ask the database.


#: What the checks say of an issuer.
TOKENS = {f"phone_invites.{name}" for name in ("E007", "E009", "E015", "E116", "W001", "W006")}

needs_api = pytest.mark.skipif(not django_settings.HAS_DRF, reason="REST framework is missing")


@needs_api
def test_tokens_that_cannot_be_kept_are_reported(settings: Any) -> None:
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
def test_what_a_function_gives_out_is_its_own_business(settings: Any) -> None:
    settings.PHONE_INVITES_TOKEN_ISSUER = "tests.checks.reports.make_people"
    settings.REST_FRAMEWORK = {"DEFAULT_AUTHENTICATION_CLASSES": []}
    assert found() == []
    assert "phone_invites.W006" not in ids(deploy=True)


#: Each issuer with its package, the app that keeps what it gives out, and the class that reads it.
ISSUERS = {
    "knox.KnoxIssuer": ("knox", "knox", "knox.auth.TokenAuthentication"),
    "jwt.JWTIssuer": (
        "rest_framework_simplejwt",
        "rest_framework_simplejwt.token_blacklist",
        "rest_framework_simplejwt.authentication.JWTAuthentication",
    ),
    "session.SessionIssuer": (
        "rest_framework",
        "django.contrib.sessions",
        "rest_framework.authentication.SessionAuthentication",
    ),
}


@pytest.fixture(params=ISSUERS)
def issuer(request: pytest.FixtureRequest, settings: Any) -> tuple[str, str]:
    """Put each issuer in force that needs a decision of the site; return its app and its reader."""
    package, app, reader = ISSUERS[request.param]
    pytest.importorskip(package, reason=f"{package} is missing: --group issuers")
    settings.PHONE_INVITES_TOKEN_ISSUER = f"django_phone_invites.api.issuers.{request.param}"
    return app, reader


@needs_api
def test_an_issuer_whose_tokens_are_kept_and_read_passes(
    issuer: tuple[str, str], settings: Any
) -> None:
    settings.REST_FRAMEWORK = {"DEFAULT_AUTHENTICATION_CLASSES": [issuer[1]]}
    assert found() == []
    assert "phone_invites.W006" not in ids(deploy=True)


@needs_api
def test_the_app_and_the_class_of_an_issuer_are_named(
    issuer: tuple[str, str], settings: Any
) -> None:
    app, reader = issuer
    assert reader in (one("phone_invites.W001").hint or "")
    settings.INSTALLED_APPS = [each for each in settings.INSTALLED_APPS if each != app]
    message = one("phone_invites.E009")
    assert app in message.msg
    assert message.hint == f'Add "{app}" to INSTALLED_APPS and migrate.'


@needs_api
def test_tokens_of_knox_without_a_life_are_reported(settings: Any) -> None:
    pytest.importorskip("knox", reason="knox is missing: --group issuers")
    settings.PHONE_INVITES_TOKEN_ISSUER = "django_phone_invites.api.issuers.knox.KnoxIssuer"
    settings.REST_KNOX = {"TOKEN_TTL": None}
    assert one("phone_invites.W006", deploy=True).msg == "The API gives out tokens that never end."


@needs_api
def test_an_issuer_that_cannot_be_built_is_reported_and_nothing_else_of_it(settings: Any) -> None:
    settings.PHONE_INVITES_TOKEN_ISSUER = "django_phone_invites.api.issuers.Issuer"
    settings.REST_FRAMEWORK = {"DEFAULT_AUTHENTICATION_CLASSES": []}
    message = one("phone_invites.E015")
    assert message.msg.startswith("PHONE_INVITES_TOKEN_ISSUER cannot be built: TypeError: ")
    assert [each for each in ids(deploy=True) if each in TOKENS] == ["phone_invites.E015"]


@needs_api
def test_an_issuer_that_cannot_be_imported_is_the_only_fault(settings: Any) -> None:
    settings.PHONE_INVITES_TOKEN_ISSUER = "nowhere.Issuer"
    assert [each for each in ids(deploy=True) if each in TOKENS] == ["phone_invites.E007"]


@needs_api
def test_an_issuer_that_is_no_path_is_the_only_fault(settings: Any) -> None:
    settings.PHONE_INVITES_TOKEN_ISSUER = 7
    assert [each for each in ids(deploy=True) if each in TOKENS] == ["phone_invites.E116"]


@needs_api
@pytest.mark.parametrize(
    ("package", "issuer_path", "extra"),
    [("knox", "knox.KnoxIssuer", "knox"), ("rest_framework_simplejwt", "jwt.JWTIssuer", "jwt")],
)
def test_the_extra_that_an_issuer_needs_is_named(
    settings: Any, monkeypatch: pytest.MonkeyPatch, package: str, issuer_path: str, extra: str
) -> None:
    path = f"django_phone_invites.api.issuers.{issuer_path}"
    module = path.rpartition(".")[0]
    monkeypatch.delitem(sys.modules, module, raising=False)
    for loaded in [name for name in sys.modules if name.partition(".")[0] == package]:
        monkeypatch.delitem(sys.modules, loaded)
    monkeypatch.setitem(sys.modules, package, None)
    settings.PHONE_INVITES_TOKEN_ISSUER = path
    message = one("phone_invites.E007")
    assert (message.hint or "").endswith(f'pip install "django-phone-invites[{extra}]"')


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
