"""The table of bad input for pages: a form with its error, a refusal of Django's, and never a 5xx.

Each row is sent to the default routes, and to those of the example that hold ``<int:pk>`` instead.
"""

from __future__ import annotations

import django
import pytest
from django.contrib.auth import get_user_model
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from django_phone_invites.models import LoginCode
from django_phone_invites.routes import web_url
from django_phone_invites.testing import last_code, log_in
from tests.bad_input import CHARSETS, COOKIES, HEADERS, IDS, QUERIES, for_each, kept

pytestmark = pytest.mark.django_db

PHONE = "+79096869722"
FORM = "application/x-www-form-urlencoded"
PAGES = ["phone", "code", "profile", "invitees", "logins", "logout", "number", "undo_form"]
#: The pages with a form, and the field that they read.
FORMS = [
    ("phone", "phone"),
    ("code", "auth_number"),
    ("profile", "stranger_invite_code"),
    ("number", "phone"),
    ("undo_form", "token"),
]
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "GETS"]
ALLOWED = {
    "phone": {"GET", "HEAD", "POST", "OPTIONS"},
    "code": {"GET", "HEAD", "POST", "OPTIONS"},
    "profile": {"GET", "HEAD", "POST", "OPTIONS"},
    "invitees": {"GET", "HEAD", "OPTIONS"},
    "logins": {"GET", "HEAD", "POST", "OPTIONS"},
    "logout": {"POST", "OPTIONS"},
    "number": {"GET", "HEAD", "POST", "OPTIONS"},
    "undo_form": {"GET", "HEAD", "POST", "OPTIONS"},
}


def answered(page, method):
    """Return the status of a request that names nothing."""
    if (page, method) == ("logins", "POST"):
        return 302
    return 200 if method in ALLOWED[page] else 405


BODIES = {
    "nothing": b"",
    "bytes": b"\xff\xfe\x00",
    "bad UTF-8": b"phone=%FF%FE&auth_number=%C0%80&stranger_invite_code=%FF",
    "raw bytes": b"phone=\xff&auth_number=\xff&stranger_invite_code=\xff",
    "a lone surrogate": b"phone=%ED%A0%80&auth_number=%ED%A0%80&stranger_invite_code=%ED%A0%80",
    "UTF-16": "phone=+79096869799".encode("utf-16"),
    "brackets": b"phone[]=1&auth_number[0]=1&stranger_invite_code[a]=1",
    "separators": b"=&=&;&&&==",
    "another name for the field": b"%00phone=1&phone%00=1&PHONE=1&Auth_Number=1",
    "a field twice": b"phone=%2B79096869799&phone=x&auth_number=1&auth_number=x&stranger_invite_code=x",
    "JSON": b'{"phone": "+79096869799", "auth_number": 123456}',
    "50,000 brackets": b"[" * 50_000,
    "1,000 fields": b"&".join([b"a=1"] * 1_000),
    "2 MB in a field": b"phone=" + b"1" * 2_000_000,
}
#: More than Django reads; it says 400 before any view.
TOO_MUCH = {
    "1,001 fields": b"&".join([b"a=1"] * 1_001),
    "3 MB": b"phone=" + b"1" * 3_000_000,
    "20 MB": b"phone=" + b"1" * 20_000_000,
}
MULTIPART = {
    "no part": b"--x--\r\n",
    "nothing": b"",
    "no boundary in it": b"a" * 1_000,
    "half a part": b"--x\r\nContent-Disposition: form-data; name=",
    "a part without a name": b"--x\r\nContent-Disposition: form-data\r\n\r\n1\r\n--x--\r\n",
    "a name of bytes": b'--x\r\nContent-Disposition: form-data; name="\xff\x00"\r\n\r\n1\r\n--x--\r\n',
    "a value of bytes": b'--x\r\nContent-Disposition: form-data; name="phone"\r\n\r\n\xff\x00\r\n--x--\r\n',
    "bad base64": (
        b'--x\r\nContent-Disposition: form-data; name="phone"\r\n'
        b"Content-Transfer-Encoding: base64\r\n\r\n!!!!\r\n--x--\r\n"
    ),
    "headers of 10 KB": b"--x\r\nContent-Disposition: " + b"a" * 10_000 + b"\r\n\r\n1\r\n--x--\r\n",
    "parts in parts": b"--x\r\n" * 900 + b"--x--\r\n",
}
VALUES = {
    "nothing": "",
    "a space": " ",
    "a NUL": "\0",
    "digits and a NUL": "+79096869799\0",
    "a control character at the edge": "+79096869799\x1f",
    "a zero-width sign": "+7909686979\u200b9",
    "a surrogate as Django reads it": "\ufffd\ufffd\ufffd",
    "Arabic digits": "١٢٣٤٥",
    "full-width digits": "１２３４５",
    "an underscore": "8_917",
    "an exponent": "1e5",
    "a sign": "+1234",
    "65 signs": "1" * 65,
    "10,000 digits": "9" * 10_000,
    "markup": "<script>alert(1)</script>",
    "a template": "{{ 7|add:7 }}{% debug %}",
    "a format": "%s%(phone)s{0}",
    "SQL": "' OR 1=1 --",
    "a line break and a header": "x\r\nSet-Cookie: a=b",
}
TOKENS = {
    "nothing": "",
    "a NUL": "\0",
    "bad UTF-8": "\ufffd",
    "not ASCII": "é" * 64,
    "31 letters": "a" * 31,
    "63 letters": "a" * 63,
    "10,000 letters": "a" * 10_000,
    "markup": "<script>alert(1)</script>",
}


