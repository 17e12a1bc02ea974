"""What an attack found, counted: rounds, requests, and how much was let through."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

from tests.attack.client import Answer

#: How often each race is run. A fault that shows in a quarter of the rounds is caught by 30 rounds in
#: 9,998 of 10,000 cases.
ROUNDS = int(os.environ.get("ATTACK_ROUNDS", "1"))


class Figures:
    """The figures of one test. A test that adds less or more than its limit fails."""

    def __init__(self) -> None:
        self.rounds = 0
        self.requests = 0
        #: 5xx other than the documented 503.
        self.server_errors = 0
        #: The documented 503.
        self.unavailable = 0
        #: What was let through: logins, messages, guesses evaluated.
        self.found = 0

    def each_round(self, most: int = ROUNDS) -> Iterator[int]:
        """Yield the number of each round, from 0."""
        for round_ in range(most):
            self.rounds += 1
            yield round_

    def check(self, answers: Iterable[Answer]) -> None:
        """Count answers.

        Raises:
            AssertionError: one is a server error.
        """
        failed = []
        for answer in answers:
            self.requests += 1
            if answer.status >= 500:
                documented = answer.status == 503 and answer.code == "unavailable"
                self.unavailable += documented
                self.server_errors += not documented
                failed.append(answer)
        assert failed == []

    def add(self, found: int) -> None:
        """Count what one round let through."""
        self.found += found
