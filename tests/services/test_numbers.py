"""Another number for a user: whose code it is, whose the number is, and who is told."""

from __future__ import annotations

import datetime as dt

import pytest
from django.contrib.auth import get_user_model
from django.utils import timezone

from django_phone_invites import logins, signals
from django_phone_invites.exceptions import (
    AccountConflict,
    CodeExhausted,
    CodeExpired,
    CodeInvalid,
    CodeMalformed,
    CodeNotFound,
    CodeUsed,
    IdempotencyKeyReused,
    PhoneReserved,
    PhoneTaken,
    RateLimited,
    Refusal,
    SendingPaused,
    Unavailable,
)
from django_phone_invites.models import (
    InviteActivation,
    InviteCode,
    LoginCode,
    PhoneAccount,
    PhoneChange,
)
from django_phone_invites.senders.memory import outbox
from django_phone_invites.services import accounts, numbers, pauses, upkeep
from django_phone_invites.services.challenges import find_code, request_code
from django_phone_invites.services.invites import activate_invite
from django_phone_invites.services.login import verify_code
from django_phone_invites.services.numbers import change_number
from django_phone_invites.testing import sign_up
from tests.services.number_steps import (
    NEW,
    OLD,
    TAKEABLE,
    THIRD,
    allow_many,
    change,
    changed,
    enter_in,
    make_user,
    number_of,
    token,
    undo,
)
from tests.users.models import Contact

pytestmark = pytest.mark.django_db

YEAR = dt.timedelta(days=365)


# Numbers that the site's rule gives to somebody

FIELDS = {"FIELD": "contacts__phone", "VERIFIED_FIELD": "contacts__is_verified"}


def only_victim(phone):
    return get_user_model()._default_manager.filter(contacts__isnull=False).first()


def refusing(phone):
    raise AccountConflict


def broken(phone):
    raise ZeroDivisionError


@pytest.fixture(params=[FIELDS, f"{__name__}.only_victim"], ids=["field", "function"])
def rule(request, settings):
    settings.PHONE_INVITES_LINK_USER = request.param


def test_a_number_that_is_another_users_by_the_rule_is_taken(rule, user, move):
    Contact.objects.create(user=make_user(), phone=NEW, is_verified=True)
    with pytest.raises(PhoneTaken):
        move(user)
    assert number_of(user) == OLD


def test_the_own_number_by_the_rule_is_not(rule, user, move):
    Contact.objects.create(user=user, phone=NEW, is_verified=True)
    assert move(user).account.e164 == NEW


def test_whoever_has_no_account_yet_may_add_the_number_that_is_theirs_by_the_rule(rule, move):
    user = make_user()
    Contact.objects.create(user=user, phone=NEW, is_verified=True)
    assert move(user).account.e164 == NEW


def test_a_user_who_has_a_number_has_no_other_by_the_rule(rule, user, move):
    Contact.objects.create(user=sign_up(THIRD), phone=NEW, is_verified=True)
    assert move(user).account.e164 == NEW


def test_a_number_that_the_rule_finds_nobody_for_is_free(settings, user, move):
    settings.PHONE_INVITES_LINK_USER = f"{__name__}.only_victim"
    assert move(user).account.e164 == NEW


def test_a_rule_that_refuses_or_fails_gives_no_number(settings, user, move, ask):
    asked = ask(NEW, user=user)
    settings.PHONE_INVITES_LINK_USER = f"{__name__}.broken"
    with pytest.raises(Unavailable):
        change(asked, user)
    settings.PHONE_INVITES_LINK_USER = f"{__name__}.refusing"
    with pytest.raises(PhoneTaken):
        change(asked, user)
    assert number_of(user) == OLD


# Change


def test_a_right_code_changes_the_number_and_nothing_else(user, move, ask):
    before = user.invite_code.code
    friend = sign_up(THIRD)
    activate_invite(user=friend, code=before)
    done = move(user)
    assert (done.old, done.account.e164, done.account.user_id) == (OLD, NEW, user.pk)
    assert number_of(user) == NEW
    assert InviteCode.objects.get(owner=user).code == before
    assert InviteActivation.objects.get().inviter_id == user.pk
    assert get_user_model()._default_manager.count() == 2
    assert list(upkeep.find_broken()) == []


