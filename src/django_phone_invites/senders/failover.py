"""Senders that hand each message to others: in turn, or by the region of the number."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from django.core.checks import CheckMessage, Error

from django_phone_invites import phones
from django_phone_invites.senders import Message, Receipt, Sender, TemporarySendError, build
from django_phone_invites.senders.clock import time_left, time_limit

Described = Mapping[str, Any]


class CompositeSender(Sender):
    """A sender that sends nothing itself. What differs is :meth:`candidates`."""

    def __init__(self, senders: Iterable[Sender]) -> None:
        self.senders = list(senders)

    @abstractmethod
    def candidates(self, message: Message) -> Iterable[Sender]:
        """Return the senders that may take ``message``, in the order in which they are asked."""

    def members(self) -> Iterator[Sender]:
        """Yield those of all its senders."""
        for sender in self.senders:
            yield from sender.members()

    def send(self, message: Message) -> Receipt:
        """Ask one after the other, until one takes it or says more than "not now".

        Raises:
            TemporarySendError: none of them took it, or there is none, or the time is up.
            PermanentSendError, UnclearSendError: the one that was asked last says so.
        """
        error = TemporarySendError(code="no sender")
        with time_limit():
            for candidate in self.candidates(message):
                if time_left() <= 0:
                    break
                try:
                    return candidate.send(message)
                except TemporarySendError as failed:
                    error = failed
        raise error

    def check(self) -> list[CheckMessage]:
        """Report what its senders have to say."""
        return [message for sender in self.senders for message in sender.check()]


class FailoverSender(CompositeSender):
    """Asks ``senders`` in turn, until one takes the message.

    Only after a :class:`TemporarySendError` is the next one asked. A number that one provider calls
    wrong is wrong, and what may have been sent is not sent again.

    Args:
        senders: described as ``PHONE_INVITES_SENDER`` is, the first choice first.
    """

    def __init__(self, *, senders: Sequence[Described]) -> None:
        super().__init__(map(build, senders))

    def candidates(self, message: Message) -> Iterable[Sender]:
        """Return those of each sender, in their order."""
        return [found for sender in self.senders for found in sender.candidates(message)]

    def check(self) -> list[CheckMessage]:
        """Report that there is none, and two of one name, which records could not tell apart."""
        problems = [] if self.senders else ["there is no sender."]
        names = [sender.name for sender in self.members()]
        problems += [
            f'two senders are called {name}: give one a "NAME".'
            for name in sorted(set(names))
            if names.count(name) > 1
        ]
        return [*super().check(), *(Error(f"FailoverSender: {problem}") for problem in problems)]


class RegionSender(CompositeSender):
    """Chooses by the region of the number.

    Args:
        routes: a region (ISO 3166-1, such as ``RU``) and the sender for its numbers, described as
            ``PHONE_INVITES_SENDER`` is: another provider, or the same with another sender id.
        default: the sender for all other regions; None where they get no message.
    """

    def __init__(self, *, routes: Mapping[str, Described], default: Described | None) -> None:
        self.routes = {region: build(described) for region, described in routes.items()}
        self.default = None if default is None else build(default)
        super().__init__([*self.routes.values(), *([self.default] if self.default else [])])

    def candidates(self, message: Message) -> Iterable[Sender]:
        """Return those of the region's sender."""
        chosen = self.routes.get(phones.region_of(message.phone), self.default)
        return [] if chosen is None else chosen.candidates(message)

    def check(self) -> list[CheckMessage]:
        """Report regions that do not exist."""
        unknown = sorted(self.routes.keys() - phones.REGIONS)
        problems = [f"{region!r} is no region such as RU." for region in unknown]
        return [*super().check(), *(Error(f"RegionSender: {problem}") for problem in problems)]
