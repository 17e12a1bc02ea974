"""All logins of a user: what is known of them, and how one or all end, whatever gave them out."""

from __future__ import annotations

import datetime as dt
import importlib.util
import time

import pytest
import time_machine
from django.conf import settings as django_settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core.exceptions import FieldDoesNotExist
from django.db import OperationalError
from django.test import Client
from django.utils import timezone

from django_phone_invites import logins, sessions
from django_phone_invites.exceptions import AccountDisabled, LogoutImpossible, Unavailable
from django_phone_invites.models import ActiveLogin
from django_phone_invites.services.challenges import request_code
from django_phone_invites.services.login import verify_code
from django_phone_invites.testing import last_code, log_in, sign_up

pytestmark = pytest.mark.django_db

PHONE, STRANGER = "+79096869722", "+79096869723"
ROUNDS = 15
needs_drf = pytest.mark.skipif(not django_settings.HAS_DRF, reason="no API")


def is_in(client):
    return client.get("/user/profile/").status_code == 200


def test_sessions_end():
    clients, stranger = [Client(), Client()], Client()
    for client in clients:
        user = log_in(client, PHONE)
    log_in(stranger, STRANGER)
    assert logins.end_all(user) == []
    assert [is_in(client) for client in clients] == [False, False]
    assert is_in(stranger)


@pytest.mark.parametrize("engine", ["db", "cached_db"])
def test_sessions_of_a_user_with_a_password_end_where_a_table_keeps_them(settings, engine):
    settings.SESSION_ENGINE = f"django.contrib.sessions.backends.{engine}"
    sign_up(PHONE).set_password("secret")
    own, stranger = Client(), Client()
    user = sign_up(PHONE)
    user.set_password("secret")
    user.save()
    log_in(own, PHONE)
    log_in(stranger, STRANGER)
    assert logins.end_all(user) == []
    assert not is_in(own)
    assert is_in(stranger)
    user.refresh_from_db()
    assert user.check_password("secret")


def test_sessions_that_cannot_be_found_are_named(settings):
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
    user = sign_up(PHONE)
    user.set_password("secret")
    user.save()
    assert logins.end_all(user) == ["sessions"]


@needs_drf
@pytest.mark.parametrize("issuer", ["authtoken.AuthTokenIssuer", "session.SessionIssuer"])
def test_tokens_end_whichever_issuer_is_in_force(settings, issuer):
    """A site that has changed its issuer may still take what the one before gave out."""
    from rest_framework.authtoken.models import Token

    settings.PHONE_INVITES_TOKEN_ISSUER = f"django_phone_invites.api.issuers.{issuer}"
    user, stranger = sign_up(PHONE), sign_up(STRANGER)
    Token.objects.create(user=user)
    Token.objects.create(user=stranger)
    assert logins.end_all(user) == []
    assert Token.objects.get().user == stranger


@pytest.mark.skipif(not importlib.util.find_spec("knox"), reason="knox is missing: --group issuers")
def test_tokens_of_knox_end():
    from knox.models import get_token_model

    user = sign_up(PHONE)
    get_token_model().objects.create(user)
    assert logins.end_all(user) == []
    assert not get_token_model().objects.exists()


@pytest.mark.skipif(
    not importlib.util.find_spec("rest_framework_simplejwt"),
    reason="Simple JWT is missing: --group issuers",
)
def test_refresh_tokens_of_simple_jwt_end():
    from rest_framework_simplejwt.exceptions import TokenError
    from rest_framework_simplejwt.tokens import RefreshToken

    user = sign_up(PHONE)
    given = str(RefreshToken.for_user(user))
    assert logins.end_all(user) == []
    with pytest.raises(TokenError):
        RefreshToken(given)


def test_an_app_that_is_not_installed_is_not_asked(settings):
    settings.INSTALLED_APPS = [
        app for app in settings.INSTALLED_APPS if app.startswith(("django.contrib", "tests"))
    ]
    assert list(logins._issuers()) == []


def issue(request, user):
    """Give out what nobody here can end."""


