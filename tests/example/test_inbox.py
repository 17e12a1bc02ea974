"""The phone page reads whatever stands in the file of the messages."""

from __future__ import annotations

import json
import time

import pytest

from example import inbox


def line(text="0123 is your code.", **changes):
    sent = {"phone": "+79096869722", "text": text, "sent_at": "2026-01-02T03:04:05+00:00"}
    return json.dumps({**sent, **changes}).encode()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "messages.jsonl"


def test_without_a_file_there_is_no_message(path):
    assert inbox.read_newest(path) == []


def test_the_newest_message_comes_first_and_only_so_many_are_shown(path):
    path.write_bytes(b"\n".join(line(str(number)) for number in range(inbox.MOST + 5)) + b"\n")
    shown = [int(message.text) for message in inbox.read_newest(path)]
    assert shown == list(range(inbox.MOST + 4, 4, -1))


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param(b"", id="empty"),
        pytest.param(line()[:40], id="torn"),
        pytest.param(line()[40:], id="its end"),
        pytest.param(b"\0" * 50, id="NUL"),
        pytest.param(line("\xe9").replace(b"\\u00e9", b"\xe9"), id="bad UTF-8"),
        pytest.param(line("\ud800"), id="half a surrogate pair"),
        pytest.param(b"[" * 60_000, id="deep"),
        pytest.param(b"1" * 60_000, id="long number"),
        pytest.param(b"NaN", id="NaN"),
        pytest.param(b"[]", id="list"),
        pytest.param(b"null", id="null"),
        pytest.param(b'"phone"', id="string"),
        pytest.param(b"{}", id="no key"),
        pytest.param(line(phone=None), id="no phone"),
        pytest.param(line(text=["x"]), id="list for a text"),
        pytest.param(line(text=1, phone=2), id="numbers"),
        pytest.param(line(sent_at=None), id="no time"),
        pytest.param(line(sent_at="yesterday"), id="words for a time"),
        pytest.param(line(sent_at="2026-02-31T00:00:00+00:00"), id="no such day"),
        pytest.param(line(sent_at="0001-01-01T00:00:00+23:00"), id="before all time"),
    ],
)
def test_a_line_that_is_no_message_is_left_out(path, broken):
    path.write_bytes(b"\n".join([line("before"), broken, line("after")]))
    assert [message.text for message in inbox.read_newest(path)] == ["after", "before"]


def test_of_a_huge_file_only_the_end_is_read(path):
    with path.open("wb") as file:
        file.seek(5 * 1024**3)
        file.write(b"\n" + line("last") + b"\n")
    started = time.monotonic()
    assert [message.text for message in inbox.read_newest(path)] == ["last"]
    assert time.monotonic() - started < 1
