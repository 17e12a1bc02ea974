"""All checks together."""

from __future__ import annotations

import importlib
import pkgutil
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.checks.registry import registry

from django_phone_invites import checks
from tests.checks.reports import found

pytestmark = pytest.mark.django_db  # Django's checks of JSONField ask the database.


needs_api = pytest.mark.skipif(not django_settings.HAS_DRF, reason="REST framework is missing")


def test_a_right_project_passes() -> None:
    assert found() == []


def test_a_right_project_passes_check_deploy(settings: Any, no_api: None) -> None:
    settings.PHONE_INVITES_SENDER = {"BACKEND": "tests.checks.reports.RealSender"}
    settings.PHONE_INVITES_REGIONS = ["RU"]
    settings.PHONE_INVITES_HOST = "example.com"
    settings.PHONE_INVITES_SITE_MESSAGES_PER_DAY = 1000
    assert found(deploy=True) == []


def test_every_check_is_registered_once_and_where_it_belongs() -> None:
    modules = [
        importlib.import_module(f"{checks.__name__}.{found.name}")
        for found in pkgutil.iter_modules(checks.__path__)
    ]
    ours = {
        name
        for module in modules
        for name, found in vars(module).items()
        if name.startswith("check_") and found.__module__ == module.__name__
    }
    assert sorted(check.__name__ for check in [*checks.ALWAYS, *checks.DEPLOY]) == sorted(ours)
    assert set(checks.ALWAYS) <= set(registry.registered_checks)
    assert set(checks.DEPLOY) <= set(registry.deployment_checks)
    assert not set(checks.DEPLOY) & set(registry.registered_checks)