@needs_drf
def test_what_a_site_s_own_function_gave_out_is_named(settings):
    settings.PHONE_INVITES_TOKEN_ISSUER = f"{__name__}.issue"
    assert logins.end_all(sign_up(PHONE)) == [f"{__name__}.issue"]


def test_what_ended_is_not_remembered():
    clients = [Client(), Client()]
    for client in clients:
        user = log_in(client, PHONE)
    stranger = log_in(Client(), STRANGER)
    logins.end_all(user)
    assert ActiveLogin.objects.get().user == stranger


def test_what_sessions_are_remembered_end_even_where_others_may_go_on(settings):
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.cache"
    user = sign_up(PHONE)
    user.set_password("secret")
    user.save()
    own, elsewhere = Client(), Client()
    log_in(own, PHONE)
    elsewhere.force_login(user)
    assert logins.end_all(user) == ["sessions"]
    assert [is_in(client) for client in (own, elsewhere)] == [False, True]
    assert not ActiveLogin.objects.exists()


def test_logins_are_shown_newest_first_and_the_present_one_is_marked():
    clients = [Client(), Client(), Client()]
    for hours, client in enumerate(clients):
        with time_machine.travel(timezone.now() + dt.timedelta(hours=hours)):
            user = log_in(client, PHONE)
    log_in(Client(), STRANGER)
    first, second, third = (client.session["phone_invites_login"] for client in clients)
    known = logins.find_all(user, present=second)
    assert [(one.reference, one.is_present) for one in known.logins] == [
        (third, False),
        (second, True),
        (first, False),
    ]
    assert {(one.issuer, one.ends_at) for one in known.logins} == {("", None)}
    assert known.unknown == []


def test_sessions_that_cannot_be_shown_are_named(settings):
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
    assert logins.find_all(log_in(Client(), PHONE)).unknown == ["sessions"]


def test_one_login_ends_and_the_others_go_on():
    clients = [Client(), Client()]
    for client in clients:
        user = log_in(client, PHONE)
    reference = clients[0].session["phone_invites_login"]
    assert logins.end_one(user, reference)
    assert [is_in(client) for client in clients] == [False, True]
    assert not logins.end_one(user, reference)


@pytest.mark.parametrize(
    "reference", ["", "x", "\0" * 32, "f" * 32, "F" * 32, "0" * 4000, "é" * 32]
)
def test_a_reference_that_names_nothing_ends_nothing(reference):
    user = log_in(Client(), PHONE)
    assert not logins.end_one(user, reference)
    assert len(logins.find_all(user).logins) == 1


@needs_drf
def test_tokens_are_shown_whichever_issuer_is_in_force(settings):
    """A site that has changed its issuer may still take what the one before gave out."""
    from rest_framework.authtoken.models import Token

    settings.PHONE_INVITES_TOKEN_ISSUER = f"{API}.session.SessionIssuer"
    user = sign_up(PHONE)
    token = Token.objects.create(user=user)
    (known,) = logins.find_all(user).logins
    assert (known.issuer, known.began_at) == (f"{API}.authtoken.AuthTokenIssuer", token.created)
    assert token.key not in str(known)
    assert logins.end_one(user, known.reference)
    assert not Token.objects.exists()


@needs_drf
def test_what_a_site_s_own_function_gave_out_is_named_as_unknown(settings):
    settings.PHONE_INVITES_TOKEN_ISSUER = f"{__name__}.issue"
    user = sign_up(PHONE)
    assert logins.find_all(user).unknown == [f"{__name__}.issue"]
    assert not logins.end_one(user, "f" * 32)


API = "django_phone_invites.api.issuers"

if django_settings.HAS_DRF:
    from django_phone_invites.api.issuers import IssuedLogin, Issuer
    from django_phone_invites.api.issuers.authtoken import AuthTokenIssuer
    from django_phone_invites.api.issuers.session import SessionIssuer

    class DerivedIssuer(AuthTokenIssuer):
        """Knows the tokens of the one it is derived from."""

    class DerivedSessionIssuer(SessionIssuer):
        """Its logins are sessions, whatever it adds."""

    class NamingIssuer(Issuer):
        """Names its logins, and cannot end them."""

        def issue(self, request, user):
            return {}

        def revoke(self, request):
            raise LogoutImpossible

        def revoke_all(self, user):
            raise LogoutImpossible

        def logins(self, user):
            return [IssuedLogin("one")]


