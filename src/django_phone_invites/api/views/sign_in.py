"""Ask for a code, and enter it."""

from __future__ import annotations

from typing import Any, cast

from rest_framework.request import Request
from rest_framework.response import Response

from django_phone_invites.addresses import client_address
from django_phone_invites.api import examples, refusals
from django_phone_invites.api.description import IDEMPOTENCY_KEY, describe, granted
from django_phone_invites.api.headers import idempotency_key
from django_phone_invites.api.issuers import get_issuer
from django_phone_invites.api.serializers import (
    ChallengeSerializer,
    LoginSerializer,
    RequestCodeSerializer,
    VerifyCodeSerializer,
)
from django_phone_invites.api.views.base import AnonymousView, answer_challenge, read
from django_phone_invites.exceptions import (
    AccountConflict,
    AccountDisabled,
    CodeExhausted,
    CodeExpired,
    CodeInvalid,
    CodeMalformed,
    CodeNotFound,
    CodeUsed,
    GateRefused,
    IdempotencyKeyInvalid,
    IdempotencyKeyReused,
    InviteRequired,
    PhoneInvalid,
    PhoneRegionRefused,
    PhoneReserved,
    PhoneTypeRefused,
    RateLimited,
    SendingPaused,
    SignUpClosed,
)
from django_phone_invites.models import LoginCode
from django_phone_invites.services import challenges, login


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
