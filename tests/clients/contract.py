"""The whole contract through a client that openapi-python-client made: ``contract.py URL-OF-THE-EXAMPLE``."""

from __future__ import annotations

import re
import sys
import uuid
from typing import TypeVar

import httpx
from phone_client import AuthenticatedClient, Client
from phone_client.api.login import (
    change_number,
    list_logins,
    log_out,
    request_code,
    request_number_code,
    undo_number,
    verify_code,
)
from phone_client.api.profile import (
    activate_invite,
    activate_invite_as_me,
    end_login,
    get_me,
    get_profile,
    list_invitees,
)
from phone_client.models import (
    ActivateInvite,
    Challenge,
    InviteePage,
    KnownLogins,
    Login,
    Number,
    NumberChallenge,
    Profile,
    Refusal,
    RequestChange,
    RequestCode,
    Undo,
    VerifyCode,
)

PHONE, NEW_PHONE, INVITER = "+79096869751", "+79096869752", "+79096869722"
SOMEBODY = "+79096869753"

T = TypeVar("T")


def expect(kind: type[T], answer: object) -> T:
    assert isinstance(answer, kind), answer
    return answer


def is_refused(answer: object, code: str) -> Refusal:
    refusal = expect(Refusal, answer)
    assert refusal.code == code, refusal
    return refusal


def read_code(url: str, phone: str) -> str:
    """Return the newest code that the example's page of messages shows."""
    return read_message(url, phone, r"(\d+) is (?:your|the) code")


def read_message(url: str, phone: str, part: str) -> str:
    """Return a part of the newest message to a phone."""
    page = httpx.get(f"{url}/phone/").text
    found = re.search(rf"{re.escape(phone)}</strong>.*?{part}", page, re.DOTALL)
    assert found, page
    return found[1]


def sign_in(url: str, phone: str) -> AuthenticatedClient:
    anonymous = Client(base_url=url)
    asked = request_code.sync(client=anonymous, body=RequestCode(phone=phone))
    if not isinstance(asked, Challenge):
        raise SystemExit(asked)

    code = read_code(url, phone)
    entered = verify_code.sync(asked.id, client=anonymous, body=VerifyCode(auth_number=code))
    if not isinstance(entered, Login):
        raise SystemExit(entered)

    return AuthenticatedClient(base_url=url, token=entered.token, prefix="Token")


def check_refusals_on_the_way(url: str) -> None:
    anonymous = Client(base_url=url)
    bad = is_refused(request_code.sync(client=anonymous, body=RequestCode(phone="12")), "invalid")
    assert bad.errors
    assert [error.code for error in bad.errors["phone"]] == ["phone_invalid"]

    missing = verify_code.sync_detailed(999999999, client=anonymous, body=VerifyCode(auth_number=1))
    assert missing.status_code == 404
    is_refused(missing.parsed, "code_not_found")

    stranger = AuthenticatedClient(base_url=url, token="nonsense", prefix="Token")
    nobody = get_me.sync_detailed(client=stranger)
    assert nobody.status_code == 401
    is_refused(nobody.parsed, "authentication_failed")


def check_codes(url: str, phone: str) -> AuthenticatedClient:
    """A wrong guess, a malformed one, the right one as an integer, and the same one again."""
    anonymous = Client(base_url=url)
    body, key = RequestCode(phone=phone), str(uuid.uuid4())
    answer = request_code.sync_detailed(client=anonymous, body=body, idempotency_key=key)
    again = request_code.sync(client=anonymous, body=body, idempotency_key=key)
    asked = expect(Challenge, answer.parsed)
    assert again == asked
    other = RequestCode(phone=phone, invite_code="TwXK36")
    reused = request_code.sync(client=anonymous, body=other, idempotency_key=key)
    is_refused(reused, "idempotency_key_reused")
    assert answer.status_code == 201
    assert answer.headers["Location"] == f"/api_user/auth/{asked.id}/"
    assert (asked.phone, asked.attempts_left) == (phone, 3)
    assert (asked.expires_at - asked.resend_at).total_seconds() == 240

    soon = request_code.sync_detailed(client=anonymous, body=RequestCode(phone=phone))
    assert is_refused(soon.parsed, "rate_limited").resend_at == asked.resend_at
    assert 0 < int(soon.headers["Retry-After"]) <= 60

    code = read_code(url, phone)

    def enter(guess: int | str) -> Login | Refusal | None:
        return verify_code.sync(asked.id, client=anonymous, body=VerifyCode(auth_number=guess))

    wrong = is_refused(enter(code[:-1] + str((int(code[-1]) + 1) % 10)), "code_invalid")
    assert wrong.attempts_left == 2
    malformed = is_refused(enter("８９１７"), "invalid")
    assert malformed.errors
    assert [error.code for error in malformed.errors["auth_number"]] == ["code_malformed"]
    entered = expect(Login, enter(int(code)))
    is_refused(enter(code), "code_used")

    client = AuthenticatedClient(base_url=url, token=entered.token, prefix="Token")
    own = expect(Profile, get_profile.sync(entered.id, client=client))
    assert (own.id, own.phone, own.stranger_invite_code) == (entered.id, phone, None)
    return client