@needs_drf
def test_a_token_of_an_issuer_that_a_site_has_derived_is_shown_once(settings):
    from rest_framework.authtoken.models import Token

    settings.PHONE_INVITES_TOKEN_ISSUER = f"{__name__}.DerivedIssuer"
    user = sign_up(PHONE)
    Token.objects.create(user=user)
    (known,) = logins.find_all(user).logins
    assert known.issuer == f"{__name__}.DerivedIssuer"
    assert logins.end_all(user) == []
    assert not Token.objects.exists()


@needs_drf
def test_a_session_of_an_issuer_that_a_site_has_derived_is_shown_once(settings, client):
    settings.PHONE_INVITES_TOKEN_ISSUER = f"{__name__}.DerivedSessionIssuer"
    known = logins.find_all(log_in(client, PHONE))
    assert [one.issuer for one in known.logins] == [""]
    assert known.unknown == []


@needs_drf
def test_a_login_that_its_issuer_cannot_end_is_refused_and_stays(settings):
    settings.PHONE_INVITES_TOKEN_ISSUER = f"{__name__}.NamingIssuer"
    user = log_in(Client(), PHONE)
    nameless = logins.find_all(user).logins[-1]
    assert (nameless.began_at, nameless.user_agent) == (None, "")
    with pytest.raises(LogoutImpossible):
        logins.end_one(user, nameless.reference)
    assert logins.end_all(user) == [f"{__name__}.NamingIssuer"]


@pytest.mark.parametrize(
    "call",
    [
        logins.find_all,
        lambda user: logins.end_one(user, "f" * 32),
        logins.log_out_everywhere,
        logins.disable,
    ],
)
def test_without_a_database_nothing_is_told(monkeypatch, call):
    def fail(*args):
        raise OperationalError

    user = sign_up(PHONE)
    for name in ("show", "end_one", "end_all"):
        monkeypatch.setattr(sessions, name, fail)
    with pytest.raises(Unavailable):
        call(user)


def test_a_user_is_disabled_and_what_they_were_logged_in_with_ends_for_good(client):
    user = log_in(client, PHONE)
    assert logins.disable(user) == []
    assert not is_in(client)
    user.refresh_from_db()
    assert not user.is_active
    user.is_active = True
    user.save()
    assert not is_in(client)
    assert logins.find_all(user).logins == []


@needs_drf
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("after", [0.0, 0.1])
def test_a_login_under_way_ends_with_the_others_or_is_refused(in_parallel, after):
    from rest_framework.authtoken.models import Token

    user = sign_up(PHONE)
    asked = request_code(phone=PHONE, channel="api").login_code
    code = last_code(PHONE)

    def give_out(user):
        time.sleep(0.3)
        return Token.objects.create(user=user)

    def disable():
        time.sleep(after)
        return logins.disable(get_user_model()._default_manager.get(pk=user.pk))

    logged_in, left = in_parallel(
        [lambda: verify_code(login_code=asked, guess=code, sign_in=give_out), disable]
    )
    assert isinstance(logged_in, AccountDisabled) or logged_in.result.user == user
    assert left == []
    assert not Token.objects.exists()
    user.refresh_from_db()
    assert not user.is_active


def test_without_the_service_a_session_comes_to_life_again_with_its_user(client):
    """The documentation says so."""
    user = log_in(client, PHONE)
    user.is_active = False
    user.save()
    assert not is_in(client)
    user.is_active = True
    user.save()
    assert is_in(client)


def test_users_that_cannot_be_disabled_are_refused():
    """Django requires no field ``is_active`` of a user model."""
    with pytest.raises(FieldDoesNotExist):
        logins.disable(Group(name="no user"))


