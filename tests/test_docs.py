"""The documentation says what the code does: names are compared both ways, and examples run."""

from __future__ import annotations

import ast
import dataclasses
import datetime as dt
import importlib
import inspect
import itertools
import json
import logging
import os
import pkgutil
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib import admin
from django.core.management import load_command_class
from django.core.management.base import BaseCommand
from django.dispatch import Signal

import django_phone_invites
from django_phone_invites import (
    checks,
    exceptions,
    logs,
    routes,
    senders,
    signals,
    testing,
)
from django_phone_invites.conf import app_settings
from django_phone_invites.limits import policy
from django_phone_invites.management import commands
from django_phone_invites.senders import base
from django_phone_invites.text import render
from django_phone_invites.web import urls as web_urls

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
README = ROOT / "README.md"
PAGES = sorted(path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md"))
SOURCE = Path(django_phone_invites.__file__).parent

#: ``compilemessages`` needs it.
HAS_GETTEXT = shutil.which("msgfmt") is not None

needs_drf = pytest.mark.skipif(not settings.HAS_DRF, reason="REST framework is not installed")


# Reading Markdown


@dataclasses.dataclass(frozen=True)
class Block:
    """A fenced block, with the HTML comments right above it."""

    marks: tuple[str, ...]
    language: str
    text: str


_BLOCK = re.compile(
    r"^(?P<marks>(?:<!-- [^\n]+ -->\n)*)```(?P<language>[\w+-]+)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)


def read_blocks(path: Path) -> list[Block]:
    return [
        Block(tuple(re.findall(r"<!-- (.+) -->", found["marks"])), found["language"], found["text"])
        for found in _BLOCK.finditer(path.read_text("utf-8"))
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


# Names, both ways


def test_settings() -> None:
    known = {"timedelta": dt.timedelta}
    documented = [
        (name(setting), eval(name(default), known), rule, name(check_id))  # noqa: S307
        for setting, default, rule, check_id in read_table("reference/settings.md", "settings")
    ]
    declared = [
        (item.name, item.default, str(item.rule(object())).removeprefix("must be "), item.check_id)
        for item in app_settings
    ]
    assert documented == declared


def test_each_setting_is_explained() -> None:
    page = (DOCS / "reference/settings.md").read_text("utf-8")
    explained = {
        found for line in re.findall(r"^(`.+)\n: ", page, re.MULTILINE) for found in names(line)
    }
    assert explained == {item.name for item in app_settings}


def _concrete(refusal: type[exceptions.Refusal]) -> Iterator[type[exceptions.Refusal]]:
    if "code" in vars(refusal) and refusal.__module__ == exceptions.__name__:
        yield refusal
    for below in refusal.__subclasses__():
        yield from _concrete(below)


def test_refusals() -> None:
    documented = [
        (name(code), int(status), name(class_))
        for code, status, class_, _ in read_table("reference/api.md", "refusals")
    ]
    declared = [
        (found.code, found.status, found.__name__) for found in _concrete(exceptions.Refusal)
    ]
    assert sorted(documented) == sorted(declared)
    assert len({code for code, _, _ in documented}) == len(documented)


def test_refusals_stand_in_the_tree() -> None:
    drawn = re.findall(r"─ (\w+) +(\w+)$", str(exceptions.__doc__), re.MULTILINE)
    declared = {(found.__name__, found.code) for found in _concrete(exceptions.Refusal)}
    assert {(class_, code) for class_, code in drawn if class_ != "FieldRefusal"} == declared


def _arguments_of(function: Any) -> list[tuple[str, bool, bool]]:
    """Return the name of each argument, whether it is keyword-only, and whether it has a default."""
    return [
        (found.name, found.kind == found.KEYWORD_ONLY, found.default is not found.empty)
        for found in inspect.signature(function).parameters.values()
    ]


def test_services() -> None:
    services = [
        found for found in read_definitions("reference/api.md") if re.match(r"\w+\.\w+\(", found[0])
    ]
    assert len(services) == 12
    for written, said in services:
        module, _, call = written.partition(".")
        found = importlib.import_module(f"django_phone_invites.services.{module}")
        function = getattr(found, call.partition("(")[0])
        documented = eval(f"lambda {call.partition('(')[2].removesuffix(')')}: None")  # noqa: S307
        assert _arguments_of(documented) == _arguments_of(function), written
        returned, _, raised = said.partition("Raises ")
        assert "Returns" in returned
        listed = re.findall(
            r"^ +([A-Z]\w+(?:, [A-Z]\w+)*): ",
            str(function.__doc__).partition("Raises:")[2],
            re.MULTILINE,
        )
        declared = set(", ".join(listed).split(", ")) - {"", "Unavailable"}
        assert set(names(raised)) == declared, written


def test_another_skin_takes_fifteen_lines() -> None:
    (block,) = [
        found for found in read_blocks(DOCS / "reference/api.md") if "another skin" in found.marks
    ]
    functions = [
        found for found in ast.parse(block.text).body if isinstance(found, ast.FunctionDef)
    ]
    lines = [
        line
        for function in functions
        for line in str(ast.get_source_segment(block.text, function)).splitlines()
    ]
    assert len([line for line in lines if line.strip()]) <= 15


@needs_drf
def test_framework_refusals() -> None:
    from rest_framework import exceptions as framework

    from django_phone_invites.api import parsers

    documented = {
        (name(code), int(status))
        for code, status, _ in read_table("reference/api.md", "framework refusals")
    }
    raised = {
        (found.default_code, found.status_code)
        for module in (framework, parsers)
        for _, found in inspect.getmembers(module, inspect.isclass)
        # The views limit nothing through REST framework, and "error" is the root of the tree.
        if issubclass(found, framework.APIException)
        and found.default_code not in ("error", "throttled")
    }
    assert documented == raised


_CHECK_ID = re.compile(r"phone_invites\.[EW]\d{3}")


def test_checks() -> None:
    documented = {
        name(check_id): runs for check_id, runs, _ in read_table("reference/checks.md", "checks")
    }
    declared = {item.check_id: "always" for item in app_settings}
    for runs, functions in (("always", checks.ALWAYS), ("deploy", checks.DEPLOY)):
        for function in functions:
            declared |= dict.fromkeys(_CHECK_ID.findall(inspect.getsource(function)), runs)
    below = [path.read_text("utf-8") for path in SOURCE.glob("checks/*.py")]
    for check_id in _CHECK_ID.findall("".join(below)):
        declared.setdefault(check_id, "always")  # a function below those that are registered
    assert documented == declared


def test_checks_of_settings_name_them() -> None:
    rows = read_table("reference/checks.md", "checks")
    described = {name(check_id): what for check_id, _, what in rows}
    for item in app_settings:
        assert f"`{item.name}`" in described[item.check_id]


def test_signals() -> None:
    documented = {
        name(signal): names(arguments)
        for signal, _, arguments, _ in read_table("reference/signals.md", "signals")
    }
    commented = {
        signal: re.findall(r"``(\w+)``", found)
        for found, signal in re.findall(
            r"Arguments: (.+)\.\n(\w+) = Signal", inspect.getsource(signals)
        )
    }
    assert documented == commented
    assert set(documented) == {
        found for found, value in vars(signals).items() if isinstance(value, Signal)
    }


def test_logs() -> None:
    documented = {name(event): level for event, level, _ in read_table("reference/logs.md", "logs")}
    declared = {event: logging.getLevelName(level).lower() for event, level in logs.EVENTS.items()}
    assert documented == declared
    source = "".join(path.read_text("utf-8") for path in SOURCE.rglob("*.py"))
    assert set(re.findall(r"logs\.record\(\s*\"(\w+)\"", source)) == set(declared)


def test_the_log_names_every_limit() -> None:
    page = (DOCS / "reference/logs.md").read_text("utf-8")
    limits = re.findall(r'"([a-z]+-[a-z]+)"', inspect.getsource(policy))
    # What counts and never refuses anybody is in no log.
    refusing = set(limits) - {"phone-failures", "site-failures", "site-step"}
    refusing -= {"region-watch", "region-alert", "test-codes"}
    assert {found for found in refusing if f"`{found}`" not in page} == set()


def test_senders_of_signals() -> None:
    source = "".join(path.read_text("utf-8") for path in SOURCE.rglob("*.py"))
    sent = set(re.findall(r"signals\.(\w+)\.send_robust\(\s*(\w+)", source))
    rows = read_table("reference/signals.md", "signals")
    assert {(name(signal), name(sender)) for signal, sender, _, _ in rows} == sent


def _arguments(command: BaseCommand) -> set[str]:
    parser = command.create_parser("manage.py", "command")
    return {
        action.option_strings[-1] if action.option_strings else action.dest
        for action in parser._actions
    }


def test_commands() -> None:
    documented = {
        name(command): set(names(arguments))
        for command, arguments, _ in read_table("reference/commands.md", "commands")
    }
    declared = {
        found.name: _arguments(load_command_class("django_phone_invites", found.name))
        - _arguments(BaseCommand())
        for found in pkgutil.iter_modules(commands.__path__)
    }
    assert documented == declared


def test_each_command_is_explained() -> None:
    page = (DOCS / "reference/commands.md").read_text("utf-8")
    declared = [found.name for found in pkgutil.iter_modules(commands.__path__)]
    assert re.findall(r"^## (\w+)$", page, re.MULTILINE) == sorted(declared)


def _check_routes(table: str, paths: dict[str, str], patterns: Iterable[Any]) -> None:
    documented = {
        name(route): (
            ast.literal_eval(name(path)),
            set(names(parameters)),
            set(methods.split(", ")),
        )
        for route, path, parameters, methods, _ in read_table("reference/routes.md", table)
    }
    declared = {
        pattern.name: (
            paths[pattern.name],
            set(routes.PARAMETERS.get(pattern.name, ())),
            {
                method.upper()
                for method in ("get", "post", "patch", "delete")
                if method in pattern.callback.view_class.http_method_names
                and hasattr(pattern.callback.view_class, method)
            },
        )
        for pattern in patterns
    }
    assert documented == declared
    assert set(documented) == set(paths)


def test_routes_of_the_pages() -> None:
    _check_routes("web routes", routes.WEB_ROUTES, web_urls.urlpatterns)


@needs_drf
def test_routes_of_the_api() -> None:
    api_urls = importlib.import_module("django_phone_invites.api.urls")
    _check_routes("api routes", routes.API_ROUTES, api_urls.urlpatterns)


def test_senders() -> None:
    documented = {
        name(sender): names(options)
        for sender, options, _ in read_table("reference/senders.md", "senders")
    }
    declared = {}
    for name_ in [info.name for info in pkgutil.iter_modules(senders.__path__)]:
        try:
            module = importlib.import_module(f"{senders.__name__}.{name_}")
        except ImportError as missing:
            # A provider's own client, which the group "providers" brings.
            assert "django-phone-invites[" in str(missing)
            documented = {key: row for key, row in documented.items() if f".{name_}." not in key}
            continue
        for _, found in inspect.getmembers(module, inspect.isclass):
            own = found.__module__ == module.__name__ and issubclass(found, base.Sender)
            if own and not inspect.isabstract(found):
                options = inspect.signature(found).parameters
                declared[f"{found.__module__}.{found.__qualname__}"] = list(options)
    assert documented == declared


def shown(parameter: inspect.Parameter) -> str:
    """Return how the tables of options say what stands where an option is not given."""
    default = parameter.default
    if default is parameter.empty:
        return "needed"
    return (
        f"`{default}`"
        if default and isinstance(default, str)
        else f"`{default!r}`".replace("'", '"')
    )


PROVIDER_PAGES = [
    path.stem for path in sorted(DOCS.glob("reference/providers/*.md")) if path.stem != "index"
]


@pytest.mark.parametrize("provider", PROVIDER_PAGES)
def test_options_of_a_provider(provider: str) -> None:
    module = pytest.importorskip(
        f"{senders.__name__}.{provider}", reason="the group providers", exc_type=ImportError
    )
    (sender,) = [
        found
        for _, found in inspect.getmembers(module, inspect.isclass)
        if found.__module__ == module.__name__
        and issubclass(found, base.Sender)
        and not inspect.isabstract(found)
    ]
    documented: list[tuple[str, str]] = []
    for options, defaults, _ in read_table(f"reference/providers/{provider}.md", "options"):
        values = defaults.split(", ")
        options_ = names(options)
        documented += zip(
            options_, values if len(values) > 1 else values * len(options_), strict=True
        )
    declared = inspect.signature(sender).parameters
    assert documented == [(name_, shown(option)) for name_, option in declared.items()]


@needs_drf
def test_issuers() -> None:
    from django_phone_invites.api import issuers

    rows = read_table("howto/tokens.md", "issuers")
    documented = {
        names(issuer)[0]: (names(extra), names(given)) for issuer, extra, given, _ in rows
    }
    declared = {}
    for module in pkgutil.iter_modules(issuers.__path__):
        if module.name in {"base", "function"}:
            continue
        source = (SOURCE / "api" / "issuers" / f"{module.name}.py").read_text("utf-8")
        (issuer,) = re.findall(r"^class (\w+Issuer)\(Issuer\)", source, re.MULTILINE)
        extra = re.findall(r"django-phone-invites(\[\w+\])", source)
        given = re.findall(r"^    (\w+) = serializers\.", source, re.MULTILINE)
        declared[f"{module.name}.{issuer}"] = (extra, given)
    assert documented == declared
    default = type(app_settings).token_issuer.default
    assert default == f"django_phone_invites.api.issuers.{names(rows[0][0])[0]}"


@needs_drf
def test_parts_of_an_issuer() -> None:
    from django_phone_invites.api.issuers import Issuer

    documented = {name(part) for part, _ in read_table("howto/tokens.md", "issuer")}
    assert documented == {part for part in vars(Issuer) if not part.startswith("_")}


@pytest.mark.parametrize("class_", [base.Message, base.Receipt], ids=["message", "receipt"])
def test_fields_of_messages(class_: Any) -> None:
    rows = read_table("reference/senders.md", class_.__name__.lower())
    documented = [(name(field), name(type_)) for field, type_, _ in rows]
    assert documented == [(field.name, field.type) for field in dataclasses.fields(class_)]


def test_context_of_the_message() -> None:
    rows = read_table("reference/senders.md", "message context")
    documented = [name(variable) for variable, _ in rows]
    given = re.findall(r'^ {8}"(\w+)": ', inspect.getsource(render), re.MULTILINE)
    assert documented == given


def test_delivery_states() -> None:
    page = (DOCS / "reference/senders.md").read_text("utf-8")
    (line,) = re.findall(r"^`DeliveryState`\n: (.+)", page, re.MULTILINE)
    assert names(line) == [state.name for state in base.DeliveryState]


def test_testing() -> None:
    rows = read_table("reference/testing.md", "testing")
    assert sorted(name(found) for found, _ in rows) == sorted(testing.__all__)


def test_admin() -> None:
    rows = read_table("reference/admin.md", "admin")
    registered = [
        model.__name__
        for model in apps.get_app_config("phone_invites").get_models()
        if admin.site.is_registered(model)
    ]
    assert sorted(name(model) for model, _ in rows) == sorted(registered)
    from django_phone_invites.admin import VIEW_PHONE_NUMBER

    assert VIEW_PHONE_NUMBER in (DOCS / "reference/admin.md").read_text("utf-8")


def test_blocks_of_templates_exist() -> None:
    folder = SOURCE / "templates" / "phone_invites"
    inherited = {"title", "extra_head", "content"}
    for template, documented, _ in read_table("howto/pages.md", "blocks"):
        text = (folder / name(template)).read_text("utf-8")
        own = set(re.findall(r"{% block (\w+)", text))
        assert set(names(documented)) == (own if "base" in template else own - inherited), template


def test_variables_of_the_stylesheet_exist() -> None:
    text = (SOURCE / "static" / "phone_invites" / "phone_invites.css").read_text("utf-8")
    page = (DOCS / "howto/pages.md").read_text("utf-8")
    documented = re.findall(r"`(--pi-[\w-]+)`", page)
    assert documented
    assert set(documented) <= set(re.findall(r"--pi-[\w-]+", text))


# What stands in several places


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
    text = _BLOCK.sub("", path.read_text("utf-8"))
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
    text = _BLOCK.sub("", path.read_text("utf-8"))
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


# Examples, run on a fresh project


class Project:
    """A project made by ``startproject``, in which commands run as a site's would."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def python(self, *arguments: str, stdin: str = "", **variables: str) -> str:
        kept = {
            key: value
            for key, value in os.environ.items()
            if key not in ("DATABASE_URL", "DJANGO_SETTINGS_MODULE")
        }
        environment = {
            **kept,
            "PYTHONPATH": str(SOURCE.parent),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONIOENCODING": "utf-8",
            **variables,
        }
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=self.root,
            env=environment,
            input=stdin,
            capture_output=True,
            encoding="utf-8",
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, f"{arguments}\n{done.stdout}\n{done.stderr}"
        return done.stdout + done.stderr

    def manage(self, *arguments: str, **variables: str) -> str:
        return self.python("manage.py", *arguments, **variables)

    def script(self, text: str, **given: Any) -> str:
        """Run ``text`` with Django set up and ``given`` as its global names."""
        setup = (
            "import json, os, sys; sys.path.insert(0, '')\n"
            "os.environ['DJANGO_SETTINGS_MODULE'] = 'mysite.settings'\n"
            "import django; django.setup()\n"
            "globals().update(json.load(sys.stdin))\n"
        )
        return self.python("-c", setup + text, stdin=json.dumps(given))

    def follow(self, blocks: Iterable[Block], *, prefix: str = "", without: str = "") -> str:
        """Append, write and run as the marks of ``blocks`` say; return what was printed.

        A mark is ``append: PATH``, ``write: PATH``, ``run`` or, where gettext is installed,
        ``gettext run``, after ``prefix``: a page may hold two recipes that exclude each other.
        """
        printed = ""
        for block in blocks:
            for mark in block.marks:
                if not mark.startswith(prefix) or (without and mark.startswith(without)):
                    continue
                action, _, argument = mark.removeprefix(prefix).partition(": ")
                if action in ("append", "write"):
                    self._put(self.root / argument, block.text, append=action == "append")
                elif action == "run" or (action == "gettext run" and HAS_GETTEXT):
                    for line in block.text.splitlines():
                        printed += self.python(*shlex.split(line.removeprefix("python ")))
        return printed

    def _put(self, path: Path, text: str, *, append: bool) -> None:
        assert path.exists() or not append, path
        path.parent.mkdir(parents=True, exist_ok=True)
        before = path.read_text("utf-8") + "\n" if append else ""
        path.write_text(before + text, "utf-8")


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


HUNDRED = """
import contextlib, io, re
from django.contrib.auth.models import User
from django.test import Client
from django_phone_invites.models import InviteCode, PhoneAccount

numbers = [f"+790968697{number:02}" for number in range(100)]
User.objects.bulk_create([User(username=phone, first_name="Member") for phone in numbers])
before = set(User.objects.values_list("pk", "username"))
for number, phone in enumerate(numbers):
    client = Client(SERVER_NAME="localhost", REMOTE_ADDR=f"192.0.2.{number}")
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        asked = client.post("/account/", {"phone": phone})
    code = re.search(re.escape(phone) + " ([0-9]{6})", printed.getvalue()).group(1)
    right = client.post(asked.url, {"auth_number": code})
    assert (right.status_code, right.url) == (302, "/account/profile/"), right.content.decode()
    assert client.get(right.url).wsgi_request.user.username == phone
assert set(User.objects.values_list("pk", "username")) == before
linked = {account.user.username: account.e164 for account in PhoneAccount.objects.all()}
assert linked == {phone: phone for phone in numbers}
assert InviteCode.objects.count() == 100
"""


def test_a_site_of_a_hundred_users_links_them_by_a_setting_alone(site: Project) -> None:
    settings = site.root / "mysite/settings.py"
    settings.write_text(
        settings.read_text("utf-8")
        + 'PHONE_INVITES_LINK_USER = {"FIELD": "username"}\n'
        # All hundred numbers are neighbours here.
        + "PHONE_INVITES_BLOCK_MESSAGES_PER_HOUR = 100\n",
        "utf-8",
    )
    site.manage("migrate")
    site.script(HUNDRED)


def test_readme_takes_at_most_ten_lines() -> None:
    blocks = re.findall(r"```python\n(.*?)```", section(README, "Add it to your site"), re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines() if line.strip()]
    assert 0 < len(lines) <= 10


LOG_IN = """
import contextlib, io, re
from django.test import Client
from django_phone_invites.models import PhoneAccount

client = Client(SERVER_NAME="localhost")
page = client.get("/account/")
assert page.status_code == 200, page.status_code
assert 'name="phone"' in page.content.decode()
assert client.get("/account/profile/").url == "/account/?next=%2Faccount%2Fprofile%2F"
printed = io.StringIO()
with contextlib.redirect_stdout(printed):
    asked = client.post("/account/", {"phone": "+79096869722"})
assert asked.status_code == 302, asked.content.decode()
code = re.search(r"[+]79096869722 ([0-9]{6})", printed.getvalue()).group(1)
assert client.get(asked.url).status_code == 200
wrong = client.post(asked.url, {"auth_number": str((int(code) + 1) % 10**6).zfill(6)})
assert wrong.status_code == 200
right = client.post(asked.url, {"auth_number": code})
assert (right.status_code, right.url) == (302, "/account/profile/"), right.content.decode()
profile = client.get(right.url)
assert profile.status_code == 200
account = PhoneAccount.objects.get()
assert account.e164 == "+79096869722"
assert account.user.invite_code.code in profile.content.decode()
assert client.post("/account/logout/").status_code == 302
assert client.get("/account/profile/").status_code == 302
"""


def test_readme_adds_it_to_a_site(site: Project) -> None:
    assert "no issues" in site.manage("check")
    site.script(LOG_IN)


def _read_curl(text: str) -> dict[str, Any]:
    """Return the request that a line with curl makes."""
    words = shlex.split(text.replace("\\\n", " "))
    assert words.pop(0) == "curl"
    request: dict[str, Any] = {"method": "", "headers": {}, "body": ""}
    while words:
        word = words.pop(0)
        if word == "-H":
            header, _, value = words.pop(0).partition(": ")
            request["headers"][header] = value
        elif word == "-d":
            request["body"] = words.pop(0)
        elif word == "-X":
            request["method"] = words.pop(0)
        else:
            request["path"] = re.sub("^http://127.0.0.1:8000", "", word)
    request["method"] = request["method"] or ("POST" if request["body"] else "GET")
    return request


CURL = """
import contextlib, io, re
from django.test import Client
from django_phone_invites.testing import sign_up

client = Client(SERVER_NAME="localhost")
known = {"$INVITE": sign_up("+79096869723").invite_code.code}

def fill(text):
    for word, value in known.items():
        text = text.replace(word, value)
    return text

for request, shown in exchanges:
    headers = {
        "HTTP_" + header.upper().replace("-", "_"): fill(value)
        for header, value in request["headers"].items()
    }
    content_type = headers.pop("HTTP_CONTENT_TYPE", "application/json")
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        answer = client.generic(
            request["method"], fill(request["path"]), fill(request["body"]), content_type, **headers
        )
    assert answer.status_code in (200, 201), (request, answer.content)
    assert not answer.cookies
    body = answer.json()
    types = {key: type(value).__name__ for key, value in body.items()}
    assert types == {key: type(value).__name__ for key, value in shown.items()}, (request, body)
    if answer.status_code == 201:
        known["$ID"] = body["id"]
        sent = re.search(r"([+][0-9]+) ([0-9]{6})", printed.getvalue())
        assert sent.group(1) == body["phone"]
        known["$CODE"] = sent.group(2)
        assert known["$ID"] in answer["Location"]
    known["$TOKEN"] = body.get("token", known.get("$TOKEN", ""))
print(len(exchanges), "exchanges")
"""


def _exchanges(blocks: list[Block], mark: str) -> list[tuple[dict[str, Any], Any]]:
    return [
        (_read_curl(block.text), json.loads(answer.text))
        for block, answer in itertools.pairwise(blocks)
        if mark in block.marks
    ]


@needs_drf
def test_readme_adds_the_api(site: Project) -> None:
    blocks = read_blocks(README)
    site.follow(blocks, prefix="api ")
    assert "no issues" in site.manage("check")
    site.manage("migrate")
    assert "3 exchanges" in site.script(CURL, exchanges=_exchanges(blocks, "api curl"))


SKIN = """
from django.test import Client, override_settings
from django_phone_invites.testing import last_code

memory = {"BACKEND": "django_phone_invites.senders.memory.MemorySender"}
client = Client(SERVER_NAME="localhost", enforce_csrf_checks=True)
with override_settings(PHONE_INVITES_SENDER=memory):
    token = client.post("/sign-in/", {"phone": "+79096869725"}).json()["token"]
    code = last_code("+79096869725")
    wrong = str((int(code) + 1) % 10**6).zfill(6)
    for given, status, refusal in (
        ({"phone": "12"}, 400, "phone_invalid"),
        ({"phone": "+79096869725"}, 429, "rate_limited"),
        ({"token": token}, 400, "code_malformed"),
        ({"code": code}, 404, "code_not_found"),
        ({"token": token, "code": wrong}, 400, "code_invalid"),
    ):
        answer = client.post("/sign-in/", given)
        assert (answer.status_code, answer.json()) == (status, {"code": refusal}), answer.content
    key = client.post("/sign-in/", {"token": token, "code": code}).json()["key"]
profile = client.get("/api/profile/", HTTP_AUTHORIZATION=f"Token {key}")
assert profile.json()["phone"] == "+79096869725", profile.content
"""


@needs_drf
def test_reference_of_the_api(site: Project) -> None:
    blocks = read_blocks(DOCS / "reference/api.md")
    site.follow(blocks)
    assert "no issues" in site.manage("check")
    site.manage("migrate")
    assert "6 exchanges" in site.script(CURL, exchanges=_exchanges(blocks, "curl"))
    site.script(SKIN)


def _needs_drf(page: str) -> bool:
    marked = [block.text for block in read_blocks(DOCS / page) if block.marks]
    return any("rest_framework" in text for text in marked)


#: Pages that say what to do; the reference of the API has a test of its own.
RUN = [
    pytest.param(page, marks=[needs_drf] if _needs_drf(page) else [])
    for page in PAGES
    if page != "reference/api.md" and any(block.marks for block in read_blocks(DOCS / page))
]

EXPECT = """
from django.test import Client

page = Client(SERVER_NAME="localhost").get(path, HTTP_ACCEPT_LANGUAGE=language)
assert page.status_code == 200
assert expected in page.content.decode(), page.content.decode()
"""

TUTORIAL = """
from django.test import Client, override_settings
from django_phone_invites.testing import last_code, log_in, sign_up

client = Client(SERVER_NAME="localhost")
asked = client.get("/")
assert asked.url == "/account/?next=/", asked.url
memory = {"BACKEND": "django_phone_invites.senders.memory.MemorySender"}
with override_settings(PHONE_INVITES_SENDER=memory):
    asked = client.post("/account/?next=/", {"phone": "+79096869722", "invite": "NOBODY"})
    page = client.post(asked.url, {"auth_number": last_code("+79096869722")}, follow=True)
assert page.redirect_chain == [("/", 302)], page.redirect_chain
assert "There is no such invite code." in page.content.decode()
assert "Your phone: +79096869722" in page.content.decode()
code = sign_up("+79096869722").invite_code.code
assert f"http://localhost/account/?invite={code}" in page.content.decode()
"""

SIGN_IN_PAGE = """
from django.contrib.auth.models import User
from django.test import Client
from django_phone_invites.testing import log_in, sign_up

client = Client(SERVER_NAME="localhost")
assert client.get("/account/").status_code == 200
log_in(client, "+79096869722")
code = sign_up("+79096869723").invite_code.code
for query, url in (
    ("", "/account/profile/"),
    ("?next=/admin/", "/admin/"),
    ("?next=admin", "admin"),
    ("?next=//evil.example/", "/account/profile/"),
    (f"?invite={code}", f"/account/profile/?invite={code}"),
):
    answer = client.get(f"/account/{query}")
    assert (answer.status_code, answer.url) == (302, url), (query, answer.url)
page = client.get(f"/account/profile/?invite={code}").content.decode()
assert f'value="{code}"' in page, page
answer = client.post(f"/account/profile/?invite={code}", {"stranger_invite_code": code})
assert answer.status_code == 302
client.force_login(User.objects.create_superuser("root"))
assert client.get("/account/").status_code == 200
"""

ENDING_TOKENS = """
from django.test import Client, override_settings
from django_phone_invites.testing import last_code

client = Client(SERVER_NAME="localhost")
memory = {"BACKEND": "django_phone_invites.senders.memory.MemorySender"}
with override_settings(PHONE_INVITES_SENDER=memory):
    asked = client.post("/api/codes/", {"phone": "+79096869722"}, "application/json")
    guess = {"auth_number": last_code("+79096869722")}
given = client.post(asked["Location"], guess, "application/json").json()
assert set(given) == {"token", "expires_at", "id"}, given
header = {"HTTP_AUTHORIZATION": "Token " + given["token"]}
assert client.get("/api/profile/", **header).status_code == 200
assert client.post("/api/logout/", **header).status_code == 204
assert client.get("/api/profile/", **header).status_code == 401
"""

TEST_NUMBER = """
import datetime
from django.conf import settings
from django.test import Client
from django_phone_invites.models import LoginCode, PhoneAccount

((phone, fixed),) = settings.PHONE_INVITES_TEST_NUMBERS.items()
fixed["until"] = datetime.datetime.now(datetime.timezone.utc).date()
client = Client(SERVER_NAME="localhost")
asked = client.post("/account/", {"phone": phone})
assert LoginCode.objects.get().delivery == LoginCode.Delivery.NONE
right = client.post(asked.url, {"auth_number": fixed["code"]})
assert (right.status_code, right.url) == (302, "/account/profile/"), right.content.decode()
assert PhoneAccount.objects.get().e164 == phone
"""

STEP_UP = """
import datetime
from django.contrib.auth.models import User
from django.test import Client, override_settings
from django_phone_invites.testing import last_code, sign_up
from rest_framework.authtoken.models import Token

client = Client(SERVER_NAME="localhost")
assert client.get("/export/").url == "/account/?next=%2Fexport%2F"
user = sign_up("+79096869722")
client.force_login(user)
assert client.post("/close/").url == "/account/verify/?next=%2Fclose%2F"
memory = {"BACKEND": "django_phone_invites.senders.memory.MemorySender"}
with override_settings(PHONE_INVITES_SENDER=memory):
    asked = client.post("/account/verify/?next=/export/")
    page = client.post(asked.url, {"auth_number": last_code("+79096869722")}, follow=True)
assert page.content == b"All about +79096869722", page.content
assert client.post("/close/").content == b"Gone."
assert not User.objects.exists()

user = sign_up("+79096869723")
key = Token.objects.create(user=user).key
user.phone_account.verified_at -= datetime.timedelta(minutes=5)
user.phone_account.save()
header = {"HTTP_AUTHORIZATION": f"Token {key}"}
answer = client.post("/api/close/", **header)
assert [answer.status_code, answer.json()] == [403, *shown], answer.content
with override_settings(PHONE_INVITES_SENDER=memory):
    asked = client.post("/api/codes/", {"phone": "+79096869723"}, "application/json")
    guess = {"auth_number": last_code("+79096869723")}
client.post(asked["Location"], guess, "application/json")
assert client.post("/api/close/", **header).status_code == 204
"""

OWN_FORM = """
from django.contrib.auth.models import User
from django.test import Client, override_settings
from django_phone_invites.models import LoginCode
from django_phone_invites.testing import last_code

memory = {"BACKEND": "django_phone_invites.senders.memory.MemorySender"}
phone, client = "+79096869722", Client(SERVER_NAME="localhost")
with override_settings(PHONE_INVITES_SENDER=memory):
    refused = client.post("/sign-in/", {"phone": "12"})
    client.post("/sign-in/", {"phone": phone})
    code = last_code(phone)
assert "Enter a valid phone number" in refused.content.decode()
stranger = Client(SERVER_NAME="localhost")
assert stranger.post("/sign-in/", {"phone": phone, "code": code}).status_code == 200
assert LoginCode.objects.get().attempts == 0
answer = client.post("/sign-in/", {"phone": phone, "code": code})
assert (answer.status_code, answer.url) == (302, "/account/profile/"), answer.content.decode()
User.objects.create_superuser("root", password="correct horse")
form = {"username": "root", "password": "correct horse"}
assert stranger.post("/admin/login/", form).status_code == 302
"""

#: What must be true of a site that has followed a page.
TRUE_AFTERWARDS = {
    "tutorial.md": TUTORIAL,
    "howto/pages.md": SIGN_IN_PAGE,
    "howto/tokens.md": ENDING_TOKENS,
    "howto/app-review.md": TEST_NUMBER,
    "howto/step-up.md": STEP_UP,
    "howto/own-forms.md": OWN_FORM,
}


@pytest.mark.parametrize("page", RUN)
def test_page_runs(request: pytest.FixtureRequest, page: str) -> None:
    """Follow a page from top to bottom.

    The tutorial starts from nothing; the others start from the README's lines, with those for the
    API where they speak of it.
    """
    project = request.getfixturevalue("fresh" if page == "tutorial.md" else "site")
    if _needs_drf(page):
        project.follow(read_blocks(README), prefix="api ")
        project.manage("migrate")
    blocks = read_blocks(DOCS / page)
    printed = project.follow(blocks)
    # A "manage.py test" that finds nothing would pass too.
    assert "Ran 0 tests" not in printed
    assert "no issues" in project.manage("check")
    shown = [json.loads(block.text) for block in blocks if block.language == "json"]
    project.script(TRUE_AFTERWARDS.get(page, ""), shown=shown)
    text = (DOCS / page).read_text("utf-8")
    expectations = re.findall(r"^<!-- expect(?: (\w+))?: (\S+) (.+) -->$", text, re.MULTILINE)
    for language, path, expected in expectations:
        if HAS_GETTEXT or not language:
            project.script(EXPECT, path=path, expected=expected, language=language or "en")


LOGIN_OF_AN_ISSUER = """
from django.test import Client, override_settings
from django_phone_invites.testing import last_code

client = Client(SERVER_NAME="localhost", enforce_csrf_checks=True)
memory = {"BACKEND": "django_phone_invites.senders.memory.MemorySender"}
with override_settings(PHONE_INVITES_SENDER=memory):
    asked = client.post("/api/codes/", {"phone": "+79096869722"}, "application/json")
    guess = {"auth_number": last_code("+79096869722")}
given = client.post(asked["Location"], guess, "application/json").json()
header = {"HTTP_X_CSRFTOKEN": given.get("csrf_token", "")}
if "token" in given:
    header = {"HTTP_AUTHORIZATION": prefix + " " + given["token"]}
assert client.get("/api/me/", **header).json()["id"] == given["id"]
if "refresh" in given:
    again = {"refresh": given["refresh"]}
    assert set(client.post("/api/refresh/", again, "application/json").json()) == {"access"}
assert client.post("/api/logout/", **header).status_code == 204
if "refresh" in given:
    assert client.post("/api/refresh/", again, "application/json").status_code == 401
else:
    assert client.get("/api/me/", **header).status_code in (401, 403)
"""


@needs_drf
@pytest.mark.parametrize(
    ("issuer", "package", "prefix"),
    [
        ("knox", "knox", "Token"),
        ("jwt", "rest_framework_simplejwt", "Bearer"),
        ("session", "rest_framework", ""),
    ],
)
def test_each_issuer_of_the_page_runs(
    site: Project, issuer: str, package: str, prefix: str
) -> None:
    pytest.importorskip(package, reason=f"{package} is not installed: --group issuers")
    site.follow(read_blocks(README), prefix="api ")
    site.follow(read_blocks(DOCS / "howto/tokens.md"), prefix=f"{issuer} ")
    assert "no issues" in site.manage("check")
    site.manage("migrate")
    assert "phone_invites.W006" not in site.manage("check", "--deploy", "--fail-level", "CRITICAL")
    site.script(LOGIN_OF_AN_ISSUER, prefix=prefix)


@needs_drf
def test_readme_then_sender_then_production_then_tokens(site: Project) -> None:
    """No page breaks what an earlier one has added, and nothing is left to decide."""
    site.follow(read_blocks(README), prefix="api ")
    for page in ("howto/sender.md", "howto/production.md", "howto/tokens.md"):
        site.follow(read_blocks(DOCS / page))
        assert "no issues" in site.manage("check")
    site.manage("migrate")
    assert "phone_invites." not in site.manage("check", "--deploy", "--fail-level", "CRITICAL")
    site.script(ENDING_TOKENS)


PHONE_USER = """
from django.contrib.auth import get_user_model
from django.test import Client

root = get_user_model().objects.get(is_superuser=True)
assert str(root) == "+79096869700"
client = Client(SERVER_NAME="localhost")
answer = client.post("/admin/login/", {"username": str(root), "password": "correct horse"})
assert answer.status_code == 302, answer.content.decode()
member = get_user_model().objects.get(phone="+79096869722")
assert member.phone_account.e164 == str(member)
for url in (
    "/admin/people/user/?q=6869722",
    f"/admin/people/user/{member.pk}/change/",
    "/admin/phone_invites/phoneaccount/",
):
    page = client.get(url)
    assert page.status_code == 200, url
    assert "+79096869722" in page.content.decode(), url
assert client.get("/admin/people/user/add/").status_code == 403
"""


def test_phone_as_the_username(fresh: Project) -> None:
    """The recipe comes before the first migration, so it starts from the README's lines alone."""
    lines = [block for block in read_blocks(README) if "run" not in block.marks]
    fresh.follow(lines, without="api ")
    fresh.follow(read_blocks(DOCS / "howto/users.md"), prefix="phone user ")
    assert "no issues" in fresh.manage("check")
    fresh.script(LOG_IN)
    fresh.manage(
        *("createsuperuser", "--noinput", "--phone", "+79096869700"),
        DJANGO_SUPERUSER_PASSWORD="correct horse",
    )
    fresh.script(PHONE_USER)


#: What a site that comes from a package has in its settings, and how its database came to be.
MEMBERS = """
from people.models import Member
for name, phone, is_verified in (("ann", "+79096869722", True), ("bob", "+79096869723", False)):
    member = Member.objects.create(username=name, mobile=phone)
    Member.objects.filter(pk=member.pk).update(
        mobile_verified=is_verified, mobile_verified_at="2026-01-30T12:00Z" if is_verified else None
    )
"""
VERIFICATIONS = """
from django.apps import apps
rows = apps.get_model("phone_verify", "SMSVerification").objects
rows.create(phone_number="+79096869722", security_code="1", session_token="1", is_verified=True)
"""
INVITATION = """
from django.apps import apps
from django.utils import timezone
model = apps.get_model("invitations", "Invitation")
model.objects.create(email="ann@example.com", key="k" * 64, sent=timezone.now())
"""
FROM_ELSEWHERE = {
    "drfpasswordless": ("INSTALLED_APPS += ['rest_framework', 'drfpasswordless']", MEMBERS),
    "phone_verify": (
        (
            "INSTALLED_APPS += ['phone_verify']\n"
            "PHONE_VERIFICATION = {'BACKEND': '', 'OPTIONS': {}, 'TOKEN_LENGTH': 6}"
        ),
        MEMBERS + VERIFICATIONS,
    ),
    "allauth": (
        (
            "INSTALLED_APPS += ['allauth', 'allauth.account']\n"
            "MIDDLEWARE += ['allauth.account.middleware.AccountMiddleware']\n"
            "ACCOUNT_ADAPTER = 'people.adapter.Adapter'"
        ),
        MEMBERS,
    ),
    "user_field": ("", MEMBERS),
    "invitations": ("INSTALLED_APPS += ['django.contrib.sites', 'invitations']", INVITATION),
}

CAME_OVER = """
from django_phone_invites.models import PhoneAccount
(account,) = PhoneAccount.objects.all()
assert (account.e164, account.user.username) == ("+79096869722", "ann")
assert account.user.invite_code
"""
INVITATION_CAME_OVER = """
from django.test import Client
from django_phone_invites.models import InviteCode
(code,) = InviteCode.objects.all()
client = Client(SERVER_NAME="localhost")
answer = client.get("/invitations/accept-invite/" + "k" * 64 + "/", follow=True)
assert f'value="{code.code}"' in answer.content.decode(), answer.content.decode()
"""


@pytest.mark.parametrize("package", FROM_ELSEWHERE)
def test_coming_from_elsewhere(fresh: Project, package: str) -> None:
    """The site was there before this package, with users of its own."""
    if package != "user_field":
        pytest.importorskip(package, reason=f"{package} is not installed: --group elsewhere")
    settings_lines, filled = FROM_ELSEWHERE[package]
    people = ROOT / "tests" / "elsewhere" / "packages" / "people"
    shutil.copytree(people, fresh.root / "people")
    own = f"INSTALLED_APPS += ['people']\nAUTH_USER_MODEL = 'people.Member'\n{settings_lines}\n"
    lines = [block for block in read_blocks(README) if "run" not in block.marks]
    fresh.follow([Block(("append: mysite/settings.py",), "python", own), *lines], without="api ")
    fresh.manage("migrate")
    fresh.script(filled)
    blocks = read_blocks(DOCS / "howto/coming-from-elsewhere.md")
    printed = fresh.follow(blocks, prefix=f"{package} ")
    # The rehearsal, where there is one, says what then happens.
    assert "Imported 1, 0 already there." in printed
    assert package == "user_field" or "Would import 1, 0 already there." in printed
    fresh.script(INVITATION_CAME_OVER if package == "invitations" else CAME_OVER)


@needs_drf
def test_reference_and_readme_add_the_same_api() -> None:
    lines = [
        (mark.removeprefix("api "), block.text)
        for block in read_blocks(README)
        for mark in block.marks
        if mark.startswith("api append: ")
    ]
    page = read_blocks(DOCS / "reference/api.md")
    assert [(mark, block.text) for block in page for mark in block.marks][:2] == lines


def test_tutorial_and_readme_add_the_same() -> None:
    lines = {
        mark: block.text
        for block in read_blocks(README)
        for mark in block.marks
        if mark.startswith("append: ")
    }
    tutorial = [
        (mark, block.text) for block in read_blocks(DOCS / "tutorial.md") for mark in block.marks
    ]
    assert len(lines) == 2
    assert set(lines.items()) <= set(tutorial)


def test_own_sender_takes_ten_lines() -> None:
    blocks = read_blocks(DOCS / "howto/sender.md")
    (block,) = [found for found in blocks if "own sender" in found.marks]
    (class_,) = [found for found in ast.parse(block.text).body if isinstance(found, ast.ClassDef)]
    lines = str(ast.get_source_segment(block.text, class_)).splitlines()
    assert len([line for line in lines if line.strip()]) <= 10


SEND = """
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from django_phone_invites.senders import Message, TemporarySendError, UnclearSendError
from mysite.sms import AcmeSender

os.environ["no_proxy"] = "*"
seen = []

class Provider(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        seen.append((self.headers["Authorization"], self.headers["Content-Type"], json.loads(body)))
        self.send_response(200 if self.path == "/good" else 500)
        self.end_headers()
        self.wfile.write(b'{"id": "m-1"}')

    def log_message(self, *args):
        pass

server = HTTPServer(("127.0.0.1", 0), Provider)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{server.server_port}"
message = Message("+79096869722", "012345", "login", "en", 300, "012345 is your code.")
receipt = AcmeSender(url=url + "/good", key="k").send(message)
assert receipt.message_id == "m-1"
expected = {"to": "+79096869722", "text": "012345 is your code."}
assert seen == [("k", "application/json", expected)], seen
try:
    AcmeSender(url=url + "/bad", key="k").send(message)
except UnclearSendError as error:
    assert error.code == "HTTP 500"
else:
    raise AssertionError("not refused")
server.shutdown()
server.server_close()
try:
    AcmeSender(url=url + "/good", key="k").send(message)
except TemporarySendError as error:
    assert error.code == "ConnectError", error.code
else:
    raise AssertionError("not refused")
"""


def test_own_sender_sends(site: Project) -> None:
    blocks = read_blocks(DOCS / "howto/sender.md")
    site.follow(block for block in blocks if "write: mysite/sms.py" in block.marks)
    site.script(SEND)
