"""The table of bad input: every route and method refuses it, and none ends in a 5xx.

Each row is sent to the default routes, and to those of the example that hold ``<int:pk>`` instead.
"""

from __future__ import annotations

import json
import logging

import pytest
from django.contrib.auth import get_user_model
from django.core.exceptions import (
    BadRequest,
    DisallowedHost,
    RequestDataTooBig,
    SuspiciousOperation,
)
from django.http import UnreadablePostError

from django_phone_invites.models import LoginCode
from django_phone_invites.routes import api_url
from django_phone_invites.testing import last_code
from tests.bad_input import CHARSETS, COOKIES, HEADERS, IDS, QUERIES, for_each, kept

PHONE = "+79096869722"
JSON = "application/json"
ROUTES = [
    *("codes", "code", "profile", "invitees", "me", "logout", "logout_all", "logins", "login"),
    *("number", "number_code", "number_undo"),
]
#: They take no body, so whatever comes as one stays where it is.
BODILESS = ["logout", "logout_all"]
#: The routes that read a body, with the field that they read.
READERS = [
    ("post", "codes", "phone"),
    ("post", "codes", "invite_code"),
    ("post", "code", "auth_number"),
    ("patch", "profile", "stranger_invite_code"),
    ("patch", "me", "stranger_invite_code"),
    ("post", "number", "phone"),
    ("post", "number_code", "auth_number"),
    ("post", "number_undo", "token"),
]
ENDPOINTS = [reader for reader in READERS if reader[2] != "invite_code"]
#: What is found for no value: there is no such code here, nor a change.
FOUND_NOWHERE = {"number_code": "code_not_found", "number_undo": "undo_not_found"}
METHODS = ["get", "head", "post", "put", "patch", "delete", "options", "trace"]
ALLOWED = {
    "codes": {"post", "options"},
    "code": {"post", "options"},
    "profile": {"get", "head", "patch", "options"},
    "invitees": {"get", "head", "options"},
    "me": {"get", "head", "patch", "options"},
    "logout": {"post", "options"},
    "logout_all": {"post", "options"},
    "logins": {"get", "head", "options"},
    "login": {"delete", "options"},
    "number": {"post", "options"},
    "number_code": {"post", "options"},
    "number_undo": {"post", "options"},
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
    "two phones": b'{"phone": "+79096869799", "phone": "+79096869798", "auth_number": 1, "auth_number": 2}',
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
    "as many digits as Python reads": "9" * 4_300,
    "an empty string": '""',
    "a space": '" "',
    "a NUL": r'"\u0000"',
    "digits and a NUL": r'"123456\u0000"',
    "a lone surrogate": r'"\ud800"',
    "a control character at the edge": r'"+79096869799\u001f"',
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


@pytest.fixture(params=["token", "pk"])
def routes(request, use_api_routes):
    """The default routes, and those of the example."""
    if request.param == "pk":
        kind = get_user_model()._meta.pk.get_internal_type()
        user = "uuid" if kind == "UUIDField" else "int"
        use_api_routes(
            code="codes/<int:pk>/",
            profile=f"user/<{user}:pk>/",
            invitees=f"user/<{user}:pk>/invitees/",
        )
    return request.param


@pytest.fixture
def send(person, request_code, routes):
    """Send bytes as they are, with a token and against a code that was just sent."""
    sender = person("+79096869723")
    request_code()
    code = LoginCode.objects.get()

    def send(method, route, body=b"", content_type=JSON, query="", **more):
        ids = {"token": code.token, "pk": code.pk if route == "code" else sender.user.pk}
        ids["reference"] = "f" * 32
        path = route if route.startswith("/") else api_url(route, **ids)
        return sender.client.generic(
            method.upper(),
            f"{path}?{query}" if query else path,
            body,
            content_type,
            **{"HTTP_AUTHORIZATION": f"Token {sender.token}", **more},
        )

    return send


@pytest.fixture
def nothing_changed(send):
    """Hold that no row was made or changed, no attempt spent and nothing sent."""
    before = kept()
    yield
    assert kept() == before


def is_refused(answer, route):
    """Tell whether a value was refused as wrong, or found nowhere."""
    told = (answer.status_code, answer.json()["code"])
    return told in {(400, "invalid"), (400, "invite_unknown"), (404, FOUND_NOWHERE.get(route))}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
@for_each("method, route, field", ENDPOINTS)
def test_a_body_that_is_no_object_of_the_right_fields_is_400(
    send, nothing_changed, method, route, field, body
):
    answer = send(method, route, body)
    assert answer.status_code == 400
    assert answer.json()["code"] in {"parse_error", "invalid"}


@pytest.mark.parametrize("body", TOO_LARGE.values(), ids=TOO_LARGE)
@for_each("method, route, field", ENDPOINTS)
def test_a_body_that_is_too_large_is_413(send, nothing_changed, method, route, field, body):
    answer = send(method, route, body)
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


@pytest.mark.parametrize("content_type", CONTENT_TYPES, ids=lambda value: repr(value[:32]))
@for_each("method, route, field", ENDPOINTS)
def test_another_content_type_is_415(send, nothing_changed, method, route, field, content_type):
    # The test client's own content type would take the place of an empty one.
    answer = send(method, route, b"{}", content_type, CONTENT_TYPE=content_type)
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")


@pytest.mark.parametrize("charset", ["utf-8", "nonsense", '"', *CHARSETS])
@for_each("method, route, field", ENDPOINTS)
def test_a_charset_changes_nothing_about_json(send, nothing_changed, method, route, field, charset):
    body = f'{{"{field}": "x"}}'.encode()
    answer = send(method, route, body, f"{JSON}; charset={charset}")
    assert is_refused(answer, route)


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
@for_each("method, route, field", READERS)
def test_a_value_of_another_kind_is_400_and_changes_nothing(send, method, route, field, value):
    if field == "invite_code":
        # Beside a phone that is refused, so that nothing is sent whatever becomes of it.
        body = f'{{"phone": "x", "invite_code": {value}}}'
    else:
        body = f'{{"{field}": {value}}}'
    before = kept()
    answer = send(method, route, body.encode())
    assert is_refused(answer, route)
    assert kept() == before


@pytest.mark.parametrize("value", ["123", '"123"', '"12345a"', "1234567", "true", "[]"])
def test_no_code_that_could_not_be_one_costs_an_attempt(send, value):
    """An integer is read with leading zeros, so 123 alone is a guess."""
    answer = send("post", "code", f'{{"auth_number": {value}}}'.encode())
    malformed = value != "123"
    assert answer.status_code == 400
    assert answer.json()["code"] == ("invalid" if malformed else "code_invalid")
    if malformed:
        assert [each["code"] for each in answer.json()["errors"]["auth_number"]] == [
            "code_malformed"
        ]
    assert LoginCode.objects.get().attempts == (0 if malformed else 1)


@pytest.mark.parametrize("value", ["null", '""', '"12345a"', f'"{"9" * 33}"', "[]"])
def test_every_malformed_code_counts_for_its_address(send, settings, value):
    settings.PHONE_INVITES_ADDRESS_FAILURES_PER_HOUR = 2
    body = f'{{"auth_number": {value}}}'.encode()
    statuses = [send("post", "code", body).status_code for _ in range(3)]
    assert statuses == [400, 400, 429]


def test_a_right_code_beside_another_of_the_same_name_does_not_count(send, nothing_changed):
    body = f'{{"auth_number": "000000x", "auth_number": "{last_code(PHONE)}"}}'
    answer = send("post", "code", body.encode())
    assert (answer.status_code, answer.json()["code"]) == (400, "parse_error")


@pytest.mark.parametrize("key", [r"\ud800", r"\u0000", "", "__class__", "phone" * 1000])
def test_keys_that_nobody_asked_for_are_ignored(send, key):
    answer = send("post", "code", f'{{"{key}": 1}}'.encode())
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert set(answer.json()["errors"]) == {"auth_number"}


@for_each("route", ROUTES)
@pytest.mark.parametrize(
    "body", [b"", b"[" * 16_000, b"\xff", b"[" * 50_000], ids=["empty", "deep", "bytes", "large"]
)
def test_no_method_of_any_route_is_an_error(send, nothing_changed, route, body):
    # Last what ends the login.
    for method in sorted(METHODS, key=lambda method: method == "post" and route in BODILESS):
        answer = send(method, route, body)
        if method not in ALLOWED[route]:
            assert answer.status_code == 405, method
            assert method == "head" or answer.json()["code"] == "method_not_allowed"
            assert {each.strip().lower() for each in answer["Allow"].split(",")} == ALLOWED[route]
        elif method == "post" and route in BODILESS:
            assert (answer.status_code, answer.content) == (204, b"")
        elif method in {"post", "patch"}:
            assert answer.status_code == (413 if len(body) > 16 * 1024 else 400), method
        else:
            assert answer.status_code == (404 if method == "delete" else 200), method


@pytest.mark.parametrize("method", ["GET", "POST"])
@for_each("route", ROUTES)
def test_a_method_that_nobody_knows_is_405(send, route, method):
    answer = send(f"{method}S", route)
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")


@pytest.mark.parametrize("value", IDS.values(), ids=IDS)
def test_no_id_of_a_code_is_an_error(send, nothing_changed, routes, value):
    """What ``<int:pk>`` does not match is the site's 404, which need not be JSON."""
    reached = routes == "token" or (value.isdecimal() and len(value) <= 4_300)
    for method in METHODS:
        answer = send(method, f"/api/codes/{value}/", b'{"auth_number": "123456"}')
        if not reached:
            assert answer.status_code == 404, method
        elif method == "post":
            assert (answer.status_code, answer.json()["code"]) == (404, "code_not_found")
        else:
            assert answer.status_code == (200 if method == "options" else 405), method


@pytest.mark.parametrize("value", IDS.values(), ids=IDS)
@pytest.mark.parametrize("rest", ["", "invitees/"])
@pytest.mark.parametrize("routes", ["pk"], indirect=True)
def test_no_id_of_a_user_is_an_error(send, nothing_changed, rest, value):
    for method in METHODS:
        answer = send(method, f"/api/user/{value}/{rest}", b'{"stranger_invite_code": "AAAAAA"}')
        assert answer.status_code == 404, method


@pytest.mark.parametrize("query", QUERIES.values(), ids=QUERIES)
@for_each("route", ROUTES)
def test_no_query_is_an_error(send, nothing_changed, route, query):
    for method in METHODS:
        answer = send(method, route, query=query)
        allowed = method in ALLOWED[route]
        if method == "post" and route in BODILESS:
            # The login is over, so that no further method says anything but that.
            assert answer.status_code == 204
            break
        assert answer.status_code in ({200, 400, 404} if allowed else {405}), method
        if answer.status_code == 400 and method != "head":
            assert answer.json()["code"] == "invalid"
        assert (answer.status_code == 404) == (allowed and method == "delete")


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("routes", ["token"], indirect=True)
def test_a_query_of_too_many_fields_is_a_parse_error(send, nothing_changed, caplog, route):
    """Django raises it wherever the query is read, and means the log for it."""
    for method in METHODS:
        caplog.clear()
        answer = send(method, route, query="&".join(["a=1"] * 1001))
        assert answer.status_code == 400, method
        assert method == "head" or answer.json()["code"] == "parse_error"
        logged = [(each.name, each.levelno) for each in caplog.records if "security" in each.name]
        assert logged == [("django.security.TooManyFieldsSent", logging.ERROR)]


@pytest.mark.parametrize("headers", HEADERS.values(), ids=HEADERS)
@for_each(
    "method, route",
    [
        ("post", "codes"),
        ("post", "code"),
        ("get", "profile"),
        ("patch", "profile"),
        ("get", "invitees"),
        ("get", "me"),
        ("patch", "me"),
        ("get", "logins"),
    ],
)
def test_no_header_is_an_error(send, nothing_changed, settings, method, route, headers):
    settings.PHONE_INVITES_TRUSTED_PROXIES = 2
    answer = send(method, route, b"" if method == "get" else b"{}", **headers)
    assert answer.status_code == (200 if method == "get" else 400)
    assert answer["Content-Type"] == JSON


@pytest.mark.parametrize(
    "forwarded",
    ["", "\0", "\xff" * 9_000, "::1%\0,x", "1.2.3.4:80:80", "[1.2.3.4\0]:80", "a," * 4_000],
)
def test_an_address_that_is_none_is_not_stored(client, db, settings, forwarded):
    settings.PHONE_INVITES_TRUSTED_PROXIES = 1
    body = {"phone": PHONE}
    answer = client.post("/api/codes/", body, JSON, HTTP_X_FORWARDED_FOR=forwarded)
    assert answer.status_code == 201
    assert LoginCode.objects.get().address is None


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Token",
        "Token a b",
        "Token \xff",
        "Token a\0b",
        "\0",
        "Token \ud83d\ude00".encode("utf-16", "surrogatepass").decode("latin-1"),
        "Basic x",
        "Bearer " + "x" * 8_000,
        "Token " + "é" * 50,
    ],
    ids=lambda value: repr(value[:16]),
)
@for_each("route", ["profile", "invitees", "me", "logout", "logout_all"])
def test_bad_credentials_are_401(send, nothing_changed, route, authorization):
    for method in METHODS:
        answer = send(method, route, HTTP_AUTHORIZATION=authorization)
        assert answer.status_code == 401
        if method != "head":
            assert answer.json()["code"] in {"not_authenticated", "authentication_failed"}


