"""The example's Russian catalogue is complete and compiled."""

from __future__ import annotations

import gettext
import re

import pytest

from tests.example.conftest import EXAMPLE
from tests.test_locale import read_po

APP = EXAMPLE / "example"
CATALOGUE = APP / "locale" / "ru" / "LC_MESSAGES" / "django.po"


@pytest.fixture(scope="module")
def entries():
    return read_po(CATALOGUE)[1:]


def template_msgids():
    """Return the texts of the example's templates."""
    found = set()
    for path in (APP / "templates").rglob("*.html"):
        text = path.read_text("utf-8")
        found |= {match[1] for match in re.findall(r"{% translate ([\"'])(.+?)\1", text)}
        for block in re.findall(r"{% blocktranslate trimmed[^%]* %}(.*?){% end", text, re.DOTALL):
            trimmed = " ".join(line.strip() for line in block.strip().splitlines())
            found.add(re.sub(r"{{ (\w+) }}", r"%(\1)s", trimmed))
    return found


def test_every_text_of_the_example_is_in_the_catalogue_and_no_other(entries):
    assert {entry.msgid for entry in entries} == template_msgids()


def test_every_text_is_translated(entries):
    for entry in entries:
        assert all(text.strip() for text in entry.texts), entry.msgid
        assert "fuzzy" not in entry.flags, entry.msgid


def test_the_compiled_catalogue_is_the_one_that_is_written(entries):
    with CATALOGUE.with_suffix(".mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)
    assert {entry.msgid: compiled.gettext(entry.msgid) for entry in entries} == {
        entry.msgid: entry.texts[0] for entry in entries
    }
