"""``skipped_tests.py REPORT``: what a run has skipped, by its JUnit report, as pytest takes it."""

from __future__ import annotations

import sys
from pathlib import Path
from xml.etree import ElementTree as ET


def skipped(report: str) -> set[str]:
    """Return the functions, with all their parameters if one was skipped, and whole files."""
    found = set()
    for case in ET.parse(report).iter("testcase"):  # noqa: S314 - pytest has just written it
        if case.find("skipped") is not None:
            name = case.get("name", "").partition("[")[0]
            # A file that skips itself has no class, and its module for a name.
            dotted = f"{case.get('classname', '')}.{name}".strip(".")
            found.add(_node(dotted.split(".")))
    return found


def _node(parts: list[str]) -> str:
    for end in range(len(parts), 0, -1):
        path = Path(*parts[:end]).with_suffix(".py")
        if path.exists():
            return "::".join([str(path), *parts[end:]])
    raise FileNotFoundError(".".join(parts))


if __name__ == "__main__":
    print(*sorted(skipped(sys.argv[1])), sep="\n")
