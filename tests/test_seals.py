"""Sealed text: nothing in the table tells it without the key, and it is had back with the key."""

from __future__ import annotations

import pytest

from django_phone_invites import seals

KEY = "u3j5v0t1b8q2m7x4c6z9n0k1h2g3f4d5"


@pytest.mark.parametrize("text", ["", "a", KEY, KEY * 2])
def test_what_was_sealed_is_had_back(text):
    assert list(seals.unseal(seals.seal(text))) == [text]


def test_sealed_text_looks_different_each_time_and_tells_nothing():
    once, again = seals.seal(KEY), seals.seal(KEY)
    assert once != again
    assert once[:32] != again[:32]
    assert KEY not in bytes.fromhex(once).decode("latin-1")


def test_all_of_a_long_text_is_sealed():
    sealed = bytes.fromhex(seals.seal("a" * 96))[16:]
    blocks = {sealed[:32], sealed[32:64], sealed[64:]}
    assert len(blocks) == 3


def test_it_is_had_back_after_the_key_changed_through_its_fallbacks(settings):
    sealed = seals.seal(KEY)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another", ["tests"]
    assert KEY in list(seals.unseal(sealed))


def test_without_the_key_there_is_nothing_that_a_database_could_not_look_up(settings):
    sealed = [seals.seal(KEY) for _ in range(50)]
    settings.SECRET_KEY = "another"
    found = [text for one in sealed for text in seals.unseal(one)]
    assert KEY not in found
    assert all(text.isascii() and text.isprintable() for text in found)
