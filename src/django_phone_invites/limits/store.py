"""What a store of counters is: it reads some at once, and counts one event on each or on none."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from abc import ABC, abstractmethod
from collections.abc import Sequence

from django_phone_invites.exceptions import RateLimited
from django_phone_invites.limits.rules import Counted, Events


class Reading(ABC):
    """Some counters as they were read at ``now``."""

    def __init__(self, counted: Sequence[Counted], now: dt.datetime) -> None:
        self.counted = counted
        self.now = now

    @abstractmethod
    def events(self, counted: Counted) -> Events:
        """Return the events of one counter, without those that :meth:`take` adds."""

    @abstractmethod
    def take(self, *chosen: Counted) -> None:
        """Count one event on each of ``chosen``, or on none of them; without any, on all.

        Call it inside ``run_durably``, before any read of the transaction. However often that runs,
        one event is counted.

        Raises:
            RateLimited: a limit is reached; nothing was counted.
            Conflict: the transaction has to be run again, with the same reading.
        """

    def changes(self, chosen: Sequence[Counted]) -> dict[str, Events]:
        """Return what the counters become, by their keys, without those that stay as they are.

        Raises:
            RateLimited: a limit is reached; of several, the one that lasts longest.
        """
        changed: dict[str, Events] = {}
        refusals: list[RateLimited] = []
        for counted in chosen:
            try:
                events = counted.add(self.events(counted), self.now)
            except RateLimited as refusal:
                refusals.append(refusal)
            else:
                if events is not None:
                    changed[key_of(counted)] = events
        if refusals:
            raise max(refusals, key=lambda refusal: refusal.retry_at)
        return changed


class Store(ABC):
    """Keeps counters, shared by all processes. ``OPTIONS`` are passed to ``__init__``."""

    @abstractmethod
    def read(self, counted: Sequence[Counted], now: dt.datetime) -> Reading:
        """Return the counters of ``counted`` as they are now, in one round trip.

        Raises:
            Unavailable, OperationalError: the counters cannot be reached.
        """

    @abstractmethod
    def forget(self, counted: Sequence[Counted]) -> None:
        """Remove the counters of ``counted``, as if nothing had ever been counted on them.

        It is called inside a transaction, which may be run again.

        Raises:
            Unavailable, OperationalError: the counters cannot be reached.
        """


def key_of(counted: Counted) -> str:
    """Return the key of a counter: at most 80 characters that no collation takes for others.

    A subject of other signs than lower-case ASCII (a user's key may be any text) is digested.
    """
    subject = counted.subject
    if not re.fullmatch(r"[0-9a-z+.:/-]{0,48}", subject):
        subject = hashlib.sha256(subject.encode()).hexdigest()[:48]
    return f"{counted.name}:{subject}"
