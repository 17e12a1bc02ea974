"""One guess at a login code: what it costs, whether it is right, and what it may change."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import NoReturn, TypeVar

from django.db import models
from django.views.decorators.debug import sensitive_variables

from django_phone_invites import codes, logs
from django_phone_invites.exceptions import (
    AccountConflict,
    CodeExhausted,
    CodeExpired,
    CodeInvalid,
    CodeMalformed,
    CodeOver,
    CodeUsed,
    Refusal,
)
from django_phone_invites.models import LoginCode
from django_phone_invites.senders import CodeOwner
from django_phone_invites.services import comparison
from django_phone_invites.services.failures import Failures
from django_phone_invites.transactions import run_durably

T = TypeVar("T")

#: Two first logins of one phone may meet, or a login its account's end: the loser starts again.
_TRIES = 3


def settle(work: Callable[[], T], *collisions: type[Exception]) -> T:
    """Run ``work``, and anew where others were first: it looks again at what is there by now.

    Raises:
        AccountConflict: it always finds others.
    """
    for remaining in reversed(range(_TRIES)):
        try:
            return work()
        except collisions as collision:
            if not remaining:
                raise AccountConflict from collision
    raise AssertionError("unreachable")  # pragma: no cover


class Attempt:
    """Counted on the condition that it is still allowed, by one UPDATE that decides every race.

    A wrong guess is counted when it was found wrong. One that a provider has to compare is counted
    before it is asked, so that many at once do not reach it.
    """

    def __init__(self, login_code: LoginCode, address: str | None) -> None:
        self.login_code = login_code
        self._failures = Failures(login_code, address)
        self.now = self._failures.now
        self._is_counted = False

    @sensitive_variables()
    def require_right(self, guess: object) -> None:
        """Let a right guess pass.

        Raises:
            CodeMalformed: no code could look like this; no attempt is spent.
            CodeInvalid: it is wrong; one attempt is spent.
            CodeExpired, CodeUsed, CodeExhausted: the code is over.
            RateLimited: too many wrong guesses from this address; this one was not evaluated.
            Unavailable: the provider whose code it is does not say.
        """
        try:
            digits = codes.read_guess(guess, length=self.login_code.length)
        except CodeMalformed:
            run_durably(self._failures.count_malformed)
            raise
        if not self.login_code.is_live(self.now):
            raise self._why_over()
        owner = comparison.owner_of(self.login_code)
        if owner is not None:
            self._require_right_for(owner, digits)
        elif not comparison.is_right(self.login_code, digits, self.now):
            self._refuse()

    @sensitive_variables()
    def _require_right_for(self, owner: CodeOwner, digits: str) -> None:
        run_durably(self.spend)
        self._is_counted = True
        if not comparison.is_right_for(owner, self.login_code, digits):
            self._refuse()

    def spend(self, **changes: dt.datetime) -> None:
        """Count a guess that is right, and make ``changes`` to the code. Inside ``run_durably``.

        Raises:
            CodeExpired, CodeUsed, CodeExhausted: the code is over.
            RateLimited: a wrong one from this address would not have been evaluated either.
        """
        self._update(**changes)
        self._failures.require_room()

    def refuse_right(self, event: str, fate: str, refusal: Refusal) -> NoReturn:
        """End the code of a right guess, log ``event`` with what becomes of its phone, and refuse.

        Raises:
            Refusal: ``refusal``.
        """
        self.end_code()
        words = "Login code %s was right, and its phone %s: %s."
        logs.record(event, words, self.login_code.pk, fate, refusal.code)
        raise refusal

    def end_code(self) -> None:
        """Let nobody log in with the code, as its user may not."""
        run_durably(lambda: self.spend(ended_at=self.now))
        self._refresh()

    def _update(self, **changes: dt.datetime) -> None:
        if self._is_counted:
            condition, counted = models.Q(used_at=None, ended_at=None), {}
        else:
            condition, counted = LoginCode.live(self.now), {"attempts": models.F("attempts") + 1}
        found = LoginCode.objects.filter(condition, pk=self.login_code.pk)
        if not found.update(**counted, **changes):
            self._refresh()
            raise self._why_over()

    def _refresh(self) -> None:
        """Read the code again.

        Raises:
            CodeExpired: it is gone, for example as its phone was erased.
        """
        try:
            self.login_code.refresh_from_db()
        except LoginCode.DoesNotExist:
            raise CodeExpired from None

    def _refuse(self) -> NoReturn:
        def count() -> None:
            # The attempt first: of many guesses at one code those that come too late leave here,
            # and do not queue for the counters, which the whole site shares.
            if not self._is_counted:
                self._update()
            self._failures.count_wrong()

        run_durably(count)
        self._failures.tell_step()
        code = self.login_code
        self._refresh()
        logs.record("code_wrong", "A wrong guess at login code %s.", code.pk)
        raise CodeInvalid(attempts_left=code.attempts_left, resend_at=self._failures.resend_at)

    def _why_over(self) -> CodeOver:
        resend_at = self._failures.resend_at
        if self.login_code.used_at is not None:
            return CodeUsed(resend_at=resend_at)
        if self.login_code.attempts_left == 0:
            return CodeExhausted(resend_at=resend_at)
        return CodeExpired(resend_at=resend_at)
