"""What every issuer keeps to: what it gives out opens the own data, and ends when it is told to."""

from __future__ import annotations

import datetime as dt
import io

import pytest
import yaml
from django.core.management import call_command
from django.db import OperationalError
from django.test import Client
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from rest_framework.test import APIClient

from django_phone_invites import logins
from django_phone_invites.api.issuers import get_issuer
from django_phone_invites.models import ActiveLogin, LoginCode, PhoneAccount
from django_phone_invites.testing import last_code, sign_up

PHONE, STRANGER = "+79096869722", "+79096869723"
LOGOUTS = ["/api/logout/", "/api/logout/all/"]


def test_what_a_login_gives_out_opens_the_own_data(kind, log_in):
    login = log_in(kind)
    answer = login.call("get", "/api/me/")
    assert answer.status_code == 200
    assert (answer.json()["phone"], answer.json()["id"]) == (PHONE, login.given["id"])


def test_a_login_answers_with_the_fields_that_the_schema_has(kind, log_in):
    fields = set(get_issuer().answer().get_fields())
    assert set(log_in(kind).given) == fields | {"id"}


def test_the_sample_of_an_issuer_keeps_to_its_answer(kind):
    issuer = get_issuer()
    assert issuer.answer(data=issuer.sample).is_valid()
    assert set(issuer.sample) == set(issuer.answer().get_fields())


def test_the_answer_of_a_login_goes_out_as_the_schema_has_it(kind, log_in):
    given = log_in(kind).given
    assert get_issuer().answer(data=given).is_valid()


def test_a_logout_ends_the_login_it_is_made_with(kind, log_in):
    login = log_in(kind)
    answer = login.call("post", "/api/logout/")
    assert (answer.status_code, answer.content) == (204, b"")
    assert not kind.is_alive(login)


def test_a_logout_leaves_other_devices_and_people_alone(kind, log_in):
    first, second, stranger = log_in(kind), log_in(kind), log_in(kind, STRANGER)
    first.call("post", "/api/logout/")
    shared = "token" in first.given and first.given["token"] == second.given["token"]
    assert kind.is_alive(second) is not shared
    assert kind.is_alive(stranger)


def test_a_logout_everywhere_ends_all_logins_of_the_user_and_of_nobody_else(kind, log_in):
    own, stranger = [log_in(kind), log_in(kind)], log_in(kind, STRANGER)
    answer = own[0].call("post", "/api/logout/all/")
    assert (answer.status_code, answer.content) == (204, b"")
    assert [kind.is_alive(login) for login in own] == [False, False]
    assert kind.is_alive(stranger)


@pytest.mark.parametrize("path", LOGOUTS)
def test_whoever_was_logged_out_logs_in_again(kind, log_in, path):
    log_in(kind).call("post", path)
    assert kind.is_alive(log_in(kind))


def test_a_login_of_another_kind_is_not_ended_and_is_told_so(kind, log_in):
    """A site may read more than its issuer gives out; here nothing was given out at all."""
    other = APIClient()
    other.force_authenticate(sign_up(PHONE))
    answer = other.post("/api/logout/")
    assert (answer.status_code, answer.json()["code"]) == (409, "logout_impossible")
    assert kind.is_alive(log_in(kind))


@pytest.mark.parametrize("change", ["disabled", "deleted"])
def test_a_disabled_or_deleted_user_is_refused_at_once(kind, log_in, change):
    login = log_in(kind)
    user = PhoneAccount.objects.get().user
    if change == "deleted":
        user.delete()
    else:
        user.is_active = False
        user.save()
    for path in ("/api/me/", "/api/profile/"):
        answer = login.call("get", path)
        assert answer.status_code == (401 if kind.asks else 403)


@pytest.mark.parametrize("method", ["get", "head", "post", "put", "patch", "delete", "options"])
@pytest.mark.parametrize(
    "path",
    [
        *("/api/me/", "/api/profile/", "/api/profile/invitees/"),
        *("/api/logins/", f"/api/logins/{'f' * 32}/"),
        *LOGOUTS,
    ],
)
def test_without_credentials_nothing_is_told_but_which_are_wanted(kind, db, method, path):
    answer = getattr(Client(), method)(path)
    assert answer.status_code == (401 if kind.asks else 403)
    assert answer.get("WWW-Authenticate") == kind.asks
    assert method == "head" or answer.json()["code"] == "not_authenticated"


def test_an_issuer_that_fails_uses_up_no_code_and_makes_no_user(kind, client, db, monkeypatch):
    def fail(self, request, user):
        raise OperationalError

    monkeypatch.setattr(type(get_issuer()), "issue", fail)
    asked = client.post("/api/codes/", {"phone": PHONE}, "application/json")
    body = {"auth_number": last_code(PHONE)}
    answer = client.post(asked["Location"], body, "application/json")
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert LoginCode.objects.get().used_at is None
    assert not PhoneAccount.objects.exists()


@pytest.mark.parametrize(
    ("path", "method"), [("/api/logout/", "revoke"), ("/api/logout/all/", "revoke_all")]
)
def test_a_logout_without_a_database_is_the_documented_503(kind, log_in, monkeypatch, path, method):
    def fail(self, whom):
        raise OperationalError

    login = log_in(kind)
    monkeypatch.setattr(type(get_issuer()), method, fail)
    answer = login.call("post", path)
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert answer["Retry-After"] == "5"
    assert kind.is_alive(login)


def logins_of(login):
    answer = login.call("get", "/api/logins/")
    assert answer.status_code == 200
    return answer.json()["logins"]


