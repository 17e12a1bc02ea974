"""Counters in the database of the login codes: one row each, changed in one conditional UPDATE.

A row is changed on the condition that nobody has changed it since it was read. Who loses starts
over, holding the rows. So no two processes ever count on the same state, on any of the databases.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence

from django.db import IntegrityError, connections, models, router
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Case, Q, Value, When

from django_phone_invites.limits.rules import Counted, Events
from django_phone_invites.limits.store import Reading, Store, key_of
from django_phone_invites.models import LimitCounter
from django_phone_invites.transactions import Conflict


class DatabaseReading(Reading):
    """Rows, and what they are to become."""

    def __init__(self, counted: Sequence[Counted], now: dt.datetime) -> None:
        super().__init__(counted, now)
        self._keys = {key_of(one) for one in counted}
        self._rows = self._find()
        self._raced = False

    def events(self, counted: Counted) -> Events:
        """Return the events of one counter."""
        row = self._rows.get(key_of(counted))
        return [] if row is None else json.loads(row.events)

    def take(self, *chosen: Counted) -> None:
        """Count one event on each of the counters, or on none."""
        if self._raced:
            # The race was lost once. Now the rows are held while they are read.
            self._rows = self._hold()
        self._raced = True
        changes = self.changes(chosen or self.counted)
        self._update({key: changes[key] for key in changes if key in self._rows})
        self._insert({key: changes[key] for key in changes if key not in self._rows})

    def _selected(self) -> models.QuerySet[LimitCounter]:
        return LimitCounter.objects.filter(key__in=self._keys)

    def _find(self) -> dict[str, LimitCounter]:
        return {row.key: row for row in self._selected()}

    def _hold(self) -> dict[str, LimitCounter]:
        """Return the rows, which nobody else changes before the end of this transaction."""
        if _connection().features.has_select_for_update:
            # In one order, so that two that hold several do not wait for each other.
            return {row.key: row for row in self._selected().order_by("key").select_for_update()}
        # SQLite has one writer: a transaction that begins with a write waits for its turn.
        self._selected().update(version=models.F("version"))
        return self._find()

    def _update(self, changes: Mapping[str, Events]) -> None:
        if not changes:
            return
        unchanged = Q()
        for key in changes:
            unchanged |= Q(key=key, version=self._rows[key].version)
        events = Case(*(When(key=key, then=Value(_to_text(changes[key]))) for key in changes))
        rows = LimitCounter.objects.filter(unchanged)
        if _connection().vendor == "postgresql":
            # An UPDATE of several rows locks them in no order, and two such can deadlock.
            rows = LimitCounter.objects.filter(
                pk__in=rows.order_by("key").select_for_update().values("pk")
            )
        changed = rows.update(events=events, version=models.F("version") + 1, updated_at=self.now)
        if changed < len(changes):
            raise Conflict

    def _insert(self, changes: Mapping[str, Events]) -> None:
        rows = [
            LimitCounter(key=key, events=_to_text(changes[key]), updated_at=self.now)
            for key in sorted(changes)
        ]
        try:
            LimitCounter.objects.bulk_create(rows)
        except IntegrityError as collision:
            raise Conflict from collision


def _connection() -> BaseDatabaseWrapper:
    """Return the connection to the database that the counters are in."""
    return connections[router.db_for_write(LimitCounter)]


def _to_text(events: Events) -> str:
    return json.dumps(events, separators=(",", ":"))


class DatabaseStore(Store):
    """The default. It needs nothing beside the database."""

    def read(self, counted: Sequence[Counted], now: dt.datetime) -> Reading:
        """Return the counters as they are now, by one statement."""
        return DatabaseReading(counted, now)
