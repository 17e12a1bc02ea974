"""Clients that nobody here wrote keep the contract: made from the schema, type-checked, run.

``.ci/clients`` installs what makes them and names it in CLIENT_TOOLS; without it these are skipped.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.example.conftest import Server, serve

HERE = Path(__file__).parent
SCHEMA = HERE.parents[1] / "docs" / "reference" / "openapi.yaml"

#: Strict, and stricter where a program is easily wrong about what a server may leave out.
TSC = [
    *("--strict", "--noUncheckedIndexedAccess", "--exactOptionalPropertyTypes"),
    *("--target", "es2022", "--module", "nodenext", "--types", "node"),
]


@pytest.fixture
def tools() -> Path:
    """The folder that ``.ci/clients`` has filled."""
    folder = os.environ.get("CLIENT_TOOLS")
    if not folder:
        pytest.skip("no generators of clients: .ci/clients installs them")
    return Path(folder)


@pytest.fixture
def served(tmp_path: Path):
    """The example, for one client: two would meet in the cooldown of one phone."""
    with serve(tmp_path) as served:
        yield served


def run(*command: object, folder: Path) -> str:
    done = subprocess.run(
        [str(part) for part in command], cwd=folder, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_python_client_keeps_the_contract(tools: Path, tmp_path: Path, served: Server):
    python = tools / "python" / "bin"
    shutil.copy(HERE / "contract.py", tmp_path)
    generate = [python / "openapi-python-client", "generate", "--path", SCHEMA]
    run(*generate, "--meta", "none", "--output-path", "phone_client", folder=tmp_path)
    run(python / "mypy", "--strict", "contract.py", "phone_client", folder=tmp_path)
    said = run(python / "python", "contract.py", served.base, folder=tmp_path)
    assert said == "The contract holds.\n"


def test_the_typescript_client_keeps_the_contract(tools: Path, tmp_path: Path, served: Server):
    commands = tools / "node_modules" / ".bin"
    shutil.copy(HERE / "contract.ts", tmp_path)
    (tmp_path / "node_modules").symlink_to(tools / "node_modules")
    (tmp_path / "package.json").write_text('{"type": "module"}')
    run(commands / "openapi-typescript", SCHEMA, "-o", "phone_client.d.ts", folder=tmp_path)
    run(commands / "tsc", *TSC, "contract.ts", folder=tmp_path)
    said = run("node", "contract.js", served.base, folder=tmp_path)
    assert said == "The contract holds.\n"
