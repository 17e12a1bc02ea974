"""Fixtures that all tests share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.conf import settings

from django_phone_invites.senders.memory import outbox

collect_ignore = [] if settings.HAS_DRF else ["api", "example"]


@pytest.fixture(autouse=True)
def _empty_outbox() -> Iterator[None]:
    """Let no test see the messages of another."""
    outbox.clear()
    yield
    outbox.clear()
