"""Hands a login code's message to the sender, and keeps what became of it."""

from __future__ import annotations

from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.views.decorators.debug import sensitive_variables

from django_phone_invites import codes, logs, signals
from django_phone_invites.conf import app_settings
from django_phone_invites.models import LoginCode
from django_phone_invites.phones import mask
from django_phone_invites.senders import DeliveryState, Message, Receipt, SendError, get_sender


@sensitive_variables()
def deliver(login_code: LoginCode) -> None:
    """Send the message of a login code and record the result on its row.

    No failure of a sender gets out: whoever asked for the code is answered the same either way, so
    that the answer tells nothing about the number. Call it after the commit.
    """
    try:
        sender = get_sender()
        login_code.delivered_by = type(sender).__name__[:128]
        receipt = _read(sender.send(render(login_code)))
    except Exception as error:  # noqa: BLE001 - a sender may be anybody's code
        _record_failure(login_code, error)
    else:
        _record_receipt(login_code, receipt)


def _read(returned: object) -> Receipt:
    """Return a receipt that fits its columns.

    Raises:
        TypeError: the sender returned something else.
        ValueError: there is no such state.
    """
    if not isinstance(returned, Receipt):
        raise TypeError("A sender returns a Receipt.")
    return Receipt(
        message_id=_column(returned.message_id or ""), state=DeliveryState(returned.state)
    )


def _column(text: object) -> str:
    """Return a provider's text as a column takes it: PostgreSQL stores no NUL."""
    return str(text).replace("\0", "")[:128]


@sensitive_variables()
def render(login_code: LoginCode) -> Message:
    """Return the message of a login code, in the language of whoever asked for it."""
    code = codes.derive(login_code.seed)
    lifetime = max(0, round((login_code.expires_at - timezone.now()).total_seconds()))
    context = {
        "code": code,
        "minutes": round((login_code.expires_at - login_code.created_at).total_seconds() / 60) or 1,
        "site_name": app_settings.site_name,
        "host": app_settings.host,
    }
    with translation.override(login_code.locale):
        text = render_to_string(f"phone_invites/message/{login_code.purpose}.txt", context)
    return Message(
        phone=login_code.phone,
        code=code,
        purpose=login_code.purpose,
        locale=login_code.locale,
        lifetime=lifetime,
        text=text.strip(),
    )


def _record_receipt(login_code: LoginCode, receipt: Receipt) -> None:
    login_code.delivery = receipt.state.value
    login_code.message_id = receipt.message_id
    login_code.save(update_fields=["delivery", "delivered_by", "message_id"])
    logs.record("code_sent", "Sent login code %s to %s.", login_code.pk, mask(login_code.phone))
    signals.code_sent.send_robust(LoginCode, login_code=login_code, receipt=receipt)


def _record_failure(login_code: LoginCode, error: Exception) -> None:
    # The text of a foreign exception may hold the message, the number or credentials (an URL, a
    # header). Only its type and the provider's code are kept.
    reason = type(error).__name__
    if isinstance(error, SendError) and error.code:
        reason = f"{reason} {error.code}"
    login_code.delivery = LoginCode.Delivery.FAILED
    login_code.delivery_error = _column(reason)
    login_code.save(update_fields=["delivery", "delivered_by", "delivery_error"])
    logs.record(
        "code_failed",
        "Login code %s to %s was not sent: %s.",
        login_code.pk,
        mask(login_code.phone),
        reason,
    )
    signals.code_failed.send_robust(LoginCode, login_code=login_code, error=error)