@pytest.fixture(params=["token", "pk"])
def routes(request, use_routes):
    """The default routes, and those of the example."""
    if request.param == "pk":
        kind = get_user_model()._meta.pk.get_internal_type()
        user = "uuid" if kind == "UUIDField" else "int"
        use_routes(
            code="code/<int:pk>/",
            profile=f"user/<{user}:pk>/",
            invitees=f"user/<{user}:pk>/invitees/",
        )
    return request.param


@pytest.fixture
def url(client, routes, enter_phone):
    """The path of a page, for a browser that is logged in and has asked for a code."""
    user = log_in(client, "+79096869723")
    enter_phone(client, PHONE)
    code = LoginCode.objects.get()

    def url(page):
        if page.startswith("/"):
            return page
        return web_url(page, token=code.token, pk=code.pk if page == "code" else user.pk)

    return url


@pytest.fixture
def nothing_changed(client, url):
    """Hold that no row was made or changed, no attempt spent, nothing sent, nobody logged in or out."""
    before, who = kept(), client.session["_auth_user_id"]
    yield
    assert kept() == before
    assert client.session["_auth_user_id"] == who


def shown_with_error(answer, field):
    """Hold that the page was shown again with an error at its field."""
    assert answer.status_code == 200
    assert answer.context["form"].errors[field]
    assert "Set-Cookie" not in answer.headers
    assert "<script>alert" not in answer.content.decode()


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
@for_each("page, field", FORMS)
def test_a_body_that_is_no_form_is_an_error_at_the_field(
    client, url, nothing_changed, page, field, body
):
    shown_with_error(client.post(url(page), body, content_type=FORM), field)


@pytest.mark.parametrize("body", TOO_MUCH.values(), ids=TOO_MUCH)
@for_each("page", ["phone", "code", "profile"])
def test_more_than_django_reads_is_400(client, url, nothing_changed, page, body):
    assert client.post(url(page), body, content_type=FORM).status_code == 400


@pytest.mark.parametrize("body", MULTIPART.values(), ids=MULTIPART)
@for_each("page, field", FORMS)
def test_broken_parts_are_an_error_at_the_field_or_400(
    client, url, nothing_changed, page, field, body
):
    answer = client.post(url(page), body, content_type="multipart/form-data; boundary=x")
    if answer.status_code != 400:
        shown_with_error(answer, field)


@pytest.mark.parametrize(
    "boundary",
    ["", "; boundary=", "; boundary=\xff", f"; boundary={'x' * 5_000}", "; boundary=a b"],
)
@for_each("page, field", FORMS)
def test_a_broken_boundary_is_no_error(client, url, nothing_changed, page, field, boundary):
    answer = client.post(url(page), b"--x--\r\n", content_type=f"multipart/form-data{boundary}")
    if answer.status_code != 400:
        shown_with_error(answer, field)


@for_each("page, field", FORMS)
def test_a_file_is_no_value(client, url, nothing_changed, page, field):
    """Also one of 20 MB, which Django writes to the disk and drops."""
    for content in (b"", b"+79096869799", b"1" * 20_000_000):
        upload = SimpleUploadedFile("../\0<b>.txt", content)
        shown_with_error(client.post(url(page), {field: upload}), field)


@for_each("page", ["phone", "code", "profile"])
def test_too_many_files_are_400(client, url, nothing_changed, page):
    files = {f"f{number}": SimpleUploadedFile("f", b"") for number in range(101)}
    assert client.post(url(page), files).status_code == 400


