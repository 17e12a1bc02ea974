"""``python -m tests.attack.report``: run the attacks and publish what they found.

It runs tests/attack over the database that ``DATABASE_URL`` names (for SQLite also
``SQLITE_TEST_FILE``), with ``ATTACK_ROUNDS`` and ``ATTACK_KILLS``, and replaces this database's table in
docs/explanation/guarantees.md. Nothing is published unless every attack passed.
"""

from __future__ import annotations

import datetime as dt
import os
import platform
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/explanation/guarantees.md"

#: How a site is run, and the heading of its column.
COLUMNS = {
    ("True", "default"): "on, default",
    ("True", "repeatable read"): "on, repeatable read",
    ("False", "default"): "off, default",
    ("False", "repeatable read"): "off, repeatable read",
}


#: Where a guarantee is the same in a column: counters in Redis are in no transaction.
NOT_RUN = "–"
#: Of a guarantee that is attacked once more with its counters there.
IN_REDIS = " (counters in Redis)"


@dataclass(frozen=True)
class Found:
    """The figures of one test."""

    guarantee: str
    limit: str
    atomic_requests: str
    isolation: str
    rounds: int
    requests: int
    server_errors: int
    unavailable: int
    found: int

    @property
    def allowed(self) -> int:
        """How much may be let through, and must be, over all rounds."""
        return self.rounds * sum(int(number) for number in re.findall(r"\d+", self.limit))


def read_figures(report: Path) -> list[Found]:
    """Return the figures out of what ``--junit-xml`` wrote, in the order of the tests."""
    figures = []
    for case in ET.parse(report).iter("testcase"):  # noqa: S314 - pytest wrote it a moment ago
        values = {one.get("name"): one.get("value", "") for one in case.iter("property")}
        if "guarantee" in values:
            numbers = ("rounds", "requests", "server_errors", "unavailable", "found")
            figures.append(Found(**{**values, **{name: int(values[name]) for name in numbers}}))
    return figures


def table(figures: Iterable[Found]) -> list[str]:
    """Return the lines of the table: a row for each guarantee, a column for each way to run a site."""
    rows: dict[tuple[str, str], dict[tuple[str, str], Found]] = {}
    for one in figures:
        row = rows.setdefault((one.guarantee, one.limit), {})
        row[one.atomic_requests, one.isolation] = one
    columns = [key for key in COLUMNS if any(key in row for row in rows.values())]
    heads = ["guarantee", "let through in a round", "rounds", "must be"]
    heads += [COLUMNS[key] for key in columns] + ["requests", "5xx"]
    lines = [_line(heads), _line(["---"] * len(heads))]
    for (guarantee, limit), row in rows.items():
        first = next(iter(row.values()))
        cells = [guarantee, limit, str(first.rounds), str(first.allowed)]
        cells += [str(row[key].found) if key in row else NOT_RUN for key in columns]
        cells.append(str(sum(one.requests for one in row.values())))
        cells.append(str(sum(one.server_errors + one.unavailable for one in row.values())))
        lines.append(_line(cells))
    return lines


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def publish(vendor: str, heading: str, lines: list[str]) -> None:
    """Replace the section of one database in the page."""
    begin, end = f"<!-- figures: {vendor} -->\n", "<!-- end -->\n"
    before, found, rest = PAGE.read_text("utf-8").partition(begin)
    assert found, f"The page has no place for {vendor}."
    after = rest.partition(end)[2]
    content = "\n".join(["", heading, "", *lines, "", ""])
    PAGE.write_text(f"{before}{begin}{content}{end}{after}", "utf-8")


def describe_run(figures: list[Found]) -> tuple[str, str]:
    """Return the database's vendor, and a sentence on what was run with what."""
    import django
    from django.conf import settings
    from django.db import connection

    django.setup()
    settings.DATABASES["default"].pop("TEST", None)
    with connection.cursor() as cursor:
        vendor = connection.vendor
        cursor.execute("SELECT sqlite_version()" if vendor == "sqlite" else "SELECT version()")
        version = cursor.fetchone()[0]
    number = re.search(r"\d+\.\d+(\.\d+)?", version)
    rounds = max(one.rounds for one in figures)
    requests = sum(one.requests for one in figures)
    return vendor, (
        f"{connection.display_name} {number and number[0]}, Python {platform.python_version()},"
        f" Django {django.__version__}, {dt.datetime.now(dt.timezone.utc):%Y-%m-%d}:"
        f" {requests} requests, up to {rounds} rounds. Of the 5xx,"
        f" {sum(one.unavailable for one in figures)} were the documented 503."
    )


def main() -> None:
    """Run the attacks and publish their figures."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        # Without the test of the page, which is about to be written.
        command = [
            sys.executable, "-m", "pytest", "tests/attack", "--ignore=tests/attack/test_report.py",
            "-q", f"--junit-xml={report}", "-o", "junit_family=xunit1",
        ]  # fmt: skip
        subprocess.run([*command, *sys.argv[1:]], cwd=ROOT, check=True)
        figures = read_figures(report)
    assert all(one.found == one.allowed for one in figures)
    vendor, heading = describe_run(figures)
    publish(vendor, heading, table(figures))


if __name__ == "__main__":
    main()
