"""``phone_invites_pause`` is the kill switch for whoever has a shell."""

from __future__ import annotations

import datetime as dt
import io
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from django_phone_invites.models import NOTE_MAX_LENGTH, SendingPause
from django_phone_invites.services import pauses

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 6, 1, 12, tzinfo=dt.timezone.utc)


@pytest.fixture(autouse=True)
def _stopped_clock(time_machine: Any) -> None:
    time_machine.move_to(NOW, tick=False)


def run(*args: str) -> tuple[list[str], list[str]]:
    out, err = io.StringIO(), io.StringIO()
    call_command("phone_invites_pause", *args, stdout=out, stderr=err)
    return out.getvalue().splitlines(), err.getvalue().splitlines()


def paused() -> list[str]:
    return [row.region for row in pauses.in_force()]


def test_regions_are_paused_in_either_case() -> None:
    assert run("RU", "kz", "--note", "dear") == (["RU: paused.", "KZ: paused."], [])
    assert paused() == ["KZ", "RU"]
    assert {(row.reason, row.note) for row in pauses.in_force()} == {("manual", "dear")}


def test_everything_is_paused() -> None:
    assert run("--everywhere") == (["everywhere: paused."], [])
    assert paused() == [pauses.EVERYWHERE]


def test_a_pause_in_force_is_shown_and_left_alone() -> None:
    pauses.pause(region="RU", note="dear", reason=SendingPause.Reason.ALERT)
    assert run("RU", "--note", "other") == (
        ["Paused already: RU, since 2026-06-01 12:00:00 UTC, alert: dear"],
        [],
    )
    assert SendingPause.objects.get().note == "dear"


def test_pauses_are_lifted() -> None:
    run("RU", "KZ")
    assert run("RU", "UZ", "--lift") == (["RU: lifted.", "UZ: was not paused."], [])
    assert paused() == ["KZ"]


def test_everywhere_is_lifted_alone() -> None:
    run("RU")
    run("--everywhere")
    assert run("--everywhere", "--lift") == (["everywhere: lifted."], [])
    assert paused() == ["RU"]


def test_a_region_that_is_lifted_below_a_pause_of_everything_stays_paused() -> None:
    run("--everywhere")
    told = "Sending is still paused everywhere."
    assert run("RU", "--lift") == (["RU: was not paused."], [told])


def test_what_is_in_force_is_listed() -> None:
    assert run("--list") == (["Nothing is paused."], [])
    run("RU", "--note", "dear")
    run("--everywhere")
    run("KZ")
    run("KZ", "--lift")
    assert run("--list")[0] == [
        "everywhere, since 2026-06-01 12:00:00 UTC, manual",
        "RU, since 2026-06-01 12:00:00 UTC, manual: dear",
    ]


def test_a_region_that_no_code_is_sent_to_is_named(settings: Any) -> None:
    settings.PHONE_INVITES_REGIONS = ["RU"]
    assert run("RU", "UZ") == (
        ["RU: paused.", "UZ: paused."],
        ["Codes are never sent to UZ: see PHONE_INVITES_REGIONS."],
    )
    assert run("RU", "--lift")[1] == []


@pytest.mark.parametrize(("value", "names"), [(True, "everywhere"), (["RU", "KZ"], "KZ, RU")])
def test_what_the_setting_pauses_is_said_each_time(value: Any, names: str, settings: Any) -> None:
    settings.PHONE_INVITES_PAUSED = value
    said = [f"PHONE_INVITES_PAUSED pauses in the settings: {names}."]
    assert run("RU", "--lift") == (["RU: was not paused."], said)
    assert run("--list") == (["Nothing is paused."], said)


@pytest.mark.parametrize("region", ["UK", "RUS", "001", "7", "", "Р\u0423"])
def test_an_unknown_region_is_refused_and_nothing_is_paused(region: str) -> None:
    with pytest.raises(CommandError, match="there is no region"):
        run("RU", region)
    assert paused() == []


@pytest.mark.parametrize(
    "args",
    [[], ["--lift"], ["RU", "--everywhere"], ["RU", "--list"], ["--everywhere", "--list"]],
)
def test_what_is_meant_must_be_said(args: list[str]) -> None:
    with pytest.raises(CommandError, match="either regions, or --everywhere, or --list"):
        run(*args)
    assert paused() == []


def test_a_note_has_its_bound() -> None:
    run("RU", "--note", "x" * NOTE_MAX_LENGTH)
    with pytest.raises(CommandError, match="Give 200 characters at most"):
        run("KZ", "--note", "x" * (NOTE_MAX_LENGTH + 1))
    assert paused() == ["RU"]