def test_it_counts_as_verified_now(clock, user, ask):
    clock.shift(YEAR)
    change(ask(NEW, user=user), user)
    account = PhoneAccount.objects.get(user=user)
    assert account.verified_at - account.created_at >= YEAR


def test_the_change_is_kept(clock, user, move):
    move(user)
    (row,) = PhoneChange.objects.all()
    assert (row.user_id, row.old, row.new, row.undone_at) == (user.pk, OLD, NEW, None)
    assert row.undo_until - row.changed_at == dt.timedelta(days=3)
    assert token() not in repr(vars(row))
    assert (OLD in str(row), NEW in str(row)) == (False, False)


def test_the_name_of_the_user_follows_where_it_is_the_phone(user, move):
    model = get_user_model()
    before = str(user.get_username())
    move(user)
    after = str(model._default_manager.get(pk=user.pk).get_username())
    assert after == (NEW if before == OLD else before)


def test_a_name_that_is_the_phone_follows(user, move):
    model = get_user_model()
    if model.USERNAME_FIELD != "username":
        pytest.skip("The name is a text here.")
    model._default_manager.filter(pk=user.pk).update(username=OLD)
    move(user)
    assert model._default_manager.get(pk=user.pk).username == NEW


def test_a_name_that_is_somebody_elses_refuses_the_change(user, ask):
    model = get_user_model()
    if model.USERNAME_FIELD != "username":
        pytest.skip("The name is a text here.")
    model._default_manager.filter(pk=user.pk).update(username=OLD)
    make_user(NEW)
    asked = ask(NEW, user=user)
    with pytest.raises(AccountConflict):
        change(asked, user)
    assert number_of(user) == OLD


def test_it_is_told_after_the_commit(user, move):
    told = []

    def listen(user, account, old, **kwargs):
        told.append((user.pk, number_of(user), account.e164, old))

    signals.phone_changed.connect(listen)
    try:
        move(user)
        undo()
    finally:
        signals.phone_changed.disconnect(listen)
    assert told == [(user.pk, NEW, NEW, OLD), (user.pk, OLD, OLD, NEW)]


def test_the_log_has_masked_numbers_and_no_token(user, move, caplog):
    caplog.set_level("DEBUG")
    move(user)
    undo()
    events = [record.event for record in caplog.records if hasattr(record, "event")]
    assert [event for event in events if event.startswith("phone_")] == [
        "phone_changed",
        "phone_change_undone",
    ]
    assert not any(secret in caplog.text for secret in (OLD, NEW, token()))


def test_the_next_login_is_of_the_new_number(user, move, ask, settings):
    settings.PHONE_INVITES_RESEND_COOLDOWN = dt.timedelta(0)
    move(user)
    assert ask(NEW).enter().account.user_id == user.pk


# Whose code it is


def test_its_message_says_what_the_code_is_for(user, ask):
    ask(NEW, user=user)
    assert (outbox[-1].purpose, outbox[-1].phone) == ("change", NEW)
    assert "for your new number" in outbox[-1].text


def test_it_logs_nobody_in(user, ask):
    asked = ask(NEW, user=user)
    with pytest.raises(CodeNotFound):
        asked.enter()
    assert asked.fresh.attempts == 0
    assert not PhoneAccount.objects.filter(phone=NEW).exists()


@pytest.mark.parametrize("channel", ["web", "api"])
def test_it_is_found_by_who_asked_for_it_alone(user, ask, channel):
    row = ask(NEW, user=user, channel=channel).row
    assert find_code(channel=channel, token=row.token, user=user) == row
    assert find_code(channel=channel, pk=row.pk, user=user) == row
    for stranger in (None, sign_up(THIRD)):
        for which in ({"token": row.token}, {"pk": row.pk}):
            with pytest.raises(CodeNotFound):
                find_code(channel=channel, user=stranger, **which)


def test_nobody_else_can_enter_it(user, ask):
    asked = ask(NEW, user=user)
    other = sign_up(THIRD)
    with pytest.raises(CodeNotFound):
        change(asked, other)
    assert asked.fresh.attempts == 0
    assert number_of(other) == THIRD


