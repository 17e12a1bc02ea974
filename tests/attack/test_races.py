"""What holds when 50 requests come at once, on several processes of a real server."""

from __future__ import annotations

import random
import time

import pytest
from django.contrib.auth import get_user_model
from django.db import DatabaseError, connection
from django.utils import timezone

from django_phone_invites import logins
from django_phone_invites.models import InviteActivation, InviteCode, LoginCode, PhoneAccount
from django_phone_invites.testing import sign_up
from tests.attack.client import Request
from tests.attack.server import Server
from tests.attack.steps import (
    ATTEMPTS,
    PARALLEL,
    activate,
    ask,
    ask_now,
    assert_nothing_broken,
    guess,
    make_code,
    outcomes,
    people,
    phone,
    right,
    wrong,
)


@pytest.mark.guarantee("A right code logs in once", limit="1 login")
def test_a_right_code_logs_in_once(server: Server) -> None:
    for round_ in server.figures.each_round():
        login_code = ask_now(server, phone(round_))
        answers = server.at_once([guess(login_code, right(login_code))] * PARALLEL)
        assert outcomes(answers) == {"200": 1, "code_used": PARALLEL - 1}
        server.figures.add(outcomes(answers)["200"])
        assert PhoneAccount.objects.count() == get_user_model().objects.count() == round_ + 1
    assert_nothing_broken()


@pytest.mark.guarantee("Wrong guesses at one code are evaluated", limit="5 guesses")
def test_exactly_the_limit_of_wrong_guesses_is_evaluated(server: Server) -> None:
    for round_ in server.figures.each_round():
        login_code = ask_now(server, phone(round_))
        answers = server.at_once([guess(login_code, wrong(login_code))] * PARALLEL)
        evaluated, refused = ATTEMPTS, PARALLEL - ATTEMPTS
        assert outcomes(answers) == {"code_invalid": evaluated, "code_exhausted": refused}
        late = server.one(guess(login_code, right(login_code)))
        assert late.code == "code_exhausted"
        login_code.refresh_from_db()
        assert login_code.attempts == ATTEMPTS
        server.figures.add(login_code.attempts)
    assert_nothing_broken()


@pytest.mark.guarantee("Requests for one phone send a message", limit="1 message")
def test_one_request_of_many_sends_a_message(server: Server) -> None:
    for round_ in server.figures.each_round():
        answers = server.at_once([ask(phone(round_)) for _ in range(PARALLEL)])
        assert outcomes(answers) == {"201": 1, "rate_limited": PARALLEL - 1}
        sent = [message["phone"] for message in server.sent()]
        assert sent == [phone(number) for number in range(round_ + 1)]
        server.figures.add(sent.count(phone(round_)))


