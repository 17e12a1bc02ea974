"""The site's gate is asked before anything is counted or sent."""

from __future__ import annotations

from typing import Any

import pytest

from django_phone_invites.exceptions import GateRefused, Unavailable
from django_phone_invites.models import LimitCounter, LoginCode
from django_phone_invites.senders.memory import outbox
from django_phone_invites.services.gate import Passage, require_passage

pytestmark = pytest.mark.django_db

PHONE = "+79096869722"
asked: list[Passage] = []


def pass_all(passage: Passage) -> bool:
    asked.append(passage)
    return True


def refuse_all(passage: Passage) -> bool:
    return False


def refuse_in_words(passage: Passage) -> bool:
    raise GateRefused("Solve the puzzle.")


def fail(passage: Passage) -> bool:
    raise OSError(f"no answer about {passage.phone} with {passage.submitted}")


@pytest.fixture
def gate(settings: Any) -> Any:
    asked.clear()

    def gate(function: Any) -> None:
        settings.PHONE_INVITES_GATE = f"{__name__}.{function.__name__}"

    return gate


def nothing_happened() -> bool:
    return not (LoginCode.objects.exists() or LimitCounter.objects.exists() or outbox)


def test_without_a_gate_everybody_passes(ask: Any) -> None:
    assert ask().row.pk


def test_the_gate_sees_the_request_and_lets_it_pass(ask: Any, gate: Any) -> None:
    gate(pass_all)
    ask("+7 (909) 686-97-22", address="203.0.113.7", submitted={"captcha": "right"})
    assert asked == [Passage(PHONE, "web", "203.0.113.7", {"captcha": "right"})]
    assert len(outbox) == 1


def test_a_passage_shows_neither_the_number_nor_what_was_submitted() -> None:
    passage = Passage(PHONE, "web", None, {"captcha": "s3cret"})
    assert PHONE not in repr(passage)
    assert "s3cret" not in repr(passage)


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (refuse_all, "No code was sent. Load the page again and try once more."),
        (refuse_in_words, "Solve the puzzle."),
    ],
)
def test_whoever_is_refused_is_neither_counted_nor_sent_a_message(
    ask: Any, gate: Any, function: Any, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    gate(function)
    with caplog.at_level("INFO"), pytest.raises(GateRefused) as refused:
        ask()
    assert caplog.messages == ["The gate refused a request for a code."]
    assert (refused.value.code, str(refused.value)) == ("gate_refused", words)
    assert nothing_happened()


def test_a_gate_that_fails_lets_nobody_through_and_tells_nothing(
    ask: Any, gate: Any, caplog: pytest.LogCaptureFixture
) -> None:
    gate(fail)
    with pytest.raises(Unavailable):
        ask(submitted={"captcha": "s3cret"})
    assert nothing_happened()
    assert [record.event for record in caplog.records] == ["gate_failed"]
    assert f"The gate failed: OSError in {__name__}, line " in caplog.text
    assert PHONE not in caplog.text
    assert "s3cret" not in caplog.text


def test_a_gate_that_cannot_be_imported_lets_nobody_through(settings: Any) -> None:
    settings.PHONE_INVITES_GATE = "nowhere.gate"
    with pytest.raises(Unavailable):
        require_passage(phone=PHONE, channel="web", address=None, submitted={})
