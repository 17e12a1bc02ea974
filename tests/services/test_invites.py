"""Giving out invite codes and activating them; no client, no request."""

from __future__ import annotations

import datetime as dt
from collections import Counter

import pytest
from django.contrib.auth import get_user_model
from django.db import IntegrityError, OperationalError, connection, transaction
from django.utils import timezone

from django_phone_invites import codes, signals
from django_phone_invites.exceptions import (
    InviteAlreadyActivated,
    InviteExhausted,
    InviteExpired,
    InviteMutual,
    InviteOwn,
    InviteUnknown,
    RateLimited,
    Unavailable,
)
from django_phone_invites.models import InviteActivation, InviteCode, PhoneAccount
from django_phone_invites.services import invites
from django_phone_invites.services.invites import activate_invite, create_own_code
from django_phone_invites.testing import sign_up

pytestmark = pytest.mark.django_db

THREADS = 20


def number(index):
    return f"+7909686{index:04}"


def make_campaign(code="SPRING", **fields):
    return InviteCode.objects.create(code=code, **fields)


def uses_of(invite_code):
    return InviteCode.objects.get(pk=invite_code.pk).uses


@pytest.fixture
def inviter():
    return sign_up(number(1))


@pytest.fixture
def invitee():
    return sign_up(number(2))


def test_an_activation_records_who_and_what(inviter, invitee, clock):
    activation = activate_invite(user=invitee, code=inviter.invite_code.code)
    kept = InviteActivation.objects.get()
    assert activation == kept
    assert (kept.inviter, kept.invitee) == (inviter, invitee)
    assert (kept.code, kept.invite_code) == (inviter.invite_code.code, inviter.invite_code)
    assert kept.activated_at == timezone.now()
    assert uses_of(inviter.invite_code) == 1


def test_only_one_code_is_activated_ever(inviter, invitee):
    activate_invite(user=invitee, code=inviter.invite_code.code)
    other = sign_up(number(3)).invite_code
    for code in (other.code, inviter.invite_code.code, invitee.invite_code.code, "NOBODY", "?"):
        with pytest.raises(InviteAlreadyActivated):
            activate_invite(user=invitee, code=code)
    assert uses_of(other) == 0
    assert uses_of(inviter.invite_code) == 1


def test_the_own_code_is_refused_in_any_case(invitee):
    for code in (invitee.invite_code.code, invitee.invite_code.code.swapcase()):
        with pytest.raises(InviteOwn):
            activate_invite(user=invitee, code=code)
    assert uses_of(invitee.invite_code) == 0


def test_two_users_do_not_invite_each_other(inviter, invitee):
    activate_invite(user=invitee, code=inviter.invite_code.code)
    with pytest.raises(InviteMutual):
        activate_invite(user=inviter, code=invitee.invite_code.code)
    assert uses_of(invitee.invite_code) == 0
    assert InviteActivation.objects.count() == 1


def test_a_ring_of_three_is_allowed():
    ring = [sign_up(number(index)) for index in (1, 2, 3)]
    for place, user in enumerate(ring):
        activate_invite(user=user, code=ring[place - 1].invite_code.code)
    assert [uses_of(user.invite_code) for user in ring] == [1, 1, 1]


def test_an_unknown_code_is_refused(invitee):
    with pytest.raises(InviteUnknown):
        activate_invite(user=invitee, code="ZZZZZZ")
    assert not InviteActivation.objects.exists()


def test_a_revoked_code_is_as_good_as_unknown(invitee):
    campaign = make_campaign(revoked_at=timezone.now())
    with pytest.raises(InviteUnknown):
        activate_invite(user=invitee, code="SPRING")
    assert uses_of(campaign) == 0


def test_a_disabled_owner_s_code_is_as_good_as_unknown(inviter, invitee):
    inviter.is_active = False
    inviter.save()
    with pytest.raises(InviteUnknown):
        activate_invite(user=invitee, code=inviter.invite_code.code)
    assert uses_of(inviter.invite_code) == 0


def test_the_code_of_a_user_without_a_phone_is_as_good_as_unknown(inviter, invitee):
    """Else whoever has their phone erased, and signs up anew, is invited by themselves."""
    PhoneAccount.objects.filter(user=inviter).delete()
    with pytest.raises(InviteUnknown):
        activate_invite(user=invitee, code=inviter.invite_code.code)
    assert uses_of(inviter.invite_code) == 0


def test_a_campaign_s_code_is_used_exactly_as_often_as_it_can_be():
    campaign = make_campaign(max_uses=2)
    for index in (1, 2):
        activate_invite(user=sign_up(number(index)), code="SPRING")
    with pytest.raises(InviteExhausted):
        activate_invite(user=sign_up(number(3)), code="SPRING")
    assert uses_of(campaign) == InviteActivation.objects.count() == 2


def test_a_campaign_has_no_inviter(invitee):
    make_campaign()
    assert activate_invite(user=invitee, code="spring").inviter is None