def test_a_login_code_changes_no_number(user, ask):
    asked = ask(NEW)
    with pytest.raises(CodeNotFound):
        change(asked, user)
    assert number_of(user) == OLD


def test_a_login_code_is_not_found_as_one_that_changes_a_number(user, ask):
    row = ask(NEW).row
    with pytest.raises(CodeNotFound):
        find_code(channel="web", token=row.token, user=user)


def test_the_notice_cannot_be_entered_at_all(user, move):
    move(user)
    notice = LoginCode.objects.get(purpose="changed")
    for whose in (None, user):
        with pytest.raises(CodeNotFound):
            find_code(channel="web", token=notice.token, user=whose)
    with pytest.raises(CodeNotFound):
        change_number(login_code=notice, user=user, guess="0", end_logins=logins.end_all)
    with pytest.raises((CodeMalformed, CodeExpired)):
        verify_code(login_code=notice, guess="0", sign_in=lambda user: None)


# What it costs: the same as a login code


def test_a_wrong_guess_spends_an_attempt_and_the_last_one_ends_it(user, ask):
    asked = ask(NEW, user=user)
    for left in (4, 3, 2, 1, 0):
        with pytest.raises(CodeInvalid) as refused:
            change(asked, user, asked.wrong())
        assert refused.value.attempts_left == left
    with pytest.raises(CodeExhausted):
        change(asked, user)
    assert number_of(user) == OLD


def test_it_is_used_once(user, ask):
    asked = ask(NEW, user=user)
    change(asked, user)
    with pytest.raises(CodeUsed):
        change(asked, user)


def test_it_expires(clock, user, ask):
    asked = ask(NEW, user=user)
    clock.shift(dt.timedelta(minutes=5))
    with pytest.raises(CodeExpired):
        change(asked, user)


def test_it_shares_the_limits_of_the_phone_with_logins(user, ask):
    ask(NEW)
    with pytest.raises(RateLimited):
        ask(NEW, user=user)


@pytest.mark.parametrize(
    "setting",
    [
        "ADDRESS_MESSAGES_PER_HOUR",
        "BLOCK_MESSAGES_PER_HOUR",
        "SITE_MESSAGES_PER_HOUR",
    ],
)
def test_it_shares_the_limits_of_the_address_the_block_and_the_site(user, ask, settings, setting):
    setattr(settings, f"PHONE_INVITES_{setting}", 1)
    ask(NEW[:-1] + "0", address="203.0.113.7")
    with pytest.raises(RateLimited):
        ask(NEW, user=user, address="203.0.113.7")


def test_wrong_guesses_count_for_the_address(user, ask, settings):
    settings.PHONE_INVITES_ADDRESS_FAILURES_PER_HOUR = 1
    asked = ask(NEW, user=user)
    with pytest.raises(CodeInvalid):
        change(asked, user, asked.wrong(), address="203.0.113.7")
    with pytest.raises(RateLimited):
        change(asked, user, address="203.0.113.7")


def test_a_key_of_one_user_is_not_that_of_another_nor_of_a_login(user, ask):
    other = sign_up(THIRD)
    first = ask(NEW, user=user, channel="api", idempotency_key="k")
    assert ask(NEW, user=user, channel="api", idempotency_key="k").row == first.row
    assert len(outbox) == 1
    for whose in (other, None):
        with pytest.raises(IdempotencyKeyReused):
            ask(NEW, user=whose, channel="api", idempotency_key="k")


@pytest.mark.parametrize("region", ["RU", "KZ"])
def test_nothing_is_sent_while_the_new_or_the_old_number_is_paused(user, ask, region):
    pauses.pause(region=region, note="")
    with pytest.raises(SendingPaused):
        ask("+77011234567", user=user)
    assert outbox == []


def test_a_closed_site_changes_numbers_of_its_users(user, ask, settings):
    settings.PHONE_INVITES_SIGN_UP = "closed"
    asked = ask(NEW, user=user)
    assert (asked.fresh.withheld, asked.fresh.delivery) == ("", "sent")
    change(asked, user)


