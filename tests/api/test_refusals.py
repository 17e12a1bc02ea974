"""Every refusal has one shape; a defect is not one."""

from __future__ import annotations

import datetime as dt

import pytest
from django.core.exceptions import DisallowedHost, PermissionDenied, TooManyFieldsSent
from django.http import Http404
from django.urls import path
from rest_framework import exceptions
from rest_framework.authentication import BaseAuthentication

from django_phone_invites import exceptions as ours
from django_phone_invites.api import refusals, views

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.timezone.utc)
LATER = NOW + dt.timedelta(seconds=40.2)


def plain_refusals():
    """Every refusal that takes no argument and names no field."""
    found, waiting = [], [ours.Refusal]
    while waiting:
        waiting += (below := waiting.pop().__subclasses__())
        found += [each for each in below if hasattr(each, "code")]
    arguments = (
        *(ours.CodeInvalid, ours.RateLimited, ours.SendingPaused, ours.Unavailable),
        ours.FieldRefusal,
    )
    return [each for each in found if not issubclass(each, arguments)]


def field_refusals():
    return ours.FieldRefusal.__subclasses__()


@pytest.mark.parametrize("refusal", plain_refusals(), ids=lambda each: each.code)
def test_a_refusal_is_its_code_and_its_message(refusal):
    answer = refusals.answer(refusal(), {})
    assert answer.status_code == refusal.status
    assert answer.data == {"code": refusal.code, "detail": str(refusal.message)}
    assert answer.headers.get("Retry-After") is None


@pytest.mark.parametrize("refusal", field_refusals(), ids=lambda each: each.code)
def test_a_refusal_of_a_field_stands_at_the_field(refusal):
    answer = refusals.answer(refusal(), {})
    assert answer.status_code == 400
    assert answer.data == {
        "code": "invalid",
        "detail": "Some fields are not valid.",
        "errors": {refusal.field: [{"code": refusal.code, "detail": str(refusal.message)}]},
    }


@pytest.mark.parametrize(
    "refusal", [*plain_refusals(), *field_refusals()], ids=lambda each: each.code
)
def test_the_status_is_one_of_the_published(refusal):
    assert refusal.status in {400, 401, 403, 404, 409, 429}


def test_a_host_that_is_not_the_site_s_is_the_site_s_to_answer():
    assert refusals.answer(DisallowedHost(), {}) is None


def test_what_django_calls_suspicious_is_400_and_logged_as_django_does(rf, caplog):
    answer = refusals.answer(TooManyFieldsSent("Too many."), {"request": rf.get("/api/me/?x=1")})
    assert answer.status_code == 400
    (record,) = caplog.records
    assert record.name == "django.security.TooManyFieldsSent"
    assert record.getMessage() == "Too many. (/api/me/)"


def test_a_wrong_code_says_what_helps():
    answer = refusals.answer(ours.CodeInvalid(attempts_left=2, resend_at=LATER), {})
    assert answer.status_code == 400
    assert answer.data == {
        "code": "code_invalid",
        "detail": "This code is wrong.",
        "attempts_left": 2,
        "resend_at": LATER,
    }


def test_a_limit_says_when_to_come_back_in_whole_seconds_rounded_up():
    limited = ours.RateLimited(retry_at=LATER, now=NOW, limit="phone-messages")
    answer = refusals.answer(limited, {})
    assert (answer.status_code, answer["Retry-After"]) == (429, "41")
    assert answer.data["resend_at"] == LATER


@pytest.mark.parametrize("limit", ["address-failures", "invite-failures"])
def test_a_limit_of_guesses_does_not_say_when_to_ask_for_a_code(limit):
    answer = refusals.answer(ours.RateLimited(retry_at=LATER, now=NOW, limit=limit), {})
    assert (answer.status_code, answer["Retry-After"]) == (429, "41")
    assert set(answer.data) == {"code", "detail"}