@pytest.fixture
def browser(settings):
    """A browser that is logged in, and has a right code to enter on the page that it returns."""
    settings.PHONE_INVITES_BLOCK_MESSAGES_PER_HOUR = None
    settings.PHONE_INVITES_ADDRESS_MESSAGES_PER_HOUR = None
    settings.PHONE_INVITES_ADDRESS_MESSAGES_PER_DAY = None

    numbers = iter(range(1000, 10_000))

    def browser(ask):
        client = Client()
        user = log_in(client, f"+7909686{next(numbers)}")
        location = ask(client, user)["Location"]
        return client, user, location

    return browser


def ask_to_log_in(client, user):
    return client.post("/user/", {"phone": user.phone_account.e164})


def ask_to_verify(client, user):
    return client.post("/user/verify/")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("ask", [ask_to_log_in, ask_to_verify])
def test_a_session_never_goes_on_unseen_where_it_is_ended_and_logs_in_again(
    in_parallel, browser, ask
):
    """Ended first it is out; else it is a login of its own, which is seen and can be ended."""
    for _ in range(ROUNDS):
        client, user, location = browser(ask)
        reference = client.session["phone_invites_login"]
        code = {"auth_number": last_code(user.phone_account.e164)}
        answer, ended = in_parallel(
            [
                lambda client=client, location=location, code=code: client.post(location, code),
                lambda user=user, reference=reference: logins.end_one(user, reference),
            ]
        )
        # 400: Django found the session gone when it was to be stored.
        assert answer.status_code in (302, 400)
        seen = [one.reference for one in logins.find_all(user).logins]
        if is_in(client):
            assert seen == [client.session["phone_invites_login"]]
            assert logins.end_one(user, *seen)
            assert not is_in(client)
        else:
            assert ended is True
            assert seen == []


@pytest.mark.django_db(transaction=True)
def test_one_login_that_several_end_at_once_ends_and_no_other(in_parallel):
    for _ in range(ROUNDS):
        own, other = Client(), Client()
        user = log_in(own, PHONE)
        log_in(other, PHONE)
        reference = own.session["phone_invites_login"]
        ended = in_parallel([lambda user=user, one=reference: logins.end_one(user, one)] * 8)
        assert ended.count(True) == 1
        assert set(ended) == {True, False}
        assert [is_in(own), is_in(other)] == [False, True]


def purge():
    return sum(logins.purge_ended())


def test_what_is_over_is_purged_once_its_time_has_come():
    over, live = Client(), Client()
    log_in(over, PHONE)
    log_in(live, PHONE)
    over.session.flush()
    assert purge() == 0
    with time_machine.travel(timezone.now() + dt.timedelta(days=13)):
        live_session = live.session
        live_session["in use"] = True
        live_session.save()
    with time_machine.travel(timezone.now() + dt.timedelta(days=15)):
        assert purge() == 1
        record = ActiveLogin.objects.get()
        assert record.reference == live_session["phone_invites_login"]
        assert record.check_after - timezone.now() > dt.timedelta(days=29)
        assert purge() == 0


def test_a_session_that_has_another_key_meanwhile_is_not_purged(monkeypatch):
    client = Client()
    log_in(client, PHONE)

    def move(record):
        ActiveLogin.objects.update(check_after=timezone.now() + dt.timedelta(days=14))
        return False

    monkeypatch.setattr(sessions, "goes_on", move)
    with time_machine.travel(timezone.now() + dt.timedelta(days=15)):
        assert purge() == 0
    assert ActiveLogin.objects.exists()


def test_many_logins_are_purged_batch_by_batch(monkeypatch):
    monkeypatch.setattr(logins, "_BATCH", 2)
    for _ in range(5):
        client = Client()
        log_in(client, PHONE)
        client.session.flush()
    with time_machine.travel(timezone.now() + dt.timedelta(days=15)):
        assert list(logins.purge_ended()) == [2, 2, 1]


def test_a_login_of_an_issuer_that_is_not_there_any_more_is_purged(client):
    user = sign_up(PHONE)
    past = timezone.now() - dt.timedelta(days=1)
    ActiveLogin.objects.create(
        user=user, reference="f" * 32, issuer="gone.Issuer", created_at=past, check_after=past
    )
    assert purge() == 1


def test_deleting_a_user_forgets_their_logins():
    log_in(Client(), PHONE).delete()
    assert not ActiveLogin.objects.exists()
