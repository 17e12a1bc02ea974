"""What is the user's own: the profile and the invitees."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.request import Request
from rest_framework.response import Response

from django_phone_invites.api import examples
from django_phone_invites.api.description import describe, granted
from django_phone_invites.api.serializers import (
    ActivateInviteSerializer,
    InviteePageSerializer,
    InviteeQuerySerializer,
    ProfileSerializer,
)
from django_phone_invites.api.views.base import OwnView, read
from django_phone_invites.exceptions import (
    AccountMissing,
    InviteAlreadyActivated,
    InviteExhausted,
    InviteExpired,
    InviteMutual,
    InviteOwn,
    InviteUnknown,
    RateLimited,
)
from django_phone_invites.services import accounts, invites


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