@pytest.mark.parametrize(
    "content_type", ["", "text/plain", "application/json", "\xff", ";", "x" * 4_000]
)
@for_each("page, field", FORMS)
def test_another_type_of_body_is_no_form(client, url, nothing_changed, page, field, content_type):
    body = f"{field}=123456".encode()
    answer = client.post(url(page), body, content_type=content_type, CONTENT_TYPE=content_type)
    shown_with_error(answer, field)


@pytest.mark.parametrize("charset", CHARSETS)
@for_each("page", PAGES)
def test_no_charset_is_an_error(client, url, page, charset):
    content_type = f"text/plain; charset={charset}"
    for method in METHODS:
        if (page, method) != ("logout", "POST"):
            answer = client.generic(method, url(page), b"", content_type, CONTENT_TYPE=content_type)
            assert answer.status_code == answered(page, method)


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
@for_each("page, field", FORMS)
def test_a_bad_value_is_an_error_at_the_field(client, url, nothing_changed, page, field, value):
    shown_with_error(client.post(url(page), {field: value}), field)


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
def test_a_bad_value_is_dropped_where_it_only_goes_along(client, routes, value):
    """``next`` and ``invite`` keep nobody out, and lead nowhere else."""
    fields = {"phone": PHONE, "next": value, "invite": value}
    refused = client.post(web_url("phone"), {**fields, "phone": "x"})
    assert b"<script>alert" not in refused.content
    answer = client.post(web_url("phone"), fields)
    assert answer.status_code == 302
    entered = client.post(answer["Location"], {"auth_number": last_code(PHONE)})
    assert entered.status_code == 302
    assert "\n" not in entered["Location"]
    assert "a" not in entered.cookies


def test_of_a_field_that_is_repeated_the_last_counts(client, url, nothing_changed):
    """For all fields of all pages, as Django reads them."""
    for page, field in FORMS:
        shown_with_error(client.post(url(page), {field: ["123456", "x"]}), field)


@for_each("page", PAGES)
def test_every_method_is_answered_as_the_page_has_it(client, url, nothing_changed, page):
    for method in METHODS:
        if (page, method) != ("logout", "POST"):
            answer = client.generic(method, url(page))
            assert answer.status_code == answered(page, method)
            if method == "OPTIONS" or method not in ALLOWED[page]:
                assert {each.strip() for each in answer["Allow"].split(",")} == ALLOWED[page]


@for_each("page", [page for page in PAGES if "HEAD" in ALLOWED[page]])
def test_head_is_get_without_a_body(client, url, nothing_changed, page):
    got, headed = client.get(url(page)), client.head(url(page))
    assert headed.status_code == got.status_code == 200
    assert headed.content == b""
    for header in ("Content-Type", "Cache-Control", "X-Frame-Options", "Referrer-Policy"):
        assert headed[header] == got[header]


@pytest.mark.parametrize("query", QUERIES.values(), ids=QUERIES)
@for_each("page", PAGES)
def test_no_query_is_an_error(client, url, nothing_changed, page, query):
    for method in METHODS:
        if (page, method) != ("logout", "POST"):
            answer = client.generic(method, f"{url(page)}?{query}")
            assert answer.status_code == answered(page, method)


@pytest.mark.skipif(
    django.VERSION < (5,), reason="Django 4.2 reads the query again to report that it cannot"
)
@for_each("page", [page for page in PAGES if page != "logout"])
def test_a_query_of_too_many_fields_is_400_where_it_is_read(client, url, nothing_changed, page):
    answer = client.get(f"{url(page)}?{'&'.join(['a=1'] * 1_001)}")
    assert answer.status_code in {200, 400}


@pytest.mark.parametrize("query", QUERIES.values(), ids=QUERIES)
@for_each("page", ["profile", "invitees"])
def test_no_query_keeps_a_stranger_from_the_phone_page(db, url, page, query):
    answer = Client().get(f"{url(page)}?{query}")
    assert (answer.status_code, answer["Location"].split("?")[0]) == (302, web_url("phone"))
    assert Client().get(answer["Location"]).status_code == 200


@pytest.mark.parametrize("value", IDS.values(), ids=IDS)
@pytest.mark.parametrize("path", ["code/{}/", "user/{}/", "user/{}/invitees/"])
def test_no_id_is_an_error(client, url, nothing_changed, path, value):
    for method in METHODS:
        answer = client.generic(method, "/user/" + path.format(value))
        assert answer.status_code in {302, 404}
        if answer.status_code == 302:
            # Of a code that is not there; this client is signed in.
            assert answer["Location"] == url("profile")
        assert set(answer.cookies) <= {"messages"}


