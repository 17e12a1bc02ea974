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


needs_api = pytest.mark.skipif(not django_settings.HAS_DRF, reason="REST framework is missing")


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
    settings.PHONE_INVITES_TOKEN_ISSUER = "tests.checks.reports.make_people"
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
