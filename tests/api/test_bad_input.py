"""The table of bad input: every route and method refuses it, and none ends in a 5xx."""

from __future__ import annotations

import json

import pytest

from django_phone_invites.models import InviteActivation, InviteCode, LimitCounter, LoginCode
from django_phone_invites.testing import last_code, outbox

PHONE = "+79096869722"
JSON = "application/json"
ROUTES = ["/api/codes/", "/api/codes/{token}/", "/api/profile/", "/api/profile/invitees/"]
#: The routes that read a body, with the field that they read.
READERS = [
    ("post", "/api/codes/", "phone"),
    ("post", "/api/codes/", "invite_code"),
    ("post", "/api/codes/{token}/", "auth_number"),
    ("patch", "/api/profile/", "stranger_invite_code"),
]
ENDPOINTS = [reader for reader in READERS if reader[2] != "invite_code"]
METHODS = ["get", "head", "post", "put", "patch", "delete", "options", "trace"]
ALLOWED = {
    "/api/codes/": {"post", "options"},
    "/api/codes/{token}/": {"post", "options"},
    "/api/profile/": {"get", "head", "patch", "options"},
    "/api/profile/invitees/": {"get", "head", "options"},
}

BODIES = {
    "nothing": b"",
    "a space": b" ",
    "null": b"null",
    "true": b"true",
    "a number": b"1",
    "a string": b'"x"',
    "an array": b"[]",
    "an array of objects": b'[{"phone": "+79096869799"}]',
    "an empty object": b"{}",
    "half an object": b'{"phone": ',
    "two objects": b"{}{}",
    "a NaN": b'{"phone": NaN, "auth_number": NaN, "stranger_invite_code": NaN}',
    "an infinity": b'{"phone": -Infinity, "auth_number": Infinity}',
    "bad UTF-8": b'{"phone": "\xff\xfe", "auth_number": "\xc0\x80"}',
    "UTF-16": '{"phone": "+79096869799"}'.encode("utf-16"),
    "a byte order mark": b'\xef\xbb\xbf{"phone": "+79096869799"}',
    "a raw NUL": b'{"phone": "\x00"}',
    "an integer of 16,000 digits": b'{"auth_number": ' + b"9" * 16_000 + b"}",
    "16,000 brackets": b"[" * 16_000,
    "2,500 objects in each other": b'{"a":' * 2_500 + b"1" + b"}" * 2_500,
    "a form": b"phone=%2B79096869799&auth_number=1&stranger_invite_code=AAAAAA",
}
TOO_LARGE = {
    "50,000 brackets": b"[" * 50_000,
    "16 KiB and a byte": b" " * (16 * 1024 + 1),
    "20 MB": b'{"phone": "' + b"x" * 20_000_000 + b'"}',
}
#: As JSON, because Python's own literals cannot say all of it.
VALUES = {
    "an array": "[]",
    "an array of one": '["8917"]',
    "an object": "{}",
    "null": "null",
    "true": "true",
    "false": "false",
    "a fraction": "1.5",
    "a float that is whole": "8917.0",
    "more than a float holds": "1e400",
    "a negative number": "-1",
    "2**63": str(2**63),
    "400 digits": "9" * 400,
    "an empty string": '""',
    "a space": '" "',
    "a NUL": r'"\u0000"',
    "digits and a NUL": r'"123456\u0000"',
    "a lone surrogate": r'"\ud800"',
    "digits and a lone surrogate": r'"+79096869799\udfff"',
    "full-width digits": '"１２３４５６"',
    "Arabic digits": '"١٢٣٤٥٦"',
    "an underscore": '"8_917"',
    "a sign": '"+12345"',
    "a zero-width sign": r'"123\u200b456"',
    "an exponent": '"1e5"',
    "400 letters": f'"{"A" * 400}"',
    "400 digits in a string": f'"{"9" * 400}"',
    "markup": '"<script>alert(1)</script>"',
    "SQL": '"\' OR 1=1 --"',
}
CONTENT_TYPES = [
    "",
    "text/plain",
    "text/html",
    "application/xml",
    "application/x-www-form-urlencoded",
    "multipart/form-data",
    "multipart/form-data; boundary=x",
    "application/json-patch+json",
    "application/jsonp",
    "json",
    "/",
    ";",
    "\xff",
    "x" * 4000,
]