def check_invites(newcomer: AuthenticatedClient, inviter: AuthenticatedClient) -> None:
    own = expect(Profile, get_me.sync(client=newcomer))
    theirs = expect(Profile, get_me.sync(client=inviter))

    def activate(code: str) -> ActivateInvite | Refusal | None:
        return activate_invite.sync(own.id, client=newcomer, body=ActivateInvite(code))

    is_refused(activate("zzzzzz"), "invite_unknown")
    is_refused(activate(own.invite_code), "invite_own")
    activated = expect(ActivateInvite, activate(theirs.invite_code))
    assert activated.stranger_invite_code == theirs.invite_code
    is_refused(activate(theirs.invite_code), "invite_already_activated")
    again = activate_invite_as_me.sync_detailed(
        client=newcomer, body=ActivateInvite(theirs.invite_code)
    )
    assert again.status_code == 409
    after = expect(Profile, get_me.sync(client=newcomer))
    assert after.stranger_invite_code == theirs.invite_code

    another = get_profile.sync_detailed(theirs.id, client=newcomer)
    assert another.status_code == 404
    is_refused(another.parsed, "not_found")


def check_invitees(inviter: AuthenticatedClient) -> None:
    own = expect(Profile, get_me.sync(client=inviter))
    page = expect(InviteePage, list_invitees.sync(own.id, client=inviter))
    assert page.invite_user == own.invite_user
    assert page.invite_user[0].phone == "+7(909)686-97-51"
    shown = len(page.invite_user)
    assert shown == 100
    while page.older_than:
        answer = list_invitees.sync(own.id, client=inviter, older_than=page.older_than)
        page = expect(InviteePage, answer)
        shown += len(page.invite_user)
    assert shown == own.invite_user_count == 104


def check_number(url: str, client: AuthenticatedClient) -> None:
    """Another number, and the way back, which ends all logins."""
    taken = request_number_code.sync(client=client, body=RequestChange(phone=NEW_PHONE))
    asked = expect(NumberChallenge, taken)
    assert (asked.phone, asked.attempts_left) == (NEW_PHONE, 3)
    guess = VerifyCode(auth_number=read_code(url, NEW_PHONE))
    changed = change_number.sync(asked.id, client=client, body=guess)
    assert expect(Number, changed).phone == NEW_PHONE
    assert expect(Profile, get_me.sync(client=client)).phone == NEW_PHONE

    undo = Undo(token=read_message(url, PHONE, "Undo it with ([0-9a-f]{32})"))
    assert undo_number.sync_detailed(client=Client(base_url=url), body=undo).status_code == 204
    is_refused(undo_number.sync(client=Client(base_url=url), body=undo), "undo_not_found")
    is_refused(get_me.sync(client=client), "authentication_failed")


def check_logins(client: AuthenticatedClient) -> None:
    known = expect(KnownLogins, list_logins.sync(client=client))
    (own,) = [login for login in known.logins if login.is_present]
    assert (own.kind, known.unknown) == ("token", [])
    nobodys = end_login.sync_detailed("0" * 32, client=client)
    assert nobodys.status_code == 404
    assert end_login.sync_detailed(own.id, client=client).status_code == 204
    is_refused(get_me.sync(client=client), "authentication_failed")


def check_logout(client: AuthenticatedClient) -> None:
    assert log_out.sync_detailed(client=client).status_code == 204
    is_refused(get_me.sync(client=client), "authentication_failed")


def main(url: str) -> None:
    check_refusals_on_the_way(url)
    newcomer = check_codes(url, PHONE)
    inviter = sign_in(url, INVITER)
    check_invites(newcomer, inviter)
    check_invitees(inviter)
    check_number(url, newcomer)
    check_logins(inviter)
    check_logout(sign_in(url, SOMEBODY))
    print("The contract holds.")


if __name__ == "__main__":
    main(sys.argv[1])
