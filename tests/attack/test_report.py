"""The page of the guarantees names what the attacks show, and its figures are whole."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from pathlib import Path

import pytest

from tests import attack
from tests.attack import report

DATABASES = ("postgresql", "mysql", "sqlite")


def guarantees() -> set[tuple[str, str]]:
    """Return the name and the limit of each guarantee that a test declares."""
    modules = [
        importlib.import_module(f"{attack.__name__}.{found.name}")
        for found in pkgutil.iter_modules(attack.__path__)
        if found.name.startswith("test_") and found.name != "test_report"
    ]
    return {
        (f"{mark.args[0]}{where}", mark.kwargs["limit"])
        for module in modules
        for where in (("", report.IN_REDIS) if hasattr(module, "counters_in") else ("",))
        for _, test in inspect.getmembers(module, inspect.isfunction)
        for mark in getattr(test, "pytestmark", [])
        if mark.name == "guarantee"
    }


def rows(database: str) -> list[list[str]]:
    _, _, rest = report.PAGE.read_text("utf-8").partition(f"<!-- figures: {database} -->\n")
    lines = rest.partition("<!-- end -->")[0].splitlines()
    return [line.strip("| ").split(" | ") for line in lines if line.startswith("| ")][2:]


@pytest.mark.parametrize("database", DATABASES)
def test_the_page_names_what_the_attacks_show(database: str) -> None:
    assert {(row[0], row[1]) for row in rows(database)} == guarantees()


@pytest.mark.parametrize("database", DATABASES)
def test_what_was_found_is_what_must_be(database: str) -> None:
    for _, limit, rounds, must_be, *found, requests, server_errors in rows(database):
        assert int(must_be) == int(rounds) * sum(map(int, re.findall(r"\d+", limit)))
        assert set(found) - {report.NOT_RUN} == {must_be}
        assert int(requests) > 0
        assert server_errors == "0"


def test_figures_are_read_and_published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    properties = {
        "guarantee": "Guesses", "limit": "20 messages, 5 guesses", "atomic_requests": "True",
        "isolation": "default", "rounds": 3, "requests": 150, "server_errors": 0, "unavailable": 0,
        "found": 75,
    }  # fmt: skip
    inner = "".join(f'<property name="{name}" value="{it}"/>' for name, it in properties.items())
    written = tmp_path / "report.xml"
    written.write_text(f"<s><testcase><properties>{inner}</properties></testcase><testcase/></s>")
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- figures: sqlite -->\nold\n<!-- end -->\nafter\n")
    monkeypatch.setattr(report, "PAGE", page)

    figures = report.read_figures(written)
    assert [one.allowed for one in figures] == [75]
    report.publish("sqlite", "heading", report.table(figures))
    assert page.read_text() == (
        "before\n<!-- figures: sqlite -->\n\nheading\n\n"
        "| guarantee | let through in a round | rounds | must be | on, default | requests | 5xx |\n"
        "| --- | --- | --- | --- | --- | --- | --- |\n"
        "| Guesses | 20 messages, 5 guesses | 3 | 75 | 75 | 150 | 0 |\n"
        "\n<!-- end -->\nafter\n"
    )


def test_a_column_that_is_not_run_is_marked() -> None:
    def found(guarantee: str, isolation: str) -> report.Found:
        return report.Found(guarantee, "1 login", "True", isolation, 3, 150, 0, 0, 3)

    figures = [
        found("Logins", "default"),
        found("Logins", "repeatable read"),
        found("Logins in Redis", "default"),
    ]
    assert report.table(figures)[2:] == [
        "| Logins | 1 login | 3 | 3 | 3 | 3 | 300 | 0 |",
        "| Logins in Redis | 1 login | 3 | 3 | 3 | – | 150 | 0 |",
    ]