def is_shared(kind):
    """Whether all devices of a user are one login."""
    return kind.path.startswith("authtoken")


def test_what_a_login_gives_out_is_listed_and_is_the_present_one(kind, log_in):
    login = log_in(kind, user_agent="okhttp/4.12.0")
    log_in(kind, STRANGER)
    (listed,) = logins_of(login)
    assert listed["is_present"]
    assert listed["kind"] == ("token" if "token" in login.given else "session")
    assert listed["issuer"].endswith(kind.path if listed["kind"] == "token" else "")
    assert listed["user_agent"] == ("" if is_shared(kind) else "okhttp")
    assert abs(parse_datetime(listed["began_at"]) - timezone.now()) < dt.timedelta(minutes=1)
    assert (listed["ends_at"] is None) is (kind.path.split(".")[0] in {"authtoken", "session"})


def test_nothing_that_opens_the_api_is_listed_or_remembered(kind, log_in):
    login = log_in(kind)
    shown = login.call("get", "/api/logins/").content.decode()
    kept = str(list(ActiveLogin.objects.values()))
    cookies = [cookie.value for cookie in login.client.cookies.values()]
    secrets = [login.given[name] for name in ("token", "refresh") if name in login.given]
    assert cookies or secrets
    for secret in cookies + secrets:
        assert secret not in shown + kept


def test_one_login_is_ended_from_another_device(kind, log_in):
    first, second, stranger = log_in(kind), log_in(kind), log_in(kind, STRANGER)
    reference = next(one["id"] for one in logins_of(first) if one["is_present"])
    answer = second.call("delete", f"/api/logins/{reference}/")
    assert (answer.status_code, answer.content) == (204, b"")
    assert not kind.is_alive(first)
    assert kind.is_alive(second) is not is_shared(kind)
    assert kind.is_alive(stranger)
    if not is_shared(kind):
        assert [one["is_present"] for one in logins_of(second)] == [True]
        again = second.call("delete", f"/api/logins/{reference}/")
        assert (again.status_code, again.json()["code"]) == (404, "not_found")


def test_the_present_login_is_ended_as_by_a_logout(kind, log_in):
    login = log_in(kind)
    (listed,) = logins_of(login)
    assert login.call("delete", f"/api/logins/{listed['id']}/").status_code == 204
    assert not kind.is_alive(login)
    assert not ActiveLogin.objects.exists()
    assert kind.is_alive(log_in(kind))


def test_nobody_ends_the_login_of_somebody_else(kind, log_in):
    login, stranger = log_in(kind), log_in(kind, STRANGER)
    (listed,) = logins_of(login)
    answer = stranger.call("delete", f"/api/logins/{listed['id']}/")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert kind.is_alive(login)


@pytest.mark.parametrize("path", LOGOUTS)
def test_a_logout_forgets_the_login(kind, log_in, path):
    login, stranger = log_in(kind), log_in(kind, STRANGER)
    login.call("post", path)
    kept = 0 if is_shared(kind) else 1
    assert ActiveLogin.objects.count() == kept
    assert len(logins_of(stranger)) == 1


def test_a_user_who_is_disabled_by_the_service_finds_no_login_alive_again(kind, log_in):
    login = log_in(kind)
    user = PhoneAccount.objects.get().user
    assert logins.disable(user) == []
    assert login.call("get", "/api/me/").status_code == (401 if kind.asks else 403)
    user.is_active = True
    user.save()
    assert not kind.is_alive(login)
    assert not ActiveLogin.objects.exists()
    assert kind.is_alive(log_in(kind))


def test_a_login_that_is_over_is_purged(kind, log_in):
    login = log_in(kind)
    user = PhoneAccount.objects.get().user
    ActiveLogin.objects.update(check_after=timezone.now() - dt.timedelta(seconds=1))
    assert sum(logins.purge_ended()) == 0
    assert kind.is_alive(login)
    kept = list(ActiveLogin.objects.all())
    logins.end_all(user)
    for record in kept:
        record.check_after = timezone.now() - dt.timedelta(seconds=1)
        record.save(force_insert=True)
    assert sum(logins.purge_ended()) == len(kept)
    assert not ActiveLogin.objects.exists()


SCHEMES = {
    "authtoken": "tokenAuth",
    "knox": "knoxApiToken",
    "jwt": "jwtAuth",
    "session": "cookieAuth",
}


@pytest.mark.parametrize("name", SCHEMES)
def test_the_schema_has_the_answer_and_the_credentials_of_the_issuer_in_force(put, name):
    put(name)
    if name == "knox":
        pytest.importorskip(
            "drf_spectacular.contrib.knox_auth_token", reason="drf-spectacular before 0.27.2"
        )
    out = io.StringIO()
    call_command("spectacular", "--validate", "--fail-on-warn", stdout=out)
    schema = yaml.safe_load(out.getvalue())
    fields = set(get_issuer().answer().get_fields())
    described = schema["components"]["schemas"]["Login"]
    assert set(described["properties"]) == fields | {"id", "invite_refusal"}
    assert set(described["required"]) == fields | {"id"}
    operations = {
        operation["operationId"]: operation
        for methods in schema["paths"].values()
        for operation in methods.values()
    }
    answer = operations["verify_code"]["responses"]["200"]["content"]["application/json"]
    assert set(answer["examples"]["Granted"]["value"]) == fields | {"id"}
    for own in (
        *("get_me", "get_profile", "log_out", "log_out_everywhere"),
        *("list_logins", "end_login"),
    ):
        assert operations[own]["security"] == [{SCHEMES[name]: []}]
    assert set(schema["components"]["securitySchemes"]) == {SCHEMES[name]}
