"""``python -m tests.mutation [FILE[:LINE] ...]``: put a small fault into the code, and see a test fail.

The files are those of ``codes.py``, ``limits/`` and ``services/`` unless some are named. Each fault is
tried in a process that is forked once the tests are collected and the database is there, so that it
costs no more than the tests themselves: those that come through its line, first those of its module,
then one of each file in turn, the fastest first, until one fails. The faults that none notices are
printed, and the share of those that were noticed.

    MUTATION_JOBS=2 MUTATION_EVERY=1 MUTATION_SECONDS=600 python -m tests.mutation src/.../login.py

``MUTATION_TESTS`` names files and folders of tests to look in, instead of all of them.

``MUTATION_SECONDS`` bounds how long tests are tried for one fault: without it, a fault in what every
request does and that none notices costs all of them. What is left over counts as not noticed.

A fault whose tests take three times as long as they did without it hangs, which is noticed too; such
ones are counted apart.

Tools that do this leave out functions with a decorator (mutmut), which here are all services, or start
a process for each fault (cosmic-ray), which takes ten times as long.
"""

from __future__ import annotations

import gc
import itertools
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import CodeType, FunctionType

import coverage
import pytest

from tests.mutation.mutants import Mutant, mutants

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src/django_phone_invites"
#: Where a test that notices something is looked for: what runs in seconds, without a server.
TESTS = os.environ.get("MUTATION_TESTS", "").split() or [
    "tests/test_codes.py", "tests/limits", "tests/services", "tests/delivery", "tests/web", "tests/api",
    "tests/admin", "tests/management", "tests/test_costs.py", "tests/test_sameness.py",
    "tests/test_backends.py", "tests/test_logs.py", "tests/test_own_data.py", "tests/receipts",
    "--ignore=tests/api/test_bad_input.py", "--ignore=tests/web/test_bad_input.py",
]  # fmt: skip
JOBS = int(os.environ.get("MUTATION_JOBS", "2"))
#: What a fault hangs beyond: so many times what its tests took, and so many seconds.
TIMES, SECONDS = 3, 30
#: For so many seconds of tests a fault is tried at most.
MOST = float(os.environ.get("MUTATION_SECONDS", "600"))
#: Every how many-th fault is tried.
EVERY = int(os.environ.get("MUTATION_EVERY", "1"))


