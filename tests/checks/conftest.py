"""A site without the API."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.fixture
def no_api(settings: Any) -> None:
    settings.ROOT_URLCONF = "django_phone_invites.web.urls"
