"""Open invitations become invite codes for one use, to which their links can lead."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.utils import timezone

from django_phone_invites.codes import fold_invite_code
from django_phone_invites.elsewhere import (
    ImportImpossible,
    InvitationReason,
    Report,
    code_of,
    import_invitations,
    invitations,
)
from django_phone_invites.exceptions import InviteExhausted
from django_phone_invites.models import InviteCode
from django_phone_invites.services import invites, upkeep
from django_phone_invites.testing import sign_up
from tests.users.models import Invitation

pytestmark = pytest.mark.django_db

DAY = dt.timedelta(days=1)


def invite(key: str = "k" * 64, **more: Any) -> Invitation:
    fields = {"key": key, "email": f"{key[-5:]}@a.invalid", "sent": timezone.now(), **more}
    return Invitation.objects.create(**fields)


def of(report: Report) -> tuple[int, int, dict[Any, list[Any]]]:
    return report.imported, report.already_there, report.skipped


def test_an_open_invitation_is_a_code_for_one_use_until_it_ends() -> None:
    invitation = invite()
    assert of(import_invitations()) == (1, 0, {})
    code = InviteCode.objects.get()
    assert code.code == code.folded == code_of(invitation.key)
    assert (code.owner, code.max_uses, code.uses) == (None, 1, 0)
    assert code.expires_at == invitation.sent + 3 * DAY
    assert code.label == f"Invitation {invitation.pk}"


def test_the_label_names_the_inviter(make_user: Any) -> None:
    user = make_user()
    invitation = invite(inviter=user)
    import_invitations()
    label = InviteCode.objects.get().label
    assert label.startswith(f"Invitation {invitation.pk}, by user ")
    # SQLite and MariaDB before 10.7 keep a UUID without its hyphens.
    assert label.rpartition(" ")[2].replace("-", "") == str(user.pk).replace("-", "")


def test_the_code_lets_one_in_and_no_second() -> None:
    invitation = invite()
    import_invitations()
    code = code_of(invitation.key)
    invites.activate_invite(user=sign_up("+79096869722"), code=code.lower())
    with pytest.raises(InviteExhausted):
        invites.activate_invite(user=sign_up("+79096869723"), code=code)
    assert list(upkeep.find_broken()) == []


def test_the_code_of_a_key_is_always_the_same() -> None:
    # In links that were sent: a change here ends them.
    assert code_of("k" * 64) == "UDADQMV9S898H9RZ"
    assert code_of("K" * 64) != code_of("k" * 64)
    assert fold_invite_code(code_of("")) == code_of("")


def test_running_it_again_doubles_nothing_and_changes_nothing() -> None:
    invite()
    import_invitations()
    InviteCode.objects.update(revoked_at=timezone.now(), label="Ours")
    before = list(InviteCode.objects.values())
    assert of(import_invitations()) == (0, 1, {})
    assert list(InviteCode.objects.values()) == before


def test_what_is_not_open_stays_behind() -> None:
    invite("a" * 64, accepted=True)
    unsent = invite("b" * 64, sent=None)
    expired = invite("c" * 64, sent=timezone.now() - 3 * DAY)
    invite("d" * 64, sent=timezone.now() - 3 * DAY + dt.timedelta(minutes=1))
    reasons = {InvitationReason.UNSENT: [unsent.pk], InvitationReason.EXPIRED: [expired.pk]}
    assert of(import_invitations()) == (1, 0, reasons)


def test_the_site_s_own_expiry_counts(settings: Any) -> None:
    settings.INVITATIONS_INVITATION_EXPIRY = 10
    invitation = invite(sent=timezone.now() - 9 * DAY)
    assert import_invitations().imported == 1
    assert InviteCode.objects.get().expires_at == invitation.sent + 10 * DAY


def test_a_dry_run_says_the_same_and_changes_nothing() -> None:
    invite()
    invite("a" * 64, sent=None)
    dry = of(import_invitations(dry_run=True))
    assert not InviteCode.objects.exists()
    assert of(import_invitations()) == dry


def test_many_come_in_batches(monkeypatch: Any) -> None:
    monkeypatch.setattr(invitations, "BATCH", 2)
    for number in range(5):
        invite(f"{number:064}")
    said: list[str] = []
    assert import_invitations(say=said.append).imported == 5
    assert said == [f"{done} of 5 invitations so far ..." for done in (2, 4, 5)]


def test_a_code_that_was_made_at_the_same_moment_is_there(monkeypatch: Any) -> None:
    invite()
    write = invitations._write

    def delayed(wanted: list[InviteCode]) -> int:
        assert write(wanted) == 0
        return write(wanted)

    monkeypatch.setattr(invitations, "_write", delayed)
    assert of(import_invitations()) == (0, 1, {})
    assert InviteCode.objects.count() == 1


def test_a_table_that_is_not_there_is_said(monkeypatch: Any) -> None:
    monkeypatch.setattr(invitations.Invitation._meta, "db_table", "nowhere")
    with pytest.raises(ImportImpossible, match="There is no table nowhere"):
        import_invitations()


def test_four_imports_at_once_double_nothing(in_parallel: Any) -> None:
    for number in range(30):
        invite(f"{number:064}")
    reports = in_parallel([import_invitations] * 4)
    assert sum(report.imported for report in reports) == 30
    assert {report.imported + report.already_there for report in reports} == {30}
    assert InviteCode.objects.count() == 30