class Mutation:
    """A plugin of pytest that runs the tests once, and then those that matter for each fault."""

    def __init__(self, paths: list[Path], lines: set[tuple[Path, int]]) -> None:
        self.paths = paths
        #: Where faults are put; empty for everywhere.
        self.lines = lines
        self.items: list[pytest.Item] = []
        self.reached: dict[tuple[str, int], set[int]] = {}
        self.took: dict[int, float] = {}
        self.survivors: list[Mutant] = []
        self.tried = 0
        self.hung = 0

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        self.items = session.items
        self._look(session)
        assert not session.testsfailed, "The tests fail as they are."
        running: dict[int, tuple[Mutant, float]] = {}
        waiting = self._mutants()
        while True:
            while len(running) < JOBS and (mutant := next(waiting, None)):
                items = self._items_for(mutant)
                if items:
                    limit = TIMES * sum(self.took[item] for item in items) + SECONDS
                    running[_fork(session, mutant, items)] = mutant, time.monotonic() + limit
                else:
                    self._found(mutant, survived=True)
            if not running:
                break
            self._collect(running)
        return True

    def _look(self, session: pytest.Session) -> None:
        """Run every test once, and keep which lines it comes through, and how long it takes."""
        looking = coverage.Coverage(
            data_file=None, config_file=False, include=[str(path) for path in self.paths]
        )
        looking.start()
        for number, item in enumerate(session.items):
            looking.switch_context(str(number))
            begin = time.monotonic()
            _run(item)
            self.took[number] = time.monotonic() - begin
        looking.stop()
        data = looking.get_data()
        for path in self.paths:
            for line, contexts in data.contexts_by_lineno(str(path)).items():
                self.reached[str(path), line] = {int(one) for one in contexts if one}

    def _mutants(self) -> Iterator[Mutant]:
        every = (
            mutant
            for path in self.paths
            for mutant in mutants(path)
            if not self.lines or (path, mutant.line) in self.lines
        )
        return (mutant for number, mutant in enumerate(every) if number % EVERY == 0)

    def _items_for(self, mutant: Mutant) -> list[int]:
        # A statement over several lines is at the first of them, as far as coverage knows.
        lines = range(mutant.line, mutant.function[1], -1)
        found = next(
            (
                self.reached[str(mutant.path), one]
                for one in lines
                if (str(mutant.path), one) in self.reached
            ),
            (),
        )
        fastest = self._in_turn(mutant.path.stem, sorted(found, key=self.took.__getitem__))
        until = itertools.accumulate(self.took[item] for item in fastest)
        return [item for item, so_far in zip(fastest, until, strict=True) if so_far <= MOST]

    def _in_turn(self, module: str, found: list[int]) -> list[int]:
        """Return the tests of the module first, and then one of each file in turn."""
        seen: Counter[Path] = Counter()
        turns = {}
        for item in found:
            path = self.items[item].path
            turns[item] = -1 if path.name == f"test_{module}.py" else seen[path]
            seen[path] += 1
        return sorted(found, key=turns.__getitem__)

    def _collect(self, running: dict[int, tuple[Mutant, float]]) -> None:
        for pid, (mutant, deadline) in list(running.items()):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if not ended and time.monotonic() > deadline:
                self.hung += 1
                os.kill(pid, signal.SIGKILL)
                ended, status = os.waitpid(pid, 0)
            if ended:
                del running[pid]
                self._found(mutant, survived=status == 0)
        time.sleep(0.005)

    def _found(self, mutant: Mutant, *, survived: bool) -> None:
        self.tried += 1
        if survived:
            self.survivors.append(mutant)
            print(f"\n{mutant.path.relative_to(ROOT)}:{mutant.line}: {mutant.says}", flush=True)
        elif self.tried % 20 == 0:
            print(f"[{self.tried}]", end=" ", flush=True)


def _fork(session: pytest.Session, mutant: Mutant, items: Iterable[int]) -> int:
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        os.setpgid(0, 0)
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
        session.config.pluginmanager.unregister(name="terminalreporter")
        _put_in(mutant)
        status = 0
        for number in items:
            _run(session.items[number])
            if session.testsfailed:
                status = 1
                break
    finally:
        os._exit(status)


def _run(item: pytest.Item) -> None:
    item.config.hook.pytest_runtest_protocol(item=item, nextitem=None)


def _put_in(mutant: Mutant) -> None:
    """Exchange the code of the function, whoever holds it, behind whatever decorators."""
    name, line = mutant.function
    code = next(
        one for one in _codes(mutant.code) if (one.co_name, one.co_firstlineno) == (name, line)
    )
    changed = 0
    for found in gc.get_objects():
        if isinstance(found, FunctionType):
            old = found.__code__
            if (old.co_filename, old.co_name, old.co_firstlineno) == (code.co_filename, name, line):
                found.__code__ = code
                changed += 1
    assert changed, mutant


def _codes(code: CodeType) -> Iterator[CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield constant
            yield from _codes(constant)


def main(arguments: list[str]) -> None:
    """Try the faults, and print which ones nobody notices."""
    named = [one.partition(":") for one in arguments]
    lines = {(Path(path).resolve(), int(line)) for path, _, line in named if line}
    paths = list(dict.fromkeys(Path(path).resolve() for path, _, _ in named)) or [
        SOURCE / "codes.py",
        *sorted((SOURCE / "limits").glob("*.py")),
        *sorted((SOURCE / "services").glob("*.py")),
    ]
    plugin = Mutation(paths, lines)
    pytest.main([*TESTS, "-q", "-p", "no:cacheprovider", "--no-header"], plugins=[plugin])
    noticed = plugin.tried - len(plugin.survivors)
    print(f"\n{noticed} of {plugin.tried} faults were noticed, {plugin.hung} of them as they hung.")


if __name__ == "__main__":
    main(sys.argv[1:])
