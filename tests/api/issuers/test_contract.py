"""What every issuer keeps to: what it gives out opens the own data, and ends when it is told to."""

from __future__ import annotations

import io

import pytest
import yaml
from django.core.management import call_command
from django.db import OperationalError
from django.test import Client
from rest_framework.test import APIClient

from django_phone_invites.api.issuers import get_issuer
from django_phone_invites.models import LoginCode, PhoneAccount
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
    logins, stranger = [log_in(kind), log_in(kind)], log_in(kind, STRANGER)
    answer = logins[0].call("post", "/api/logout/all/")
    assert (answer.status_code, answer.content) == (204, b"")
    assert [kind.is_alive(login) for login in logins] == [False, False]
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
@pytest.mark.parametrize("path", ["/api/me/", "/api/profile/", "/api/profile/invitees/", *LOGOUTS])
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
    for own in ("get_me", "get_profile", "log_out", "log_out_everywhere"):
        assert operations[own]["security"] == [{SCHEMES[name]: []}]
    assert set(schema["components"]["securitySchemes"]) == {SCHEMES[name]}
