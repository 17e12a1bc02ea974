"""What stands in several places agrees, links lead somewhere, and examples parse."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import pytest

import django_phone_invites
from tests.docs.markdown import (
    DOCS,
    FENCE,
    PAGES,
    README,
    ROOT,
    read_blocks,
    section,
)


def test_compatibility() -> None:
    project = (ROOT / "pyproject.toml").read_text("utf-8")
    rows = dict(
        re.findall(r"^\| (\w+) \| (.+) \|$", section(README, "Compatibility"), re.MULTILINE)
    )
    for what, classifier in (
        ("Python", "Programming Language :: Python"),
        ("Django", "Framework :: Django"),
    ):
        declared = re.findall(rf'"{classifier} :: (\d+\.\d+)"', project)
        assert rows[what].split(", ") == declared


def test_version() -> None:
    version = django_phone_invites.__version__
    assert f'\nversion = "{version}"\n' in (ROOT / "pyproject.toml").read_text("utf-8")
    assert f"\n## [{version}] - " in (ROOT / "CHANGELOG.md").read_text("utf-8")


def test_commands_of_the_readme() -> None:
    marked = [
        block for block in read_blocks(README) if block.marks[:1] and "command: " in block.marks[0]
    ]
    assert [block.marks for block in marked] == [("command: example",), ("command: test",)]
    project = (ROOT / "pyproject.toml").read_text("utf-8")
    for block in marked:
        assert len(block.text.splitlines()) == 1
        for extra in re.findall(r'"\.\[(\w+)\]"', block.text):
            assert f"\n{extra} = [" in project.partition("[project.optional-dependencies]")[2]
        for group in re.findall(r"--group (\w+)", block.text):
            assert f"\n{group} = [" in project.partition("[dependency-groups]")[2]


def anchors(path: Path) -> set[str]:
    """Return what a link to a heading may name, as GitHub and Sphinx make it."""
    text = FENCE.sub("", path.read_text("utf-8"))
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", found).lower().replace(" ", "-") for found in headings}


@pytest.mark.parametrize(
    "path",
    [
        README,
        ROOT / "CHANGELOG.md",
        ROOT / "CONTRIBUTING.md",
        ROOT / "SECURITY.md",
        *DOCS.rglob("*.md"),
    ],
    ids=lambda path: path.relative_to(ROOT).as_posix(),
)
def test_links_lead_somewhere(path: Path) -> None:
    text = FENCE.sub("", path.read_text("utf-8"))
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        if "://" in link:
            continue
        page, _, anchor = link.partition("#")
        target = (path.parent / page).resolve() if page else path
        # Pictures of the pages are taken from a running example.
        assert target.exists() or target.parent == DOCS / "images", link
        assert not anchor or anchor in anchors(target), link


def test_each_page_is_in_the_contents() -> None:
    listed = set(re.findall(r"^[\w/-]+$", (DOCS / "index.md").read_text("utf-8"), re.MULTILINE))
    index = (DOCS / "reference/providers/index.md").read_text("utf-8")
    providers = re.findall(r"^\w+$", index, re.MULTILINE)
    listed |= {f"reference/providers/{name}" for name in providers}
    assert {page.removesuffix(".md") for page in PAGES} == listed | {"index"}


@pytest.mark.parametrize("path", [README, *DOCS.rglob("*.md")], ids=lambda path: path.stem)
def test_examples_parse(path: Path) -> None:
    for block in read_blocks(path):
        if block.language == "python":
            ast.parse(block.text)
        elif block.language == "json":
            json.loads(block.text)
