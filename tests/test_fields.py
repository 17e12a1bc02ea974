"""A number is E.164 in the database, whatever else the site does with numbers."""

from __future__ import annotations

from typing import Any

import pytest
from phonenumber_field.phonenumber import PhoneNumber

from django_phone_invites.fields import E164Field

PHONE = "+79096869722"


def test_a_number_is_e164_in_the_database_whatever_the_sites_format(settings: Any) -> None:
    settings.PHONENUMBER_DB_FORMAT = "INTERNATIONAL"
    assert E164Field().get_prep_value("+7 909 686-97-22") == PHONE
    assert E164Field().get_prep_value(PhoneNumber.from_string(PHONE)) == PHONE


def test_a_number_that_became_invalid_still_equals_itself() -> None:
    assert E164Field().get_prep_value("+79999") == "+79999"


@pytest.mark.parametrize("empty", [None, ""])
def test_no_number_stays_none(empty: str | None) -> None:
    assert E164Field().get_prep_value(empty) == empty
