"""What the user is logged in with, and its end."""

from __future__ import annotations

from django.http import Http404
from rest_framework.authentication import SessionAuthentication
from rest_framework.request import Request
from rest_framework.response import Response

from django_phone_invites import logins, sessions
from django_phone_invites.api import examples
from django_phone_invites.api.description import describe, granted
from django_phone_invites.api.issuers import log_out, log_out_everywhere, present_login
from django_phone_invites.api.parsers import NothingParser
from django_phone_invites.api.serializers import KnownLoginsSerializer
from django_phone_invites.api.views.base import OwnView
from django_phone_invites.exceptions import LogoutImpossible


class LogoutView(OwnView):
    """End the login that the request was made with."""

    parser_classes = [NothingParser]

    @describe(
        "log_out",
        granted(204, None, None, "The login has ended."),
        LogoutImpossible,
        signed_in=True,
    )
    def post(self, request: Request) -> Response:
        """End the token or the session that this request was made with."""
        log_out(request)
        return Response(status=204)


class LogoutEverywhereView(OwnView):
    """End all logins of the user."""

    parser_classes = [NothingParser]

    @describe(
        "log_out_everywhere",
        granted(204, None, None, "All logins have ended."),
        LogoutImpossible,
        signed_in=True,
    )
    def post(self, request: Request) -> Response:
        """End all tokens or sessions that were given out to the user."""
        log_out_everywhere(request.user)
        return Response(status=204)


class LoginsView(OwnView):
    """What the user is logged in with."""

    @describe(
        "list_logins",
        granted(200, KnownLoginsSerializer, examples.logins, "What is known, newest first."),
        signed_in=True,
    )
    def get(self, request: Request) -> Response:
        """Return the sessions and tokens of the user that go on."""
        known = logins.find_all(request.user, present=present_login(request))
        return Response(KnownLoginsSerializer(known).data)


class LoginView(OwnView):
    """One login of the user."""

    parser_classes = [NothingParser]

    @describe(
        "end_login",
        granted(204, None, None, "The login has ended."),
        LogoutImpossible,
        signed_in=True,
        own=True,
    )
    def delete(self, request: Request, reference: str) -> Response:
        """End one login of the user, this one or another."""
        is_present = reference == present_login(request)
        if not logins.end_one(request.user, reference):
            raise Http404
        if is_present and isinstance(request.successful_authenticator, SessionAuthentication):
            # The session is gone: nothing may store it again.
            sessions.end(request)
        return Response(status=204)
