"""The contract, line by line, against the example as it is served."""

from __future__ import annotations

import html
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest

PHONE, INVITER, INVITEE = "+79096869730", "+79096869722", "+79096869723"
PAGES = ["+79096869741", "+79096869742", "+79096869743"]


def wrong(code):
    return code[:-1] + str((int(code[-1]) + 1) % 10)


def api_log_in(server, phone):
    """Log in through the API and return the answers of both steps."""
    browser = server.browser()
    asked = browser.api("POST", "/api_user/create/", {"phone": phone})
    code = server.code(phone)
    return asked, browser.api("POST", asked.headers["Location"], {"auth_number": code})


def page_log_in(server, phone):
    """Ask for a code on the pages and return the browser, the answer and the code."""
    browser = server.browser()
    asked = browser.submit("/user/", phone=phone)
    return browser, asked, server.code(phone)


@pytest.fixture(scope="module")
def api(server):
    """The API's logins of three people, made at once: each waits for the sender."""
    phones = [PHONE, INVITER, INVITEE]
    with ThreadPoolExecutor() as pool:
        answers = pool.map(lambda phone: api_log_in(server, phone), phones)
        return dict(zip(phones, answers, strict=True))


@pytest.fixture(scope="module")
def pages(server):
    """Three browsers that have asked for a code."""
    with ThreadPoolExecutor() as pool:
        asked = pool.map(lambda phone: page_log_in(server, phone), PAGES)
        return dict(zip(PAGES, asked, strict=True))


def call(server, api, phone, method="GET", body=None, path=None):
    """Send a request as the person of a phone, to the own profile if nothing else is said."""
    login = api[phone][1].body
    path = path or f"/api_user/user/{login['id']}/"
    return server.browser().api(method, path, body, login["token"])


# Pages


def test_phone_page_is_a_form_with_the_field_phone(server):
    page = server.browser().get("/user/")
    assert page.status == 200
    assert re.search(r'<input[^>]* name="phone"', page.text)


def test_phone_page_redirects_to_the_code_after_1_to_2_seconds(pages):
    for _, asked, _ in pages.values():
        assert asked.status == 302
        assert re.fullmatch(r"/user/auth/\d+/", asked.headers["Location"])
        # The form is fetched outside this time. What is over two seconds is the machine's.
        assert 1 <= asked.seconds < 6


def test_code_page_logs_in_and_the_profile_takes_a_code_once(server, api, pages):
    browser, asked, code = pages[PAGES[0]]
    place = asked.headers["Location"]
    page = browser.get(place)
    assert page.status == 200
    assert re.search(r'<input[^>]* name="auth_number"', page.text)
    assert re.search(r'<button[^>]* name="resend"', page.text)

    entered = browser.submit(place, auth_number=code)
    profile = entered.headers["Location"]
    assert entered.status == 302
    assert re.fullmatch(r"/user/deteil/\d+/", profile)

    page = browser.get(profile)
    own = re.search(r'class="pi-ticket__code"[^>]*>\s*(\w+)\s*<', page.text)
    assert page.status == 200
    assert "+7(909)686-97-41" in page.text
    assert re.fullmatch(r"[A-Za-z0-9]{6}", own[1])
    assert re.search(r'<input[^>]* name="stranger_invite_code"', page.text)

    for refused in ("zzzzzz", own[1]):
        answer = browser.submit(profile, stranger_invite_code=refused)
        assert answer.status == 200
        assert 'role="alert"' in answer.text
        assert re.search(r'<input[^>]* name="stranger_invite_code"', browser.get(profile).text)

    stranger = call(server, api, PHONE).body["invite_code"]
    activated = browser.submit(profile, stranger_invite_code=stranger)
    assert (activated.status, activated.headers["Location"]) == (302, profile)
    page = browser.get(profile)
    assert stranger in page.text
    assert 'name="stranger_invite_code"' not in page.text
    assert "+7(909)686-97-41" in str(call(server, api, PHONE).body["invite_user"])

    another = f"/user/deteil/{api[INVITER][1].body['id']}/"
    missing = browser.get("/user/deteil/999999999/")
    assert browser.get(another).status == missing.status == 404


def test_a_second_code_on_the_page_changes_nothing(server, api, pages):
    browser, asked, code = pages[PAGES[1]]
    profile = browser.submit(asked.headers["Location"], auth_number=code).headers["Location"]
    first, second = (call(server, api, phone).body["invite_code"] for phone in (INVITER, PHONE))
    # The form of a page that was opened before the first activation.
    token = re.search(r'csrfmiddlewaretoken" value="([^"]+)"', browser.get(profile).text)[1]
    assert browser.submit(profile, stranger_invite_code=first).status == 302
    form = f"csrfmiddlewaretoken={token}&stranger_invite_code={second}"
    answer = browser.send("POST", profile, form.encode())
    assert answer.status == 200
    assert first in answer.text
    assert first in browser.get(profile).text


