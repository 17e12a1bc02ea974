"""Senders that are asked last, and first again."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone

from django_phone_invites.models import SenderHealth
from django_phone_invites.services import health

pytestmark = pytest.mark.django_db
MINUTE = dt.timedelta(minutes=1)


def test_who_is_asked_last_is_listed_by_name():
    now = timezone.now()
    for name, until in [("B", now + MINUTE), ("A", now + MINUTE), ("C", now), ("D", None)]:
        SenderHealth.objects.create(sender=name, failures=5, skipped_until=until)
    assert [row.sender for row in health.skipped(now)] == ["A", "B"]


@pytest.mark.parametrize(("failures", "until"), [(1, None), (5, timezone.now() + MINUTE)])
def test_a_sender_is_asked_in_its_turn_again(failures, until):
    now = timezone.now()
    SenderHealth.objects.create(sender="A", failures=failures, failed_at=now, skipped_until=until)
    SenderHealth.objects.create(sender="B", failures=5, skipped_until=now + MINUTE)
    assert health.ask_again(sender="A")
    found = SenderHealth.objects.order_by("sender").values_list("failures", "skipped_until")
    assert list(found) == [(0, None), (5, now + MINUTE)]
    assert SenderHealth.objects.get(sender="A").failed_at == now


def test_a_sender_that_has_not_failed_stays_as_it_is():
    SenderHealth.objects.create(sender="A")
    assert not health.ask_again(sender="A")
    assert not health.ask_again(sender="nobody")