@pytest.mark.parametrize("cookie", COOKIES.values(), ids=COOKIES)
@pytest.mark.parametrize("route", ["profile", "invitees", "me", "logout", "logout_all"])
def test_a_bad_session_is_no_login(client, db, monkeypatch, route, cookie):
    """Where a site lets the sessions of its pages into the API."""
    from rest_framework.authentication import SessionAuthentication

    from django_phone_invites.api.views import SignedInView

    monkeypatch.setattr(SignedInView, "authentication_classes", [SessionAuthentication])
    answer = client.get(api_url(route), HTTP_COOKIE=f"sessionid={cookie}")
    assert answer.status_code == 403
    assert answer.json()["code"] in {"not_authenticated", "authentication_failed"}


@pytest.mark.parametrize(
    "query", ["format=xml", "format=api", "format=%00", "older_than=%00&format=x"]
)
def test_a_format_that_is_not_json_is_not_found(send, query):
    answer = send("get", "invitees", query=query)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    "position",
    [
        "", "0", "-1", "+7", "1_0", "7.0", "%207", "7%0A", "1e3", "x", "%00", "%ff", "%D9%A7",
        "%EF%BC%97", "null", "[]", str(2**63), "9" * 400, "9" * 5_000,
    ],
    ids=lambda value: value[:24],
)  # fmt: skip
def test_a_position_is_a_number_in_ascii_digits(send, position):
    answer = send("get", "invitees", query=f"older_than={position}")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert set(answer.json()["errors"]) == {"older_than"}


