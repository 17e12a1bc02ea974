"""Look into the built sdist and wheel: ``python .ci/check_distribution.py DIST_FOLDER``."""

from __future__ import annotations

import configparser
import re
import sys
import tarfile
import zipfile
from email.message import Message
from email.parser import Parser
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = "django_phone_invites"


def files_of_the_tree() -> set[str]:
    """Return what belongs into the wheel, as paths from the wheel's root."""
    source = ROOT / "src"
    return {
        str(path.relative_to(source))
        for path in (source / PACKAGE).rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }


def faults_of_the_files(wheel: zipfile.ZipFile) -> list[str]:
    names = {name for name in wheel.namelist() if ".dist-info/" not in name}
    expected = files_of_the_tree()
    faults = [f"not in the wheel: {name}" for name in sorted(expected - names)]
    faults += [f"only in the wheel: {name}" for name in sorted(names - expected)]
    faults += [
        f"not compiled: {name}"
        for name in sorted(names)
        if name.endswith(".po") and name.removesuffix(".po") + ".mo" not in names
    ]
    kinds = (
        "py.typed",
        "migrations/0001_initial.py",
        ".html",
        ".css",
        ".js",
        "ru/LC_MESSAGES/django.mo",
    )
    faults += [f"no {kind}" for kind in kinds if not any(name.endswith(kind) for name in names)]
    return faults


def numbers(version: str) -> list[int]:
    return [int(number) for number in version.split(".")]


def floors(metadata: Message) -> dict[str, str]:
    """Return the lowest version that the metadata admits of each distribution."""
    found: dict[str, str] = {}
    for requirement in metadata.get_all("Requires-Dist", []):
        name, version = re.match(r"([A-Za-z0-9_-]+)>=([0-9.]+)", requirement).groups()
        found[name] = min(version, found.get(name, version), key=numbers)
    # The other half of "one of the two"; environment nodrf installs it.
    del found["phonenumberslite"]
    return found


def pins() -> dict[str, str]:
    """Return what tox's environment ``lowest`` installs."""
    tox = configparser.ConfigParser(interpolation=None)
    tox.read(ROOT / "tox.ini")
    return dict(line.split("==") for line in tox["testenv:lowest"]["deps"].split())


def faults_of_the_metadata(wheel: zipfile.ZipFile) -> list[str]:
    (name,) = (name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
    metadata = Parser().parsestr(wheel.read(name).decode())
    faults = []
    if metadata["License-Expression"] != "MIT" or metadata.get_all("License-File") != ["LICENSE"]:
        faults.append("the licence is not in the metadata")
    if floors(metadata) != pins():
        faults.append(
            f"tox.ini, lowest: {pins()} is not what the metadata admits: {floors(metadata)}"
        )
    version = re.search(r'__version__ = "(.+)"', wheel.read(f"{PACKAGE}/__init__.py").decode())
    if version and version[1] != metadata["Version"]:
        faults.append(f"__version__ is {version[1]}, the distribution is {metadata['Version']}")
    return faults


def faults_of_the_sdist(names: list[str]) -> list[str]:
    top = {Path(name).parts[1] for name in names if len(Path(name).parts) > 1}
    expected = {
        "LICENSE",
        "README.md",
        "docs",
        "example_project",
        "pyproject.toml",
        "src",
        "tests",
        "tox.ini",
    }
    return [f"not in the sdist: {name}" for name in sorted(expected - top)]


def main(folder: Path) -> int:
    (wheel_path,) = folder.glob("*.whl")
    (sdist_path,) = folder.glob("*.tar.gz")
    with zipfile.ZipFile(wheel_path) as wheel, tarfile.open(sdist_path) as sdist:
        faults = [
            *faults_of_the_files(wheel),
            *faults_of_the_metadata(wheel),
            *faults_of_the_sdist(sdist.getnames()),
        ]
        print(f"{wheel_path.name}: {len(wheel.namelist())} files")
    print("\n".join(faults))
    return len(faults) and 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
