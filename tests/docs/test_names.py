"""Names in the documentation and in the code, both ways."""

from __future__ import annotations

import ast
import dataclasses
import datetime as dt
import importlib
import inspect
import logging
import pkgutil
import re
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.core.management import load_command_class
from django.core.management.base import BaseCommand
from django.dispatch import Signal

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
from tests.docs.markdown import (
    DOCS,
    SOURCE,
    name,
    names,
    needs_drf,
    read_blocks,
    read_definitions,
    read_table,
)


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
    assert len(services) == 13
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
    logged = re.findall(r"(?:logs\.record|refuse_right)\(\s*\"(\w+)\"", source)
    assert set(logged) == set(declared)


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


def _blocks(template: str) -> Iterator[set[str]]:
    """Yield the names of a template's blocks, then those of each template that it extends in turn."""
    text = (SOURCE / "templates" / "phone_invites" / template).read_text("utf-8")
    yield set(re.findall(r"{% block (\w+)", text))
    for parent in re.findall(r'{% extends "phone_invites/(\w+\.html)" %}', text):
        yield from _blocks(parent)


def test_settings_that_read_the_environment_import_it() -> None:
    for page in [DOCS.parent / "README.md", *DOCS.rglob("*.md")]:
        for block in read_blocks(page):
            if block.language == "python" and "os.environ" in block.text:
                assert "import os" in block.text, (page.name, block.text)


def test_blocks_of_templates_exist() -> None:
    for template, cell, _ in read_table("howto/pages.md", "blocks"):
        own, *inherited = _blocks(name(template))
        documented = set(names(cell))
        if "panel.html" in documented:
            assert next(_blocks("panel.html")) in inherited, template
        assert documented - {"panel.html"} == own.difference(*inherited), template


def test_variables_of_the_stylesheet_exist() -> None:
    text = (SOURCE / "static" / "phone_invites" / "phone_invites.css").read_text("utf-8")
    page = (DOCS / "howto/pages.md").read_text("utf-8")
    documented = re.findall(r"`(--pi-[\w-]+)`", page)
    assert documented
    assert set(documented) <= set(re.findall(r"--pi-[\w-]+", text))