def test_a_campaign_s_code_ends_at_its_last_moment(clock):
    campaign = make_campaign(expires_at=timezone.now() + dt.timedelta(days=1), max_uses=5)
    early, late = sign_up(number(1)), sign_up(number(2))
    clock.shift(dt.timedelta(days=1, microseconds=-1))
    activate_invite(user=early, code="SPRING")
    clock.shift(dt.timedelta(microseconds=1))
    with pytest.raises(InviteExpired):
        activate_invite(user=late, code="SPRING")
    assert uses_of(campaign) == 1


def test_a_refused_invite_is_no_activation(invitee):
    make_campaign("WINTER", max_uses=0)
    make_campaign("SUMMER")
    with pytest.raises(InviteExhausted):
        activate_invite(user=invitee, code="WINTER")
    assert activate_invite(user=invitee, code="SUMMER").code == "SUMMER"


@pytest.mark.parametrize(
    "typed",
    ["TwXK36", "twxk36", "TWXK36", "tWxk36", " TwXK36", "TwXK36 ", "\tTwXK36\r\n"],
)
def test_case_and_outer_spaces_do_not_matter(typed, invitee):
    make_campaign("TwXK36")
    assert activate_invite(user=invitee, code=typed).code == "TwXK36"


@pytest.mark.parametrize(
    "typed",
    [
        "", " ", "TwX K36", "TwX-K36", "TwXK3", "TwXK366",
        "ＴｗＸＫ３６", "TwXK3６", "TwXḰ36", "TẃXK36", "TwXK\u030136", "TwXK36\u0301",
        "TwXK36\0", "\0TwXK36", "TwXK36\0\0", "TwX\0K36",
        "TwXK36\u200b", "\ufeffTwXK36", "TwX\u200dK36", "TwX\u00adK36", "\u2060TwXK36",
        "TwXK36\u00a0", "\u3000TwXK36", "TwXK36\x1f", "TwXK36\x85", "TwXK\u212a36", "Tw\u03a7K36", "TwXK\u0663\u0666",
        "TwXK36%", "TwXK3_", "'; --", "\ud800", "\U0001f600", "T" * 33, "T" * 100_000,
    ],
)  # fmt: skip
def test_what_collations_may_call_equal_is_refused(typed, invitee):
    campaign = make_campaign("TwXK36")
    with pytest.raises(InviteUnknown):
        activate_invite(user=invitee, code=typed)
    assert uses_of(campaign) == 0


@pytest.mark.parametrize(
    ("made", "typed"), [("MASSE", "Maße"), ("FILES", "\ufb01les"), ("KELVIN", "\u212aelvin")]
)
def test_letters_that_unfold_into_ascii_are_refused(made, typed, invitee):
    make_campaign(made)
    with pytest.raises(InviteUnknown):
        activate_invite(user=invitee, code=typed)


def test_a_collision_of_codes_is_tried_again(inviter, monkeypatch):
    taken = inviter.invite_code.code
    drawn = iter([taken, taken.swapcase(), taken.lower(), "free22"])
    monkeypatch.setattr(codes, "new_invite_code", lambda: next(drawn))
    assert sign_up(number(2)).invite_code.code == "free22"


def test_five_collisions_in_a_row_leave_no_user(inviter, monkeypatch):
    taken = inviter.invite_code.code
    drawn = iter([taken] * 5)
    monkeypatch.setattr(codes, "new_invite_code", lambda: next(drawn))
    with pytest.raises(IntegrityError):
        sign_up(number(2))
    assert list(drawn) == []
    assert list(get_user_model().objects.all()) == [inviter]
    assert PhoneAccount.objects.count() == 1


def test_a_user_has_one_code(inviter):
    with pytest.raises(IntegrityError), transaction.atomic():
        create_own_code(inviter, timezone.now())
    assert InviteCode.objects.count() == 1


def test_a_listener_hears_of_the_activation_and_undoes_nothing(inviter, invitee):
    heard = []

    def listen(sender, activation, **_):
        heard.append(activation)
        raise ZeroDivisionError

    signals.invite_activated.connect(listen)
    try:
        activation = activate_invite(user=invitee, code=inviter.invite_code.code)
    finally:
        signals.invite_activated.disconnect(listen)
    assert heard == [activation] == list(InviteActivation.objects.all())


@pytest.mark.parametrize("wrong", ["ZZZZZZ", "not a code", "ТwXK36"])
def test_exactly_so_many_wrong_codes_of_a_user_are_looked_at(
    inviter, invitee, clock, settings, wrong
):
    settings.PHONE_INVITES_INVITE_FAILURES_PER_HOUR = 3
    for _ in range(3):
        with pytest.raises(InviteUnknown):
            activate_invite(user=invitee, code=wrong)
    with pytest.raises(RateLimited) as refused:
        activate_invite(user=invitee, code=wrong)
    assert (refused.value.limit, refused.value.retry_after) == ("invite-failures", 3600)
    with pytest.raises(RateLimited):
        activate_invite(user=invitee, code=inviter.invite_code.code)
    assert not InviteActivation.objects.exists()
    clock.shift(dt.timedelta(hours=1))
    activate_invite(user=invitee, code=inviter.invite_code.code)


