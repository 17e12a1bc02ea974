"""The endpoints: parse, call one service, answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from django.conf import settings as django_settings
from django.http import Http404
from django.utils.cache import add_never_cache_headers
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.authentication import SessionAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.parsers import BaseParser
from rest_framework.permissions import IsAuthenticated
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from django_phone_invites import logins, sessions
from django_phone_invites.addresses import client_address
from django_phone_invites.api import examples, ids, refusals
from django_phone_invites.api.description import IDEMPOTENCY_KEY, describe, granted
from django_phone_invites.api.headers import idempotency_key
from django_phone_invites.api.issuers import (
    get_issuer,
    log_out,
    log_out_everywhere,
    present_login,
)
from django_phone_invites.api.parsers import NothingParser, SmallJSONParser
from django_phone_invites.api.permissions import MayChangeNumber
from django_phone_invites.api.serializers import (
    ActivateInviteSerializer,
    ChallengeSerializer,
    InviteePageSerializer,
    InviteeQuerySerializer,
    KnownLoginsSerializer,
    LoginSerializer,
    NumberChallengeSerializer,
    NumberSerializer,
    ProfileSerializer,
    RequestChangeSerializer,
    RequestCodeSerializer,
    UndoSerializer,
    VerifyCodeSerializer,
)
from django_phone_invites.exceptions import (
    AccountConflict,
    AccountDisabled,
    AccountMissing,
    CodeExhausted,
    CodeExpired,
    CodeInvalid,
    CodeMalformed,
    CodeNotFound,
    CodeUsed,
    GateRefused,
    IdempotencyKeyInvalid,
    IdempotencyKeyReused,
    InviteAlreadyActivated,
    InviteExhausted,
    InviteExpired,
    InviteMutual,
    InviteOwn,
    InviteRequired,
    InviteUnknown,
    LogoutImpossible,
    PhoneInvalid,
    PhoneRegionRefused,
    PhoneReserved,
    PhoneTaken,
    PhoneTypeRefused,
    RateLimited,
    SendingPaused,
    SignUpClosed,
    UndoNotFound,
    VerificationRequired,
)
from django_phone_invites.models import LoginCode
from django_phone_invites.routes import api_url
from django_phone_invites.services import accounts, challenges, invites, login, numbers
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

    def get_exception_handler(self) -> Callable[..., Response | None]:
        """Answer refusals in this package's shape."""
        return refusals.answer

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Keep answers out of caches."""
        response = super().finalize_response(request, response, *args, **kwargs)
        add_never_cache_headers(response)
        return response


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


class AnonymousView(JSONView):
    """An endpoint on the way to a login: no credentials are read, so none can be wrong."""

    authentication_classes = []
    permission_classes = []


class RequestCodeView(AnonymousView):
    """Ask for a code."""

    @describe(
        "request_code",
        granted(201, ChallengeSerializer, examples.challenge, "A code is on its way."),
        *(PhoneInvalid, PhoneTypeRefused, PhoneRegionRefused, SendingPaused, GateRefused),
        *(IdempotencyKeyInvalid, IdempotencyKeyReused, RateLimited),
        request=RequestCodeSerializer,
        header=IDEMPOTENCY_KEY,
    )
    def post(self, request: Request) -> Response:
        """Send a code to a phone.

        The answer is the same for a phone that has an account and for one that has none.
        """
        data = read(RequestCodeSerializer, request.data)
        requested = challenges.request_code(
            phone=data["phone"],
            channel=LoginCode.Channel.API,
            address=client_address(request.META),
            invite=data.get("invite_code", ""),
            submitted=cast("dict[str, Any]", request.data),
            idempotency_key=idempotency_key(request),
        )
        return answer_challenge(requested, "code")


class VerifyCodeView(AnonymousView):
    """Enter a code."""

    @describe(
        "verify_code",
        granted(200, LoginSerializer, examples.login, "The code was right."),
        *(CodeMalformed, CodeInvalid, CodeNotFound, CodeExpired, CodeUsed, CodeExhausted),
        *(AccountDisabled, AccountConflict, PhoneReserved, InviteRequired, SignUpClosed),
        RateLimited,
        request=VerifyCodeSerializer,
    )
    def post(self, request: Request, token: str | None = None, pk: int | None = None) -> Response:
        """Log in with a code; the first login of a phone makes its user."""
        guess = read(VerifyCodeSerializer, request.data)["auth_number"]
        address = client_address(request.META)
        done = login.verify_code(
            login_code=challenges.find_code(
                channel=LoginCode.Channel.API, token=token, pk=pk, address=address
            ),
            guess=guess,
            sign_in=lambda user: get_issuer().issue(request, user),
            address=address,
        )
        body = {**done.result, "id": done.account.user_id}
        if done.invite_refusal:
            body["invite_refusal"] = refusals.in_words(done.invite_refusal)
        return Response(body)


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


class ProfileView(OwnView):
    """The own profile."""

    @describe(
        "get_profile",
        granted(200, ProfileSerializer, examples.profile, "The own profile."),
        AccountMissing,
        signed_in=True,
        own=True,
    )
    def get(self, request: Request, pk: Any = None) -> Response:
        """Return the own phone and invite code, and who activated it."""
        return Response(ProfileSerializer(accounts.get_profile(request.user)).data)

    @describe(
        "activate_invite",
        granted(200, ActivateInviteSerializer, None, "The code is activated, for ever."),
        *(InviteUnknown, InviteOwn, InviteMutual, InviteAlreadyActivated, InviteExpired),
        *(InviteExhausted, AccountMissing, RateLimited),
        signed_in=True,
        own=True,
        request=ActivateInviteSerializer,
    )
    def patch(self, request: Request, pk: Any = None) -> Response:
        """Activate somebody's invite code: once, ever."""
        code = read(ActivateInviteSerializer, request.data)["stranger_invite_code"]
        activation = invites.activate_invite(user=request.user, code=code)
        return Response({"stranger_invite_code": activation.code})