@pytest.mark.parametrize(
    "accept", ["text/html", "application/xml", "x", "\xff", "/", "a/b," * 2_500, "\0"]
)
def test_another_answer_than_json_is_not_to_be_had(send, accept):
    answer = send("get", "profile", HTTP_ACCEPT=accept)
    assert (answer.status_code, answer.json()["code"]) == (406, "not_acceptable")


def test_the_table_is_json():
    """A typing error in it would make every row a parse error."""
    for value in VALUES.values():
        json.loads(value)


# What Django raises while a view of ours runs


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (RequestDataTooBig(), 413, "body_too_large"),
        (SuspiciousOperation("x"), 400, "parse_error"),
        (BadRequest("x"), 400, "parse_error"),
        (UnreadablePostError(), 400, "parse_error"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
@for_each("method, route, field", ENDPOINTS)
def test_what_django_refuses_has_the_same_shape(
    send, nothing_changed, monkeypatch, method, route, field, error, status, code
):
    def refuse(*args, **kwargs):
        raise error

    monkeypatch.setattr("django_phone_invites.api.parsers.SmallJSONParser.parse", refuse)
    answer = send(method, route, b"{}")
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert set(answer.json()) == {"code", "detail"}


class BrokenStream:
    """A client that goes away in the middle of its body."""

    def read(self, *args):
        raise ConnectionResetError

    readline = read


@for_each("method, route, field", ENDPOINTS)
def test_a_body_that_breaks_off_is_no_error(send, nothing_changed, method, route, field):
    answer = send(method, route, b"{}", **{"wsgi.input": BrokenStream()})
    assert (answer.status_code, answer.json()["code"]) == (400, "parse_error")


@pytest.mark.parametrize("length", ["x", "1e3", "9" * 5_000, "0", "2"])
@for_each("method, route, field", ENDPOINTS)
def test_a_length_that_is_not_that_of_the_body_is_400(
    send, nothing_changed, method, route, field, length
):
    answer = send(method, route, f'{{"{field}": "x"}}'.encode(), CONTENT_LENGTH=length)
    assert answer.status_code == 400
    assert answer.json()["code"] in {"parse_error", "invalid"}


def test_a_wrong_host_is_left_to_the_site(send):
    """Its other views answer the same: 400, and a line in the log."""
    assert send("get", "profile", HTTP_HOST="evil.example").status_code == 400


def test_a_wrong_host_is_not_answered_by_the_api():
    from django_phone_invites.api import refusals

    assert refusals.answer(DisallowedHost(), {}) is None
