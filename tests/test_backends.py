"""``authenticate(request, phone=..., code=...)`` over the same services as the pages."""

from __future__ import annotations

import datetime as dt
import inspect
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth import (
    BACKEND_SESSION_KEY,
    authenticate,
    get_user_model,
    load_backend,
    login,
)
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import AnonymousUser
from django.contrib.auth.signals import user_login_failed
from django.contrib.sessions.backends.db import SessionStore
from django.db import OperationalError, connection, connections, transaction
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.urls import path
from phonenumber_field.phonenumber import PhoneNumber

from django_phone_invites import backends
from django_phone_invites.backends import PhoneBackend
from django_phone_invites.exceptions import Unavailable
from django_phone_invites.models import LoginCode, PhoneAccount
from django_phone_invites.routes import web_url
from django_phone_invites.services import challenges, verifications
from django_phone_invites.testing import last_code, log_in, sign_up
from django_phone_invites.transactions import outside_transactions
from django_phone_invites.web import challenge

pytestmark = pytest.mark.django_db

PHONE, OTHER = "+79096869722", "+79096869723"
PATH = "django_phone_invites.backends.PhoneBackend"
THREADS = 20


class Believer(ModelBackend):
    """Another backend for the same credentials, which takes any."""

    def authenticate(self, request: Any, phone: str, code: str) -> Any:
        return sign_up(OTHER)


class ClosedBackend(PhoneBackend):
    """A site's own, which lets nobody in."""

    def user_can_authenticate(self, user: Any) -> bool:
        return False


@pytest.fixture(autouse=True)
def _backends(settings: Any) -> None:
    settings.AUTHENTICATION_BACKENDS = [PATH, "django.contrib.auth.backends.ModelBackend"]


@pytest.fixture
def believer(settings: Any) -> None:
    settings.AUTHENTICATION_BACKENDS = [PATH, f"{__name__}.Believer"]


@pytest.fixture
def failures() -> Any:
    """What Django tells of attempts that failed."""
    heard: list[dict[str, Any]] = []

    def listen(sender: Any, credentials: dict[str, Any], **arguments: Any) -> None:
        heard.append(credentials)

    user_login_failed.connect(listen)
    yield heard
    user_login_failed.disconnect(listen)


def browser(address: str = "203.0.113.7") -> HttpRequest:
    """Return a request of a browser with a session of its own."""
    request = RequestFactory().post("/", REMOTE_ADDR=address)
    request.session, request.user = SessionStore(), AnonymousUser()
    return request


def ask(request: HttpRequest, phone: str = PHONE, **more: str) -> LoginCode:
    return challenge.send_code(request, phone=phone, **more)


@pytest.fixture
def asked() -> HttpRequest:
    """A request of the browser that asked for a code."""
    request = browser()
    ask(request)
    return request


def wrong(step: int = 1) -> str:
    code = last_code(PHONE)
    return str((int(code) + step) % 10 ** len(code)).zfill(len(code))


def row() -> LoginCode:
    return LoginCode.objects.latest("pk")


# The right code


def test_the_first_right_code_makes_the_user(asked: HttpRequest) -> None:
    user = authenticate(asked, phone=PHONE, code=last_code(PHONE))
    assert user == PhoneAccount.objects.get().user
    assert user.backend == PATH
    assert user.invite_code.uses == 0
    assert not user.has_usable_password()


def test_a_later_right_code_finds_the_user(asked: HttpRequest) -> None:
    known = sign_up(PHONE)
    assert authenticate(asked, phone=PHONE, code=last_code(PHONE)) == known


@pytest.mark.parametrize("phone", ["+7 909 686-97-22", PhoneNumber.from_string(PHONE)])
def test_the_phone_may_be_written_as_people_and_fields_write_it(
    asked: HttpRequest, phone: Any
) -> None:
    assert authenticate(asked, phone=phone, code=last_code(PHONE)) is not None


def test_a_code_is_right_once(asked: HttpRequest) -> None:
    assert authenticate(asked, phone=PHONE, code=last_code(PHONE)) is not None
    assert authenticate(asked, phone=PHONE, code=last_code(PHONE)) is None
    assert row().used_at is not None


def test_the_invite_that_came_along_is_activated() -> None:
    request, inviter = browser(), sign_up(OTHER)
    ask(request, "+79096869724", invite=inviter.invite_code.code)
    user = authenticate(request, phone="+79096869724", code=last_code("+79096869724"))
    assert user.invite_activation.inviter == inviter


def test_it_counts_as_verified_through_the_session(asked: HttpRequest) -> None:
    user = authenticate(asked, phone=PHONE, code=last_code(PHONE))
    verified_at = verifications.in_session(asked.session, user)
    assert verifications.is_recent(verified_at, dt.timedelta(minutes=1))