@extend_schema_view(
    get=extend_schema(operation_id="get_me"),
    patch=extend_schema(operation_id="activate_invite_as_me"),
)
class MeView(ProfileView):
    """The own profile, for clients that do not know the id that its own route may hold."""


class InviteesView(OwnView):
    """All who activated the own code, in pages."""

    @describe(
        "list_invitees",
        granted(200, InviteePageSerializer, examples.invitees, "A page, newest first."),
        signed_in=True,
        own=True,
        query=InviteeQuerySerializer,
    )
    def get(self, request: Request, pk: Any = None) -> Response:
        """Return up to 100 invitees, newest first."""
        query = read(InviteeQuerySerializer, request.query_params)
        page = accounts.get_invitees(request.user, **query)
        return Response(InviteePageSerializer(page).data)


class RequestChangeView(SignedInView):
    """Ask for a code to a new number."""

    permission_classes = [MayChangeNumber]

    @describe(
        "request_number_code",
        granted(201, NumberChallengeSerializer, examples.number_challenge, "A code is on its way."),
        *(PhoneInvalid, PhoneTypeRefused, PhoneRegionRefused, SendingPaused, GateRefused),
        *(IdempotencyKeyInvalid, IdempotencyKeyReused, VerificationRequired, RateLimited),
        signed_in=True,
        request=RequestChangeSerializer,
        header=IDEMPOTENCY_KEY,
    )
    def post(self, request: Request) -> Response:
        """Send a code to the number that the user wants, in place of theirs or as their first.

        The answer is the same for a number that is somebody's and for one that is not.
        """
        requested = challenges.request_code(
            phone=read(RequestChangeSerializer, request.data)["phone"],
            channel=LoginCode.Channel.API,
            address=client_address(request.META),
            user=request.user,
            submitted=cast("dict[str, Any]", request.data),
            idempotency_key=idempotency_key(request),
        )
        return answer_challenge(requested, "number_code")


class ChangeNumberView(SignedInView):
    """Enter the code that was sent to a new number."""

    @describe(
        "change_number",
        granted(200, NumberSerializer, examples.number, "The number is the user's."),
        *(CodeMalformed, CodeInvalid, CodeNotFound, CodeExpired, CodeUsed, CodeExhausted),
        *(PhoneTaken, PhoneReserved, AccountConflict, RateLimited),
        signed_in=True,
        request=VerifyCodeSerializer,
    )
    def post(self, request: Request, token: str | None = None, pk: int | None = None) -> Response:
        """Make the number of the code the user's own. It logs nobody in."""
        guess = read(VerifyCodeSerializer, request.data)["auth_number"]
        address = client_address(request.META)
        done = numbers.change_number(
            login_code=challenges.find_code(
                channel=LoginCode.Channel.API,
                token=token,
                pk=pk,
                address=address,
                user=request.user,
            ),
            user=request.user,
            guess=guess,
            end_logins=logins.end_all,
            address=address,
        )
        return Response({"phone": done.account.e164})


class UndoChangeView(AnonymousView):
    """Undo a change of the number."""

    @describe(
        "undo_number",
        granted(204, None, None, "The old number is the user's again; all logins have ended."),
        *(UndoNotFound, AccountConflict),
        request=UndoSerializer,
    )
    def post(self, request: Request) -> Response:
        """Give a user their old number back; who has lost it has no login, so none is asked for."""
        token = read(UndoSerializer, request.data)["token"]
        numbers.undo_change(token=token, end_logins=logins.end_all)
        return Response(status=204)


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
