"""The schema says all that the endpoints answer, without a warning.

Two of it are looked at: that of the tests' URLs, made here, and that of the example, made in a process
with the example's own settings.
"""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from django.conf import settings as django_settings
from django.core.management import call_command

import django_phone_invites
from django_phone_invites import exceptions

EXAMPLE = Path(__file__).resolve().parents[2] / "example_project"
BODY = {400, 413, 415}


def _of_the_tests():
    out = io.StringIO()
    call_command("spectacular", "--validate", "--fail-on-warn", stdout=out)
    return out.getvalue()


def _of_the_example(folder):
    shutil.copytree(EXAMPLE, folder / "site", ignore=shutil.ignore_patterns("var"))
    environ = {
        **{name: value for name, value in os.environ.items() if name != "DATABASE_URL"},
        "DJANGO_SETTINGS_MODULE": "example.settings",
        "PYTHONPATH": str(Path(django_phone_invites.__file__).parents[1]),
    }
    command = [sys.executable, "manage.py", "spectacular", "--validate", "--fail-on-warn"]
    done = subprocess.run(
        command, cwd=folder / "site", env=environ, capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.fixture(scope="module", params=["tests", "example"])
def text(request, tmp_path_factory):
    """The schema as it is served; making it fails at the first warning."""
    if request.param == "tests":
        return _of_the_tests()
    return _of_the_example(tmp_path_factory.mktemp("example"))


@pytest.fixture(scope="module")
def operations(text):
    """The operations by their ids."""
    return {
        operation["operationId"]: operation
        for methods in yaml.safe_load(text)["paths"].values()
        for operation in methods.values()
    }


def test_every_endpoint_is_described(operations):
    ours = set(operations)
    assert {
        "request_code",
        "verify_code",
        "get_profile",
        "activate_invite",
        "list_invitees",
    } == ours


@pytest.mark.parametrize(
    ("operation", "granted", "refused"),
    [
        ("request_code", 201, BODY | {403, 429, 503}),
        ("verify_code", 200, BODY | {403, 404, 409, 429, 503}),
        ("get_profile", 200, {401, 404, 503}),
        ("activate_invite", 200, BODY | {401, 404, 409, 429, 503}),
        ("list_invitees", 200, {400, 401, 404, 503}),
    ],
)
def test_every_status_is_documented(operations, operation, granted, refused):
    responses = operations[operation]["responses"]
    assert {int(status) for status in responses} == {granted} | refused
    for status in refused:
        schema = responses[str(status)]["content"]["application/json"]["schema"]
        assert schema == {"$ref": "#/components/schemas/Refusal"}


def test_json_is_all_that_goes_in_and_out(operations):
    for operation in operations.values():
        assert set(operation.get("requestBody", {}).get("content", {})) <= {"application/json"}
        for response in operation["responses"].values():
            assert set(response["content"]) == {"application/json"}


@pytest.mark.parametrize(
    ("operation", "needed"),
    [("request_code", False), ("verify_code", False), ("get_profile", True)],
)
def test_only_own_data_needs_a_token(operations, operation, needed):
    assert ({"tokenAuth": []} in operations[operation].get("security", [])) is needed


def test_the_published_names_are_in_it(text):
    schemas = yaml.safe_load(text)["components"]["schemas"]
    assert set(schemas["Challenge"]["properties"]) == {
        "id",
        "phone",
        "expires_at",
        "resend_at",
        "attempts_left",
    }
    assert set(schemas["Login"]["properties"]) == {"token", "id", "invite_refusal"}
    assert set(schemas["Login"]["required"]) == {"token", "id"}
    assert set(schemas["Profile"]["properties"]) >= {
        "id",
        "invite_code",
        "phone",
        "stranger_invite_code",
        "invite_user",
        "invite_user_count",
    }
    assert schemas["Profile"]["properties"]["stranger_invite_code"]["nullable"] is True
    assert set(schemas["Refusal"]["required"]) == {"code", "detail"}
    assert {"errors", "attempts_left", "resend_at"} < set(schemas["Refusal"]["properties"])


def test_a_guess_is_an_integer_or_a_string_of_digits(text):
    guess = yaml.safe_load(text)["components"]["schemas"]["VerifyCode"]["properties"]["auth_number"]
    assert [each["type"] for each in guess["oneOf"]] == ["integer", "string"]


def _codes():
    found, waiting = [], [exceptions.Refusal]
    while waiting:
        waiting += (below := waiting.pop().__subclasses__())
        found += [each.code for each in below if hasattr(each, "code")]
    return sorted(found)


def test_every_code_of_a_refusal_is_in_it(text):
    assert [code for code in _codes() if code not in text] == []


def test_the_default_routes_hold_no_counted_ids():
    assert not hasattr(django_settings, "PHONE_INVITES_API_ROUTES")
    assert "/api/codes/{token}/:" in _of_the_tests()


def test_the_routes_of_the_example_are_the_published(tmp_path):
    paths = yaml.safe_load(_of_the_example(tmp_path))["paths"]
    assert set(paths) == {
        "/api_user/create/",
        "/api_user/auth/{id}/",
        "/api_user/user/{id}/",
        "/api_user/user/{id}/invitees/",
    }
