"""Projects to follow the documentation on."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.docs.markdown import README, read_blocks
from tests.docs.project import Project


@pytest.fixture(scope="session")
def started(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project as ``startproject`` makes it."""
    root = tmp_path_factory.mktemp("started")
    Project(root).python("-m", "django", "startproject", "mysite", str(root))
    return root


@pytest.fixture
def fresh(started: Path, tmp_path: Path) -> Project:
    """A fresh project."""
    return Project(Path(shutil.copytree(started, tmp_path / "project")))


@pytest.fixture(scope="session")
def added(started: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project with what the README says under "Add it to your site", migrated."""
    root = Path(shutil.copytree(started, tmp_path_factory.mktemp("added") / "project"))
    Project(root).follow(read_blocks(README), without="api ")
    return root


@pytest.fixture
def site(added: Path, tmp_path: Path) -> Project:
    """A site that has the package already."""
    return Project(Path(shutil.copytree(added, tmp_path / "project")))
