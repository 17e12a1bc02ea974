"""``phone_invites_check`` finds each kind of row that breaks a promise, and changes nothing."""

from __future__ import annotations

import datetime as dt
import io
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db.models import F
from django.utils import timezone

from django_phone_invites.models import (
    InviteActivation,
    InviteCode,
    LoginCode,
    PhoneAccount,
    PhoneChange,
)
from django_phone_invites.services import invites, upkeep
from django_phone_invites.testing import sign_up

pytestmark = pytest.mark.django_db

INVITER, INVITEE = "+79096869722", "+79096869723"
LIFETIME = dt.timedelta(minutes=5)


def broken() -> list[str]:
    out, err = io.StringIO(), io.StringIO()
    try:
        call_command("phone_invites_check", stdout=out, stderr=err)
    except CommandError as error:
        lines = err.getvalue().splitlines()
        assert (str(error), error.returncode) == (f"{len(lines)} found.", 1)
        assert out.getvalue() == ""
        return lines
    assert out.getvalue() == "Nothing is broken.\n"
    assert err.getvalue() == ""
    return []


@pytest.fixture
def activation() -> InviteActivation:
    inviter, invitee = sign_up(INVITER), sign_up(INVITEE)
    return invites.activate_invite(user=invitee, code=inviter.invite_code.code)


def make_code(**changes: Any) -> LoginCode:
    now = timezone.now()
    fields = {
        "phone": INVITER,
        "purpose": "login",
        "channel": "web",
        "length": 6,
        "locale": "en",
        "created_at": now,
        "expires_at": now,
    }
    return LoginCode.objects.create(**{**fields, **changes})


def test_an_empty_database_is_whole() -> None:
    assert broken() == []


def test_what_people_do_breaks_nothing(activation: InviteActivation) -> None:
    make_code()
    make_code(used_at=timezone.now(), attempts=1, expires_at=timezone.now() + LIFETIME)
    InviteCode.objects.create(code="SUMMER", max_uses=5)
    assert broken() == []


def test_deleted_people_break_nothing(activation: InviteActivation) -> None:
    activation.invitee.delete()
    assert broken() == []
    activation.inviter.delete()
    assert broken() == []


def test_an_account_without_invite_code_is_found() -> None:
    user = sign_up(INVITER)
    InviteCode.objects.all().delete()
    assert broken() == [f"Phone account {user.phone_account.pk} has no invite code."]


def test_a_code_that_was_used_without_an_attempt_is_found() -> None:
    expires_at = timezone.now() + LIFETIME
    code = make_code(used_at=timezone.now(), attempts=0, expires_at=expires_at)
    assert broken() == [f"Login code {code.pk} was used without an attempt."]


def test_a_code_that_was_used_without_a_login_is_found() -> None:
    account = sign_up(INVITER).phone_account
    later = account.verified_at + dt.timedelta(minutes=2)
    code = make_code(used_at=later, attempts=1, expires_at=later + dt.timedelta(minutes=5))
    assert broken() == [f"Login code {code.pk} was used and its phone account does not know of it."]
    # The clocks of two servers that serve two logins at once may differ by so much.
    code.used_at = account.verified_at + dt.timedelta(minutes=1)
    code.save()
    assert broken() == []


def test_a_code_of_an_account_before_this_one_breaks_nothing() -> None:
    account = sign_up(INVITER).phone_account
    earlier = account.created_at - dt.timedelta(minutes=2)
    make_code(used_at=earlier, attempts=1)
    PhoneAccount.objects.update(verified_at=earlier - dt.timedelta(days=1))
    assert broken() == []


@pytest.mark.parametrize("over", ["ended", "expired"])
def test_a_code_that_was_used_when_it_was_over_is_found(over: str) -> None:
    now = timezone.now()
    ends = {"ended_at": now} if over == "ended" else {"expires_at": now}
    code = make_code(**{"used_at": now, "attempts": 1, "expires_at": now + LIFETIME, **ends})
    assert broken() == [f"Login code {code.pk} was used when it was over."]


def test_a_code_with_more_attempts_than_allowed_is_found() -> None:
    make_code(attempts=5)
    code = make_code(attempts=6)
    assert broken() == [f"Login code {code.pk} has 6 attempts, 5 at most."]


def test_more_than_two_live_codes_of_a_phone_are_found() -> None:
    expires_at = timezone.now() + LIFETIME
    make_code(expires_at=expires_at)
    make_code(expires_at=expires_at)
    make_code(expires_at=expires_at, ended_at=timezone.now())
    make_code(expires_at=expires_at, attempts=5)
    make_code()
    assert broken() == []
    code = make_code(expires_at=expires_at)
    assert broken() == [f"Login code {code.pk} is one of 3 live codes of its phone, 2 at most."]