def test_the_session_forgets_the_code(asked: HttpRequest) -> None:
    authenticate(asked, phone=PHONE, code=last_code(PHONE))
    assert challenge.load(asked.session) == challenge.PendingLogin()


def test_it_works_asynchronously(asked: HttpRequest) -> None:
    entered = async_to_sync(PhoneBackend().aauthenticate)
    assert entered(asked, phone=PHONE, code=wrong()) is None
    assert entered(asked, phone=PHONE, code=last_code(PHONE)) == PhoneAccount.objects.get().user


# Which code


def test_the_newest_code_of_the_browser_counts(settings: Any) -> None:
    settings.PHONE_INVITES_RESEND_COOLDOWN = dt.timedelta(0)
    settings.PHONE_INVITES_CODE_LENGTH = 12
    request = browser()
    ask(request)
    older = last_code(PHONE)
    ask(request)
    assert authenticate(request, phone=PHONE, code=older) is None
    assert row().attempts == 1
    assert authenticate(request, phone=PHONE, code=last_code(PHONE)) is not None


def test_another_browser_s_right_code_is_refused_and_its_guesses_cost_nothing(
    asked: HttpRequest,
) -> None:
    other = browser()
    ask(other, OTHER)
    for stranger in (browser(), other):
        assert authenticate(stranger, phone=PHONE, code=last_code(PHONE)) is None
        assert authenticate(stranger, phone=PHONE, code=wrong()) is None
    assert LoginCode.objects.get(phone=PHONE).attempts == 0
    assert authenticate(asked, phone=PHONE, code=last_code(PHONE)) is not None


def test_the_code_of_another_phone_is_refused_and_costs_nothing(asked: HttpRequest) -> None:
    assert authenticate(asked, phone=OTHER, code=last_code(PHONE)) is None
    assert row().attempts == 0


def test_a_code_of_the_api_is_not_meant(asked: HttpRequest) -> None:
    LoginCode.objects.update(channel=LoginCode.Channel.API)
    assert authenticate(asked, phone=PHONE, code=last_code(PHONE)) is None


def test_a_code_for_who_is_signed_in_already_logs_nobody_in() -> None:
    request, user = browser(), sign_up(PHONE)
    ask(request, user=verifications.key_of(user))
    assert authenticate(request, phone=PHONE, code=last_code(PHONE)) is None
    assert row().attempts == 0


def test_who_has_no_session_asked_for_nothing() -> None:
    challenges.request_code(phone=PHONE, channel="web")
    for request in (None, RequestFactory().post("/")):
        assert authenticate(request, phone=PHONE, code=last_code(PHONE)) is None


# Wrong codes


def test_wrong_codes_are_none_and_counted_up_to_the_limit(asked: HttpRequest) -> None:
    for step in range(1, 6):
        assert authenticate(asked, phone=PHONE, code=wrong(step)) is None
    assert authenticate(asked, phone=PHONE, code=last_code(PHONE)) is None
    assert row().attempts == 5
    assert not get_user_model().objects.exists()


def test_a_code_ends(asked: HttpRequest) -> None:
    LoginCode.objects.update(expires_at=dt.datetime(2026, 1, 1, tzinfo=dt.timezone.utc))
    assert authenticate(asked, phone=PHONE, code=last_code(PHONE)) is None