@pytest.mark.parametrize("taken", [True, False])
def test_asking_tells_nothing_of_the_number(user, ask, taken, django_assert_num_queries):
    if taken:
        sign_up(NEW)
    with django_assert_num_queries(10):
        challenge = ask(NEW, user=user).challenge
    assert (challenge.login_code.delivery, len(outbox)) == ("sent", 1)


def test_another_code_for_a_new_number_ends_with_the_change(user, ask, move):
    other = ask(THIRD, user=user)
    move(user)
    with pytest.raises(CodeExpired):
        change(other, user)
    assert number_of(user) == NEW


# Add


def test_a_user_without_a_phone_gets_an_account_and_an_invite_code(move):
    user = make_user()
    name = user.get_username()
    done = move(user)
    assert (done.old, number_of(user)) == ("", NEW)
    assert InviteCode.objects.filter(owner=user).count() == 1
    assert get_user_model()._default_manager.get().get_username() == name
    row = PhoneChange.objects.get()
    assert (row.old, row.new, row.undo_until, row.undo_digest) == ("", NEW, None, None)
    assert [message.purpose for message in outbox] == ["change"]
    assert list(upkeep.find_broken()) == []


def test_an_invite_code_that_they_have_stays(move):
    user = make_user()
    InviteCode.objects.create(owner=user, code="KEPT99")
    move(user)
    assert InviteCode.objects.get(owner=user).code == "KEPT99"


def test_a_code_for_a_first_number_replaces_none(ask):
    """A session that nothing was asked of must not take the number that its user has by now."""
    user = make_user()
    asked = ask(NEW, user=user)
    accounts.create(OLD, timezone.now(), user)
    sign_up(NEW)
    with pytest.raises(CodeExpired):
        change(asked, user)
    assert asked.fresh.ended_at is not None
    assert number_of(user) == OLD


# A number that is somebody's


def age(user, years=1):
    PhoneAccount.objects.filter(user=user).update(
        verified_at=PhoneAccount.objects.get(user=user).verified_at - years * YEAR
    )


def refused_as_taken(asked, user):
    with pytest.raises(PhoneTaken):
        change(asked, user)
    assert asked.fresh.ended_at is not None
    with pytest.raises(CodeExpired):
        change(asked, user)


def test_a_number_of_another_account_is_refused_and_the_code_is_over(user, ask):
    holder = sign_up(NEW)
    refused_as_taken(ask(NEW, user=user), user)
    assert (number_of(user), number_of(holder)) == (OLD, NEW)
    assert not PhoneChange.objects.exists()


def test_the_own_number_is_refused_too(user, ask, settings):
    settings.PHONE_INVITES_CLAIM_MAX_AGE = YEAR
    age(user, years=2)
    refused_as_taken(ask(OLD, user=user), user)
    assert number_of(user) == OLD


def test_without_the_setting_no_number_is_ever_taken_over(user, ask):
    age(sign_up(NEW), years=50)
    refused_as_taken(ask(NEW, user=user), user)


def test_a_number_verified_within_the_age_is_not_taken_over(clock, user, ask, settings):
    settings.PHONE_INVITES_CLAIM_MAX_AGE = YEAR
    holder = sign_up(NEW)
    asked = ask(NEW, user=user)
    PhoneAccount.objects.filter(user=holder).update(verified_at=asked.row.created_at - YEAR)
    refused_as_taken(asked, user)


@pytest.mark.skipif(not TAKEABLE, reason="Such a user cannot be without a phone.")
def test_an_older_one_is_taken_over(clock, user, ask, settings, caplog):
    caplog.set_level("INFO")
    settings.PHONE_INVITES_CLAIM_MAX_AGE = YEAR
    holder = sign_up(NEW)
    invite, before = holder.invite_code.code, holder.password
    activate_invite(user=sign_up(THIRD), code=invite)
    asked = ask(NEW, user=user)
    PhoneAccount.objects.filter(user=holder).update(
        verified_at=asked.row.created_at - YEAR - dt.timedelta(microseconds=1)
    )
    change(asked, user)
    assert (number_of(user), number_of(holder)) == (NEW, None)
    # They stay, with what they have; what is over are their logins.
    holder = get_user_model()._default_manager.get(pk=holder.pk)
    assert InviteCode.objects.get(owner=holder).code == invite
    assert InviteActivation.objects.get().inviter_id == holder.pk
    assert holder.password != before
    assert "phone_taken_over" in [getattr(record, "event", "") for record in caplog.records]
    assert list(upkeep.find_broken()) == []


