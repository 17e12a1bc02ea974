"""Sessions: the backend that they name, what is remembered of them, and how they end."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine
from django.contrib.sessions.exceptions import SessionInterrupted
from django.contrib.sessions.models import Session
from django.test import Client

from django_phone_invites import seals, sessions
from django_phone_invites.models import ActiveLogin
from django_phone_invites.testing import last_code, log_in, sign_up

PHONE = "+79096869722"


def test_the_session_names_the_backend_of_the_setting(settings):
    settings.PHONE_INVITES_AUTHENTICATION_BACKEND = "site.auth.Phones"
    assert sessions.login_backend() == "site.auth.Phones"


@pytest.mark.parametrize(
    ("backends", "chosen"),
    [
        (
            ["django.contrib.auth.backends.ModelBackend"],
            "django.contrib.auth.backends.ModelBackend",
        ),
        (
            [
                "django.contrib.auth.backends.BaseBackend",
                "django.contrib.auth.backends.AllowAllUsersModelBackend",
            ],
            "django.contrib.auth.backends.AllowAllUsersModelBackend",
        ),
        (["django.contrib.auth.backends.BaseBackend"], "django.contrib.auth.backends.BaseBackend"),
    ],
)
def test_the_session_names_the_first_backend_that_knows_users(settings, backends, chosen):
    settings.AUTHENTICATION_BACKENDS = backends
    assert sessions.login_backend() == chosen


def is_in(client):
    return client.get("/user/profile/").status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize(
    "engine",
    [
        "django.contrib.sessions.backends.db",
        "django.contrib.sessions.backends.cache",
        "django.contrib.sessions.backends.signed_cookies",
    ],
)
def test_all_sessions_of_one_user_end_whatever_keeps_them(settings, engine):
    settings.SESSION_ENGINE = engine
    clients = [Client(), Client()]
    stranger = Client()
    log_in(stranger, "+79096869723")
    for client in clients:
        user = log_in(client, PHONE)
    assert [is_in(client) for client in clients] == [True, True]
    assert sessions.end_all(user)
    assert [is_in(client) for client in clients] == [False, False]
    assert is_in(stranger)


@pytest.mark.django_db
def test_whoever_was_logged_out_everywhere_logs_in_again(client):
    sessions.end_all(log_in(client, PHONE))
    assert not is_in(client)
    log_in(client, PHONE)
    assert is_in(client)


@pytest.mark.django_db
def test_a_password_that_somebody_knows_is_kept_and_so_are_the_sessions(client):
    user = sign_up(PHONE)
    user.set_password("correct horse")
    user.save()
    log_in(client, PHONE)
    assert not sessions.end_all(user)
    user.refresh_from_db()
    assert user.check_password("correct horse")
    assert is_in(client)


@pytest.mark.django_db
def test_a_password_that_was_set_meanwhile_is_kept():
    stale, user = sign_up(PHONE), sign_up(PHONE)
    user.set_password("correct horse")
    user.save()
    assert sessions.end_all(stale)
    user.refresh_from_db()
    assert user.check_password("correct horse")


SESSIONS = "django.contrib.sessions.backends"
ENGINES = [f"{SESSIONS}.{name}" for name in ("db", "cached_db", "cache", "file")]


@pytest.fixture(params=ENGINES)
def engine(request, settings, tmp_path):
    """Each engine that keeps sessions on the server."""
    settings.SESSION_FILE_PATH = str(tmp_path)
    settings.SESSION_ENGINE = request.param
    return request.param


def shown(user):
    return [record.reference for record in sessions.show(user)]


@pytest.mark.django_db
def test_a_login_is_remembered_without_its_session_key_whatever_keeps_it(engine, client):
    user = log_in(client, PHONE)
    record = ActiveLogin.objects.get()
    assert shown(user) == [record.reference]
    key = client.session.session_key
    assert not any(key in str(value) for value in vars(record).values())
    assert list(seals.unseal(record.sealed_key)) == [key]


@pytest.mark.django_db
def test_one_session_ends_whatever_keeps_it(engine):
    first, second, stranger = Client(), Client(), Client()
    user = log_in(first, PHONE)
    log_in(second, PHONE)
    log_in(stranger, "+79096869723")
    reference = second.session["phone_invites_login"]
    assert sessions.end_one(user, reference)
    assert [is_in(one) for one in (first, second, stranger)] == [True, False, True]
    assert shown(user) == [first.session["phone_invites_login"]]
    assert not sessions.end_one(user, reference)


@pytest.mark.django_db
def test_nobody_ends_the_session_of_somebody_else(client):
    log_in(client, PHONE)
    stranger = sign_up("+79096869723")
    assert not sessions.end_one(stranger, ActiveLogin.objects.get().reference)
    assert is_in(client)


@pytest.mark.django_db
def test_sessions_that_browsers_keep_are_not_remembered(settings, client):
    settings.SESSION_ENGINE = f"{SESSIONS}.signed_cookies"
    user = log_in(client, PHONE)
    assert not sessions.can_be_shown()
    assert not ActiveLogin.objects.exists()
    assert shown(user) == []


@pytest.mark.django_db
def test_what_was_remembered_before_browsers_kept_the_sessions_is_let_go(settings, client):
    user = log_in(client, PHONE)
    record = ActiveLogin.objects.get()
    settings.SESSION_ENGINE = f"{SESSIONS}.signed_cookies"
    assert not sessions.goes_on(record)
    assert not sessions.end_one(user, record.reference)
    sessions.end_remembered(user)
    assert not ActiveLogin.objects.exists()


@pytest.mark.django_db
def test_a_session_that_has_expired_is_not_shown(engine, client):
    user = log_in(client, PHONE)
    with time_machine.travel(dt.datetime.now(dt.timezone.utc) + dt.timedelta(days=15)):
        if "cache" not in engine:  # a cache has a clock of its own
            assert shown(user) == []


@pytest.mark.django_db
def test_a_session_that_a_new_password_has_ended_is_not_shown(client):
    user = log_in(client, PHONE)
    user.set_password("correct horse")
    user.save()
    assert not is_in(client)
    assert shown(user) == []
    assert not sessions.end_one(user, ActiveLogin.objects.get().reference)


@pytest.mark.django_db
def test_a_session_that_is_somebody_elses_meanwhile_is_not_shown(client):
    user = log_in(client, PHONE)
    client.force_login(sign_up("+79096869723"))
    assert shown(user) == []


@pytest.mark.django_db
def test_a_session_that_names_another_user_under_the_same_key_is_not_shown(client):
    user, stranger = log_in(client, PHONE), sign_up("+79096869723")
    session = client.session
    session["_auth_user_id"] = str(stranger.pk)
    session.save()
    assert shown(user) == []


@pytest.mark.django_db
def test_a_session_whose_key_changes_while_it_is_ended_is_ended_under_the_new_one(
    client, monkeypatch
):
    user = log_in(client, PHONE)
    record = ActiveLogin.objects.get()
    find, moves = sessions._session_of, iter([True])

    def find_and_move(*args):
        found = find(*args)
        if next(moves, False):
            session = client.session
            session.cycle_key()
            client.cookies["sessionid"] = session.session_key
            ActiveLogin.objects.update(sealed_key=seals.seal(session.session_key))
        return found

    monkeypatch.setattr(sessions, "_session_of", find_and_move)
    assert sessions.end_one(user, record.reference)
    assert not is_in(client)
    assert not ActiveLogin.objects.exists()


@pytest.mark.django_db
def test_a_session_in_use_after_the_secret_key_changed_is_shown_and_ended(settings):
    clients = [Client(), Client()]
    for client in clients:
        user = log_in(client, PHONE)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another", ["tests"]
    assert len(shown(user)) == 2
    # Django gives a session another key at the first request under the new SECRET_KEY.
    assert is_in(clients[0])
    idle, used = (client.session["phone_invites_login"] for client in reversed(clients))
    assert shown(user) == [idle]
    assert not sessions.end_one(user, used)
    assert clients[0].get("/user/logins/").status_code == 200
    assert set(shown(user)) == {idle, used}
    assert sessions.end_one(user, used)
    assert not is_in(clients[0])


@pytest.mark.django_db
def test_a_record_that_was_purged_under_an_earlier_key_is_made_again(client):
    user = log_in(client, PHONE)
    ActiveLogin.objects.all().delete()
    assert client.get("/user/logins/").status_code == 200
    assert shown(user) == [client.session["phone_invites_login"]]


@pytest.mark.django_db
def test_a_login_of_the_site_s_own_is_not_shown(client):
    user = sign_up(PHONE)
    client.force_login(user)
    assert client.get("/user/logins/").status_code == 200
    assert shown(user) == []


@pytest.mark.django_db
def test_a_login_of_the_site_s_own_is_shown_where_the_site_remembers_it(client):
    """As the how-to has it."""
    user = sign_up(PHONE)
    client.force_login(user)
    sessions.remember(client.session, user, user_agent="Firefox")
    reference = ActiveLogin.objects.get().reference
    assert shown(user) == [reference]
    assert sessions.end_one(user, reference)
    assert not is_in(client)


def enter(client, phone=PHONE, **headers):
    """Log in through the pages, as a browser does."""
    answer = client.post("/user/", {"phone": phone}, headers=headers)
    code = {"auth_number": last_code(phone)}
    assert client.post(answer["Location"], code, headers=headers).status_code == 302


@pytest.fixture
def _no_waiting(settings):
    settings.PHONE_INVITES_RESEND_COOLDOWN = settings.PHONE_INVITES_RESEND_COOLDOWN_MAX = (
        dt.timedelta(0)
    )


FIREFOX = "Mozilla/5.0 (Windows NT 10.0; rv:140.0) Gecko/20100101 Firefox/140.0"


@pytest.mark.django_db
def test_a_login_remembers_what_it_was_made_with_and_no_address(client):
    enter(client, **{"User-Agent": FIREFOX})
    record = ActiveLogin.objects.get()
    assert (record.user_agent, record.issuer) == ("Firefox, Windows", "")
    assert "127.0.0.1" not in str(vars(record))


@pytest.mark.django_db
@pytest.mark.usefixtures("_no_waiting")
@pytest.mark.parametrize("phone", [PHONE, "+79096869723"])
def test_a_login_in_the_same_browser_takes_the_place_of_the_one_before(client, phone):
    enter(client)
    earlier = ActiveLogin.objects.get()
    enter(client, phone)
    record = ActiveLogin.objects.get()
    assert record.reference != earlier.reference
    assert shown(sign_up(phone)) == [record.reference]


@pytest.mark.django_db
@pytest.mark.usefixtures("_no_waiting")
def test_a_login_in_a_browser_whose_login_was_ended_is_a_new_one(client):
    enter(client)
    user = sign_up(PHONE)
    sessions.end_all(user)
    assert not ActiveLogin.objects.exists()
    enter(client)
    assert shown(sign_up(PHONE)) == [client.session["phone_invites_login"]]


@pytest.mark.django_db
def test_a_step_up_changes_the_key_and_keeps_the_login(client):
    user = log_in(client, PHONE)
    reference, key = ActiveLogin.objects.get().reference, client.session.session_key
    answer = client.post("/user/verify/")
    client.post(answer["Location"], {"auth_number": last_code(PHONE)})
    assert client.session.session_key != key
    assert shown(user) == [reference]
    assert sessions.end_one(user, reference)
    assert not is_in(client)


@pytest.mark.django_db
def test_a_step_up_of_a_site_s_own_login_makes_no_login_of_it(client):
    client.force_login(sign_up(PHONE))
    answer = client.post("/user/verify/")
    client.post(answer["Location"], {"auth_number": last_code(PHONE)})
    assert is_in(client)
    assert not ActiveLogin.objects.exists()


@pytest.mark.django_db
def test_a_logout_forgets_the_login(client):
    log_in(client, PHONE)
    client.post("/user/logout/")
    assert not ActiveLogin.objects.exists()


@pytest.mark.django_db
def test_all_sessions_of_a_user_with_a_password_that_are_remembered_end(settings):
    settings.SESSION_ENGINE = f"{SESSIONS}.cache"
    own, stale, stranger = Client(), Client(), Client()
    user = sign_up(PHONE)
    log_in(stale, PHONE)
    user.set_password("correct horse")
    user.save()
    log_in(own, PHONE)
    log_in(stranger, "+79096869723")
    sessions.end_remembered(user)
    assert [is_in(one) for one in (own, stale, stranger)] == [False, False, True]
    assert ActiveLogin.objects.get().user != user


@pytest.mark.django_db
def test_a_login_that_ends_while_its_session_gets_another_key_stays_ended(rf, monkeypatch):
    client = Client()
    user = log_in(client, PHONE)
    request = rf.get("/")
    request.session = client.session
    change_key = request.session.cycle_key

    def end_and_change_key():
        ActiveLogin.objects.all().delete()
        change_key()

    monkeypatch.setattr(request.session, "cycle_key", end_and_change_key)
    with pytest.raises(SessionInterrupted):
        sessions.renew(request, user)
    assert not ActiveLogin.objects.exists()
    assert not Session.objects.exists()
