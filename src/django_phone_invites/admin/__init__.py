"""The admin: phones are masked without the permission to see them, and nothing shows a code."""

# Django imports this package; its modules register what they show.
from django_phone_invites.admin import invites, logins, pauses, phones, senders
from django_phone_invites.admin.base import VIEW_PHONE_NUMBER

__all__ = ["VIEW_PHONE_NUMBER", "invites", "logins", "pauses", "phones", "senders"]
