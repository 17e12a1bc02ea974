"""What SECURITY.md and the documentation promise, as plainly as it can be said.

It imports nothing of the package. Nothing is added up ahead of time either: what happened is kept in
lists, and each question goes through all of it.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

HOUR = dt.timedelta(hours=1)
DAY = dt.timedelta(days=1)
LONG_AGO = dt.datetime(1970, 1, 1, tzinfo=dt.timezone.utc)

#: The published codes of the API and their statuses.
STATUSES = {
    "sent": 201,
    "logged_in": 200,
    "activated": 200,
    "code_malformed": 400,
    "code_not_found": 404,
    "code_invalid": 400,
    "code_expired": 409,
    "code_used": 409,
    "code_exhausted": 409,
    "invite_unknown": 400,
    "invite_own": 400,
    "invite_mutual": 409,
    "invite_already_activated": 409,
    "invite_expired": 409,
    "invite_exhausted": 409,
    "account_disabled": 403,
    "rate_limited": 429,
}


@dataclass(frozen=True)
class Rules:
    """The settings in force, without their prefix."""

    code_length: int
    code_lifetime: dt.timedelta
    code_attempts: int
    resend_cooldown: dt.timedelta
    resend_cooldown_max: dt.timedelta
    phone_messages_per_hour: int
    phone_messages_per_day: int
    address_messages_per_hour: int | None
    address_messages_per_day: int | None
    address_failures_per_hour: int | None
    block_messages_per_hour: int | None
    site_messages_per_hour: int | None
    site_messages_per_day: int | None
    invite_failures_per_hour: int | None
    phone_failure_lengths: dict[int, int]
    site_failure_lengths: dict[int, int]


@dataclass(frozen=True)
class Answer:
    """What is to be answered: a published code, and for a limit when to come back."""

    code: str
    come_back: dt.datetime | None = None
    #: What became of the invite code that was brought along, "" if there was none.
    invite: str = ""


@dataclass(eq=False)
class Person:
    """A phone's user."""

    phone: str
    active: bool = True
    activated: Invite | None = None
    #: Given by the server, and the same ever after.
    id: str = ""
    token: str = ""
    code: str = ""


@dataclass(eq=False)
class Invite:
    """A person's own invite code, or a campaign's."""

    owner: Person | None = None
    code: str = ""
    most: int | None = None
    expires: dt.datetime | None = None
    revoked: bool = False
    #: Who activated it, in their order; whoever was deleted is counted still.
    by: list[Person] = field(default_factory=list)


@dataclass(eq=False)
class Code:
    """A code that was sent."""

    phone: str
    #: The browser's session or the API client that asked for it; nobody else can enter a page's.
    client: object
    sent_at: dt.datetime
    lengths: range
    invite: str
    attempts: int = 0
    used: bool = False
    ended: bool = False
    #: As the phone received it, and where it is entered.
    digits: str = ""
    url: str = ""

    @property
    def length(self) -> int:
        return len(self.digits)


@dataclass(eq=False)
class Session:
    """What a browser's cookie stands for on the server; a logout begins another."""

    pending: Code | None = None
    person: Person | None = None


@dataclass(frozen=True)
class Failure:
    """A guess from ``network`` that was wrong, or malformed and then without a phone."""

    at: dt.datetime
    network: str
    phone: str | None


