"""Counters in the database of the login codes: one row each, changed in one conditional UPDATE.

A row is changed on the condition that nobody has changed it since it was read. Who loses starts
over, holding the rows. So no two processes ever count on the same state, on any of the databases.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence

from django.db import IntegrityError, connections, models, router
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
        rows = [
            self._changed(key, events)
            for key, events in self.changes(chosen or self.counted).items()
        ]
        self._update([row for row in rows if row.pk is not None])
        self._insert([row for row in rows if row.pk is None])

    def _changed(self, key: str, events: Events) -> LimitCounter:
        known = self._rows.get(key)
        return LimitCounter(
            pk=known and known.pk,
            key=key,
            events=json.dumps(events, separators=(",", ":")),
            version=known.version if known else 0,
            updated_at=self.now,
        )

    def _selected(self) -> models.QuerySet[LimitCounter]:
        return LimitCounter.objects.filter(key__in=self._keys)

    def _find(self) -> dict[str, LimitCounter]:
        return {row.key: row for row in self._selected()}

    def _hold(self) -> dict[str, LimitCounter]:
        """Return the rows, which nobody else changes before the end of this transaction."""
        using = router.db_for_write(LimitCounter)
        if connections[using].features.has_select_for_update:
            # In one order, so that two that hold several do not wait for each other.
            return {row.key: row for row in self._selected().order_by("key").select_for_update()}
        # SQLite has one writer: a transaction that begins with a write waits for its turn.
        self._selected().update(version=models.F("version"))
        return self._find()

    def _update(self, rows: list[LimitCounter]) -> None:
        if not rows:
            return
        unchanged = Q()
        for row in rows:
            unchanged |= Q(pk=row.pk, version=row.version)
        events = Case(*(When(pk=row.pk, then=Value(row.events)) for row in rows))
        changed = LimitCounter.objects.filter(unchanged).update(
            events=events, version=models.F("version") + 1, updated_at=self.now
        )
        if changed < len(rows):
            raise Conflict

    def _insert(self, rows: list[LimitCounter]) -> None:
        if not rows:
            return
        try:
            LimitCounter.objects.bulk_create(rows)
        except IntegrityError as collision:
            raise Conflict from collision


class DatabaseStore(Store):
    """The default. It needs nothing beside the database."""

    def read(self, counted: Sequence[Counted], now: dt.datetime) -> Reading:
        """Return the counters as they are now, by one statement."""
        return DatabaseReading(counted, now)
