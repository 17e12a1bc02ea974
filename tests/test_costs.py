"""SQL statements of each request, without BEGIN, COMMIT and SAVEPOINT, with all limits in force.

The figures hold for tokens of ``rest_framework.authtoken``. Each test that passes records what it
counted as a property of its report (``--junitxml``), and ``pytest -rP`` prints it.
"""

from __future__ import annotations

import datetime as dt

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from django_phone_invites.models import ActiveLogin, InviteActivation, InviteCode
from django_phone_invites.services import pauses
from django_phone_invites.testing import last_code, log_in, sign_up

pytestmark = [
    pytest.mark.skipif(not settings.HAS_DRF, reason="counts what the API costs"),
    # Without the transaction of a test, durable ones are the real thing and nothing else is counted.
    pytest.mark.django_db(transaction=True),
]

PHONE = "+79096869722"
#: Transaction control, which costs no plan and no row.
CONTROL = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE", "ROLLBACK", "SET TRANSACTION")


@pytest.fixture
def count(client, record_property):
    """Send a request and return its answer and the statements that it took."""

    def count(method, path, body=None, token=None):
        headers = {"Authorization": f"Token {token}"} if token else {}
        data = {} if body is None else {"data": body, "content_type": "application/json"}
        with CaptureQueriesContext(connection) as captured:
            answer = getattr(client, method)(path, headers=headers, **data)
        statements = [
            query["sql"]
            for query in captured.captured_queries
            if not query["sql"].upper().startswith(CONTROL)
        ]
        record_property(f"{method} {path}", len(statements))
        print(f"{connection.vendor}: {method} {path}: {len(statements)}", *statements, sep="\n  ")
        return answer, len(statements)

    return count


@pytest.fixture
def asked():
    """Ask for a code outside the count and return where it is entered."""

    def ask(**more):
        body = {"phone": PHONE, **more}
        answer = Client().post("/api/codes/", body, content_type="application/json")
        return answer["Location"]

    return ask


@pytest.fixture
def token_of():
    """Return the token of a user."""
    from rest_framework.authtoken.models import Token

    return lambda user: Token.objects.get_or_create(user=user)[0].key


def test_asking_for_a_first_code_costs_at_most_6(count):
    answer, statements = count("post", "/api/codes/", {"phone": PHONE})
    assert answer.status_code == 201
    assert statements <= 6


def test_asking_for_a_further_code_costs_at_most_7(count, asked, settings):
    settings.PHONE_INVITES_RESEND_COOLDOWN = dt.timedelta(0)
    asked()
    answer, statements = count("post", "/api/codes/", {"phone": PHONE})
    assert answer.status_code == 201
    # One holds the counters of phone, block and address, in one order.
    assert statements <= 7


def test_asking_for_a_known_phone_costs_what_asking_for_a_new_one_does(count):
    sign_up(PHONE)
    # From the same address, so that its counter is there.
    Client().post("/api/codes/", {"phone": "+79161234567"}, content_type="application/json")
    _, known = count("post", "/api/codes/", {"phone": PHONE})
    _, new = count("post", "/api/codes/", {"phone": "+79261234567"})
    assert new == known


def test_a_refusal_for_asking_too_soon_costs_at_most_2(count, asked):
    asked()
    answer, statements = count("post", "/api/codes/", {"phone": PHONE})
    assert answer.json()["code"] == "rate_limited"
    assert statements <= 2


def test_a_refusal_while_sending_is_paused_costs_at_most_1(count, settings):
    pauses.pause(region="RU")
    answer, statements = count("post", "/api/codes/", {"phone": PHONE})
    assert answer.json()["code"] == "sending_paused"
    assert statements == 1
    settings.PHONE_INVITES_PAUSED = True
    answer, statements = count("post", "/api/codes/", {"phone": PHONE})
    assert answer.json()["code"] == "sending_paused"
    assert statements == 0


def test_a_look_at_the_codes_of_a_region_costs_at_most_4_once_a_minute(count, settings):
    count("post", "/api/codes/", {"phone": PHONE})
    _, alone = count("post", "/api/codes/", {"phone": "+79096869725"})
    settings.PHONE_INVITES_REGION_ALERT_SHARE = 0.5
    _, with_look = count("post", "/api/codes/", {"phone": "+79096869723"})
    _, after_look = count("post", "/api/codes/", {"phone": "+79096869724"})
    assert with_look <= alone + 4
    assert after_look == alone


