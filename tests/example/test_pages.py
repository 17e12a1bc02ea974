"""The example's own pages: start, phone, documentation of the API, errors; in both languages."""

from __future__ import annotations

import html
import json
import re
import urllib.parse

import django
import pytest

PHONE = "+79096869751"

#: With DEBUG=0: asks for everything once, as somebody who prefers Russian.
DEPLOYED = """
import json
import django; django.setup()
from django.conf import settings
from django.test import Client
from django.urls import path
from django.views.defaults import bad_request, server_error
from example import urls
urls.urlpatterns += [path("broken/", lambda request: 1 / 0)]
client = Client(
    raise_request_exception=False, enforce_csrf_checks=True, headers={"accept-language": "ru"}
)
answers = {
    "start": client.get("/"),
    "phone": client.get("/phone/"),
    "static": client.get("/static/example/example.css"),
    "404": client.get("/nothing/"),
    "403": client.post("/user/"),
    "400": client.get("/", headers={"host": "elsewhere.example"}),
    "500": client.get("/broken/"),
}
print(json.dumps({
    name: [answer.status_code, b"".join(answer).decode()] for name, answer in answers.items()
}))
"""

DOCS = ["/api_user/docs/", "/api_user/redoc/"]


def set_language(browser, path, language):
    """Press the button of the language that stands on a page."""
    page = browser.get(path).text
    assert re.search(rf'name="language"\s+value="{language}"', page)
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page))
    form = {**{name: html.unescape(value) for name, value in fields.items()}, "language": language}
    return browser.send("POST", "/i18n/setlang/", urllib.parse.urlencode(form).encode())


@pytest.mark.parametrize("path", ["/", "/phone/", "/user/", "/user/?next=/phone/&invite=ABC234"])
def test_each_page_has_a_button_for_the_other_language(server, path):
    browser = server.browser()
    answer = set_language(browser, path, "ru")
    assert (answer.status, answer.headers["Location"]) == (302, path)
    page = browser.get(path).text
    assert '<html lang="ru"' in page
    assert re.search("[а-я]{3}", page)
    assert set_language(browser, path, "en").headers["Location"] == path
    assert '<html lang="en"' in browser.get(path).text


def test_whoever_is_signed_in_finds_the_own_profile_on_the_start_page(server):
    browser = server.browser()
    place = browser.submit("/user/", phone=PHONE).headers["Location"]
    assert 'href="/user/"' in browser.get("/").text
    assert "English" not in browser.get(place).text
    assert "Русский" in browser.get(place).text
    profile = browser.submit(place, auth_number=server.code(PHONE)).headers["Location"]
    page = browser.get("/").text
    assert f'href="{profile}"' in page
    assert PHONE in page
    assert 'href="/user/"' not in page
    assert "Русский" in browser.get(profile).text


@pytest.mark.parametrize("path", ["/", "/phone/"])
def test_what_shows_people_and_codes_is_kept_nowhere(server, path):
    answer = server.browser().get(path)
    assert "no-store" in answer.headers["Cache-Control"]
    assert server.browser().send("POST", path, b"").status in {403, 405}


# The API's documentation


@pytest.mark.parametrize("path", DOCS)
def test_the_browser_may_ask_nobody_else(server, path):
    answer = server.browser().get(path)
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'self';")
    assert "http" not in policy
    assert "unsafe-eval" not in policy
    assert "script-src" not in policy
    # All scripts are files, so that no inline one has to be allowed.
    assert re.findall(r"<script(?![^>]* src=)", answer.text) == []


def test_the_script_of_swagger_ui_is_a_file_of_its_own(server):
    script = server.browser().get("/api_user/docs/?script=")
    assert script.headers["Content-Type"].startswith("application/javascript")
    assert "SwaggerUIBundle(" in script.text
    assert '"validatorUrl": null' in script.text


@pytest.mark.parametrize("path", DOCS)
@pytest.mark.parametrize("method", ["OPTIONS", "POST", "PUT", "DELETE", "TRACE"])
def test_documentation_is_only_read(server, path, method):
    assert server.browser().send(method, path).status == 405


def test_the_schema_takes_any_version(server):
    assert server.browser().get("/api_user/schema/?version=%0A%00").status == 200


@pytest.mark.parametrize("path", ["nothing/", "", "auth/x/", "docs/nothing/"])
@pytest.mark.parametrize("method", ["GET", "POST", "PATCH", "OPTIONS"])
def test_where_the_api_has_nothing_it_says_so_in_json(server, method, path):
    answer = server.browser().api(method, f"/api_user/{path}")
    assert (answer.status, answer.body) == (404, {"code": "not_found", "detail": "Not found."})


def test_a_slash_that_was_left_out_is_added_for_whoever_reads(server):
    answer = server.browser().get("/api_user/docs?lang=ru")
    assert (answer.status, answer.headers["Location"]) == (302, "/api_user/docs/?lang=ru")
    assert server.browser().api("POST", "/api_user/create", {"phone": PHONE}).status == 404


def test_every_page_has_an_icon(server):
    browser = server.browser()
    for path in ("/", "/phone/", "/user/", *DOCS):
        (icon,) = re.findall(r'<link rel="icon" href="([^"]+)"', browser.get(path).text)
        assert browser.get(icon).status == 200
    assert browser.get("/favicon.ico").headers["Location"] == icon


# The admin


def test_the_admin_shows_no_token(site):
    script = """
import django; django.setup()
from django.contrib import admin
print(*sorted(model._meta.label for model in admin.site._registry))
"""
    done = site.run("-W", "error", "-c", script)
    assert "phone_invites.LoginCode" in done.stdout, done.stderr
    assert "authtoken" not in done.stdout


# With DEBUG=0


@pytest.fixture(scope="module")
def deployed(deployed_site):
    """What the example answers with DEBUG=0; a warning would be an error."""
    done = deployed_site.run_deployed("-W", "error", "-c", DEPLOYED)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_without_debug_there_is_no_page_that_shows_messages(deployed):
    status, page = deployed["start"]
    assert status == 200
    assert "/phone/" not in page
    assert "admin</b>" not in page
    assert deployed["phone"][0] == 404


def test_without_debug_static_files_need_no_collectstatic(deployed):
    assert deployed["static"][0] == 200


@pytest.mark.parametrize(
    ("status", "title"),
    [
        (400, "Запрос не удалось прочитать"),
        (403, "Форма устарела"),
        (404, "Такой страницы нет"),
        (500, "Что-то пошло не так"),
    ],
)
def test_errors_have_a_page_of_the_examples_own_with_a_way_back(deployed, status, title):
    answered, page = deployed[str(status)]
    assert answered == status
    assert title in page
    assert "phone_invites.css" in page
    assert 'href="/"' in page


UNREADABLE = """
import django; django.setup()
from django.conf import settings
from django.core.management import call_command
from django.test import Client
call_command("migrate", verbosity=0)
client = Client(enforce_csrf_checks=True)
client.cookies["csrftoken"] = "a" * 32
for path in ("/", "/user/", "/user/undo/", "/user/logout/", "/admin/login/"):
    kind = "application/x-www-form-urlencoded; charset=latin-1"
    print(client.post(path, "phone=1", content_type=kind).status_code)
"""


def test_a_form_that_django_cannot_read_is_no_error_of_the_site(deployed_site):
    done = deployed_site.run_deployed("-c", UNREADABLE)
    # Django before 5.0 reads it.
    expected = "400" if django.VERSION >= (5, 0) else "403"
    assert done.stdout.split() == [expected] * 5, done.stderr
