"""What endpoints share, for strangers and for users."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings as django_settings
from django.http import Http404
from django.utils.cache import add_never_cache_headers
from django.views.decorators.debug import sensitive_variables
from rest_framework import serializers
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.parsers import BaseParser
from rest_framework.permissions import IsAuthenticated
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from django_phone_invites.api import ids, refusals
from django_phone_invites.api.parsers import SmallJSONParser
from django_phone_invites.routes import api_url
from django_phone_invites.services import challenges
from django_phone_invites.transactions import outside_transactions


class JSONView(APIView):
    """What all endpoints share; none of it is taken from the site's REST framework settings."""

    renderer_classes = [JSONRenderer]
    parser_classes: list[type[BaseParser]] = [SmallJSONParser]
    throttle_classes = []
    versioning_class = None

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Any:
        """Return the view, kept out of ``ATOMIC_REQUESTS``: a refusal must not undo its count."""
        view: Any = outside_transactions(super().as_view(**initkwargs))
        # Read by Django's LoginRequiredMiddleware; REST framework says so itself since 3.16.
        view.login_required = False
        return view

    @sensitive_variables()
    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        """Answer. Codes, numbers and tokens that are read here go into no error report."""
        return super().dispatch(request, *args, **kwargs)

    def get_exception_handler(self) -> Callable[..., Response | None]:
        """Answer refusals in this package's shape."""
        return refusals.answer

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Keep answers out of caches."""
        response = super().finalize_response(request, response, *args, **kwargs)
        add_never_cache_headers(response)
        return response


class AnonymousView(JSONView):
    """An endpoint on the way to a login: no credentials are read, so none can be wrong."""

    authentication_classes = []
    permission_classes = []


class SignedInView(JSONView):
    """An endpoint for users."""

    permission_classes = [IsAuthenticated]

    def perform_authentication(self, request: Request) -> None:
        """Refuse a NUL in the credentials: PostgreSQL takes none in what it looks up."""
        session = request.COOKIES.get(django_settings.SESSION_COOKIE_NAME, "")
        if "\0" in request.META.get("HTTP_AUTHORIZATION", "") + session:
            raise AuthenticationFailed
        super().perform_authentication(request)


class OwnView(SignedInView):
    """An endpoint for own data: another user's is as missing as one that does not exist."""

    def check_permissions(self, request: Request) -> None:
        """Refuse strangers first, then ids that are not the user's own."""
        super().check_permissions(request)
        if "pk" in self.kwargs and str(self.kwargs["pk"]) != str(request.user.pk):
            raise Http404


def read(serializer_class: type[serializers.Serializer], data: Any) -> dict[str, Any]:
    """Return the valid data of a body or a query string.

    Raises:
        ValidationError: a field is missing or of the wrong kind.
    """
    serializer = serializer_class(data=data)
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)


def answer_challenge(requested: challenges.Challenge, route: str) -> Response:
    """Say that a code is on its way, and at which route it is entered."""
    code = requested.login_code
    body = {
        "id": ids.of_code(code, route),
        "phone": code.phone,
        "expires_at": code.expires_at,
        "resend_at": requested.resend_at,
        "attempts_left": code.attempts_left,
    }
    location = api_url(route, token=code.token, pk=code.pk)
    return Response(body, status=201, headers={"Location": location})