def test_a_first_login_costs_at_most_11(count, asked):
    location = asked()
    answer, statements = count("post", location, {"auth_number": last_code(PHONE)})
    assert answer.status_code == 200
    assert statements <= 11


def test_a_later_login_costs_at_most_8(count, asked, token_of):
    token_of(sign_up(PHONE))
    location = asked()
    answer, statements = count("post", location, {"auth_number": last_code(PHONE)})
    assert answer.status_code == 200
    # One holds the user, so that nobody is disabled in between.
    assert statements <= 8


def test_a_malformed_guess_costs_at_most_3(count, asked):
    answer, statements = count("post", asked(), {"auth_number": "x"})
    assert answer.json()["code"] == "invalid"
    assert statements <= 3


def test_a_bare_authenticated_request_costs_1(count, token_of):
    """OPTIONS reads nothing of the user's own: what is left is the authentication."""
    answer, statements = count("options", "/api/profile/", token=token_of(sign_up(PHONE)))
    assert answer.status_code == 200
    assert statements == 1


@pytest.mark.parametrize("invitees", [0, 10, 150])
def test_a_profile_costs_at_most_3_with_however_many_invitees(count, token_of, invitees):
    owner = _inviter(invitees)
    answer, statements = count("get", "/api/profile/", token=token_of(owner))
    body = answer.json()
    assert (len(body["invite_user"]), body["invite_user_count"]) == (min(invitees, 100), invitees)
    assert statements <= 3


def test_a_profile_costs_the_same_with_10_and_with_many_invitees(count, token_of):
    token, costs = token_of(_inviter(10)), []
    for more in (0, 140):
        _inviter(more, start=10)
        answer, statements = count("get", "/api/profile/", token=token)
        costs.append((answer.json()["invite_user_count"], statements))
    assert [invitees for invitees, _ in costs] == [10, 150]
    assert costs[0][1] == costs[1][1]


def test_a_page_of_invitees_costs_at_most_2(count, token_of):
    answer, statements = count("get", "/api/profile/invitees/", token=token_of(_inviter(150)))
    assert answer.json()["older_than"] is not None
    assert statements <= 2


@pytest.mark.parametrize("others", [0, 3])
def test_logins_cost_at_most_6_and_one_for_each_session(count, token_of, others):
    user = sign_up(PHONE)
    for _ in range(others):
        log_in(Client(), PHONE)
    answer, statements = count("get", "/api/logins/", token=token_of(user))
    assert len(answer.json()["logins"]) == others + 1
    # One for the credentials, one for the records, and one or two for each package of tokens.
    assert statements <= 6 + others


def test_a_login_with_a_session_costs_one_more_for_its_record(client):
    location = client.post("/user/", {"phone": PHONE})["Location"]
    with CaptureQueriesContext(connection) as captured:
        assert client.post(location, {"auth_number": last_code(PHONE)}).status_code == 302
    table = ActiveLogin._meta.db_table
    ours = [query for query in captured.captured_queries if table in query["sql"]]
    assert len(ours) == 1


def test_an_activation_costs_at_most_9(count, token_of):
    code = sign_up("+79096869723").invite_code.code
    body, token = {"stranger_invite_code": code}, token_of(sign_up(PHONE))
    answer, statements = count("patch", "/api/profile/", body, token)
    assert answer.status_code == 200
    # Two of them see to it that no number is erased and invited at once, nor invited again.
    assert statements <= 9


def _inviter(invitees, start=0):
    owner = sign_up(PHONE)
    code = InviteCode.objects.get(owner=owner)
    InviteActivation.objects.bulk_create(
        InviteActivation(
            invitee=sign_up(f"+7916{1000000 + number}"),
            inviter=owner,
            invite_code=code,
            code=code.code,
            activated_at=timezone.now(),
        )
        for number in range(start, start + invitees)
    )
    InviteCode.objects.filter(pk=code.pk).update(uses=InviteActivation.objects.count())
    return owner
