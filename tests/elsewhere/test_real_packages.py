"""The sources read what the real packages write: on a site of its own, in a process of its own.

Their tables and the site's own user model must be there before the first migration, so the settings
of the other tests do not do.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.mark.parametrize("package", ["allauth", "drfpasswordless", "invitations", "phone_verify"])
def test_what_a_package_wrote_comes_over(package: str) -> None:
    if importlib.util.find_spec(package) is None:
        pytest.skip(f"{package} is not installed: --group elsewhere")
    command = [
        *(sys.executable, "-m", "pytest", "-q", "-rP", "-p", "no:cacheprovider"),
        *("--ds", "tests.elsewhere.packages.settings", "-W", "default"),
        "tests/elsewhere/packages/test_packages.py",
        *("-k", f"test_{package}"),
    ]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, encoding="utf-8", timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout, done.stdout
    print(done.stdout)
