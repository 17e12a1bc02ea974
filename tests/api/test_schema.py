"""The schema says all that the endpoints answer, without a warning.

Two of it are looked at: that of the tests' URLs, OpenAPI 3.0, made here, and that of the example, 3.1, made in a
process with the example's own settings. The latter is kept in the repository.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import drf_spectacular
import jsonschema
import pytest
import yaml
from django.conf import settings as django_settings
from django.core.management import call_command
from django.db import models
from django.utils import translation

import django_phone_invites
from django_phone_invites import exceptions
from django_phone_invites.api import ids

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "example_project"
KEPT = ROOT / "docs" / "reference" / "openapi.yaml"
BODY = {400, 413, 415}


def _of_the_tests(*options):
    out = io.StringIO()
    call_command("spectacular", "--validate", "--fail-on-warn", *options, stdout=out)
    return out.getvalue()


@pytest.fixture(scope="module")
def of_the_example(tmp_path_factory):
    """The schema that a process with the example's settings makes."""
    folder = tmp_path_factory.mktemp("example")
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
def text(request):
    """The schema as it is served; making it fails at the first warning."""
    if request.param == "tests":
        return _of_the_tests()
    return request.getfixturevalue("of_the_example")


@pytest.fixture(scope="module")
def schema(text):
    return yaml.safe_load(text)


@pytest.fixture(scope="module")
def operations(schema):
    """The operations by their ids."""
    return {
        operation["operationId"]: operation
        for methods in schema["paths"].values()
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
        "get_me",
        "activate_invite_as_me",
        "log_out",
        "log_out_everywhere",
        "request_number_code",
        "change_number",
        "undo_number",
        "list_logins",
        "end_login",
    } == ours


@pytest.mark.parametrize(
    ("operation", "granted", "refused"),
    [
        ("request_code", 201, BODY | {403, 409, 429, 503}),
        ("verify_code", 200, BODY | {403, 404, 409, 429, 503}),
        ("get_profile", 200, {401, 403, 404, 503}),
        ("activate_invite", 200, BODY | {401, 403, 404, 409, 429, 503}),
        ("list_invitees", 200, {400, 401, 403, 404, 503}),
        ("get_me", 200, {401, 403, 404, 503}),
        ("activate_invite_as_me", 200, BODY | {401, 403, 404, 409, 429, 503}),
        ("log_out", 204, {401, 403, 409, 503}),
        ("log_out_everywhere", 204, {401, 403, 409, 503}),
        ("request_number_code", 201, BODY | {401, 403, 409, 429, 503}),
        ("change_number", 200, BODY | {401, 403, 404, 409, 429, 503}),
        ("undo_number", 204, BODY | {404, 409, 503}),
        ("list_logins", 200, {401, 403, 503}),
        ("end_login", 204, {401, 403, 404, 409, 503}),
    ],
)
def test_every_status_is_documented(operations, operation, granted, refused):
    responses = operations[operation]["responses"]
    refused |= {406}  # Whatever is asked for, it comes as JSON.
    assert {int(status) for status in responses} == {granted} | refused
    for status in refused:
        schema = responses[str(status)]["content"]["application/json"]["schema"]
        assert schema == {"$ref": "#/components/schemas/Refusal"}


def test_json_is_all_that_goes_in_and_out(operations):
    for operation in operations.values():
        assert set(operation.get("requestBody", {}).get("content", {})) <= {"application/json"}
        for status, response in operation["responses"].items():
            expected = set() if status == "204" else {"application/json"}
            assert set(response.get("content", {})) == expected


def test_a_logout_takes_and_gives_nothing(operations):
    for operation in (operations["log_out"], operations["log_out_everywhere"]):
        assert "requestBody" not in operation
        assert "content" not in operation["responses"]["204"]


@pytest.mark.parametrize(
    ("operation", "needed"),
    [
        ("request_code", False),
        ("verify_code", False),
        ("get_profile", True),
        ("get_me", True),
        ("log_out", True),
        ("log_out_everywhere", True),
    ],
)
def test_only_own_data_needs_a_token(operations, operation, needed):
    assert ({"tokenAuth": []} in operations[operation].get("security", [])) is needed


def test_the_published_names_are_in_it(schema):
    schemas = schema["components"]["schemas"]
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
    activated = schemas["Profile"]["properties"]["stranger_invite_code"]
    # OpenAPI 3.0 and 3.1.
    assert activated.get("nullable") is True or activated["type"] == ["string", "null"]
    assert set(schemas["Refusal"]["required"]) == {"code", "detail"}
    assert {"errors", "attempts_left", "resend_at"} < set(schemas["Refusal"]["properties"])


def test_a_guess_is_an_integer_or_a_string_of_digits(schema):
    guess = schema["components"]["schemas"]["VerifyCode"]["properties"]["auth_number"]
    assert [each["type"] for each in guess["oneOf"]] == ["integer", "string"]


# Examples


def _bodies(schema):
    """Yield every body that an operation takes or answers with: where it is, its schema, its examples."""
    for methods in schema["paths"].values():
        for operation in methods.values():
            named = operation["operationId"]
            parts = operation["responses"]
            for where, part in {"body": operation.get("requestBody", {}), **parts}.items():
                for content in part.get("content", {}).values():
                    examples = content.get("examples", {}).values()
                    yield (
                        f"{named} {where}",
                        content["schema"],
                        [each["value"] for each in examples],
                    )


