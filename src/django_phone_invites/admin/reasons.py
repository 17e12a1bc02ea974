"""What became of a code, in words: of its message, of each try to send it, and of the code."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.utils import formats, timezone
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from django_phone_invites.models import LoginCode
from django_phone_invites.senders import DeliveryState
from django_phone_invites.services.explain import Explanation
from django_phone_invites.services.fates import End, Fate, end_of, fate_of

FATES: dict[Fate, Promise] = {
    Fate.WAITING: _("It has waited for a worker since %(since)s."),
    Fate.RETRYING: _(
        "No provider took it; the last said %(error)s. It is tried again at %(next)s."
    ),
    Fate.OVERDUE: _(
        "It has waited since %(since)s, and no worker has come: is one running? See"
        " PHONE_INVITES_SEND."
    ),
    Fate.RETRY_OVERDUE: _(
        "No provider took it; the last said %(error)s. It was to be tried again at %(next)s, and no"
        " worker has come: is one running? See PHONE_INVITES_SEND."
    ),
    Fate.SENDING: _("It is being sent, since %(since)s."),
    Fate.LOST: _(
        "It may have been sent: whoever was at it ended before the provider answered, as in a"
        " restart. It is not sent again."
    ),
    Fate.QUEUED: _("%(sender)s took it at %(tried)s, and has it in its own queue."),
    Fate.SENT: _("Sent through %(sender)s at %(tried)s. Whether it arrived, it has not said."),
    Fate.DELIVERED: _("Sent through %(sender)s at %(tried)s, and delivered at %(since)s."),
    Fate.UNDELIVERED: _(
        "Sent through %(sender)s at %(tried)s, which said at %(since)s that it could not be"
        " delivered: %(error)s. Its own error list says why."
    ),
    Fate.UNCLEAR: _(
        "It may have been sent: %(sender)s did not answer in time, or not clearly (%(error)s). It"
        " is not sent again."
    ),
    Fate.REFUSED: _(
        "%(sender)s refused it: %(error)s. It does not send to this number; its own error list says"
        " why."
    ),
    Fate.NOT_TAKEN: _("No provider took it; the last, %(sender)s, said %(error)s."),
    Fate.NO_SENDER: _("PHONE_INVITES_SENDER has no sender for this number, so nobody was asked."),
    Fate.BROKEN: _(
        "%(sender)s failed: %(error)s. That is no answer of a provider: look at the sender and its"
        " options."
    ),
    Fate.UNPREPARED: _(
        "The message could not be made: %(error)s. Look at PHONE_INVITES_SENDER and at the"
        " message's template."
    ),
    Fate.NOT_SENT: _("Nothing is sent to a test number; see PHONE_INVITES_TEST_NUMBERS."),
    Fate.CLOSED: _(
        "Nothing was sent: the number had no account, and could not sign up. See"
        " PHONE_INVITES_SIGN_UP."
    ),
    Fate.NOT_INVITED: _(
        "Nothing was sent: the number had no account, and no invite code in force came with the"
        " request. See PHONE_INVITES_SIGN_UP."
    ),
    Fate.NO_WORKER: _(
        "It waited for a worker until it was of no use, and was not sent: is one running? See"
        " PHONE_INVITES_SEND."
    ),
    Fate.GIVEN_UP: _("No provider took it before it was of no use."),
}

ENDS: dict[End, Promise] = {
    End.LIVE: _("It can be entered until %(expires)s."),
    End.USED: _("It was entered and used at %(used)s."),
    End.EXHAUSTED: _("Wrong guesses used all its attempts."),
    End.REPLACED: _("A newer code took its place at %(ended)s."),
    End.ENDED: _(
        "It ended at %(ended)s: a code to another number took its place, or the user or the number"
        " did not allow it."
    ),
    End.MISTYPED: _("Only wrong guesses were entered before it ran out at %(expires)s."),
    End.NOT_ENTERED: _("Nothing was entered before it ran out at %(expires)s."),
    End.NOTICE: _("There is no code to enter."),
}

PURPOSES: dict[LoginCode.Purpose, Promise] = {
    LoginCode.Purpose.NO_ACCOUNT: _(
        "The message says that there is no account, and holds no code."
    ),
    LoginCode.Purpose.CHANGE: _("The code makes it the number of a user who is signed in."),
    LoginCode.Purpose.CHANGED: _(
        "The message says that its user has another number now, and how to undo it."
    ),
}


@dataclass(frozen=True)
class Tried:
    """One sender that was asked."""

    at: str
    sender: str
    state: str
    error: str


def moment(at: dt.datetime, beside: dt.datetime | None = None) -> str:
    """Return a moment to the second; without the day where it is that of ``beside``."""
    local = timezone.localtime(at)
    time = formats.date_format(local, "H:i:s")
    if beside is not None and timezone.localtime(beside).date() == local.date():
        return time
    return f"{formats.date_format(local, 'DATE_FORMAT')}, {time}"


def of_message(code: LoginCode, now: dt.datetime) -> str:
    """Return what became of the message of ``code``."""
    asked = code.created_at
    since = code.delivery_at or asked
    # Before there were tries to keep, and in rows that a site made itself, there are none.
    tried = dt.datetime.fromisoformat(code.tries[-1]["at"]) if code.tries else since
    return str(FATES[fate_of(code, now)]) % {
        "sender": code.delivered_by or gettext("the provider"),
        "error": code.delivery_error or gettext("no reason given"),
        "since": moment(since, asked),
        "tried": moment(tried, asked),
        "next": moment(code.next_try_at or since, asked),
    }


def of_purpose(code: LoginCode) -> str:
    """Return what else the message is for than a login, "" where it is for that."""
    return str(PURPOSES.get(LoginCode.Purpose(code.purpose), ""))


def of_end(code: LoginCode, found: Explanation) -> str:
    """Return how ``code`` ended."""
    asked = code.created_at
    end = end_of(code, found.now, asked=[other.created_at for other in found.codes])
    return str(ENDS[end]) % {
        "expires": moment(code.expires_at, asked),
        "used": moment(code.used_at or asked, asked),
        "ended": moment(code.ended_at or asked, asked),
    }


def tries(code: LoginCode) -> list[Tried]:
    """Return the senders that were asked to send ``code``, in their order."""
    return [
        Tried(
            moment(dt.datetime.fromisoformat(one["at"]), code.created_at),
            one["sender"],
            str(LoginCode.Delivery(DeliveryState(one["state"]).value).label),
            one["error"],
        )
        for one in code.tries
    ]
