"""The pages: parse, call one service, answer. A site subclasses them or their templates."""

from django_phone_invites.web.views.logins import LoginsView
from django_phone_invites.web.views.number import (
    NumberCodeView,
    NumberView,
    UndoFormView,
    UndoView,
)
from django_phone_invites.web.views.profile import InviteesView, ProfileView
from django_phone_invites.web.views.sign_in import (
    CodeView,
    LogoutView,
    PhoneView,
    safe_next_url,
)
from django_phone_invites.web.views.verify import VerifyView

__all__ = [
    "CodeView",
    "InviteesView",
    "LoginsView",
    "LogoutView",
    "NumberCodeView",
    "NumberView",
    "PhoneView",
    "ProfileView",
    "UndoFormView",
    "UndoView",
    "VerifyView",
    "safe_next_url",
]