def test_a_code_that_ends_meanwhile_is_none(
    asked: HttpRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A race: it is used between the look-up and the guess."""
    found = challenge.find_live_code

    def used_then(*arguments: Any) -> Any:
        code = found(*arguments)
        LoginCode.objects.update(used_at=row().created_at)
        return code

    monkeypatch.setattr(backends.challenge, "find_live_code", used_then)
    assert authenticate(asked, phone=PHONE, code=last_code(PHONE)) is None


@pytest.mark.parametrize("code", ["", "1", "abcdef", "12345\0", None, [], {}, 1.5, True, -1])
def test_a_malformed_code_is_none_and_costs_no_attempt(asked: HttpRequest, code: Any) -> None:
    assert authenticate(asked, phone=PHONE, code=code) is None
    assert row().attempts == 0


@pytest.mark.parametrize("phone", ["", "x", None, [], {}, 79096869722.5, "+7909\0", "9" * 5000])
def test_a_strange_phone_is_none(asked: HttpRequest, phone: Any) -> None:
    assert authenticate(asked, phone=phone, code=last_code(PHONE)) is None
    assert row().attempts == 0


def test_django_tells_of_a_failure_once(asked: HttpRequest, failures: list[Any]) -> None:
    authenticate(asked, phone=PHONE, code=wrong())
    assert [credentials["phone"] for credentials in failures] == [PHONE]
    authenticate(asked, phone=PHONE, code=last_code(PHONE))
    assert len(failures) == 1


def test_a_wrong_code_is_passed_on_to_the_next_backend(
    asked: HttpRequest, believer: None, failures: list[Any]
) -> None:
    assert authenticate(asked, phone=PHONE, code=wrong()) == sign_up(OTHER)
    assert failures == []


# Where the chain stops


def test_a_disabled_user_is_let_in_by_no_other_backend(
    asked: HttpRequest, believer: None, failures: list[Any]
) -> None:
    type(sign_up(PHONE)).objects.update(is_active=False)
    assert authenticate(asked, phone=PHONE, code=last_code(PHONE)) is None
    assert row().ended_at is not None
    assert len(failures) == 1


def test_a_stranger_who_may_not_sign_up_is_let_in_by_no_other_backend(
    asked: HttpRequest, believer: None, failures: list[Any], settings: Any
) -> None:
    settings.PHONE_INVITES_SIGN_UP = "closed"
    assert authenticate(asked, phone=PHONE, code=last_code(PHONE)) is None
    assert row().ended_at is not None
    assert len(failures) == 1
    assert not PhoneAccount.objects.exists()


def test_an_address_without_a_guess_left_is_let_in_by_no_other_backend(
    asked: HttpRequest, believer: None, failures: list[Any], settings: Any
) -> None:
    settings.PHONE_INVITES_ADDRESS_FAILURES_PER_HOUR = 1
    settings.AUTHENTICATION_BACKENDS = [PATH]
    authenticate(asked, phone=PHONE, code=wrong())
    settings.AUTHENTICATION_BACKENDS = [PATH, f"{__name__}.Believer"]
    assert authenticate(asked, phone=PHONE, code=last_code(PHONE)) is None
    assert len(failures) == 2
    assert row().used_at is None


def test_the_address_is_that_of_the_request(settings: Any) -> None:
    settings.PHONE_INVITES_ADDRESS_FAILURES_PER_HOUR = 1
    here, elsewhere = browser("203.0.113.1"), browser("203.0.113.2")
    ask(here)
    ask(elsewhere, OTHER)
    authenticate(here, phone=PHONE, code="x")
    assert authenticate(here, phone=PHONE, code=last_code(PHONE)) is None
    assert authenticate(elsewhere, phone=OTHER, code=last_code(OTHER)) is not None


def test_a_subclass_may_refuse_users_of_its_own(asked: HttpRequest, settings: Any) -> None:
    settings.AUTHENTICATION_BACKENDS = [f"{__name__}.ClosedBackend"]
    assert authenticate(asked, phone=PHONE, code=last_code(PHONE)) is None
    assert row().used_at is not None


@pytest.mark.parametrize("words", ["", "phone_invites_"], ids=["all", "tables"])
def test_a_silent_database_is_no_wrong_code(asked: HttpRequest, words: str) -> None:
    def silent(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if words in sql:
            raise OperationalError("server closed the connection unexpectedly")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(silent), pytest.raises(Unavailable):
        authenticate(asked, phone=PHONE, code=last_code(PHONE))


# Beside other backends


def test_it_takes_no_password(settings: Any) -> None:
    settings.AUTHENTICATION_BACKENDS = [PATH]
    user = sign_up(PHONE)
    user.set_password("correct horse")
    user.save()
    name = user.get_username()
    assert authenticate(None, username=name, password="correct horse") is None
    for door in (PhoneBackend.authenticate, PhoneBackend.aauthenticate):
        with pytest.raises(TypeError):
            inspect.signature(door).bind(None, None, username=name, password="correct horse")


def test_a_password_still_works_through_its_own_backend() -> None:
    user = sign_up(PHONE)
    user.set_password("correct horse")
    user.save()
    assert authenticate(None, username=user.get_username(), password="correct horse") == user


def test_users_are_those_of_the_model_backend() -> None:
    user = sign_up(PHONE)
    assert load_backend(PATH).get_user(user.pk) == user
    type(user).objects.update(is_active=False)
    assert load_backend(PATH).get_user(user.pk) is None


def test_permissions_are_those_of_the_model_backend() -> None:
    user = sign_up(PHONE)
    user.is_superuser = True
    assert PhoneBackend().has_perm(user, "phone_invites.view_phone_number")


def test_sessions_of_the_pages_name_it(client: Client, settings: Any) -> None:
    asked = client.post(web_url("phone"), {"phone": PHONE})
    client.post(asked.headers["Location"], {"auth_number": last_code(PHONE)})
    assert client.session[BACKEND_SESSION_KEY] == PATH
    assert client.get(web_url("profile")).status_code == 200


# A login form of a site


def sign_in(request: HttpRequest) -> HttpResponse:
    user = authenticate(request, phone=request.POST["phone"], code=request.POST["code"])
    if user is None:
        return HttpResponse(status=400)
    login(request, user)
    return HttpResponse(user.pk)


@outside_transactions
def sign_in_durably(request: HttpRequest) -> HttpResponse:
    return sign_in(request)


urlpatterns = [path("own/", sign_in), path("own-durable/", sign_in_durably)]


@pytest.fixture
def own_form(settings: Any) -> Callable[..., Client]:
    """A browser that asked for a code and enters it in a form of the site's own."""

    def own_form(client: Client) -> Client:
        client.post(web_url("phone"), {"phone": PHONE})
        settings.ROOT_URLCONF = __name__
        return client

    return own_form


def test_a_form_of_the_site_logs_in_with_what_the_pages_asked_for(
    client: Client, own_form: Any
) -> None:
    own_form(client)
    assert client.post("/own/", {"phone": PHONE, "code": wrong()}).status_code == 400
    answer = client.post("/own/", {"phone": PHONE, "code": last_code(PHONE)})
    user = PhoneAccount.objects.get().user
    assert answer.content.decode() == str(user.pk)
    assert client.session["_auth_user_id"] == str(user.pk)
    assert client.session[BACKEND_SESSION_KEY] == PATH
    assert verifications.in_session(client.session, user) is not None


def test_another_user_s_session_ends_with_that_login(client: Client, own_form: Any) -> None:
    log_in(client, OTHER)
    own_form(client)
    client.post("/own/", {"phone": PHONE, "code": last_code(PHONE)})
    assert client.session["_auth_user_id"] == str(sign_up(PHONE).pk)
    assert verifications.in_session(client.session, sign_up(OTHER)) is None


@pytest.fixture
def atomic_requests(transactional_db: None) -> Any:
    connection.settings_dict["ATOMIC_REQUESTS"] = True
    yield
    connection.settings_dict["ATOMIC_REQUESTS"] = False


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("phone", [PHONE, OTHER, "x"])
def test_under_atomic_requests_the_first_try_says_what_to_do(
    atomic_requests: None, client: Client, own_form: Any, phone: str
) -> None:
    """Also for what would be None: a site finds out with its first try, not with the first user."""
    own_form(client)
    with pytest.raises(RuntimeError, match="outside_transactions"):
        client.post("/own/", {"phone": phone, "code": wrong()})
    assert row().attempts == 0


@pytest.mark.django_db(transaction=True)
def test_a_view_outside_transactions_counts_under_atomic_requests(
    atomic_requests: None, client: Client, own_form: Any
) -> None:
    own_form(client)
    for step in range(1, 6):
        client.post("/own-durable/", {"phone": PHONE, "code": wrong(step)})
    assert row().attempts == 5
    last = client.post("/own-durable/", {"phone": PHONE, "code": last_code(PHONE)})
    assert last.status_code == 400


@pytest.mark.django_db(transaction=True)
def test_inside_a_transaction_of_the_caller_nothing_is_counted(asked: HttpRequest) -> None:
    with transaction.atomic(), pytest.raises(RuntimeError, match=r"outermost"):
        authenticate(asked, phone=PHONE, code=last_code(PHONE))
    assert row().attempts == 0


# Races


def in_parallel(asked: HttpRequest, codes: list[str]) -> list[Any]:
    """Enter each code in a thread and a request of its own, all with the same session."""
    if connection.vendor == "sqlite" and connection.is_in_memory_db():
        pytest.skip("Threads need a database file: set SQLITE_TEST_FILE.")
    asked.session.save()
    barrier = Barrier(len(codes), timeout=30)

    def enter(code: str) -> Any:
        request = browser()
        request.session = SessionStore(asked.session.session_key)
        try:
            barrier.wait()
            return authenticate(request, phone=PHONE, code=code)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(codes)) as pool:
        return list(pool.map(enter, codes))


@pytest.mark.django_db(transaction=True)
def test_parallel_right_codes_give_one_user_once(asked: HttpRequest) -> None:
    found = in_parallel(asked, [last_code(PHONE)] * THREADS)
    assert Counter(user is not None for user in found) == {True: 1, False: THREADS - 1}
    assert get_user_model().objects.count() == PhoneAccount.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_parallel_wrong_codes_are_evaluated_up_to_the_limit(asked: HttpRequest) -> None:
    found = in_parallel(asked, [wrong(step) for step in range(1, THREADS + 1)])
    assert found == [None] * THREADS
    assert row().attempts == 5
    assert authenticate(asked, phone=PHONE, code=last_code(PHONE)) is None
