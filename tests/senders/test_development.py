"""The senders that show codes on the server: what they show, and where."""

from __future__ import annotations

import datetime as dt
import json
import os
import time
from pathlib import Path
from typing import Any

import pytest

from django_phone_invites.senders import DeliveryState, Message, Receipt, Sender
from django_phone_invites.senders.console import ConsoleSender
from django_phone_invites.senders.file import FileSender
from django_phone_invites.senders.imitation import ImitationSender
from django_phone_invites.senders.memory import MemorySender, outbox

MESSAGE = Message(
    phone="+79096869722",
    code="012345",
    purpose="login",
    locale="ru",
    lifetime=300,
    text="012345 — код.\n\n@example.com #012345",
)


@pytest.mark.parametrize("kind", [ConsoleSender, FileSender, ImitationSender, MemorySender])
def test_senders_that_show_codes_say_so(kind: type[Sender]) -> None:
    assert kind.development is True


def test_the_console_shows_phone_and_code_on_one_line_and_then_the_text(capsys: Any) -> None:
    assert ConsoleSender().send(MESSAGE) == Receipt()
    assert capsys.readouterr().out == f"+79096869722 012345\n{MESSAGE.text}\n"


def test_the_outbox_keeps_messages_in_order() -> None:
    sender = MemorySender()
    assert sender.send(MESSAGE).message_id == "1"
    assert sender.send(MESSAGE).message_id == "2"
    assert outbox == [MESSAGE, MESSAGE]


def test_a_file_gets_one_line_of_json_for_each_message(tmp_path: Path, time_machine: Any) -> None:
    time_machine.move_to(dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.timezone.utc), tick=False)
    sender = FileSender(path=tmp_path / "sent.jsonl")
    sender.send(MESSAGE)
    assert sender.send(MESSAGE) == Receipt()
    lines = (tmp_path / "sent.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line) for line in lines] == [
        {
            "sent_at": "2026-01-02T03:04:05+00:00",
            "phone": "+79096869722",
            "code": "012345",
            "text": MESSAGE.text,
        }
    ] * 2
    assert "код" in lines[0]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
@pytest.mark.parametrize("umask", [0o000, 0o022])
def test_a_file_of_codes_is_for_its_owner_alone(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        FileSender(path=tmp_path / "sent.jsonl").send(MESSAGE)
        ImitationSender(delay=(0, 0), path=tmp_path / "imitated.jsonl").send(MESSAGE)
    finally:
        os.umask(before)
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_a_file_that_was_there_keeps_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "sent.jsonl"
    path.touch()
    path.chmod(0o640)
    FileSender(path=path).send(MESSAGE)
    assert path.stat().st_mode & 0o777 == 0o640


def test_a_missing_folder_is_found_by_the_check(tmp_path: Path) -> None:
    (found,) = FileSender(path=tmp_path / "none" / "sent.jsonl").check()
    assert found.is_serious()
    assert str(tmp_path / "none") in found.msg
    (again,) = ImitationSender(path=tmp_path / "none" / "sent.jsonl").check()
    assert again.msg == found.msg


def test_the_imitation_prints_phone_and_code_on_one_line(capsys: Any) -> None:
    sender = ImitationSender(delay=(0, 0))
    assert sender.check() == []
    receipt = sender.send(MESSAGE)
    assert capsys.readouterr().out == "SMS to +79096869722: 012345\n"
    assert receipt.message_id.startswith("imitation-")
    assert receipt.state is DeliveryState.SENT


def test_the_imitation_gives_each_message_an_id_of_its_own() -> None:
    sender = ImitationSender(delay=(0.001, 0.001))
    assert sender.send(MESSAGE).message_id != sender.send(MESSAGE).message_id


def test_the_imitation_waits_as_long_as_it_was_told() -> None:
    started = time.monotonic()
    ImitationSender(delay=(0.05, 0.06)).send(MESSAGE)
    assert time.monotonic() - started >= 0.05


def test_a_provider_takes_one_to_two_seconds_by_default() -> None:
    assert ImitationSender().delay == (1.0, 2.0)
    assert ImitationSender().file is None


def test_the_imitation_writes_to_its_file_as_well(tmp_path: Path) -> None:
    sender = ImitationSender(delay=(0, 0), path=tmp_path / "sent.jsonl")
    sender.send(MESSAGE)
    line = (tmp_path / "sent.jsonl").read_text(encoding="utf-8")
    assert json.loads(line)["code"] == "012345"
