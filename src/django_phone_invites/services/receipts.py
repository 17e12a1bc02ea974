"""What providers report of their messages."""

from __future__ import annotations

from django_phone_invites import delivery, logs
from django_phone_invites.senders import Callback, CallbackError, get_sender
from django_phone_invites.services.boundary import service


class ProviderUnknown(CallbackError):
    """No sender in force is for this provider."""


@service
def take_callback(*, provider: str, callback: Callback) -> str:
    """Keep what ``provider`` reports and return what it wants to be answered.

    Of several senders for one provider, each account's for example, the one whose callback it is
    takes it.

    Raises:
        ProviderUnknown: no sender in force is for this provider.
        CallbackError: it is not the provider's, or cannot be read.
        Unavailable: the database does not answer.
    """
    senders = [sender for sender in get_sender().members() if sender.provider == provider != ""]
    if not senders:
        raise ProviderUnknown
    refusal = CallbackError()
    for sender in senders:
        try:
            receipts = sender.read_callback(callback)
        except CallbackError as error:
            refusal = error
            continue
        delivery.apply_receipts(receipts, sender=sender.name)
        return sender.answer_callback(callback)
    logs.record(
        "callback_refused",
        "A callback for %s was refused: %s It came to %s.",
        senders[0].name,
        refusal,
        # As signatures cover it; without the query, which may hold the secret.
        callback.url.partition("?")[0],
    )
    raise refusal
