"""Ids in answers, and their types in the schema, which the routes and the user model decide."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.db import models
from drf_spectacular.extensions import OpenApiSerializerFieldExtension
from rest_framework import serializers

from django_phone_invites.models import LoginCode
from django_phone_invites.routes import api_path, parameters


class CodeIdField(serializers.ReadOnlyField):
    """What stands in the route of a code."""


class UserIdField(serializers.ReadOnlyField):
    """The primary key of a user."""


class NumberCodeIdField(serializers.ReadOnlyField):
    """What stands in the route of a code that changes a number."""


def of_code(code: LoginCode, route: str = "code") -> int | str:
    """Return what stands in the route of ``code``."""
    return code.pk if codes_are_numbered(route) else code.token


def codes_are_numbered(route: str = "code") -> bool:
    """Tell whether the route of a code holds the row's number, or its token."""
    return "pk" in parameters(api_path(route))


def user_id_schema() -> dict[str, Any]:
    """Return the type of a user's id: a client in a typed language has to know it."""
    key = get_user_model()._meta.pk
    if isinstance(key, models.IntegerField):
        return {"type": "integer"}
    if isinstance(key, models.UUIDField):
        return {"type": "string", "format": "uuid"}
    return {"oneOf": [{"type": "integer"}, {"type": "string"}]}


class CodeIdSchema(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]
    """Describes ``CodeIdField``."""

    target_class = CodeIdField

    def map_serializer_field(self, auto_schema: Any, direction: Any) -> dict[str, Any]:
        """Return a type."""
        return {"type": "integer" if codes_are_numbered() else "string"}


class NumberCodeIdSchema(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]
    """Describes ``NumberCodeIdField``."""

    target_class = NumberCodeIdField

    def map_serializer_field(self, auto_schema: Any, direction: Any) -> dict[str, Any]:
        """Return a type."""
        return {"type": "integer" if codes_are_numbered("number_code") else "string"}


class UserIdSchema(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]
    """Describes ``UserIdField``."""

    target_class = UserIdField

    def map_serializer_field(self, auto_schema: Any, direction: Any) -> dict[str, Any]:
        """Return a type."""
        return user_id_schema()
