"""What is logged, under the logger ``django_phone_invites``: one name for each event.

Each record has the name as its attribute ``event``, for a site's own handlers and filters. None
holds a code, a token, a whole number or a credential, at any level.
"""

from __future__ import annotations

import logging
import traceback

logger = logging.getLogger("django_phone_invites")

#: The level of each event.
EVENTS = {
    "code_sent": logging.INFO,
    "code_failed": logging.ERROR,
    "code_retried": logging.WARNING,
    "code_given_up": logging.ERROR,
    "queue_failed": logging.ERROR,
    "delivery_failed": logging.WARNING,
    "callback_refused": logging.WARNING,
    "sender_skipped": logging.ERROR,
    "code_withheld": logging.INFO,
    "sign_up_refused": logging.INFO,
    "sign_up_failed": logging.ERROR,
    "login_refused": logging.INFO,
    "link_refused": logging.INFO,
    "link_failed": logging.ERROR,
    "code_verified": logging.INFO,
    "code_wrong": logging.INFO,
    "verify_failed": logging.ERROR,
    "code_lengthened": logging.INFO,
    "test_code_requested": logging.WARNING,
    "test_code_verified": logging.WARNING,
    "test_code_refused": logging.WARNING,
    "rate_limited": logging.WARNING,
    "unavailable": logging.ERROR,
    "gate_refused": logging.INFO,
    "gate_failed": logging.ERROR,
    "site_stepped_up": logging.WARNING,
    "region_alerted": logging.WARNING,
    "watch_failed": logging.ERROR,
    "sending_paused": logging.WARNING,
    "sending_lifted": logging.WARNING,
    "sending_refused": logging.WARNING,
    "invite_activated": logging.INFO,
    "change_refused": logging.INFO,
    "phone_changed": logging.INFO,
    "phone_taken_over": logging.WARNING,
    "phone_change_undone": logging.WARNING,
    "phone_exported": logging.INFO,
    "phone_erased": logging.INFO,
}


def name_of(error: BaseException) -> str:
    """Return what an error that was raised is, and where, without its text.

    The text of a foreign exception may hold a number, a code or what was sent in.
    """
    *_, (frame, line) = traceback.walk_tb(error.__traceback__)
    return f"{type(error).__name__} in {frame.f_globals.get('__name__')}, line {line}"


def record(event: str, message: str, *args: object) -> None:
    """Log ``event`` in words: ``message`` with its ``args``, as the standard library has them."""
    logger.log(EVENTS[event], message, *args, extra={"event": event})
