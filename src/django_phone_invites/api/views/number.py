"""Another number, or a first one, and the way back."""

from __future__ import annotations

from typing import Any, cast

from rest_framework.request import Request
from rest_framework.response import Response

from django_phone_invites import logins
from django_phone_invites.addresses import client_address
from django_phone_invites.api import examples
from django_phone_invites.api.description import IDEMPOTENCY_KEY, describe, granted
from django_phone_invites.api.headers import idempotency_key
from django_phone_invites.api.permissions import MayChangeNumber
from django_phone_invites.api.serializers import (
    NumberChallengeSerializer,
    NumberSerializer,
    RequestChangeSerializer,
    UndoSerializer,
    VerifyCodeSerializer,
)
from django_phone_invites.api.views.base import AnonymousView, SignedInView, answer_challenge, read
from django_phone_invites.exceptions import (
    AccountConflict,
    CodeExhausted,
    CodeExpired,
    CodeInvalid,
    CodeMalformed,
    CodeNotFound,
    CodeUsed,
    GateRefused,
    IdempotencyKeyInvalid,
    IdempotencyKeyReused,
    PhoneInvalid,
    PhoneRegionRefused,
    PhoneReserved,
    PhoneTaken,
    PhoneTypeRefused,
    RateLimited,
    SendingPaused,
    UndoNotFound,
    VerificationRequired,
)
from django_phone_invites.models import LoginCode
from django_phone_invites.services import challenges, numbers, undo


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
        undo.undo_change(token=token, end_logins=logins.end_all)
        return Response(status=204)