@dataclass
class Model:
    """Everything that happened, and what is to be answered next."""

    rules: Rules
    now: dt.datetime
    codes: list[Code] = field(default_factory=list)
    senders: list[str] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    people: dict[str, Person] = field(default_factory=dict)
    invites: list[Invite] = field(default_factory=list)
    invite_failures: list[tuple[Person, dt.datetime]] = field(default_factory=list)
    activations: int = 0

    # Asking

    def ask(self, *, phone: str, address: str, client: object, invite: str = "") -> Answer:
        """Ask for a code; ``client`` is a :class:`Session`, or what the API tells clients apart by."""
        come_back = max(self.message_ends(phone, address))
        if come_back > self.now:
            return Answer("rate_limited", come_back)
        code = Code(phone, client, self.now, self.next_lengths(phone), invite)
        others = [other for other in self.codes if other.phone == phone]
        for other in self.codes:
            if other.client == client or other in others[:-1]:
                other.ended = True
        self.codes.append(code)
        self.senders.append(network_of(address))
        if isinstance(client, Session):
            client.pending = code
        return Answer("sent")

    def message_ends(self, phone: str, address: str) -> list[dt.datetime]:
        """Return when each limit of messages lets the next one pass."""
        rules, everybodys = self.rules, [code.sent_at for code in self.codes]
        block = [code.sent_at for code in self.codes if code.phone[:-3] == phone[:-3]]
        address_s = [
            code.sent_at
            for code, network in zip(self.codes, self.senders, strict=True)
            if network == network_of(address)
        ]
        return [
            self.resend_at(phone),
            end_of_window(block, rules.block_messages_per_hour, HOUR),
            end_of_window(address_s, rules.address_messages_per_hour, HOUR),
            end_of_window(address_s, rules.address_messages_per_day, DAY),
            end_of_window(everybodys, rules.site_messages_per_hour, HOUR),
            end_of_window(everybodys, rules.site_messages_per_day, DAY),
        ]

    def resend_at(self, phone: str) -> dt.datetime:
        """Return when the limits of the phone itself let its next message pass."""
        times = [code.sent_at for code in self.codes if code.phone == phone]
        if not times:
            return LONG_AGO
        recent = sum(at > times[-1] - DAY for at in times)
        pause = self.rules.resend_cooldown * 2 ** (recent - 1)
        return max(
            times[-1] + min(pause, self.rules.resend_cooldown_max),
            end_of_window(times, self.rules.phone_messages_per_hour, HOUR),
            end_of_window(times, self.rules.phone_messages_per_day, DAY),
        )

    def next_lengths(self, phone: str) -> range:
        """Return the digits that the next code may have."""
        on_phone = [failure.at for failure in self.failures if failure.phone == phone]
        on_site = [failure.at for failure in self.failures if failure.phone is not None]
        by_phone = steps(self.rules.phone_failure_lengths, on_phone, self.now, 30 * DAY)
        by_site = steps(self.rules.site_failure_lengths, on_site, self.now, DAY)
        least = max(self.rules.code_length, by_phone[0], by_site[0])
        return range(least, max(least, by_phone[1], by_site[1]) + 1)

    # Entering

    def enter(self, code: Code, guess: str, address: str) -> Answer:
        """Enter a guess at a code, where it may be entered."""
        malformed = not (guess.isascii() and guess.isdecimal() and len(guess) == code.length)
        over = self.why_over(code)
        if over and not malformed:
            return Answer(over)
        come_back = self.guesses_end(address)
        if come_back > self.now:
            return Answer("rate_limited", come_back)
        if malformed:
            self.failures.append(Failure(self.now, network_of(address), None))
            return Answer("code_malformed")
        code.attempts += 1
        if guess != code.digits:
            self.failures.append(Failure(self.now, network_of(address), code.phone))
            return Answer("code_invalid", self.resend_at(code.phone))
        return self._log_in(code)

    def guesses_end(self, address: str) -> dt.datetime:
        """Return when the next guess from an address is evaluated."""
        network = network_of(address)
        failed = [failure.at for failure in self.failures if failure.network == network]
        return end_of_window(failed, self.rules.address_failures_per_hour, HOUR)

    def why_over(self, code: Code) -> str:
        """Return the refusal of a code that is over, "" of one that lives."""
        if code.used:
            return "code_used"
        if code.attempts >= self.rules.code_attempts:
            return "code_exhausted"
        if code.ended or self.now >= code.sent_at + self.rules.code_lifetime:
            return "code_expired"
        return ""

    def attempts_left(self, code: Code) -> int:
        """Return how many guesses are evaluated yet."""
        return self.rules.code_attempts - code.attempts

    def _log_in(self, code: Code) -> Answer:
        person = self.people.get(code.phone)
        if person is not None and not person.active:
            code.ended = True
            return Answer("account_disabled")
        code.used = True
        brought = ""
        if person is None:
            person = self.people[code.phone] = Person(code.phone)
            self.invites.append(Invite(person))
            if code.invite:
                brought = self.activate(person, code.invite).code
        return Answer("logged_in", invite=brought)

    # Invites

    def activate(self, person: Person, text: str) -> Answer:
        """Activate an invite code."""
        if person.activated:
            return Answer("invite_already_activated")
        failed = [at for who, at in self.invite_failures if who is person]
        come_back = end_of_window(failed, self.rules.invite_failures_per_hour, HOUR)
        invite = self.find_invite(text)
        if invite is not None and invite.owner is person:
            return Answer("invite_own")
        if come_back > self.now:
            return Answer("rate_limited", come_back)
        if invite is None:
            self.invite_failures.append((person, self.now))
            return Answer("invite_unknown")
        refusal = self._why_not(invite, person)
        if refusal:
            return Answer(refusal)
        person.activated = invite
        invite.by.append(person)
        self.activations += 1
        return Answer("activated")

    def find_invite(self, text: str) -> Invite | None:
        """Return the invite code that ``text`` means to whoever enters it."""
        for invite in self.invites:
            owner_is_in = invite.owner is None or invite.owner.active
            if invite.code.upper() == text.strip().upper() and not invite.revoked and owner_is_in:
                return invite
        return None

    def _why_not(self, invite: Invite, person: Person) -> str:
        if invite.most is not None and len(invite.by) >= invite.most:
            return "invite_exhausted"
        if invite.expires is not None and self.now >= invite.expires:
            return "invite_expired"
        theirs = invite.owner and invite.owner.activated
        return "invite_mutual" if theirs and theirs.owner is person else ""

    def invite_of(self, person: Person) -> Invite:
        """Return a person's own invite code."""
        return next(invite for invite in self.invites if invite.owner is person)

    def shown_invitees(self, person: Person) -> list[Person]:
        """Return whom an inviter sees, newest first."""
        there = [who for who in self.invite_of(person).by if self.people.get(who.phone) is who]
        return there[::-1]

    # People

    def delete(self, person: Person) -> None:
        """Delete a user; the own invite code goes too, what it activated stays."""
        del self.people[person.phone]
        self.invites.remove(self.invite_of(person))

    def signed_in(self, session: Session) -> Person | None:
        """Return whose pages a session opens."""
        person = session.person
        known = person is not None and self.people.get(person.phone) is person and person.active
        return person if known else None


