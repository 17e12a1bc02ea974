"""What is kept: accounts, logins, codes, changes, invites, erasures, pauses, counters."""

from django_phone_invites.models.accounts import PhoneAccount, SiteUser
from django_phone_invites.models.active_logins import ActiveLogin
from django_phone_invites.models.changes import PhoneChange
from django_phone_invites.models.erasures import ErasedPhone
from django_phone_invites.models.invites import MOST_USES, InviteActivation, InviteCode
from django_phone_invites.models.limits import LimitCounter
from django_phone_invites.models.login_codes import LoginCode
from django_phone_invites.models.sending import NOTE_MAX_LENGTH, SenderHealth, SendingPause

__all__ = [
    "MOST_USES",
    "NOTE_MAX_LENGTH",
    "ActiveLogin",
    "ErasedPhone",
    "InviteActivation",
    "InviteCode",
    "LimitCounter",
    "LoginCode",
    "PhoneAccount",
    "PhoneChange",
    "SenderHealth",
    "SendingPause",
    "SiteUser",
]
