"""What measures the load keeps up with the models."""

from __future__ import annotations

import pytest
from django.db import connection

from django_phone_invites.models import LoginCode
from tests import load


@pytest.mark.django_db(transaction=True)
def test_the_table_is_filled_with_codes_of_different_phones() -> None:
    if connection.vendor == "sqlite":
        pytest.skip("it fills tables of servers")
    load.fill(20)
    assert LoginCode.objects.values("phone", "token").distinct().count() == 20
    load.fill(10)
    assert LoginCode.objects.count() == 10