def end_of_window(times: Iterable[dt.datetime], limit: int | None, length: Any) -> dt.datetime:
    """Return when one more fits into any window of ``length``."""
    last = sorted(times)[-limit:] if limit is not None else []
    return last[0] + length if limit is not None and len(last) == limit else LONG_AGO


def since(times: Iterable[dt.datetime], start: dt.datetime) -> int:
    """Return how many are after ``start``."""
    return sum(at > start for at in times)


def steps(
    lengths: dict[int, int], times: list[dt.datetime], now: dt.datetime, life: dt.timedelta
) -> tuple[int, int]:
    """Return the least and the most digits after failures at ``times``.

    The two differ only after a flood: what comes on top of the most that counts may be forgotten a
    hundredth of ``life`` early.
    """
    part = life / 100
    flood = any(
        sum(at <= other < at + part for other in times) > max(lengths, default=0) for at in times
    )
    most = step(lengths, since(times, now - life))
    return step(lengths, since(times, now - life + part)) if flood else most, most


def step(lengths: dict[int, int], failures: int) -> int:
    """Return the digits after so many failures."""
    return max((digits for bound, digits in lengths.items() if bound <= failures), default=0)


def network_of(address: str) -> str:
    """Return who counts as one: an IPv4 address, the /64 of an IPv6 one."""
    parsed = ipaddress.ip_address(address)
    return address if parsed.version == 4 else parsed.exploded[:19]
