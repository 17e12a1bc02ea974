"""What a code that is asked for now would meet, in words: a sentence for each fact of a number."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from django_phone_invites.admin.reasons import moment
from django_phone_invites.conf import app_settings
from django_phone_invites.exceptions import PhoneInvalid, PhoneRegionRefused
from django_phone_invites.models import SenderHealth
from django_phone_invites.phones import Kind
from django_phone_invites.services.explain import Explanation

KINDS: dict[Kind, Promise] = {
    Kind.MOBILE: _("mobile"),
    Kind.FIXED: _("fixed line"),
    Kind.FIXED_OR_MOBILE: _("fixed line or mobile"),
    Kind.VOIP: _("internet telephony"),
    Kind.TOLL_FREE: _("toll-free"),
    Kind.PREMIUM: _("premium rate"),
    Kind.OTHER: _("another kind of number"),
}

LIMITS: dict[str, Promise] = {
    "phone-messages": _("This number gets no further code before %(until)s."),
    "block-messages": _(
        "Too many codes went to numbers like this one: it gets none before %(until)s."
    ),
    "address-messages": _(
        "The address that asked last gets no further code, to any number, before %(until)s."
    ),
    "site-messages": _("The site has sent as many codes as it may: none before %(until)s."),
}


class Says(enum.Enum):
    """What a fact says of a code that is asked for now."""

    FINE = "fine"
    NOTE = "note"
    STOPS = "stops"


@dataclass(frozen=True)
class Fact:
    """One thing that is known of a number."""

    text: str
    says: Says


def facts_of(found: Explanation) -> Iterator[Fact]:
    """Yield what a code that is asked for now would meet, in the order in which it is asked for."""
    yield _number(found)
    yield from _pauses(found)
    if app_settings.gate:
        text = gettext("What the site's gate says to a request, PHONE_INVITES_GATE, is not known.")
        yield Fact(text, Says.NOTE)
    yield from _limits(found)
    yield from _senders(found)
    yield from _sign_up(found)
    if found.is_disabled:
        text = gettext("The user of this number is disabled: a right code does not log in.")
        yield Fact(text, Says.STOPS)


def _sign_up(found: Explanation) -> Iterator[Fact]:
    """Yield what ``PHONE_INVITES_SIGN_UP`` says of a number without an account."""
    policy = app_settings.sign_up
    if found.has_account or policy == "open":
        return
    if policy == "closed":
        text = gettext("It has no account, and nobody can sign up: PHONE_INVITES_SIGN_UP.")
        yield Fact(text, Says.STOPS)
    elif policy == "invite":
        text = gettext(
            "It has no account: a code is sent only where an invite code in force comes with the"
            " request. See PHONE_INVITES_SIGN_UP."
        )
        yield Fact(text, Says.NOTE)
    else:
        text = gettext(
            "It has no account: what the site's rule in PHONE_INVITES_SIGN_UP says is not known."
        )
        yield Fact(text, Says.NOTE)


def _number(found: Explanation) -> Fact:
    if isinstance(found.refusal, PhoneInvalid):
        return Fact(gettext("No operator has given out this number: nothing is sent."), Says.STOPS)
    if isinstance(found.refusal, PhoneRegionRefused):
        text = gettext("The setting PHONE_INVITES_REGIONS leaves its region out: nothing is sent.")
        return Fact(text, Says.STOPS)
    if found.refusal is not None:
        return Fact(str(found.refusal), Says.STOPS)
    return Fact(gettext("Codes are sent to numbers of this region and kind."), Says.FINE)


def _pauses(found: Explanation) -> Iterator[Fact]:
    if found.is_paused_by_setting:
        yield Fact(gettext("The setting PHONE_INVITES_PAUSED pauses sending to it."), Says.STOPS)
    for row in found.pauses:
        text = gettext("Sending is paused since %(since)s: %(where)s. %(reason)s. %(note)s")
        values = {
            "since": moment(row.started_at, found.now),
            "where": row,
            "reason": row.get_reason_display(),
            "note": row.note,
        }
        yield Fact((text % values).rstrip(), Says.STOPS)
    if not (found.is_paused_by_setting or found.pauses):
        yield Fact(gettext("Sending to it is not paused."), Says.FINE)


def _limits(found: Explanation) -> Iterator[Fact]:
    if found.reached is None:
        text = gettext("The counters of the limits do not answer: nothing is sent until they do.")
        yield Fact(text, Says.STOPS)
        return
    for reached in found.reached:
        values = {"until": moment(reached.until, found.now)}
        yield Fact(str(LIMITS[reached.name]) % values, Says.STOPS)
    if not found.reached:
        yield Fact(gettext("No limit is reached."), Says.FINE)


def _senders(found: Explanation) -> Iterator[Fact]:
    if found.is_test:
        text = gettext(
            "It is a test number: nothing is sent, and the code of the settings logs in."
        )
        yield Fact(text, Says.NOTE)
        return
    if found.sender_error:
        text = gettext("PHONE_INVITES_SENDER cannot be used: %(error)s.")
        yield Fact(text % {"error": found.sender_error}, Says.STOPS)
    elif not found.senders:
        yield Fact(gettext("PHONE_INVITES_SENDER has no sender for this number."), Says.STOPS)
    else:
        text = gettext("Senders, in the order in which they are asked: %(names)s.")
        yield Fact(text % {"names": ", ".join(row.sender for row in found.senders)}, Says.FINE)
    for row in found.senders:
        if row.failures:
            yield Fact(failures(row, found.now), Says.NOTE)


def failures(row: SenderHealth, now: dt.datetime) -> str:
    """Return how often a sender has failed in a row, and until when it is asked last."""
    text = ngettext(
        "%(sender)s has failed %(count)s time in a row.",
        "%(sender)s has failed %(count)s times in a row.",
        row.failures,
    )
    text %= {"sender": row.sender, "count": row.failures}
    if row.skipped_until is None or not row.is_skipped(now):
        return text
    until = gettext("It is asked last until %(until)s.")
    return f"{text} {until % {'until': moment(row.skipped_until, now)}}"