def test_more_than_two_live_codes_of_a_test_number_are_found() -> None:
    expires_at = timezone.now() + LIFETIME
    for is_test in (True, False, True, False):
        make_code(expires_at=expires_at, is_test=is_test)
    assert broken() == []
    code = make_code(expires_at=expires_at, is_test=True)
    assert broken() == [f"Login code {code.pk} is one of 3 live codes of its phone, 2 at most."]


@pytest.mark.parametrize("uses", [0, 2])
def test_uses_that_are_not_the_activations_are_found(
    uses: int, activation: InviteActivation
) -> None:
    InviteCode.objects.filter(pk=activation.invite_code_id).update(uses=uses)
    assert broken() == [
        f"Invite code {activation.invite_code_id} counts {uses} uses and has 1 activations."
    ]


def test_a_code_that_was_used_too_often_is_found(activation: InviteActivation) -> None:
    InviteCode.objects.filter(pk=activation.invite_code_id).update(max_uses=0)
    assert broken() == [f"Invite code {activation.invite_code_id} was used 1 times, 0 at most."]


def test_an_activation_of_the_own_code_is_found(activation: InviteActivation) -> None:
    InviteActivation.objects.update(inviter=F("invitee"), invite_code=None)
    InviteCode.objects.update(uses=0)
    assert broken() == [f"Invite activation {activation.pk} is of the user's own code."]


def test_two_who_activated_each_other_are_found(activation: InviteActivation) -> None:
    back = InviteActivation.objects.create(
        invitee=activation.inviter,
        inviter=activation.invitee,
        code="ABCDEF",
        pair="forged",
        activated_at=timezone.now(),
    )
    assert broken() == [
        f"Invite activation {back.pk} is of the code of the user's own invitee.",
        f"Invite activation {back.pk} can be mirrored: its pair is not that of its users.",
    ]


@pytest.mark.parametrize("pair", [None, "1:2:3"])
def test_an_activation_that_could_be_mirrored_is_found(
    pair: str | None, activation: InviteActivation
) -> None:
    InviteActivation.objects.update(pair=pair)
    assert broken() == [
        f"Invite activation {activation.pk} can be mirrored: its pair is not that of its users."
    ]


def test_an_activation_of_a_code_that_is_not_the_inviters_is_found(
    activation: InviteActivation,
) -> None:
    found = [f"Invite activation {activation.pk} is not of its inviter's code."]
    InviteActivation.objects.update(inviter=None)
    assert broken() == found
    other = sign_up("+79096869724")
    pair = InviteActivation.pair_of(activation.invitee_id, other.pk)
    InviteActivation.objects.update(inviter=other, pair=pair)
    assert broken() == found
    InviteCode.objects.filter(pk=activation.invite_code_id).update(owner=None)
    assert found[0] in broken()


def test_a_campaign_that_was_activated_breaks_nothing() -> None:
    InviteCode.objects.create(code="SUMMER", folded="SUMMER", max_uses=5)
    invites.activate_invite(user=sign_up(INVITER), code="SUMMER")
    assert broken() == []


@pytest.mark.parametrize("purpose", ["login", "change"])
def test_a_code_that_changes_a_number_is_bound_and_no_other(purpose: str) -> None:
    user = sign_up(INVITER) if purpose == "login" else None
    code = make_code(purpose=purpose, user=user)
    assert broken() == [
        f"Login code {code.pk} changes the number of nobody, or is bound and changes none."
    ]
    make_code(purpose="change", user=sign_up(INVITEE))
    assert len(broken()) == 1


def test_a_number_that_can_be_given_back_and_is_anothers_is_found() -> None:
    user, holder = sign_up(INVITER), sign_up(INVITEE)
    now = timezone.now()
    change = PhoneChange.objects.create(
        user=user,
        old=INVITEE,
        new=INVITER,
        changed_at=now,
        undo_until=now + LIFETIME,
        undo_digest="0" * 64,
    )
    assert broken() == [f"Change {change.pk} can be undone, and its old number is another user's."]
    PhoneChange.objects.update(user=holder)
    assert broken() == []


def test_each_promise_costs_one_statement(
    django_assert_num_queries: Any, activation: InviteActivation
) -> None:
    with django_assert_num_queries(14):
        assert list(upkeep.find_broken()) == []


def test_everything_is_found_at_once_and_nothing_is_changed(activation: InviteActivation) -> None:
    InviteActivation.objects.update(inviter=F("invitee"))
    InviteCode.objects.update(uses=3, max_uses=1)
    make_code(used_at=timezone.now(), attempts=0)
    before = [
        list(model.objects.order_by("pk").values())
        for model in (LoginCode, InviteCode, InviteActivation, PhoneAccount)
    ]
    assert len(broken()) == 7
    assert before == [
        list(model.objects.order_by("pk").values())
        for model in (LoginCode, InviteCode, InviteActivation, PhoneAccount)
    ]


def test_what_is_printed_tells_no_number(activation: InviteActivation) -> None:
    InviteCode.objects.update(uses=3, max_uses=1)
    shown = "\n".join(broken())
    assert "9096869" not in shown
    assert activation.code not in shown
