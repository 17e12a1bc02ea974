"""The pages hold what the API holds, and both count on the same limits."""

from __future__ import annotations

import pytest
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session

from django_phone_invites.limits import policy
from django_phone_invites.models import LoginCode, PhoneAccount
from tests.attack.client import Browser, Request, new_address
from tests.attack.server import Server
from tests.attack.steps import (
    PARALLEL,
    ask,
    assert_nothing_broken,
    attempts,
    browser_of,
    counted,
    guess,
    guess_on_page,
    make_code,
    outcomes,
    phone,
    right,
    wrong,
)

ADDRESS_FAILURES = 30


def open_browser(server: Server) -> Browser:
    browser = Browser()
    assert browser.keep(server.one(browser.get("/user/"))).status == 200
    return browser


@pytest.mark.guarantee("A right code on the page of one browser logs in once", limit="1 login")
def test_a_right_code_of_a_browser_logs_in_once(server: Server) -> None:
    for round_ in server.figures.each_round():
        browser = open_browser(server)
        asked = browser.keep(server.one(browser.post("/user/", {"phone": phone(round_)})))
        login_code = LoginCode.objects.get(phone=phone(round_))
        assert (asked.status, asked.location) == (302, f"/user/code/{login_code.token}/")
        form = browser.post(asked.location, {"auth_number": right(login_code)})
        answers = server.at_once([form] * PARALLEL)
        logged_in = [answer for answer in answers if answer.location == "/user/profile/"]
        assert len(logged_in) == 1
        # Others see the form again, or the phone page, as the session that they came with is over.
        others = {(answer.status, answer.location) for answer in answers} - {
            (302, "/user/profile/")
        }
        assert others <= {(200, ""), (302, "/user/")}
        browser.keep(logged_in[0])
        user = PhoneAccount.objects.get(phone=phone(round_)).user
        assert user.invite_code.code in server.one(browser.get("/user/profile/")).text
        sessions = [session.get_decoded() for session in Session.objects.all()]
        assert sum(SESSION_KEY in session for session in sessions) == round_ + 1
        login_code.refresh_from_db()
        server.figures.add(login_code.attempts)
    assert_nothing_broken()


@pytest.mark.guarantee("Wrong guesses over pages and API from one address", limit="30 guesses")
def test_pages_and_api_count_on_the_same_limits(server: Server) -> None:
    for round_ in server.figures.each_round():
        LoginCode.objects.all().delete()
        address, number = new_address(), phone(round_)
        requests: list[Request] = []
        for _ in range(10):
            api, web = make_code(number), make_code(number, LoginCode.Channel.WEB)
            browser = browser_of(web)
            requests += [guess(api, wrong(api), address)] * 3
            requests += [guess_on_page(browser, web, wrong(web), address)] * 3
        answers = server.at_once(requests)
        through_api = [answer for answer in answers if answer.body]
        on_pages = [answer for answer in answers if not answer.body]
        evaluated = outcomes(through_api)["code_invalid"] + outcomes(on_pages)["200"]
        refused = outcomes(through_api)["rate_limited"] + outcomes(on_pages)["429"]
        assert (evaluated, refused) == (ADDRESS_FAILURES, len(requests) - ADDRESS_FAILURES)
        assert attempts() == counted(policy.phone_failures(number)) == ADDRESS_FAILURES
        server.figures.add(attempts())


@pytest.mark.guarantee(
    "Requests for one phone over pages and API send a message", limit="1 message"
)
def test_requests_over_pages_and_api_send_one_message(server: Server) -> None:
    for round_ in server.figures.each_round():
        number = phone(round_)
        forms = [
            Browser({"csrftoken": "a" * 32}).post("/user/", {"phone": number})
            for _ in range(PARALLEL // 2)
        ]
        answers = server.at_once(forms + [ask(number) for _ in forms])
        statuses = [answer.status for answer in answers]
        assert statuses.count(201) + statuses.count(302) == 1
        assert statuses.count(429) == PARALLEL - 1
        server.figures.add([message["phone"] for message in server.sent()].count(number))