def test_a_wrong_code_shows_the_error_and_the_attempts_left(pages):
    browser, asked, code = pages[PAGES[2]]
    place = asked.headers["Location"]
    for left in ("2 attempts", "1 attempt"):
        answer = browser.submit(place, auth_number=wrong(code))
        assert answer.status == 200
        assert "This code is wrong." in answer.text
        assert f"You have {left} left." in answer.text
    assert browser.submit(place, auth_number=wrong(code)).status == 200
    last = browser.get(place)
    assert 'name="auth_number"' not in last.text
    assert "This code can no longer be used." in last.text


def test_the_code_page_works_only_in_the_browser_that_asked(server, pages):
    _, asked, code = pages[PAGES[2]]
    other = server.browser()
    assert other.get(asked.headers["Location"]).headers["Location"] == "/user/"
    other.get("/user/")
    token = next(cookie.value for cookie in other.cookies if cookie.name == "csrftoken")
    form = f"csrfmiddlewaretoken={token}&auth_number={code}".encode()
    answer = other.send("POST", asked.headers["Location"], form)
    assert (answer.status, answer.headers["Location"]) == (302, "/user/")
    assert "sessionid" not in {cookie.name for cookie in other.cookies if cookie.value == ""}
    assert other.get("/user/deteil/1/").status == 302


def test_a_profile_without_a_login_asks_for_it_and_comes_back(server):
    answer = server.browser().get("/user/deteil/1/")
    assert (answer.status, answer.headers["Location"]) == (
        302,
        "/user/?next=%2Fuser%2Fdeteil%2F1%2F",
    )


# API


def test_api_phone(api):
    asked, _ = api[PHONE]
    body = asked.body
    assert asked.status == 201
    assert asked.headers["Location"] == f"/api_user/auth/{body['id']}/"
    assert isinstance(body["id"], int)
    assert body["phone"] == PHONE
    assert body["attempts_left"] == 3
    asked_at, resend_at = (
        datetime.fromisoformat(body[name].replace("Z", "+00:00"))
        for name in ("expires_at", "resend_at")
    )
    # A code lives for 300 seconds, and the next one can be had after 60.
    assert (asked_at - resend_at).total_seconds() == pytest.approx(240, abs=1)
    assert 1 <= asked.seconds < 6


def test_api_code(api):
    _, entered = api[PHONE]
    assert entered.status == 200
    assert re.fullmatch("[0-9a-f]{40}", entered.body["token"])
    assert isinstance(entered.body["id"], int)
    assert entered.headers["Set-Cookie"] is None


def test_api_profile_and_invite(server, api):
    fresh = call(server, api, PHONE)
    login = api[PHONE][1].body
    assert fresh.status == 200
    assert (fresh.body["id"], fresh.body["phone"]) == (login["id"], PHONE)
    assert re.fullmatch("[A-Za-z0-9]{6}", fresh.body["invite_code"])
    assert fresh.body["stranger_invite_code"] is None

    own = call(server, api, PHONE, "PATCH", {"stranger_invite_code": fresh.body["invite_code"]})
    assert (own.status, own.body["code"]) == (400, "invite_own")
    unknown = call(server, api, PHONE, "PATCH", {"stranger_invite_code": "zzzzzz"})
    assert (unknown.status, unknown.body["code"]) == (400, "invite_unknown")

    code = call(server, api, INVITER).body["invite_code"]
    activated = call(server, api, PHONE, "PATCH", {"stranger_invite_code": code})
    assert (activated.status, activated.body) == (200, {"stranger_invite_code": code})
    second = call(server, api, PHONE, "PATCH", {"stranger_invite_code": code})
    assert (second.status, second.body["code"]) == (409, "invite_already_activated")
    assert call(server, api, PHONE).body == {**fresh.body, "stranger_invite_code": code}


def test_invite_user_is_newest_first_bounded_and_paged(server, api):
    profile = call(server, api, INVITER).body
    first = call(
        server, api, INVITER, path=f"/api_user/user/{api[INVITER][1].body['id']}/invitees/"
    ).body
    place = f"/api_user/user/{profile['id']}/invitees/?older_than={first['older_than']}"
    last = call(server, api, INVITER, path=place).body
    assert len(profile["invite_user"]) == 100
    assert profile["invite_user_count"] == 100 + len(last["invite_user"])
    assert profile["invite_user"] == first["invite_user"]
    assert last["older_than"] is None
    shown = [each["phone"] for each in profile["invite_user"] + last["invite_user"]]
    # Whoever came while these tests ran stands before the ones that were there.
    assert shown[-103:-100] == ["+7(909)686-97-21", "+7(909)686-97-23", "+7(916)100-01-00"]
    assert shown[-1] == "+7(916)100-00-00"


