"""Read what the documentation says."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest
from django.conf import settings

import django_phone_invites

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
README = ROOT / "README.md"
PAGES = sorted(path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md"))
SOURCE = Path(django_phone_invites.__file__).parent

needs_drf = pytest.mark.skipif(not settings.HAS_DRF, reason="REST framework is not installed")


@dataclasses.dataclass(frozen=True)
class Block:
    """A fenced block, with the HTML comments right above it."""

    marks: tuple[str, ...]
    language: str
    text: str


FENCE = re.compile(
    r"^(?P<marks>(?:<!-- [^\n]+ -->\n)*)```(?P<language>[\w+-]+)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)


def read_blocks(path: Path) -> list[Block]:
    return [
        Block(tuple(re.findall(r"<!-- (.+) -->", found["marks"])), found["language"], found["text"])
        for found in FENCE.finditer(path.read_text("utf-8"))
    ]


def read_table(page: str, name: str) -> list[list[str]]:
    """Return the cells of the table below ``<!-- table: name -->``, without its heading."""
    text = (DOCS / page).read_text("utf-8")
    _, found, rest = text.partition(f"<!-- table: {name} -->\n")
    assert found, f"{page} has no table {name!r}"
    lines = rest.split("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def read_definitions(page: str) -> list[tuple[str, str]]:
    """Return the terms of a page, without their backquotes, and what is said of them."""
    text = (DOCS / page).read_text("utf-8")
    return re.findall(r"^`([^`\n]+)`\n: (.+(?:\n  .+)*)", text, re.MULTILINE)


def names(cell: str) -> list[str]:
    return re.findall(r"`([^`]*)`", cell)


def name(cell: str) -> str:
    (found,) = names(cell)
    return found


def section(path: Path, heading: str) -> str:
    (found,) = re.findall(
        rf"^## {heading}\n(.*?)(?=^## )", path.read_text("utf-8"), re.MULTILINE | re.DOTALL
    )
    return str(found)