@pytest.mark.guarantee("Two codes of a new phone make one user", limit="1 user")
def test_two_codes_of_a_new_phone_make_one_user(server: Server) -> None:
    for round_ in server.figures.each_round():
        # Two challenges of two clients.
        first, second = make_code(phone(round_)), make_code(phone(round_))
        answers = server.at_once(
            [guess(first, right(first)), guess(second, right(second))] * (PARALLEL // 2)
        )
        assert outcomes(answers) == {"200": 2, "code_used": PARALLEL - 2}
        users = {answer.body["id"] for answer in answers if answer.status == 200}
        server.figures.add(len(users))
        assert get_user_model().objects.count() == InviteCode.objects.count() == round_ + 1
    assert_nothing_broken()


@pytest.mark.guarantee("A user activates one of many invite codes", limit="1 activation")
def test_a_user_activates_one_of_many_codes(server: Server) -> None:
    invite_codes = [inviter.invite_code.code for inviter in people(PARALLEL, first=1000)]
    for round_ in server.figures.each_round():
        user = sign_up(phone(round_))
        answers = server.at_once([activate(user, code) for code in invite_codes])
        assert outcomes(answers) == {"200": 1, "invite_already_activated": PARALLEL - 1}
        server.figures.add(InviteActivation.objects.filter(invitee=user).count())
    assert InviteActivation.objects.count() == server.figures.rounds
    assert_nothing_broken()


@pytest.mark.guarantee("Of A by B and B by A one is activated (25 pairs)", limit="25 activations")
def test_two_users_do_not_activate_each_other(server: Server) -> None:
    users = people(PARALLEL)
    pairs = list(zip(users[::2], users[1::2], strict=True))
    for _ in server.figures.each_round():
        InviteActivation.objects.all().delete()
        InviteCode.objects.update(uses=0)
        answers = server.at_once(
            [
                activate(invitee, inviter.invite_code.code)
                for one, other in pairs
                for invitee, inviter in ((one, other), (other, one))
            ]
        )
        assert outcomes(answers) == {"200": len(pairs), "invite_mutual": len(pairs)}
        server.figures.add(InviteActivation.objects.count())
        assert_nothing_broken()


@pytest.mark.guarantee("A campaign is used as often as it can be", limit="10 activations")
def test_a_campaign_is_used_exactly_as_often_as_it_can_be(server: Server) -> None:
    users = people(PARALLEL)
    for round_ in server.figures.each_round():
        InviteActivation.objects.all().delete()
        name = f"SUMMER{round_}"
        campaign = InviteCode.objects.create(code=name, max_uses=10, created_at=timezone.now())
        answers = server.at_once([activate(user, name.lower()) for user in users])
        assert outcomes(answers) == {"200": 10, "invite_exhausted": PARALLEL - 10}
        campaign.refresh_from_db()
        assert campaign.uses == InviteActivation.objects.count() == 10
        server.figures.add(campaign.uses)
        assert_nothing_broken()
        campaign.delete()


@pytest.mark.guarantee("A right code for a disabled user logs in", limit="0 logins")
def test_a_disabled_user_is_not_logged_in(server: Server) -> None:
    from rest_framework.authtoken.models import Token

    for round_ in server.figures.each_round():
        user = sign_up(phone(round_))
        get_user_model().objects.filter(pk=user.pk).update(is_active=False)
        login_code = make_code(phone(round_))
        answers = server.at_once([guess(login_code, right(login_code))] * PARALLEL)
        # The first ends the code, so that it does not tell twice that it was right.
        assert outcomes(answers) == {"account_disabled": 1, "code_expired": PARALLEL - 1}
        server.figures.add(Token.objects.count())
    assert not LoginCode.objects.filter(used_at__isnull=False).exists()
    assert_nothing_broken()


@pytest.mark.guarantee("A right code logs in once while its user is deleted", limit="1 login")
def test_a_login_and_the_deletion_of_its_user_leave_nothing_broken(server: Server) -> None:
    for round_ in server.figures.each_round():
        user = sign_up(phone(round_))
        login_code = make_code(phone(round_))

        def delete(key: object = user.pk) -> None:
            time.sleep(random.uniform(0, 0.3))
            _delete_user(key)

        answers = server.at_once([guess(login_code, right(login_code))] * PARALLEL, delete)
        assert outcomes(answers) == {"200": 1, "code_used": PARALLEL - 1}
        assert not get_user_model().objects.filter(pk=user.pk).exists()
        server.figures.add(
            LoginCode.objects.filter(phone=phone(round_), used_at__isnull=False).count()
        )
        assert_nothing_broken()


def test_a_login_while_its_user_is_disabled_does_not_come_to_life_later(server: Server) -> None:
    for round_ in server.figures.each_round():
        user = sign_up(phone(round_))
        login_code = make_code(phone(round_))

        def disable(key: object = user.pk) -> None:
            time.sleep(random.uniform(0, 0.1))
            try:
                logins.disable(get_user_model().objects.get(pk=key))
            finally:
                connection.close()

        answers = server.at_once([guess(login_code, right(login_code))] * 10, disable)
        get_user_model().objects.filter(pk=user.pk).update(is_active=True)
        for answer in answers:
            if answer.status == 200:
                me = server.one(Request("GET", "/api/me/", token=str(answer.body["token"])))
                assert me.status == 401
    assert_nothing_broken()


def _delete_user(key: object) -> None:
    """Delete a user as the admin does, again where a login was in between."""
    try:
        for _ in range(50):
            try:
                get_user_model().objects.filter(pk=key).delete()
            except DatabaseError:
                continue
            return
        raise AssertionError("The user could not be deleted.")
    finally:
        connection.close()