def test_ten_wrong_codes_an_hour_by_default_and_for_each_user(inviter, invitee):
    for _ in range(10):
        with pytest.raises(InviteUnknown):
            activate_invite(user=invitee, code="ZZZZZZ")
    with pytest.raises(RateLimited):
        activate_invite(user=invitee, code="ZZZZZZ")
    with pytest.raises(InviteUnknown):
        activate_invite(user=inviter, code="ZZZZZZ")


def test_own_spent_and_mutual_codes_are_no_failures(inviter, invitee, settings):
    settings.PHONE_INVITES_INVITE_FAILURES_PER_HOUR = 1
    for _ in range(3):
        with pytest.raises(InviteOwn):
            activate_invite(user=invitee, code=invitee.invite_code.code)
    activate_invite(user=invitee, code=inviter.invite_code.code)
    for _ in range(3):
        with pytest.raises(InviteMutual):
            activate_invite(user=inviter, code=invitee.invite_code.code)


def test_a_silent_database_is_a_refusal(inviter, invitee):
    def silent(*arguments):
        raise OperationalError("server closed the connection unexpectedly")

    with connection.execute_wrapper(silent), pytest.raises(Unavailable):
        activate_invite(user=invitee, code=inviter.invite_code.code)
    assert uses_of(inviter.invite_code) == 0


@pytest.mark.django_db(transaction=True)
def test_activating_inside_a_transaction_is_a_fault_of_the_caller(inviter, invitee):
    with transaction.atomic(), pytest.raises(RuntimeError):
        activate_invite(user=invitee, code=inviter.invite_code.code)
    assert uses_of(inviter.invite_code) == 0


@pytest.mark.django_db(transaction=True)
def test_a_user_deleted_meanwhile_leaves_no_count(inviter, invitee):
    stale = get_user_model().objects.get(pk=invitee.pk)
    invitee.delete()
    with pytest.raises(Exception):  # noqa: B017, PT011 - which refusal it is says nothing to anybody
        activate_invite(user=stale, code=inviter.invite_code.code)
    assert uses_of(inviter.invite_code) == 0
    assert not InviteActivation.objects.exists()


# Races


def test_whoever_meets_their_own_activation_hears_that_it_was_one(inviter, invitee, monkeypatch):
    make_campaign()
    find = invites._find

    def find_and_be_second(code):
        found = find(code)
        monkeypatch.setattr(invites, "_find", find)
        activate_invite(user=invitee, code="SPRING")
        return found

    monkeypatch.setattr(invites, "_find", find_and_be_second)
    with pytest.raises(InviteAlreadyActivated):
        activate_invite(user=invitee, code=inviter.invite_code.code)


def codes_of(results):
    return Counter(getattr(result, "code", None) for result in results)


@pytest.mark.django_db(transaction=True)
def test_parallel_activations_of_a_user_give_one(in_parallel, invitee):
    owners = [sign_up(number(index)) for index in range(10, 10 + THREADS)]
    works = [
        lambda code=owner.invite_code.code: activate_invite(user=invitee, code=code)
        for owner in owners
    ]
    results = in_parallel(works)
    done = [result for result in results if isinstance(result, InviteActivation)]
    assert len(done) == 1
    assert codes_of(set(results) - set(done)) == {"invite_already_activated": THREADS - 1}
    assert sum(uses_of(owner.invite_code) for owner in owners) == 1


@pytest.mark.django_db(transaction=True)
def test_parallel_activations_of_a_campaign_are_exact(in_parallel):
    campaign = make_campaign(max_uses=7)
    users = [sign_up(number(index)) for index in range(10, 10 + THREADS)]
    results = in_parallel(
        [lambda user=user: activate_invite(user=user, code="SPRING") for user in users]
    )
    assert codes_of(results) == {"SPRING": 7, "invite_exhausted": THREADS - 7}
    assert uses_of(campaign) == InviteActivation.objects.count() == 7


@pytest.mark.django_db(transaction=True)
def test_parallel_activations_of_each_other_give_one(in_parallel, inviter, invitee):
    theirs, others = inviter.invite_code, invitee.invite_code
    results = in_parallel(
        [
            lambda: activate_invite(user=invitee, code=theirs.code),
            lambda: activate_invite(user=inviter, code=others.code),
        ]
    )
    assert sorted(isinstance(result, InviteActivation) for result in results) == [False, True]
    assert codes_of(results)["invite_mutual"] == 1
    assert uses_of(theirs) + uses_of(others) == InviteActivation.objects.count() == 1