@pytest.fixture
def send(person, request_code):
    """Send bytes as they are, with a token and against a code that was just sent."""
    sender, token = person("+79096869723"), request_code().json()["id"]

    def send(method, route, body=b"", content_type=JSON, **more):
        return sender.client.generic(
            method.upper(),
            route.format(token=token),
            body,
            content_type,
            headers={"Authorization": f"Token {sender.token}"},
            **more,
        )

    return send


@pytest.fixture
def nothing_changed(send):
    """Hold that no row was made or changed, no attempt spent and nothing sent."""
    before = _state()
    yield
    assert _state() == before


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
@pytest.mark.parametrize(("method", "route", "field"), ENDPOINTS)
def test_a_body_that_is_no_object_of_the_right_fields_is_400(
    send, nothing_changed, method, route, field, body
):
    answer = send(method, route, body)
    assert answer.status_code == 400
    assert answer.json()["code"] in {"parse_error", "invalid"}


@pytest.mark.parametrize("body", TOO_LARGE.values(), ids=TOO_LARGE)
@pytest.mark.parametrize(("method", "route", "field"), ENDPOINTS)
def test_a_body_that_is_too_large_is_413(send, nothing_changed, method, route, field, body):
    answer = send(method, route, body)
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


@pytest.mark.parametrize("content_type", CONTENT_TYPES, ids=lambda value: repr(value[:32]))
@pytest.mark.parametrize(("method", "route", "field"), ENDPOINTS)
def test_another_content_type_is_415(send, nothing_changed, method, route, field, content_type):
    # The test client's own content type would take the place of an empty one.
    answer = send(method, route, b"{}", content_type, CONTENT_TYPE=content_type)
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")


@pytest.mark.parametrize("charset", ["utf-8", "utf-16", "nonsense", '"'])
def test_a_charset_changes_nothing_about_json(send, nothing_changed, charset):
    answer = send("post", "/api/codes/", b'{"phone": "x"}', f"{JSON}; charset={charset}")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
@pytest.mark.parametrize(("method", "route", "field"), READERS)
def test_a_value_of_another_kind_is_400_and_changes_nothing(send, method, route, field, value):
    if field == "invite_code":
        # Beside a phone that is refused, so that nothing is sent whatever becomes of it.
        body = f'{{"phone": "x", "invite_code": {value}}}'
    else:
        body = f'{{"{field}": {value}}}'
    before = _state()
    answer = send(method, route, body.encode())
    assert answer.status_code == 400
    assert answer.json()["code"] in {"invalid", "invite_unknown"}
    assert _state() == before


@pytest.mark.parametrize("value", ["123", '"123"', '"12345a"', "1234567", "true", "[]"])
def test_no_code_that_could_not_be_one_costs_an_attempt(send, value):
    """An integer is read with leading zeros, so 123 alone is a guess."""
    answer = send("post", "/api/codes/{token}/", f'{{"auth_number": {value}}}'.encode())
    malformed = value != "123"
    assert answer.status_code == 400
    assert answer.json()["code"] == ("invalid" if malformed else "code_invalid")
    if malformed:
        assert [each["code"] for each in answer.json()["errors"]["auth_number"]] == [
            "code_malformed"
        ]
    assert LoginCode.objects.get().attempts == (0 if malformed else 1)


def test_of_duplicate_keys_the_last_counts(send):
    body = f'{{"auth_number": "000000x", "auth_number": "{last_code(PHONE)}"}}'
    assert send("post", "/api/codes/{token}/", body.encode()).status_code == 200