@pytest.mark.parametrize("headers", HEADERS.values(), ids=HEADERS)
@for_each("page", PAGES)
def test_no_header_is_an_error(client, url, nothing_changed, settings, page, headers):
    settings.PHONE_INVITES_TRUSTED_PROXIES = 2
    for method in METHODS:
        if (page, method) != ("logout", "POST"):
            answer = client.generic(method, url(page), **headers)
            assert answer.status_code == answered(page, method)


def test_a_wrong_host_is_400(client, url, nothing_changed):
    for page in PAGES:
        for host in ("evil.example", "a b", "testserver@evil.example", "\xff", "[::1"):
            assert client.get(url(page), HTTP_HOST=host).status_code == 400


# Cookies and the token


@pytest.mark.parametrize("cookie", COOKIES.values(), ids=COOKIES)
@for_each("page", PAGES)
def test_no_cookie_is_an_error(url, page, cookie):
    """A session that is none is nobody's; one with a NUL is refused before the database sees it."""
    names = ("sessionid", "csrftoken", "messages", "django_language", "\xff")
    header = "; ".join(f"{name}={cookie}" for name in names)
    before = kept()
    for method in METHODS:
        answer = Client().generic(method, url(page), HTTP_COOKIE=header)
        if "\\000" in cookie:
            assert answer.status_code == 400
        else:
            assert answer.status_code in {200, 302, 405}
    assert kept() == before


@pytest.mark.parametrize("token", TOKENS.values(), ids=TOKENS)
@pytest.mark.parametrize("place", ["field", "header", "cookie", "field and cookie"])
def test_a_bad_csrf_token_is_403(url, place, token):
    before = kept()
    browser = Client(enforce_csrf_checks=True)
    browser.get(web_url("phone"))
    right = browser.cookies["csrftoken"].value
    headers = {"HTTP_X_CSRFTOKEN": token} if place == "header" else {}
    field = token if "field" in place else right
    data = {} if place == "header" else {"csrfmiddlewaretoken": field}
    if "cookie" in place:
        headers["HTTP_COOKIE"] = f'csrftoken="{token}"'.encode().decode("latin-1")
    for page, name in FORMS:
        fields = {name: "+79096869799", **data}
        assert browser.post(url(page), fields, **headers).status_code == 403
    assert browser.post(url("logout"), data, **headers).status_code == 403
    assert kept() == before


@pytest.mark.parametrize(
    "headers",
    [
        {"HTTP_ORIGIN": "https://evil.example"},
        {"HTTP_ORIGIN": "null"},
        {"HTTP_ORIGIN": "http://[::1"},
        {"HTTP_ORIGIN": "\xff"},
        {"HTTP_REFERER": "https://evil.example/", "wsgi.url_scheme": "https"},
        {"HTTP_REFERER": "https://[::1", "wsgi.url_scheme": "https"},
        {"HTTP_REFERER": "\xff", "wsgi.url_scheme": "https"},
        {"wsgi.url_scheme": "https"},
    ],
    ids=str,
)
def test_another_origin_is_403(url, headers):
    before = kept()
    browser = Client(enforce_csrf_checks=True)
    browser.get(web_url("phone"))
    data = {"phone": "+79096869799", "csrfmiddlewaretoken": browser.cookies["csrftoken"].value}
    assert browser.post(web_url("phone"), data, **headers).status_code == 403
    assert kept() == before


class BrokenStream:
    """A client that goes away in the middle of its body."""

    def read(self, *args):
        raise ConnectionResetError

    readline = read


@pytest.mark.parametrize("with_header", [True, False])
@pytest.mark.parametrize("content_type", [FORM, "multipart/form-data; boundary=x"])
def test_a_body_that_breaks_off_is_no_error(url, content_type, with_header):
    before = kept()
    browser = Client(enforce_csrf_checks=True)
    browser.get(web_url("phone"))
    more = {"HTTP_X_CSRFTOKEN": browser.cookies["csrftoken"].value} if with_header else {}
    for page, _ in FORMS:
        answer = browser.generic(
            "POST", url(page), b"a=1", content_type, **{"wsgi.input": BrokenStream(), **more}
        )
        assert answer.status_code in {200, 302, 403}
    assert kept() == before