def _dereferenced(node, schema):
    if isinstance(node, list):
        return [_dereferenced(each, schema) for each in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        name = node["$ref"].removeprefix("#/components/schemas/")
        return _dereferenced(schema["components"]["schemas"][name], schema)
    return {key: _dereferenced(each, schema) for key, each in node.items()}


def test_every_body_has_an_example_that_keeps_to_its_schema(schema):
    bodies = list(_bodies(schema))
    assert [where for where, _, examples in bodies if not examples] == []
    for where, kind, examples in bodies:
        for example in examples:
            # The only null that there is, which OpenAPI 3.0 has in words of its own.
            told = {key: value for key, value in example.items() if value is not None}
            expected = _dereferenced(kind, schema)
            expected["required"] = [each for each in expected["required"] if each in told]
            jsonschema.validate(told, expected)
            assert example.keys() >= set(_dereferenced(kind, schema)["required"]), where


def test_every_refusal_has_an_example_of_every_code_that_it_names(operations):
    for operation in operations.values():
        for status, response in operation["responses"].items():
            if int(status) < 300:
                continue
            named = set(re.findall(r"`(\w+)`(?=[:. ]|$)", response["description"]))
            content = response["content"]["application/json"]
            shown = json.dumps([each["value"] for each in content["examples"].values()])
            assert named
            assert {code for code in named if f'"{code}"' not in shown} == set()


def test_examples_are_in_the_language_of_whoever_reads_the_schema():
    assert str(exceptions.CodeInvalid.message) in _of_the_tests()
    with translation.override("ru"):
        russian = str(exceptions.CodeInvalid.message)
    assert russian in _of_the_tests("--lang", "ru")


def test_the_headers_of_an_answer_are_in_it(operations):
    headers = {
        (name, int(status)): set(response.get("headers", ()))
        for name, operation in operations.items()
        for status, response in operation["responses"].items()
    }
    assert headers["request_code", 201] == {"Location"}
    for (_, status), found in headers.items():
        if status in {429, 503}:
            assert found == {"Retry-After"}
        if status == 401:
            assert found == {"WWW-Authenticate"}


def test_the_ids_have_the_types_of_the_site(django_user_model, settings):
    settings.PHONE_INVITES_API_ROUTES = {"code": "auth/<int:pk>/"}
    schemas = yaml.safe_load(_of_the_tests())["components"]["schemas"]
    assert schemas["Challenge"]["properties"]["id"]["type"] == "integer"
    is_uuid = isinstance(django_user_model._meta.pk, models.UUIDField)
    for name in ("Profile", "Login"):
        found = schemas[name]["properties"]["id"]
        assert found["type"] == ("string" if is_uuid else "integer")
        assert found.get("format") == ("uuid" if is_uuid else None)


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        (models.BigAutoField(), {"type": "integer"}),
        (models.UUIDField(), {"type": "string", "format": "uuid"}),
        (models.CharField(), {"oneOf": [{"type": "integer"}, {"type": "string"}]}),
    ],
)
def test_the_id_of_a_user_has_the_type_of_its_column(monkeypatch, django_user_model, key, expected):
    monkeypatch.setattr(django_user_model._meta, "pk", key)
    assert ids.user_id_schema() == expected


# In the repository


def test_the_schema_in_the_repository_is_the_one_of_the_example(of_the_example):
    if _release(drf_spectacular.__version__) < (0, 30):
        pytest.skip("drf-spectacular before 0.30, the example's lowest, words it differently.")
    assert of_the_example == KEPT.read_text(), (
        f"{KEPT.name} is not the schema of the API any more. Write it anew:\n"
        "  cd example_project\n"
        "  python manage.py spectacular --file ../docs/reference/openapi.yaml\n"
        "and let CHANGELOG.md say what changed, with the new digest."
    )


def test_the_changelog_says_so_when_the_schema_changes():
    digest = hashlib.sha256(KEPT.read_bytes()).hexdigest()[:12]
    newest = re.search(r"openapi\.yaml`, SHA-256 `(\w+)", (ROOT / "CHANGELOG.md").read_text())
    assert newest, "CHANGELOG.md does not name openapi.yaml and its digest."
    assert newest[1] == digest, (
        f"docs/reference/openapi.yaml has changed: let CHANGELOG.md say what, and name {digest} "
        "above all others that it names."
    )


def _release(version):
    return tuple(int(part) for part in version.split(".")[:2])


# Refusals


def _codes():
    found, waiting = [], [exceptions.Refusal]
    while waiting:
        waiting += (below := waiting.pop().__subclasses__())
        found += [each.code for each in below if hasattr(each, "code")]
    return sorted(found)


def test_every_code_of_a_refusal_is_in_it(text):
    # Two are for whoever erases a phone.
    assert [code for code in _codes() if code not in text] == ["user_needs_phone", "user_protected"]


def test_the_default_routes_hold_no_counted_ids():
    assert not hasattr(django_settings, "PHONE_INVITES_API_ROUTES")
    assert "/api/codes/{token}/:" in _of_the_tests()


def test_the_routes_of_the_example_are_the_published(of_the_example):
    paths = yaml.safe_load(of_the_example)["paths"]
    published = {
        "/api_user/create/",
        "/api_user/auth/{id}/",
        "/api_user/user/{id}/",
        "/api_user/user/{id}/invitees/",
    }
    # What the package has beside them stands at its default paths.
    assert set(paths) == published | {
        "/api_user/logout/",
        "/api_user/logout/all/",
        "/api_user/logins/",
        "/api_user/logins/{reference}/",
        "/api_user/me/",
        "/api_user/number/",
        "/api_user/number/{token}/",
        "/api_user/number/undo/",
    }