@pytest.mark.parametrize("key", [r"\ud800", r"\u0000", "", "__class__", "phone" * 1000])
def test_keys_that_nobody_asked_for_are_ignored(send, key):
    answer = send("post", "/api/codes/{token}/", f'{{"{key}": 1}}'.encode())
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert set(answer.json()["errors"]) == {"auth_number"}


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize(
    "body", [b"", b"[" * 16_000, b"\xff", b"[" * 50_000], ids=["empty", "deep", "bytes", "large"]
)
def test_no_method_of_any_route_is_an_error(send, nothing_changed, route, method, body):
    answer = send(method, route, body)
    if method not in ALLOWED[route]:
        assert answer.status_code == 405
        assert method == "head" or answer.json()["code"] == "method_not_allowed"
        assert {each.strip().lower() for each in answer["Allow"].split(",")} == ALLOWED[route]
    elif method in {"post", "patch"}:
        assert answer.status_code == (413 if len(body) > 16 * 1024 else 400)
    else:
        assert answer.status_code == 200


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("route", ROUTES)
def test_a_method_that_nobody_knows_is_405(send, route, method):
    answer = send(f"{method}S", route)
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")


TOKENS = {
    "-1": "-1",
    "0": "0",
    "2**63": str(2**63),
    "400 digits": "9" * 400,
    "8,000 digits": "9" * 8_000,
    "a NUL": "%00",
    "a NUL within": "a%00b",
    "bad UTF-8": "%ff%fe",
    "a lone surrogate": "%ed%a0%80",
    "an emoji": "%F0%9F%98%80",
    "quotes": "'%22",
    "a percent sign": "%25",
    "a line break": "a%0Ab",
}


@pytest.mark.parametrize("token", TOKENS.values(), ids=TOKENS)
@pytest.mark.parametrize("method", METHODS)
def test_no_id_of_a_code_is_an_error(send, method, token):
    before = _state()
    answer = send(method, f"/api/codes/{token}/", b'{"auth_number": "123456"}')
    if method == "post":
        assert (answer.status_code, answer.json()["code"]) == (404, "code_not_found")
    elif method == "options":
        assert answer.status_code == 200
    else:
        assert answer.status_code == 405
    assert _state() == before


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Token",
        "Token a b",
        "Token \xff",
        "Basic x",
        "Bearer " + "x" * 8_000,
        "Token " + "é" * 50,
    ],
    ids=lambda value: repr(value[:16]),
)
@pytest.mark.parametrize("route", ["/api/profile/", "/api/profile/invitees/"])
def test_bad_credentials_are_401(client, db, route, authorization):
    answer = client.get(route, headers={"Authorization": authorization})
    assert answer.status_code == 401
    assert answer.json()["code"] in {"not_authenticated", "authentication_failed"}


@pytest.mark.parametrize(
    "query", ["format=xml", "format=api", "format=%00", "older_than=%00&format=x"]
)
def test_a_format_that_is_not_json_is_not_found(send, query):
    answer = send("get", f"/api/profile/invitees/?{query}")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize("accept", ["text/html", "application/xml", "x", "\xff", "/"])
def test_another_answer_than_json_is_not_to_be_had(send, accept):
    answer = send("get", "/api/profile/", HTTP_ACCEPT=accept)
    assert (answer.status_code, answer.json()["code"]) == (406, "not_acceptable")


def test_the_table_is_json():
    """A typing error in it would make every row a parse error."""
    for value in VALUES.values():
        json.loads(value)


def _state():
    return (
        list(LoginCode.objects.order_by("pk").values_list("pk", "attempts", "used_at", "ended_at")),
        # A malformed guess and a wrong invite code count where they came from, and nowhere else.
        list(
            LimitCounter.objects.exclude(key__contains="-failures:")
            .order_by("pk")
            .values_list("pk", "version")
        ),
        list(InviteCode.objects.order_by("pk").values_list("pk", "uses")),
        InviteActivation.objects.count(),
        len(outbox),
    )
