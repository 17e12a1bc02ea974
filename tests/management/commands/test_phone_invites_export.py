"""``phone_invites_export`` prints what is held about a phone."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from django_phone_invites.testing import sign_up

pytestmark = pytest.mark.django_db

PHONE = "+79096869722"


def run(*args: str) -> Any:
    out = io.StringIO()
    call_command("phone_invites_export", *args, stdout=out)
    return json.loads(out.getvalue())


def test_it_prints_json() -> None:
    user = sign_up(PHONE)
    found = run("+7 (909) 686-97-22")
    assert found["phone"] == PHONE
    assert str(found["user"]["id"]) == str(user.pk)
    assert found["invite_code"]["code"] == user.invite_code.code
    assert found["account"]["verified_at"][:2] == "20"


def test_a_phone_that_nothing_is_held_about_is_no_error() -> None:
    assert run(PHONE)["account"] is None


def test_what_is_no_number_is_an_error() -> None:
    with pytest.raises(CommandError, match="Enter a valid phone number"):
        run("686")
