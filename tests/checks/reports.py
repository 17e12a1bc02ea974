"""What ``manage.py check`` reports of this package, and senders to check."""

from __future__ import annotations

from django.core.checks import CheckMessage, Warning, run_checks

from django_phone_invites.senders import Message, Receipt, Sender

MEMORY = "django_phone_invites.senders.memory.MemorySender"


class RealSender(Sender):
    """A sender that a site could deploy."""

    def __init__(self, *, key: str = "") -> None:
        self.key = key

    def send(self, message: Message) -> Receipt:
        return Receipt()

    def check(self) -> list[CheckMessage]:
        if self.key == "expired":
            return [Warning("The key has expired."), Warning("Renew it.", id="site.W007")]
        return []


def make_people() -> None:
    """Stand in for a site's own function."""


def found(*, deploy: bool = False) -> list[CheckMessage]:
    """Return what ``manage.py check`` says of us."""
    return [
        message
        for message in run_checks(include_deployment_checks=deploy)
        if message.id and message.id.startswith("phone_invites.")
    ]


def ids(*, deploy: bool = False) -> list[str | None]:
    return [message.id for message in found(deploy=deploy)]


def one(check_id: str, *, deploy: bool = False) -> CheckMessage:
    (message,) = [message for message in found(deploy=deploy) if message.id == check_id]
    return message
