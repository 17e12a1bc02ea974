"""What holds when users change their numbers at once, on several processes of a real server."""

from __future__ import annotations

import pytest
from django.contrib.auth import get_user_model

from django_phone_invites import codes
from django_phone_invites.models import LoginCode, PhoneAccount, PhoneChange
from django_phone_invites.testing import sign_up
from tests.attack.client import Request
from tests.attack.server import Server
from tests.attack.steps import (
    PARALLEL,
    assert_nothing_broken,
    guess,
    make_code,
    outcomes,
    people,
    phone,
    right,
    token_of,
)


def wanted(round_: int) -> str:
    """Return the number that is wanted in a round."""
    return phone(1000 + round_)


def change(login_code: LoginCode) -> Request:
    """Return the right code, entered by who asked for it."""
    path, body = f"/api/number/{login_code.token}/", {"auth_number": right(login_code)}
    return Request("POST", path, body, token_of(login_code.user))


@pytest.mark.guarantee("A right code changes a number once", limit="1 change")
def test_a_right_code_changes_a_number_once(server: Server) -> None:
    for round_ in server.figures.each_round():
        user = sign_up(phone(round_))
        asked = make_code(wanted(round_), changes=user)
        answers = server.at_once([change(asked)] * PARALLEL)
        assert outcomes(answers) == {"200": 1, "code_used": PARALLEL - 1}
        assert PhoneAccount.objects.get(user=user).e164 == wanted(round_)
        server.figures.add(PhoneChange.objects.filter(user=user).count())
        told = [message["phone"] for message in server.sent()]
        assert told == [phone(number) for number in range(round_ + 1)]
    assert_nothing_broken()


@pytest.mark.guarantee("Of 50 users who want one number, one gets it", limit="1 user")
def test_one_of_many_users_gets_a_number(server: Server) -> None:
    users = people(PARALLEL)
    for round_ in server.figures.each_round():
        asked = [make_code(wanted(round_), changes=user) for user in users]
        answers = server.at_once([change(one) for one in asked])
        assert outcomes(answers) == {"200": 1, "phone_taken": PARALLEL - 1}
        server.figures.add(PhoneChange.objects.filter(new=wanted(round_)).count())
        assert PhoneAccount.objects.filter(phone=wanted(round_)).count() == 1
        assert PhoneAccount.objects.count() == len(users)
    assert_nothing_broken()


@pytest.mark.guarantee(
    "A number that is changed to and signed up with is one user's", limit="1 user"
)
def test_a_change_and_a_sign_up_with_one_number(server: Server) -> None:
    for round_ in server.figures.each_round():
        user = sign_up(phone(round_))
        asked, login_code = make_code(wanted(round_), changes=user), make_code(wanted(round_))
        pair = [change(asked), guess(login_code, right(login_code))]
        found = outcomes(server.at_once(pair * (PARALLEL // 2)))
        holder = PhoneAccount.objects.get(phone=wanted(round_)).user
        if holder == user:
            # The code of the login is theirs too, if it was entered after the change.
            assert found == {"200": 2, "code_used": PARALLEL - 2}
        else:
            assert found["200"] == 1
            assert sum(found.values()) - 1 == sum(
                found[code] for code in ("phone_taken", "code_used", "code_expired")
            )
        server.figures.add(PhoneAccount.objects.filter(phone=wanted(round_)).count())
        assert get_user_model().objects.count() == PhoneAccount.objects.count()
        assert_nothing_broken()


@pytest.mark.guarantee("A change is undone once", limit="1 undoing")
def test_a_change_is_undone_once(server: Server) -> None:
    for round_ in server.figures.each_round():
        user = sign_up(phone(round_))
        answer = server.one(change(make_code(wanted(round_), changes=user)))
        assert answer.status == 200, answer
        notice = LoginCode.objects.get(phone=phone(round_), purpose=LoginCode.Purpose.CHANGED)
        undo = Request("POST", "/api/number/undo/", {"token": codes.derive_undo_token(notice.seed)})
        answers = server.at_once([undo] * PARALLEL)
        assert outcomes(answers) == {"204": 1, "undo_not_found": PARALLEL - 1}
        assert PhoneAccount.objects.get(user=user).e164 == phone(round_)
        server.figures.add(outcomes(answers)["204"])
    assert_nothing_broken()