def test_another_users_profile_is_as_missing_as_none(server, api):
    another = f"/api_user/user/{api[INVITER][1].body['id']}/"
    for method, body in (("GET", None), ("PATCH", {"stranger_invite_code": "TwXK36"})):
        theirs = call(server, api, PHONE, method, body, another)
        nobodys = call(server, api, PHONE, method, body, "/api_user/user/999999999/")
        assert (theirs.status, theirs.body["code"]) == (404, "not_found")
        assert theirs.text == nobodys.text


def test_api_refusals_say_what_helps(server, api):
    browser = server.browser()
    again = browser.api("POST", "/api_user/create/", {"phone": PHONE})
    assert (again.status, again.body["code"]) == (429, "rate_limited")
    assert 0 < int(again.headers["Retry-After"]) <= 60
    assert again.body["resend_at"] == api[PHONE][0].body["resend_at"]

    used = browser.api("POST", api[PHONE][0].headers["Location"], {"auth_number": "0000"})
    assert used.status == 409
    assert used.body["code"] == "code_used"

    bad = browser.api("POST", "/api_user/create/", {"phone": "123"})
    assert (bad.status, bad.body["code"]) == (400, "invalid")
    assert [error["code"] for error in bad.body["errors"]["phone"]] == ["phone_invalid"]
    assert bad.body["errors"]["phone"][0]["detail"]

    stranger = browser.api("GET", "/api_user/user/1/")
    assert (stranger.status, stranger.body["code"]) == (401, "not_authenticated")
    missing = browser.api("POST", "/api_user/auth/999999999/", {"auth_number": 1})
    assert (missing.status, missing.body["code"]) == (404, "code_not_found")


def test_a_malformed_guess_costs_no_attempt_and_a_wrong_one_costs_one(server):
    browser, phone = server.browser(), "+79096869735"
    place = browser.api("POST", "/api_user/create/", {"phone": phone}).headers["Location"]
    code = server.code(phone)
    for guess in ("x", "12345", "１２３４", "8_17", True, None, [], {}, 1.5, -1, 12345):
        answer = browser.api("POST", place, {"auth_number": guess})
        assert (answer.status, answer.body["code"]) == (400, "invalid")
    for left in (2, 1):
        answer = browser.api("POST", place, {"auth_number": int(wrong(code))})
        assert (answer.status, answer.body["code"]) == (400, "code_invalid")
        assert answer.body["attempts_left"] == left
        assert answer.body["resend_at"]
    assert re.fullmatch("[0-9]{4}", code)
    # 917 means 0917: as an integer, a leading zero is not said.
    assert browser.api("POST", place, {"auth_number": int(code)}).status == 200


# What an evaluator meets


def test_every_link_of_the_start_page_leads_somewhere(server):
    browser = server.browser()
    page = browser.get("/").text
    links = {html.unescape(link) for link in re.findall(r'<a[^>]* href="(/[^"]*)"', page)}
    known = {"/user/", "/phone/", "/api_user/docs/", "/api_user/redoc/", "/api_user/schema/"}
    assert known | {"/admin/"} <= links
    assert {link: browser.get(link).status for link in known} == dict.fromkeys(known, 200)
    assert browser.get("/admin/").headers["Location"].startswith("/admin/login/")


def test_the_phone_page_shows_the_messages_sent(server, api):
    page = server.browser().get("/phone/").text
    assert PHONE in page
    assert f"{server.code(PHONE)} is your code" in page


DOCS = [
    pytest.param("/api_user/docs/"),
    pytest.param(
        "/api_user/redoc/",
    ),
]


@pytest.mark.parametrize("path", DOCS)
def test_the_docs_need_no_internet(server, path):
    browser = server.browser()
    page = browser.get(path).text
    # Swagger UI's is in a script of its own.
    scripts = re.findall(r'<script src="(/api_user/[^"]*)"', page)
    assert "/api_user/schema/" in page + "".join(browser.get(script).text for script in scripts)
    assert re.findall(r'(?:href|src)="((?:https?:)?//[^"]*)"', page) == []


@pytest.mark.parametrize("path", ["/api_user/docs/", "/api_user/redoc/", "/user/", "/"])
def test_what_a_page_needs_comes_from_this_server(server, path):
    browser = server.browser()
    page = browser.get(path).text
    needed = re.findall(r'<(?:script|link|img)[^>]* (?:href|src)="(/[^/"][^"]*)"', page)
    assert needed
    assert {place: browser.get(place).status for place in needed} == dict.fromkeys(needed, 200)


def test_the_schema_is_served(server):
    schema = server.browser().get("/api_user/schema/")
    assert schema.status == 200
    assert schema.text.startswith("openapi: 3.")
    assert "/api_user/create/:" in schema.text