@pytest.mark.skipif(not TAKEABLE, reason="Such a user cannot be without a phone.")
def test_a_name_that_was_the_number_is_forgotten(user, move, settings):
    model = get_user_model()
    if model.USERNAME_FIELD != "username":
        pytest.skip("The name is a text here.")
    settings.PHONE_INVITES_CLAIM_MAX_AGE = YEAR
    holder = sign_up(NEW)
    model._default_manager.filter(pk=holder.pk).update(username=NEW)
    model._default_manager.filter(pk=user.pk).update(username=OLD)
    age(holder, years=2)
    move(user)
    names = dict(model._default_manager.values_list("pk", "username"))
    assert names[user.pk] == NEW
    assert NEW not in names[holder.pk]


@pytest.mark.skipif(TAKEABLE, reason="For users whose name is a phone and not empty.")
def test_a_user_who_needs_the_number_keeps_it(user, ask, settings):
    settings.PHONE_INVITES_CLAIM_MAX_AGE = YEAR
    holder = sign_up(NEW)
    age(holder, years=2)
    refused_as_taken(ask(NEW, user=user), user)
    assert (number_of(user), number_of(holder)) == (OLD, NEW)


@pytest.mark.parametrize("trusted", ["is_staff", "is_superuser"])
def test_none_is_taken_from_staff_or_superusers(user, ask, settings, trusted):
    settings.PHONE_INVITES_CLAIM_MAX_AGE = YEAR
    holder = sign_up(NEW)
    setattr(holder, trusted, True)
    holder.save()
    age(holder, years=2)
    refused_as_taken(ask(NEW, user=user), user)


@pytest.mark.skipif(not TAKEABLE, reason="Such a user cannot be without a phone.")
def test_a_holder_who_verifies_at_the_same_moment_keeps_it(user, ask, settings, monkeypatch):
    settings.PHONE_INVITES_CLAIM_MAX_AGE = YEAR
    holder = sign_up(NEW)
    age(holder, years=2)
    take_away = numbers._take_away

    def late(account, end_logins):
        accounts.confirm(PhoneAccount.objects.get(pk=account.pk), account.created_at)
        take_away(account, end_logins)

    asked = ask(NEW, user=user)
    monkeypatch.setattr(numbers, "_take_away", late)
    with pytest.raises((PhoneTaken, AccountConflict)):
        change(asked, user)
    assert number_of(holder) == NEW


# The notice


def test_the_old_number_is_told_once(user, move):
    move(user)
    assert [(message.purpose, message.phone) for message in outbox] == [
        ("change", NEW),
        ("changed", OLD),
    ]
    assert (outbox[-1].code, len(token())) == ("", 32)
    assert NEW not in outbox[-1].text
    notice = LoginCode.objects.get(purpose="changed")
    assert (notice.delivery, notice.user, notice.address) == ("sent", None, None)
    assert not notice.is_live(notice.created_at)


def test_the_link_leads_to_the_page(user, move, settings):
    settings.PHONE_INVITES_HOST = "example.com"
    move(user)
    assert f"https://example.com/user/undo/{token()}/" in outbox[-1].text


def test_a_notice_waits_for_a_worker_as_a_code_does(user, move, settings):
    settings.PHONE_INVITES_SEND = "task"
    asked = request_code(phone=NEW, channel="web", user=user)
    change_number(
        login_code=asked.login_code,
        user=user,
        guess=outbox[-1].code,
        end_logins=logins.end_all,
    )
    assert [message.purpose for message in outbox] == ["change", "changed"]


def test_a_notice_is_not_given_up_as_a_code_that_is_over(user, move):
    move(user)
    notice = LoginCode.objects.get(purpose="changed")
    assert notice.length == 0
    assert notice.is_of_use(notice.created_at)
    assert not notice.is_of_use(notice.expires_at)


def test_without_a_window_it_is_told_and_cannot_be_undone(user, move, settings):
    settings.PHONE_INVITES_UNDO_WINDOW = dt.timedelta(0)
    move(user)
    assert outbox[-1].text == "Your number was changed."
    row = PhoneChange.objects.get()
    assert (row.undo_until, row.undo_digest) == (None, None)
    assert number_of(sign_up(OLD)) == OLD


