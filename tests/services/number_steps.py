"""Steps of users who change their numbers and change them back."""

from __future__ import annotations

import datetime as dt
import re

from django.conf import settings as django_settings
from django.contrib.auth import get_user_model

from django_phone_invites import logins
from django_phone_invites.exceptions import Refusal
from django_phone_invites.models import PhoneAccount
from django_phone_invites.senders.memory import outbox
from django_phone_invites.services.numbers import change_number
from django_phone_invites.services.undo import undo_change

OLD, NEW, THIRD = "+79096869722", "+79161234567", "+79261234567"
TAKEABLE = "phone" not in str(django_settings.AUTH_USER_MODEL).lower()


def make_user(name="site", **fields):
    """Return a user of the site's, without a phone."""
    model = get_user_model()
    values = {"email": f"{name}@example.com", "phone": "+79990000001"}
    return model._default_manager.create(
        **{model.USERNAME_FIELD: values.get(model.USERNAME_FIELD, name)}, **fields
    )


def change(asked, user, guess=None, **arguments):
    guess = asked.digits if guess is None else guess
    return change_number(
        login_code=asked.fresh, user=user, guess=guess, end_logins=logins.end_all, **arguments
    )


def number_of(user):
    account = PhoneAccount.objects.filter(user=user.pk).first()
    return None if account is None else account.e164


def token():
    """Return what the last notice says."""
    return re.search("[0-9a-f]{32}", outbox[-1].text)[0]


def undo(said=None):
    return undo_change(token=token() if said is None else said, end_logins=logins.end_all)


def enter_in(asked, user):
    row, digits = asked.fresh, asked.digits
    return lambda: change_number(login_code=row, user=user, guess=digits, end_logins=logins.end_all)


def allow_many(settings):
    settings.PHONE_INVITES_BLOCK_MESSAGES_PER_HOUR = None
    settings.PHONE_INVITES_RESEND_COOLDOWN = dt.timedelta(0)
    settings.PHONE_INVITES_PHONE_MESSAGES_PER_HOUR = 60
    settings.PHONE_INVITES_PHONE_MESSAGES_PER_DAY = 100


def changed(results):
    return [result for result in results if not isinstance(result, Refusal)]
