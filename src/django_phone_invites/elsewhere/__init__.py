"""Bring over what another package kept: verified numbers, and open invitations.

One file for each source, which holds only where the data is. What may come is decided in one place:
``accounts.py`` for numbers, ``invitations.py`` for invitations. No other package is imported: what
it kept is read from its tables, from the site's users, or from the site's own adapter.
"""

from django_phone_invites.elsewhere.accounts import Reason, import_accounts
from django_phone_invites.elsewhere.allauth import AllauthSource
from django_phone_invites.elsewhere.base import Claim, Fields, ImportImpossible, Report, Source
from django_phone_invites.elsewhere.drfpasswordless import DRFPasswordlessSource
from django_phone_invites.elsewhere.invitations import (
    InvitationReason,
    code_of,
    import_invitations,
)
from django_phone_invites.elsewhere.phone_verify import PhoneVerifySource
from django_phone_invites.elsewhere.user_field import UserFieldSource

__all__ = [
    "SOURCES",
    "Claim",
    "Fields",
    "ImportImpossible",
    "InvitationReason",
    "Reason",
    "Report",
    "Source",
    "code_of",
    "import_accounts",
    "import_invitations",
]

#: Where verified numbers come from, by the name that the command takes.
SOURCES: dict[str, type[Source]] = {
    "allauth": AllauthSource,
    "drfpasswordless": DRFPasswordlessSource,
    "phone_verify": PhoneVerifySource,
    "user_field": UserFieldSource,
}