def test_a_test_number_is_told_nothing(move, settings):
    settings.PHONE_INVITES_TEST_NUMBERS = {
        OLD: {"code": "123456", "until": dt.date(2100, 1, 1)},
    }
    user = sign_up(OLD)
    move(user)
    assert [message.purpose for message in outbox] == ["change"]
    assert PhoneChange.objects.get().undo_until is None


def test_notices_cost_a_code_to_the_number_each(user, ask, move, settings):
    """To be told again the number has to be the account's again, by a code that was sent to it."""
    settings.PHONE_INVITES_RESEND_COOLDOWN = settings.PHONE_INVITES_RESEND_COOLDOWN_MAX = (
        dt.timedelta(0)
    )
    settings.PHONE_INVITES_PHONE_MESSAGES_PER_HOUR = 3
    others = [NEW, THIRD, "+79151234567", "+79031234567"]

    def to_and_fro():
        for other in others:
            move(user, other)
            move(user, OLD)

    with pytest.raises(RateLimited):
        to_and_fro()
    told = [message for message in outbox if (message.purpose, message.phone) == ("changed", OLD)]
    assert len(told) == 3 + 1


# At the same moment


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "stale", [False, pytest.param(True, marks=pytest.mark.skipif(not TAKEABLE, reason="needs"))]
)
def test_of_ten_users_one_gets_a_number(in_parallel, ask, settings, stale):
    allow_many(settings)
    if stale:
        settings.PHONE_INVITES_CLAIM_MAX_AGE = YEAR
        age(sign_up(NEW), years=2)
    users = [sign_up(f"+7909686{index:04}") for index in range(10)]
    asked = [ask(NEW, user=user) for user in users]
    # Two codes of a phone live at once; here all of them do.
    LoginCode.objects.filter(phone=NEW).update(ended_at=None)
    results = in_parallel([enter_in(*one) for one in zip(asked, users, strict=True)])
    assert len(changed(results)) == 1, results
    assert {result.code for result in results if isinstance(result, Refusal)} == {"phone_taken"}
    assert PhoneAccount.objects.filter(phone=NEW).count() == 1
    assert PhoneChange.objects.count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("adds", [False, True])
def test_of_ten_numbers_a_user_gets_one(in_parallel, ask, settings, adds):
    allow_many(settings)
    user = make_user() if adds else sign_up(OLD)
    asked = [ask(f"+7909686{index:04}", user=user) for index in range(10)]
    results = in_parallel([enter_in(one, user) for one in asked])
    (done,) = changed(results)
    assert {result.code for result in results if isinstance(result, Refusal)} == {"code_expired"}
    assert number_of(user) == done.account.e164
    assert PhoneChange.objects.count() == 1
    assert list(upkeep.find_broken()) == []


@pytest.mark.django_db(transaction=True)
def test_one_code_entered_ten_times_changes_once(in_parallel, ask, settings):
    user = sign_up(OLD)
    results = in_parallel([enter_in(ask(NEW, user=user), user)] * 10)
    assert len(changed(results)) == 1
    assert {result.code for result in results if isinstance(result, Refusal)} == {"code_used"}
    assert (PhoneChange.objects.count(), number_of(user)) == (1, NEW)


@pytest.mark.django_db(transaction=True)
def test_a_sign_up_at_the_moment_of_a_change_is_refused_or_a_login(in_parallel, ask, settings):
    allow_many(settings)
    for index in range(5):
        old, new = f"+7909686{index:04}", f"+7909687{index:04}"
        user = sign_up(old)
        entered, asked = ask(old), ask(new, user=user)
        row = entered.fresh
        _, login = in_parallel(
            [
                enter_in(asked, user),
                lambda row=row, digits=entered.digits: verify_code(
                    login_code=row, guess=digits, sign_in=lambda found: found.pk
                ),
            ]
        )
        assert isinstance(login, PhoneReserved) or login.result == user.pk
        assert number_of(user) == new
        assert not PhoneAccount.objects.filter(phone=old).exists()