def test_a_pause_is_the_documented_503():
    answer = refusals.answer(ours.SendingPaused(), {})
    assert (answer.status_code, answer["Retry-After"]) == (503, "300")
    assert answer.data == {
        "code": "sending_paused",
        "detail": "Codes are not sent at the moment. Try again later.",
    }


def test_an_unreachable_database_is_the_documented_503():
    answer = refusals.answer(ours.Unavailable(), {})
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert answer.data["code"] == "unavailable"


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (Http404("of Django"), 404, "not_found"),
        (PermissionDenied("of Django"), 403, "permission_denied"),
        (exceptions.NotFound(), 404, "not_found"),
        (exceptions.PermissionDenied(), 403, "permission_denied"),
        (exceptions.ParseError(), 400, "parse_error"),
        (exceptions.MethodNotAllowed("PUT"), 405, "method_not_allowed"),
        (exceptions.UnsupportedMediaType("text/plain"), 415, "unsupported_media_type"),
        (exceptions.AuthenticationFailed(code="token_expired"), 401, "token_expired"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
def test_errors_of_the_frameworks_have_the_same_shape(error, status, code):
    answer = refusals.answer(error, {})
    assert (answer.status_code, answer.data["code"]) == (status, code)
    assert set(answer.data) == {"code", "detail"}
    assert "of Django" not in answer.data["detail"]


def test_invalid_fields_are_told_one_by_one():
    error = exceptions.ValidationError(
        {
            "phone": [exceptions.ErrorDetail("No.", "blank")],
            "invite_code": [exceptions.ErrorDetail("A.", "a"), exceptions.ErrorDetail("B.", "b")],
        }
    )
    assert refusals.answer(error, {}).data["errors"] == {
        "phone": [{"code": "blank", "detail": "No."}],
        "invite_code": [{"code": "a", "detail": "A."}, {"code": "b", "detail": "B."}],
    }


def test_an_error_of_no_field_has_its_own_place():
    assert refusals.answer(exceptions.ValidationError("No."), {}).data["errors"] == {
        "non_field_errors": [{"code": "invalid", "detail": "No."}]
    }


def test_a_defect_is_no_refusal():
    assert refusals.answer(RuntimeError("a defect"), {}) is None


# An authentication of a site's own, as JWT packages have it: its errors hold a dict.


class DictAuthentication(BaseAuthentication):
    def authenticate(self, request):
        raise exceptions.AuthenticationFailed(
            {"detail": "The token has ended.", "code": "token_not_valid"}
        )

    def authenticate_header(self, request):
        return 'Bearer realm="api"'


class SilentAuthentication(BaseAuthentication):
    """Has no header to ask for credentials with, as sessions have none."""

    def authenticate(self, request):
        return None


class DictProfileView(views.ProfileView):
    authentication_classes = [DictAuthentication]


class SilentProfileView(views.ProfileView):
    authentication_classes = [SilentAuthentication]


urlpatterns = [
    path("dict/", DictProfileView.as_view()),
    path("silent/", SilentProfileView.as_view()),
]


@pytest.mark.urls(__name__)
def test_an_authentication_without_a_header_refuses_with_403(client):
    answer = client.get("/silent/")
    assert (answer.status_code, answer.json()["code"]) == (403, "not_authenticated")
    assert "WWW-Authenticate" not in answer


@pytest.mark.urls(__name__)
def test_the_authentications_own_header_is_kept(client):
    answer = client.get("/dict/")
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == 'Bearer realm="api"'


@pytest.mark.urls(__name__)
def test_a_detail_that_is_a_dict_is_told_in_words(client):
    assert client.get("/dict/").json() == {
        "code": "token_not_valid",
        "detail": "The token has ended.",
    }


def test_a_throttle_of_a_site_says_when_to_come_back():
    answer = refusals.answer(exceptions.Throttled(wait=9.1), {})
    assert (answer.status_code, answer["Retry-After"]) == (429, "10")


def test_a_single_error_of_a_field_is_one_error():
    error = exceptions.ValidationError({"phone": "No."})
    assert refusals.answer(error, {}).data["errors"] == {
        "phone": [{"code": "invalid", "detail": "No."}]
    }
